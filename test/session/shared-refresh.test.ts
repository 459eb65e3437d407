// Several gates that share a store renew the same sessions. The provider gives a new refresh token each time, and takes none twice.
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { StoreUnavailable } from '../../src/errors.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { createCookieJar, type SetCookie } from '../../src/session/cookies.ts'
import { keepInCookies, keepInStore } from '../../src/session/keeping.ts'
import { createKeyring } from '../../src/session/keyring.ts'
import type { Session } from '../../src/session/opened.ts'
import { createRenewals, type Answer } from '../../src/session/renewals.ts'
import { createRevocations } from '../../src/session/revocations.ts'
import { keepTokens, type KeptTokens } from '../../src/session/session.ts'
import { createSessions } from '../../src/session/sessions.ts'
import { createMemoryStore } from '../../src/session/store/memory.ts'
import type { Store } from '../../src/session/store/store.ts'
import { createTurns } from '../../src/session/turns.ts'
import { createWindow } from '../../src/session/window.ts'
import { TestOutside } from '../fixtures/outside.ts'
import { farAway } from './store/far.ts'

const HOUR = 3_600_000
const jar = createCookieJar({ port: 1, path: '/', sameSite: 'lax' }, true)
const ada: Identity = { provider: 'oidc', subject: '1', user: 'ada@example.com', groups: [], teams: [], organizations: [], claims: {} }
const settings = { passAccessToken: false, passAuthorizationHeader: false, oauthRefreshTokens: true }
const header = (cookies: readonly SetCookie[]) => cookies.filter(({ options }) => options.maxAge > 0).map(({ name, value }) => `${name}=${value}`).join('; ')
const pause = async (milliseconds: number): Promise<void> => {
  await new Promise(resolve => { setTimeout(resolve, milliseconds) })
}

interface Setup {
  readonly kept: 'cookies' | 'store'
  /** Milliseconds that the provider takes. */
  readonly slow?: number
  readonly lease?: number
}

/** Two gates, their provider and what is between them. */
async function setUp ({ kept, slow = 20, lease = 10_000 }: Setup) {
  const outside = new TestOutside()
  const key = randomBytes(32)
  let isAway = false
  /** Whether the next record that is replaced is, without an answer. */
  const keep = { silent: false }
  const memory = createMemoryStore({ outside })
  const store = new Proxy<Store>(farAway(memory), {
    get: (target, name: keyof Store) => typeof target[name] !== 'function' || name === 'listen' ? target[name] : async (...given: never[]) => {
      if (isAway) throw new StoreUnavailable('away')
      await pause(1)
      const answer = await (target[name] as (...given: never[]) => Promise<unknown>)(...given)
      if (!keep.silent || name !== 'replace' || !String(given[0]).includes(':session:')) return answer
      keep.silent = false
      throw new StoreUnavailable('no answer')
    }
  })
  const sent: (string | undefined)[] = []
  const events: string[] = []
  const give = (round: number): KeptTokens => keepTokens(settings, { accessToken: 'a', refreshToken: `refresh-${round}`, expiresAt: outside.now() + HOUR }, outside.now()) ?? {}
  const ask = async (identity: Identity, { refresh }: KeptTokens): Promise<Answer> => {
    const isSpent = sent.includes(refresh)
    sent.push(refresh)
    await pause(slow)
    return isSpent ? { ended: new Error('the family is revoked') } : { identity: { ...identity, groups: [`round-${sent.length}`] }, tokens: give(sent.length) }
  }
  const gate = async (name: string) => {
    const seal = createKeyring(undefined, [key], outside).session
    const window = kept === 'cookies' ? createWindow({ store, outside, seal }) : undefined
    const keeping = { seal, outside, gate: 'gate' }
    const sessions = createSessions({
      keeping: kept === 'cookies' ? keepInCookies(keeping) : keepInStore({ ...keeping, store }), revocations: createRevocations({ outside, lifetime: 24 * HOUR, store }),
      renews: true, window, outside, lifetime: 24 * HOUR, headers: identity => ['X-Groups', identity.groups.join()], refuse: () => null
    })
    const renewals = createRenewals({ sessions, window, turns: createTurns({ store, outside, lease }), outside, ask: ({ identity }, tokens) => ask(identity, tokens), told: {
      renewed: ({ version }) => { events.push(`${name} renewed ${version}`) },
      failed: (_session, error) => { events.push(`${name} failed ${String(error)}`) },
      ended: (_session, cause) => { events.push(`${name} ended ${cause}`) }
    } })
    const request = async (cookie: string) => {
      const session = await sessions.open(jar, cookie)
      if (session === null || !renewals.isDue(session)) return { session, cookie }
      const current = await renewals.current(session, jar, cookie, true)
      return { session: current.session, cookie: header(current.setCookies?.() ?? []) || cookie }
    }
    await pause(20) // until it knows what was revoked
    return { sessions, request, start: async () => header(await sessions.start(jar, undefined, ada, { tokens: give(0) })) }
  }
  return { one: await gate('one'), other: await gate('other'), outside, sent, events, keep, away (is: boolean) { isAway = is } }
}

for (const kept of ['cookies', 'store'] as const) {
  t.test(`sessions in ${kept}`, async t => {
    await t.test('fifty requests to two gates spend its token once, and fifty have the session of afterwards', async t => {
      const { one, other, outside, sent, events } = await setUp({ kept })
      const cookie = await one.start()
      outside.advance(HOUR)
      const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => [one, other][index % 2]?.request(cookie)))
      t.strictSame(sent, ['refresh-0'])
      for (const answer of answers) t.match(answer?.session, { version: 1, headers: ['X-Groups', 'round-1'] })
      t.equal(events.length, 1)
      const newer = answers[1]?.cookie ?? ''
      outside.advance(HOUR)
      t.match(await Promise.all([one.request(newer), other.request(newer)]), [{ session: { version: 2 } }, { session: { version: 2 } }])
      t.strictSame(sent, ['refresh-0', 'refresh-1'])
    })

    await t.test('a provider that takes longer than a lease is still asked once', async t => {
      const { one, other, outside, sent } = await setUp({ kept, slow: 1200, lease: 300 })
      const cookie = await one.start()
      await other.request(cookie)
      outside.advance(HOUR)
      const ticking = setInterval(() => { outside.advance(20) }, 20) // the store's clock goes on
      const answers = await Promise.all([one.request(cookie), other.request(cookie), pause(400).then(() => other.request(cookie))])
      clearInterval(ticking)
      t.strictSame(sent, ['refresh-0'])
      for (const { session } of answers) t.match(session, { version: 1 })
    })

    await t.test('a store that goes away while the provider answers: asked once, nobody is signed out, and the tokens are there when it is back', async t => {
      const { one, other, outside, sent, events, away } = await setUp({ kept, slow: 100 })
      const cookie = await one.start()
      await other.request(cookie)
      outside.advance(HOUR)
      const waiting = Array.from({ length: 10 }, () => one.request(cookie))
      while (sent.length === 0) await pause(5)
      away(true)
      await t.rejects(other.request(cookie), StoreUnavailable, 'another gate does not know, and says so')
      await pause(600)
      away(false)
      for (const { session } of await Promise.all(waiting)) t.match(session, { version: 1 })
      t.match((await other.request(cookie)).session, { version: 1 })
      t.strictSame(sent, ['refresh-0'])
      t.strictSame(events, ['one renewed 1'])
    })

    await t.test('who signs out at one is signed out at the other, also while that one renews', async t => {
      const { one, other, outside } = await setUp({ kept, slow: 200 })
      const cookie = await one.start()
      const session = await one.sessions.open(jar, cookie)
      await other.request(cookie)
      outside.advance(HOUR)
      const renewing = other.request(cookie)
      await pause(100)
      if (session !== null) await one.sessions.end(session)
      t.equal((await renewing).session, null)
      t.equal((await other.request(cookie)).session, null)
    })
  })
}

t.test('replay: a copy of a cookie is known as one at every gate, whichever saw the next one', async t => {
  const { one, other, outside, events, sent } = await setUp({ kept: 'cookies' })
  const old = await one.start()
  outside.advance(HOUR)
  const { cookie } = await one.request(old)
  await one.request(cookie)
  await pause(50)
  t.match((await other.request(old)).session, { version: 1 }, 'what was under way')
  outside.advance(30_000)
  t.equal((await other.request(old)).session, null)
  t.equal((await one.request(cookie)).session, null, 'and the session has ended')
  t.strictSame([events, sent], [['one renewed 1', 'other ended replayed'], ['refresh-0']])
})

t.test('replay: a gate that sees the new cookie later does not give a copy of the old one more time', async t => {
  const { one, other, outside } = await setUp({ kept: 'cookies' })
  const old = await one.start()
  outside.advance(HOUR)
  const { cookie } = await one.request(old)
  await one.request(cookie)
  await pause(50)
  outside.advance(29_000)
  t.match((await other.request(cookie)).session, { version: 1 })
  await pause(50)
  t.match((await other.request(old)).session, { version: 1 })
  outside.advance(1_000)
  t.equal((await other.request(old)).session, null)
})

t.test('two gates that tell of one session at once lose nothing that either knows', async t => {
  const outside = new TestOutside()
  const store = createMemoryStore({ outside })
  const slow: Store = { ...store, async get (key) {
    const value = await store.get(key)
    await pause(20) // both have read before either writes
    return value
  } }
  const { session: seal } = createKeyring(undefined, [randomBytes(32)], outside)
  const [one, other] = [createWindow({ store, outside, seal }), createWindow({ store: slow, outside, seal })]
  const at = (version: number) => ({ id: 'id', version, expiresAt: outside.now() + HOUR }) as Session
  await one.put({ session: at(1), token: 'first' })
  other.taken(at(1))
  await one.put({ session: at(2), token: 'second' })
  await pause(100)
  t.strictSame(await one.find(at(1)), { cookie: 'second' }, 'the newest is known')
  outside.advance(30_000)
  t.equal(await one.find(at(0)), 'replayed', 'and so is what the browser has shown')
})

t.test('a process that vanishes in its turn leaves it to the next', async t => {
  const outside = new TestOutside()
  const store: Store = createMemoryStore({ outside })
  const turns = createTurns({ store, outside, lease: 5_000 })
  await store.add('turn:a', 'somebody who has gone', 5_000)
  let [isIn, isOver] = [false, false]
  const enter = async () => { isIn = true }
  const work = turns.take('a', enter).then(() => { isOver = true })
  await pause(250)
  t.equal(isIn, false)
  t.equal(await turns.take('b', async () => 'b'), 'b', 'another name is nobody’s')
  outside.advance(5_001)
  await work
  t.equal(isOver, true)
  t.equal(await turns.take('a', async () => 'again'), 'again', 'and then it is free')
})

t.test('a turn that the store forgot goes on: nobody else works meanwhile', async t => {
  const store = createMemoryStore({ outside: new TestOutside() })
  const turns = createTurns({ store, outside: new TestOutside(), lease: 60 })
  let isOver = false
  const first = turns.take('a', async () => {
    await store.remove('turn:a')
    await pause(300)
    isOver = true
  })
  await pause(60) // until it has it again
  t.equal(await turns.take('a', async () => isOver), true)
  await first
})

t.test('a turn that was lost to somebody else is theirs: who had it takes nothing from them', async t => {
  const store = createMemoryStore({ outside: new TestOutside() })
  await createTurns({ store, outside: new TestOutside(), lease: 60 }).take('a', async () => {
    await store.set('turn:a', 'somebody else', 60_000)
    await pause(100)
  })
  t.equal(await store.get('turn:a'), 'somebody else')
})

t.test('a store that is away: who comes is told at once, who waits in line after some seconds', async t => {
  let isAway = true
  const memory = createMemoryStore({ outside: new TestOutside() })
  const store: Store = { ...memory, async get (key) {
    if (isAway) throw new StoreUnavailable('away')
    return await memory.get(key)
  } }
  const turns = createTurns({ store, outside: new TestOutside() })
  const start = performance.now()
  await t.rejects(turns.take('a', async () => 'in'), StoreUnavailable)
  t.ok(performance.now() - start < 1_000)
  isAway = false
  await store.set('turn:a', 'somebody else', 600_000)
  const waiting = turns.take('a', async () => 'in')
  await pause(150)
  isAway = true
  await t.rejects(Promise.race([waiting, pause(10_000)]), StoreUnavailable)
  t.ok(performance.now() - start > 4_000, 'a moment is not enough')
})

t.test('a store that took the renewed session and did not say so: it is found there, and nobody is signed out', async t => {
  const { one, outside, sent, events, keep } = await setUp({ kept: 'store' })
  const cookie = await one.start()
  outside.advance(HOUR)
  keep.silent = true
  t.match((await one.request(cookie)).session, { version: 1, headers: ['X-Groups', 'round-1'] })
  t.strictSame(sent, ['refresh-0'])
  t.notMatch(events.join(), /ended/)
  outside.advance(HOUR)
  t.match((await one.request(cookie)).session, { version: 2 })
})

t.test('a turn that is over is not taken again by an answer that comes late', async t => {
  const memory = createMemoryStore({ outside: new TestOutside() })
  let asked = 0
  const store: Store = {
    ...memory,
    async replace (...given) {
      asked++
      await pause(80)
      return await memory.replace(...given)
    }
  }
  await createTurns({ store, outside: new TestOutside(), lease: 60 }).take('a', () => pause(50))
  await pause(200)
  t.ok(asked > 0, 'it was held')
  t.equal(await store.get('turn:a'), 'free')
})
