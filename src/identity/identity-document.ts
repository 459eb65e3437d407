import { Claims } from '../claims.ts'
import type { Identity } from './identity.ts'
import { readDocument, type Document } from './jmespath.ts'

/** What an expression over an identity may begin with. */
export const IDENTITY_MEMBERS = ['provider', 'subject', 'user', 'login', 'email', 'name', 'role', 'groups', 'teams', 'organizations', 'claims'] as const satisfies readonly (keyof Identity)[]

const documents = new WeakMap<Identity, Document | undefined>()

/**
 * An identity as expressions see it: what somebody has not is null, so that no expression fails for want of a member. Made once, when
 * it is first asked for; an identity lives as long as its session is kept.
 *
 * @returns `undefined` where the kept claims are deeper or larger than any honest ones
 */
export function identityDocument (identity: Identity): Document | undefined {
  if (documents.has(identity)) return documents.get(identity)
  const document = readDocument(new Claims(Object.fromEntries(IDENTITY_MEMBERS.map(member => [member, identity[member] ?? null]))))
  documents.set(identity, document)
  return document
}
