import { spawnSync } from 'node:child_process'
import t from 'tap'
import { parsePythonLiteral, type PythonValue } from '../../src/config/kinds/python-literal.ts'
import { python } from '../fixtures/python.ts'
import { fc } from '../fixtures/random.ts'

// Reads a JSON list of texts; answers each with what literal_eval makes of it, or null where it refuses or gives what we leave out.
const judge = `
import ast, json, struct, sys, warnings
warnings.simplefilter('ignore')
def tag(v):
    if v is None or v is True or v is False: return v
    if type(v) is int: return {'i': str(v)}
    if type(v) is float: return {'f': struct.pack('>d', v).hex()}
    if type(v) is str: return {'s': v.encode('utf-16-be', 'surrogatepass').hex()}
    if type(v) in (list, tuple): return {'l': [tag(x) for x in v]}
    if type(v) is dict and all(type(k) is str for k in v): return {'d': sorted([tag(k)['s'], tag(x)] for k, x in v.items())}
    raise ValueError(type(v))
def read(s):
    try: return {'ok': tag(ast.literal_eval(s))}
    except Exception: return None
json.dump([read(s) for s in json.load(sys.stdin)], sys.stdout)
`

function tag (value: PythonValue): unknown {
  if (typeof value === 'bigint') return { i: String(value) }
  if (typeof value === 'number') return float(value)
  if (typeof value === 'string') return { s: hex(value) }
  if (value === null || typeof value === 'boolean') return value
  if (Array.isArray(value)) return { l: value.map(item => tag(item as PythonValue)) }
  const entries = Object.entries(value).map(([key, member]): [string, unknown] => [hex(key), tag(member as PythonValue)])
  return { d: entries.sort(([one], [other]) => one < other ? -1 : 1) }
}

function hex (text: string): string {
  return Buffer.from(text, 'utf16le').swap16().toString('hex')
}

/** JavaScript has one sort of number: integers and floats of the same value are the same to us. */
function unite (tagged: unknown): unknown {
  return JSON.parse(JSON.stringify(tagged), (_, member: unknown) => {
    if (typeof member !== 'object' || member === null) return member
    if ('f' in member) return float(Buffer.from(String(member.f), 'hex').readDoubleBE())
    if ('i' in member && Number.isSafeInteger(Number(member.i))) return float(Number(member.i))
    return member
  })
}

function float (value: number): unknown {
  return { n: Object.is(value, -0) ? '0' : String(value) }
}

const character = fc.oneof(
  fc.constantFrom('a', 'Z', '\'', '"', '\\', '\n', '\t', ' ', '#', '{', '}', ',', ':', 'é', '€', '😀', 'O\'Brien'),
  fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }).filter(char => !/[\0\r\p{Surrogate}]/u.test(char))
)

function escaped (char: string, quote: string, style: number): string {
  const code = char.codePointAt(0) ?? 0
  if (char.length > 2) return [...char].map(one => escaped(one, quote, 0)).join('')
  if (style === 1) return `\\U${code.toString(16).padStart(8, '0')}`
  if (style === 2 && code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`
  if (style === 3 && code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
  if (style === 4 && code < 0o400) return `\\${code.toString(8).padStart(3, '0')}`
  if (char === '\n') return quote.length === 3 ? char : '\\n'
  return char === '\\' || quote.startsWith(char) ? `\\${char}` : char
}

const quoted = fc.tuple(fc.constantFrom('\'', '"', '\'\'\'', '"""'), fc.constantFrom('', 'u', 'U'), fc.array(fc.tuple(character, fc.nat(6)), { maxLength: 8 }))
  .map(([quote, prefix, chars]) => prefix + quote + chars.map(([char, style]) => escaped(char, quote, style)).join('') + quote)
const rawText = fc.tuple(fc.constantFrom('r', 'R'), fc.constantFrom('\'', '"', '"""'), fc.string({ maxLength: 6, unit: fc.constantFrom('a', '\\d', '\\n', '.', '*', '\\\'', '\\"', '\\\\') }))
  .map(([prefix, quote, body]) => prefix + quote + body + quote)
const text = fc.array(fc.oneof({ weight: 4, arbitrary: quoted }, rawText), { minLength: 1, maxLength: 2 }).map(parts => parts.join(' '))
const integer = fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 80n }), fc.constantFrom(2, 8, 10, 16), fc.boolean()).map(([value, base, under]) => {
  const digits = value.toString(base)
  return new Map([[2, '0b'], [8, '0O'], [16, '0x']]).get(base) !== undefined
    ? `${new Map([[2, '0b'], [8, '0O'], [16, '0x']]).get(base) ?? ''}${under ? '_' : ''}${digits}`
    : under ? digits.replace(/(\d)(?=\d{3}$)/, '$1_') : digits
})
const float64 = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }).map(value => value.toExponential()), fc.constantFrom('1.', '.5', '1e5', '012.5', '1_0.0_1e1_0', '1e999', '0_0', '00', '09.', '1E-3'))
const number = fc.tuple(fc.constantFrom('', '-', '+', '- '), fc.oneof(integer, float64)).map(parts => parts.join(''))
const space = fc.constantFrom('', '', '', ' ', '\n', '\t', ' # ,}\n', '\\\n')

const { value } = fc.letrec<{ value: string, list: string, tuple: string, dict: string }>(tie => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, fc.oneof(text, number, fc.constantFrom('True', 'False', 'None')), tie('list'), tie('tuple'), tie('dict')),
  list: fc.tuple(fc.array(tie('value'), { maxLength: 3 }), space, fc.boolean()).map(([items, gap, comma]) => `[${gap}${items.join(`${gap},${gap}`)}${comma && items.length > 0 ? ',' : ''}${gap}]`),
  tuple: fc.tuple(fc.array(tie('value'), { maxLength: 3 }), space, fc.boolean()).map(([items, gap, comma]) => `(${gap}${items.join(`${gap},${gap}`)}${comma && items.length > 0 ? ',' : ''}${gap})`),
  dict: fc.tuple(fc.array(fc.tuple(text, tie('value')), { maxLength: 3 }), space, fc.boolean()).map(([pairs, gap, comma]) => `{${gap}${pairs.map(([key, member]) => `${key}${gap}:${gap}${member}`).join(`${gap},${gap}`)}${comma && pairs.length > 0 ? ',' : ''}${gap}}`)
}))

t.test('what ast.literal_eval reads of 4000 literals is what we read', async t => {
  const interpreter = python(t)
  if (interpreter === null) return
  const literals = fc.sample(fc.oneof(value, number), 3000)
  const broken = fc.sample(fc.tuple(value, fc.nat(), fc.constantFrom('', '\'', '"', '\\', ',', ':', '}', '_', '0', '.', 'b', '#')), 1000)
    .map(([literal, at, piece]) => [...literal].with(at % [...literal].length, piece).join(''))
  const { stdout, status } = spawnSync(interpreter, ['-c', judge], { input: JSON.stringify([...literals, ...broken]), maxBuffer: 1 << 28, encoding: 'utf8' })
  t.equal(status, 0)
  const answers = JSON.parse(stdout) as ({ ok: unknown } | null)[]
  t.equal(answers.length, 4000)
  t.ok(answers.slice(0, 3000).every(answer => answer !== null), 'Python takes every literal that was meant to be one')
  t.ok(answers.slice(3000).filter(answer => answer === null).length > 300, 'and refuses many of the broken ones')
  const differing = [...literals, ...broken].filter((literal, index) => {
    const answer = answers[index] ?? null
    let ours: unknown
    try {
      ours = unite({ ok: tag(parsePythonLiteral(literal)) })
    } catch {
      return index < 3000 // of the broken ones we may refuse more than Python does
    }
    return JSON.stringify(ours) !== JSON.stringify(answer === null ? null : unite(answer))
  })
  t.strictSame(differing, [])
})

t.test('a dict is read member by member', async t => {
  t.strictSame({ ...parsePythonLiteral('{\'a\': True, "b": None, \'c\': [1, (2, 3)], \'d\': (4), \'e\': (5,), \'f\': (),}') as object }, { a: true, b: null, c: [1, [2, 3]], d: 4, e: [5], f: [] })
  t.equal(parsePythonLiteral('12345678901234567890'), 12345678901234567890n)
})

t.test('no key is special', async t => {
  const read = parsePythonLiteral('{\'__proto__\': {\'admin\': True}, \'constructor\': 1}') as Record<string, unknown>
  t.equal(Object.getPrototypeOf(read), null)
  t.strictSame(Object.keys(read), ['__proto__', 'constructor'])
  t.equal(({} as Record<string, unknown>)['admin'], undefined, 'and nothing leaks into other objects')
})

t.test('what is no literal is refused with its column, and never run or quoted', async t => {
  const refused: [string, number][] = [
    ['__import__(\'os\')', 1], ['{tenant', 2], ['{\'a\': b}', 7], ['b\'x\'', 1], ['f\'x\'', 1], ['{1, 2}', 2], ['{1: 2}', 2], ['1+2', 2], ['1j', 1], ['--1', 2],
    ['012', 1], ['1__0', 1], ['1_', 1], ['0x', 1], ['\'a', 3], ['\'\\x4\'', 2], ['\'\\N{DASH}\'', 2], ['\'\\U00110000\'', 12], ['[1 2]', 4], ['(,)', 2], ['{} {}', 4], ['', 1], ['\'a\nb\'', 3], ['...', 1], ['Truely', 1],
    ['{\'é😀\': hunter2}', 8]
  ]
  for (const [source, column] of refused) {
    t.throws(() => parsePythonLiteral(source), { message: new RegExp(` at column ${column}$`) }, source)
    t.throws(() => parsePythonLiteral(source), { message: /^(?!.*hunter2)/ })
  }
})

t.test('sixty-four levels are enough for anyone', async t => {
  t.ok(parsePythonLiteral('['.repeat(64) + ']'.repeat(64)))
  t.throws(() => parsePythonLiteral('['.repeat(65) + ']'.repeat(65)), { message: 'has too many levels at column 65' })
  t.throws(() => parsePythonLiteral('['.repeat(1_000_000)), { message: /too many levels/ }, 'and the stack is safe')
})
