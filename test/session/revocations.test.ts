import t from 'tap'
import { StoreUnavailable } from '../../src/errors.ts'
import { createRevocations, type Revocable, type Revocations } from '../../src/session/revocations.ts'
import { createMemoryStore } from '../../src/session/store/memory.ts'
import type { Store } from '../../src/session/store/store.ts'
import { TestOutside } from '../fixtures/outside.ts'

const DAY = 86_400_000

function setUp (room?: number) {
  let lifetime = DAY
  const outside = new TestOutside()
  const overflowed: number[] = []
  const options = {
    outside, get lifetime () { return lifetime },
    overflowed (floor: number) { overflowed.push(floor) },
    ...room !== undefined && { room }
  }
  let count = 0
  /** Somebody signs in a second after the one before. */
  const begin = (subject: string): Revocable => {
    outside.advance(1000)
    return { id: `id-${count++}`, startedAt: outside.now(), expiresAt: outside.now() + DAY, identity: { provider: 'oidc', subject, user: subject, groups: [], teams: [], organizations: [], claims: {} } }
  }
  /** Others come and go, until there is no room but for what is over. */
  const fill = async (revocations: Revocations, count: number): Promise<void> => {
    for (let index = 0; index < count; index++) await revocations.revoke({ ...begin(`passing-${index}`), expiresAt: outside.now() + 60_000 })
    outside.advance(120_000)
    await revocations.revoke(begin('passing'))
  }
  return { outside, overflowed, options, begin, fill, revocations: createRevocations(options), last (milliseconds: number) { lifetime = milliseconds } }
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

t.test('what is over makes room again: nobody’s session ends for it, and nobody’s sign-outs count for later ones', async t => {
  const { revocations, begin, outside, overflowed } = setUp(32)
  for (let count = 0; count < 32; count++) await revocations.revoke(begin('ada'))
  outside.advance(2 * DAY)
  const [one, open] = [begin('ada'), begin('ada')]
  await revocations.revoke(open)
  t.strictSame([one, open].map(session => revocations.has(session)), [false, true])
  const subjects = Array.from({ length: 31 }, (_, index) => `person-${index}`)
  for (const subject of subjects) await revocations.revokeSubject('oidc', subject)
  outside.advance(2 * DAY)
  for (const subject of subjects) await revocations.revokeSubject('oidc', `another-${subject}`)
  t.strictSame(overflowed, [])
})

t.test('what became coarser is kept as long as any session that it stands for, whichever of them came last', async t => {
  const { revocations, begin, fill, outside } = setUp(40)
  const many = Array.from({ length: 32 }, () => begin('ada'))
  for (const session of many) await revocations.revoke(session)
  await revocations.revoke({ ...begin('ada'), expiresAt: outside.now() + 60_000 })
  await fill(revocations, 39)
  t.ok(many.every(session => revocations.has(session)), 'replay after sign-out')
})

t.test('a subject’s sign-out is kept as long as the longest that was asked for, and a session’s at the provider as long as any of its sessions', async t => {
  const { revocations, begin, fill, last } = setUp(20)
  const [ada, ben] = [begin('ada'), { ...begin('ben'), sid: 's-1' }]
  await revocations.revokeSubject('oidc', 'ada')
  await revocations.revokeSid('oidc', 's-1', 'ben')
  last(60_000)
  await revocations.revokeSubject('oidc', 'ada')
  await fill(revocations, 18)
  t.strictSame([ada, ben].map(session => revocations.has(session)), [true, true])
})

t.test('what is over when it is heard changes nothing, and what comes late shortens nothing', async t => {
  const { revocations, options, begin, outside } = setUp()
  const over = begin('ada')
  outside.advance(DAY)
  const before = revocations.generation
  await revocations.revoke(over)
  t.equal(revocations.generation, before)
  const store = createMemoryStore({ outside })
  const [here, there] = [createRevocations({ ...options, store }), createRevocations({ ...options, store })]
  await here.revokeSubject('oidc', 'ben')
  const [early = ''] = (await store.members('revoked')).keys()
  const ben = begin('ben')
  await here.revokeSubject('oidc', 'ben')
  await store.announce('revoked', early)
  t.equal(there.has(ben), true)
})

t.test('all sessions of a subject that have begun end, those after it do not', async t => {
  const { revocations, begin } = setUp()
  const [one, two, others] = [begin('ada'), begin('ada'), begin('ben')]
  await revocations.revokeSubject('oidc', 'ada')
  t.strictSame([one, two, others, begin('ada')].map(session => revocations.has(session)), [true, true, false, false])
  await revocations.revokeSubject('github', 'ben')
  t.notOk(revocations.has(others), 'a name is a person only with its provider')
})

t.test('what the provider ended is told from what was ended here, in every process', async t => {
  const { options, outside, begin } = setUp()
  const store = createMemoryStore({ outside })
  const [here, there] = [createRevocations({ ...options, store }), createRevocations({ ...options, store })]
  const [ada, ben, cleo] = [begin('ada'), { ...begin('ben'), sid: 's-1' }, begin('cleo')]
  await here.revoke(ada)
  await here.revokeSid('oidc', 's-1')
  await here.revokeSubject('oidc', 'cleo')
  for (const revocations of [here, there]) {
    t.strictSame([ada, ben, cleo].map(session => [revocations.has(session), revocations.isByProvider(session)]), [[true, false], [true, true], [true, true]])
  }
  const edith = { ...begin('edith'), sid: 's-2' }
  await here.revoke(edith)
  await here.revokeSid('oidc', 's-2', 'edith')
  t.notOk(here.isByProvider(edith), 'who signed out here first has done it themselves')
  const many = Array.from({ length: 40 }, () => begin('dora'))
  for (const session of many) await here.revoke(session)
  const before = { ...begin('dora'), startedAt: (many[0]?.startedAt ?? 0) - 1 }
  t.strictSame([here.has(before), here.isByProvider(before)], [true, false], 'nor is it the provider where there was no room')
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
  t.notMatch(JSON.stringify([...await store.members('revoked')]), /\b(?:ada|ben|id)\b/, 'and the store does not know whose they are')
})

/** A store elsewhere, which a test loses and finds again. */
function createFarStore (outside: TestOutside): { readonly store: Store, lose (): void, find (): void, failing: boolean } {
  const memory = createMemoryStore({ outside })
  const told: { missed?: (() => void) | undefined, lost?: (() => void) | undefined }[] = []
  const far = {
    failing: false,
    lose () { for (const { lost } of told) lost?.() },
    find () { for (const { missed } of told) missed?.() },
    store: {
      ...memory, reach: 'network' as const,
      async members (set: string) {
        if (far.failing) throw new StoreUnavailable('a test')
        return await memory.members(set)
      },
      listen (topic: string, heard: (word: string) => void, missed?: () => void, lost?: () => void) {
        memory.listen(topic, heard)
        told.push({ missed, lost })
      }
    }
  }
  return far
}

const tick = () => new Promise(resolve => { setImmediate(resolve) })

t.test('as long as what others revoked is not known no session counts for sure, and then only those that were not', async t => {
  const { options, outside, begin } = setUp()
  const far = createFarStore(outside)
  const [here, there] = [createRevocations({ ...options, store: far.store }), createRevocations({ ...options, store: far.store })]
  const [one, two] = [begin('ada'), begin('ben')]
  const known = () => {
    try {
      there.demand()
      return there.generation === there.generation
    } catch (error) {
      t.ok(error instanceof StoreUnavailable)
      t.not(there.generation, there.generation, 'whoever compares it looks again')
      return false
    }
  }
  t.equal(known(), false, 'before it has listened')
  await t.rejects(there.recall(), StoreUnavailable)
  far.find()
  await tick()
  t.equal(known(), true)
  const before = there.generation
  far.lose()
  t.equal(known(), false)
  t.equal(there.has(two), false, 'what is open goes by what is known')
  await far.store.enrol('revoked', 's x', 0)
  await here.revoke(one)
  far.failing = true
  far.find()
  await tick()
  t.equal(known(), false, 'not yet learned')
  far.failing = false
  await new Promise(resolve => { setTimeout(resolve, 1200) })
  t.equal(known(), true, 'it is tried again')
  t.not(there.generation, before)
  t.strictSame([one, two].map(session => there.has(session)), [true, false])
})

t.test('what was lost while it was being learned is learned again', async t => {
  const { options, outside } = setUp()
  const far = createFarStore(outside)
  const revocations = createRevocations({ ...options, store: far.store })
  far.find()
  far.lose()
  await tick()
  t.throws(() => revocations.demand(), StoreUnavailable)
  far.find()
  await tick()
  t.doesNotThrow(() => revocations.demand())
})

t.test('a store that is there and does not say what was revoked is told once', async t => {
  const { options, outside } = setUp()
  const far = createFarStore(outside)
  let told = 0
  const revocations = createRevocations({ ...options, store: far.store, unlearned: () => ++told > 0 })
  far.failing = true
  far.find()
  await new Promise(resolve => { setTimeout(resolve, 1200) })
  t.equal(told, 1)
  t.throws(() => revocations.demand(), StoreUnavailable)
  far.lose()
})

t.test('what is told otherwise is told when it is so still a second later', async t => {
  const { options, outside } = setUp()
  const far = createFarStore(outside)
  const answers = [false, true]
  createRevocations({ ...options, store: far.store, unlearned: () => answers.shift() ?? t.fail('told too often') })
  far.failing = true
  far.find()
  await tick()
  t.strictSame(answers, [true])
  await new Promise(resolve => { setTimeout(resolve, 2300) })
  t.strictSame(answers, [])
  far.lose()
})

t.test('gates that do not share their sessions share no sign-outs', async t => {
  const { options, outside, begin } = setUp()
  const store = createMemoryStore({ outside })
  const [one, other] = [createRevocations({ ...options, store, set: 'one:revoked' }), createRevocations({ ...options, store, set: 'other:revoked' })]
  const session = begin('ada')
  await one.revoke(session)
  await other.recall()
  t.strictSame([one.has(session), other.has(session)], [true, false])
})

t.test('a session at the provider that is over ends what is of it, also a sign-in that is just under way, and nothing else', async t => {
  const { revocations, begin, outside } = setUp()
  const of = (sid: string, subject = 'ada') => ({ ...begin(subject), sid })
  const [one, two, other, without, bens] = [of('s-1'), of('s-1'), of('s-2'), begin('ada'), begin('ben')]
  const before = revocations.generation
  await revocations.revokeSid('oidc', 's-1', 'ada')
  t.not(revocations.generation, before)
  t.strictSame([one, two, other, without].map(session => revocations.has(session)), [true, true, false, true], 'and what of the person’s has no name there, which may be the one')
  t.ok(revocations.has(of('s-1')), 'under way')
  t.strictSame([begin('ada'), begin('ben')].map(session => revocations.has(session)), [false, false], 'not who signs in later, nor anybody else')
  t.notOk(revocations.has(bens))
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

t.test('a provider that names its session and its person ends what is theirs without a name for it, by either name of the person', async t => {
  const { revocations, begin } = setUp()
  const [one, two] = [{ ...begin('tenant.object'), sub: 'pairwise' }, { ...begin('tenant.object'), sub: 'pairwise', sid: 's-2' }]
  await revocations.revokeSid('oidc', 's-1', 'pairwise')
  t.strictSame([one, two].map(session => revocations.has(session)), [true, false])
  const [three, four] = [begin('ben'), begin('ben')]
  await revocations.revokeSid('oidc', 's-3')
  t.strictSame([three, four].map(session => revocations.has(session)), [false, false], 'without the person nobody knows whose')
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
  t.notMatch(JSON.stringify([...await store.members('revoked')]), /\bada\b|the-sid/)
  for (const word of (await store.members('revoked')).keys()) t.match(word, /^[ -~]{1,200}$/)
})

t.test('what a provider ended within the last minute, told once more by a reload or to a process that starts, signs nobody out who has signed in since', async t => {
  const { options, outside, begin } = setUp()
  const store = createMemoryStore({ outside })
  const here = createRevocations({ ...options, store })
  const [one, other] = [{ ...begin('ada'), sid: 's-1' }, begin('ada')]
  await here.revokeSid('oidc', 's-1', 'ada')
  outside.advance(1000)
  await here.revokeSubject('oidc', 'ada')
  const [again, out] = [{ ...begin('ada'), sid: 's-2' }, begin('ada')]
  await here.revoke(out)
  await here.recall()
  const later = createRevocations({ ...options, store })
  await later.recall()
  for (const revocations of [here, later]) {
    t.strictSame([one, other, { ...begin('ada'), sid: 's-1' }, out].map(session => revocations.has(session)), [true, true, true, true])
    t.notOk(revocations.has(again))
  }
  const flood = setUp()
  const common = createMemoryStore({ outside: flood.outside })
  const busy = createRevocations({ ...flood.options, store: common })
  for (let count = 0; count < 40; count++) await busy.revokeSid('oidc', `s-${count}`, 'ada')
  const after = { ...flood.begin('ada'), sid: 's-new' }
  await busy.recall()
  t.notOk(busy.has(after), 'nor where there were so many that they became one')
})
