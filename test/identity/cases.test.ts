import t from 'tap'
import type { Identity } from '../../src/identity/identity.ts'
import { reordered } from './cases/answers.ts'
import { cases } from './cases/index.ts'
import { play } from './play.ts'

const LISTS = ['groups', 'teams', 'organizations']
const ORDERS = [['turned around', (names: readonly string[]) => names.toReversed()], ['sorted', (names: readonly string[]) => names.toSorted()], ['scrambled', scrambled]] as const

t.ok(cases.length >= 220, `${cases.length} cases`)
t.equal(new Set(cases.map(({ what }) => what)).size, cases.length, 'each is named once')

for (const played of cases) {
  t.test(played.what, async t => {
    const { identity, code, asked, trace } = await play(played)
    const { expected } = played
    if (typeof expected === 'string') {
      t.equal(code, expected)
      t.equal(identity, undefined, 'and nobody is signed in')
    } else {
      for (const [field, value] of Object.entries(expected)) t.strictSame(identity?.[field as keyof Identity], value, field)
    }
    if (played.asked !== undefined) t.strictSame(asked, played.asked, 'and the provider is asked for this and nothing else')
    for (const line of trace.lines()) t.notMatch(line, /[\p{Cc}\u2028\u2029]/u, 'a step is told in one line')
    if (played.ordered !== undefined) return
    for (const [how, order] of ORDERS) {
      const again = await play(reordered(played, order))
      t.strictSame([again.identity, again.code, again.asked], [identity, code, asked], `and the same with the keys ${how}`)
    }
  })
}

/** The same for everybody who runs this: by the text itself, so that a failure comes again. */
function scrambled (names: readonly string[]): readonly string[] {
  const rank = (name: string) => [...name].reduce((sum, sign) => (sum * 31 + (sign.codePointAt(0) ?? 0)) % 65_521, names.length)
  return names.toSorted((one, other) => rank(one) - rank(other))
}

t.test('every field of an identity is in the table, as found and as absent', t => {
  for (const field of ['email', 'login', 'name', 'role', ...LISTS] as const) {
    const values = cases.flatMap(({ expected }) => typeof expected === 'object' && field in expected ? [expected[field as 'groups' | 'email']] : [])
    const isAbsent = (value: unknown) => value === undefined || (Array.isArray(value) && value.length === 0)
    t.ok(values.some(isAbsent) && values.some(value => !isAbsent(value)), field)
  }
  t.end()
})
