// What sessions count on wherever they are kept: in their cookies, in the memory of the process, in a real Redis.
import { randomBytes } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { redisAddress } from '../../src/config/kinds/store.ts'
import { StoreUnavailable } from '../../src/errors.ts'
import { outside } from '../../src/outside.ts'
import { createCookieJar } from '../../src/session/cookies.ts'
import { keepInCookies, keepInStore, type Keeping } from '../../src/session/keeping.ts'
import { createKeyring } from '../../src/session/keyring.ts'
import type { SealedSession } from '../../src/session/session.ts'
import { createMemoryStore } from '../../src/session/store/memory.ts'
import { createRedisStore } from '../../src/session/store/redis.ts'
import type { Store } from '../../src/session/store/store.ts'
import { startRedis } from '../fixtures/redis.ts'

setFlagsFromString('--expose-gc')
const clearUp = runInNewContext('gc') as () => void

const jar = createCookieJar({ port: 1, path: '/', sameSite: 'lax' }, true)
const { session: seal } = createKeyring(undefined, [randomBytes(32)], outside)
const options = { seal, outside, gate: 'gate' }

function begin (more: Partial<SealedSession> = {}): SealedSession {
  const now = outside.now()
  return { id: randomBytes(16).toString('base64url'), identity: { provider: 'oidc', subject: '1', user: 'ada', groups: ['admins'], teams: [], organizations: [], claims: {} }, startedAt: now, expiresAt: now + 60_000, ...more }
}

async function found (keeping: Keeping, cookie: string): Promise<SealedSession | null> {
  const kept = await keeping.read(jar, cookie)
  return kept === null || kept === 'same' ? null : kept.session
}

t.test('what is remembered of a session in a store is not the whole of what is stored', async t => {
  const long = randomBytes(100_000).toString('base64')
  const records = new Map<string, Buffer>()
  const store = { reach: 'process', add: async (name: string, record: string) => Boolean(records.set(name, Buffer.from(record))), get: async (name: string) => records.get(name)?.toString() ?? null } as unknown as Store
  const keeping = keepInStore({ ...options, store })
  const cookie = await keeping.begin(jar, begin({ tokens: { refresh: long } }))
  const states: unknown[] = []
  for (let count = 0; count < 100; count++) {
    const kept = await keeping.read(jar, cookie)
    states.push(kept === null || kept === 'same' ? t.fail() : kept.state)
  }
  clearUp()
  const before = process.memoryUsage().heapUsed
  t.equal(new Set(states).size, 1)
  states.length = 0
  clearUp()
  const held = before - process.memoryUsage().heapUsed
  t.ok(held < 2_000_000, `${held} bytes of a hundred times ${long.length}`)
})

async function behavesAsKeeping (t: Test, keeping: Keeping): Promise<void> {
  await t.test('a session comes back by its cookie, and by no other', async t => {
    const [one, two] = [begin(), begin()]
    const cookies = [await keeping.begin(jar, one), await keeping.begin(jar, two)] as const
    t.not(cookies[0], cookies[1])
    t.strictSame(await Promise.all(cookies.map(cookie => found(keeping, cookie))), [one, two])
    t.strictSame(cookies.map(cookie => keeping.idOf(jar, cookie)), [one.id, two.id])
    t.equal(await found(keeping, `${cookies[0].slice(0, -1)}x`), null)
    t.equal(await found(keeping, ''), null)
  })
  await t.test('what is renewed has the next version and all else as it was given', async t => {
    const session = begin()
    const next = { ...session, version: 1, tokens: { refresh: 'next' } }
    const renewed = await keeping.renew(jar, await keeping.begin(jar, session), next)
    t.strictSame(await found(keeping, renewed?.cookie ?? ''), next)
  })
  await t.test('what is too large is refused, at the sign-in and when it is renewed', async t => {
    const cookie = await keeping.begin(jar, begin())
    const tokens = { refresh: randomBytes(200_000).toString('base64') }
    await t.rejects(async () => await keeping.begin(jar, begin({ tokens })), { code: 'GATE_SESSION_TOO_LARGE' })
    await t.rejects(async () => await keeping.renew(jar, cookie, begin({ tokens, id: keeping.idOf(jar, cookie) as string, version: 1 })), { code: 'GATE_SESSION_TOO_LARGE' })
  })
}

/** Where others have the same sessions, the one cookie stands for what they have made of it. */
async function behavesAsShared (t: Test, store: Store): Promise<void> {
  const keeping = keepInStore({ ...options, store })
  await t.test('of two that renew the same one has; who comes with an older version changes nothing', async t => {
    const session = begin()
    const cookie = await keeping.begin(jar, session)
    const both = await Promise.all(['one', 'other'].map(refresh => keeping.renew(jar, cookie, { ...session, version: 1, tokens: { refresh } })))
    t.equal(both.filter(renewed => renewed === null).length, 1)
    t.strictSame((await found(keeping, cookie))?.tokens, { refresh: both[0] === null ? 'other' : 'one' })
    for (const version of [0, 1]) t.equal(await keeping.renew(jar, cookie, { ...session, version, tokens: { refresh: 'late' } }), null)
    t.not((await found(keeping, cookie))?.tokens?.refresh, 'late')
  })
  await t.test('what has ended is gone, and comes back by no renewal', async t => {
    const session = begin()
    const cookie = await keeping.begin(jar, session)
    await keeping.end(session)
    t.equal(await found(keeping, cookie), null)
    t.equal(await keeping.renew(jar, cookie, { ...session, version: 1 }), null)
    t.equal(await store.get(`gate:session:${session.id}`), null)
  })
  await t.test('nobody’s session is put in another’s place, and another gate’s ticket opens none', async t => {
    const session = begin()
    const cookie = await keeping.begin(jar, session)
    await t.rejects(keeping.begin(jar, { ...session, identity: { ...session.identity, user: 'ben' } }), StoreUnavailable)
    t.strictSame(await found(keeping, cookie), session)
    t.equal(await found(keepInStore({ ...options, gate: 'other', store }), cookie), null)
  })
}

t.test('sessions in cookies', async t => { await behavesAsKeeping(t, keepInCookies(options)) })

t.test('sessions in the memory of the process', async t => {
  const store = createMemoryStore({ outside })
  await behavesAsKeeping(t, keepInStore({ ...options, store }))
  await behavesAsShared(t, store)
})

t.test('sessions in a Redis', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const store = await createRedisStore({ address: redisAddress.parse(redis.url), outside })
  t.teardown(() => store.close())
  await behavesAsKeeping(t, keepInStore({ ...options, store }))
  await behavesAsShared(t, store)
})
