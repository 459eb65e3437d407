import type { Claims } from '../claims.ts'
import { evaluate, type JSONValue, type Tree } from './jmespath-engine.ts'
import { parse } from './jmespath-parse.ts'

export { ExpressionFault } from './jmespath-parse.ts'

const LONGEST_RESULT = 64 * 1024 // characters, of one text or of a list together
const MOST_RESULTS = 10_000
const DEEPEST = 64
const MOST_VALUES = 100_000

/** What an expression may look at: JSON, copied, without prototypes, and of a sane size. */
export type Document = { readonly root: JSONValue }

/** What came of one evaluation; `failed` says why nothing did, in words about types alone. */
export type Outcome = { readonly value: unknown } | { readonly failed: string }

/** A JMESPath expression in Grafana's dialect, compiled. What fails while it is evaluated has no result. */
export class Expression {
  readonly text: string
  readonly #tree: Tree

  /** @throws {ExpressionFault} no JMESPath, a function that does not exist, or arguments that it cannot take */
  constructor (text: string) {
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

  /** The result as JSON of its own: a copy whose objects have no prototype. `null` is none, and so is what has more than 64 KiB of text or 10,000 values. */
  asValue (document: Document | undefined): unknown {
    const outcome = this.evaluate(document)
    return 'value' in outcome ? outcome.value ?? undefined : undefined
  }

  /** Whether the result is true as JMESPath has it: anything but `false`, `null` and what is empty. What fails is not. */
  asTruth (document: Document | undefined): boolean {
    const result = this.#find(document)
    if (typeof result === 'object' && result !== null) return Object.keys(result).length > 0
    return result !== undefined && result !== null && result !== false && result !== ''
  }

  /** The result, copied as by `asValue`, or the reason why there is none. */
  evaluate (document: Document | undefined): Outcome {
    if (document === undefined) return { failed: 'the claims are deeper or larger than any honest ones' }
    try {
      return { value: copyOf(evaluate(this.#tree, document.root), MOST_RESULTS, LONGEST_RESULT) }
    } catch (error) {
      return { failed: error instanceof Error ? error.message : 'it cannot be evaluated' }
    }
  }

  #find (document: Document | undefined): unknown {
    if (document === undefined) return undefined
    try {
      return evaluate(this.#tree, document.root)
    } catch {
      return undefined
    }
  }
}

/** @returns `undefined` for claims deeper or larger than any honest ones: of those no part is believed */
export function readDocument (claims: Claims): Document | undefined {
  return documentOf(claims.whole())
}

/** The same for any JSON: a list of teams, say, or an identity. */
export function documentOf (json: unknown): Document | undefined {
  try {
    return { root: copyOf(json, MOST_VALUES, Infinity) }
  } catch {
    return undefined
  }
}

/** @throws {RangeError} beyond the depth, the number of values or the characters that are allowed */
function copyOf (json: unknown, values: number, characters: number): JSONValue {
  const count = (text: string) => {
    characters -= text.length
    if (characters < 0) throw new RangeError('its result has more text than anything honest')
    return text
  }
  function copy (value: unknown, depth: number): JSONValue {
    if (depth > DEEPEST || --values < 0) throw new RangeError('its result is deeper or larger than anything honest')
    if (Array.isArray(value)) return value.map(item => copy(item, depth + 1))
    if (typeof value === 'object' && value !== null) return members(value, depth + 1)
    if (typeof value === 'string') return count(value)
    return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)) ? value : null
  }
  // Without prototype nothing but a claim is found; a member `__proto__` could still become one where merge() makes a new object.
  // By name, so that values(@) or * is the same for two documents that say the same.
  function members (source: object, depth: number): JSONValue {
    const object = Object.create(null) as Record<string, JSONValue>
    for (const [name, value] of Object.entries(source).sort(([one], [other]) => one < other ? -1 : 1)) if (name !== '__proto__') object[count(name)] = copy(value, depth)
    return object
  }
  return copy(json, 0)
}
