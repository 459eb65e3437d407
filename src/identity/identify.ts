import { doubtsEmail, type Claims } from '../claims.ts'
import { AccessDenied, IdentityTooLarge, UserMissing } from '../errors.ts'
import type { IdentityContext, Provider, Sources } from '../provider.ts'
import type { Identity } from './identity.ts'
import { applyMapping, type Mapping } from './mapping.ts'
import { usable } from './search.ts'
import { documentsOf, type Said } from './sources.ts'
import { clean } from './text.ts'
import { Trace } from './trace.ts'

export interface IdentitySettings extends Partial<IdentityContext> {
  /** The claim that becomes `user`: `--oauth-jwt-user`, or whatever else overrides the provider's own. */
  readonly userKey?: string | undefined
  /** Believe an address that the provider says it has not verified. */
  readonly allowUnverifiedEmail: boolean
  /** The name under which the session, the headers and the rules know the provider. */
  readonly providerName: string
  /** Put before `user`, so that two providers cannot give one name to two people. */
  readonly userPrefix?: string | undefined
  /** What settings say of where things are in the claims: it beats the provider's file. */
  readonly mapping?: Mapping
}

/** Nothing says for good of whom it speaks. */
export class SubjectMissing extends UserMissing {}

const MOST_GROUPS = 8 * 1024 // bytes, joined by commas

/**
 * Who someone is, from what the provider said. A text with control characters or half characters counts as absent, as does an
 * empty one: no honest name has them, and what they do in a header or a log nobody wants to know.
 *
 * @param trace is told each step, also of those that end in an error
 * @param before who it was at the sign-in, of whom less may be said now: they keep the name that nothing is said of
 * @throws {SubjectMissing} nothing names the person for good; {UserMissing} the user key is empty
 * @throws {IdentityTooLarge} the groups exceed 8 KiB, or the claims to keep what keepClaims allows
 * @throws {AccessDenied} the account is not one of those the provider's parameters ask for, or has no role where one is demanded
 */
export function identify (provider: Pick<Provider, 'identity' | 'userKey' | 'namesUser'>, all: Said, settings: IdentitySettings, trace = new Trace(), before?: Pick<Identity, 'user'>): Identity {
  const { sources, more = {} } = all
  const { parameters = {}, allowedTenants = [], allowUnverifiedEmail } = settings
  const own = (claims: Claims) => provider.identity({ ...sources, claims }, { parameters, allowedTenants })
  const file = own(sources.claims)
  if (file.refused !== undefined) throw new AccessDenied(`the provider’s parameters exclude this account: ${file.refused}`, { reason: file.refused })
  const said = applyMapping(settings.mapping ?? {}, {
    said: { ...file, email: file.email ?? (allowUnverifiedEmail ? unverified(sources, trace) : undefined) }, documents: documentsOf(all), more, allowUnverifiedEmail, own, trace
  })
  const subject = clean(said.subject)
  trace.note({ field: 'subject', source: 'the provider’s file', how: '', value: subject })
  if (subject === undefined) throw new SubjectMissing(`the provider’s file found no id that names the person for good (the provider sent: ${sources.claims.names().slice(0, 50).join(', ').slice(0, 1000)})`)
  const email = clean(said.email)
  const user = userOf(provider, all, settings, { email, named: said.user, trace, hasName: before !== undefined })
  return {
    provider: settings.providerName, subject, user: user === undefined && before !== undefined ? before.user : `${settings.userPrefix ?? ''}${user ?? ''}`,
    ...present({ tenant: clean(said.tenant), login: clean(said.login), email, name: clean(said.name), role: said.role }),
    groups: checkSize(named(said.groups)), teams: named(said.teams), organizations: named(said.organizations),
    claims: said.claims
  }
}

function unverified ({ claims }: Sources, trace: Trace): string | undefined {
  const { value, why } = usable(claims.raw('email'))
  trace.note({ field: 'email', source: 'claims', how: 'the claim email, by allow-unverified-email', value, why })
  return value
}

/** Whether anything is said of somebody's address, were it that it is none of theirs. */
export function saysEmail (all: Said): boolean {
  return documentsOf(all).some(({ claims }) => doubtsEmail(claims) || ![undefined, null, ''].includes(claims.raw('email') as string | null | undefined))
}

interface Names { readonly email: string | undefined, readonly named: string | undefined, readonly trace: Trace, readonly hasName: boolean }

/** @returns undefined for who has a name already, where nothing is said of it */
function userOf (provider: Pick<Provider, 'userKey' | 'namesUser'>, all: Said, { userKey }: IdentitySettings, { email, named, trace, hasName }: Names): string | undefined {
  const { sources } = all
  const isGiven = userKey === undefined && provider.namesUser === true
  const key = userKey ?? provider.userKey
  const user = isGiven ? clean(named) : key === 'email' ? email : clean(sources.claims.text(key))
  trace.note({ field: 'user', source: isGiven ? 'the provider’s file' : key === 'email' ? 'the email' : 'claims', how: isGiven || key === 'email' ? '' : `the claim ${key}`, value: user })
  if (user === undefined && !(hasName && (isGiven || key !== 'email' || !saysEmail(all)))) throw new UserMissing(missing(isGiven ? 'that names the user' : key, sources))
  return user
}

function named (list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((text): text is string => clean(text) !== undefined) : []
}

function present (fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined))
}

function missing (key: string, { claims }: Sources): string {
  const doubted = key === 'email' && claims.has('email') && claims.has('email_verified') && !claims.is('email_verified')
  if (doubted) return 'the provider says that email is not verified; --allow-unverified-email would believe it, --oauth-jwt-user takes another claim'
  return `the claim ${key} has no usable value; choose another with --oauth-jwt-user (the provider sent: ${claims.names().slice(0, 50).join(', ').slice(0, 1000)})`
}

function checkSize (groups: readonly string[]): readonly string[] {
  const size = Buffer.byteLength(groups.join(','))
  if (size > MOST_GROUPS) throw new IdentityTooLarge(`${groups.length} groups have ${size} bytes, ${MOST_GROUPS} are passed on; have the provider send fewer in the groups claim`)
  return groups
}
