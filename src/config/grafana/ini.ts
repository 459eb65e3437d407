import { Problem } from '../config-error.ts'

/** A value as it is written, and on which line, counted from 1. */
export interface IniValue {
  readonly text: string
  readonly line: number
}

/** Keys by section. What stands before the first section is in `DEFAULT`; both are compared byte for byte. */
export type IniSections = ReadonlyMap<string, ReadonlyMap<string, IniValue>>

export interface Ini {
  readonly sections: IniSections
  /** Lines that end earlier than they seem to: at a # or ; with no space before it. */
  readonly cut: readonly number[]
}

/** What stands before the first section is in here. */
export const DEFAULT_SECTION = 'DEFAULT'

// What Go's unicode.IsSpace takes for space; JavaScript's trim has a slightly other list.
const SPACE = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const LEFT = new RegExp(`^${SPACE}+`)
const ONE = new RegExp(`^${SPACE}$`)

/**
 * Reads INI by the rules of the library that Grafana has for it (go-ini 1.67, with no options): they are stricter about keys and odder
 * about values than other readers of INI. Values are as they are written; what they stand for is `expand.ts`'s.
 *
 * @throws {Problem} with the line, and never a piece of the text, which may be a secret
 */
export function parseIni (text: string): Ini {
  const lines = text.replace(/^\uFEFF/, '').match(/[^\n]*\n|[^\n]+$/g) ?? []
  return new Reader(lines).read()
}

class Reader {
  readonly #lines: readonly string[]
  readonly #cut: number[] = []
  #next = 0

  constructor (lines: readonly string[]) { this.#lines = lines }

  read (): Ini {
    const sections = new Map<string, Map<string, IniValue>>()
    let keys = open(sections, DEFAULT_SECTION)
    for (let raw = this.#take(); raw !== undefined; raw = this.#take()) {
      const line = raw.replace(LEFT, '')
      if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
      if (line.startsWith('[')) keys = open(sections, this.#section(line))
      else this.#entry(line, keys)
    }
    return { sections, cut: this.#cut }
  }

  #take (): string | undefined {
    return this.#lines[this.#next++]
  }

  #section (line: string): string {
    const end = line.lastIndexOf(']')
    if (end === -1) throw this.#fault(this.#next, 'begins a section and has no ]', 'Write [auth.generic_oauth].')
    if (end === 1) throw this.#fault(this.#next, 'has a section without a name', 'Write [auth.generic_oauth].')
    return line.slice(1, end)
  }

  #entry (line: string, keys: Map<string, IniValue>): void {
    const at = this.#next
    const { name, rest } = this.#key(line)
    const before = this.#cut.length
    const text = this.#value(rest)
    if (text === '' && this.#cut.length > before) this.#cut.pop() // nothing but a comment
    keys.set(name, { text, line: at })
  }

  /** Up to the first = or :, whichever that is; in quotes if it must hold one of them. */
  #key (line: string): { name: string, rest: string } {
    const quote = line.length > 6 && line.startsWith('"""') ? '"""' : /^["`]/.exec(line)?.[0] ?? ''
    const from = quote.length
    const end = quote === '' ? line.search(/[=:]/) : line.indexOf(quote, from)
    if (quote !== '' && end === -1) throw this.#fault(this.#next, 'begins a quoted name that does not end', 'Names need no quotes: write name = value.')
    const delimiter = quote === '' ? end : offset(line.slice(end + from).search(/[=:]/), end + from)
    if (delimiter === -1) throw this.#fault(this.#next, 'has neither = nor :', 'Write name = value, or put a # before it.')
    const name = trim(line.slice(from, end))
    if (name === '') throw this.#fault(this.#next, 'has no name before =', 'Write name = value.')
    return { name, rest: line.slice(delimiter + 1) }
  }

  #value (rest: string): string {
    const line = rest.replace(LEFT, '')
    if (line === '') return ''
    const quote = line.length > 3 && line.startsWith('"""') ? '"""' : line.startsWith('`') ? '`' : ''
    if (quote !== '') return this.#protected(line.slice(quote.length), quote)
    const text = trim(line)
    if (text.endsWith('\\')) return this.#continued(text.slice(0, -1))
    return unquoted(this.#withoutComment(text))
  }

  /** Between backticks or three double quotes everything is meant as it stands, line breaks too. */
  #protected (first: string, quote: string): string {
    const at = this.#next
    let [value, line]: [string, string | undefined] = ['', first]
    for (; line !== undefined; line = this.#take()) {
      const end = line.lastIndexOf(quote)
      if (end !== -1) return value + line.slice(0, end)
      value += line
    }
    throw this.#fault(at, `begins a value with ${quote === '`' ? 'a backtick' : '"""'} that does not end`, 'Write the same behind it.')
  }

  #continued (first: string): string {
    const parts = [first]
    for (let raw = this.#take(); raw !== undefined; raw = this.#take()) {
      const line = trim(raw)
      const goesOn = line.endsWith('\\')
      parts.push(goesOn ? line.slice(0, -1) : line)
      if (!goesOn) break
    }
    return parts.join('')
  }

  /** A # or ; ends a value wherever it stands, in quotes as well. */
  #withoutComment (text: string): string {
    const end = text.search(/[#;]/)
    if (end === -1) return text
    const quoted = /^(?:"(?:[^"\\]|\\.)*("|$)|'[^']*('|$))/s.exec(text)?.[0] ?? ''
    // Newer versions of that library take it for a part of the value: whoever wrote it cannot have meant the half.
    if (quoted.length > end) throw this.#fault(this.#next, 'has a # or ; inside quotes, where Grafana ends the value', 'Put the whole value between backticks, or between """ and """.')
    if (end > 0 && text.charAt(end - 1).replace(LEFT, '') !== '') this.#cut.push(this.#next)
    return trim(text.slice(0, end))
  }

  #fault (line: number, why: string, fix: string): Problem {
    return new Problem(`is not proper INI: line ${line} ${why}`, fix)
  }
}

function open (sections: Map<string, Map<string, IniValue>>, name: string): Map<string, IniValue> {
  const keys = sections.get(name) ?? new Map<string, IniValue>()
  sections.set(name, keys)
  return keys
}

function offset (found: number, from: number): number {
  return found === -1 ? -1 : found + from
}

function trim (text: string): string {
  let end = text.length
  while (end > 0 && ONE.test(text.charAt(end - 1))) end-- // a pattern would look at each run of spaces anew from each of them
  return text.slice(0, end).replace(LEFT, '')
}

/** One pair, and only where the value has no other of its kind. */
function unquoted (text: string): string {
  const [quote = ''] = text
  return text.length >= 2 && (quote === '\'' || quote === '"') && text.indexOf(quote, 1) === text.length - 1 ? text.slice(1, -1) : text
}
