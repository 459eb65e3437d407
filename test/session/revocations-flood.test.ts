// Ten thousand sign-outs of one person, in the room that a gate has by default, through what processes share.
import t, { type Test } from 'tap'
import { redisAddress } from '../../src/config/kinds/store.ts'
import { createRevocations, type Revocable } from '../../src/session/revocations.ts'
import { createMemoryStore } from '../../src/session/store/memory.ts'
import { createRedisStore } from '../../src/session/store/redis.ts'
import type { Store } from '../../src/session/store/store.ts'
import { onlyInCi } from '../fixtures/lacking.ts'
import { TestOutside } from '../fixtures/outside.ts'
import { startRedis } from '../fixtures/redis.ts'

const DAY = 86_400_000
const TIMES = 10_000

async function signInAndOut (t: Test, outside: TestOutside, store: Store): Promise<void> {
  const overflowed: number[] = []
  const learn = () => createRevocations({ outside, store, lifetime: DAY, overflowed: floor => { overflowed.push(floor) } })
  let count = 0
  const begin = (subject: string): Revocable => {
    outside.advance(1000)
    return { id: `id-${count++}`, startedAt: outside.now(), expiresAt: outside.now() + DAY, identity: { provider: 'oidc', subject, user: subject, groups: [], teams: [], organizations: [], claims: {} } }
  }
  const [here, there] = [learn(), learn()]
  await there.recall()
  const [adas, bens, open] = [begin('ada'), begin('ben'), begin('cleo')]
  const ofSid = { ...begin('eve'), sid: 's-1' }
  await here.revoke(adas)
  await here.revokeSubject('oidc', 'ben')
  await here.revokeSid('oidc', 's-1', 'eve')
  const doras: Revocable[] = []
  for (let round = 0; round < TIMES; round++) {
    const session = begin('dora')
    if (here.has(session) || there.has(session)) return void t.fail('a new sign-in does not count')
    await here.revoke(session)
    doras.push(session)
  }
  const last = begin('dora')
  const later = learn()
  await later.recall()
  const known = [here, there, later].map(revocations => [adas, bens, ofSid, open, last].map(session => revocations.has(session)))
  t.strictSame(known, Array(3).fill([true, true, true, false, false]), 'where they signed out, elsewhere, and in a gate that starts afterwards')
  for (const revocations of [here, there, later]) t.equal(doras.filter(session => revocations.has(session)).length, TIMES)
  t.strictSame(overflowed, [], 'and for lack of room nobody’s session ended')
}

t.test('signing in and out ten thousand times evicts nobody else’s revocation: the memory of one process', async t => {
  const outside = new TestOutside()
  await signInAndOut(t, outside, createMemoryStore({ outside }))
})

t.test('signing in and out ten thousand times evicts nobody else’s revocation: a Redis', onlyInCi('ten thousand sign-outs through a Redis'), async t => {
  t.setTimeout(120_000)
  const redis = await startRedis(t)
  if (redis === null) return
  const outside = new TestOutside()
  const store = await createRedisStore({ address: redisAddress.parse(redis.url), outside, told: { lost () {}, back () {} } })
  t.teardown(() => store.close())
  await signInAndOut(t, outside, store)
})
