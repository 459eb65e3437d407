import { Claims } from '../claims.ts'
import type { Sources } from '../provider.ts'
import { readDocument, type Document } from './jmespath.ts'
import type { Trace } from './trace.ts'

/** One of the documents in which a field is looked for, by the name that the log and `explain` have for it. */
export interface SourceDocument {
  readonly name: string
  readonly claims: Claims
}

/** What a provider said of somebody, without the tokens: nobody needs those who asks who somebody is. */
export interface Said {
  readonly sources: Sources
  /** id_token, userinfo, JWT access token: those that there are, in the order in which they are asked. `sources.claims` alone where absent. */
  readonly documents?: readonly SourceDocument[]
  readonly more?: MoreDocuments
}

/** In the order in which they are asked. */
export function documentsOf ({ sources, documents = [{ name: 'claims', claims: sources.claims }] }: Said): readonly SourceDocument[] {
  return documents
}

/** What settings want read beside the provider's own documents: each a list of pages; absent where it was not asked for. */
export interface MoreDocuments {
  readonly emails?: readonly Claims[]
  readonly teams?: readonly Claims[]
  readonly organizations?: readonly Claims[]
}

/** One source: for what has a name of its own, and for expressions. */
export interface Source extends SourceDocument {
  /** `undefined` where the claims are deeper or larger than any honest ones. */
  readonly document: Document | undefined
}

const TEXTS = ['sub', 'name', 'display_name', 'login', 'username', 'email', 'upn']

/** @param compat as Grafana reads them: names in any case, and a source with a field of another type than it should have is left out whole */
export function readSources (documents: readonly SourceDocument[], compat: boolean, trace: Trace): readonly Source[] {
  return documents.flatMap(({ name, claims }) => {
    const document = readDocument(claims)
    if (document === undefined) trace.note({ field: 'source', source: name, how: 'for expressions', why: 'left out: it is deeper or larger than any honest one' })
    if (!compat) return [{ name, claims, document }]
    const known = new Claims(knownFields(claims))
    const odd = TEXTS.find(field => !isTextOrNothing(known.raw(field))) ?? (areAttributes(known.raw('attributes')) ? undefined : 'attributes')
    if (odd === undefined) return [{ name, claims: known, document }]
    trace.note({ field: 'source', source: name, how: 'grafana-compat', why: `left out: ${odd} is of another type than it should be` })
    return []
  })
}

/** The last spelling of a name counts. */
function knownFields (claims: Claims): Record<string, unknown> {
  const known: Record<string, unknown> = {}
  for (const name of claims.names()) {
    const lower = name.toLowerCase()
    if (TEXTS.includes(lower) || lower === 'attributes') known[lower] = claims.raw(name)
  }
  return known
}

function isTextOrNothing (value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string'
}

function areAttributes (value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (typeof value !== 'object' || Array.isArray(value)) return false
  return Object.values(value).every(list => list === null || (Array.isArray(list) && list.every(isTextOrNothing)))
}
