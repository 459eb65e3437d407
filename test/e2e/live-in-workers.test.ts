// What somebody holds open in each of two workers, and what ends it: each cause there is, and none of what must not. In one process: lifetimes.test.ts.
import { createPrivateKey, randomUUID, type JsonWebKey } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { makeSigningKey } from '../../src/demo/provider-settings.ts'
import { CLIENT, freePort, type LogLine } from '../fixtures/gate.ts'
import { areAlive, heldSocket, holdInEach, untilEnded, workersOf, type Held } from '../fixtures/held.ts'
import { isCi, onlyInCi } from '../fixtures/lacking.ts'
import { createMovedClock, type MovedClock } from '../fixtures/moved-clock.ts'
import { personCalled, type Person } from '../fixtures/people.ts'
import { startBokeh, startJupyter } from '../fixtures/real-apps.ts'
import { startRedis } from '../fixtures/redis.ts'
import { serveGate, type Served, type ServeOptions } from '../fixtures/served.ts'
import { Visitor } from '../fixtures/visitor.ts'

t.setTimeout(300_000)

const SECOND = 1_000
const MINUTE = 60_000
/** Seconds that an access token counts, and milliseconds after which it is renewed. */
const LIFE = 40
const DUE = 31_000
const IDLE = 5 * MINUTE
const LASTS = 18 * MINUTE // an eightieth of a day

const [old, young, younger] = ['o', 'y', 'z'].map(letter => `${Buffer.alloc(32, letter).toString('base64url')}=`) as [string, string, string]
const LISTED = 'ada@example.com\nben@example.com\n'
const ENDS = { websocket: '4401 session_ended', stream: 'cut' }

interface Somebody { readonly visitor: Visitor, readonly held: readonly Held[] }

interface World {
  /** Ends what lasts for longer than one row. */
  readonly t: Test
  readonly gate: Served
  readonly clock: MovedClock
  /** Whom the provider knows, and what it says of them: as it is when it is asked. */
  readonly people: Person[]
  readonly signingKey: Awaited<ReturnType<typeof makeSigningKey>>
  /** Nothing that becomes of anybody else is of any concern to him. */
  ben: Somebody
}

async function start (t: Test, { settings = {}, ...more }: ServeOptions = {}): Promise<World> {
  const world = await serve(t, { settings, ...more })
  return { ...world, ben: await somebody(t, world, 'ben') }
}

async function serve (t: Test, { settings = {}, ...more }: ServeOptions = {}): Promise<Omit<World, 'ben'>> {
  const [clock, people, signingKey] = [createMovedClock(t), ['ada', 'ben'].map(login => saying(login)), await makeSigningKey()]
  const gate = await serveGate(t, {
    workers: 2, env: clock.env, files: { key: old, listed: LISTED },
    provider: { people, signingKey, remembers: false, refreshTokens: true, accessTokenLife: LIFE },
    settings: { oauth_encryption_key_file: 'key', allowed_emails_file: 'listed', oauth_refresh_tokens: true, oauth_expiry_days: LASTS / (24 * 60 * MINUTE), session_idle: `${IDLE / SECOND}s`, ...settings },
    ...more
  })
  gate.provider.setSignOut(CLIENT.id, { backchannelLogoutUri: `${gate.origin}/oauth2/backchannel-logout` })
  return { t, gate, clock, people, signingKey }
}

/** Signs in, and holds a websocket and an event stream open in each worker: this is so, or the test fails. */
async function somebody (t: Test, { gate }: Pick<World, 'gate'>, login: string): Promise<Somebody> {
  const visitor = new Visitor()
  t.equal((await visitor.signIn(`${gate.origin}/`, login)).status, 200)
  const held = await holdInEach(gate, visitor)
  t.teardown(() => { for (const one of held) one.close() })
  for (const kind of ['websocket', 'stream'] as const) t.strictSame(workersOf(held, kind).toSorted(), gate.children().toSorted(), `${login} has a ${kind} in each worker`)
  return { visitor, held }
}

/** Where the session that he has would end as well. */
async function another (world: World): Promise<void> {
  for (const one of world.ben.held) one.close()
  world.ben = await somebody(world.t, world, 'ben')
}

function copyOf (visitor: Visitor): Visitor {
  const copy = new Visitor()
  for (const [host, jar] of visitor.cookies) copy.cookies.set(host, new Map(jar))
  return copy
}

/** When a cause took effect, by `performance.now()`; where each worker sees it by itself, for each. */
type Effect = number | ReadonlyMap<number, number>

interface Row {
  readonly cause: string
  /** What the log says of what was closed. */
  readonly logged: string
  /** What becomes of who asks again, with a copy of the cookie. */
  readonly status: 401 | 403
  /** Where it could not be otherwise by another store, or there is no such thing. */
  readonly onlyWith?: 'cookie'
  readonly before?: (world: World) => void
  readonly happens: (world: World, ada: Somebody, t: Test) => Promise<Effect>
  readonly after?: (world: World) => Promise<void> | void
}

/** The moment before something is done: whatever it takes counts. */
async function from (work: () => Promise<unknown> | void): Promise<number> {
  const began = performance.now()
  await work()
  return began
}

/** When a line was written. */
function momentOf ({ clock }: World, { time }: LogLine): number {
  return performance.now() - (clock.now() - Date.parse(String(time)))
}

async function reload ({ gate }: Pick<World, 'gate'>, work: () => void): Promise<LogLine> {
  return await gate.next('config.reloaded', () => {
    work()
    gate.kill('SIGHUP')
  })
}

/** Each worker follows the file by itself. */
async function list (world: World, content: string): Promise<ReadonlyMap<number, number>> {
  const { gate } = world
  const before = gate.log('policy.reloaded').length
  gate.write('listed', content)
  const lines = () => gate.log('policy.reloaded').slice(before)
  for (const end = performance.now() + 5000; performance.now() < end && lines().length < 2;) await sleep(10)
  return new Map(lines().map(line => [gate.children()[Number(line['worker']) - 1] as number, momentOf(world, line)]))
}

/** The provider has to know from its beginning what it may ever say. */
function saying (login: string, claims: Readonly<Record<string, unknown>> = {}): Person {
  const person = personCalled(login)
  return { ...person, claims: { ...person.claims, session_expiry: undefined, ...claims } }
}

function say ({ people }: World, claims: Readonly<Record<string, unknown>>): void {
  people[0] = saying('ada', claims)
}

const forget = (world: World): void => { say(world, {}) }

const signOut = (gate: Served, visitor: Visitor) => visitor.ask(`${gate.origin}/oauth2/sign_out`, { method: 'POST', headers: { origin: gate.origin } })

/** As the provider would say it, who has only a name for the person: the demo's always names the session as well. */
async function tellOfSubject ({ gate, clock, signingKey }: World, t: Test, login: string, at = gate): Promise<void> {
  const token = await new SignJWT({ iss: gate.provider.issuer, aud: CLIENT.id, iat: Math.floor(clock.now() / SECOND), jti: randomUUID(), sub: personCalled(login).claims.sub, events: { 'http://schemas.openid.net/event/backchannel-logout': {} } })
    .setProtectedHeader({ alg: 'RS256', typ: 'logout+jwt' }).sign(createPrivateKey({ key: signingKey as JsonWebKey, format: 'jwk' }))
  t.match(await new Visitor().ask(`${at.origin}/oauth2/backchannel-logout`, { form: { logout_token: token } }), { status: 200 })
}

/** A worker's line may be read later than its answer. */
async function untilSaid ({ gate }: Pick<World, 'gate'>, said: Readonly<Record<string, string>>): Promise<void> {
  for (let tries = 0; tries < 100; tries++, await sleep(20)) if (gate.log('session.ended').some(line => Object.entries(said).every(([name, value]) => line[name] === value))) return
  throw new Error(`no line session.ended says ${JSON.stringify(said)}`)
}

/** Says yes to the provider's own question, so that it tells the gate, and nobody else does. */
async function signOutAtProvider ({ gate: { provider } }: World, visitor: Visitor, t: Test): Promise<number> {
  const question = await visitor.navigate(`${provider.issuer}/session/end?client_id=${CLIENT.id}`)
  const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(question.body) ?? []
  return await from(async () => { t.match(await visitor.navigate(`${provider.issuer}/session/end/confirm`, { form: { xsrf, logout: 'yes' } }), { status: /^(?:200|30\d)$/ }) })
}

const rows: readonly Row[] = [
  { cause: 'a sign-out in one worker', logged: 'revoked', status: 401, happens: async ({ gate }, { visitor }, t) => await from(async () => { t.ok((await signOut(gate, visitor)).status < 400) }) },
  { cause: 'a sign-out elsewhere, with a copy of the cookie', logged: 'revoked', status: 401, happens: async ({ gate }, { visitor }, t) => await from(async () => { t.ok((await signOut(gate, copyOf(visitor))).status < 400) }) },
  { cause: 'another sign-in in the same browser', logged: 'revoked', status: 401, happens: async ({ gate }, { visitor }, t) => await from(async () => { t.equal((await visitor.signIn(`${gate.origin}/oauth2/start`, 'ada')).status, 200) }) },
  { cause: 'a sign-out at the provider, which names its session', logged: 'back-channel', status: 401, happens: async (world, { visitor }, t) => {
    const began = await signOutAtProvider(world, visitor, t)
    await untilSaid(world, { cause: 'back-channel', by: 'sid' })
    return began
  } },
  { cause: 'a logout token with nothing but the subject', logged: 'back-channel', status: 401, happens: async (world, _ada, t) => {
    const began = await from(() => tellOfSubject(world, t, 'ada'))
    await untilSaid(world, { cause: 'back-channel', by: 'sub' })
    return began
  } },
  { cause: 'being taken off the file of addresses', logged: 'list', status: 403, onlyWith: 'cookie', happens: async world => await list(world, LISTED.replace(/ada.*\n/, '')), after: async world => { await list(world, LISTED) } },
  { cause: 'a rule that is another after a reload', logged: 'rule', status: 403, onlyWith: 'cookie',
    happens: async world => momentOf(world, await reload(world, () => { world.gate.change({ rules: [{ path: '/', allow: { groups: ['editors'] } }] }) })),
    after: async world => { await reload(world, () => { world.gate.change({}) }) } },
  { cause: 'a refresh that the provider refuses (invalid_grant)', logged: 'revoked', status: 401,
    happens: async (world, { visitor }, t) => {
      const { gate, clock, people } = world
      people.shift()
      clock.advance(DUE)
      const began = await from(async () => { t.equal((await visitor.ask(`${gate.origin}/data`)).status, 401) })
      await untilSaid(world, { cause: 'refresh-refused' })
      t.match(gate.log('session.ended').find(({ cause }) => cause === 'refresh-refused'), { detail: /invalid_grant/ })
      return began
    },
    after: world => { world.people.unshift(saying('ada')) } },
  { cause: 'a refresh by which they may not enter any more', logged: 'list', status: 403,
    happens: async (world, { visitor }, t) => {
      say(world, { email: 'ada@elsewhere.example' })
      world.clock.advance(DUE)
      return await from(async () => { t.equal((await visitor.ask(`${world.gate.origin}/data`)).status, 403) })
    },
    after: forget },
  { cause: 'a refresh that takes a group away for which a rule asks', logged: 'rule', status: 403,
    happens: async (world, { visitor }, t) => {
      say(world, { groups: ['admins'] })
      world.clock.advance(DUE)
      return await from(async () => { t.equal((await visitor.ask(`${world.gate.origin}/data`)).status, 403) })
    },
    after: forget },
  { cause: 'an old cookie that comes back long after a refresh', logged: 'revoked', status: 401, onlyWith: 'cookie',
    happens: async ({ gate, clock }, { visitor }, t) => {
      const copy = copyOf(visitor)
      clock.advance(DUE)
      for (let count = 0; count < 2; count++) t.equal((await visitor.navigate(`${gate.origin}/page`)).status, 200)
      await sleep(300) // nobody waits until it is noted that the browser has the newer one
      clock.advance(DUE)
      const began = await from(async () => { t.equal((await copy.ask(`${gate.origin}/data`)).status, 401) })
      await untilSaid({ gate }, { cause: 'replay' })
      return began
    } },
  { cause: 'the end that the provider has set to the session', logged: 'provider', status: 401,
    before: world => { say(world, { session_expiry: Math.floor(world.clock.now() / SECOND) + 120 }) },
    happens: async ({ clock }) => await from(() => { clock.advance(2 * MINUTE) }),
    after: forget },
  { cause: 'nobody being there', logged: 'idle|revoked', status: 401, // who sees it first ends it for the others
    happens: async ({ clock, ben }, { held }, t) => {
      t.ok(await areAlive(held))
      const last = clock.now()
      clock.advance(4 * MINUTE)
      const [there] = workersOf(ben.held, 'websocket')
      t.ok(await areAlive(ben.held.filter(({ kind, pid }) => kind === 'websocket' && pid === there)), 'while the other is, in one worker')
      clock.advance(last + IDLE - 1500 - clock.now())
      const moment = performance.now() + 1500
      await sleep(1500)
      return moment
    } },
  { cause: 'the absolute end', logged: 'absolute', status: 401,
    happens: async (world, ada, t) => {
      const step = LASTS / 5
      for (let count = 0; count < 4; count++) {
        world.clock.advance(step)
        if (count === 0) await another(world)
        t.ok(await areAlive([...ada.held, ...world.ben.held]))
      }
      return await from(() => { world.clock.advance(step) })
    } },
  { cause: 'the end of the key that sealed the session', logged: 'key', status: 401,
    happens: async (world, { held }, t) => {
      await reload(world, () => { world.gate.write('key', `${young},${old}`) })
      await another(world)
      t.ok(await areAlive(held), 'as long as the key is there')
      return momentOf(world, await reload(world, () => { world.gate.write('key', young) }))
    } }
]

async function allEnd (t: Test, world: World, { cause, logged, status, before, happens, after }: Row): Promise<void> {
  const { gate } = world
  before?.(world)
  const ada = await somebody(t, world, 'ada')
  const [copy, closed, asked] = [copyOf(ada.visitor), gate.log('connections.closed').length, gate.asked.length]
  t.ok(await areAlive(ada.held))
  const effect = await happens(world, ada, t)
  await untilEnded(ada.held)
  t.strictSame(ada.held.map(({ end }) => end.as), ada.held.map(({ kind }) => ENDS[kind]), `everything ends by ${cause}`)
  const took = ada.held.map(({ kind, pid, end }) => ({ kind, pid, milliseconds: Math.round((end.at ?? Infinity) - (typeof effect === 'number' ? effect : effect.get(pid) ?? 0)) }))
  const times = gate.children().map((pid, index) => `worker ${index + 1}: ${took.filter(one => one.pid === pid).map(({ kind, milliseconds }) => `${kind} ${milliseconds}`).join(', ')}`).join('; ')
  t.ok(took.every(({ milliseconds }) => milliseconds < SECOND), `within a second, in milliseconds: ${times}`)
  t.comment(`${cause}: ${times}`)
  t.ok(await areAlive(world.ben.held), 'and nothing of the other')
  const lines = () => gate.log('connections.closed').slice(closed)
  const count = (member: string) => lines().reduce((sum, line) => sum + Number(line[member]), 0)
  for (let tries = 0; tries < 100 && count('websockets') + count('streams') < ada.held.length; tries++) await sleep(10)
  t.strictSame([count('websockets'), count('streams')], (['websocket', 'stream'] as const).map(wanted => ada.held.filter(({ kind }) => kind === wanted).length))
  t.strictSame([...new Set(lines().map(({ worker }) => worker))].toSorted(), [1, 2])
  for (const line of lines()) t.match(line, { user: /^ada@/, cause: new RegExp(`^(?:${logged})$`) })
  const seen = gate.asked.slice(asked).filter(path => path === '/after').length
  for (let tries = 0; tries < 4; tries++) t.equal((await copy.ask(`${gate.origin}/after`)).status, status)
  t.equal(gate.asked.slice(asked).filter(path => path === '/after').length, seen, 'the app never sees who asks again')
  await after?.(world)
}

/** One after the other of what must close nothing. */
async function allStay (t: Test, world: World): Promise<void> {
  const { gate, clock } = world
  const ada = await somebody(t, world, 'ada')
  const count = (event: string) => gate.log(event).filter(({ user }) => user === 'ada@example.com').length
  const [refreshes, closed] = [count('session.refreshed'), gate.log('connections.closed').length]
  for (let round = 1; round <= 10; round++) {
    clock.advance(DUE)
    t.equal((await ada.visitor.navigate(`${gate.origin}/page`)).status, 200)
    t.ok(await areAlive([...ada.held, ...world.ben.held]), `after ${round} refreshes`)
  }
  for (let tries = 0; tries < 100 && count('session.refreshed') - refreshes < 10; tries++) await sleep(10)
  t.equal(count('session.refreshed') - refreshes, 10)
  t.match(await reload(world, () => { gate.write('key', `${younger},${young}`) }), { settings: ['oauth-encryption-key'] })
  await sleep(SECOND)
  t.ok(await areAlive([...ada.held, ...world.ben.held]), 'and after a new key')
  t.equal((await ada.visitor.navigate(`${gate.origin}/page`)).status, 200)
  t.equal(gate.log('connections.closed').length, closed)
}

for (const store of isCi ? ['cookie', 'memory'] : ['cookie']) {
  t.test(`two workers with session-store=${store}`, async t => {
    const world = await start(t, { settings: { session_store: store, rules: [{ path: '/', allow: { groups: ['staff'] } }] } })
    for (const row of isCi ? rows : rows.slice(0, 1)) {
      if (row.onlyWith !== undefined && row.onlyWith !== store) continue
      await t.test(`websockets and event streams in each worker end within a second of ${row.cause}, and nobody else’s`, async t => { await allEnd(t, world, row) })
    }
    await t.test('ten refreshes, and a new key before the old one, close nothing', onlyInCi('ten refreshes, the other causes, and session-store=memory'), async t => { await allStay(t, world) })
    t.notOk(world.gate.log('worker.ended').length)
  })
}

t.test('ws-grace, in each worker: websockets stay for so long, or for ever, and event streams do not', onlyInCi('two workers with ws-grace'), async t => {
  const world = await start(t, { settings: { ws_grace: '2m' } })
  const { gate, clock } = world
  const leave = async () => {
    const { visitor, held } = await somebody(t, world, 'ada')
    const [streams, sockets] = [held.filter(({ kind }) => kind === 'stream'), held.filter(({ kind }) => kind === 'websocket')]
    const began = await from(() => signOut(gate, visitor))
    await untilEnded(streams)
    t.ok(streams.every(({ end }) => end.as === 'cut' && (end.at as number) - began < SECOND))
    await sleep(600)
    t.ok(await areAlive(sockets))
    clock.advance(2 * MINUTE)
    return sockets
  }
  const sockets = await leave()
  const began = performance.now()
  await untilEnded(sockets)
  t.ok(sockets.every(({ end }) => end.as === ENDS.websocket && (end.at as number) - began < SECOND))
  await reload(world, () => { gate.change({ ws_grace: 'off' }) })
  const others = await leave()
  clock.advance(4 * MINUTE)
  t.ok(await areAlive(world.ben.held))
  await sleep(SECOND)
  t.ok(await areAlive(others), 'off')
})

for (const [what, setting] of [['sessions', 'session_store'], ['revocations', 'revocation_store']] as const) {
  t.test(`two gates of two workers each, with their ${what} in one Redis: what is open in all four ends within a second of a sign-out at one of them`, onlyInCi('two gates of two workers'), async t => {
    const redis = await startRedis(t)
    if (redis === null) return
    const settings = { [setting]: redis.url, cookie_name: 'site' }
    const one = await start(t, { settings })
    const other = { ...one, gate: await serveGate(t, { workers: 2, env: one.clock.env, files: { key: old, listed: LISTED }, settings: { oauth_encryption_key_file: 'key', allowed_emails_file: 'listed', oauth_refresh_tokens: true, ...settings, oauth_issuer: one.gate.provider.issuer } }) }
    const hold = async (visitor: Visitor) => [...await holdInEach(one.gate, visitor), ...await holdInEach(other.gate, visitor)]
    const ben = await hold(one.ben.visitor)
    for (const [cause, end] of [
      ['a sign-out', async (visitor: Visitor) => { await signOut(one.gate, visitor) }],
      ['a logout token', async () => { await tellOfSubject(one, t, 'ada', other.gate) }]
    ] as const) {
      const visitor = new Visitor()
      t.equal((await visitor.signIn(`${one.gate.origin}/`, 'ada')).status, 200)
      const held = await hold(visitor)
      t.strictSame([workersOf(held, 'websocket').length, workersOf(held, 'stream').length], [4, 4])
      const began = await from(() => end(visitor))
      await untilEnded(held)
      t.strictSame(held.map(({ end }) => end.as), held.map(({ kind }) => ENDS[kind]))
      const times = held.map(({ kind, end: { at = Infinity } }) => `${kind} ${Math.round(at - began)}`)
      t.ok(held.every(({ end: { at = Infinity } }) => at - began < SECOND), `within a second of ${cause}: ${times.join(', ')}`)
      t.ok(await areAlive([...ben, ...one.ben.held]))
      for (const { gate } of [one, other]) t.equal((await visitor.ask(`${gate.origin}/after`)).status, 401)
    }
  })
}

for (const [name, launch] of [['a Bokeh server', startBokeh], ['a Jupyter server', startJupyter]] as const) {
  t.test(`${name} behind two workers: its person’s websockets in each outlive a refresh and a new key, and end within a second of a sign-out`, onlyInCi(`a real app, ${name}`), async t => {
    const port = await freePort()
    const app = await launch(t, port)
    if (app === null) return
    const world = await serve(t, { port, settings: { upstream: app.url } })
    const { gate, clock } = world
    const open = async (login: string) => {
      const [visitor, held] = [new Visitor(), [] as Held[]]
      await visitor.signIn(`${gate.origin}/`, login)
      while (workersOf(held, 'websocket').length < 2) {
        const { socket, say } = await app.open(gate, visitor)
        t.teardown(() => { socket.terminate() })
        held.push(heldSocket(gate, socket, say))
        if (held.length > 40) throw new Error('all went to one worker')
      }
      return { visitor, held }
    }
    const [ada, ben] = [await open('ada'), await open('ben')]
    clock.advance(DUE)
    await ada.visitor.navigate(`${gate.origin}/`)
    t.equal((await gate.logged('session.refreshed', 1)).length, 1)
    await reload(world, () => { gate.write('key', `${young},${old}`) })
    await sleep(600)
    t.ok(await areAlive([...ada.held, ...ben.held]))
    const began = await from(() => signOut(gate, ada.visitor))
    await untilEnded(ada.held)
    t.strictSame(ada.held.map(({ end }) => end.as), ada.held.map(() => ENDS.websocket))
    t.ok(ada.held.every(({ end: { at = Infinity } }) => at - began < SECOND), ada.held.map(({ end: { at = Infinity } }) => Math.round(at - began)).join())
    t.ok(await areAlive(ben.held))
  })
}
