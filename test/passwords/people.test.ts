import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import t, { type Test } from 'tap'
import { createPeople, type Credentials } from '../../src/passwords/people.ts'
import { readSecret, type Secret } from '../../src/passwords/secret.ts'
import { createQueue } from '../../src/passwords/queue.ts'
import { createVerifier, type Verifier } from '../../src/passwords/verifier.ts'
import { TestOutside } from '../fixtures/outside.ts'
import { ARGON2, BCRYPT, PASSWORD, VECTORS } from '../fixtures/passwords.ts'

const HERE = '192.0.2'
const KEYS = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]

function verifierFor (t: Test): Verifier {
  const verifier = createVerifier(new TestOutside())
  t.teardown(() => { verifier.close() })
  return verifier
}

const peopleOf = (entries: Readonly<Record<string, string>>): ReadonlyMap<string, Secret> => new Map(Object.entries(entries).map(([name, text]) => [name, readSecret(text)]))
const inFile = (entries: Readonly<Record<string, string>>): Credentials => ({ path: 'users.json', people: peopleOf(entries) })

/** Remembers what was worked out. */
function counting (answer: (secret: Secret, password: string) => boolean = () => false) {
  const asked: Secret[] = []
  return { asked, verify: async (secret: Secret, password: string) => {
    asked.push(secret)
    return answer(secret, password)
  } }
}

t.test('hashes of other programs are right for their password, and for no other', async t => {
  const { verify } = verifierFor(t)
  for (const [password, hash] of [...VECTORS, [PASSWORD, BCRYPT], [PASSWORD, ARGON2]] as const) {
    t.ok(await verify(readSecret(hash), password, HERE), hash)
    for (const other of [`${password} `, password.toUpperCase() + 'x', '', hash, `${password}\0`, `\0${password}`]) t.notOk(await verify(readSecret(hash), other, HERE), `${hash} ${JSON.stringify(other)}`)
  }
  t.ok(await verify(readSecret('plain-and-simple'), 'plain-and-simple', HERE))
  for (const other of ['', 'plain', 'Plain-and-simple', 'plain-and-simple ']) t.notOk(await verify(readSecret('plain-and-simple'), other, HERE))
})

t.test('a password that bcrypt would cut off is never right: what begins the same would be', async t => {
  const { verify } = verifierFor(t)
  const hash = '$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui' // of 72 bytes, as the tests of crypt_blowfish have it
  const whole = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
  t.ok(await verify(readSecret(hash), whole, HERE))
  t.notOk(await verify(readSecret(hash), `${whole}chars after 72 are ignored`, HERE))
  t.notOk(await verify(readSecret(hash), whole.slice(0, 71), HERE))
})

t.test('timing: whatever is wrong, one hash of the kinds and costs of the file is worked out', async t => {
  const entries = { ada: BCRYPT, ben: BCRYPT.replace('KBC', 'KBD'), cleo: ARGON2 }
  const { asked, verify } = counting()
  const people = createPeople(inFile(entries), { keys: KEYS, verify })
  const names = ['ada', 'cleo', 'nobody', '', 'x'.repeat(300), 'a\nb', '__proto__', 'constructor', 'ADA']
  for (const name of names) await t.rejects(people.signIn(name, PASSWORD, HERE), { code: 'GATE_PASSWORD_REFUSED' }, name)
  t.equal(asked.length, names.length, 'one each')
  t.ok(asked.every(({ text }) => Object.values(entries).includes(text)))
  const decoys = new Set<string>()
  for (let count = 0; count < 60; count++) {
    await t.rejects(people.signIn(`name-${count}`, 'x', HERE))
    const first = asked.at(-1)?.text
    await t.rejects(people.signIn(`name-${count}`, 'x', HERE))
    t.equal(asked.at(-1)?.text, first, 'and the same each time, as a name of the file has')
    decoys.add(first ?? '')
  }
  t.equal(decoys.size, 3, 'from all over the file')
})

t.test('timing: however a name is spelled that nobody has, it takes the same entry’s work', async t => {
  const { asked, verify } = counting()
  const people = createPeople(inFile(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`person-${index}`, BCRYPT.replace('KBC', `K${String(index).padStart(2, '0')}`)]))), { keys: KEYS, verify })
  for (const spellings of [['eve', ' eve', 'eve ', '\teve\n'], ['jürgen', 'ju\u0308rgen', ' ju\u0308rgen']]) {
    asked.length = 0
    for (const name of spellings) await t.rejects(people.signIn(name, 'x', HERE))
    t.equal(asked.length, spellings.length)
    t.equal(new Set(asked.map(({ text }) => text)).size, 1, 'as those of one who is in the file')
  }
})

t.test('timing: a plain password is compared as a digest of one length, in constant time, whatever is typed', async t => {
  const { verify } = verifierFor(t)
  const { timingSafeEqual } = crypto
  const compared: [number, number][] = []
  const restore = () => {
    crypto.timingSafeEqual = timingSafeEqual
    syncBuiltinESMExports()
  }
  t.teardown(restore)
  crypto.timingSafeEqual = (one, other) => {
    compared.push([one.byteLength, other.byteLength])
    return timingSafeEqual(one, other)
  }
  syncBuiltinESMExports()
  const secret = readSecret('plain-and-simple')
  const typed = ['plain-and-simple', 'plain-and-simplf', 'x', '', 'plain-and-simple and much longer than it is']
  const right: boolean[] = []
  for (const text of typed) right.push(await verify(secret, text, HERE))
  restore()
  t.strictSame(right, [true, false, false, false, false])
  t.strictSame(compared, typed.map(() => [32, 32]), 'each once, and of no length that would tell')
})

t.test('user enumeration: the right password of the entry that stands in for a name that nobody has lets nobody in', async t => {
  const { asked, verify } = counting(() => true)
  const people = createPeople(inFile({ ada: 'ada-and-lovelace' }), { keys: KEYS, verify })
  for (const name of ['eve', '', 'Ada', 'a\0']) await t.rejects(people.signIn(name, 'ada-and-lovelace', HERE), { code: 'GATE_PASSWORD_REFUSED' }, name)
  t.equal(asked.length, 4)
  t.match(await people.signIn(' ada ', 'ada-and-lovelace', HERE), { name: 'ada' }, 'a space that a keyboard added is none of the name')
})

t.test('a mark stands as long as the entry does, under each of the keys, and says nothing of the password', async t => {
  const people = createPeople(inFile({ ada: 'ada-and-lovelace', ben: BCRYPT }), { keys: KEYS, verify: async () => true })
  const { mark } = await people.signIn('ada', 'x', HERE)
  t.match(mark, /^[\w-]{22}$/)
  t.ok(people.stands('ada', mark))
  for (const [name, other] of [['ben', mark], ['eve', mark], ['ada', ''], ['ada', undefined]] as const) t.notOk(people.stands(name, other))
  const rotated = createPeople(inFile({ ada: 'ada-and-lovelace' }), { keys: [Buffer.alloc(32, 3), KEYS[0] as Buffer], verify: async () => true })
  t.ok(rotated.stands('ada', mark), 'after the keys were rotated too')
  t.notOk(createPeople(inFile({ ada: 'ada-and-lovelace' }), { keys: [Buffer.alloc(32, 3)], verify: async () => true }).stands('ada', mark))
  t.strictSame(people.replace(peopleOf({ ada: 'ada-and-lovelace', ben: BCRYPT, cleo: 'cleo-and-patra' })), { added: 1, removed: 0, changed: 0 })
  t.equal(people.generation, 0, 'nobody has to be judged anew because somebody came')
  t.strictSame(people.replace(peopleOf({ ada: 'another-for-ada', cleo: 'cleo-and-patra' })), { added: 0, removed: 1, changed: 1 })
  t.match(people, { generation: 1, size: 2 })
  t.notOk(people.stands('ada', mark))
})

t.test('a sign-in that was being checked while the entry changed gets a mark that no longer stands', async t => {
  let answer: (right: boolean) => void = () => {}
  const people = createPeople(inFile({ ada: BCRYPT }), { keys: KEYS, verify: () => new Promise(resolve => { answer = resolve }) })
  const signIn = people.signIn('ada', PASSWORD, HERE)
  people.replace(peopleOf({ ada: 'another-for-ada' }))
  answer(true)
  t.notOk(people.stands('ada', (await signIn).mark))
})

t.test('of the one password everybody has the same mark, whatever their name', async t => {
  const people = createPeople({ password: readSecret('SeCret-of-all') }, { keys: KEYS, verify: async () => true })
  const { mark } = await people.signIn('ada', 'x', HERE)
  t.equal((await people.signIn('ben', 'x', HERE)).mark, mark)
  t.match(people, { path: undefined, isShared: true })
  t.ok(people.stands('anybody', mark))
  t.notOk(createPeople({ password: readSecret('secret-of-all') }, { keys: KEYS, verify: async () => true }).stands('ada', mark))
  t.throws(() => people.replace(new Map()), TypeError)
})

t.test('hashing is bounded: two at once, sixty-four wait from wherever, the rest is refused, and what the gate does meanwhile goes on', async t => {
  const { verify } = verifierFor(t)
  const slow = readSecret('$2a$10$KBCwKxOzLha2MUDgW0PjXexGfB5dmDvvvgEVjeeXiTo87i0yXWYau')
  let longest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 5)
  const answers = await Promise.allSettled(Array.from({ length: 80 }, (_, index) => verify(slow, 'x', `network ${index % 20}`)))
  clearInterval(timer)
  t.equal(answers.filter(({ status }) => status === 'fulfilled').length, 66)
  t.ok(answers.filter(answer => answer.status === 'rejected').every(({ reason }) => (reason as { code: string }).code === 'GATE_TOO_MANY_ATTEMPTS'))
  t.ok(longest < 1_000, `the longest pause was ${Math.round(longest)} ms of the seconds it took`)
  t.equal(await verify(slow, 'x', HERE), false, 'and later there is room again')
})

t.test('who floods the queue from one network leaves room in it for others', async t => {
  const { verify } = verifierFor(t)
  const slow = readSecret('$2a$10$KBCwKxOzLha2MUDgW0PjXexGfB5dmDvvvgEVjeeXiTo87i0yXWYau')
  const flood = Promise.allSettled(Array.from({ length: 80 }, () => verify(slow, 'x', 'flood')))
  t.strictSame(await Promise.all(['ada', 'ben'].map(network => verify(slow, 'x', network))), [false, false], 'theirs is checked')
  t.equal((await flood).filter(({ status }) => status === 'fulfilled').length, 6, 'two at once, and four that wait')
  t.equal(await verify(slow, 'x', 'flood'), false, 'and later there is room for theirs too')
})

// Of the queue alone: in which order two threads are done is the machine's to say.
t.test('others do not wait until all are done of who floods the queue', t => {
  const queue = createQueue<string>({ each: 4, all: 6 })
  const add = (network: string, count: number) => Array.from({ length: count }, (_, index) => queue.add(network, `${network} ${index + 1}`))
  const takeAll = () => Array.from({ length: 7 }, () => queue.take())
  t.strictSame(add('flood', 6), [true, true, true, true, false, false])
  t.strictSame([...add('ada', 1), ...add('ben', 1), ...add('cleo', 1)], [true, true, false], 'six of all')
  t.strictSame(takeAll(), ['flood 1', 'ada 1', 'ben 1', 'flood 2', 'flood 3', 'flood 4', undefined])
  t.strictSame([...add('cleo', 2), ...add('ada', 2)], [true, true, true, true])
  t.strictSame(takeAll(), ['cleo 1', 'ada 1', 'cleo 2', 'ada 2', undefined, undefined, undefined])
  add('flood', 4)
  t.strictSame(queue.clear(), ['flood 1', 'flood 2', 'flood 3', 'flood 4'])
  t.equal(queue.take(), undefined)
  t.strictSame(add('flood', 5), [true, true, true, true, false], 'its room is free again')
  t.end()
})

t.test('a verifier that was closed leaves nobody waiting', async t => {
  const verifier = createVerifier(new TestOutside())
  const answers = Array.from({ length: 5 }, () => verifier.verify(readSecret(ARGON2), 'x', HERE))
  verifier.close()
  t.equal((await Promise.allSettled(answers)).length, 5)
})
