import { Claims } from '../claims.ts'
import type { Identity } from './identity.ts'
import { readDocument, type Document } from './jmespath.ts'

/** What an expression over an identity may begin with. */
export const IDENTITY_MEMBERS = ['provider', 'subject', 'user', 'login', 'email', 'name', 'role', 'groups', 'teams', 'organizations', 'claims'] as const satisfies readonly (keyof Identity)[]

/** An identity as expressions see it: what somebody has not is null, so that no expression fails for want of a member. */
export function identityDocument (identity: Identity): Document | undefined {
  return readDocument(new Claims(Object.fromEntries(IDENTITY_MEMBERS.map(member => [member, identity[member] ?? null]))))
}
