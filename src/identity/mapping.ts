import type { Claims } from '../claims.ts'
import { AccessDenied } from '../errors.ts'
import type { ProviderIdentity } from '../provider.ts'
import { findDoubt, findEmail } from './email.ts'
import { readDocument, type Document, type Expression } from './jmespath.ts'
import { keepClaims, type ClaimToKeep } from './kept-claims.ts'
import { organizationsIn, teamsIn } from './memberships.ts'
import { roleNamed, type Role } from './role.ts'
import { byPath, claim, search, textBy, type Found, type Step } from './search.ts'
import { readSources, type MoreDocuments, type Source, type SourceDocument } from './sources.ts'
import { clean } from './text.ts'
import type { Field, Trace } from './trace.ts'

/** Where settings say that things are in the claims, as Grafana has it. What is absent is left to the provider's file. */
export interface Mapping {
  readonly emailAttributePath?: Expression | undefined
  /** The entry of `attributes` with the address. */
  readonly emailAttributeName?: string | undefined
  readonly loginAttributePath?: Expression | undefined
  readonly nameAttributePath?: Expression | undefined
  readonly groupsAttributePath?: Expression | undefined
  readonly roleAttributePath?: Expression | undefined
  /** Refuses whoever has no valid role, instead of giving the default one. */
  readonly roleAttributeStrict?: boolean
  readonly defaultRole?: Role | undefined
  readonly teamIdsAttributePath?: Expression | undefined
  /** What is kept of the claims as it is. */
  readonly claim?: readonly ClaimToKeep[]
  /** Grafana's three oddities: names in any case, sources left out whole, and a role by a list of groups that is not there. */
  readonly grafanaCompat?: boolean
}

export interface Evidence {
  /** What the provider's file makes of everything. */
  readonly said: ProviderIdentity
  /** In the order in which they are asked: id_token, userinfo, access token. */
  readonly documents: readonly SourceDocument[]
  readonly more: MoreDocuments
  /** What the provider's file makes of this document alone: an address that it does not give then is not vouched for. */
  readonly own: (document: Claims) => ProviderIdentity
  readonly allowUnverifiedEmail: boolean
  readonly trace: Trace
}

export type Mapped = ProviderIdentity & { readonly role?: Role | undefined, readonly claims: Readonly<Record<string, unknown>> }

/** Whether the address is looked for as Grafana does, and not as the provider's file says. */
export function mapsEmail ({ emailAttributePath, emailAttributeName }: Mapping): boolean {
  return emailAttributePath !== undefined || emailAttributeName !== undefined
}

/**
 * What the provider's file says, overridden field by field: each from the first source that yields a usable value, each on its own.
 *
 * @throws {AccessDenied} `roleAttributeStrict`, and no source yields a role
 * @throws {IdentityTooLarge} the claims to keep are more than keepClaims allows
 */
export function applyMapping (mapping: Mapping, evidence: Evidence): Mapped {
  const { said, trace, more } = evidence
  const sources = readSources(evidence.documents, mapping.grafanaCompat === true, trace)
  const email = emailOf(mapping, evidence, sources)
  return {
    ...said, email,
    login: mapping.loginAttributePath === undefined ? ofFile('login', said.login, evidence) : search('login', loginSteps(mapping.loginAttributePath), sources, trace) ?? fallBack('login', 'the email', email, trace),
    name: mapping.nameAttributePath === undefined ? ofFile('name', said.name, evidence) : search('name', nameSteps(mapping.nameAttributePath), sources, trace),
    groups: mapping.groupsAttributePath === undefined ? ofFile('groups', said.groups, evidence) : search('groups', [groupsStep(mapping.groupsAttributePath)], sources, trace) ?? [],
    role: roleOf(mapping, sources, trace),
    claims: keepClaims(mapping.claim ?? [], sources, trace),
    ...teamsOf(mapping, evidence),
    ...said.organizations === undefined && more.organizations !== undefined ? { organizations: organizationsIn(more.organizations, trace) } : { organizations: ofFile('organizations', said.organizations, evidence) ?? [] }
  }
}

/** Whether some source has a list where the path leads; an empty one is something. */
export function namesGroups (path: Expression, documents: readonly SourceDocument[]): boolean {
  return documents.some(({ claims }) => path.asTexts(readDocument(claims)) !== undefined)
}

function emailOf (mapping: Mapping, evidence: Evidence, sources: readonly Source[]): string | undefined {
  const { said, documents, more, own, allowUnverifiedEmail, trace } = evidence
  if (!mapsEmail(mapping)) return ofFile('email', said.email, evidence)
  const doubt = findDoubt(documents, mapping.grafanaCompat === true)
  const found = findEmail({ path: mapping.emailAttributePath, name: mapping.emailAttributeName, sources, doubt, listed: more.emails, vouched: claims => own(claims).email, allowUnverified: allowUnverifiedEmail, trace })
  if (found !== undefined) return found
  // What grafana-compat doubts, or leaves out with its source, must not come by the file instead.
  const isLeftOut = mapping.grafanaCompat === true && ((doubt !== undefined && !allowUnverifiedEmail) || (sources.length < documents.length && documents.some(({ claims }) => claims.raw('email') === said.email)))
  return ofFile('email', isLeftOut ? undefined : clean(said.email), evidence)
}

type FileField = 'email' | 'login' | 'name' | 'groups' | 'teams' | 'organizations'

/** The first source that says the same by itself is where it comes from; some fields are made of several. */
function ofFile<T extends string | readonly string[]> (field: FileField, value: T | undefined, { documents, own, trace }: Evidence): T | undefined {
  const text = value === undefined || value.length === 0 ? undefined : JSON.stringify(value)
  const source = text === undefined ? undefined : documents.find(({ claims }) => JSON.stringify(own(claims)[field]) === text)
  trace.note({ field, source: 'the provider’s file', how: source === undefined ? '' : `from the ${source.name}`, ...text !== undefined && { value } })
  return value
}

function fallBack (field: Field, how: string, value: string | undefined, trace: Trace): string | undefined {
  trace.note({ field, source: 'a default', how, value })
  return value
}

function loginSteps (path: Expression): Step<string>[] {
  return [claim('login'), byPath('login-attribute-path', path), claim('username')]
}

function nameSteps (path: Expression): Step<string>[] {
  return [byPath('name-attribute-path', path), claim('name'), claim('display_name')]
}

/** Texts in their order; an empty list has the next source asked. */
function groupsStep (path: Expression): Step<readonly string[]> {
  return { how: `groups-attribute-path (${path.text})`, read: ({ document }) => {
    const list = path.asTexts(document)
    const names = list?.filter(item => clean(item) !== undefined) ?? []
    return names.length > 0 ? { value: names } : { why: list === undefined ? 'no list' : 'no group in the list' }
  } }
}

function teamsOf ({ teamIdsAttributePath }: Mapping, evidence: Evidence): { teams: readonly string[] } {
  const { said, more: { teams }, trace } = evidence
  return { teams: teams !== undefined ? teamsIn(teams, teamIdsAttributePath, trace) : ofFile('teams', said.teams, evidence) ?? [] }
}

const NO_GROUPS: Document = { root: { groups: [] } }

function roleOf ({ roleAttributePath: path, roleAttributeStrict, defaultRole, grafanaCompat }: Mapping, sources: readonly Source[], trace: Trace): Role | undefined {
  if (path === undefined) return undefined
  const how = `role-attribute-path (${path.text})`
  const direct: Step<Role> = { how, read: ({ document }) => asRole(textBy(path, document)) }
  const odd: Step<Role> = { how: `${how} on {"groups": []}, by grafana-compat`, read: ({ document }) => path.asText(document) === undefined ? asRole(textBy(path, NO_GROUPS)) : {} }
  const found = search('role', grafanaCompat === true ? [direct, odd] : [direct], sources, trace)
  if (found !== undefined) return found
  if (roleAttributeStrict === true) {
    trace.note({ field: 'role', source: 'a default', how: '', why: 'role-attribute-strict allows none' })
    throw new AccessDenied(`role-attribute-path (${path.text}) gave no valid role in any source, and role-attribute-strict is set`, { reason: 'this site is for people with a role, and the sign-in service gave you none' })
  }
  const role = defaultRole ?? 'Viewer'
  trace.note({ field: 'role', source: 'a default', how: defaultRole === undefined ? '' : 'default-role', value: role })
  return role
}

function asRole ({ value: text, why }: Found<string>): Found<Role> {
  if (text === undefined) return { why }
  const role = roleNamed(text)
  return role === undefined ? { why: `${JSON.stringify(text.slice(0, 60))} is no role` } : { value: role }
}
