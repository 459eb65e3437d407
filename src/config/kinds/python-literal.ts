import { Problem } from '../config-error.ts'

/** What a Python literal can be here. Tuples become lists; an integer that a number cannot hold is a bigint. */
export type PythonValue = string | number | bigint | boolean | null | readonly PythonValue[] | { readonly [key: string]: PythonValue }

const deepest = 64
const digits = '[0-9](?:_?[0-9])*'
const tokens = {
  space: /(?:[ \t\f\r\n]|\\\r?\n|#[^\n]*)*/y,
  constant: /(?:True|False|None)(?![\w\u0080-\uffff])/y,
  float: new RegExp(`(?:${digits}\\.(?:${digits})?|\\.${digits}|${digits}(?=[eE]))(?:[eE][+-]?${digits})?(?![\\w.])`, 'y'),
  integer: /(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?0)*|[1-9](?:_?[0-9])*)(?![\w.])/y,
  opening: /([rRuU]?)('''|"""|'|")/y,
  escape: /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3}))/y
}
const constants: Readonly<Record<string, true | false | null>> = { True: true, False: false, None: null }
const escapes: ReadonlyMap<string, string> = new Map(Object.entries({ '\n': '', '\\': '\\', '\'': '\'', '"': '"', a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }))

/**
 * Reads a Python literal as `ast.literal_eval` does, less bytes, sets, complex numbers and keys that are not text.
 * Nothing is evaluated.
 *
 * @throws {Problem} with the column, counted from 1, and never a piece of the text
 */
export function parsePythonLiteral (source: string): PythonValue {
  return new Reader(source.replace(/\r\n?/g, '\n')).whole()
}

class Reader {
  readonly #source: string
  #at = 0
  #depth = 0

  constructor (source: string) { this.#source = source }

  whole (): PythonValue {
    const value = this.#value()
    if (this.#peek() !== undefined) this.#fail('something after the end')
    return value
  }

  #value (): PythonValue {
    const next = this.#peek()
    if (next === undefined) this.#fail('an end too early')
    if (++this.#depth > deepest) this.#fail('too many levels')
    const value = next === '{' ? this.#dict() : next === '[' ? this.#sequence(']').items : next === '(' ? this.#parenthesis() : this.#atom()
    this.#depth--
    return value
  }

  #atom (): PythonValue {
    const constant = this.#take(tokens.constant)
    if (constant !== undefined) return constants[constant[0]] ?? null
    return this.#strings() ?? this.#number()
  }

  #dict (): PythonValue {
    const entries: Record<string, PythonValue> = Object.create(null) as Record<string, PythonValue> // so that no key is special
    this.#at++
    for (let comma = true; !this.#eat('}'); comma = this.#eat(',')) {
      if (!comma) this.#fail('no comma or } where one is needed')
      const key = this.#strings()
      if (key === undefined) this.#fail('a key that is not a text in quotes')
      if (!this.#eat(':')) this.#fail('no colon after a key')
      entries[key] = this.#value()
    }
    return Object.freeze(entries)
  }

  #sequence (close: string): { items: readonly PythonValue[], comma: boolean } {
    const items: PythonValue[] = []
    let comma = false
    this.#at++
    while (!this.#eat(close)) {
      if (items.length > 0 && !comma) this.#fail(`no comma or ${close} where one is needed`)
      items.push(this.#value())
      comma = this.#eat(',')
    }
    return { items: Object.freeze(items), comma }
  }

  #parenthesis (): PythonValue {
    const { items: [first, ...others], comma } = this.#sequence(')')
    if (first === undefined) return Object.freeze([])
    return others.length === 0 && !comma ? first : Object.freeze([first, ...others])
  }

  #number (): PythonValue {
    const negative = this.#peek() === '-'
    if (negative || this.#peek() === '+') this.#at++
    this.#peek()
    const float = this.#take(tokens.float)
    if (float !== undefined) return Number(float[0].replaceAll('_', '')) * (negative ? -1 : 1)
    const integer = this.#take(tokens.integer)
    if (integer === undefined) this.#fail('something that is no literal')
    const exact = BigInt(integer[0].replaceAll('_', '')) * (negative ? -1n : 1n)
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact
  }

  /** Strings that follow one another are one. */
  #strings (): string | undefined {
    let joined: string | undefined
    for (;;) {
      this.#peek()
      const opening = this.#take(tokens.opening)
      if (opening === undefined) return joined
      joined = (joined ?? '') + this.#string(opening[2] ?? '', opening[1]?.toLowerCase() === 'r')
    }
  }

  #string (quote: string, raw: boolean): string {
    let text = ''
    while (!this.#source.startsWith(quote, this.#at)) {
      const next = this.#source[this.#at]
      if (next === undefined || (next === '\n' && quote.length === 1)) this.#fail('a text without its closing quote')
      text += next === '\\' ? (raw ? this.#next(2) : this.#escape()) : this.#next(1)
    }
    this.#at += quote.length
    return text
  }

  #escape (): string {
    const code = this.#take(tokens.escape)
    if (code !== undefined) {
      const point = code[4] === undefined ? parseInt(code[1] ?? code[2] ?? code[3] ?? '', 16) : parseInt(code[4], 8)
      return point <= 0x10ffff ? String.fromCodePoint(point) : this.#fail('an escape beyond Unicode')
    }
    const letter = this.#source[this.#at + 1] ?? ''
    if ('xuUN'.includes(letter)) this.#fail('an escape that is not whole') // '' too: a backslash at the very end
    const pair = this.#next(2)
    return escapes.get(letter) ?? pair // Python keeps the backslash of an escape it does not know
  }

  #next (length: number): string {
    const text = this.#source.slice(this.#at, this.#at + length)
    this.#at += length
    return text
  }

  /** What comes after spaces and comments. */
  #peek (): string | undefined {
    this.#take(tokens.space)
    return this.#source[this.#at]
  }

  #eat (character: string): boolean {
    const found = this.#peek() === character
    if (found) this.#at++
    return found
  }

  #take (token: RegExp): RegExpExecArray | undefined {
    token.lastIndex = this.#at
    const match = token.exec(this.#source)
    if (match === null) return undefined
    this.#at += match[0].length
    return match
  }

  #fail (what: string): never {
    throw new Problem(`has ${what} at column ${[...this.#source.slice(0, this.#at)].length + 1}`)
  }
}
