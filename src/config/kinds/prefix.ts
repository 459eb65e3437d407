import { parsePrefix, type Prefix } from '../../access/rules/prefix.ts'
import { Problem } from '../config-error.ts'

/**
 * What a rule or an upstream is for, in the one grammar that requests are compared with: a path and everything below it.
 *
 * @throws {Problem}
 */
export function readPrefix (text: string): Prefix {
  const prefix = parsePrefix(text)
  if (prefix !== null) return prefix
  if (!text.startsWith('/')) throw new Problem(`has the path “${text}”, which must begin with /`, `Write /${text}.`)
  if (/[?#]/.test(text)) throw new Problem(`has the path “${text}”, which must have no query and no fragment`, 'A path and everything below it is all that can be named.')
  throw new Problem(`has the path “${text}”, which servers read in more than one way`, 'Write it as people see it, in segments separated by single slashes: without ; \\ %2F :$ and dots at the end of a segment.')
}
