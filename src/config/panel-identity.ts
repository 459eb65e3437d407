import { each } from '../access/wording.ts'
import type { Identity } from '../identity/identity.ts'
import { isLoopback } from '../oauth/loopback.ts'
import { cookiesFor, GUEST } from '../session/panel-cookies.ts'
import type { ConfigProblem } from './config-error.ts'
import { draftOf, type Draft } from './checks/draft.ts'
import type { Config, OptionName } from './options.ts'
import { tellsOfPanel } from './panel-names.ts'
import type { Resolved } from './resolve.ts'

/** Whether the app is told who somebody is as Panel tells itself. */
export function isForPanel ({ upstreamIdentity }: Pick<Config, 'upstreamIdentity'>): boolean {
  return upstreamIdentity === 'panel-cookies'
}

/** Whether the app is made with Bokeh, as Panel is: its pages carry a token, and it believes what that says of the person. */
export function isForBokeh (config: Pick<Config, 'app' | 'upstreamIdentity' | 'websocketOrigin'>): boolean {
  return config.app !== undefined || isForPanel(config) || config.websocketOrigin === 'bokeh'
}

/**
 * Whether the app opens with our key what is in its cookies: with `auto` the key is taken for the app's own, which it is where it was lifted from there.
 * Panel has a key only beside a provider, never beside passwords of its own.
 */
export function appOpens ({ appEncryption, oauthEncryptionKey, providers }: Pick<Config, 'appEncryption' | 'oauthEncryptionKey' | 'providers'>): boolean {
  return appEncryption === 'auto' ? oauthEncryptionKey.length > 0 && providers.some(({ basicAuth }) => basicAuth === undefined) : appEncryption === 'yes'
}

/** What Panel's cookies want of other settings, and what is assumed about the app. @param variables the names of the environment */
export function checkPanelIdentity (choices: Map<OptionName, Resolved>, problems: ConfigProblem[], notices: string[], variables: readonly string[]): void {
  const draft = draftOf(choices, problems, notices)
  const { config, missing, given, fail, note } = draft
  const { upstreamIdentity, appEncryption, upstream = [] } = config
  const hint = variables.find(tellsOfPanel)
  if (hint !== undefined && missing('app') && !given('upstreamIdentity')) note(`${hint} is set: is the app made with Panel? --app=panel then lets it know who somebody is, as pn.state.user`)
  if (upstreamIdentity === undefined) return
  if (upstreamIdentity !== 'panel-cookies') {
    if (config.passRefreshToken === true) fail('passRefreshToken', '--pass-refresh-token is given without --upstream-identity=panel-cookies, and there is no header for it.', 'Leave it out, or let a Panel app read its cookies with --upstream-identity=panel-cookies.')
    if (given('appEncryption')) note('--app-encryption says nothing without --upstream-identity=panel-cookies: a header is never encrypted')
    return
  }
  if (config.passRefreshToken === true && config.oauthRefreshTokens === true) fail('passRefreshToken', '--pass-refresh-token is given together with --oauth-refresh-tokens: the gate would spend the token that it gives away.', 'Leave out --pass-refresh-token: the gate renews the tokens, and --pass-access-token sends the app the current one.')
  if (missing('cookieSecret')) fail('cookieSecret', '--upstream-identity=panel-cookies is given without --cookie-secret, with which the app’s cookies are signed.', 'Give the gate and the app the same secret: PANEL_COOKIE_SECRET, or --cookie-secret on both lines.')
  if (appEncryption === 'yes' && missing('oauthEncryptionKey')) fail('oauthEncryptionKey', '--app-encryption=yes is given without --oauth-encryption-key.', 'Give the gate the key that the app has: PANEL_OAUTH_ENCRYPTION, or --oauth-encryption-key on both lines.')
  noteForApp(draft)
  const open = upstream.find(({ origin, socketPath }) => socketPath === undefined && origin.startsWith('http:') && !isLoopback(new URL(origin).hostname))
  if (open !== undefined) note(`--upstream-identity=panel-cookies sends ${open.origin} signed cookies over plain http: for a day and more, whoever is on the way can be those people to the app itself`)
}

/** What the app must be started with as well, or without. */
function noteForApp ({ config: { app, oauthRefreshTokens, loginEndpoint, logoutEndpoint }, from, note }: Draft): void {
  if (oauthRefreshTokens === true && from('oauthRefreshTokens').startsWith('PANEL_')) note(`${from('oauthRefreshTokens')} is for the gate, and the app must not have it: one that renews tokens by itself sends everybody to its own sign-in, for ever`)
  if (app !== 'panel') return
  if (loginEndpoint !== undefined && loginEndpoint !== '/login') note(`--login-endpoint=${loginEndpoint} is for the app’s own line as well: else its links lead to a sign-in of its own at /login`)
  if (logoutEndpoint !== undefined && logoutEndpoint !== '/logout') note(`--logout-endpoint=${logoutEndpoint} is for the app’s own line as well: else its /logout says that people are signed out who are not`)
}

/** For the start-up block: what is signed for the app, and what the app must have to read it. */
export function describePanelIdentity (config: Config): readonly string[] {
  if (!isForPanel(config)) return []
  const { appEncryption, passAccessToken, passRefreshToken } = config
  const tokens = [...passAccessToken ? ['access_token'] : [], ...passRefreshToken ? ['refresh_token'] : []]
  const names = each(['user', 'id_token', ...tokens])
  const opens = 'it has a provider of its own, and this very --oauth-encryption-key'
  const plain = 'it has no encryption key, or no provider of its own'
  const assumed = appOpens(config) ? `${opens}${appEncryption === 'auto' ? '; if it has not, set --app-encryption=no' : ''}` : plain
  return [`the app is sent ${names} as cookies, signed with --cookie-secret, which must be its own; assumed: ${assumed}`]
}

/** A cookie that the app gets, in words: what it is signed from is nobody's to see. */
export interface ToldCookie {
  readonly name: string
  readonly holds: string
  /** With `--oauth-encryption-key`, which the app then has too. */
  readonly encrypted: boolean
}

/**
 * By the function that decides for the live gate too.
 *
 * @param identity `null` where the app is told of nobody
 * @param claims of an id_token, where the provider gives one
 */
export function describePanelCookies (config: Config, identity: Identity | null, claims: unknown): readonly ToldCookie[] {
  if (!isForPanel(config)) return []
  if (identity === null) return [{ name: GUEST.split('=', 1).join(), holds: 'pn.state.user is “guest”', encrypted: false }]
  const id = claims === undefined ? {} : { id: `.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.` }
  const told = cookiesFor(identity, { ...id, access: 'an access token', refresh: 'a refresh token' }, config)
  const words = (value: string) => ({ user: identity.user, id_token: value === id.id ? 'the provider’s id_token' : 'made by the gate: who they are, as JSON', access_token: 'the provider’s access token', refresh_token: 'the provider’s refresh token, if it gives one' })
  return told.map(([name, value]) => ({ name, holds: words(value)[name], encrypted: name !== 'user' && appOpens(config) }))
}
