import { Claims } from '../claims.ts'
import type { Identity } from './identity.ts'
import { readDocument, type Document } from './jmespath.ts'

const documents = new WeakMap<Identity, Document | undefined>()

/**
 * An identity as expressions see it: each field is there, null where there is nothing to say. Made once, when it is first
 * asked for; an identity lives as long as its session is kept.
 *
 * @returns `undefined` where the kept claims are deeper or larger than any honest ones
 */
export function documentOf (identity: Identity): Document | undefined {
  if (documents.has(identity)) return documents.get(identity)
  const { provider, subject, user, login = null, email = null, name = null, role = null, groups, teams, organizations, claims } = identity
  const document = readDocument(new Claims({ provider, subject, user, login, email, name, role, groups, teams, organizations, claims }))
  documents.set(identity, document)
  return document
}
