import { hash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { isAutoload } from './access/autoload.ts'
import type { Judge } from './access/judge.ts'
import { originMatcher } from './access/origins.ts'
import { activate } from './active-provider.ts'
import { watchPeople } from './config/kinds/basic-auth.ts'
import { watchEmails } from './config/kinds/emails-file.ts'
import type { Config } from './config/options.ts'
import { appOpens, isForBokeh, isForPanel } from './config/panel-identity.ts'
import { GateError } from './errors.ts'
import type { Identity } from './identity/identity.ts'
import type { Lasting } from './lasting.ts'
import type { Outside } from './outside.ts'
import { createOwnUrls, type OwnUrls } from './own-urls.ts'
import { createPages } from './pages/index.ts'
import { createLogo, type Logo } from './pages/logo.ts'
import { createPolicy } from './policy.ts'
import type { CommonOutward } from './plugins/outward.ts'
import { createPageTokens } from './plugins/page-tokens.ts'
import { createPlaces } from './plugins/places.ts'
import { createArrivals } from './proxy/arrival.ts'
import { panelHeaders, panelHeadersOfGet } from './proxy/panel.ts'
import { createAsker } from './renewal.ts'
import { createFarewell } from './routes/farewell.ts'
import { createLoginFlow } from './routes/login-flow.ts'
import { createProviders, type ActiveProvider } from './routes/providers.ts'
import { createTries } from './routes/throttle.ts'
import { tellOfAbsence, tellOfEnds, tellOfRenewals } from './session-log.ts'
import { createCookieJar, createOurCookies } from './session/cookies.ts'
import { createEndings } from './session/endings.ts'
import { createIdle } from './session/idle.ts'
import { keepInCookies, keepInStore } from './session/keeping.ts'
import { createKeyring, type Keyring } from './session/keyring.ts'
import type { Admits } from './session/live.ts'
import { createLogins } from './session/login.ts'
import { createLoopBreaker } from './session/loop.ts'
import { createNews } from './session/news.ts'
import { createPanelCookies, GUEST, isPanelCookie } from './session/panel-cookies.ts'
import { keepsTokens, keepTokens, type GivenTokens, type KeptTokens } from './session/session.ts'
import { createSessions } from './session/sessions.ts'
import { createWaysBack } from './session/way-back.ts'
import { readiness } from './stores.ts'

const DAY = 24 * 60 * 60_000

/** What is different for an app that has the gate inside: its own server, probes, reading of a path, and a log that would hold the code if the callback were a page of the app. */
export interface Inside {
  /** Whether that server ends TLS. */
  readonly tls: boolean
}

type Log = Pick<Logger, 'info' | 'warn' | 'error'>

/** Everything the gate is made of, made once from its configuration, around what outlives that. */
export async function createParts (config: Config, lasting: Lasting, outside: Outside, log: Log, inside?: Inside) {
  const [gate, jars] = [gateId(config), createJars(config)]
  const tls = inside?.tls ?? config.sslCertfile !== undefined
  const keyring = createKeyring(config.cookieSecret, config.oauthEncryptionKey.map(key => Buffer.from(key, 'base64url')), outside, isForPanel(config) ? { opens: appOpens(config) } : undefined)
  const { entry, judge, servesHost, oneHost, headers } = createPolicy(config, inside !== undefined)
  const logins = createLogins(keyring, gate, outside, lasting.consumed)
  const lifetime = config.oauthExpiryDays * DAY
  const { live, stores: { sessions: store } } = lasting
  const keeping = store === undefined ? keepInCookies({ seal: keyring.session, outside, gate }) : keepInStore({ seal: keyring.session, outside, gate, store })
  const renews = config.oauthRefreshTokens
  const shared = lasting.stores.revocations
  const window = renews ? lasting.window : undefined
  const ends = tellOfEnds(log)
  const idle = createIdle({ after: config.sessionIdle, outside, store: shared, prefix: `${gate}:`, pulses: lasting.pulses })
  const endings = createEndings({ lifetime, idle: config.sessionIdle, store: shared, prefix: `${gate}:`, known: lasting.causes, told: ends.ended })
  const news = renews && shared !== undefined && shared.reach !== 'process' ? createNews({ store: shared, seal: keyring.session, gate }) : undefined
  const keep = (tokens: GivenTokens | undefined) => keepTokens(config, tokens, outside.now())
  const loops = createLoopBreaker({ keyring, outside, gate, lifetime, forPanel: isForPanel(config) })
  const urls = createOwnUrls({ ...config, returnToCallback: inside !== undefined })
  const revocations = lasting.revocations(gate)
  await revocations.recall().catch(() => { /* said already, and learned as soon as the store is there */ })
  const probes = inside === undefined ? { ping: config.pingPath, ready: config.readyPath, isLeaving: () => lasting.leaving, async isReady () { await readiness(lasting.stores, revocations) } } : undefined
  const people = { keys: keyring.people, verify: lasting.verifier.verify }
  const providers = createProviders(config.providers.map(settings => activate(settings, config, { outside, people, onFailure: error => warnOfProvider(log, settings.id, error) })))
  const known = providers.all.flatMap(({ people }) => people ?? [])
  const cookies = panelCookies(config, keyring, outside)
  const pageTokens = isForBokeh(config) ? createPageTokens({ owned: headers.owned, prefix: config.prefix, open: cookies?.open, owners: lasting.pageOwners }) : undefined
  const generation = lasting.generations()
  const sessions = createSessions({
    window, renews, outside, lifetime, idle, endings, news, keeping, revocations, headers: headers.of, cookies: cookies?.of, pageMarks: pageTokens?.marks, told: lasting.told, refuse: entry.refuse,
    knows: by => keeping.knows(by, Object.values(jars)),
    holds: ({ identity: { provider, subject }, entryMark }) => holds(providers.find(provider), subject, entryMark),
    generation: () => known.reduce((sum, { generation }) => sum + generation, generation + entry.generation)
  })
  const renewals = renews ? lasting.renewals() : undefined
  const tellAbsence = renews ? tellOfAbsence(log) : undefined
  const places = createPlaces({ judge, logins, urls, paths: probes === undefined ? [] : [probes.ping, probes.ready], callbacks: providers.all.some(({ flow }) => flow === 'code') })
  const farewell = createFarewell({ mode: config.signOutAtProvider, idTokenHint: config.idTokenHint, returnUri: config.postLogoutRedirectUri, waysBack: createWaysBack(keyring.login, gate), sessions, keepsTokens: keepsTokens(config), log })
  const discard = ({ identity }: { readonly identity: Identity }, tokens: KeptTokens) => {
    const provider = providers.find(identity.provider)
    if (provider !== undefined) farewell.revoke(provider, tokens)
  }
  const logo = logoOf(config)
  const pages = pagesOf(config, urls, logo, log)
  return {
    places, probes, sessions, renewals, loops, judge, urls, pages, pageTokens, live,
    countsActivity: idle !== undefined,
    watches: [...entry.files.map(list => watchEmails(list, log)), ...known.flatMap(people => people.path === undefined ? [] : [watchPeople(people, people.path, log)])],
    arrivals: createArrivals({ publicUrl: config.publicUrl, tls, trustedProxies: config.trustedProxy, useXheaders: config.useXheaders, unixSocket: config.unixSocket !== undefined }),
    jars,
    servesHost,
    oneHost,
    admitsOrigin: originMatcher(config.allowWebsocketOrigin),
    /** From now on this configuration counts. */
    take () { lasting.take({ sessions, ask: createAsker({ providers, keepTokens: keep }), discard, told: tellOfRenewals(log), admits: admitsNow(judge), news, seal: keyring.session }, config) },
    handsOutToken: isForBokeh(config) ? isAutoload : undefined,
    listening (bound: AddressInfo | string | null) {
      if (config.port === 0 && typeof bound === 'object' && bound !== null) Object.assign(jars, createJars(config, bound.port))
      for (const { id, client } of providers.all) client.warm().catch((error: unknown) => warnOfProvider(log, id, error))
    },
    forwarders: createForwarders(config, lasting),
    outward: commonOutward(config, headers.owned),
    flow: createLoginFlow({
      revocations, logoutsSeen: lasting.logoutsSeen(gate), brake: lasting.brake(gate),
      tries: shared === undefined || shared.reach === 'process' ? undefined : createTries({ store: shared, prefix: `${gate}:`, outside }),
      farewell,
      providers, logins, sessions, loops, urls, pages, logo, entry, isOurs: places.isOurs, redirectUri: config.oauthRedirectUri,
      keepTokens (tokens, provider) {
        tellAbsence?.(provider, tokens)
        return keep(tokens)
      }
    })
  }
}

/** What is open stays so where it might be opened anew. */
function admitsNow (judge: Judge): Admits {
  return ({ target, method, host }, session) => judge.decide(judge.place(target), { method, host }, session?.identity ?? null).verdict === 'admitted'
}

/** Whether what let somebody in is still there: who signs people in, and among people whom the gate itself knows, their entry. */
function holds (provider: ActiveProvider | undefined, subject: string, mark: string | undefined): boolean {
  return provider !== undefined && (provider.people?.stands(subject, mark) ?? true)
}

function commonOutward (config: Config, owned: ReadonlySet<string>): CommonOutward {
  const isOurs = createOurCookies(cookieSettings(config))
  const common = { passHost: config.passHostHeader, isOurCookie: isOurs, owned: owned.size === 0 ? undefined : owned } // asked of each header of each request
  if (!isForBokeh(config)) return common
  const more = (names: readonly string[]) => new Set([...owned, ...names])
  const bokeh = { ...common, owned: more(panelHeaders), panel: { guest: undefined, ownedOfGet: more(panelHeadersOfGet) } }
  return isForPanel(config) ? { ...bokeh, isOurCookie: name => isOurs(name) || isPanelCookie(name), panel: { ...bokeh.panel, guest: GUEST } } : bokeh
}

function panelCookies ({ cookieSecret, ...config }: Config, keyring: Keyring, outside: Outside) {
  if (!isForPanel(config) || cookieSecret === undefined) return undefined
  return createPanelCookies({ ...config, secret: cookieSecret, seal: keyring.app, outside })
}

/** Templates show one too: ours, where the site has none. */
function logoOf ({ logo, authTemplate, oauthErrorTemplate, basicLoginTemplate, logoutTemplate }: Config): Logo | undefined {
  const templates = [authTemplate, oauthErrorTemplate, basicLoginTemplate, logoutTemplate]
  return logo === undefined && templates.every(template => template === undefined) ? undefined : createLogo(logo)
}

function pagesOf (config: Config, urls: OwnUrls, logo: Logo | undefined, log: Log) {
  return createPages({
    ...config,
    logo: config.logo === undefined || logo === undefined ? undefined : `${urls.logo}?v=${logo.version}`,
    assets: `${urls.logo}/`, signOutUrl: urls.signOut,
    onFailure: (template, error) => log.error({ event: 'template.failed', template, detail: error instanceof Error ? error.message : String(error) }, 'a template could not be drawn; the gate’s own page was shown instead')
  })
}

function warnOfProvider (log: Log, provider: string, error: unknown): void {
  const detail = error instanceof Error ? error.message : String(error)
  log.warn({ event: 'provider.failed', provider, ...error instanceof GateError && { code: error.code, hint: error.kind.hint }, detail }, 'the provider does not answer as it should; signing in is tried anew each time')
}

function createForwarders (config: Config, lasting: Lasting) {
  return config.upstream.map(upstream => ({
    origin: upstream.origin,
    ...lasting.forwarder({ upstream, ca: config.upstreamCa, skipVerify: config.upstreamSkipVerify, timeout: config.upstreamTimeout, maxHeaderSize: config.maxHeaderSize, websocketOrigin: config.websocketOrigin })
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
