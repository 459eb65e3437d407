import type { RE2JS } from 're2js'
import { loadRe2 } from '../../on-demand.ts'
import { fold } from './prefix.ts'

/** Why a text is no `skip-auth-route`. */
export class RouteFault extends Error {}

/** Paths that need no sign-in, by an expression in Go's syntax (RE2), whose time is linear in the length of the path. */
export interface SkipRoute {
  /** As it was written. */
  readonly text: string
  /** GET is HEAD as well. */
  readonly method?: string
  /** Written with `!=`: every path that the expression is not found in. */
  readonly negated: boolean
  covers (reading: string): boolean
}

const written = /^(?:([A-Za-z-]*)(!?=))?(.*)$/s

/**
 * `METHOD=expression`, `METHOD!=expression`, or an expression alone, for any method.
 *
 * An expression has to be the whole path. With `!=` it counts wherever it is found, in any letter case, and also where only
 * the format is another (`/admin.json`): it says what stays closed, and what it leaves out would be open to everyone.
 *
 * @throws {RouteFault} no expression, or one that no path can match
 */
export function parseSkipRoute (text: string): SkipRoute {
  const [, method = '', sign = '', expression = ''] = written.exec(text) ?? []
  const negated = sign === '!='
  if (expression === '') throw new RouteFault('has no expression')
  if (!negated && /^\^?[A-Za-z0-9][^|]*$/.test(expression)) throw new RouteFault('can match no path, because each begins with /')
  const pattern = compile(expression, negated)
  const covers = negated
    ? (reading: string) => !likenesses(reading).some(likeness => pattern.matcher(likeness).find())
    : (reading: string) => pattern.matches(reading)
  return Object.freeze({ text, ...method !== '' && { method: method.toUpperCase() }, negated, covers })
}

function compile (expression: string, negated: boolean): RE2JS {
  const { RE2JS, RE2JSException } = loadRe2()
  try {
    return RE2JS.compile(expression, negated ? RE2JS.CASE_INSENSITIVE | RE2JS.DOTALL : 0)
  } catch (error) {
    if (error instanceof RE2JSException) throw new RouteFault(`is no expression that RE2 knows: ${error.message.replace(/^error parsing regexp: /, '')}`)
    throw error
  }
}

/** What careless servers take a path for: see prefix.ts. */
function likenesses (reading: string): readonly string[] {
  const folded = fold(reading)
  const bare = (path: string) => path.replace(/\.[^/]*/g, '')
  return [...new Set([reading, folded, bare(reading), bare(folded), reading.replace(/\/+$/, ''), bare(folded).replace(/\/+$/, '')])]
}
