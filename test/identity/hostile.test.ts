import t from 'tap'
import { createEntry } from '../../src/access/entry/entry.ts'
import { identifierOf } from '../../src/active-provider.ts'
import { Claims } from '../../src/claims.ts'
import type { ProviderConfig, Settings } from '../../src/config/options.ts'
import { GateError } from '../../src/errors.ts'
import type { Identity } from '../../src/identity/identity.ts'
import type { Said } from '../../src/identity/sources.ts'
import { Trace } from '../../src/identity/trace.ts'
import { mergeClaims } from '../../src/oauth/merge-claims.ts'
import { isCi } from '../fixtures/lacking.ts'
import { reordered } from './cases/answers.ts'
import type { IdentityCase, Json } from './cases/case.ts'
import { configOf, saidBy } from './play.ts'
import { fc } from '../fixtures/random.ts'

const ROLES = /^(?:none|viewer|editor|(?:grafana)?admin)$/i
const EVERY_OBJECT_HAS = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf', 'isPrototypeOf', '__defineGetter__', '__lookupSetter__']
const MEANT = ['sub', 'id', 'email', 'email_verified', 'mail', 'attributes', 'email:primary', 'upn', 'login', 'username', 'preferred_username', 'nick', 'name', 'display_name', 'full', 'role', 'groups', 'g', 'teams', 'values', 'primary', 'is_primary', 'verified']
/** What the lists let in, the one word that a hostile provider must say as a claim of its own. */
/** Elsewhere fewer, of which each time others are drawn. */
const RUNS = isCi ? 3000 : 800
const WANTED = { email: 'ceo@victim.example', group: 'boss', role: 'Admin' }

const everything: Settings = {
  emailAttributePath: 'mail', loginAttributePath: 'nick', nameAttributePath: 'full', groupsAttributePath: 'g', roleAttributePath: 'role', roleAttributeStrict: true,
  teamsUrl: '{origin}/teams', teamIdsAttributePath: 'values', allowedEmails: [WANTED.email], allowedGroups: [WANTED.group]
}
/** Paths to what every object has, and by what an expression could reach it. */
const reaching: Settings = {
  emailAttributePath: 'constructor.name || toString', emailAttributeName: 'constructor', loginAttributePath: 'hasOwnProperty || valueOf', nameAttributePath: 'constructor.name',
  groupsAttributePath: 'constructor || [constructor.name, toString][]', roleAttributePath: 'merge(@, more, attributes || `{}`).role', roleAttributeStrict: true, allowedGroups: [WANTED.group]
}
const settings: readonly Settings[] = [{}, everything, reaching, { ...everything, allowUnverifiedEmail: true }, { ...everything, grafanaCompat: true }, { ...reaching, grafanaCompat: true }]

interface Judged { readonly identity?: Identity, readonly isAdmitted: boolean, readonly trace: Trace, readonly code?: string }

/** The very steps of a sign-in after the provider has spoken. @throws whatever is no refusal */
function judge (said: Said, settings: Settings): Judged {
  const config = configOf({ what: '', settings, expected: {} })
  const identifier = identifierOf(config.providers[0] as ProviderConfig, config)
  const trace = new Trace()
  try {
    identifier.wants(said)
    identifier.namesGroups(said)
    const identity = identifier.identify(said, trace)
    return { identity, isAdmitted: createEntry(config).refuse(identity) === null, trace }
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    return { isAdmitted: false, trace, code: error.code }
  }
}

/** Documents that are no case's: lists and scalars too. */
function saying (...documents: readonly unknown[]): Said {
  const all = documents.map((document, index) => ({ name: ['id_token', 'userinfo', 'access_token'][index] ?? 'another', claims: new Claims(document) }))
  return { sources: { claims: mergeClaims(all) }, documents: all, more: { emails: all.map(({ claims }) => claims), teams: all.map(({ claims }) => claims), organizations: all.map(({ claims }) => claims) } }
}

const odd = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -0, 1e308, Number.MAX_SAFE_INTEGER + 2, '', ' ', '\uD800', 'a\uDC00b', 'x\r\nX-Forwarded-Role: Admin', 'a\u2028b', '\u0000', [], {}, [[]], [null], 'Admin\n', ' Admin', ['Admin'], { role: 'Admin' }, { toString: 'Admin' }),
  fc.constantFrom<unknown>(WANTED.email, [WANTED.email], WANTED.group, [WANTED.group], { 0: WANTED.group, length: 1 }, { 'email:primary': WANTED.email }, { value: 'Admin' }),
  fc.jsonValue({ maxDepth: 4 }), fc.string({ unit: 'binary' })
)
const names = fc.oneof(fc.constantFrom(...EVERY_OBJECT_HAS), fc.constantFrom(...MEANT), fc.constantFrom('EMAIL', 'Role', 'more'), fc.string({ maxLength: 4 }))
/** As JSON.parse gives it: `__proto__` is a member like any other. */
const members = (value: fc.Arbitrary<unknown>) => fc.array(fc.tuple(names, value), { maxLength: 12 }).map(list => Object.fromEntries(list))
const document = members(fc.oneof({ weight: 4, arbitrary: odd }, { weight: 1, arbitrary: members(odd) }))

/** Every text that is a value somewhere in it, as a member of its own. */
function textsIn (json: unknown): string[] {
  if (typeof json === 'string' || typeof json === 'number') return [String(json)]
  return typeof json === 'object' && json !== null ? Object.values(json).flatMap(textsIn) : []
}

function checkTrace (trace: Trace): boolean {
  return trace.lines().every(line => line.length < 2000 && !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(line))
}

t.test('whatever the documents are, nothing is thrown but a refusal, and no field has what no source says', t => {
  fc.assert(fc.property(fc.array(fc.oneof({ weight: 8, arbitrary: document }, odd), { minLength: 1, maxLength: 3 }), fc.constantFrom(...settings), (documents, settings) => {
    const { identity, trace } = judge(saying(...documents), settings)
    if (!checkTrace(trace)) return false
    if (identity === undefined) return true
    const said = new Set(documents.flatMap(textsIn))
    const { subject, user, email, login, name, role, groups, teams, organizations } = identity
    const isSaid = (text: string | undefined) => text === undefined || said.has(text) || [...said].some(whole => whole.includes(`<${text}>`))
    const isHonest = (text: string | undefined) => text === undefined || !/[\p{Cc}\p{Cs}]/u.test(text)
    const all = [subject, user, email, login, name, ...groups, ...teams, ...organizations]
    return all.every(isSaid) && all.every(isHonest) && (role === undefined || [...said].some(text => ROLES.test(text)))
  }), { numRuns: RUNS })
  t.end()
})

/** Who could nearly come in. */
const likely = fc.tuple(fc.record({ sub: fc.constant('s-1'), mail: mostly(WANTED.email), g: mostly([WANTED.group]), role: mostly(WANTED.role) }, { requiredKeys: ['sub'] }), document)
  .map(([wanted, rest]) => Object.fromEntries([...Object.entries(rest).filter(([name]) => name !== 'sub'), ...Object.entries(wanted)]))

function mostly (value: unknown): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(value) }, odd)
}

t.test('nobody is admitted by lists and a strict role who has not each of them as a claim of its own', t => {
  let admitted = 0
  fc.assert(fc.property(fc.array(fc.oneof(document, { weight: 3, arbitrary: likely }), { minLength: 1, maxLength: 3 }), documents => {
    const { isAdmitted } = judge(saying(...documents), everything)
    if (!isAdmitted) return true
    admitted++
    const own = (name: string) => documents.map(document => new Claims(document).raw(name))
    const groups = own('g').flatMap(value => Array.isArray(value) ? value as unknown[] : [])
    return groups.includes(WANTED.group) && own('role').some(value => typeof value === 'string' && ROLES.test(value)) && documents.flatMap(textsIn).some(text => text.includes(WANTED.email))
  }), { numRuns: RUNS })
  const honest = { sub: 's-1', mail: WANTED.email, g: [WANTED.group], role: WANTED.role }
  t.ok(judge(saying(honest), everything).isAdmitted, 'who has them is')
  for (const lacking of ['sub', 'mail', 'g', 'role']) t.notOk(judge(saying({ ...honest, [lacking]: undefined }), everything).isAdmitted, `and not without ${lacking}`)
  t.ok(admitted > 100, `and ${admitted} of the made-up people were, so that this says something`)
  t.end()
})

t.test('a field never depends on the order of keys', t => {
  const played = fc.record({ idToken: document, userinfo: document, accessToken: document }, { requiredKeys: ['userinfo'] })
  fc.assert(fc.property(played, fc.constantFrom(...settings.filter(({ grafanaCompat }) => grafanaCompat !== true)), fc.integer({ min: 1, max: 997 }), (said, settings, seed) => {
    const shuffled = (list: readonly string[]) => list.map((name, index) => ({ name, rank: (index + 1) * seed % 101 })).sort((one, other) => one.rank - other.rank).map(({ name }) => name)
    const once: IdentityCase = { what: '', expected: {}, ...said as Json }
    const of = (played: IdentityCase) => {
      const { identity, code } = judge(saidBy(played), settings)
      return JSON.stringify([identity, code])
    }
    return [shuffled, (list: readonly string[]) => list.toReversed()].every(order => of(reordered(once, order)) === of(once))
  }), { numRuns: RUNS / 2 })
  t.end()
})

const nested = (levels: number, open: string, close: string, core = '1') => JSON.parse(open.repeat(levels) + core + close.repeat(levels)) as unknown
const MEBIBYTE = 1024 * 1024
const huge: Readonly<Record<string, unknown>> = {
  'lists 10,000 deep': nested(10_000, '[', ']'),
  'objects 10,000 deep': nested(10_000, '{"a":', '}'),
  '__proto__ 10,000 deep': nested(10_000, '{"__proto__":', '}'),
  'a text of 1 MiB': 'x'.repeat(MEBIBYTE),
  'a text of 1 MiB of halves': '\uD800'.repeat(MEBIBYTE / 2),
  'an address of 1 MiB': `${'a.'.repeat(MEBIBYTE / 2)}@${'b.'.repeat(99)}`,
  'a display name of 1 MiB': `${'"a\\'.repeat(MEBIBYTE / 3)} <a@b>`,
  'a list of 1 MiB': Array.from({ length: MEBIBYTE / 4 }, () => WANTED.group),
  'an object of 1 MiB': Object.fromEntries(Array.from({ length: MEBIBYTE / 16 }, (_, index) => [`member ${index}`, 1])),
  'a list of lists of 1 MiB': Array.from({ length: MEBIBYTE / 4 }, () => [])
}

for (const [what, value] of Object.entries(huge)) {
  t.test(`claims with ${what} never throw, never admit, and take no time`, t => {
    const begin = process.cpuUsage()
    const fields = ['sub', 'email', 'attributes', 'upn', 'login', 'name', 'role', 'g', 'values', '__proto__', 'constructor', 'toString']
    for (const name of fields) {
      const { isAdmitted, trace } = judge(saying(Object.fromEntries([['sub', 's-1'], [name, value]])), fields.indexOf(name) < 9 ? everything : reaching)
      t.notOk(isAdmitted || !checkTrace(trace), name)
    }
    t.notOk(judge(saying(value), everything).isAdmitted, 'nor as the document itself')
    const { user, system } = process.cpuUsage(begin) // microseconds
    t.ok(user + system < 8_000_000, `${Math.round((user + system) / 1000)} ms`)
    t.end()
  })
}

t.test('beside anything that is too deep or too large, an expression finds nothing, so that a strict role refuses', t => {
  const honest = { sub: 's-1', mail: WANTED.email, g: [WANTED.group], role: WANTED.role }
  for (const [what, value] of Object.entries(huge).filter(([what]) => /^(?:lists|objects|a list)/.test(what))) {
    t.match(judge(saying({ ...honest, beside: value }), everything), { isAdmitted: false, code: 'GATE_ACCESS_DENIED' }, what)
  }
  t.end()
})

t.test('what a __proto__ says is nobody’s claim, at any depth', t => {
  const honest = { sub: 's-1', mail: WANTED.email, g: [WANTED.group] }
  const smuggled = JSON.parse('{"role":"Admin","g":["boss"],"mail":"ceo@victim.example","sub":"s-2"}') as Json
  const inside = JSON.parse(JSON.stringify({ ...honest, more: 'MORE', attributes: 'MORE' }).replaceAll('"MORE"', `{"__proto__":${JSON.stringify(smuggled)}}`)) as Json
  for (const document of [inside, Object.fromEntries([...Object.entries(honest), ['__proto__', smuggled]]), Object.fromEntries([...Object.entries(honest), ['constructor', { prototype: smuggled }]])]) {
    for (const one of settings.filter(({ roleAttributeStrict }) => roleAttributeStrict === true)) {
      const { identity, isAdmitted } = judge(saying(document), one)
      t.strictSame([identity, isAdmitted], [undefined, false])
    }
  }
  t.equal(Object.keys(Object.prototype).length, 0, 'and no object has more than before')
  t.equal(({} as { role?: unknown }).role, undefined)
  t.end()
})
