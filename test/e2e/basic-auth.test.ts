import { bcrypt } from 'hash-wasm'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { createServer } from 'node:http'
import { file } from '../config/setup.ts'
import { COOKIE_SECRET, startGate, type GateSetup, type LogLine, type Running } from '../fixtures/gate.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor, type Answer } from '../fixtures/visitor.ts'
import { ARGON2, BCRYPT, PASSWORD } from '../fixtures/passwords.ts'
import type { Settings } from '../../src/config/options.ts'

const withoutProvider = { oauthProvider: undefined, oauthIssuer: undefined, oauthKey: undefined, oauthSecret: undefined } satisfies Settings

async function startBasic (t: Test, basicAuth: string, { settings = {}, ...setup }: Omit<GateSetup, 'settings'> & { readonly settings?: Settings } = {}): Promise<Running> {
  return await startGate(t, { ...setup, settings: { ...withoutProvider, basicAuth, ...settings } })
}

interface Typed { readonly username: string, readonly password: string }

async function send (origin: string, visitor: Visitor, typed: Typed, path = '/dash?x=1&y=2'): Promise<Answer> {
  const { body } = await visitor.follow(origin + path)
  const state = /name="state" value="([^"]+)"/.exec(body)?.[1] ?? ''
  return await visitor.navigate(`${origin}/oauth2/sign_in`, { form: { state, ...typed } })
}

/** Waits for what a watched file brings about. */
async function until (what: () => Promise<boolean> | boolean): Promise<boolean> {
  for (let count = 0; count < 60; count++) {
    if (await what()) return true
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  return false
}

t.test('checklist 48: one password lets in whoever knows it, under the name they type; a wrong one gets the form again with 401', async t => {
  const { origin, app } = await startBasic(t, 'SeCret-of-all')
  const visitor = new Visitor()
  const form = await visitor.follow(`${origin}/dash?x=1&y=2`)
  t.match(form, { status: 200, body: /type="password"/ })
  for (const password of ['secret-of-all', 'SeCret-of-al', 'SeCret-of-all ', '']) {
    t.match(await send(origin, visitor, { username: 'ada', password }), { status: 401, headers: { 'x-oauth-gate': 'GATE_PASSWORD_REFUSED' }, body: /name or password is not right[^]*value="ada"/ }, password)
  }
  t.equal((await visitor.ask(`${origin}/dash`)).status, 401)
  t.strictSame(app.received, [], 'nothing has reached the app')
  t.match(await send(origin, visitor, { username: ' Ada L ', password: 'SeCret-of-all' }), { status: 303, location: '/dash?x=1&y=2' })
  t.equal((await visitor.ask(`${origin}/dash`)).status, 200)
  t.match(app.received.at(-1)?.headers, { 'x-forwarded-user': 'Ada L', 'x-forwarded-preferred-username': 'Ada L', 'x-forwarded-provider': 'basic' })
  t.notOk(Object.keys(app.received.at(-1)?.headers ?? {}).some(name => /email|groups/.test(name)))
  t.match(JSON.parse((await visitor.ask(`${origin}/oauth2/userinfo`)).body), { provider: 'basic', subject: 'Ada L', user: 'Ada L', login: 'Ada L', groups: [] })
})

t.test('checklist 48: the people of a file, each by their own password, plain or hashed, and nobody else', async t => {
  const path = file(t, 'users.json', JSON.stringify({ ada: 'ada-and-lovelace', ben: BCRYPT, cleo: ARGON2, 'jürgen@b.com': 'mixed-CASE-1' }))
  const { origin, app } = await startBasic(t, path)
  for (const [username, password] of [['ada', PASSWORD], ['ben', 'ada-and-lovelace'], ['Ada', 'ada-and-lovelace'], ['eve', 'ada-and-lovelace'], ['eve', PASSWORD], ['ben', BCRYPT], ['cleo', ARGON2], ['cleo', 'ada-and-lovelace'], ['cleo', `${PASSWORD} `], ['__proto__', 'x'], ['jürgen@b.com', 'mixed-case-1']] as const) {
    t.equal((await send(origin, new Visitor(), { username, password })).status, 401, username)
  }
  t.equal(app.received.length, 0)
  for (const [username, password] of [['ada', 'ada-and-lovelace'], ['ben', PASSWORD], ['cleo', PASSWORD], ['jürgen@b.com', 'mixed-CASE-1']] as const) {
    const visitor = new Visitor()
    t.match(await send(origin, visitor, { username, password }), { status: 303, location: '/dash?x=1&y=2' }, username)
    t.match(JSON.parse((await visitor.ask(`${origin}/oauth2/userinfo`)).body), { user: username })
  }
})

t.test('a name that no header and no log can carry is refused, whoever knows the password', async t => {
  const { origin, app } = await startBasic(t, 'SeCret-of-all')
  for (const username of ['a\nb', 'a\u0000b', 'n'.repeat(257), '   ']) t.equal((await send(origin, new Visitor(), { username, password: 'SeCret-of-all' })).status, 401)
  t.equal(app.received.length, 0)
})

t.test('login CSRF: a form without this browser’s state, from elsewhere, or larger than a form is, signs nobody in', async t => {
  const { origin } = await startBasic(t, 'SeCret-of-all')
  const visitor = new Visitor()
  const { body } = await visitor.follow(`${origin}/`)
  const state = /name="state" value="([^"]+)"/.exec(body)?.[1] ?? ''
  const form = { state, username: 'ada', password: 'SeCret-of-all' }
  const to = `${origin}/oauth2/sign_in`
  t.equal((await new Visitor().navigate(to, { form })).status, 403)
  t.equal((await visitor.navigate(to, { form, headers: { origin: 'https://evil.example' } })).status, 403)
  t.equal((await visitor.navigate(to, { form: { ...form, username: 'n'.repeat(17_000) } })).status, 400)
  t.equal((await visitor.ask(`${origin}/`)).status, 401)
  t.equal((await visitor.navigate(to, { form })).status, 303)
})

t.test('brute force: one name is throttled after ten tries, and the right password does not help then', async t => {
  const { origin } = await startBasic(t, file(t, 'users.json', '{"ada": "ada-and-lovelace", "ben": "ben-and-benjamin"}'))
  const statuses: number[] = []
  for (let count = 0; count < 11; count++) statuses.push((await send(origin, new Visitor(), { username: ['ada', 'ADA', ' ada '][count % 3] ?? '', password: 'x' })).status)
  t.strictSame(statuses, [...Array.from({ length: 10 }, () => 401), 429])
  t.equal((await send(origin, new Visitor(), { username: 'ada', password: 'ada-and-lovelace' })).status, 429)
  t.equal((await send(origin, new Visitor(), { username: 'ben', password: 'ben-and-benjamin' })).status, 303, 'while others sign in')
})

t.test('brute force: the one password is throttled over all, whatever names and addresses try it', { timeout: 60_000 }, async t => {
  const { origin } = await startBasic(t, 'SeCret-of-all', { settings: { trustedProxy: ['127.0.0.1'] } })
  const visitor = new Visitor()
  const { body } = await visitor.follow(`${origin}/`)
  const state = /name="state" value="([^"]+)"/.exec(body)?.[1] ?? ''
  const attempt = async (count: number, password: string) => (await visitor.navigate(`${origin}/oauth2/sign_in`, { form: { state, username: `name-${count}`, password }, headers: { 'x-forwarded-for': `10.0.${count >> 8}.${count & 255}` } })).status
  for (let count = 0; count < 300; count += 20) t.strictSame(await Promise.all(Array.from({ length: 20 }, (_, index) => attempt(count + index, 'x'))), Array.from({ length: 20 }, () => 401))
  t.equal(await attempt(300, 'SeCret-of-all'), 429)
})

for (const [network, addressOf] of [['an IPv6 /56', (count: number) => `2001:db8:0:${(count & 255).toString(16)}::1`], ['an IPv4 /24', (count: number) => `203.0.113.${count}`]] as const) {
  t.test(`brute force: who floods the form from one network leaves room in the queue for others: from ${network}`, { timeout: 60_000 }, async t => {
    const users = JSON.stringify({ ada: await bcrypt({ password: PASSWORD, salt: Buffer.alloc(16, 7), costFactor: 11, outputType: 'encoded' }) })
    const { origin } = await startBasic(t, file(t, 'users.json', users), { settings: { trustedProxy: ['127.0.0.1'] } })
    const visitor = new Visitor()
    const { body } = await visitor.follow(`${origin}/`)
    const state = /name="state" value="([^"]+)"/.exec(body)?.[1] ?? ''
    const attempt = async (username: string, password: string, address: string) => (await visitor.navigate(`${origin}/oauth2/sign_in`, { form: { state, username, password }, headers: { 'x-forwarded-for': address } })).status
    const flood = Array.from({ length: 80 }, (_, count) => attempt(`name-${count}`, 'x', addressOf(count)))
    t.equal(await Promise.race(flood), 429, 'the queue has what it takes from them')
    t.equal(await attempt('ada', PASSWORD, '198.51.100.7'), 303)
    const statuses = await Promise.all(flood)
    t.strictSame(new Set(statuses), new Set([401, 429]))
    t.ok(statuses.filter(status => status === 401).length < 12, 'and of theirs few are checked')
  })
}

t.test('brute force: however long the names that are tried, the throttle remembers a few bytes of each', { timeout: 60_000 }, async t => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const { origin } = await startBasic(t, file(t, 'users.json', '{"ada": "ada-and-lovelace"}'), { settings: { trustedProxy: ['127.0.0.1'] } })
  const visitor = new Visitor()
  const { body } = await visitor.follow(`${origin}/`)
  const state = /name="state" value="([^"]+)"/.exec(body)?.[1] ?? ''
  // One character that becomes eighteen (NFKC), as many as a form has room for.
  const attempt = async (count: number) => (await visitor.navigate(`${origin}/oauth2/sign_in`, { form: { state, username: count + '\uFDFA'.repeat(1_700), password: 'x' }, headers: { 'x-forwarded-for': `10.0.${count >> 8}.${count & 255}` } })).status
  const tried = async (from: number, to: number) => { for (let count = from; count < to; count += 20) t.strictSame(await Promise.all(Array.from({ length: 20 }, (_, index) => attempt(count + index))), Array.from({ length: 20 }, () => 401)) }
  await tried(0, 20)
  visitor.seen.length = 0
  collect()
  const before = process.memoryUsage().heapUsed
  await tried(20, 320)
  collect()
  const each = (process.memoryUsage().heapUsed - before) / 300
  t.ok(each < 15_000, `${Math.round(each)} bytes each, of 30,600 characters`)
})

t.test('sessions end when the entry changes: whoever’s password is another or who is gone is out, and nobody else', async t => {
  const path = file(t, 'users.json', JSON.stringify({ ada: 'ada-and-lovelace', ben: 'ben-and-benjamin', cleo: BCRYPT }))
  const log: LogLine[] = []
  const { origin } = await startBasic(t, path, { log })
  const [ada, ben, cleo] = [new Visitor(), new Visitor(), new Visitor()]
  for (const [visitor, username, password] of [[ada, 'ada', 'ada-and-lovelace'], [ben, 'ben', 'ben-and-benjamin'], [cleo, 'cleo', PASSWORD]] as const) t.equal((await send(origin, visitor, { username, password })).status, 303)
  const who = async () => await Promise.all([ada, ben, cleo].map(async visitor => (await visitor.ask(`${origin}/`)).status === 200))
  t.strictSame(await who(), [true, true, true])
  writeFileSync(path, '{"ada": ')
  t.ok(await until(() => log.some(({ event }) => event === 'policy.refused')), 'half a file is said')
  t.strictSame(await who(), [true, true, true], 'and those before stay')
  const next = file(t, 'next.json', JSON.stringify({ ada: 'another-for-ada', cleo: BCRYPT, dora: 'dora-and-explorer' }))
  renameSync(next, path)
  t.ok(await until(async () => !(await who())[0]), 'within a few looks')
  t.strictSame(await who(), [false, false, true])
  t.match(log.find(({ event }) => event === 'policy.reloaded'), { people: 3, added: 1, removed: 1, changed: 1 })
  t.equal((await send(origin, ada, { username: 'ada', password: 'ada-and-lovelace' })).status, 401)
  t.equal((await send(origin, ada, { username: 'ada', password: 'another-for-ada' })).status, 303)
  t.equal((await send(origin, new Visitor(), { username: 'dora', password: 'dora-and-explorer' })).status, 303)
})

t.test('sessions end when the entry changes: an open websocket is closed with its session', async t => {
  const path = file(t, 'users.json', JSON.stringify({ ada: 'ada-and-lovelace', ben: 'ben-and-benjamin' }))
  const server = createServer((_request, response) => { response.end('ok') })
  const sockets = new WebSocketServer({ server })
  const app = { url: await startServer(t, server), received: [] }
  t.teardown(() => { for (const socket of sockets.clients) socket.terminate() })
  const { origin } = await startBasic(t, path, { app })
  const open = async (username: string, password: string) => {
    const visitor = new Visitor()
    t.equal((await send(origin, visitor, { username, password })).status, 303)
    const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { origin, headers: { cookie } })
    await once(socket, 'open')
    return socket
  }
  const [ada, ben] = [await open('ada', 'ada-and-lovelace'), await open('ben', 'ben-and-benjamin')]
  const closed = once(ada, 'close')
  writeFileSync(path, JSON.stringify({ ben: 'ben-and-benjamin' }))
  const began = Date.now()
  t.equal((await closed)[0], 4401)
  t.ok(Date.now() - began < 4_000, `after ${Date.now() - began} ms`)
  t.equal(ben.readyState, WebSocket.OPEN, 'and nobody else’s')
  ben.terminate()
})

t.test('sessions end when the entry changes: after a restart with another password, and with the same they go on', async t => {
  const first = await startBasic(t, 'SeCret-of-all')
  const port = Number(new URL(first.origin).port)
  const visitor = new Visitor()
  t.equal((await send(first.origin, visitor, { username: 'ada', password: 'SeCret-of-all' })).status, 303)
  await first.gate.close()
  const same = await startBasic(t, 'SeCret-of-all', { port })
  t.equal((await visitor.ask(`${same.origin}/`)).status, 200)
  await same.gate.close()
  const hashed = await startBasic(t, file(t, 'users.json', '{"ada": "SeCret-of-all"}'), { port })
  t.equal((await visitor.ask(`${hashed.origin}/`)).status, 401, 'nor does the one password open what ada’s own does')
  await hashed.gate.close()
  const other = await startBasic(t, 'secret-of-all', { port })
  t.equal((await visitor.ask(`${other.origin}/`)).status, 401)
})

t.test('no password, nor a hash of one, is in a log, a page, a cookie or an address', async t => {
  const path = file(t, 'users.json', JSON.stringify({ ada: 'ada-and-lovelace', ben: BCRYPT }))
  const log: LogLine[] = []
  const { origin, app } = await startBasic(t, path, { log, settings: { logLevel: 'trace' } })
  const said: string[] = []
  const visitor = new Visitor()
  for (const [username, password] of [['ada', 'wrong-of-ada'], ['eve', 'wrong-of-eve'], ['ben', PASSWORD], ['ada', 'ada-and-lovelace']] as const) {
    const answer = await send(origin, visitor, { username, password })
    said.push(answer.body, JSON.stringify(answer.headers), (await visitor.ask(`${origin}/`)).body, (await visitor.ask(`${origin}/oauth2/userinfo`)).body)
  }
  t.ok(log.some(({ detail }) => detail === 'the password of ada is another') && log.some(({ detail }) => detail === 'nobody has that name'))
  const all = [...said, JSON.stringify(log), JSON.stringify(app.received), visitor.seen.join()].join('\n')
  for (const secret of ['ada-and-lovelace', 'wrong-of-ada', 'wrong-of-eve', PASSWORD, BCRYPT, BCRYPT.slice(30), hash('sha256', 'ada-and-lovelace'), COOKIE_SECRET]) t.notOk(all.includes(secret), 'not there')
  t.notMatch(JSON.stringify(log), /"eve"/, 'nor a name that nobody has: it may be a password in the wrong field')
})

t.test('signed out, nobody is told that they are still signed in elsewhere, and the session is over', async t => {
  const { origin } = await startBasic(t, 'SeCret-of-all')
  const visitor = new Visitor()
  await send(origin, visitor, { username: 'ada', password: 'SeCret-of-all' })
  const stolen = new Visitor()
  stolen.cookies.set('127.0.0.1', new Map(visitor.cookies.get('127.0.0.1')))
  t.equal((await stolen.ask(`${origin}/`)).status, 200)
  const { body } = await visitor.navigate(`${origin}/oauth2/sign_out`, { form: {}, headers: { origin } })
  t.match(body, /You are signed out[^]*has ended\.<\/p>/)
  t.notMatch(body, /still be signed in/)
  t.equal((await stolen.ask(`${origin}/`)).status, 401, 'for every copy of its cookie')
})

t.test('--basic-login-template: a form as Panel’s template has it posts where it should, and says what was wrong', async t => {
  const template = '<form class="f" action=".{{ login_endpoint }}" method="post"><p>{{ errormessage }}</p><input name="username"><input name="password" type="password"></form>'
  const { origin } = await startBasic(t, 'SeCret-of-all', { settings: { basicLoginTemplate: file(t, 'login.html', template) } })
  const visitor = new Visitor()
  t.match((await visitor.follow(`${origin}/`)).body, /<form class="f"[^>]*method="post">/)
  t.match(await send(origin, visitor, { username: 'ada', password: 'x' }), { status: 401, body: /<p>That name or password is not right\.<\/p>/ })
  t.match(await send(origin, visitor, { username: 'ada', password: 'SeCret-of-all' }), { status: 303, location: '/dash?x=1&y=2' })
})

t.test('a password beside a provider: people choose, and each name has its prefix', async t => {
  const { origin, app } = await startGate(t, {
    settings: ({ provider }) => ({
      ...withoutProvider,
      providers: [
        { id: 'work', oauth_provider: 'oidc', oauth_issuer: provider.issuer, oauth_key: 'public', auth_style: 'none', label: 'Work', user_prefix: 'work:' },
        { id: 'local', basic_auth: 'SeCret-of-all', label: 'the door code', user_prefix: 'local:' }
      ]
    })
  })
  const visitor = new Visitor()
  const choice = await visitor.follow(`${origin}/dash`)
  t.match(choice.body, /Sign in with Work[^]*Sign in with the door code/)
  const link = /href="([^"]*provider=local[^"]*)"/.exec(choice.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const { body } = await visitor.follow(origin + link)
  const state = /name="state" value="([^"]+)"/.exec(body)?.[1] ?? ''
  t.match(await visitor.navigate(`${origin}/oauth2/sign_in`, { form: { state, username: 'ada', password: 'SeCret-of-all' } }), { status: 303, location: '/dash' })
  t.equal((await visitor.ask(`${origin}/`)).status, 200)
  t.match(app.received.at(-1)?.headers, { 'x-forwarded-user': 'local:ada', 'x-forwarded-provider': 'local' })
})
