import { compile, tokenize, TreeInterpreter, type JSONValue } from '@jmespath-community/jmespath'
import type { Claims } from '../claims.ts'

const LONGEST_EXPRESSION = 8 * 1024 // characters; a nested one of more would exhaust the stack
const LONGEST_RESULT = 64 * 1024 // characters, of one text or of a list together
const DEEPEST = 64
const MOST_VALUES = 100_000

/** Why a text is no expression. The message says where, and shows the place. */
export class ExpressionFault extends Error {
  /** Counted in UTF-16 units from 0; the length of the text where it ends too early. */
  readonly offset: number

  constructor (why: string, text: string, offset: number) {
    super(`at character ${offset + 1}:\n${marked(text, offset)} ${why}`)
    this.name = 'ExpressionFault'
    this.offset = offset
  }
}

/** Claims that an expression may look at: copied, without prototypes, and of a sane size. */
export type Document = { readonly root: JSONValue }

/** A JMESPath expression in Grafana's dialect, compiled. What fails while it is evaluated has no result. */
export class Expression {
  readonly text: string
  readonly #tree: Tree

  /** @throws {ExpressionFault} no JMESPath, a function that does not exist, or a wrong number of arguments */
  constructor (text: string) {
    if (text.length > LONGEST_EXPRESSION) throw new ExpressionFault(`is beyond the ${LONGEST_EXPRESSION} characters that an expression may have`, text, LONGEST_EXPRESSION)
    this.text = text
    this.#tree = parse(text)
    Object.freeze(this)
  }

  /** The result if it is a text and not empty; a number is none, as in Grafana. */
  asText (document: Document | undefined): string | undefined {
    const result = this.#find(document)
    return typeof result === 'string' && result !== '' && result.length <= LONGEST_RESULT ? result : undefined
  }

  /** The texts of the result if it is a list; a lone text is none, as in Grafana. */
  asTexts (document: Document | undefined): readonly string[] | undefined {
    const result = this.#find(document)
    const texts = Array.isArray(result) ? result.filter((item): item is string => typeof item === 'string' && item !== '') : undefined
    return texts !== undefined && texts.reduce((sum, { length }) => sum + length, 0) <= LONGEST_RESULT ? texts : undefined
  }

  /** Whatever the result is; `undefined` where there is none. */
  asValue (document: Document | undefined): unknown {
    return this.#find(document)
  }

  #find (document: Document | undefined): unknown {
    if (document === undefined) return undefined
    try {
      return TreeInterpreter.search(this.#tree, document.root)
    } catch {
      return undefined
    }
  }
}

/** @returns `undefined` for claims deeper or larger than any honest ones: of those no part is believed */
export function readDocument (claims: Claims): Document | undefined {
  let left = MOST_VALUES
  function copy (value: unknown, depth: number): JSONValue {
    if (depth > DEEPEST || --left < 0) throw new RangeError()
    if (Array.isArray(value)) return value.map(item => copy(item, depth + 1))
    if (typeof value === 'object' && value !== null) return fromEntries(value as Readonly<Record<string, unknown>>, depth + 1)
    return typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number' ? value : null
  }
  // Without prototype nothing but a claim is found; a member `__proto__` could still become one where merge() makes a new object.
  // By name, so that values(@) or * is the same for two documents that say the same.
  function fromEntries (members: Readonly<Record<string, unknown>>, depth: number): JSONValue {
    const object = Object.create(null) as Record<string, JSONValue>
    for (const name of Object.keys(members).sort()) if (name !== '__proto__') object[name] = copy(members[name], depth)
    return object
  }
  try {
    return { root: copy(claims.whole(), 0) }
  } catch {
    return undefined
  }
}

type Tree = ReturnType<typeof compile>

function parse (text: string): Tree {
  checkQuotes(text)
  let tree: Tree
  try {
    tree = compile(text)
  } catch (error) {
    if (error instanceof RangeError) throw new ExpressionFault('is nested too deeply', text, 0)
    const offset = faultIn(text)
    throw new ExpressionFault(offset >= text.length ? 'ends too early' : 'is no JMESPath', text, offset)
  }
  if (JSON.stringify(tree).includes('"__proto__"')) throw new ExpressionFault('names __proto__, which is never a claim', text, Math.max(0, text.indexOf('__proto__')))
  checkCalls(tree, text)
  return tree
}

/** The parser takes a text that is never closed as if it were. */
function checkQuotes (text: string): void {
  for (const { 0: piece, index } of text.matchAll(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|['"`]/gs)) {
    if (piece.length === 1) throw new ExpressionFault(`has a ${piece} that is never closed`, text, index)
    try {
      tokenize(piece)
    } catch {
      throw new ExpressionFault(piece.startsWith('`') ? 'has something between ` and ` that is no JSON (a text is written \'so\')' : 'has a name between quotes that is none', text, index)
    }
  }
}

/** Where the parser stopped, which does not say: the first token that cannot follow those before it. */
function faultIn (text: string): number {
  const starts = tokenStarts(text)
  if (typeof starts === 'number') return starts
  let [good, bad] = [0, starts.length] // tokens
  while (good < bad) {
    const middle = Math.floor((good + bad) / 2)
    if (fails(text.slice(0, starts[middle + 1] ?? text.length))) bad = middle
    else good = middle + 1
  }
  return starts[good] ?? text.length
}

/** Whether more than its end is wrong. */
function fails (text: string): boolean {
  try {
    compile(text)
    return false
  } catch (error) {
    return !(error instanceof Error && error.message.includes('EOF'))
  }
}

/** Where each token starts, or where no token can. */
function tokenStarts (text: string): readonly number[] | number {
  try {
    return tokenize(text).filter(({ type }) => String(type) !== 'EOF').map(({ start }) => start)
  } catch {
    const outside = text.replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/gs, quoted => ' '.repeat(quoted.length))
    return Math.max(0, outside.search(/[^\s\w.,:*@$&|<>=!?()[\]{}+/%-]/))
  }
}

interface Call { readonly name: string, readonly count: number }

/** compile() itself takes any name and any number of arguments. */
function checkCalls (tree: Tree, text: string): void {
  const tokens = tokenize(text)
  let next = 0
  for (const { name, count } of callsIn(tree)) {
    const at = tokens.findIndex(({ value }, index) => index >= next && value === name && tokens[index + 1]?.value === '(')
    next = at + 1
    const fault = faultOfCall(name, count)
    if (fault !== undefined) throw new ExpressionFault(fault, text, tokens[at]?.start ?? 0)
  }
}

function faultOfCall (name: string, count: number): string | undefined {
  const functions = TreeInterpreter.runtime._functionTable
  const signature = Object.hasOwn(functions, name) ? functions[name]?._signature : undefined
  if (signature === undefined) return `calls ${name}(), and there is no such function`
  const least = signature.filter(({ optional }) => optional !== true).length
  const most = signature.at(-1)?.variadic === true ? Infinity : signature.length
  if (count >= least && count <= most) return undefined
  const wanted = most === Infinity ? `${least} or more` : least === most ? String(least) : `${least} to ${most}`
  return `calls ${name}() with ${count} argument${count === 1 ? '' : 's'}, and it takes ${wanted}`
}

/** In the order in which they are written. */
function callsIn (node: unknown): readonly Call[] {
  if (Array.isArray(node)) return node.flatMap(callsIn)
  if (typeof node !== 'object' || node === null) return []
  const { type, name, children, left, condition, right } = node as Readonly<Record<string, unknown>>
  if (type === 'Literal') return []
  const own = type === 'Function' && Array.isArray(children) ? [{ name: String(name), count: children.length }] : []
  return [...own, ...callsIn(type === 'FilterProjection' ? [left, condition, right] : Object.values(node))]
}

function marked (text: string, offset: number): string {
  const start = Math.max(0, offset - 40)
  const line = text.slice(start, offset + 40).replace(/\s/g, ' ')
  return `    ${line}\n    ${' '.repeat(offset - start)}^`
}
