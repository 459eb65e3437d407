import { doubtsEmail, type Claims } from '../claims.ts'
import type { Expression } from './jmespath.ts'
import { byPath, claim, search, usable, type Found, type Step } from './search.ts'
import type { Source, SourceDocument } from './sources.ts'
import type { Trace } from './trace.ts'

const USUAL_NAME = 'email:primary'

export interface EmailSearch {
  readonly path: Expression | undefined
  /** The entry of `attributes` with the address; `email:primary` unless said. */
  readonly name: string | undefined
  readonly sources: readonly Source[]
  /** The document that says the address is not verified, as `findDoubt` has it. */
  readonly doubt: SourceDocument | undefined
  /** The provider's list of somebody's addresses, a page an entry, if it was asked for. */
  readonly listed: readonly Claims[] | undefined
  /** The address of this document alone that the provider's file vouches for. */
  readonly vouched: (claims: Claims) => string | undefined
  readonly allowUnverified: boolean
  readonly trace: Trace
}

/**
 * Field, path, attributes, upn, then the list of addresses. Where a source says that the address is not verified, none counts; and an
 * address that the provider's file withholds (an Entra tenant that is not ours, say) does not count for being found by another way.
 */
export function findEmail ({ path, name = USUAL_NAME, sources, doubt, listed, vouched, allowUnverified, trace }: EmailSearch): string | undefined {
  if (doubt !== undefined && !allowUnverified) {
    trace.note({ field: 'email', source: doubt.name, how: 'the claim that says so', why: 'the provider has not verified it (allow-unverified-email would believe it)' })
    return undefined
  }
  const withheld = new Set(allowUnverified ? [] : sources.flatMap(({ claims }) => {
    const { value } = usable(claims.raw('email'))
    return value === undefined || vouched(claims) === value ? [] : [value.toLowerCase()]
  }))
  const believed = (found: Found<string>): Found<string> => found.value !== undefined && withheld.has(found.value.toLowerCase()) ? { why: 'the provider does not vouch for this address' } : found
  const steps = stepsOf(path, name).map(({ how, read }): Step<string> => ({ how, read: source => believed(read(source)) }))
  const found = search('email', steps, sources, trace)
  if (found !== undefined || listed === undefined) return found
  const { value, why } = believed(fromList(listed, allowUnverified))
  trace.note({ field: 'email', source: 'emails', how: 'the primary address', value, why })
  return value
}

/** @param anyCase by that name in any spelling, none of which takes away what another says */
export function findDoubt (documents: readonly SourceDocument[], anyCase: boolean): SourceDocument | undefined {
  return documents.find(({ claims }) => doubtsEmail(claims, anyCase))
}

function stepsOf (path: Expression | undefined, name: string): Step<string>[] {
  return [
    claim('email'),
    ...path === undefined ? [] : [byPath('email-attribute-path', path)],
    { how: `the attribute ${name}`, read: ({ claims }) => attributeOf(claims, name) },
    { how: 'the claim upn', read: ({ claims }) => addressIn(claims.raw('upn')) }
  ]
}

/** An empty text there ends the search in this source, as in Grafana. */
function attributeOf (claims: Claims, name: string): Found<string> {
  const list = claims.at('attributes').raw(name)
  if (list === undefined) return {}
  if (!Array.isArray(list)) return { why: 'no list' }
  const [first] = list as readonly unknown[]
  return first === '' ? { why: 'empty, which ends the search in this source', ends: true } : usable(first)
}

/** Exactly one address (RFC 5322 §3.4), of which a display name is left out: `Ada <a@b>` is `a@b`. */
function addressIn (upn: unknown): Found<string> {
  const { value, why } = usable(upn)
  if (value === undefined) return { why }
  const atom = '[\\w!#$%&\'*+/=?^`{|}~-]+'
  const [, angled, bare] = value.length > 320 ? [] : new RegExp(`^\\s*(?:(?:"(?:[^"\\\\]|\\\\.)*"\\s*|[^<>@,;:\\\\"]*)<(${atom}(?:\\.${atom})*@${atom}(?:\\.${atom})*)>|(${atom}(?:\\.${atom})*@${atom}(?:\\.${atom})*))\\s*$`).exec(value) ?? []
  const address = angled ?? bare
  return address === undefined ? { why: 'not exactly one address' } : { value: address }
}

/** The first record that is marked as the primary one. Records without a word on it count as the provider's word that it is verified. */
function fromList (pages: readonly Claims[], allowUnverified: boolean): Found<string> {
  const primary = pages.flatMap(page => [...page.list(), ...page.list('values')]).find(record => record.is('primary') || record.is('is_primary'))
  const isDoubted = primary !== undefined && (doubtsEmail(primary) || ['verified', 'confirmed', 'is_confirmed'].some(flag => primary.has(flag) && !primary.is(flag)))
  if (primary === undefined) return { why: 'no record is marked as primary' }
  return isDoubted && !allowUnverified ? { why: 'the primary one is not verified (allow-unverified-email would believe it)' } : usable(primary.raw('email'))
}
