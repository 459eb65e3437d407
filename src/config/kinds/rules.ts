import { coversRule, ruleName } from '../../access/rules/listed-rules.ts'
import type { Allow, RuleConfig } from '../../access/rules/rule.ts'
import { Problem, readEach } from '../config-error.ts'
import { remarkOn } from './expression.ts'
import { nameOf, type Kind } from './kind.ts'
import { readMethod } from './opened-paths.ts'
import { readPrefix } from './prefix.ts'
import { readConditions, type ConditionsInput } from './rule-conditions.ts'
import { members, oneOrMore, readHost } from './rule-members.ts'

/** As files and code write a rule. */
export interface RuleInput {
  readonly path?: string
  readonly host?: string | readonly string[]
  readonly methods?: string | readonly string[]
  readonly allow: Exclude<Allow, object> | ConditionsInput
  readonly reason?: string
}

const WORDS = ['public', 'optional', 'signed-in'] as const
const LONGEST_REASON = 500

/** Written in files and code only: a list of `{ path, host, methods, allow, reason }`. */
export const rules: Kind<readonly RuleConfig[], readonly RuleInput[]> = {
  shape: 'list',
  parse: raw => {
    if (!Array.isArray(raw)) throw new Problem(`must be a list, not ${nameOf(raw)}`)
    if (raw.length === 0) throw new Problem('is an empty list', 'Leave it out: whoever is signed in may then go everywhere.')
    const list = readEach(raw, (item: unknown, index) => numbered(index, () => readRule(item)))
    readEach(list, (rule, index) => numbered(index, () => reachable(rule, list.slice(0, index))))
    return Object.freeze(list)
  },
  remark: raw => {
    const said = rules.parse(raw).flatMap((rule, index) => {
      const remark = typeof rule.allow === 'object' && rule.allow.condition !== undefined ? remarkOn(rule.allow.condition.text, true) : undefined
      return remark === undefined ? [] : [`rule ${index + 1} ${remark}`]
    })
    return said.length === 0 ? undefined : `: ${said.join('; ')}`
  }
}

function readRule (item: unknown): RuleConfig {
  const { path, host, methods, allow, reason } = members(item, ['path', 'host', 'methods', 'allow', 'reason'])
  if (path === undefined && host === undefined && methods === undefined) throw new Problem('needs a path', 'Write path: /admin, or path: / for every one.')
  if (path !== undefined && typeof path !== 'string') throw new Problem('has a path that is not a text', 'Write path: /admin.')
  const allowed = readAllow(allow)
  if (reason !== undefined && typeof allowed === 'string') throw new Problem(`has a reason, but allow: ${allowed} refuses nobody`, 'Leave it out, or say who may pass: allow: { groups: [admins] }.')
  return Object.freeze({
    ...path !== undefined && { path: readPath(path) },
    ...host !== undefined && { host: Object.freeze([...new Set(oneOrMore(host, 'hosts', 'Write host: app.example.com, or leave it out.').map(readHost))]) },
    ...methods !== undefined && { methods: Object.freeze([...new Set(oneOrMore(methods, 'methods', 'Write methods: [GET, POST], or leave it out.').map(readMethod))]) },
    allow: allowed,
    ...reason !== undefined && { reason: readReason(reason) }
  })
}

/** A star would be a segment of that name, and `/admin/*` a rule that protects nothing. */
function readPath (text: string): string {
  const { path } = readPrefix(text)
  const star = /\/\*+(?=\/|$)/.exec(path)
  if (star !== null) throw new Problem(`has the path “${text}”, where * stands for nothing`, `Write ${path.slice(0, star.index) || '/'}: a rule is for a path and everything below it.`)
  return path
}

function readAllow (allow: unknown): Allow {
  const word = WORDS.find(word => word === allow)
  if (word !== undefined) return word
  if (Array.isArray(allow)) throw new Problem('has a list as its allow', 'Write allow: { groups: [admins] }, or { roles: [Admin] }.')
  if (typeof allow !== 'object' || allow === null) throw new Problem('needs allow: public, optional, signed-in, or groups', 'Write allow: { groups: [admins] }.')
  return readConditions(allow)
}

function readReason (reason: unknown): string {
  if (typeof reason !== 'string' || reason.trim() === '') throw new Problem('has a reason that is not a text', 'Write reason: only for people on call, or leave it out.')
  if (/[\u0000-\u001f\u007f]/.test(reason.trim()) || reason.length > LONGEST_REASON) throw new Problem(`has a reason with a line break, or of more than ${LONGEST_REASON} characters`, 'Write one sentence.')
  return reason.trim()
}

function reachable (rule: RuleConfig, earlier: readonly RuleConfig[]): void {
  const before = earlier.findIndex(other => coversRule(other, rule))
  const other = earlier[before]
  if (other !== undefined) throw new Problem(`is for ${ruleName(rule)} and never asked, because rule ${before + 1} for ${ruleName(other)} covers it`, 'Put the narrower one first: the longer path, fewer hosts, fewer methods.')
}

function numbered<T> (index: number, read: () => T): T {
  try { return read() } catch (error) {
    if (error instanceof Problem) throw new Problem(`: rule ${index + 1} ${error.message}`, error.fix)
    throw error
  }
}
