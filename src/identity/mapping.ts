import type { Claims } from '../claims.ts'
import { AccessDenied } from '../errors.ts'
import type { ProviderIdentity } from '../provider.ts'
import { readDocument, type Document, type Expression } from './jmespath.ts'
import { clean } from './text.ts'

/** Where settings say that things are in the claims, as Grafana has it. What is absent is left to the provider's file. */
export interface Mapping {
  readonly emailPath?: Expression | undefined
  /** The entry of `attributes` with the address. */
  readonly emailName?: string | undefined
  readonly loginPath?: Expression | undefined
  readonly namePath?: Expression | undefined
  readonly groupsPath?: Expression | undefined
  readonly rolePath?: Expression | undefined
  /** Refuses whoever has no valid role, instead of giving the default one. */
  readonly roleStrict: boolean
  readonly defaultRole?: Role | undefined
}

export type Role = 'None' | 'Viewer' | 'Editor' | 'Admin'

/** The settings that a mapping is made of, by their names there. */
export interface MappingSettings {
  readonly emailAttributePath: Expression | undefined
  readonly emailAttributeName: string | undefined
  readonly loginAttributePath: Expression | undefined
  readonly nameAttributePath: Expression | undefined
  readonly groupsAttributePath: Expression | undefined
  readonly roleAttributePath: Expression | undefined
  readonly roleAttributeStrict: boolean
  readonly defaultRole: Role | undefined
}

export interface Evidence {
  /** What the provider's file makes of everything. */
  readonly said: ProviderIdentity
  /** In the order in which they are asked: id_token, userinfo, access token. */
  readonly documents: readonly Claims[]
  /** The address of this document alone that the provider's file vouches for. */
  readonly vouched: (document: Claims) => string | undefined
  readonly allowUnverifiedEmail: boolean
}

export type Mapped = ProviderIdentity & { readonly role?: Role | undefined }

/** One source: for what has a name of its own, and for expressions. */
interface Source { readonly claims: Claims, readonly document: Document | undefined }

const ROLES: ReadonlyMap<string, Role> = new Map([['none', 'None'], ['viewer', 'Viewer'], ['editor', 'Editor'], ['admin', 'Admin'], ['grafanaadmin', 'Admin']])
const USUAL_NAME = 'email:primary'

/** @returns `undefined` where no setting speaks of the claims */
export function mappingOf (settings: MappingSettings): Mapping | undefined {
  const mapping: Mapping = {
    emailPath: settings.emailAttributePath, emailName: settings.emailAttributeName, loginPath: settings.loginAttributePath, namePath: settings.nameAttributePath,
    groupsPath: settings.groupsAttributePath, rolePath: settings.roleAttributePath, roleStrict: settings.roleAttributeStrict, defaultRole: settings.defaultRole
  }
  const paths = [mapping.emailPath, mapping.emailName, mapping.loginPath, mapping.namePath, mapping.groupsPath, mapping.rolePath]
  return paths.every(path => path === undefined) ? undefined : mapping
}

/**
 * What the provider's file says, overridden field by field: each from the first source that yields a usable value, each on its own.
 *
 * @throws {AccessDenied} `roleStrict`, and no source yields a role
 */
export function applyMapping (mapping: Mapping, evidence: Evidence): Mapped {
  const { said } = evidence
  const sources = evidence.documents.map(claims => ({ claims, document: readDocument(claims) }))
  const first = <T>(read: (source: Source) => T | undefined): T | undefined => {
    for (const source of sources) {
      const value = read(source)
      if (value !== undefined) return value
    }
    return undefined
  }
  const { emailPath, emailName, loginPath, namePath, groupsPath, rolePath } = mapping
  const email = emailPath === undefined && emailName === undefined ? said.email : findEmail(mapping, evidence, first) ?? said.email
  return {
    ...said, email,
    ...loginPath !== undefined && { login: first(({ claims, document }) => named(claims, 'login') ?? clean(loginPath.asText(document)) ?? named(claims, 'username')) ?? email },
    ...namePath !== undefined && { name: first(({ claims, document }) => clean(namePath.asText(document)) ?? named(claims, 'name') ?? named(claims, 'display_name')) },
    ...groupsPath !== undefined && { groups: first(({ document }) => filled(groupsPath.asTexts(document))) ?? [] },
    ...rolePath !== undefined && { role: first(({ document }) => ROLES.get((rolePath.asText(document) ?? '').toLowerCase())) ?? fallback(mapping) }
  }
}

/** Whether some source has a list where the path leads; an empty one is something. */
export function namesGroups (path: Expression, documents: readonly Claims[]): boolean {
  return documents.some(claims => path.asTexts(readDocument(claims)) !== undefined)
}

/**
 * Field, path, attributes, upn. Where a source says that the address is not verified, none counts; and an address that the
 * provider's file withholds (an Entra tenant that is not ours, say) does not count for being found by another way.
 */
function findEmail ({ emailPath, emailName = USUAL_NAME }: Mapping, { documents, vouched, allowUnverifiedEmail }: Evidence, first: <T>(read: (source: Source) => T | undefined) => T | undefined): string | undefined {
  const doubted = documents.some(claims => claims.has('email_verified') && !claims.is('email_verified'))
  if (doubted && !allowUnverifiedEmail) return undefined
  const withheld = new Set(allowUnverifiedEmail ? [] : documents.flatMap(claims => {
    const email = named(claims, 'email')
    return email === undefined || vouched(claims) === email ? [] : [email.toLowerCase()]
  }))
  const believed = (text: unknown) => {
    const email = clean(text)
    return email === undefined || withheld.has(email.toLowerCase()) ? undefined : email
  }
  return first(({ claims, document }) => {
    const attribute = attributeOf(claims, emailName)
    const known = believed(named(claims, 'email')) ?? believed(emailPath?.asText(document)) ?? believed(attribute)
    return known ?? (attribute === '' ? undefined : believed(addressIn(claims.raw('upn'))))
  })
}

/** An empty text there ends the search in this source, as in Grafana. */
function attributeOf (claims: Claims, name: string): string | undefined {
  const list = claims.at('attributes').raw(name)
  const [value] = Array.isArray(list) ? list as readonly unknown[] : []
  return typeof value === 'string' ? value : undefined
}

/** Exactly one address (RFC 5322 §3.4), of which a display name is left out: `Ada <a@b>` is `a@b`. */
function addressIn (upn: unknown): string | undefined {
  if (typeof upn !== 'string' || upn.length > 320) return undefined
  const atom = '[\\w!#$%&\'*+/=?^`{|}~-]+'
  const [, angled, bare] = new RegExp(`^\\s*(?:(?:[^<>@,;:\\\\"]*)<(${atom}(?:\\.${atom})*@${atom}(?:\\.${atom})*)>|(${atom}(?:\\.${atom})*@${atom}(?:\\.${atom})*))\\s*$`).exec(upn) ?? []
  return angled ?? bare
}

/** Only the text that was promised: another type is a field that is not there. */
function named (claims: Claims, name: string): string | undefined {
  const value = claims.raw(name)
  return clean(value)
}

function filled (list: readonly string[] | undefined): readonly string[] | undefined {
  const usable = list?.filter(item => clean(item) !== undefined)
  return usable === undefined || usable.length === 0 ? undefined : usable
}

function fallback ({ rolePath, roleStrict, defaultRole }: Mapping): Role {
  if (roleStrict) throw new AccessDenied(`role-attribute-path (${rolePath?.text ?? ''}) gave no valid role in any source, and role-attribute-strict is set`, { reason: 'this site is for people with a role, and the sign-in service gave you none' })
  return defaultRole ?? 'Viewer'
}
