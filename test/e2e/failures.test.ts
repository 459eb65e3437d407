import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { check } from '../../src/cli/check.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import * as errors from '../../src/errors.ts'
import { createGate } from '../../src/gate.ts'
import { CLIENT, COOKIE_SECRET, divert, freePort, startApp, startGate, type GateSetup, type LogLine, type Running } from '../fixtures/gate.ts'
import { TestOutside } from '../fixtures/outside.ts'
import { everybody, type Person } from '../fixtures/people.ts'
import { json, startHostileProvider, type HostileProvider } from '../fixtures/hostile-provider.ts'
import { Visitor, type Answer, type Ask } from '../fixtures/visitor.ts'

t.jobs = 4 // one of them waits for ten seconds

type Kind = { readonly kind: errors.ErrorKind }

/** One thing that goes wrong, through the real thing: what the visitor sees, and what the operator reads. */
interface Failure extends Expected {
  readonly setup?: GateSetup | ((world: World) => GateSetup | Promise<GateSetup>)
  readonly provoke: (world: World & Running) => Promise<Answer>
}

interface Expected {
  readonly shows: Kind
  /** The reason on the page, where there is one beside title and advice. */
  readonly says?: RegExp
  /** What stands in the log under the page's request id. */
  readonly logs: RegExp
  readonly offers?: 'Sign in' | 'Try again' | 'Use another account'
}

interface World {
  readonly t: Test
  readonly visitor: Forgetful
  readonly hostile: HostileProvider
  readonly log: LogLine[]
}

/** A person at a browser that has its ways, or is led astray. */
class Forgetful extends Visitor {
  /** Names of cookies that it does not keep. */
  forgets: (name: string) => boolean = () => false
  /** Headers that it sends with everything. */
  adds: Readonly<Record<string, string>> = {}
  /** The port of another replica, which gets the pages of the app. */
  replica: number | undefined
  /** Whether https addresses lead to a proxy that ends TLS. */
  hasTls = false

  override async ask (address: string, more: Ask = {}): Promise<Answer> {
    const { host, pathname, search } = new URL(address)
    const headers = { ...more.headers, ...this.adds, ...this.hasTls && address.startsWith('https:') && { 'x-forwarded-proto': 'https' } }
    const answer = this.replica !== undefined && pathname === '/page'
      ? await super.ask(`http://127.0.0.1:${this.replica}${pathname}${search}`, { ...more, headers: { ...headers, host } })
      : await super.ask(address.replace(/^https:/, 'http:'), { ...more, headers })
    for (const jar of this.cookies.values()) {
      for (const [key, { name }] of jar) if (this.forgets(name)) jar.delete(key)
    }
    return answer
  }
}

const byCode = (world: World & Running, login = 'ada') => world.visitor.signIn(`${world.origin}/page`, login)

/** As far as the provider sends the browser back: the address of the callback. */
async function almost ({ visitor, origin }: World & Running): Promise<string> {
  const question = await visitor.follow(`${origin}/page`)
  const chosen = await visitor.navigate(question.address, { form: { login: 'ada' } })
  return (await visitor.navigate(new URL(chosen.location, question.address).href)).location
}

async function cancel ({ visitor, origin }: World & Running): Promise<Answer> {
  const question = await visitor.follow(`${origin}/page`)
  const cancelled = await visitor.navigate(question.address, { form: { cancel: '1' } })
  return await visitor.follow(new URL(cancelled.location, question.address).href)
}

/** A callback of this very login, as a provider would send it. */
async function answered ({ visitor, origin, hostile }: World & Running, answer: Record<string, string>): Promise<Answer> {
  const begun = await visitor.navigate(`${origin}/oauth2/start?rd=%2Fpage`)
  const { searchParams } = new URL(begun.location)
  hostile.claims = { nonce: searchParams.get('nonce'), iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 3600, ...hostile.claims }
  return await visitor.navigate(`${origin}/?${new URLSearchParams({ ...answer, state: searchParams.get('state') ?? '' }).toString()}`)
}

/** A socket that takes what comes, and says at most one thing. */
async function startSocket (t: Test, says = ''): Promise<string> {
  const server = createServer(socket => {
    socket.on('error', () => {}).resume()
    if (says !== '') socket.end(says)
    t.teardown(() => socket.destroy())
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const refusesToken = (body: unknown, status = 400) => ({ hostile }: World): GateSetup => {
  hostile.answer('/token', json(body, status))
  return { settings: { oauthTokenUrl: `${hostile.issuer}/token` } }
}
const page = (text: string) => (hostile: HostileProvider, path: string) => { hostile.answer(path, response => response.writeHead(200, { 'content-type': 'text/html' }).end(text)) }
const open = { rules: [{ path: '/', allow: 'public' as const }] }
const down = async (): Promise<string> => `http://127.0.0.1:${await freePort()}`
const script = { accept: '*/*', 'sec-fetch-mode': 'cors' }
const socket = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }
const visit = ({ visitor, origin }: World & Running) => visitor.follow(`${origin}/page`)

/** Without any cookie the first callback begins the login anew; the second knows that it is the second. */
async function unremembered ({ visitor, origin }: World & Running): Promise<Answer> {
  visitor.forgets = () => true
  let begun = await visitor.navigate(`${origin}/oauth2/start?rd=%2Fpage`)
  for (let count = 0; count < 2; count++) begun = await visitor.navigate(`${origin}/?code=c&state=${new URL(begun.location).searchParams.get('state') ?? ''}`)
  return begun
}

const failures: Readonly<Record<string, Failure>> = {
  'a wrong client secret': {
    setup: { settings: { oauthSecret: 'not-the-secret' } },
    provoke: byCode, shows: errors.ClientRefused, logs: /\/token answered 401 invalid_client/, offers: 'Try again'
  },
  'a client that does not exist, where the token endpoint is the first to see it': {
    setup: refusesToken({ error: 'unauthorized_client' }, 401),
    provoke: byCode, shows: errors.ClientRefused, logs: /answered 401 unauthorized_client/, offers: 'Try again'
  },
  'a redirect URI that the token endpoint finds wrong': {
    setup: refusesToken({ error: 'invalid_grant', error_description: 'Incorrect redirect_uri' }),
    provoke: byCode, shows: errors.RedirectUriRefused, logs: /invalid_grant \(Incorrect redirect_uri\); the redirect URI was http:\/\/127\.0\.0\.1:\d+$/, offers: 'Try again'
  },
  'a redirect URI that GitHub finds wrong': {
    provoke: async world => await answered(world, { error: 'redirect_uri_mismatch', error_description: 'The redirect_uri MUST match', iss: world.provider.issuer }),
    shows: errors.RedirectUriRefused, says: /The redirect_uri MUST match\./, logs: /redirect_uri_mismatch \(The redirect_uri MUST match\)/, offers: 'Try again'
  },
  'a sign-in that comes back to another name of this host': {
    provoke: async world => {
      const back = await almost(world)
      return await world.visitor.navigate(back, { headers: { host: `localhost:${new URL(world.origin).port}` } })
    },
    shows: errors.GrantRefused, logs: /invalid_grant .*the redirect URI was http:\/\/localhost:\d+$/, offers: 'Sign in'
  },
  'a provider that is down': {
    setup: async () => ({ settings: { oauthIssuer: await down() } }),
    provoke: visit, shows: errors.ProviderUnreachable, logs: /openid-configuration: ECONNREFUSED/, offers: 'Try again'
  },
  'a provider that goes down between the page and the code': {
    setup: async () => ({ settings: { oauthTokenUrl: `${await down()}/token` } }),
    provoke: byCode, shows: errors.ProviderUnreachable, logs: /POST http:\/\/127\.0\.0\.1:\d+\/token: ECONNREFUSED/, offers: 'Try again'
  },
  'a provider that is slow': {
    setup: async ({ t }) => ({ settings: { oauthTokenUrl: `${await startSocket(t)}/token` } }),
    provoke: byCode, shows: errors.ProviderTimeout, logs: /POST .*\/token: no whole answer within 10000 ms/, offers: 'Try again'
  },
  'a provider that answers with a web page': {
    setup: ({ hostile }) => {
      page('<h1>Welcome</h1>')(hostile, '/.well-known/openid-configuration')
      return { settings: { oauthIssuer: hostile.issuer } }
    },
    provoke: visit, shows: errors.ProviderAnswerInvalid, logs: /answered 200 with text\/html instead of JSON/, offers: 'Try again'
  },
  'a token endpoint that answers with a web page': {
    setup: ({ hostile }) => {
      page('<h1>Token of ada: eyJhbGciOi</h1>')(hostile, '/token')
      return { settings: { oauthTokenUrl: `${hostile.issuer}/token` } }
    },
    provoke: byCode, shows: errors.ProviderAnswerInvalid, logs: /\/token answered 200 with text\/html instead of JSON/, offers: 'Try again'
  },
  'a provider that does not speak HTTP': {
    setup: async ({ t }) => ({ settings: { oauthIssuer: await startSocket(t, 'SSH-2.0-OpenSSH_9.6\r\n') } }),
    provoke: visit, shows: errors.ProviderUnreachable, logs: /openid-configuration: /, offers: 'Try again'
  },
  'a userinfo endpoint that does not take our token': {
    setup: ({ hostile }) => {
      hostile.answer('/user', json({ error: 'insufficient_scope' }, 403))
      return { settings: { oauthUserUrl: `${hostile.issuer}/user` } }
    },
    provoke: byCode, shows: errors.ProviderRefused, logs: /GET .*\/user answered 403; usually a scope is missing/, offers: 'Sign in'
  },
  'an upstream that is down': {
    setup: async () => ({ app: { url: await down(), received: [] }, settings: open }),
    provoke: visit, shows: errors.UpstreamUnreachable, logs: /ECONNREFUSED/
  },
  'an upstream that is slow': {
    setup: async ({ t }) => ({ app: { url: await startSocket(t), received: [] }, settings: { ...open, upstreamTimeout: '1s' } }),
    provoke: visit, shows: errors.UpstreamTimeout, logs: /127\.0\.0\.1:\d+/
  },
  'an upstream that answers nonsense': {
    setup: async ({ t }) => ({ app: { url: await startSocket(t, 'SSH-2.0-OpenSSH_9.6\r\n'), received: [] }, settings: open }),
    provoke: visit, shows: errors.UpstreamAnswerInvalid, logs: /127\.0\.0\.1:\d+/
  },
  'a sign-in that is cancelled at the provider': {
    provoke: cancel, shows: errors.LoginCancelled, says: /The person cancelled\./, logs: /access_denied \(the person cancelled\)/, offers: 'Use another account'
  },
  'an error with a description that is markup, control characters and too long': {
    provoke: async world => await answered(world, { error: 'server_error', error_description: `<img src=x onerror=alert(1)>\u0000\r\n\u202E${'x'.repeat(400)}`, iss: world.provider.issuer }),
    shows: errors.ProviderRefused, says: /&lt;img src=x onerror=alert\(1\)&gt;x{272}\./, logs: /^the provider answered server_error \(<img src=x onerror=alert\(1\)>x{272}\)$/, offers: 'Sign in'
  },
  'cookies that the browser refuses': {
    provoke: unremembered,
    shows: errors.CookiesRefused, logs: /no login cookie twice in a row, on http:\/\/127\.0\.0\.1:\d+/, offers: 'Sign in'
  },
  'a login cookie that got lost among others': {
    provoke: async world => {
      const back = await almost(world)
      const again = await new Visitor().navigate(back) // another browser: the login begins anew, and its state says so
      return await world.visitor.navigate(`${world.origin}/?code=c&state=${new URL(again.location).searchParams.get('state') ?? ''}`)
    },
    shows: errors.LoginMismatch, logs: /no login cookie for this state, though others came/, offers: 'Sign in'
  },
  'a callback that is loaded again after its session ended': {
    provoke: async world => {
      const back = await almost(world)
      const cookies = new Map(world.visitor.cookies.get('127.0.0.1'))
      await world.visitor.navigate(back)
      world.visitor.cookies.set('127.0.0.1', cookies)
      return await world.visitor.navigate(back)
    },
    shows: errors.LoginReplayed, logs: /finished before/, offers: 'Sign in'
  },
  'a clock that is two hours ahead': {
    provoke: async world => {
      world.outside.advance(2 * 3_600_000)
      return await byCode(world)
    },
    shows: errors.ClockOff, logs: /exp is in the past, by (?:360|359)\d s.* this machine’s clock is (?:720|719)\d s ahead of the provider’s; the Date of the provider’s answer is (?:720|719)\d s behind/, offers: 'Try again'
  },
  'a clock that is ten minutes behind': {
    provoke: async world => {
      world.outside.advance(-600_000)
      return await byCode(world)
    },
    shows: errors.ClockOff, logs: /iat is in the future, by (?:60|59)\d s: this machine’s clock is (?:60|59)\d s behind/, offers: 'Try again'
  },
  'an issuer that differs by a slash': {
    setup: { settings: ({ provider }) => ({ oauthIssuer: `${provider.issuer}/` }) },
    provoke: visit, shows: errors.DiscoveryMismatch, logs: /says its issuer is "http:\/\/localhost:\d+", --oauth-issuer says "http:\/\/localhost:\d+\/": they differ by a trailing slash/, offers: 'Try again'
  },
  'a callback from another issuer': {
    provoke: async world => await answered(world, { code: 'c', iss: 'https://other.example' }),
    shows: errors.IssuerMismatch, logs: /iss is "https:\/\/other\.example", not "http:\/\/localhost:\d+"/
  },
  'an id_token of another issuer': {
    setup: ({ hostile }) => {
      hostile.claims = { iss: 'https://other.example' }
      return { settings: { oauthIssuer: hostile.issuer } }
    },
    provoke: async world => await answered(world, { code: 'c' }), shows: errors.IdTokenInvalid, logs: /^iss is "https:\/\/other\.example", not "http:/, offers: 'Sign in'
  },
  'a user key that the provider does not send': {
    setup: { settings: { oauthJwtUser: 'upn' } },
    provoke: byCode, shows: errors.UserMissing, logs: /the claim upn has no usable value; choose another with --oauth-jwt-user \(the provider sent: .*preferred_username/, offers: 'Sign in'
  },
  'an email, the usual user key, that nobody verified': {
    provoke: world => byCode(world, 'unverified'), shows: errors.UserMissing, logs: /email is not verified; --allow-unverified-email/, offers: 'Sign in'
  },
  'groups that the provider does not send': {
    setup: { settings: { allowedGroups: ['admins'] } },
    provoke: world => byCode(world, 'dev'), shows: errors.GroupsMissing,
    logs: /allowed-groups asks for one \(admins\), and no groups claim came \(the provider sent .*preferred_username.*\); ask for it with --oauth-scope/, offers: 'Try again'
  },
  'an empty list of groups': {
    setup: { settings: { allowedGroups: ['admins'] } },
    provoke: world => byCode(world, 'empty'), shows: errors.AccessDenied, says: /named no group of yours, and this site is for the group admins\./, logs: /the identity has no group/, offers: 'Use another account'
  },
  'groups that are others': {
    setup: { settings: { allowedGroups: ['admins'] } },
    provoke: world => byCode(world, 'cleo'), shows: errors.AccessDenied, says: /This site is for the group admins\./, logs: /in none of allowed-groups \(admins\)/, offers: 'Use another account'
  },
  'groups that are too many to pass on': {
    provoke: world => byCode(world, 'crowd'), shows: errors.IdentityTooLarge, logs: /600 groups have \d+ bytes/
  },
  'a session that is too large for any browser': {
    setup: { provider: { people: [{ login: 'endless', about: 'has a very long name and group', claims: { sub: 'odd-endless', email: 'e@example.com', email_verified: true, name: 'x'.repeat(15_500), groups: ['g'.repeat(8_100)] } }] } },
    provoke: world => byCode(world, 'endless'), shows: errors.SessionTooLarge, logs: /the sealed session has 3\d{4} characters/
  },
  'a form that is sent after the session ended': {
    provoke: ({ visitor, origin }) => visitor.navigate(`${origin}/page`, { form: { text: 'mine' } }), shows: errors.FormNotSent, logs: /no session/, offers: 'Sign in'
  },
  'a page in a frame': {
    provoke: ({ visitor, origin }) => visitor.navigate(`${origin}/page`, { headers: { 'sec-fetch-dest': 'iframe' } }), shows: errors.FramedLogin, logs: /no session/, offers: 'Sign in'
  },
  'a script without a session': {
    provoke: ({ visitor, origin }) => visitor.ask(`${origin}/page`, { headers: script }), shows: errors.LoginRequired, logs: /no session/
  },
  'a websocket of another site': {
    provoke: async world => {
      await world.visitor.signIn(`${world.origin}/`, 'ada')
      return await world.visitor.ask(`${world.origin}/page`, { headers: { ...socket, 'sec-websocket-version': '13', origin: 'https://evil.example' } })
    },
    shows: errors.OriginRefused, logs: /^Origin https:\/\/evil\.example$/
  },
  'a websocket of a page that is not this person’s': {
    setup: { settings: { app: 'bokeh' } },
    provoke: async world => {
      await world.visitor.signIn(`${world.origin}/`, 'ada')
      return await world.visitor.ask(`${world.origin}/page/ws`, { headers: { ...socket, 'sec-websocket-version': '13', 'sec-websocket-protocol': 'bokeh, captured', origin: world.origin } })
    },
    shows: errors.PageTokenRefused, logs: /^the page’s token: it cannot be read as Bokeh’s$/
  },
  'a host that nobody has named': {
    setup: { settings: { publicUrl: 'https://app.example.com' } },
    provoke: ({ visitor, origin }) => visitor.navigate(`${origin}/page`), shows: errors.HostUnknown, logs: /^Host 127\.0\.0\.1:\d+$/
  },
  'an upgrade that is no websocket': {
    setup: { settings: open },
    provoke: ({ visitor, origin }) => visitor.ask(`${origin}/page`, { headers: socket }), shows: errors.UpgradeRefused, logs: /websocket/
  },
  'a path that can be read in two ways': {
    setup: { settings: { rules: [{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/', allow: 'public' }] } },
    provoke: async ({ visitor, origin }) => {
      await visitor.signIn(`${origin}/oauth2/start`, 'cleo')
      return await visitor.navigate(`${origin}/static/..%2fadmin`)
    },
    shows: errors.AmbiguousPath, logs: /admin/
  },
  'an endpoint that there is not': {
    provoke: ({ visitor, origin }) => visitor.navigate(`${origin}/oauth2/nothing`), shows: errors.NotFound, logs: /no endpoint of ours/
  },
  'a method that is never forwarded': {
    setup: { settings: open },
    provoke: ({ visitor, origin }) => visitor.ask(`${origin}/page`, { method: 'TRACE' }), shows: errors.MethodRefused, logs: /TRACE/
  },
  'a callback that says nothing': {
    provoke: world => answered(world, { iss: world.provider.issuer }), shows: errors.MalformedRequest, logs: /neither a code nor an error/
  },
  'a password form that is not ours': {
    setup: { settings: { oauthProvider: 'password' } },
    provoke: ({ visitor, origin }) => visitor.navigate(`${origin}/oauth2/sign_in`, { form: { state: 'x', username: 'ada', password: 'ada' }, headers: { origin } }), shows: errors.FormForged, logs: /no login of this browser/
  },
  'too many guesses of a password': {
    setup: { settings: { oauthProvider: 'password' } },
    provoke: guess, shows: errors.TooManyAttempts, logs: /^from 127\.0\.0\.1$/
  },
  'a store for sessions that is not there': {
    setup: { settings: { sessionStore: 'redis://127.0.0.1:1' } },
    provoke: ({ visitor, origin }) => visitor.signIn(`${origin}/page`, 'ada'), shows: errors.StoreUnavailable, logs: /^Redis at 127\.0\.0\.1:1: not connected: .*ECONNREFUSED/, offers: 'Try again'
  },
  'a fault of the gate itself': {
    provoke: async world => {
      world.outside.random = () => { throw new Error('no entropy') }
      return await visit(world)
    },
    shows: errors.Unexpected, logs: /no entropy/
  }
}

async function guess ({ visitor, origin }: World & Running): Promise<Answer> {
  const { body } = await visitor.navigate(`${origin}/oauth2/sign_in`)
  const form = { state: /name="state" value="([^"]+)"/.exec(body)?.[1] ?? '', username: 'ada', password: 'wrong' }
  for (let count = 0; count < 10; count++) await visitor.navigate(`${origin}/oauth2/sign_in`, { form, headers: { origin } })
  return await visitor.navigate(`${origin}/oauth2/sign_in`, { form, headers: { origin } })
}

for (const [what, failure] of Object.entries(failures)) {
  t.test(what, { buffered: true }, async t => {
    const { world, log } = await begin(t, failure.setup)
    const answer = await failure.provoke(world)
    checkPage(t, answer, failure)
    checkLog(t, log, answer, failure)
    checkSecrets(t, world.visitor, answer.body + JSON.stringify(log))
    t.notMatch(world.app.received.map(({ url }) => url), ['/page'], 'and the app never saw the page’s request')
  })
}

async function begin (t: Test, given: Failure['setup'] = {}): Promise<{ world: World & Running, log: LogLine[] }> {
  const hostile = await startHostileProvider()
  t.teardown(() => hostile.close())
  const log: LogLine[] = []
  const bare = { t, hostile, log, visitor: new Forgetful() }
  const setup = typeof given === 'function' ? await given(bare) : given
  return { world: { ...bare, ...await startGate(t, { ...setup, log }) }, log }
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('\'', '&#39;')

function checkPage (t: Test, answer: Answer, expected: Expected): void {
  const { status, headers, body } = answer
  const { shows: { kind }, says = /./, offers } = expected
  t.match({ status, ...headers }, { status: kind.status, 'x-oauth-gate': kind.code, 'cache-control': 'no-store', 'x-request-id': /./ })
  if (/json/.test(String(headers['content-type']))) return t.match(JSON.parse(body), { error: kind.code, message: kind.title, request_id: headers['x-request-id'] }) as unknown as void
  t.match(headers['content-type'], /^text\/html/)
  for (const text of [kind.title.replace(/\.$/, ''), kind.advice, kind.code, String(headers['x-request-id'])]) t.ok(body.includes(escaped(text)), text)
  t.match(body, says)
  if (offers !== undefined) t.match(body, new RegExp(`href="[^"]*/oauth2/start\\?[^"]*"[^>]*>${offers}`), `a link: ${offers}`)
  t.notOk(body.includes(escaped(kind.hint)), 'what the operator is told is not on the page')
  t.notMatch(body, /127\.0\.0\.1|localhost:|<script|<img src=x|[\u0000\u202E]/, 'nor an address, nor markup of others')
}

function checkLog (t: Test, log: readonly LogLine[], { headers }: Answer, { shows: { kind }, logs }: Expected): void {
  const lines = log.filter(({ reqId, event }) => reqId === headers['x-request-id'] && event === 'request.refused')
  t.equal(lines.length, 1, 'one line under the request id says what is wrong')
  t.match(lines[0], { level: kind.status >= 500 ? 'error' : kind === errors.LoginRequired.kind ? 'debug' : 'warn', code: kind.code, detail: logs, hint: kind.hint, msg: kind.title })
}

t.test('every error there is was provoked here, but five', { buffered: true }, async t => {
  // The form is drawn again by its own route (test/e2e/password.test.ts); a provider is told in OAuth's terms (test/e2e/backchannel-logout.test.ts); to stop takes a process (test/e2e/worker-faults.test.ts); two are of requests that no browser sends (test/e2e/wire).
  const elsewhere = [errors.PasswordRefused, errors.LogoutTokenInvalid, errors.GateStopping, errors.HeadersTooMany, errors.MethodRefused]
  const provoked = new Set([...Object.values(failures).map(({ shows }) => shows), errors.SignInLoop, ...elsewhere].map(({ kind }) => kind))
  const kinds = Object.values(errors).flatMap(value => 'kind' in value ? [value.kind] : [])
  t.ok(kinds.length > 30)
  t.strictSame(kinds.filter(kind => !provoked.has(kind)).map(({ code }) => code), [])
  for (const { code, title, advice, hint } of kinds) {
    t.match(code, /^GATE_[A-Z_]+$/)
    for (const sentence of [title, advice, hint]) t.match(sentence, /^[A-Z].*[.?]$/, `${code}: whole sentences`)
    t.notMatch(title + advice, /--|oauth|OAuth|cookie-/, `${code}: the visitor gets words, not flags`)
  }
  t.equal(new Set(kinds.map(({ code }) => code)).size, kinds.length, 'a code is one error’s')
})

/** What a page and a log must not hold: secrets, cookies, and whatever travelled as a code or a state. */
function checkSecrets (t: Test, visitor: Visitor, text: string): void {
  const travelled = visitor.seen.flatMap(address => ['code', 'state'].map(name => new URL(address).searchParams.get(name) ?? ''))
  const cookies = [...visitor.cookies.values()].flatMap(jar => [...jar.values()].map(({ value }) => value))
  for (const secret of [CLIENT.secret, 'not-the-secret', COOKIE_SECRET, 'gAAAAA', 'eyJ', 'opaque-access-token', ...travelled, ...cookies].filter(secret => secret.length > 2)) {
    t.notOk(text.includes(secret), `${secret.slice(0, 6)}… is nowhere`)
  }
}

/** One way to lose a session, by which a person whom the provider remembers would go round for ever. */
interface Loop {
  readonly settings?: Settings | ((origin: string) => Settings)
  readonly app?: (origin: string) => RequestListener
  readonly login?: string
  readonly arrange?: (world: World & Running) => void | Promise<void>
  readonly says: RegExp
  readonly logs: RegExp
}

const groups = Array.from({ length: 230 }, () => `a-group-of-many-${randomBytes(8).toString('hex')}`)
const large: Person = { login: 'large', about: 'has a session of several cookies', claims: { sub: 'odd-large', email: 'large@example.com', email_verified: true, groups } }
const isSession = (name: string) => /^oauth-gate-\d+(?:\.\d)?$/.test(name)
const forgetSession = ({ visitor }: World) => { visitor.forgets = isSession }

const loops: Readonly<Record<string, Loop>> = {
  'a browser that does not keep the session': {
    arrange: forgetSession, says: /browser does not send back/, logs: /does not come back, though a small one beside it does/
  },
  'a cookie path that does not cover the page': {
    settings: { cookiePath: '/app' }, says: /counts for \/app and what is below it only/, logs: /^--cookie-path=\/app does not cover \/page: /
  },
  'a large session of which a part gets lost': {
    login: 'large', arrange: ({ visitor }) => { visitor.forgets = name => name.endsWith('.1') }, says: /sign-in is too large/, logs: /^of the \d cookies of the session some came back and some did not/
  },
  'a large session of which nothing comes back': {
    login: 'large', arrange: forgetSession, says: /sign-in is too large/, logs: /^none of the \d cookies of the session came back/
  },
  'strict cookies, for who comes from the provider': {
    settings: { cookieSamesite: 'strict' },
    arrange: world => {
      forgetSession(world)
      world.visitor.adds = { 'sec-fetch-site': 'cross-site' }
    },
    says: /pages that you reach from the sign-in service/, logs: /^--cookie-samesite=strict: .*use lax$/
  },
  'another cookie of the same name, for that page only': {
    arrange: ({ visitor, origin }) => {
      const name = `oauth-gate-${new URL(origin).port}`
      visitor.cookies.set('127.0.0.1', new Map([[`${name}/page`, { name, value: 'theirs', path: '/page' }]]))
    },
    says: /two sign-ins of the same name/, logs: /^two cookies are called oauth-gate-\d+/
  },
  'an app that leads to http who signed in over https': {
    settings: origin => ({ trustedProxy: ['127.0.0.1'], oauthRedirectUri: origin.replace('http:', 'https:') }),
    app: origin => (request, response) => {
      response.writeHead(request.headers['x-forwarded-proto'] === 'https' ? 302 : 200, { location: `${origin}/page` }).end()
    },
    arrange: ({ visitor, origin, provider }) => {
      provider.setRedirectUris(CLIENT.id, [origin.replace('http:', 'https:')])
      visitor.hasTls = true
    },
    says: /over https, and came back by an address with http/, logs: /^the session cookie is for https, and this request came by http/
  },
  'an app that sends people to sign in who are signed in': {
    app: () => (_request, response) => { response.writeHead(302, { location: '/oauth2/start?rd=%2Fpage' }).end() },
    says: /the application keeps asking/, logs: /^the session is there, and something leads to the sign-in all the same/
  },
  'a Panel app that does not take the cookies of the gate': {
    settings: () => ({ app: 'panel' }),
    app: () => (_request, response) => { response.writeHead(302, { location: '/login?next=%2Fpage' }).end() },
    says: /the application keeps asking/, logs: /does not take the cookies that the gate signs for it: give both the very same PANEL_COOKIE_SECRET .*PANEL_OAUTH_REFRESH_TOKENS$/
  },
  'replicas with another key': {
    arrange: async world => await addReplica(world, { oauthEncryptionKey: randomBytes(32).toString('base64url') + '=' }),
    says: /in a form that this site cannot read/, logs: /comes back and does not open: give all replicas .*--oauth-encryption-key/
  },
  'replicas with another clock': {
    arrange: async world => await addReplica(world, {}, -300_000),
    says: /clocks of this site disagree/, logs: /made by a clock that is (?:29|30)\d s away/
  }
}

for (const [what, loop] of Object.entries(loops)) {
  t.test(`round in a circle: ${what}`, { buffered: true }, async t => {
    const { world, log } = await beginLoop(t, loop)
    const { visitor, provider, origin } = world
    let answer = await visitor.signIn(`${origin}/page`, loop.login ?? 'ada')
    for (let count = 0; count < 3 && answer.location !== ''; count++) answer = await visitor.follow(new URL(answer.location, answer.address).href)
    const expected: Expected = { shows: errors.SignInLoop, says: loop.says, logs: loop.logs, offers: 'Try again' }
    checkPage(t, answer, expected)
    checkLog(t, log, answer, expected)
    checkSecrets(t, visitor, answer.body + JSON.stringify(log))
    const rounds = log.filter(({ event }) => event === 'login.succeeded').length
    t.ok(rounds >= 1 && rounds <= 3, 'two redirects are followed, the third is not')
    t.ok(provider.requests.filter(({ path }) => path === '/auth').length <= 6, 'and the provider is left alone')
    t.notOk(visitor.cookieNames().some(name => name.endsWith('-arrived')), 'what was counted is forgotten')
    Object.assign(visitor, { forgets: () => false, replica: undefined })
    const again = await visitor.navigate(origin + (/href="([^"]*\/oauth2\/start[^"]*)"/.exec(answer.body)?.[1] ?? '').replaceAll('&amp;', '&'))
    t.match(again, { status: 302, location: /\/auth\?/ }, 'so another try is one')
  })
}

async function beginLoop (t: Test, { settings = {}, app, arrange }: Loop): Promise<{ world: World & Running, log: LogLine[] }> {
  let origin = ''
  const behind = app === undefined ? await startApp(t) : await startApp(t, (request, response) => { app(origin)(request, response) })
  const { world, log } = await begin(t, {
    app: behind, provider: { remembers: true, people: [...everybody, large] },
    settings: facts => typeof settings === 'function' ? settings(facts.origin) : settings
  })
  origin = world.origin
  await arrange?.(world)
  return { world, log }
}

/** Another gate of the same settings but these, to which the visitor's requests for the app go. */
async function addReplica ({ t, origin, provider, app, visitor, log }: World & Running, more: Settings, clock = 0): Promise<void> {
  const { config } = loadConfig({
    env: {},
    settings: {
      upstream: [app.url], port: Number(new URL(origin).port), oauthProvider: 'oidc', oauthIssuer: provider.issuer, oauthKey: CLIENT.id, oauthSecret: CLIENT.secret,
      cookieSecret: COOKIE_SECRET, logLevel: 'warn', logFormat: 'json', ...more
    }
  })
  const gate = await createGate(config, new TestOutside(Date.now() + clock))
  t.teardown(() => gate.close())
  divert(gate, log)
  await gate.listen({ host: '127.0.0.1', port: 0 })
  visitor.replica = (gate.server.address() as AddressInfo).port
}

t.test('who signs out and in again on purpose is in no loop, nor is a script that is told to sign in', { buffered: true }, async t => {
  const { world: { visitor, origin } } = await begin(t, { provider: { remembers: true } })
  for (let count = 0; count < 5; count++) {
    const page = await visitor.signIn(`${origin}/page`, 'ada')
    t.match(page, { status: 200, address: `${origin}/page` })
    await visitor.navigate(`${origin}/oauth2/sign_out`, { form: {}, headers: { origin } })
    t.strictSame(visitor.cookieNames(), [])
  }
  await visitor.signIn(`${origin}/page`, 'ada')
  for (let count = 0; count < 5; count++) t.match(await visitor.follow(`${origin}/oauth2/start?rd=%2Fpage&prompt=select_account`), { status: 200 }, 'another account, again and again')
  visitor.forgets = isSession
  await visitor.ask(`${origin}/ping`)
  for (let count = 0; count < 10; count++) t.equal((await visitor.ask(`${origin}/page`, { headers: { 'sec-fetch-mode': 'cors' } })).status, 401)
  t.equal((await visitor.navigate(`${origin}/page`)).status, 302, 'ten answers to scripts count nothing')
  t.equal((await visitor.navigate(`${origin}/page`)).status, 302)
  t.match(await visitor.navigate(`${origin}/page`), { status: 400, headers: { 'x-oauth-gate': 'GATE_SIGN_IN_LOOP' } }, 'the third redirect after one success is a page too')
  t.equal((await visitor.navigate(`${origin}/page`)).status, 302)
})

t.test('tabs that begin to sign in together, and arrive one after the other, are no loop', { buffered: true }, async t => {
  const { world: { visitor, origin } } = await begin(t, { provider: { remembers: true } })
  const tabs = await Promise.all(Array.from({ length: 6 }, async (_, index) => (await visitor.navigate(`${origin}/tab${index}`)).location))
  t.match(await visitor.signIn(`${origin}/page`, 'ada'), { status: 200 })
  const begun = await Promise.all(tabs.map(tab => visitor.navigate(origin + tab)))
  for (const { status } of begun) t.equal(status, 302)
})

t.test('what is not a login of this browser shows nothing of what its address says', { buffered: true }, async t => {
  const { world: { visitor, origin }, log } = await begin(t)
  const bare = await visitor.navigate(`${origin}/oauth2/callback?error=access_denied&error_description=Call+555-0100`)
  t.match(bare, { status: 400, headers: { 'x-oauth-gate': 'GATE_LOGIN_MISMATCH' } })
  const begun = await new Visitor().navigate(`${origin}/oauth2/start?rd=%2F`)
  const state = new URL(begun.location).searchParams.get('state') ?? ''
  const foreign = await visitor.navigate(`${origin}/oauth2/callback?state=${state}&error=access_denied&error_description=Call+555-0100`)
  t.equal(foreign.status, 302, 'a state of another browser begins a login of this one')
  t.notMatch(bare.body + foreign.body + JSON.stringify(log), /555-0100/)
})

t.test('a redirect URI that is not registered is the provider’s own page; check --live says so before', { buffered: true }, async t => {
  const { world: { visitor, origin, provider, app } } = await begin(t)
  provider.setRedirectUris(CLIENT.id, ['https://elsewhere.example'])
  const page = await visitor.follow(`${origin}/page`)
  t.match(page, { status: 400, body: /redirect_uri/ })
  t.notOk(page.headers['x-oauth-gate'], 'the gate sees nothing of it')
  let out = ''
  const loaded = loadConfig({ env: {}, settings: { upstream: app.url, publicUrl: origin, oauthProvider: 'oidc', oauthIssuer: provider.issuer, oauthKey: CLIENT.id, oauthSecret: CLIENT.secret, cookieSecret: COOKIE_SECRET } })
  t.equal(await check(loaded, { live: true, write: text => { out += text } }), 1)
  t.match(out, new RegExp(`wrong +redirect URI +the provider refuses ${origin}; register exactly this there`))
})
