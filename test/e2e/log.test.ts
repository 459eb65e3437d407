// Somebody signs in, and everything goes wrong that can, at the most talkative level: of no secret a piece is anywhere that people read.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { oauthSecret } from '../../src/cli/oauth-secret.ts'
import { outside } from '../../src/outside.ts'
import { createSeal } from '../../src/session/seal.ts'
import { runCommand } from '../cli/run-command.ts'
import { startApp, startGate, type LogLine } from '../fixtures/gate.ts'
import { onlyInCi } from '../fixtures/lacking.ts'
import { everybody } from '../fixtures/people.ts'
import { startRedis } from '../fixtures/redis.ts'
import { secretsIn } from '../fixtures/secrets.ts'
import { serveGate, type Served, type ServeOptions } from '../fixtures/served.ts'
import { Visitor, type Answer } from '../fixtures/visitor.ts'

/** With all that an encoder would change. */
const CLIENT_SECRET = 'hush "the" client+secret/of %41 & \\ <u> the tests'
const STORE_PASSWORD = 'st0re:pass/word@with#signs-and-more'
const [KEY, COOKIE_SECRET] = [oauthSecret(outside), oauthSecret(outside)]
const CLIENT = { id: 'gate', secret: CLIENT_SECRET, redirectUris: [] }
const settled: Readonly<Record<string, string>> = { 'the client secret': CLIENT_SECRET, 'the cookie secret': COOKIE_SECRET, 'the encryption key': KEY, 'the password of the store': STORE_PASSWORD }
/** A query goes back to who has asked, as the way to return, and nowhere else. */
const QUERY = 'secret-search-term-of-ada'
const TYPED = { 'a password that was wrong': 'wr0ng-password-of-ada', 'a password in the field for names': 'hunter2-in-the-wrong-field', 'a stray code': 'stray-code-of-somebody', 'a header': 'bearer-of-a-script-12345' }

/** A visitor who keeps what the gate has answered, but for what carries secrets by its nature: its cookies, and the way to the provider and back. */
class Listening extends Visitor {
  readonly answers: string[] = []
  readonly #origin: string
  constructor (origin: string) {
    super()
    this.#origin = origin
  }

  override async ask (address: string, more: Parameters<Visitor['ask']>[1] = {}): Promise<Answer> {
    const answer = await super.ask(address, more)
    const isOurs = address.startsWith(this.#origin) && answer.headers['x-oauth-gate'] !== undefined
    if (isOurs) this.answers.push(JSON.stringify({ ...answer.headers, 'set-cookie': [], location: locationOf(answer, this.#origin) }), answer.body.replace(/name="state" value="[^"]*"/, ''))
    return answer
  }

  /** The values of all cookies that it has, or had. */
  values (): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.cookies.values()].flatMap(jar => [...jar.values()]).filter(({ value }) => value.length > 15).map(({ name, value }) => [`the cookie ${name}`, value]))
  }
}

/** The state and what belongs to it are for the provider; nothing else of ours is in any address. */
function locationOf ({ location }: Answer, origin: string): string {
  const url = location === '' ? undefined : new URL(location, origin)
  for (const name of ['state', 'nonce', 'code_challenge', 'post_logout_redirect_uri', 'rd']) url?.searchParams.delete(name)
  return url?.href ?? ''
}

/** What is sealed in those cookies: tokens, and the id by which a session is known. */
function opened (values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const seal = createSeal([Buffer.from(KEY, 'base64url')], outside)
  const texts = Object.values(values).map(value => seal.open(value)?.toString() ?? '')
  return Object.fromEntries(texts.flatMap(text => [...text.matchAll(/"([\w.~+/=-]{22,})"/g)].map(([, token = '']) => [`a token ${token.slice(0, 4)}`, token] as const)))
}

/** What travelled in addresses: each is good once, and some are never used. */
function travelled (visitor: Visitor): Readonly<Record<string, string>> {
  const values = visitor.seen.flatMap(address => ['code', 'state', 'nonce', 'code_challenge'].map(name => [`${name} of an address`, new URL(address).searchParams.get(name) ?? ''] as const))
  return Object.fromEntries(values.filter(([, value]) => value.length > 15).map(([name, value], index) => [`${name} ${index}`, value]))
}

async function serveAll (t: Test, { settings = {}, ...more }: ServeOptions = {}): Promise<Served> {
  return await serveGate(t, {
    ...more, provider: { clients: [CLIENT], ...more.provider },
    settings: { oauth_secret: CLIENT_SECRET, cookie_secret: COOKIE_SECRET, oauth_encryption_key: KEY, log_level: 'trace', pass_access_token: true, pass_authorization_header: true, ...settings }
  })
}

function noSecretIn (t: Test, where: Readonly<Record<string, string>>, secrets: Readonly<Record<string, string>>): void {
  for (const [place, text] of Object.entries(where)) t.strictSame(secretsIn(text, secrets), [], place)
}

/** A whole sign-in, what may go wrong about it, and the end. */
async function walk (t: Test, gate: Served): Promise<{ readonly visitor: Listening, readonly kept: Readonly<Record<string, string>> }> {
  const visitor = new Listening(gate.origin)
  const page = await visitor.signIn(`${gate.origin}/page?term=${QUERY}`, 'ada')
  t.equal(page.status, 200)
  const kept = visitor.values()
  const callback = visitor.seen.find(address => address.includes('code=')) ?? ''
  await visitor.navigate(callback)
  for (const path of [`/oauth2/callback?code=${TYPED['a stray code']}&state=stray`, '/oauth2/userinfo', '/oauth2/sign_in', `/oauth2/nothing?token=${QUERY}`, `/?code=${TYPED['a stray code']}&state=${new URL(callback).searchParams.get('state')}`]) await visitor.navigate(gate.origin + path)
  await new Listening(gate.origin).navigate(callback)
  await visitor.ask(`${gate.origin}/data`, { headers: { authorization: `Bearer ${TYPED['a header']}`, cookie: `theirs=${TYPED['a header']}` } })
  await visitor.navigate(`${gate.origin}/page`, { form: { password: TYPED['a password that was wrong'] } })
  await visitor.ask(`${gate.origin}/`, { method: 'TRACE', headers: { 'x-token': TYPED['a header'] } })
  await visitor.ask(`${gate.origin}/oauth2/backchannel-logout`, { form: { logout_token: TYPED['a header'] } })
  return { visitor, kept }
}

t.test('nothing secret is in a URL, on a page, or in the log of a whole sign-in at the most talkative level', async t => {
  t.setTimeout(120_000)
  const redis = await startRedis(t, ['--requirepass', STORE_PASSWORD])
  if (redis === null) return
  const store = `redis://:${encodeURIComponent(STORE_PASSWORD)}@127.0.0.1:${redis.port}`
  const gate = await serveAll(t, { settings: { revocation_store: store, oauth_refresh_tokens: true, header: 'X-WEBAUTH-USER=login' }, provider: { refreshTokens: true, accessTokenLife: 8 } })
  t.match(gate.said(), /Redirect URI {3}http.*\n[^]*Who may enter\s+Anyone with an account/)
  const { visitor, kept } = await walk(t, gate)
  const asks = async (until: string) => { // tokens grow old by the real clock
    for (let tries = 0; tries < 200 && gate.log(until).length === 0; tries++) {
      await visitor.navigate(`${gate.origin}/page`)
      await sleep(200)
    }
    t.not(gate.log(until).length, 0, until)
  }
  await asks('session.refreshed')
  const renewed = visitor.values()
  gate.change({ cookie_secret: COOKIE_SECRET, revocation_store: store, oauth_secret: CLIENT_SECRET, oauth_encryption_key: `${KEY}x`, log_level: 'trace', oauth_expiry_days: CLIENT_SECRET, nonsense: CLIENT_SECRET })
  await gate.next('config.refused', () => gate.kill('SIGHUP')).catch(() => t.fail(gate.said().slice(-500)))
  await gate.provider.close()
  await asks('session.refresh_failed')
  const argv = readFileSync(`/proc/${gate.pid}/cmdline`, 'utf8')
  await visitor.ask(`${gate.origin}/oauth2/sign_out`, { method: 'POST' })
  gate.kill('SIGTERM')
  t.strictSame(await gate.ended, [0, null], 'SIGTERM ends it cleanly')

  const tokens = { ...opened(kept), ...opened(renewed) }
  t.ok(Object.keys(tokens).length >= 6, `${Object.keys(tokens).length} tokens: access, refresh and id_token, before and after`)
  const secrets = { ...settled, ...TYPED, ...kept, ...renewed, ...visitor.values(), ...travelled(visitor), ...tokens, 'any JWT': 'eyJhbGciOi', 'any seal': 'gAAAAABq' }
  const ours = visitor.seen.filter(address => address.startsWith(gate.origin)).map(address => address.replace(/\?(?:code|term|token)=.*$/, ''))
  noSecretIn(t, { 'the log': gate.said() }, { query: QUERY })
  noSecretIn(t, { 'the log': gate.said(), 'what the gate answered': visitor.answers.join('\n'), addresses: ours.join('\n'), 'the list of processes': argv }, secrets)
  t.match(gate.said(), /"event":"login.succeeded","provider":"oidc","subject":"demo-ada"/)
  t.ok(visitor.answers.length > 15 && gate.log().length > 30, `${gate.log().length} lines`)
})

t.test('nothing secret is in a log that people read, of two workers, and of a gate that knows the passwords itself', onlyInCi('two workers, and another gate'), async t => {
  t.setTimeout(120_000)
  const gate = await serveAll(t, { workers: 2, settings: { log_format: 'pretty' } })
  const { visitor, kept } = await walk(t, gate)
  gate.change({ oauth_secret: CLIENT_SECRET, cookie_secret: 'sh0rt-and-wrong', oauth_expiry_days: CLIENT_SECRET })
  gate.kill('SIGHUP')
  const titles = [gate.pid, ...gate.children()].map(pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).join('\n')
  for (let tries = 0; tries < 200 && !gate.said().includes('config.refused'); tries++) await sleep(50)
  gate.kill('SIGTERM')
  await gate.ended
  noSecretIn(t, { 'the log': gate.said(), 'what the gate answered': visitor.answers.join('\n'), 'the list of processes': titles }, { ...settled, ...TYPED, ...kept, ...travelled(visitor), 'another cookie secret': 'sh0rt-and-wrong', 'any JWT': 'eyJhbGciOi' })
})

t.test('what is typed into a form of ours is in no log and on no page, whoever knows the passwords', async t => {
  const right = 'the-right-passw0rd-of-ada'
  const people = everybody.map(person => person.login === 'ada' ? { ...person, login: right } : person)
  for (const settings of [{ basicAuth: right }, undefined]) {
    const log: LogLine[] = []
    const { origin } = await startGate(t, {
      log, provider: { people },
      settings: ({ provider: { endpoints } }) => ({ logLevel: 'trace', oauthIssuer: undefined, ...settings === undefined ? { oauthProvider: 'password', oauthKey: 'public', oauthSecret: undefined, oauthTokenUrl: endpoints.token, oauthUserUrl: endpoints.userinfo } : { oauthProvider: undefined, oauthKey: undefined, oauthSecret: undefined, ...settings } })
    })
    const visitor = new Listening(origin)
    const state = /name="state" value="([^"]+)"/.exec((await visitor.follow(`${origin}/page`)).body)?.[1] ?? ''
    const typed = async (username: string, password: string) => await visitor.navigate(`${origin}/oauth2/sign_in`, { form: { state, username, password }, headers: { origin } })
    t.equal((await typed('ada', TYPED['a password that was wrong'])).status, 401)
    t.ok([401, 303].includes((await typed(TYPED['a password in the field for names'], 'x')).status))
    t.equal((await typed(settings === undefined ? right : 'ada', right)).status, 303) // to the test's provider the password is the name
    await visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST' })
    noSecretIn(t, { 'the log': JSON.stringify(log) }, TYPED)
    noSecretIn(t, { 'the log': JSON.stringify(log), 'what the gate answered': visitor.answers.join('\n') }, { 'a password that was wrong': TYPED['a password that was wrong'], 'the state': state, ...settings !== undefined && { 'the right password': right }, ...visitor.values() })
  }
})

t.test('no command, right or wrong, prints a secret that it was given, wherever that was put', async t => {
  const app = await startApp(t)
  const good: Record<string, string> = { OAUTH_GATE_UPSTREAM: app.url, OAUTH_GATE_OAUTH_PROVIDER: 'oidc', OAUTH_GATE_OAUTH_ISSUER: 'http://127.0.0.1:9', OAUTH_GATE_OAUTH_KEY: 'id', OAUTH_GATE_OAUTH_SECRET: CLIENT_SECRET, OAUTH_GATE_COOKIE_SECRET: COOKIE_SECRET, OAUTH_GATE_OAUTH_ENCRYPTION_KEY: KEY, OAUTH_GATE_SESSION_STORE: `redis://:${encodeURIComponent(STORE_PASSWORD)}@127.0.0.1:1` }
  const lines: readonly (readonly [argv: readonly string[], env?: Record<string, string>])[] = [
    [['check']], [['check', '--live']], [['providers', 'oidc']], [['explain', '--claims={"sub":"1"}']], [['healthcheck']],
    [['check', `--oauth-secret=${CLIENT_SECRET}`]], [['check', '--oauth-secret', CLIENT_SECRET, CLIENT_SECRET]], [['check', `--oauth-secret-file=${CLIENT_SECRET}`]], [['check', `--port=${CLIENT_SECRET}`]],
    [['check', `--oauth-secrt=${CLIENT_SECRET}`]], [['serve'], { OAUTH_GATE_OAUTH_ENCRYPTION_KEY: CLIENT_SECRET }], [['check'], { OAUTH_GATE_SESSION_STORE: `redis://${STORE_PASSWORD}@127.0.0.1` }], [['check'], { PANEL_OAUTH_SECRET: `${CLIENT_SECRET}!` }], [['check'], { OAUTH_GATE_COOKIE_SECRT: CLIENT_SECRET }],
    [['serve', '--port=1', '--address=203.0.113.1']]
  ]
  for (const [argv, env] of lines) {
    const isOurs = argv.some(word => word.startsWith('--port=') && word.includes(CLIENT_SECRET)) || argv.some(word => word.startsWith('--oauth-secret-file='))
    if (isOurs) continue // a port and the name of a file are quoted: neither is a place for secrets
    const { out, err } = await runCommand([...argv], { ...good, ...env })
    noSecretIn(t, { [argv.join(' ').slice(0, 20)]: out + err }, settled)
  }
})
