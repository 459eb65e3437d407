// What a store keeps of sign-outs, which must stay within bounds as what a process keeps does.
import t from 'tap'
import { StoreUnavailable } from '../../src/errors.ts'
import { createRevocations, type Revocable } from '../../src/session/revocations.ts'
import { createMemoryStore } from '../../src/session/store/memory.ts'
import { TestOutside } from '../fixtures/outside.ts'

const DAY = 86_400_000

function setUp (room?: number) {
  const outside = new TestOutside()
  const store = createMemoryStore({ outside })
  const gate = () => createRevocations({ outside, lifetime: DAY, store, ...room !== undefined && { room } })
  let count = 0
  const begin = (subject: string): Revocable => {
    outside.advance(1000)
    return { id: `id-${count++}`, startedAt: outside.now(), expiresAt: outside.now() + DAY, identity: { provider: 'oidc', subject, user: subject, groups: [], teams: [], organizations: [], claims: {} } }
  }
  return { outside, store, gate, begin, kept: async () => (await store.members('revoked')).size }
}

t.test('flood: of one person’s sign-outs a store keeps a few dozen, which end as many sessions for whoever starts later', async t => {
  const { gate, begin, kept } = setUp()
  const [here, there] = [gate(), gate()]
  const ben = begin('ben')
  await here.revoke(ben)
  const many = Array.from({ length: 200 }, () => begin('ada'))
  const [open, bensOpen] = [begin('ada'), begin('ben')]
  for (const [index, session] of many.entries()) await [here, there][index % 2]?.revoke(session)
  t.ok(await kept() <= 34, String(await kept()))
  const later = gate()
  await later.recall()
  for (const revocations of [here, there, later]) {
    t.ok(many.every(session => revocations.has(session)))
    t.strictSame([ben, open, bensOpen].map(session => revocations.has(session)), [true, false, false])
  }
})

t.test('flood: of one person whom the provider signs out again and again a store keeps the last time', async t => {
  const { gate, begin, kept } = setUp()
  const here = gate()
  const ada = begin('ada')
  await here.revoke(ada)
  for (let count = 0; count < 100; count++) {
    begin('ada')
    await here.revokeSubject('oidc', 'ada')
  }
  t.equal(await kept(), 1)
  const later = gate()
  await later.recall()
  t.strictSame([ada, begin('ada')].map(session => later.has(session)), [true, false])
})

t.test('flood: of many people’s sign-outs a store keeps as many as a process does, and what is put out ends the oldest sessions everywhere', async t => {
  const { gate, begin, kept } = setUp(100)
  const [here, there] = [gate(), gate()]
  const oldest = begin('zoe')
  const many = Array.from({ length: 300 }, (_, index) => begin(`person-${index}`))
  const youngest = begin('yan')
  for (const session of many) await here.revoke(session)
  t.ok(await kept() <= 101, String(await kept()))
  const later = gate()
  await later.recall()
  for (const revocations of [here, there, later]) {
    t.ok([oldest, ...many].every(session => revocations.has(session)), 'fail closed')
    t.notOk(revocations.has(youngest))
  }
})

t.test('flood: a memory that is full takes no more members of sets either, and has room again once they are over or put out', async t => {
  const outside = new TestOutside()
  const store = createMemoryStore({ outside, room: 1000 })
  const member = (index: number) => `${index}`.padEnd(100, '-')
  const fill = async () => { for (let index = 0; index < 20; index++) await store.enrol('set', member(index), outside.now() + 1000) }
  await t.rejects(fill(), StoreUnavailable)
  const { size } = await store.members('set')
  t.equal(size, 10)
  await store.enrol('set', member(0), outside.now() + 2000)
  t.equal((await store.members('set')).size, size, 'one that is there already needs none')
  await store.dismiss('set', [member(0), member(1), 'unknown'])
  await store.enrol('set', member(30), outside.now() + 1000)
  await store.enrol('set', member(31), outside.now() + 1000)
  await t.rejects(store.set('key', 'x'.repeat(200), 1000), StoreUnavailable)
  outside.advance(61_000)
  await store.set('key', 'x'.repeat(800), 1000)
  t.equal((await store.members('set')).size, 0)
})
