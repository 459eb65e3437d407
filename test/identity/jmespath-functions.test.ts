import t from 'tap'
import { documentOf, Expression, ExpressionFault } from '../../src/identity/jmespath.ts'
import { fc } from '../fixtures/random.ts'

const valueOf = (text: string, json: unknown = {}) => new Expression(text).asValue(documentOf(json))

/** Every function, and how many arguments it takes. */
const COUNTS: readonly (readonly [name: string, least: number, most: number])[] = [
  ['abs', 1, 1], ['avg', 1, 1], ['ceil', 1, 1], ['contains', 2, 2], ['ends_with', 2, 2], ['find_first', 2, 4], ['find_last', 2, 4], ['floor', 1, 1], ['from_items', 1, 1], ['group_by', 2, 2], ['items', 1, 1],
  ['join', 2, 2], ['keys', 1, 1], ['length', 1, 1], ['lower', 1, 1], ['map', 2, 2], ['max', 1, 1], ['max_by', 2, 2], ['merge', 1, Infinity], ['min', 1, 1], ['min_by', 2, 2], ['not_null', 1, Infinity], ['pad_left', 2, 3],
  ['pad_right', 2, 3], ['replace', 3, 4], ['reverse', 1, 1], ['sort', 1, 1], ['sort_by', 2, 2], ['split', 2, 3], ['starts_with', 2, 2], ['sum', 1, 1], ['to_array', 1, 1], ['to_number', 1, 1], ['to_string', 1, 1],
  ['trim', 1, 2], ['trim_left', 1, 2], ['trim_right', 1, 2], ['type', 1, 1], ['upper', 1, 1], ['values', 1, 1], ['zip', 1, Infinity]
]
const EXPREF: Readonly<Record<string, number>> = { group_by: 1, map: 0, max_by: 1, min_by: 1, sort_by: 1 }

const call = (name: string, count: number) => `a || ${name}(${Array.from({ length: count }, (_, index) => EXPREF[name] === index ? '&b' : 'b').join(', ')})`

t.test('every function takes so many arguments, and no other number starts', async t => {
  for (const [name, least, most] of COUNTS) {
    for (let count = 0; count <= 6; count++) {
      if (count >= least && count <= most) t.doesNotThrow(() => new Expression(call(name, count)), `${name} with ${count}`)
      else t.throws(() => new Expression(call(name, count)), { constructor: ExpressionFault, offset: 5, message: new RegExp(`calls ${name}\\(\\) with ${count} argument`) }, `${name} with ${count}`)
    }
    t.throws(() => new Expression(`a || ${name}x(b)`), { offset: 5, message: /no such function/ })
  }
  for (const [name, index] of Object.entries(EXPREF)) t.throws(() => new Expression(call(name, 2).replace('&', '')), { offset: 5, message: new RegExp(`${name}\\(\\), whose argument ${index + 1} is an expression`) })
})

t.test('variables, the root, ternaries and arithmetic are looked at as well', async t => {
  t.equal(valueOf('let $a = a, $b = `2` in $a + $b', { a: 1 }), 3)
  t.equal(valueOf('let $a = \'\' in let $b = \'x\' in join($a, [$b, $b])'), 'xx', 'an empty one of a let further out too')
  t.strictSame(valueOf('let $w = wanted in map(&contains($w, @), groups)', { wanted: ['a'], groups: ['a', 'b'] }), [true, false], 'and one behind &')
  t.strictSame(valueOf('groups[?contains($.wanted, @)]', { wanted: ['a'], groups: ['a', 'b'] }), ['a'])
  t.equal(valueOf('a ? b : c', { a: [], b: 1, c: 2 }), 2)
  t.equal(valueOf('(a + b) * `3` // `2` % `4`', { a: 1, b: 2 }), 0)
  for (const [text, offset] of [['let $a in $a', 4], ['let a = b in a', 4], ['$a', 0], ['a ? b', 5], ['a ? nope(b) : c', 4], ['a + nope(b)', 4], ['let $a = nope(@) in $a', 9], ['$.nope(@)', 2], ['a +', 3]] as const) t.throws(() => new Expression(text), { message: new RegExp(`^at character ${offset + 1}:`) }, text)
})

t.test('functions of our own do what the specification says', async t => {
  for (const [text, json, result] of [
    ['trim(a)', { a: ' \t\u0085x y \n' }, 'x y'], ['trim_left(a)', { a: '  x ' }, 'x '], ['trim_right(a)', { a: ' x\ny  ' }, ' x\ny'], ['trim(a, \'-]^\')', { a: '^-x-]' }, 'x'], ['trim(a, \'\')', { a: ' x ' }, 'x'], ['trim(a)', { a: '   ' }, ''],
    ['pad_left(a, `4`)', { a: 'xy' }, '  xy'], ['pad_right(a, `4`, \'-\')', { a: 'xy' }, 'xy--'], ['pad_left(a, `1`)', { a: 'xy' }, 'xy'], ['pad_left(a, `3`, \'😀\')', { a: '😀' }, '😀😀😀'], ['pad_left(a, `2`)', { a: '' }, '  '],
    ['pad_left(a, `-1`)', { a: 'x' }, undefined], ['pad_left(a, `1.5`)', { a: 'x' }, undefined], ['pad_left(a, `5`, \'ab\')', { a: 'x' }, undefined],
    ['replace(a, \'x\', \'$&y\')', { a: 'xx' }, '$&y$&y'], ['replace(a, \'x\', \'xx\', `2`)', { a: 'xxx' }, 'xxxxx'], ['replace(a, \'x\', \'\', `0`)', { a: 'xx' }, 'xx'], ['replace(a, \'x\', \'\', `-1`)', { a: 'xx' }, undefined],
    ['split(a, \',\')', { a: 'x,y,z' }, ['x', 'y', 'z']], ['split(a, \',\', `1`)', { a: 'x,y,z' }, ['x', 'y,z']], ['split(a, \'\')', { a: 'x😀' }, ['x', '😀']], ['split(a, \'\')', { a: '' }, []],
    ['sort(a)', { a: [10, 9, -1] }, [-1, 9, 10]], ['sort(a)', { a: ['b', 'B', '😀', '\uFF61', 'a', 'ab'] }, ['B', 'a', 'ab', 'b', '\uFF61', '😀']], ['sort(a)', { a: [] }, []], ['sort(a)', { a: [1, 'a'] }, undefined],
    ['max(a)', { a: ['a', 'Z', 'b'] }, 'b'], ['min(a)', { a: ['a', 'Z', 'b'] }, 'Z'], ['max(a)', { a: [] }, undefined], ['max_by(a, &n).v', { a: [{ n: 'a', v: 1 }, { n: 'b', v: 2 }, { n: 'b', v: 3 }] }, 2], ['min_by(a, &n).v', { a: [{ n: 2, v: 1 }, { n: 1, v: 2 }, { n: 1, v: 3 }] }, 2],
    ['sort_by(a, &n)[*].v', { a: [{ n: 'b', v: 1 }, { n: 'a', v: 2 }, { n: 'b', v: 3 }] }, [2, 1, 3]], ['sort_by(a, &n)', { a: [{ n: 'b' }, { n: 1 }] }, undefined], ['sort_by(a, &n)', { a: [{ n: null }] }, undefined],
    ['group_by(a, &n)', { a: [{ n: 'constructor' }, { n: 'x' }, { n: '__proto__' }] }, { constructor: [{ n: 'constructor' }], x: [{ n: 'x' }] }], ['group_by(a, &n)', { a: [{ n: 1 }] }, undefined],
    ['from_items(a)', { a: [['x', 1], ['x', 2]] }, { x: 2 }], ['from_items(a)', { a: [['x']] }, undefined], ['merge(a, b)', { a: { x: 1, y: 1 }, b: { x: 2 } }, { x: 2, y: 1 }], ['to_string(a)', { a: { b: ['é', 1, null] } }, '{"b":["é",1,null]}'],
    ['a == b', { a: { x: [1, { y: 2 }], z: null }, b: { z: null, x: [1, { y: 2 }] } }, true], ['a == b', { a: [], b: {} }, false], ['a != b', { a: [1], b: [1, 2] }, true]
  ] as const) t.same(valueOf(text, json), result, `${text} of ${JSON.stringify(json)}`)
})

t.test('no claim becomes a prototype, and no member of one is found in what an expression makes', async t => {
  const smuggled = { names: ['__proto__', 'x'], values: [{ role: 'Admin' }, 1], a: { b: 1 } }
  for (const text of ['merge(from_items(zip(names, values))).role', 'merge(@, from_items(zip(names, values))).role', 'from_items(zip(names, values)).role', '{a: a}.toString', '{a: a}.constructor', 'merge(a).valueOf', 'group_by(`[{"n":"x"}]`, &n).constructor', '`{"a":1}`.toString', '`[{"a":1}]`[0].constructor.name']) {
    t.equal(valueOf(text, smuggled), undefined, text)
    t.equal(new Expression(text).asTruth(documentOf(smuggled)), false, text)
  }
  t.equal(({} as Record<string, unknown>)['role'], undefined)
  const result = valueOf('{a: a, l: [a]}', smuggled) as { a: object, l: object[] }
  for (const object of [result, result.a, result.l[0]]) t.equal(Object.getPrototypeOf(object), null)
  t.not(result.a, valueOf('a', smuggled), 'and a result is a copy')
})

const many = Array.from({ length: 45_000 }, (_, index) => `group-${(index * 7919) % 45_000}`)
const doubled = (text: string, times: number) => text + `|[@,@]`.repeat(times)

t.test('claims that somebody made large do not hold the gate up', { timeout: 120_000 }, async t => {
  const documents = [{ name: `a${' '.repeat(1_000_000)}b`, groups: ['x'] }, { groups: many, others: many.toReversed(), name: 'x' }, { name: 'x', groups: Array.from({ length: 900 }, (_, index) => 'z'.repeat(1000) + index) }].map(documentOf)
  for (const text of [
    'trim(name)', 'trim_right(name, \' \')', 'sort(groups)', 'sort_by(groups, &@)', 'max(groups)', 'groups[?contains($.others, @)]', 'groups[?contains($.name, @)]', 'groups[*].[@, $.groups]', 'groups[*].length(to_string($))', 'groups[*].to_string($.groups)', 'groups[?$ == $]', 'groups[*].merge($, $)', 'map(&map(&@, $.groups), groups)',
    'pad_left(name, `1e9`)', 'pad_right(name, `9007199254740991`, \'x\')', 'replace(name, \' \', \'aaaaaaaaaaaaaaaa\')', 'replace(name, \' \', \'\', `1000000000`)', 'join(name, groups)', 'split(name, \'\')', 'group_by(groups, &@)', doubled('@', 900), `${doubled('@', 900)}|to_string(@)`, `groups${'|[@,@][]'.repeat(600)}`, `groups${'|[@[],@[]][]'.repeat(300)}`
  ]) {
    const expression = new Expression(text)
    for (const [index, document] of documents.entries()) {
      t.ok(document)
      const began = performance.now()
      expression.asText(document)
      const took = performance.now() - began
      if (took > 5000) t.fail(`${text} of document ${index} took ${Math.round(took)} ms`)
    }
  }
  t.same(valueOf('length(groups[?starts_with(@, \'group-1\')])', { groups: many }), 11_111, 'and what is honest is let through')
  t.equal(valueOf('sort(groups)[0]', { groups: many }), 'group-0')
})

const hostileKey = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf', 'length', 'expref', 'type', 'groups', 'role', 'email', 'a'), fc.string({ unit: 'binary', maxLength: 3 }))
const hostile = fc.letrec(tie => ({
  value: fc.oneof({ depthSize: 'medium' }, fc.string({ unit: 'binary', maxLength: 5 }), fc.constantFrom('\uD800', '\uDC00x', '__proto__', 'Admin', ''), fc.double(), fc.constantFrom(JSON.parse('1e400') as number, JSON.parse('-1e400') as number, Number.NaN, -0, 2 ** 53), fc.boolean(), fc.constant(null), fc.array(tie('value'), { maxLength: 4 }), tie('object')),
  object: fc.array(fc.tuple(hostileKey, tie('value')), { maxLength: 5 }).map(entries => Object.fromEntries(entries))
}))

const expressions = [
  ...COUNTS.filter(([name]) => EXPREF[name] === undefined).flatMap(([name, least, most]) => ['@', 'a', 'groups', '*', '[*]', '*[]'].map(path => `${name}(${Array.from({ length: Math.min(most, least + 1) }, () => path).join(', ')})`)),
  ...['sort_by', 'group_by', 'max_by', 'min_by'].flatMap(name => [`${name}(groups, &@)`, `${name}(*, &a)`, `${name}(*[], &role)`]),
  'map(&a, *)', 'contains(groups, \'Admin\') && \'Admin\'', 'groups[?@ == \'Admin\'] | [0]', '*.*.* | []', '@ == @', 'a < groups', 'a + groups', '-a', 'a[::-1]', 'let $a = a in groups[?@ == $a]', 'merge(a, groups, @).role', 'from_items(items(@))', '{x: a, y: *}', '[@, *].toString', 'role ? a : groups', 'constructor', 'hasOwnProperty.a', 'toString || valueOf'
].map(text => new Expression(text))

function isPlain (value: unknown, depth = 0): boolean {
  if (depth > 70) return false
  if (Array.isArray(value)) return value.every(item => isPlain(item, depth + 1))
  if (typeof value === 'object' && value !== null) return Object.getPrototypeOf(value) === null && !Object.hasOwn(value, '__proto__') && Object.values(value).every(item => isPlain(item, depth + 1))
  return value === null || ['string', 'boolean'].includes(typeof value) || (typeof value === 'number' && Number.isFinite(value))
}

t.test('whatever the document is, nothing throws, nothing is changed, and each result is plain JSON of its own', async () => {
  fc.assert(fc.property(fc.oneof(hostile.object, hostile.value), json => {
    const before = JSON.stringify(json)
    const document = documentOf(json)
    for (const expression of expressions) {
      const value = expression.asValue(document)
      if (value !== undefined && !isPlain(value)) throw new Error(`${expression.text} gives ${JSON.stringify(value)}`)
      const [text, texts, truth] = [expression.asText(document), expression.asTexts(document), expression.asTruth(document)]
      if (text !== undefined && (typeof text !== 'string' || text === '')) return false
      if (texts?.every(item => typeof item === 'string' && item !== '') === false || typeof truth !== 'boolean') return false
      if (value === undefined && text !== undefined) return false
    }
    return JSON.stringify(json) === before && Object.keys(Object.prototype).length === 0
  }), { numRuns: 150 })
})

t.test('depth does not matter either', async t => {
  for (const depth of [60, 64, 65, 5000, 100_000]) {
    const json: unknown = JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)
    const document = documentOf(json)
    t.equal(document === undefined, depth > 64, String(depth))
    for (const expression of expressions) expression.asValue(document)
  }
  t.match(new Expression('a').evaluate(undefined), { failed: /deeper or larger/ })
  t.match(new Expression('length(a)').evaluate(documentOf({ a: 1 })), { failed: /length/ }, 'why there is none is told by types')
  t.notMatch(JSON.stringify(new Expression('join(\',\', a)').evaluate(documentOf({ a: ['the secret', 1] }))), /secret/)
})
