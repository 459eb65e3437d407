import t, { type Test } from 'tap'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { healthcheck } from '../../src/cli/healthcheck.ts'
import { freePort, startGate, type LogLine, type Running } from '../fixtures/gate.ts'
import { isCi } from '../fixtures/lacking.ts'
import { startRedis, type TestRedis } from '../fixtures/redis.ts'
import { signOut, startSibling, userIn } from '../fixtures/siblings.ts'
import { cookiesOf, Visitor } from '../fixtures/visitor.ts'

const pass = (milliseconds: number) => new Promise<void>(resolve => { setTimeout(resolve, milliseconds) })

/** Asks until the answer is as it shall be, which has to be soon. */
async function until (t: Test, milliseconds: number, ask: () => Promise<unknown>, wanted: unknown): Promise<void> {
  const start = performance.now()
  for (let found = await ask(); found !== wanted; found = await ask()) {
    if (performance.now() - start > milliseconds) return void t.equal(found, wanted, `within ${milliseconds} ms`)
    await pass(20)
  }
  t.pass(`after ${Math.round(performance.now() - start)} ms`)
}

/** The gate's clock goes as the real one does. */
function letTimePass (t: Test, ...gates: readonly Running[]): void {
  const timer = setInterval(() => { for (const { outside } of gates) outside.time = Date.now() }, 20)
  t.teardown(() => { clearInterval(timer) })
}

t.test('with sessions in a Redis the cookie is small, and what is kept there says nothing', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const { origin, app } = await startGate(t, { settings: { sessionStore: redis.url, passAccessToken: true } })
  const visitor = new Visitor()
  t.match(await visitor.signIn(`${origin}/`, 'ada'), { status: 200 })
  t.match(app.received.at(-1)?.headers, { 'x-forwarded-user': 'ada@example.com' })
  const token = String(app.received.at(-1)?.headers['x-forwarded-access-token'])
  t.ok(token.length > 10)
  const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].find(({ name }) => !name.endsWith('-arrived'))
  const bytes = `${cookie?.name}=${cookie?.value}`.length
  t.comment(`the session cookie has ${bytes} bytes`)
  t.ok(bytes < 1024)
  const keys = (await redis.cli('KEYS', '*')).split('\n')
  const key = keys.find(key => /^oauth-gate:.*:session:/.test(key)) ?? ''
  t.match(keys.filter(other => other !== key).toSorted(), [/^oauth-gate:login:/, 'oauth-gate:turns'], 'beside it only that a login has ended, and that the store has not been emptied')
  const record = await redis.cli('GET', key)
  const plain = [record, ...record.split('.')].map(text => text + Buffer.from(text, 'base64url').toString('latin1')).join()
  t.ok(record.length > 100)
  // Three letters alone stand by chance in what is sealed.
  t.notMatch(plain + keys.join(), /"ada|ada@|example|lovelace/i)
  t.notOk(plain.includes(token))
  t.ok(Number(await redis.cli('PTTL', key)) > 86_000_000, 'for as long as the session')
})

t.test('who signs in at one gate is signed in at the other, and who signs out at one has signed out at both', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  for (const [where, settings] of [['sessions in Redis', { sessionStore: redis.url }], ['sessions in cookies', { revocationStore: redis.url }]] as const) {
    await t.test(where, async t => {
      const one = await startGate(t, { settings: { cookieName: 'site', ...settings } })
      const other = await startSibling(t, one, settings)
      const [ada, ben, thief] = [new Visitor(), new Visitor(), new Visitor()]
      await ada.signIn(`${one.origin}/`, 'ada')
      await ben.signIn(`${one.origin}/`, 'ben')
      const copy = { headers: { cookie: cookiesOf(ada) } }
      t.equal(userIn(await thief.ask(`${other.origin}/`, copy)), 'ada@example.com')
      t.equal(userIn(await ben.ask(`${other.origin}/`)), 'ben@example.com')
      t.match(await signOut(ada, one.origin), { status: 200 })
      t.equal(userIn(await thief.ask(`${one.origin}/`, copy)), 401)
      await until(t, 200, async () => userIn(await thief.ask(`${other.origin}/`, copy)), 401)
      t.equal(userIn(await ben.ask(`${other.origin}/`)), 'ben@example.com', 'and nobody else')
      const later = await startSibling(t, one, settings)
      t.equal(userIn(await thief.ask(`${later.origin}/`, copy)), 401, 'a gate that starts afterwards knows')
      t.equal(userIn(await ben.ask(`${later.origin}/`)), 'ben@example.com')
      const stranger = await startGate(t, { app: one.app, settings: { cookieName: 'site', ...settings } })
      t.equal(userIn(await ben.ask(`${stranger.origin}/`)), 401, 'a gate of another provider on the same Redis lets in none of them')
    })
  }
})

t.test('a record that was altered, or put in another’s place, opens nothing', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const gate = await startGate(t, { settings: { sessionStore: redis.url } })
  const people = new Map([['ada', new Visitor()], ['ben', new Visitor()]])
  const keys: string[] = []
  for (const [login, visitor] of people) {
    await visitor.signIn(`${gate.origin}/`, login)
    keys.push(...(await redis.cli('KEYS', '*:session:*')).split('\n').filter(key => !keys.includes(key)))
  }
  const asked = async () => {
    gate.outside.advance(1100) // older than what counts unasked
    return await Promise.all([...people.values()].map(async visitor => userIn(await visitor.ask(`${gate.origin}/`))))
  }
  const records = [await redis.cli('GET', keys[0] as string), await redis.cli('GET', keys[1] as string)] as const
  const put = (one: string, other: string) => Promise.all([redis.cli('SET', keys[0] as string, one, 'KEEPTTL'), redis.cli('SET', keys[1] as string, other, 'KEEPTTL')])
  t.strictSame(await asked(), ['ada@example.com', 'ben@example.com'])
  await put(records[1], records[0])
  t.strictSame(await asked(), [401, 401], 'swapped')
  const altered = (record: string) => `${record.slice(0, 60)}${record[60] === 'A' ? 'B' : 'A'}${record.slice(61)}`
  await put(altered(records[0]), '')
  t.strictSame(await asked(), [401, 401], 'altered, or empty')
  await put(...records)
  t.strictSame(await asked(), ['ada@example.com', 'ben@example.com'], 'and that was the reason')
})

t.test('a ticket that somebody else has put into a browser never becomes that person’s session', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const gate = await startGate(t, { settings: { sessionStore: redis.url, cookieName: 'site' } })
  const [attacker, victim] = [new Visitor(), new Visitor()]
  await attacker.signIn(`${gate.origin}/`, 'ada')
  const planted = cookiesOf(attacker)
  victim.cookies.set('127.0.0.1', new Map(attacker.cookies.get('127.0.0.1')))
  t.match(await victim.signIn(`${gate.origin}/oauth2/start?rd=%2F&prompt=login`, 'ben'), { status: 200 })
  t.equal(userIn(await victim.ask(`${gate.origin}/`)), 'ben@example.com')
  t.not(cookiesOf(victim), planted, 'a new id and a new key')
  gate.outside.advance(1100)
  const theirs = userIn(await new Visitor().ask(`${gate.origin}/`, { headers: { cookie: planted } }))
  t.ok(theirs === 401 || theirs === 'ada@example.com', 'what was planted is worth what it was, or nothing')
  t.equal(userIn(await victim.ask(`${gate.origin}/`)), 'ben@example.com')
})

async function upgrade (origin: string, cookie: string): Promise<number> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { headers: { cookie, origin } })
  socket.on('error', () => {})
  const [, response] = await once(socket, 'unexpected-response') as [unknown, { statusCode: number }]
  socket.terminate()
  return response.statusCode
}

t.test('a Redis that stands still signs nobody out, takes nobody for somebody else, and is used again by itself', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const log: LogLine[] = []
  const gate = await startGate(t, { log, settings: { sessionStore: redis.url, rules: [{ path: '/public', allow: 'public' }, { path: '/news', allow: 'optional' }, { path: '/', allow: 'signed-in' }] } })
  letTimePass(t, gate)
  const logins = ['ada', 'ben', 'ada', 'ben']
  const people = await Promise.all(logins.map(async login => {
    const visitor = new Visitor()
    await visitor.signIn(`${gate.origin}/`, login)
    return { login, visitor, before: cookiesOf(visitor) }
  }))
  const counts = { own: 0, unavailable: 0, other: 0 }
  const ask = async ({ login, visitor }: typeof people[number]) => {
    const answer = await visitor.ask(`${gate.origin}/`)
    if (userIn(answer) === `${login}@example.com`) counts.own++
    else if (answer.status === 503 && answer.headers['retry-after'] === '5' && answer.headers['x-oauth-gate'] === 'GATE_STORE_UNAVAILABLE' && answer.setCookies.length === 0) counts.unavailable++
    else counts.other++
  }
  let running = true
  const trickle = Promise.all(people.map(async person => {
    while (running) {
      await ask(person)
      await pass(50)
    }
  }))
  await pass(500)
  redis.freeze()
  await pass(2500)
  const { visitor } = people[0] as typeof people[number]
  const lines = log.length
  await t.test('meanwhile', async t => {
    t.equal((await new Visitor().ask(`${gate.origin}/ping`)).status, 200)
    t.match(await new Visitor().ask(`${gate.origin}/ready`), { status: 503, headers: { 'x-oauth-gate': 'GATE_STORE_UNAVAILABLE' } })
    t.match(await visitor.navigate(`${gate.origin}/page`), { status: 503, headers: { 'retry-after': '20', refresh: '20' }, setCookies: [], body: /cannot be looked up right now/ })
    t.equal(userIn(await visitor.ask(`${gate.origin}/public`)), undefined, 'what is open to everybody is open, and the app is told of nobody')
    t.equal(userIn(await visitor.ask(`${gate.origin}/news`)), 503, 'what tells the app who is signed in does not say that nobody is')
    t.equal(userIn(await new Visitor().ask(`${gate.origin}/news`)), undefined, 'to who brings no session it does')
    t.equal((await visitor.ask(`${gate.origin}/oauth2/userinfo`)).status, 503)
    t.match(await signOut(visitor, gate.origin), { status: 503, setCookies: [] }, 'a sign-out that cannot be kept is not said to be one')
    t.match(await visitor.navigate(`${gate.origin}/oauth2/sign_in`), { status: 503 })
    t.equal(await upgrade(gate.origin, cookiesOf(visitor)), 503)
    t.match(await new Visitor().navigate(`${gate.origin}/`), { status: 302 }, 'who has no session is asked to sign in')
  })
  t.ok(log.length > lines)
  await pass(isCi ? 7_500 : 500)
  redis.thaw()
  await until(t, 5000, async () => (await new Visitor().ask(`${gate.origin}/ready`)).status, 200)
  await pass(500)
  running = false
  await trickle
  const { own, unavailable, other } = counts
  t.comment(`${own} pages, ${unavailable} times 503`)
  t.equal(other, 0)
  t.ok(own > 10 && unavailable > 10)
  for (const { login, visitor, before } of people) {
    t.equal(userIn(await visitor.ask(`${gate.origin}/`)), `${login}@example.com`)
    t.equal(cookiesOf(visitor), before)
  }
  t.strictSame(log.map(({ event }) => event).filter(event => String(event).startsWith('store.')), ['store.lost', 'store.back'], 'one line each')
})

t.test('a Redis that is not there at start is said, and used once it is', async t => {
  const port = await freePort()
  const gate = await startGate(t, { settings: { sessionStore: `redis://127.0.0.1:${port}`, cookieName: 'site' } })
  letTimePass(t, gate)
  const visitor = new Visitor()
  t.match(await visitor.navigate(`${gate.origin}/`), { status: 302 })
  t.equal((await visitor.ask(`${gate.origin}/ready`)).status, 503)
  const at = { address: '127.0.0.1', port: Number(new URL(gate.origin).port), readyPath: '/ready', sslCertfile: undefined }
  let said = ''
  t.equal(await healthcheck(at, text => { said += text }), 1)
  t.match(said, /\/ready answers 503/)
  t.match(await visitor.signIn(`${gate.origin}/`, 'ada'), { status: 503 }, 'nobody can sign in yet')
  t.notOk(cookiesOf(visitor).includes('site='))
  const redis = await startRedis(t, [], port)
  if (redis === null) return
  await until(t, 5000, async () => (await visitor.ask(`${gate.origin}/ready`)).status, 200)
  t.equal(await healthcheck(at), 0)
  await visitor.signIn(`${gate.origin}/`, 'ada')
  t.equal(userIn(await visitor.ask(`${gate.origin}/`)), 'ada@example.com')
})

t.test('as long as nobody knows who signed out elsewhere, sessions in cookies do not count, and are kept', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const settings = { revocationStore: redis.url }
  const gate = await startGate(t, { settings: { cookieName: 'site', ...settings } })
  const other = await startSibling(t, gate, settings)
  const [ada, ben] = [new Visitor(), new Visitor()]
  await ada.signIn(`${gate.origin}/`, 'ada')
  await ben.signIn(`${gate.origin}/`, 'ben')
  const copy = { headers: { cookie: cookiesOf(ada) } }
  const asked = async () => userIn(await new Visitor().ask(`${other.origin}/`, copy))
  t.equal(await asked(), 'ada@example.com')
  await loseListeners(redis)
  t.equal(await asked(), 503, 'at once')
  t.match(await ben.ask(`${other.origin}/`), { status: 503, setCookies: [] })
  await until(t, 4000, asked, 'ada@example.com')
  redis.freeze()
  await until(t, 4000, asked, 503)
  redis.thaw()
  await until(t, 5000, asked, 'ada@example.com')
  await signOut(ada, gate.origin)
  await until(t, 500, asked, 401)
  t.equal(userIn(await ben.ask(`${other.origin}/`)), 'ben@example.com')
})

t.test('a crash by one request: whose idle session cannot be asked about, since the Redis stands still, is told so, and the process goes on', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const gate = await startGate(t, { settings: { revocationStore: redis.url, sessionIdle: '30m' } })
  const visitor = new Visitor()
  await visitor.signIn(`${gate.origin}/`, 'ada')
  const rejected: unknown[] = []
  const note = (reason: unknown) => { rejected.push(reason) }
  process.on('unhandledRejection', note)
  t.teardown(() => { process.off('unhandledRejection', note) })
  redis.freeze()
  gate.outside.advance(31 * 60_000)
  t.match(await visitor.ask(`${gate.origin}/`), { status: 503, headers: { 'x-oauth-gate': 'GATE_STORE_UNAVAILABLE' } })
  t.strictSame(rejected, [], 'nothing that nobody waits for, which would end a process')
  redis.thaw()
})

/** What a network does that forgets a connection: here it is closed, and cannot be opened for a moment. */
async function loseListeners (redis: TestRedis): Promise<void> {
  await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
}
