import { hash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { createEntry } from './access/entry.ts'
import { createJudge } from './access/judge.ts'
import { originMatcher } from './access/origins.ts'
import { compileRules } from './access/rules.ts'
import type { Config, ProviderConfig } from './config/options.ts'
import { GateError } from './errors.ts'
import { identify } from './identity/identify.ts'
import { createOAuthClient, type OAuthClientOptions } from './oauth/client.ts'
import { createProviderFetch } from './oauth/http.ts'
import type { Outside } from './outside.ts'
import { createOwnUrls, type OwnUrls } from './own-urls.ts'
import { createPages } from './pages/index.ts'
import { createLogo, type Logo } from './pages/logo.ts'
import { createPlaces } from './plugins/places.ts'
import { createArrivals } from './proxy/arrival.ts'
import { createForwarder } from './proxy/forward.ts'
import { identityHeaders } from './proxy/headers.ts'
import { createLoginFlow } from './routes/login-flow.ts'
import { createCookieJar, createOurCookies } from './session/cookies.ts'
import { createKeyring } from './session/keyring.ts'
import { createLiveSessions } from './session/live.ts'
import { createLogins } from './session/login.ts'
import { createSessions } from './session/sessions.ts'

const DAY = 24 * 60 * 60_000
const PROVIDER_TIMEOUT = 10_000

/** Everything the gate is made of, made once from its configuration. */
export function createParts (config: Config, outside: Outside, log: Logger) {
  const [settings] = config.providers
  const options = clientOptions(settings, config, outside)
  const { provider } = options
  const gate = gateId(config)
  const tls = config.sslCertfile !== undefined
  const keyring = createKeyring(config.cookieSecret, config.oauthEncryptionKey.map(key => Buffer.from(key, 'base64url')), outside)
  const entry = createEntry(config)
  const logins = createLogins(keyring, gate, outside)
  const sessions = createSessions({ seal: keyring.session, outside, gate, lifetime: config.oauthExpiryDays * DAY, headers: identityHeaders, refuse: entry.refuse })
  const judge = createJudge({ upstreams: config.upstream, rules: compileRules(config.rules), rootPath: config.rootPath })
  const urls = createOwnUrls(config)
  const probes = { paths: [config.pingPath, config.readyPath] }
  const client = createOAuthClient({ ...options, onFailure: error => warnOfProvider(log, error) })
  const jars = createJars(config)
  const places = createPlaces({ judge, logins, urls, paths: probes.paths, callbacks: provider.flow !== 'password' })
  const logo = logoOf(config)
  const pages = pagesOf(config, urls, logo, log)
  return {
    places, probes, sessions, judge, urls, pages,
    live: createLiveSessions(sessions),
    arrivals: createArrivals({ publicUrl: config.publicUrl, tls, trustedProxies: config.trustedProxy, useXheaders: config.useXheaders, unixSocket: config.unixSocket !== undefined }),
    jars,
    admitsOrigin: originMatcher(config.allowWebsocketOrigin),
    listening (bound: AddressInfo | string | null) {
      if (config.port === 0 && typeof bound === 'object' && bound !== null) Object.assign(jars, createJars(config, bound.port))
      client.warm().catch((error: unknown) => warnOfProvider(log, error))
    },
    forwarders: createForwarders(config),
    outward: { passHost: config.passHostHeader, isOurCookie: createOurCookies(cookieSettings(config)) },
    flow: createLoginFlow({
      provider, client, logins, sessions, urls, pages, logo, refuse: entry.refuse, isOurs: places.isOurs, redirectUri: config.oauthRedirectUri,
      identify: ({ sources }) => identify(provider, sources, {
        userKey: settings.oauthJwtUser ?? settings.userKey, allowUnverifiedEmail: config.allowUnverifiedEmail, providerName: settings.id,
        userPrefix: settings.userPrefix, parameters: settings.parameters, allowedTenants: settings.allowedTenants ?? []
      })
    })
  }
}

/** Templates show one too: ours, where the site has none. */
function logoOf ({ logo, authTemplate, oauthErrorTemplate, basicLoginTemplate, logoutTemplate }: Config): Logo | undefined {
  const templates = [authTemplate, oauthErrorTemplate, basicLoginTemplate, logoutTemplate]
  return logo === undefined && templates.every(template => template === undefined) ? undefined : createLogo(logo)
}

function pagesOf (config: Config, urls: OwnUrls, logo: Logo | undefined, log: Logger) {
  return createPages({
    ...config,
    logo: config.logo === undefined || logo === undefined ? undefined : `${urls.logo}?v=${logo.version}`,
    assets: `${urls.logo}/`, signOutUrl: urls.signOut,
    onFailure: (template, error) => log.error({ event: 'template.failed', template, detail: error instanceof Error ? error.message : String(error) }, 'a template could not be drawn; the gate’s own page was shown instead')
  })
}

/** What a client of the provider is made of; `check --live` asks the same provider by the same settings. */
export function clientOptions (settings: ProviderConfig, config: Config, outside: Outside): OAuthClientOptions {
  const { provider, parameters } = settings
  return {
    provider, parameters, outside,
    clientId: settings.oauthKey as string, // loadConfig refuses to go on without one
    clientSecret: settings.oauthSecret,
    authStyle: settings.authStyle,
    usePkce: settings.usePkce,
    scopes: settings.oauthScope ?? [...provider.scopes, ...asksForGroups(config) ? provider.groupScopes ?? [] : []],
    extraParams: settings.oauthExtraParams,
    issuer: settings.oauthIssuer,
    authorizeUrl: settings.oauthAuthorizeUrl,
    tokenUrl: settings.oauthTokenUrl,
    userUrl: settings.oauthUserUrl,
    fetch: createProviderFetch({ timeout: PROVIDER_TIMEOUT })
  }
}

function asksForGroups ({ allowedGroups, rules }: Config): boolean {
  return allowedGroups !== undefined || rules.some(({ allow }) => typeof allow === 'object')
}

function warnOfProvider (log: Logger, error: unknown): void {
  const detail = error instanceof Error ? error.message : String(error)
  log.warn({ event: 'provider.failed', ...error instanceof GateError && { code: error.code, hint: error.kind.hint }, detail }, 'the provider does not answer as it should; signing in is tried anew each time')
}

function createForwarders (config: Config) {
  return config.upstream.map(upstream => ({
    origin: upstream.origin,
    ...createForwarder({ upstream, ca: config.upstreamCa, skipVerify: config.upstreamSkipVerify, timeout: config.upstreamTimeout, maxHeaderSize: config.maxHeaderSize })
  }))
}

function createJars (config: Config, port = config.port) {
  const settings = { ...cookieSettings(config), port }
  const isSecure = (proto: 'http' | 'https') => config.cookieSecure === 'auto' ? proto === 'https' : config.cookieSecure === 'on'
  return { http: createCookieJar(settings, isSecure('http')), https: createCookieJar(settings, isSecure('https')) }
}

function cookieSettings (config: Config) {
  return { name: config.cookieName, port: config.port, domain: config.cookieDomain, path: config.cookiePath, sameSite: config.cookieSamesite }
}

// Gates that share a key but not a client must not share sessions.
function gateId ({ providers }: Config): string {
  const clients = providers.map(({ id, oauthProvider, oauthKey, oauthIssuer, oauthAuthorizeUrl, oauthTokenUrl, parameters }) =>
    [id, oauthProvider, oauthKey, oauthIssuer ?? oauthAuthorizeUrl ?? oauthTokenUrl, parameters])
  return hash('sha256', JSON.stringify(clients), 'base64url').slice(0, 16)
}
