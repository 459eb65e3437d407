import type { Document, Expression } from './jmespath.ts'
import type { Source } from './sources.ts'
import { clean } from './text.ts'
import type { Field, Trace } from './trace.ts'

/** What one step yields: a value ends the search. */
export interface Found<T> {
  readonly value?: T | undefined
  /** Why what was there does not count. */
  readonly why?: string | undefined
  /** The rest of the steps is not asked of this source. */
  readonly ends?: true
}

export interface Step<T> {
  /** By the name of the claim or of the setting. */
  readonly how: string
  readonly read: (source: Source) => Found<T>
}

/** All steps of the first source, then of the next: a value in an earlier source beats a better one in a later. */
export function search<T extends string | readonly string[]> (field: Field, steps: readonly Step<T>[], sources: readonly Source[], trace: Trace): T | undefined {
  for (const source of sources) {
    for (const { how, read } of steps) {
      const { value, why, ends } = read(source)
      trace.note({ field, source: source.name, how, value, why })
      if (value !== undefined) return value
      if (ends === true) break
    }
  }
  return undefined
}

/** Only the text that was promised: another type is a field that is not there. */
export function claim (name: string): Step<string> {
  return { how: `the claim ${name}`, read: ({ claims }) => usable(claims.raw(name)) }
}

/** A text by an expression, or why there is none: what could not be evaluated says so. */
export function byPath (setting: string, path: Expression): Step<string> {
  return { how: `${setting} (${path.text})`, read: ({ document }) => textBy(path, document) }
}

export function textBy (path: Expression, document: Document | undefined): Found<string> {
  const text = path.asText(document)
  if (text !== undefined) return usable(text)
  const outcome = path.evaluate(document)
  return 'failed' in outcome ? { why: `nothing, because ${outcome.failed}` } : usable(outcome.value)
}

/** A text that an honest name can be, or why it is none. */
export function usable (value: unknown): Found<string> {
  if (value === undefined || value === null || value === '') return {}
  if (typeof value !== 'string') return { why: `a ${Array.isArray(value) ? 'list' : typeof value} where a text should be` }
  const text = clean(value)
  return text === undefined ? { why: 'blank, or with control characters' } : { value: text }
}
