import { Problem } from '../config-error.ts'

/** How values of one sort are read: `T` is what the gate sees, `In` what code may pass where a file or a flag has text. */
export interface Kind<T, In> {
  /** What `--help` shows after the flag. */
  readonly shape: string
  /**
   * A new value, frozen where it has members.
   *
   * @param raw text from a flag, the environment or a file; lists and objects from files and code
   * @throws {Problem}
   */
  readonly parse: (raw: unknown) => T
  /** What the operator should know about a value that was accepted. */
  readonly remark?: (raw: unknown) => string | undefined
  /** The flag may be given several times; its values are then a list. */
  readonly repeatable?: true
  /** Several values may stand behind the flag, one after the other. */
  readonly variadic?: true
  /** The flag may stand alone. */
  readonly bare?: true
  /** The value names a file whose content is what is parsed: its text, or a `GivenFile` where a kind needs more than that. */
  readonly reads?: true | 'file'
  /** An empty text is a value, and not a variable that somebody forgot to fill. */
  readonly emptyAllowed?: true
  /** Never present: carries the type of what code may pass. */
  readonly given?: In
}

/** A file that a setting names, yet to be read. */
export interface GivenFile {
  /** As it was written. */
  readonly path: string
  /** The setting, as `--help` writes it without dashes. */
  readonly setting: string
  /** @throws {MissingFile} there is none @throws {Problem} it cannot be read */
  read (): Buffer
}

/** A text that a person or a program typed on purpose. Numbers of JSON files are taken where nothing is lost. */
export function asText (raw: unknown): string {
  if (typeof raw === 'number' && Number.isSafeInteger(raw)) return String(raw)
  if (typeof raw === 'number') throw new Problem('is a number that cannot be kept exactly', 'Write it in quotes.')
  if (typeof raw !== 'string') throw new Problem(`must be a text, not ${nameOf(raw)}`)
  return raw
}

/** What a flag gave that was written several times: texts yet to be split, unlike the items of a list in a file. */
export class Repeated {
  readonly values: readonly string[]
  constructor (values: readonly string[]) { this.values = values }
}

/** The items of a list, each trimmed: written as a list, as JSON, or as text with separators. */
export function asItems (raw: unknown, separator: RegExp): string[] {
  return raw instanceof Repeated ? raw.values.flatMap(value => asList(value, separator)) : asList(raw, separator)
}

function asList (raw: unknown, separator: RegExp): string[] {
  if (Array.isArray(raw)) return raw.map(item => asText(item).trim())
  const text = asText(raw).trim()
  // An IPv6 host has brackets too.
  return text.startsWith('[') && !/^\[[0-9a-f.]*:[0-9a-f:.]*\]/i.test(text) ? jsonList(text) : text.split(separator).map(item => item.trim()).filter(item => item !== '')
}

/** What a value is, for a message: its sort and never its content. */
export function nameOf (raw: unknown): string {
  if (raw === null || raw === undefined) return 'nothing'
  if (Array.isArray(raw)) return 'a list'
  if (typeof raw === 'object') return 'an object'
  return typeof raw === 'string' ? 'a text' : `a ${typeof raw}`
}

function jsonList (text: string): string[] {
  let list: unknown
  try { list = JSON.parse(text) } catch { /* told below */ }
  if (!Array.isArray(list)) throw new Problem('begins like a JSON list and is none', 'Write items separated by commas, or ["one", "two"].')
  return list.map(item => asText(item).trim())
}
