import type { Conditions } from '../../access/rules/conditions.ts'
import { parseEmail } from '../../access/email.ts'
import { Expression } from '../../identity/jmespath.ts'
import { roleNamed } from '../../identity/role.ts'
import { Problem } from '../config-error.ts'
import { expression } from './expression.ts'
import { checkMember } from './named-expressions.ts'
import { listOf, members, oneOrMore } from './rule-members.ts'

/** As files and code write them. */
export interface ConditionsInput {
  readonly groups?: readonly string[]
  readonly roles?: string | readonly string[]
  readonly emails?: string | readonly string[]
  readonly provider?: string | readonly string[]
  readonly condition?: string | Expression
}

const readers: { readonly [Name in keyof Conditions]-?: (raw: unknown) => NonNullable<Conditions[Name]> } = {
  groups: raw => listOf(raw, 'groups', 'Write groups: [admins], with one at least, or allow: signed-in.'),
  roles: raw => Object.freeze([...new Set(oneOrMore(raw, 'roles', 'Write roles: [Editor, Admin], with one at least, or allow: signed-in.').map(readRole))]),
  emails: raw => Object.freeze([...new Set(oneOrMore(raw, 'emails', 'Write emails: [ann@example.com], with one at least, or allow: signed-in.').map(readEmail))]),
  provider: raw => oneOrMore(raw, 'providers', 'Write provider: work, the id of one, or allow: signed-in.'),
  condition: readCondition
}

/** @throws {Problem} */
export function readConditions (raw: unknown): Conditions {
  const known = Object.keys(readers)
  const given = Object.entries(members(raw, known)).filter(([, value]) => value !== undefined)
  if (given.length === 0) throw new Problem(`allows none of ${known.join(', ')}`, 'Write allow: { groups: [admins] }, or allow: signed-in.')
  return Object.freeze(Object.fromEntries(given.map(([name, value]) => [name, readers[name as keyof Conditions](value)])))
}

function readRole (text: string): string {
  const role = roleNamed(text)
  if (role === undefined) throw new Problem(`has the role “${text}”, which nobody knows`, 'There are None, Viewer, Editor and Admin.')
  return role
}

function readEmail (text: string): string {
  const email = parseEmail(text)
  if (email === null || text.includes('*')) throw new Problem(`has “${text}” among its emails, which is no email address`, 'Write addresses whole, in ASCII; who comes by a domain is for --allowed-domains, or for a condition such as ends_with(email, \'@example.com\').')
  return email.address
}

function readCondition (raw: unknown): Expression {
  if (raw instanceof Expression) return raw
  try {
    const condition = expression.parse(raw)
    checkMember(condition)
    return condition
  } catch (error) {
    throw error instanceof Problem ? new Problem(`has a condition that ${/^:/.test(error.message) ? `is not right${error.message}` : error.message}`, error.fix) : error
  }
}
