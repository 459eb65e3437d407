import { presets, type Preset } from '../config/app-presets.ts'
import { flagOf } from '../config/names.ts'
import type { Config } from '../config/options.ts'
import { appOpens } from '../config/panel-identity.ts'
import { isLoopback } from '../oauth/loopback.ts'
import type { Upstream } from '../proxy/upstream.ts'

/** What `--app` has chosen, as far as nobody has chosen otherwise: `panel: --login-endpoint=/login, …`. */
export function describeApp (config: Config): string | undefined {
  if (config.app === undefined) return undefined
  const chosen = Object.entries(presets[config.app].settings) as [keyof Preset['settings'], string][]
  const flags = chosen.filter(([option, value]) => config[option] === value).map(([option, value]) => `--${flagOf(option)}=${value}`)
  return `${config.app}${flags.length === 0 ? '' : `: ${flags.join(', ')}`}`
}

/**
 * What to type where the app runs, a line for each upstream; empty where nobody said what the app is made with. No secret is in it.
 *
 * @param listening where the gate itself does, as `scheme://host:port`
 */
export function appLines (config: Config, listening: string): string[] {
  const { app } = config
  if (app === undefined) return []
  const words = [
    ...config.upstreamIdentity === 'panel-cookies' ? ['PANEL_COOKIE_SECRET="${PANEL_COOKIE_SECRET:?is the cookie secret of the gate}"', ...encryption(config), ...guests(config)] : [],
    // Bokeh believes a session token that the browser sends, and whatever it says of headers and cookies, unless it has signed it.
    'BOKEH_SIGN_SESSIONS=yes', `BOKEH_SECRET_KEY="$(${app} secret)"`, app, 'serve', 'app.py'
  ]
  const own = app === 'panel' ? endpoints(config) : []
  return config.upstream.map(upstream => [...words, ...[...where(upstream), ...below(upstream, config.prefix), ...own, ...origins(upstream, config, listening)].map(quoted)].join(' '))
}

/** What `panel serve` calls who can sign people in. */
const ofPanel: ReadonlySet<string | undefined> = new Set(['auth0', 'azure', 'azurev2', 'bitbucket', 'generic', 'google', 'github', 'gitlab', 'okta', 'password', 'auth_code'])

/** Panel opens its cookies where it has both a provider and a key: what the gate goes by is what the line makes true, in a shell with the gate's own variables too. */
function encryption (config: Config): string[] {
  if (!appOpens(config)) return config.oauthEncryptionKey.length === 0 ? [] : ['PANEL_OAUTH_ENCRYPTION=']
  const name = config.providers.map(({ oauthProvider }) => oauthProvider).find(name => ofPanel.has(name)) ?? 'generic'
  return [`PANEL_OAUTH_PROVIDER=${name}`, 'PANEL_OAUTH_ENCRYPTION="${PANEL_OAUTH_ENCRYPTION:?is the encryption key of the gate}"']
}

/** An app that has a provider sends guests to it unless it is told of them; and one that renews tokens, everybody. */
function guests ({ oauthOptional, oauthGuestEndpoints, skipAuthRoute, rules, oauthRefreshTokens }: Config): string[] {
  const isOpen = oauthOptional || oauthGuestEndpoints.length > 0 || skipAuthRoute.length > 0 || rules.some(({ allow }) => allow === 'optional' || allow === 'public')
  return [...isOpen ? ['PANEL_OAUTH_OPTIONAL=true'] : [], ...oauthRefreshTokens ? ['PANEL_OAUTH_REFRESH_TOKENS='] : []]
}

/** Its own are then where the gate's are, and nobody meets them. */
function endpoints ({ loginEndpoint, logoutEndpoint }: Config): string[] {
  return [
    ...loginEndpoint === undefined || loginEndpoint === '/login' ? [] : [`--login-endpoint=${loginEndpoint}`],
    ...logoutEndpoint === undefined || logoutEndpoint === '/logout' ? [] : [`--logout-endpoint=${logoutEndpoint}`]
  ]
}

function where ({ origin, socketPath }: Upstream): string[] {
  if (socketPath !== undefined) return [`--unix-socket=${socketPath}`]
  const { protocol, hostname, port } = new URL(origin)
  const isSecure = protocol === 'https:'
  return [
    // Whoever reaches the app without the gate is not asked who they are.
    ...isLoopback(hostname) ? [`--address=${hostname === 'localhost' ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, '')}`] : [],
    `--port=${port === '' ? (isSecure ? '443' : '80') : port}`,
    ...isSecure ? ['--ssl-certfile=cert.pem', '--ssl-keyfile=key.pem'] : []
  ]
}

/** The app sees the whole path, behind the base of its upstream. */
function below ({ path, basePath }: Upstream, prefix: string): string[] {
  const whole = basePath + (path === '/' ? prefix : path).replace(/\/$/, '')
  return whole === '' ? [] : [`--prefix=${whole}`]
}

/** With `bokeh` the app needs none of them; where it is known what people type, they spare its log a refusal. */
function origins ({ origin, socketPath }: Upstream, { websocketOrigin, publicUrl, allowWebsocketOrigin }: Config, listening: string): string[] {
  if (websocketOrigin === 'rewrite') return socketPath === undefined ? flags([origin]) : flags(['http://localhost'])
  if (publicUrl !== undefined) return flags([publicUrl.origin, ...allowWebsocketOrigin])
  return websocketOrigin === 'bokeh' ? [] : flags([...typed(listening), ...allowWebsocketOrigin])
}

function typed (listening: string): string[] {
  const { hostname, port } = new URL(listening.startsWith('unix:') ? 'http://0.0.0.0' : listening)
  return isLoopback(hostname) ? [`http://127.0.0.1:${port}`, `http://localhost:${port}`] : ['http://THE-HOST-THAT-PEOPLE-TYPE']
}

/** Bokeh knows hosts and ports, not schemes. */
function flags (list: readonly string[]): string[] {
  return [...new Set(list.map(origin => origin.replace(/^https?:\/\//, '')))].map(host => `--allow-websocket-origin=${host}`)
}

function quoted (word: string): string {
  return /^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll('\'', '\'\\\'\'')}'`
}
