import t from 'tap'
import { createRevocations, type Revocable } from '../../src/session/revocations.ts'
import { createMemoryStore } from '../../src/session/store/memory.ts'
import { TestOutside } from '../fixtures/outside.ts'

const DAY = 86_400_000

function setUp (room?: number) {
  const outside = new TestOutside()
  const overflowed: number[] = []
  const options = { outside, lifetime: DAY, overflowed: (floor: number) => { overflowed.push(floor) }, ...room !== undefined && { room } }
  let count = 0
  /** Somebody signs in a second after the one before. */
  const begin = (subject: string): Revocable => {
    outside.advance(1000)
    return { id: `id-${count++}`, startedAt: outside.now(), expiresAt: outside.now() + DAY, identity: { provider: 'oidc', subject, user: subject, groups: [], teams: [], organizations: [], claims: {} } }
  }
  return { outside, overflowed, options, begin, revocations: createRevocations(options) }
}

t.test('a session that was revoked is so until its end, and no other is', async t => {
  const { revocations, begin } = setUp()
  const [one, two, others] = [begin('ada'), begin('ada'), begin('ben')]
  const before = revocations.generation
  await revocations.revoke(one)
  t.not(revocations.generation, before)
  t.strictSame([one, two, others].map(session => revocations.has(session)), [true, false, false])
})

t.test('signing in and out ten thousand times evicts nobody else’s revocation, and ends no session of anybody else', async t => {
  const { revocations, begin, overflowed } = setUp(1000)
  const [adas, bens, open] = [begin('ada'), begin('ben'), begin('cleo')]
  await revocations.revoke(adas)
  await revocations.revoke(bens)
  let last = begin('dora')
  for (let count = 0; count < 10_000; count++) {
    await revocations.revoke(last)
    if (!revocations.has(last)) t.fail('a session that signed out counts')
    last = begin('dora')
    if (revocations.has(last)) t.fail('the session after it does not count')
  }
  t.strictSame([adas, bens, open, last].map(session => revocations.has(session)), [true, true, false, false])
  t.strictSame(overflowed, [])
})

t.test('who signs out of many sessions at once keeps those that began later', async t => {
  const { revocations, begin } = setUp()
  const many = Array.from({ length: 40 }, () => begin('ada'))
  const later = begin('ada')
  for (const session of many) await revocations.revoke(session)
  t.ok(many.every(session => revocations.has(session)))
  t.notOk(revocations.has(later))
})

t.test('a flood of many people ends the oldest sessions of all, and says so; none that was revoked counts again', async t => {
  const { revocations, begin, overflowed } = setUp(100)
  const oldest = begin('zoe')
  const many = Array.from({ length: 300 }, (_, index) => begin(`person-${index}`))
  const youngest = begin('yan')
  for (const session of many) await revocations.revoke(session)
  t.ok(many.every(session => revocations.has(session)), 'fail closed')
  t.ok(revocations.has(oldest), 'older than what had to be forgotten')
  t.notOk(revocations.has(youngest))
  t.ok(overflowed.length > 0 && overflowed.length < 40)
})

t.test('all sessions of a subject that have begun end, those after it do not', async t => {
  const { revocations, begin } = setUp()
  const [one, two, others] = [begin('ada'), begin('ada'), begin('ben')]
  await revocations.revokeSubject('oidc', 'ada')
  t.strictSame([one, two, others, begin('ada')].map(session => revocations.has(session)), [true, true, false, false])
  await revocations.revokeSubject('github', 'ben')
  t.notOk(revocations.has(others), 'a name is a person only with its provider')
})

t.test('by a store they hold in every process, at once, and in one that starts later', async t => {
  const { options, outside, begin } = setUp()
  const store = createMemoryStore({ outside })
  const [here, there] = [createRevocations({ ...options, store }), createRevocations({ ...options, store })]
  const [one, two] = [begin('ada'), begin('ben')]
  await here.revoke(one)
  await here.revokeSubject('oidc', 'ben')
  t.strictSame([one, two].map(session => there.has(session)), [true, true])
  const later = createRevocations({ ...options, store })
  await later.recall()
  t.strictSame([one, two, begin('ben')].map(session => later.has(session)), [true, true, false])
  t.notMatch(JSON.stringify([...await store.members('revoked')]), /ada|ben|id-/, 'and the store does not know whose they are')
})

t.test('a session at the provider that is over ends what is of it, also a sign-in that is just under way, and nothing else', async t => {
  const { revocations, begin, outside } = setUp()
  const of = (sid: string, subject = 'ada') => ({ ...begin(subject), sid })
  const [one, two, other, without] = [of('s-1'), of('s-1'), of('s-2'), begin('ada')]
  const before = revocations.generation
  await revocations.revokeSid('oidc', 's-1', 'ada')
  t.not(revocations.generation, before)
  t.strictSame([one, two, other, without].map(session => revocations.has(session)), [true, true, false, false])
  t.ok(revocations.has(of('s-1')), 'under way')
  outside.advance(60_000)
  t.notOk(revocations.has(of('s-1')), 'a provider that uses the name again locks nobody out')
  const again = of('s-1')
  await revocations.revokeSid('oidc', 's-1')
  t.ok(revocations.has(again), 'and ends that one too')
  await revocations.revokeSid('github', 's-2')
  await revocations.revokeSid('oidc', other.id)
  t.notOk(revocations.has(other), 'a name counts with its provider, and only for what it is a name of')
})

t.test('who is another subject to the gate than in the id_token is found by either', async t => {
  const { revocations, begin } = setUp()
  const [one, two] = [{ ...begin('tenant.object'), sub: 'pairwise' }, { ...begin('tenant.other'), sub: 'another' }]
  await revocations.revokeSubject('oidc', 'pairwise')
  t.strictSame([one, two].map(session => revocations.has(session)), [true, false])
  await revocations.revokeSubject('oidc', 'tenant.other')
  t.ok(revocations.has(two))
})

t.test('a flood of sign-outs at the provider: of one person it becomes all of theirs so far, of many the oldest end; who signs in after it is not meant', async t => {
  const { revocations, begin, overflowed } = setUp(200)
  const [ada, ben] = [{ ...begin('ada'), sid: 's-a' }, { ...begin('ben'), sid: 's-b' }]
  for (let count = 0; count < 40; count++) await revocations.revokeSid('oidc', `s-${count}`, 'ada')
  t.strictSame([ada, ben].map(session => revocations.has(session)), [true, false])
  t.notOk(revocations.has({ ...begin('ada'), sid: 's-new' }))
  const lost = Array.from({ length: 500 }, (_, index) => ({ ...begin('nobody'), sid: `t-${index}` }))
  for (const { sid } of lost) await revocations.revokeSid('oidc', sid)
  t.ok(overflowed.length > 0)
  t.ok(lost.every(session => revocations.has(session)), 'none that was ended counts again')
})

t.test('what a provider ended is so in every process', async t => {
  const { options, outside, begin } = setUp()
  const store = createMemoryStore({ outside })
  const [here, there] = [createRevocations({ ...options, store }), createRevocations({ ...options, store })]
  const [one, two] = [{ ...begin('ada'), sid: 'the-sid' }, { ...begin('ada'), sid: 's-2' }]
  await here.revokeSid('oidc', 'the-sid', 'ada')
  t.strictSame([one, two].map(session => there.has(session)), [true, false])
  const later = createRevocations({ ...options, store })
  await later.recall()
  t.strictSame([one, two].map(session => later.has(session)), [true, false])
  t.notMatch(JSON.stringify([...await store.members('revoked')]), /ada|the-sid/)
  for (const word of (await store.members('revoked')).keys()) t.match(word, /^[ -~]{1,200}$/)
})
