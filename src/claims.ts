/**
 * What a provider says about a person: JSON, not yet believed. Read through accessors that never throw,
 * so that a number where a text was promised is one missing field and not a crash.
 */
export class Claims {
  readonly #members: ReadonlyMap<string, unknown>
  readonly #items: readonly unknown[]

  /** @param json anything: what is not an object has no claims, what is not a list has no items */
  constructor (json: unknown) {
    this.#members = new Map(isObject(json) ? Object.entries(json) : [])
    this.#items = Array.isArray(json) ? json : []
  }

  /** One view over several documents: each claim comes from the first that has it, on its own. Null and an empty text only count where no other has it. */
  static merge (sources: readonly Claims[]): Claims {
    const all = sources.toReversed().flatMap(source => [...source.#members])
    return new Claims(Object.fromEntries([...all.filter(([, value]) => isNothing(value)), ...all.filter(([, value]) => !isNothing(value))]))
  }

  /** The claim as text; a finite number is written out (GitHub's `id` is one), `''` counts as absent. */
  text (name: string): string | undefined {
    const value = this.#members.get(name)
    if (typeof value === 'number' && Number.isFinite(value)) return String(value)
    return typeof value === 'string' && value !== '' ? value : undefined
  }

  /** The texts of a list; a lone text is a list of one. Members that are neither text nor number are left out. */
  texts (name: string): string[] {
    const value = this.#members.get(name)
    const list = Array.isArray(value) ? value : [value]
    return list.flatMap(item => new Claims({ item }).text('item') ?? [])
  }

  /** The objects of the list under this name, or of the document itself where it is a list (GitHub's `/user/emails`). */
  list (name?: string): Claims[] {
    const value = name === undefined ? this.#items : this.#members.get(name)
    return Array.isArray(value) ? value.map(item => new Claims(item)) : []
  }

  /** The object under this name, read the same way. */
  at (name: string): Claims {
    return new Claims(this.#members.get(name))
  }

  /** Only `true` and `"true"` are true: some providers send booleans as text (OpenID Connect Core §5.1 says boolean). */
  is (name: string): boolean {
    const value = this.#members.get(name)
    return value === true || value === 'true'
  }

  has (name: string): boolean {
    return this.#members.has(name)
  }

  names (): string[] {
    return [...this.#members.keys()]
  }

  raw (name: string): unknown {
    return this.#members.get(name)
  }

  /** The document as it came: what is neither an object nor a list is an empty object. */
  whole (): object {
    return this.#items.length > 0 ? this.#items : Object.fromEntries(this.#members)
  }
}

/** Flags of the document's own address: the standard's, and the one of Google's older userinfo. */
const VERIFIED = ['email_verified', 'verified_email']

/**
 * Whether a document says that its address is not verified. `verified` alone, as Discord has it, may be about something else where it
 * is not a plain no.
 *
 * @param anyCase by these names in any spelling
 */
export function doubtsEmail (claims: Claims, anyCase = false): boolean {
  return claims.names().some(spelled => {
    const name = anyCase ? spelled.toLowerCase() : spelled
    if (VERIFIED.includes(name)) return !claims.is(spelled)
    return name === 'verified' && [false, 'false'].includes(claims.raw(spelled) as boolean | string)
  })
}

function isObject (json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function isNothing (value: unknown): boolean {
  return value === null || value === ''
}
