import type { Allow, RuleConfig } from '../access/rules.ts'
import { Problem } from './config-error.ts'
import { nameOf, type Kind } from './kind.ts'
import { readPrefix } from './prefix.ts'

/** Written in files and code only: a list of `{ path, allow }`. */
export const rules: Kind<readonly RuleConfig[], readonly RuleConfig[]> = {
  shape: 'list',
  parse: raw => {
    if (!Array.isArray(raw)) throw new Problem(`must be a list, not ${nameOf(raw)}`)
    if (raw.length === 0) throw new Problem('is an empty list', 'Leave it out: whoever is signed in may then go everywhere.')
    const list = raw.map((item, index) => numbered(index, () => readRule(item)))
    list.forEach((rule, index) => numbered(index, () => reachable(rule, list.slice(0, index))))
    return Object.freeze(list)
  }
}

function readRule (item: unknown): RuleConfig {
  const { path, allow } = members(item, ['path', 'allow'])
  if (typeof path !== 'string') throw new Problem('needs a path', 'Write path: /admin.')
  return Object.freeze({ path: readPrefix(path).path, allow: readAllow(allow) })
}

function readAllow (allow: unknown): Allow {
  if (allow === 'public' || allow === 'signed-in') return allow
  if (typeof allow !== 'object' || allow === null) throw new Problem('needs allow: public, signed-in, or groups', 'Write allow: { groups: [admin] }.')
  const { groups, provider } = members(allow, ['groups', 'provider'])
  if (groups === undefined && provider === undefined) throw new Problem('allows neither groups nor a provider', 'Write allow: { groups: [admin] }, or allow: signed-in.')
  return Object.freeze({
    ...groups === undefined ? {} : { groups: names(groups, 'groups') },
    ...provider === undefined ? {} : { provider: names(typeof provider === 'string' ? [provider] : provider, 'providers') }
  })
}

function names (list: unknown, what: string): readonly string[] {
  if (!Array.isArray(list) || list.length === 0) throw new Problem(`allows an empty list of ${what}`, 'Name one at least, or allow: signed-in.')
  return Object.freeze(list.map(readGroup))
}

function readGroup (group: unknown): string {
  if (typeof group !== 'string' || group === '') throw new Problem('has a group that is not a text')
  if (group !== group.trim()) throw new Problem(`has the group “${group}” with a space at its beginning or end`)
  return group
}

function members (item: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) throw new Problem(`must be an object, not ${nameOf(item)}`)
  const unknown = Object.keys(item).find(key => !known.includes(key))
  if (unknown !== undefined) throw new Problem(`has the key “${unknown}”, which nobody knows`, `Known are ${known.join(' and ')}.`)
  return Object.fromEntries(Object.entries(item))
}

function reachable (rule: RuleConfig, earlier: readonly RuleConfig[]): void {
  const before = earlier.find(other => readPrefix(other.path).covers(rule.path))
  if (before !== undefined) throw new Problem(`is for ${rule.path} and never asked, because the earlier rule for ${before.path} covers it`, 'Put the longer path first.')
}

function numbered<T> (index: number, read: () => T): T {
  try { return read() } catch (error) {
    if (error instanceof Problem) throw new Problem(`: rule ${index + 1} ${error.message}`, error.fix)
    throw error
  }
}
