// What one gate knows of a session that another has open, and how little it takes for both to know it.
import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import t from 'tap'
import { StoreUnavailable } from '../../src/errors.ts'
import { createIdle, type Pulse } from '../../src/session/idle.ts'
import { keepInCookies, keepInStore } from '../../src/session/keeping.ts'
import { createKeyring } from '../../src/session/keyring.ts'
import { createRevocations } from '../../src/session/revocations.ts'
import { createSessions } from '../../src/session/sessions.ts'
import { createMemoryStore } from '../../src/session/store/memory.ts'
import type { Store } from '../../src/session/store/store.ts'
import { TestOutside } from '../fixtures/outside.ts'
import { ada, header, IDLE, jar, LIFETIME, MINUTE, settled } from './setup.ts'
import { farAway, heardNews } from './store/far.ts'

/** Gates with one key and one store. */
function setUp (kept: 'cookies' | 'store', after = IDLE) {
  const outside = new TestOutside()
  const key = randomBytes(32)
  const store = farAway(createMemoryStore({ outside }))
  const gate = () => {
    const { session: seal } = createKeyring(undefined, [key], outside)
    const keeping = { seal, outside, gate: 'gate' }
    const sessions = createSessions({
      keeping: kept === 'store' ? keepInStore({ ...keeping, store }) : keepInCookies(keeping), revocations: createRevocations({ outside, lifetime: LIFETIME, store }), outside, lifetime: LIFETIME, renews: true,
      idle: createIdle({ after, outside, store }), news: heardNews({ store, seal, gate: 'gate' }), headers: () => [], refuse: () => null
    })
    const visit = async (cookie: string) => {
      const session = await sessions.open(jar, cookie)
      if (session !== null) sessions.note(session)
      return session
    }
    return { sessions, visit, start: async () => header(await sessions.start(jar, undefined, ada, { tokens: { refresh: 'r' } })) }
  }
  return { outside, gate, store }
}

for (const kept of ['cookies', 'store'] as const) {
  t.test(`sessions in ${kept}: whom one gate found gone for too long does not go on at another, which had seen them in the last minute and not said so`, async t => {
    const { outside, gate } = setUp(kept)
    const [one, other] = [gate(), gate()]
    const cookie = await one.start()
    const mine = (await one.visit(cookie))!
    const theirs = (await other.visit(cookie))!
    const bens = await other.start()
    outside.advance(50_000)
    await other.visit(cookie) // within the minute, so it stays there
    await other.visit(bens)
    await settled()
    outside.advance(IDLE - 50_000 - 500)
    t.equal(one.sessions.isLive(mine), true)
    await settled()
    outside.advance(500)
    t.equal(one.sessions.isLive(mine), false)
    await settled()
    t.equal(other.sessions.isLive(theirs), false, 'what is open there')
    t.equal(await other.visit(cookie), null, 'and its cookie')
    t.equal(await one.visit(cookie), null)
    t.not(await other.visit(bens), null, 'another session of theirs, which nobody else knows, goes on')
  })
}

t.test('an end that the provider brings nearer counts for what is open at another gate, though nothing else has changed', async t => {
  const { outside, gate } = setUp('store', Infinity)
  const [one, other] = [gate(), gate()]
  const [cookie, lasting] = [await one.start(), await one.start()]
  const [held, kept] = [(await other.visit(cookie))!, (await other.visit(lasting))!]
  const session = (await one.visit(cookie))!
  await one.sessions.renew(jar, { session, token: jar.readSession(cookie)! }, ada, { refresh: 'r', endsAt: outside.now() + 10 * MINUTE })
  await settled()
  outside.advance(10 * MINUTE - 1)
  t.equal(other.sessions.isLive(held), true)
  outside.advance(1)
  t.equal(other.sessions.isLive(held), false)
  t.equal(other.sessions.isLive(kept), true)
})

t.test('that somebody is there is told with their next step where the store did not take it', async () => {
  const outside = new TestOutside()
  let isAway = false
  const told: string[] = []
  const store: Store = { ...createMemoryStore({ outside }), async set (key) {
    if (isAway) throw new StoreUnavailable('away')
    told.push(key)
  } }
  const idle = createIdle({ after: IDLE, outside, store })!
  const session = { id: 'a', pulse: idle.pulseOf({ id: 'a', startedAt: outside.now() }) }
  isAway = true
  idle.note(session)
  await settled()
  isAway = false
  outside.advance(1000)
  idle.note(session)
  await settled()
  t.equal(told.length, 1)
  outside.advance(1000)
  idle.note(session)
  await settled()
  t.equal(told.length, 1, 'and then once a minute as ever')
})

t.test('of more sessions than are remembered those are forgotten whose person does nothing', t => {
  const outside = new TestOutside()
  const idle = createIdle({ after: IDLE, outside, pulses: new LRUCache<string, Pulse>({ max: 2 }) })!
  const startedAt = outside.now()
  const hold = (id: string) => ({ id, pulse: idle.pulseOf({ id, startedAt }) })
  const [active, away] = [hold('active'), hold('away')]
  outside.advance(20 * MINUTE)
  idle.note(active)
  hold('new')
  outside.advance(20 * MINUTE)
  t.equal(idle.hasEnded(hold('active')), false, 'opened anew, it goes by what is known')
  t.equal(idle.hasEnded(away), true)
  t.end()
})
