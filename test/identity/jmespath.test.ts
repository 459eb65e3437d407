import t from 'tap'
import { Claims } from '../../src/claims.ts'
import { Expression, ExpressionFault, readDocument } from '../../src/identity/jmespath.ts'
import { fc } from '../fixtures/random.ts'

const read = (claims: unknown) => readDocument(new Claims(claims))
const text = (path: string, claims: unknown) => new Expression(path).asText(read(claims))
const texts = (path: string, claims: unknown) => new Expression(path).asTexts(read(claims))

function faultOf (path: string): ExpressionFault {
  try {
    new Expression(path)
  } catch (error) {
    if (error instanceof ExpressionFault) return error
    throw error
  }
  throw new Error(`${path} is taken`)
}

t.test('what is no expression is refused, and the place is marked', t => {
  const bad: [string, number, RegExp][] = [
    ['a b', 2, /is no JMESPath/], ['a.', 2, /ends too early/], ['contains(groups, \'a\'', 20, /ends too early/], ['foo[?', 5, /ends too early/], ['a[', 2, /ends too early/], ['{a', 2, /ends too early/], ['{a:', 3, /ends too early/],
    ['a]', 1, /is no JMESPath/], ['info.roles[*] )', 14, /is no JMESPath/], ['a || || b', 5, /is no JMESPath/], ['a.é', 2, /is no JMESPath/], ['\'é\' == a#b', 8, /is no JMESPath/], ['', 0, /ends too early/],
    ['a == \'x', 5, /has a ' that is never closed/], ['a."b', 2, /has a " that is never closed/], ['a == `1', 5, /has a ` that is never closed/], ['a == `SRE`', 5, /is no JSON \(a text is written 'SRE'\)/], ['a."\\q"', 2, /a name between quotes/],
    ['a && contans(b, \'c\')', 5, /calls contans\(\), and there is no such function/], ['constructor(@)', 0, /no such function/], ['toString(@)', 0, /no such function/],
    ['contains(a, \'x\') && contains(a)', 20, /calls contains\(\) with 1 argument, and it takes 2/], ['a[?contains(@)].length(@, @)', 3, /calls contains/], ['a[?contains(@, \'x\')].length(@, @)', 21, /calls length\(\) with 2 arguments, and it takes 1/],
    ['not_null()', 0, /takes 1 or more/], ['split(\'a\')', 0, /takes 2 to 3/], ['`{"type":"Function"}` && upper()', 25, /calls upper\(\) with 0 arguments/],
    ['role = \'admin\'', 5, /two things are compared by ==/], ['a && (b = c)', 8, /compared by ==/], ['let a = b in a', 4, /operator missing|no JMESPath/], ['let $a = b, c = d in $a', 14, /compared by ==/],
    ['$nobody', 0, /uses \$nobody, and no let/], ['(let $a = b in $a) && $a', 22, /uses \$a/], ['let $a = $a in $a', 9, /uses \$a/],
    ['contains(a \'x\')', 11, /a comma or an operator missing/], ['[a b]', 3, /missing before it/], ['{a: b c: d}', 6, /missing before it/], ['a[?b \'c\']', 5, /./], ['contains(a, \'x\',)', 16, /nothing stands after the comma/],
    ['&a', 0, /is for functions like sort_by/], ['a && &b', 5, /is for functions/], ['a & b', 2, /“and” is &&|no JMESPath/], ['sort_by(a, b)', 0, /argument 2 is an expression: &name/], ['contains(&a, \'b\')', 0, /argument 1 is a value/], ['not_null(a, &b)', 0, /argument 2 is a value/],
    ['__proto__', 0, /never a claim/], ['a."__proto__".b', 3, /never a claim/], ['"__pro\\u0074o__"', 0, /never a claim/], ['{"__proto__": a}', 2, /never a claim/], ['a.'.repeat(5000) + 'a', 8192, /beyond the 8192 characters/]
  ]
  for (const [path, offset, why] of bad) {
    const fault = faultOf(path)
    t.equal(fault.offset, offset, path)
    t.match(fault.message, why, path)
    const [first = '', shown = '', mark = ''] = fault.message.split('\n')
    t.equal(first, `at character ${offset + 1}:`)
    t.equal(shown[mark.indexOf('^')] ?? '', path[offset] ?? '', 'the mark stands under it')
  }
  t.equal(faultOf('!'.repeat(8192)).name, 'ExpressionFault', 'one that is nested to the limit too')
  t.equal(faultOf('('.repeat(4000) + 'a' + ')'.repeat(4000)).name, 'ExpressionFault')
  t.end()
})

t.test('a text is a text and a list is a list of texts; everything else is absent', t => {
  t.equal(text('a', { a: 'x' }), 'x')
  for (const value of ['', 5, true, null, ['x'], { x: 'x' }, undefined]) t.equal(text('a', { a: value }), undefined, JSON.stringify(value))
  t.strictSame(texts('a', { a: ['x', 5, '', null, 'y', ['z'], 'x'] }), ['x', 'y', 'x'])
  t.strictSame(texts('a', { a: [] }), [])
  for (const value of ['x', 5, { x: 'x' }, null, undefined]) t.equal(texts('a', { a: value }), undefined, JSON.stringify(value))
  t.equal(text('a', { a: 'x'.repeat(65_537) }), undefined, 'and so is what is too long')
  t.equal(texts('a', { a: Array.from({ length: 9 }, () => 'x'.repeat(10_000)) }), undefined)
  t.end()
})

t.test('an evaluation that fails has no result', t => {
  for (const path of ['contains(a, \'x\')', 'sum(a)', 'a - b', 'sort_by(a, &b)', 'to_number(a) / `0`', 'avg(a)', 'pad_left(\'x\', `1e10`)']) {
    t.equal(text(path, { a: { b: [] } }), undefined, path)
    t.equal(texts(path, { a: { b: [] } }), undefined, path)
  }
  t.equal(new Expression('\'x\'').asText(undefined), undefined, 'and without claims not even a constant is one')
  t.end()
})

t.test('no member of a prototype is a claim, and none can be brought in', t => {
  const hostile = JSON.parse('{"__proto__": {"role": "Admin"}, "a": {"__proto__": {"role": "Admin"}, "hasOwnProperty": 1, "constructor": "c"}, "l": [{"__proto__": {"role": "Admin"}}]}') as unknown
  for (const path of ['role', 'a.role', 'l[0].role', 'merge(@, a).role', 'merge(a, {x: a}).role', 'merge(l[0]).role', 'toString', 'a.toString', 'constructor.name', 'l.constructor', '*.role | [0]', 'values(a)[?role].role | [0]']) t.equal(text(path, hostile), undefined, path)
  t.equal(text('a.constructor', hostile), 'c', 'a claim may have such a name')
  t.equal(text('a && \'x\'', hostile), 'x')
  t.equal(({} as Record<string, unknown>)['role'], undefined)
  t.end()
})

t.test('claims beyond any honest size are no document', t => {
  const nested = (depth: number): unknown => JSON.parse(`{"role":"Admin","a":${'['.repeat(depth)}${']'.repeat(depth)}}`)
  t.equal(text('role', nested(60)), 'Admin')
  for (const depth of [65, 5000]) t.equal(text('role', nested(depth)), undefined)
  t.equal(text('role', { role: 'Admin', a: Array.from({ length: 100_001 }, () => 1) }), undefined)
  t.equal(text('role', { role: 'Admin', a: Array.from({ length: 90_000 }, () => 1) }), 'Admin')
  t.end()
})

t.test('whatever the claims are, nothing throws and nothing is changed', t => {
  const paths = ['contains(groups[*], \'admins\') && \'Admin\' || \'Viewer\'', 'sort(groups)', 'a.b.c | [0]', 'merge(@, a)', 'items(@)', 'group_by(groups, &@)', 'length(a) > `1` && a', '*.*', 'to_string(@)'].map(path => new Expression(path))
  fc.assert(fc.property(fc.dictionary(fc.constantFrom('groups', 'a', '__proto__', 'constructor', 'role'), fc.jsonValue()), claims => {
    const before = JSON.stringify(claims)
    const document = read(claims)
    for (const path of paths) {
      const [one, list] = [path.asText(document), path.asTexts(document)]
      if (one !== undefined && typeof one !== 'string') return false
      if (list?.every(item => typeof item === 'string') === false) return false
    }
    return JSON.stringify(claims) === before
  }), { numRuns: 300 })
  t.end()
})

t.test('the document’s three examples give the documented results', t => {
  t.equal(text('role', { role: 'Editor' }), 'Editor')
  const advanced = 'contains(info.roles[*], \'admin\') && \'Admin\' || contains(info.roles[*], \'editor\') && \'Editor\' || \'Viewer\''
  t.equal(text(advanced, { info: { roles: ['engineer', 'admin'] } }), 'Admin')
  t.equal(text(advanced, { info: { roles: ['engineer', 'editor'] } }), 'Editor')
  t.equal(text(advanced, { info: { roles: ['engineer'] } }), 'Viewer')
  t.strictSame(texts('info.groups', { info: { groups: ['engineers', 'analysts'] } }), ['engineers', 'analysts'])
  t.end()
})
