import { randomBytes } from 'node:crypto'
import t from 'tap'
import { IdTokenInvalid, StoreUnavailable } from '../../src/errors.ts'
import type { Identity } from '../../src/identity/identity.ts'
import type { SetCookie } from '../../src/session/cookies.ts'
import { createEndings, inWords, type Cause } from '../../src/session/endings.ts'
import { createIdle } from '../../src/session/idle.ts'
import { keepInCookies, keepInStore } from '../../src/session/keeping.ts'
import { createKeyring } from '../../src/session/keyring.ts'
import { createRevocations } from '../../src/session/revocations.ts'
import { createSessions } from '../../src/session/sessions.ts'
import { createMemoryStore } from '../../src/session/store/memory.ts'
import type { Store } from '../../src/session/store/store.ts'
import { TestOutside } from '../fixtures/outside.ts'
import { ada, header, IDLE, jar, LIFETIME, MINUTE, settled } from './setup.ts'
import { farAway, heardNews } from './store/far.ts'

interface Setup { readonly kept: 'cookies' | 'store' | 'cookies of workers', readonly after?: number }

/** Any number of gates with one key and, but for cookies alone, one store. */
function setUp ({ kept, after = IDLE }: Setup) {
  const outside = new TestOutside()
  const key = randomBytes(32)
  let isAway = false
  const sets: string[] = []
  const gets: string[] = []
  const memory = createMemoryStore({ outside })
  const store = new Proxy<Store>(farAway(memory), {
    get: (target, name: keyof Store) => typeof target[name] !== 'function' || name === 'listen' ? target[name] : async (...given: never[]) => {
      if (isAway) throw new StoreUnavailable('away')
      if (name === 'set') sets.push(String(given[0]))
      if (name === 'get') gets.push(String(given[0]))
      return await (target[name] as (...given: never[]) => Promise<unknown>)(...given)
    }
  })
  const told: [gate: string, cause: Cause][] = []
  const gate = (name: string, refuse: (identity: Identity) => { reason: string, detail: string } | null = () => null) => {
    const { session: seal } = createKeyring(undefined, [key], outside)
    const others = kept === 'cookies' ? undefined : store
    const options = { seal, outside, gate: 'gate' }
    const idle = createIdle({ after, outside, store: others })
    const sessions = createSessions({
      keeping: kept === 'store' ? keepInStore({ ...options, store }) : keepInCookies(options), revocations: createRevocations({ outside, lifetime: LIFETIME, store: others }), outside, lifetime: LIFETIME,
      idle, endings: createEndings({ lifetime: LIFETIME, idle: after, store: others, told: (_session, cause) => { told.push([name, cause]) } }), renews: true,
      ...others !== undefined && { news: heardNews({ store: others, seal, gate: 'gate' }) }, headers: () => [], refuse
    })
    /** As a request does. */
    const visit = async (cookie: string) => {
      const session = await sessions.open(jar, cookie)
      if (session !== null) sessions.note(session)
      return session
    }
    return { sessions, visit, start: async () => header(await sessions.start(jar, undefined, ada)) }
  }
  return { gate, outside, told, sets, gets, away (is: boolean) { isAway = is } }
}

for (const kept of ['cookies', 'store', 'cookies of workers'] as const) {
  t.test(`sessions in ${kept}`, async t => {
    await t.test('end after so long without activity, and not while there is some', async t => {
      const { gate, outside, told } = setUp({ kept })
      const { visit, start, sessions } = gate('one')
      const cookie = await start()
      for (let count = 0; count < 10; count++) {
        outside.advance(IDLE - 1)
        t.not(await visit(cookie), null)
      }
      const session = await visit(cookie)
      outside.advance(IDLE)
      t.equal(await visit(cookie), null)
      await settled()
      t.equal(await visit(cookie), null)
      if (session !== null) sessions.note(session)
      t.equal(await visit(cookie), null, 'and nothing brings it back')
      t.strictSame(told, [['one', 'idle']], 'which is said once')
      t.strictSame(await sessions.whyEnded(jar, cookie), { cause: 'idle', reason: 'you were signed out after 30 minutes without activity' })
    })

    await t.test('end at their absolute end whatever is done', async t => {
      const { gate, outside, told } = setUp({ kept })
      const { visit, start, sessions } = gate('one')
      const cookie = await start()
      for (let at = 0; at < LIFETIME - IDLE; at += IDLE / 2) {
        outside.advance(IDLE / 2)
        await visit(cookie)
      }
      outside.advance(IDLE / 2)
      t.not(await visit(cookie), null)
      outside.advance(IDLE / 2)
      sessions.tidy()
      t.equal(await visit(cookie), null)
      await settled()
      t.strictSame(told, [['one', 'absolute']])
      t.match(await sessions.whyEnded(jar, cookie), { cause: 'absolute', reason: 'a sign-in lasts 1 day here, and yours has ended' })
    })

    await t.test('that nobody asks for any more are told of all the same', async t => {
      const { gate, outside, told } = setUp({ kept })
      const { visit, start, sessions } = gate('one')
      await visit(await start())
      outside.advance(IDLE + MINUTE)
      for (let count = 0; count < 3; count++) {
        sessions.tidy()
        await settled()
        outside.advance(MINUTE)
      }
      t.strictSame(told, [['one', 'idle']])
    })
  })
}

for (const kept of ['store', 'cookies of workers'] as const) {
  t.test(`two gates with sessions in ${kept} know of each other’s visitors`, async t => {
    const { gate, outside, told, sets } = setUp({ kept })
    const [one, other] = [gate('one'), gate('other')]
    const cookie = await one.start()
    await one.visit(cookie)
    await other.visit(cookie)
    for (let count = 0; count < 5; count++) {
      outside.advance(20 * MINUTE)
      t.not(await one.visit(cookie), null)
    }
    const session = await other.visit(cookie)
    t.not(session, null, 'who was at one all the time')
    outside.advance(IDLE - 500)
    t.equal(other.sessions.isLive(session!), true)
    await settled()
    outside.advance(500)
    t.equal(other.sessions.isLive(session!), false, 'what is open there has asked in time')
    await settled()
    t.equal(await one.visit(cookie), null)
    t.equal(await other.visit(cookie), null)
    t.strictSame(told, [['other', 'idle']], 'one of them says so')
    t.match(await one.sessions.whyEnded(jar, cookie), { cause: 'idle' }, 'and the other knows')
    sets.length = 0
    const busy = await one.start()
    for (let count = 0; count < 600; count++) {
      outside.advance(1000)
      await one.visit(busy)
    }
    t.equal(sets.filter(key => key.startsWith('seen:')).length, 10, 'once a minute it is written, whatever is done')
  })
}

t.test('a store that is away: whoever may have been elsewhere gets an error, and is not signed out', async t => {
  const { gate, outside, away } = setUp({ kept: 'cookies of workers' })
  const [one, other] = [gate('one'), gate('other')]
  const cookie = await one.start()
  const session = await other.visit(cookie)
  outside.advance(20 * MINUTE)
  await one.visit(cookie)
  await settled()
  outside.advance(20 * MINUTE)
  away(true)
  await t.rejects(async () => await other.visit(cookie), StoreUnavailable)
  t.equal(other.sessions.isLive(session!), true, 'what is open stays')
  t.not(await one.visit(cookie), null, 'who was seen here needs no store')
  away(false)
  t.not(await other.visit(cookie), null)
})

t.test('a restart counts from what the cookie says, which a page renews once a minute', async t => {
  const { gate, outside } = setUp({ kept: 'cookies' })
  const before = gate('before')
  const old = await before.start()
  outside.advance(59_000)
  t.equal(before.sessions.isStale((await before.visit(old))!), false)
  outside.advance(20 * MINUTE)
  const session = (await before.visit(old))!
  t.equal(before.sessions.isStale(session), true)
  const cookie = header(before.sessions.touch(session, jar, old))
  t.equal(before.sessions.isStale((await before.visit(cookie))!), false)
  outside.advance(20 * MINUTE)
  t.not(await before.visit(old), null, 'both are one session here')
  const after = gate('after')
  t.equal(await after.visit(old), null, 'fail closed: nobody knows of the last forty minutes')
  t.match(await after.sessions.whyEnded(jar, old), { cause: 'idle' })
  t.not(await after.visit(cookie), null)
  t.equal((await after.visit(cookie))?.expiresAt, session.expiresAt, 'and its end stays where it was')
  await before.sessions.end(session)
  t.strictSame(before.sessions.touch(session, jar, cookie), [], 'what has ended gets no new cookie')
})

t.test('a cookie that is about to be renewed is not written anew: the browser might get it after its successor', async t => {
  const { gate, outside } = setUp({ kept: 'cookies' })
  const { sessions, visit } = gate('one')
  const cookie = header(await sessions.start(jar, undefined, ada, { tokens: { refresh: 'r', renewAt: outside.now() + 10 * MINUTE } }))
  outside.advance(9 * MINUTE)
  t.equal(sessions.touch((await visit(cookie))!, jar, cookie).length, 1)
  outside.advance(MINUTE)
  t.strictSame(sessions.touch((await visit(cookie))!, jar, cookie), [])
})

t.test('without the setting nothing is counted, and nothing asked', async t => {
  const { gate, outside, sets, gets } = setUp({ kept: 'store', after: Infinity })
  const { visit, start, sessions } = gate('one')
  const cookie = await start()
  outside.advance(LIFETIME - 1)
  const session = await visit(cookie)
  t.not(session, null)
  t.equal(sessions.idleAt(session!), undefined)
  t.strictSame([...sets, ...gets].filter(key => key.startsWith('seen:')), [])
})

t.test('session_expiry: the provider’s end comes first where it is earlier, lengthens nothing, and a refresh may bring it nearer', async t => {
  const { gate, outside, told } = setUp({ kept: 'cookies', after: Infinity })
  const { sessions, visit } = gate('one')
  const at = outside.now()
  const late = await visit(header(await sessions.start(jar, undefined, ada, { endsAt: at + 2 * LIFETIME })))
  t.match(late, { expiresAt: at + LIFETIME, isCapped: undefined })
  const [set] = await sessions.start(jar, undefined, ada, { endsAt: at + 3 * MINUTE })
  t.equal(set?.options.maxAge, 180, 'nor does the browser keep the cookie for longer')
  const cookie = header([set as SetCookie])
  const early = (await visit(cookie))!
  const renew = async (endsAt: number | undefined) => await sessions.renew(jar, { session: early, token: jar.readSession(cookie)! }, ada, { refresh: 'r', ...endsAt !== undefined && { endsAt } })
  t.equal((await renew(at + 9 * MINUTE))?.session.expiresAt, at + 3 * MINUTE, 'a later word counts for nothing')
  t.equal((await renew(undefined))?.session.expiresAt, at + 3 * MINUTE, 'nor does none')
  t.equal((await renew(at + 2 * MINUTE))?.session.expiresAt, at + 2 * MINUTE)
  outside.advance(3 * MINUTE)
  t.equal(await visit(cookie), null)
  t.strictSame(told, [['one', 'provider']])
  t.match(await sessions.whyEnded(jar, cookie), { cause: 'provider' })
  await t.rejects(sessions.start(jar, undefined, ada, { endsAt: outside.now() }), IdTokenInvalid, 'and a sign-in that has ended is none')
  await t.rejects(sessions.start(jar, undefined, ada, { endsAt: -8_640_000_000_000_001 }), IdTokenInvalid, 'whatever number the provider says, also one that is no date')
  const lasting = header(await sessions.start(jar, undefined, ada))
  const session = (await visit(lasting))!
  t.equal(await sessions.renew(jar, { session, token: jar.readSession(lasting)! }, ada, { refresh: 'r', endsAt: outside.now() - 1 }), null)
  t.equal(await visit(lasting), null, 'one that the provider has ended meanwhile is over, whatever its cookie says')
  t.equal(told.length, 2)
})

t.test('what somebody becomes at one gate counts for what they have open at another', async t => {
  const { gate, outside, told } = setUp({ kept: 'store', after: Infinity })
  const banned = ({ groups }: Identity) => groups.includes('banned') ? { reason: 'not you', detail: 'list' } : null
  const [one, other] = [gate('one', banned), gate('other', banned)]
  const cookie = header(await one.sessions.start(jar, undefined, ada, { tokens: { refresh: 'r' } }))
  const open = (await other.visit(cookie))!
  const renew = async (identity: Identity) => {
    const session = (await one.visit(cookie))!
    await one.sessions.renew(jar, { session, token: jar.readSession(cookie)! }, identity, { refresh: 'r' })
    await settled()
    outside.advance(1001)
  }
  const { renewals } = other.sessions
  await renew(ada)
  t.equal(other.sessions.renewals, renewals, 'nobody is told of what stays as it is')
  await renew({ ...ada, groups: ['staff'] })
  t.equal(other.sessions.isLive(open), true)
  t.strictSame(other.sessions.newest(open).identity.groups, ['staff'])
  await renew({ ...ada, groups: ['banned'] })
  t.equal(other.sessions.isLive(open), false)
  t.strictSame(told, [], 'the session has not ended')
})

t.test('news that nobody of ours has sealed says nothing', async t => {
  const outside = new TestOutside()
  const store = createMemoryStore({ outside })
  const heard: string[] = []
  const newsOf = (gate: string, key: Buffer) => heardNews({ store, seal: createKeyring(undefined, [key], outside).session, gate })
  const key = randomBytes(32)
  newsOf('gate', key).listen(({ id }, by) => { heard.push(id, by) })
  const session = (id: string) => ({ id, identity: ada, startedAt: 1, expiresAt: 2 })
  newsOf('gate', randomBytes(32)).tell(session('another key'), 'by')
  newsOf('another gate', key).tell(session('another gate'), 'by')
  await store.announce('renewed', JSON.stringify({ by: 'by', session: session('plain') }))
  newsOf('gate', key).tell(session('ours'), 'a cookie')
  await settled()
  t.strictSame(heard, ['ours', 'a cookie'])
})

t.test('times in words', async t => {
  t.strictSame([1000, 90_000, 60_000, 1_800_000, 5_400_000, 86_400_000, 129_600_000].map(inWords), ['1 second', '1.5 minutes', '1 minute', '30 minutes', '1.5 hours', '1 day', '1.5 days'])
})

t.test('whoever says that somebody was there at a time to come, by a clock that is ahead or on purpose, keeps no session for longer', async t => {
  const outside = new TestOutside()
  const store = createMemoryStore({ outside })
  const idle = createIdle({ after: IDLE, outside, store })
  const start = outside.now()
  const [cookie, told] = ['cookie', 'told'].map(id => ({ id, pulse: idle?.pulseOf({ id, startedAt: start, seenAt: id === 'cookie' ? start + 10 * IDLE : start }) ?? fail() }))
  await store.set('seen:told', String(start + 10 * IDLE), 20 * IDLE)
  outside.advance(IDLE)
  for (const session of [cookie, told]) await idle?.ask(session ?? fail())
  outside.advance(IDLE)
  for (const session of [cookie, told]) {
    await idle?.ask(session ?? fail())
    await idle?.ask(session ?? fail())
    t.equal(idle?.hasEnded(session ?? fail()), true)
  }
})

function fail (): never { throw new Error('a test has nothing to test') }
