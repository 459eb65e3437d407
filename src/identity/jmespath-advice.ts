import { compile, tokenize } from './jmespath-engine.ts'
import { unguarded } from './jmespath-guards.ts'
import { parse, type Token } from './jmespath-parse.ts'

/** What is probably not meant as it is written, though it is JMESPath. */
export interface Advice {
  /** Phrases that go after the name of the setting: “has …, which …”. */
  readonly found: readonly string[]
  /** The whole expression as it was probably meant. */
  readonly corrected?: string
}

/** A piece of the text, and what belongs in its place. */
interface Edit { readonly start: number, readonly end: number, readonly put: string }
interface Finding { readonly what: string, readonly edits: readonly Edit[] }

interface Written { readonly text: string, readonly tokens: readonly Token[], readonly isCondition: boolean }

const ROLE = /^(?:none|viewer|editor|admin|grafana ?admin)$/i
const WORD = /^[A-Za-z_]\w*$/
/** Arguments where a text is meant and hardly ever a claim. */
const TEXT_ARGUMENTS: Readonly<Record<string, readonly number[]>> = { contains: [1], starts_with: [1], ends_with: [1], find_first: [1], find_last: [1], join: [0], split: [1], replace: [1, 2], trim: [1], trim_left: [1], trim_right: [1], pad_left: [2], pad_right: [2] }

/** Looks for the common mistakes in an expression that compiles. @param isCondition its truth is what counts @returns `undefined` where there is none */
export function advise (text: string, isCondition = false, rounds = 3): Advice | undefined {
  const written = { text, tokens: tokenize(text).map(({ type, value, start }) => ({ type: String(type), value, start })), isCondition }
  const misread = [whole, quoted, hyphens, lists].flatMap(look => look(written))
  const findings = misread.length > 0 ? misread : guards(written) // which go by the claims that are really meant
  if (findings.length === 0) return undefined
  const corrected = apply(text, findings.flatMap(({ edits }) => edits))
  const found = findings.map(({ what }) => what)
  if (!compiles(corrected)) return { found }
  const more = rounds > 1 ? advise(corrected, isCondition, rounds - 1) : undefined
  return { found: [...new Set([...found, ...more?.found ?? []])], corrected: more?.corrected ?? corrected }
}

/** A value whose quotes were kept: by an environment file, say. */
function whole ({ text, tokens: [only, ...others], isCondition }: Written): readonly Finding[] {
  if (only === undefined || others.length > 0 || typeof only.value !== 'string') return []
  const { type, value: inner } = only
  const all = (what: string, put: string): readonly Finding[] => [{ what, edits: [{ start: 0, end: text.length, put }] }]
  if (type === 'Literal' && isCondition && inner !== '') return all('is a text, and so true for everybody', compiles(inner) ? inner : text)
  if (type === 'QuotedIdentifier' && ROLE.test(inner) && !isCondition) return all(`is the name of a claim, and not the text ${inText(inner)}`, inText(inner))
  if (type === 'QuotedIdentifier' && !/^[\w:./-]*$/.test(inner) && isMoreThanName(inner)) return all('stands in quotes as a whole, which makes it the name of one claim', inner)
  if (type === 'Literal' && text.trim().startsWith('\'') && !ROLE.test(inner) && compiles(inner)) return all('is a text, the same for everybody', inner)
  return []
}

/** `"Admin"` is a claim of that name, and `'Admin'` is the text. */
function quoted ({ text, tokens }: Written): readonly Finding[] {
  if (tokens.length < 2) return []
  return tokens.flatMap((token, index) => {
    if (token.type !== 'QuotedIdentifier' || !meansText(tokens, index)) return []
    const put = inText(String(token.value))
    return [{ what: `has ${sourceOf(text, token)}, which is the name of a claim: the text is ${put}`, edits: [{ start: token.start, end: token.start + sourceOf(text, token).length, put }] }]
  })
}

function meansText (tokens: readonly Token[], index: number): boolean {
  const [before, next] = [tokens[index - 1]?.type ?? '', tokens[index + 1]?.type ?? '']
  if (before === 'Dot' || ['Dot', 'Lbracket', 'Flatten', 'Filter'].includes(next)) return false
  const name = String(tokens[index]?.value)
  const { brace, call, argument } = placeOf(tokens, index)
  if (brace && (before === 'Lbrace' || before === 'Comma') && next === 'Colon') return false
  if (TEXT_ARGUMENTS[call]?.includes(argument) === true && ['Lparen', 'Comma'].includes(before) && ['Rparen', 'Comma'].includes(next)) return true
  if (before === 'EQ' || before === 'NE') return tokens[index - 2]?.type !== 'Literal' && (name.includes('@') || !/[:/.]/.test(name))
  if ((next === 'EQ' || next === 'NE') && tokens[index + 2]?.type === 'Literal') return false
  if (ROLE.test(name)) return ['And', 'Or', 'Question', 'Colon', 'EQ', 'NE'].some(type => type === before || type === next)
  return before === 'And' && tokens[index - 2]?.type !== 'QuotedIdentifier' && WORD.test(name)
}

/** The innermost bracket around a token: whether it is a brace, and of which call it is which argument. */
function placeOf (tokens: readonly Token[], index: number): { readonly brace: boolean, readonly call: string, readonly argument: number } {
  let [depth, argument] = [0, 0]
  for (let at = index - 1; at >= 0; at--) {
    const type = tokens[at]?.type ?? ''
    if (['Rparen', 'Rbracket', 'Rbrace'].includes(type)) depth++
    else if (type === 'Comma' && depth === 0) argument++
    else if (['Lparen', 'Lbracket', 'Lbrace', 'Filter'].includes(type) && depth-- === 0) return { brace: type === 'Lbrace', call: type === 'Lparen' ? String(tokens[at - 1]?.value) : '', argument }
  }
  return { brace: false, call: '', argument: 0 }
}

/** `a-b` is a difference and `a/b` a quotient, though nobody writes those so closely. */
function hyphens ({ text, tokens }: Written): readonly Finding[] {
  const findings = new Map<number, Finding>()
  for (const [index, { type, start }] of tokens.entries()) {
    if (!['Minus', 'Divide'].includes(type) || !/\w/.test(text.charAt(start - 1)) || !/\w/.test(text.charAt(start + 1))) continue
    if (![tokens[index - 1], tokens[index + 1]].every(token => token?.type === 'UnquotedIdentifier')) continue
    const begin = start - (/[\w/-]*$/.exec(text.slice(0, start))?.[0].length ?? 0)
    const name = /^[\w/-]*/.exec(text.slice(begin))?.[0] ?? ''
    findings.set(begin, { what: `has ${name}, which is ${type === 'Minus' ? 'a difference' : 'a quotient'} of two claims: the name of one is "${name}"`, edits: [{ start: begin, end: begin + name.length, put: `"${name}"` }] })
  }
  return [...findings.values()]
}

/** A list with something in it is true, whatever that is: `[login == 'ada'] && 'Admin'` makes everybody one. */
function lists ({ text, tokens, isCondition: isTested }: Written): readonly Finding[] {
  return tokens.flatMap(({ type, start }, index) => {
    const before = tokens[index - 1]?.type ?? ''
    const begins = type === 'Lbracket' && ['', 'And', 'Or', 'Not', 'Lparen', 'Filter', 'Question', 'Colon', 'Pipe'].includes(before) && !['Number', 'Colon'].includes(tokens[index + 1]?.type ?? '') && !text.slice(start).startsWith('[*]')
    if (!begins) return []
    const { close, commas } = endOf(tokens, index)
    const after = tokens[tokens.findIndex(token => token === close) + 1]?.type ?? ''
    const isCondition = before === 'Not' || ['And', 'Or', 'Question'].includes(after) || (before === 'Filter' && after === 'Rbracket') || (isTested && before === '' && after === '')
    if (close === undefined || !isCondition) return []
    const edits = [{ start, end: start + 1, put: '(' }, { start: close.start, end: close.start + 1, put: ')' }, ...commas.map(comma => ({ start: comma.start, end: comma.start + 1, put: ' ||' }))]
    return [{ what: `has ${shortened(text.slice(start, close.start + 1))} as a condition: a list is true for everybody, whatever is in it`, edits }]
  })
}

function endOf (tokens: readonly Token[], open: number): { readonly close: Token | undefined, readonly commas: readonly Token[] } {
  const commas: Token[] = []
  let depth = 0
  for (const token of tokens.slice(open)) {
    if (['Lparen', 'Lbracket', 'Lbrace', 'Filter'].includes(token.type)) depth++
    else if (['Rparen', 'Rbracket', 'Rbrace'].includes(token.type) && --depth === 0) return { close: token, commas }
    else if (token.type === 'Comma' && depth === 1) commas.push(token)
  }
  return { close: undefined, commas }
}

function guards ({ text, tokens }: Written): readonly Finding[] {
  const calls = tokens.flatMap(({ type }, index) => type === 'UnquotedIdentifier' && tokens[index + 1]?.type === 'Lparen' ? [index] : [])
  return unguarded(compile(text)).flatMap(({ call, guard }) => {
    const at = calls[call] ?? 0
    const comma = endOf(tokens, at + 1).commas[0]
    if (comma === undefined) return []
    const path = text.slice((tokens[at + 1]?.start ?? 0) + 1, comma.start)
    const end = comma.start - (path.length - path.trimEnd().length)
    return [{ what: `has ${String(tokens[at]?.value)}(${shortened(path.trim())}, …), by which whoever lacks that claim gets nothing, and what comes after it is not looked at`, edits: [{ start: end, end, put: ` || ${guard}` }] }]
  })
}

function apply (text: string, edits: readonly Edit[]): string {
  return edits.toSorted((one, other) => other.start - one.start).reduce((whole, { start, end, put }) => whole.slice(0, start) + put + whole.slice(end), text)
}

function sourceOf (text: string, { start }: Token): string {
  return /^"(?:[^"\\]|\\.)*"/s.exec(text.slice(start))?.[0] ?? ''
}

function inText (text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}

function shortened (text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

function isMoreThanName (text: string): boolean {
  return compiles(text) && !WORD.test(text)
}

function compiles (text: string): boolean {
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}
