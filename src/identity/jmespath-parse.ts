import { compile, functions, plainLiterals, tokenize, type Tree } from './jmespath-engine.ts'

const LONGEST_EXPRESSION = 8 * 1024 // characters; a nested one of more would exhaust the stack
const QUOTED = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/gs

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

/** @throws {ExpressionFault} no JMESPath, a function that does not exist, arguments that it cannot take, or a variable that is none */
export function parse (text: string): Tree {
  if (text.length > LONGEST_EXPRESSION) throw new ExpressionFault(`is beyond the ${LONGEST_EXPRESSION} characters that an expression may have`, text, LONGEST_EXPRESSION)
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
  const tokens = tokenize(text).map(({ type, value, start }) => ({ type: String(type), value, start }))
  checkTokens(tokens, text)
  checkCalls(tree, tokens, text)
  checkVariables(tree, tokens, text)
  return plainLiterals(tree)
}

/** The parser takes a text that is never closed as if it were. */
function checkQuotes (text: string): void {
  for (const { 0: piece, index } of text.matchAll(new RegExp(`${QUOTED.source}|['"\`]`, 'gs'))) {
    if (piece.length === 1) throw new ExpressionFault(`has a ${piece} that is never closed`, text, index)
    try {
      tokenize(piece)
    } catch {
      throw new ExpressionFault(piece.startsWith('`') ? `has something between \` and \` that is no JSON (a text is written ${inApostrophes(piece.slice(1, -1))})` : 'has a name between quotes that is none', text, index)
    }
  }
}

function inApostrophes (text: string): string {
  return /^[\w@. :/-]{1,40}$/.test(text) ? `'${text}'` : '\'so\''
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
    const outside = text.replace(QUOTED, quoted => ' '.repeat(quoted.length))
    return Math.max(0, outside.search(/[^\s\w.,:*@$&|<>=!?()[\]{}+/%-]/))
  }
}

export interface Token { readonly type: string, readonly value: unknown, readonly start: number }

const ENDS = new Set(['UnquotedIdentifier', 'QuotedIdentifier', 'Literal', 'Rparen', 'Rbracket', 'Rbrace', 'Current', 'Root', 'Variable', 'Flatten'])
const BEGINS = new Set(['UnquotedIdentifier', 'QuotedIdentifier', 'Literal', 'Current', 'Root', 'Variable', 'Lbrace', 'Not', 'Expref'])

/** The parser takes a comma that is missing or too many, and `=` for a binding wherever it stands: `role = 'x'` would be true for everybody. */
function checkTokens (tokens: readonly Token[], text: string): void {
  for (const [index, { type, value, start }] of tokens.entries()) {
    const [before, last] = [tokens[index - 2], tokens[index - 1]]
    const isWord = [type, last?.type].includes('UnquotedIdentifier') && [value, last?.value].some(word => word === 'let' || word === 'in')
    if (ENDS.has(last?.type ?? '') && BEGINS.has(type) && !isWord) throw new ExpressionFault('is no JMESPath: there is a comma or an operator missing before it', text, start)
    if (last?.type === 'Comma' && ['Rparen', 'Rbracket', 'Rbrace'].includes(type)) throw new ExpressionFault('is no JMESPath: nothing stands after the comma', text, start)
    const isBinding = last?.type === 'Variable' && (before?.value === 'let' || before?.type === 'Comma')
    if (type === 'Assign' && !isBinding) throw new ExpressionFault('is no JMESPath: two things are compared by ==', text, start)
  }
}

export interface Call { readonly name: string, readonly children: readonly { readonly type?: unknown }[] }

/** compile() itself takes any name and any arguments. */
function checkCalls (tree: Tree, tokens: readonly Token[], text: string): void {
  let next = 0
  for (const call of callsIn(tree)) {
    const at = tokens.findIndex(({ value }, index) => index >= next && value === call.name && tokens[index + 1]?.type === 'Lparen')
    next = at + 1
    const fault = faultOfCall(call)
    if (fault !== undefined) throw new ExpressionFault(fault, text, tokens[at]?.start ?? 0)
  }
  const stray = tokens.findIndex(({ type }, index) => type === 'Expref' && !['Lparen', 'Comma'].includes(tokens[index - 1]?.type ?? ''))
  if (stray >= 0) throw new ExpressionFault('is no JMESPath: &name is for functions like sort_by() alone, and “and” is &&', text, tokens[stray]?.start ?? 0)
}

function faultOfCall ({ name, children }: Call): string | undefined {
  const signature = Object.hasOwn(functions, name) ? functions[name]?._signature : undefined
  if (signature === undefined) return `calls ${name}(), and there is no such function`
  const count = children.length
  const least = signature.filter(({ optional }) => optional !== true).length
  const most = signature.at(-1)?.variadic === true ? Infinity : signature.length
  if (count < least || count > most) {
    const wanted = most === Infinity ? `${least} or more` : least === most ? String(least) : `${least} to ${most}`
    return `calls ${name}() with ${count} argument${count === 1 ? '' : 's'}, and it takes ${wanted}`
  }
  for (const [index, { type }] of children.entries()) {
    const wants = signature[index]?.types.some(kind => functions['sort_by']?._signature[1]?.types.includes(kind)) === true
    if (wants && type !== 'ExpressionReference') return `calls ${name}(), whose argument ${index + 1} is an expression: &name`
    if (!wants && type === 'ExpressionReference') return `calls ${name}(), whose argument ${index + 1} is a value: name, without &`
  }
  return undefined
}

/** In the order in which they are written. */
export function callsIn (node: unknown): readonly Call[] {
  if (Array.isArray(node)) return node.flatMap(callsIn)
  if (typeof node !== 'object' || node === null) return []
  const { type, name, children, left, condition, right } = node as Readonly<Record<string, unknown>>
  if (type === 'Literal') return []
  const own = type === 'Function' && Array.isArray(children) ? [{ name: String(name), children: children as Call['children'] }] : []
  return [...own, ...callsIn(type === 'FilterProjection' ? [left, condition, right] : Object.values(node))]
}

/** JMESPath Community, JEP 18: a variable is what a `let` around it binds. */
function checkVariables (tree: Tree, tokens: readonly Token[], text: string): void {
  const places = tokens.filter(({ type }) => type === 'Variable')
  const free = areBound(tree, []).indexOf(false)
  const place = places[free]
  if (place !== undefined) throw new ExpressionFault(`uses $${String(place.value)}, and no let around it says what that is`, text, place.start)
}

/** One answer for each variable, in the order in which they are written. */
function areBound (node: unknown, names: readonly string[]): readonly boolean[] {
  if (typeof node !== 'object' || node === null) return []
  const { type, name, reference, bindings, expression, left, condition, right } = node as Readonly<Record<string, unknown>>
  if (type === 'Literal') return []
  if (type === 'Variable') return [names.includes(String(name))]
  if (type === 'Binding') return [true, ...areBound(reference, names)]
  if (type === 'LetExpression') return [...areBound(bindings, names), ...areBound(expression, [...names, ...(bindings as readonly { readonly variable: string }[]).map(({ variable }) => variable)])]
  return (type === 'FilterProjection' ? [left, condition, right] : Object.values(node)).flatMap(child => areBound(child, names))
}

function marked (text: string, offset: number): string {
  const start = Math.max(0, offset - 40)
  const line = text.slice(start, offset + 40).replace(/\s/g, ' ')
  return `    ${line}\n    ${' '.repeat(offset - start)}^`
}
