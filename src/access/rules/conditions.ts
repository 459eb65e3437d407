import type { Refusal } from '../../errors.ts'
import { identityDocument } from '../../identity/identity-document.ts'
import type { Identity } from '../../identity/identity.ts'
import type { Expression } from '../../identity/jmespath.ts'
import { parseEmail } from '../email.ts'
import { either, oneOf, theOnes } from '../wording.ts'

/** All members must hold; of each list one is enough. */
export interface Conditions {
  /** Compared byte for byte. */
  readonly groups?: readonly string[]
  /** None, Viewer, Editor or Admin. */
  readonly roles?: readonly string[]
  readonly emails?: readonly string[]
  /** By their ids. */
  readonly provider?: readonly string[]
  /** A predicate over the identity; what fails while it is evaluated does not hold. */
  readonly condition?: Expression
}

interface Check {
  holds (identity: Identity): boolean
  /** What the page needs, for the visitor. */
  readonly need: string
  /** What the rule asks for, for the log. */
  readonly asks: string
}

/**
 * @param rule as the log names it
 * @param reason the operator's own words for the visitor
 * @throws {TypeError} a list is empty, which would let nobody in, or everybody
 */
export function refuseBy (rule: string, conditions: Conditions, reason: string | undefined): (identity: Identity) => Refusal | null {
  const empty = Object.entries(conditions).find(([, list]) => Array.isArray(list) && list.length === 0)
  if (empty !== undefined || Object.keys(conditions).length === 0) throw new TypeError(`${rule} has an empty list of ${empty?.[0] ?? 'groups'}`)
  const checks = [...providerCheck(conditions), ...groupCheck(conditions), ...roleCheck(conditions), ...emailCheck(conditions), ...conditionCheck(conditions)]
  const judge = (identity: Identity): Refusal | null => {
    const unmet = checks.filter(check => !check.holds(identity))
    if (unmet.length === 0) return null
    return { reason: reason ?? `this page needs ${unmet.map(({ need }) => need).join(' and ')}`, detail: `${rule} asks for ${unmet.map(({ asks }) => asks).join(' and ')}` }
  }
  // Neither the conditions nor an identity ever change, and an expression may take as long as a thousand requests.
  const judged = new WeakMap<Identity, Refusal | null>()
  return identity => {
    const known = judged.get(identity)
    if (known !== undefined) return known
    const refusal = judge(identity)
    judged.set(identity, refusal)
    return refusal
  }
}

function providerCheck ({ provider }: Conditions): Check[] {
  if (provider === undefined) return []
  return [{ holds: identity => provider.includes(identity.provider), need: 'another way of signing in', asks: `the provider ${provider.join(' or ')}` }]
}

function groupCheck ({ groups }: Conditions): Check[] {
  if (groups === undefined) return []
  const wanted = new Set(groups)
  return [{ holds: identity => identity.groups.some(group => wanted.has(group)), need: oneOf(groups), asks: oneOf(groups) }]
}

function roleCheck ({ roles }: Conditions): Check[] {
  if (roles === undefined) return []
  const named = theOnes('role', roles)
  return [{ holds: ({ role }) => role !== undefined && roles.includes(role), need: named, asks: named }]
}

function emailCheck ({ emails }: Conditions): Check[] {
  if (emails === undefined) return []
  const listed = new Set(emails.flatMap(text => parseEmail(text)?.address ?? []))
  const holds = ({ email }: Identity) => email !== undefined && listed.has(parseEmail(email)?.address ?? '')
  return [{ holds, need: 'an address that is on its list', asks: emails.length === 1 ? 'the address of its list' : `one of the ${emails.length} addresses of its list` }]
}

function conditionCheck ({ condition }: Conditions): Check[] {
  if (condition === undefined) return []
  return [{ holds: identity => condition.asTruth(identityDocument(identity)), need: 'another kind of account', asks: `the condition ${condition.text}` }]
}

/** Whom the conditions are for, for the start-up block. */
export function whoPasses ({ groups, roles, emails, provider, condition }: Conditions): string {
  const who = groups === undefined ? 'whoever is signed in' : `${groups.length === 1 ? 'members of' : 'members of any of'} ${groups.join(', ')}`
  const more = [
    ...roles === undefined ? [] : [`with ${theOnes('role', roles)}`],
    ...emails === undefined ? [] : [`as ${either(emails)}`],
    ...provider === undefined ? [] : [`by ${either(provider)}`],
    ...condition === undefined ? [] : [`where ${condition.text} holds`]
  ]
  return [who, ...more].join(' ')
}
