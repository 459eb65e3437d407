import type { Refusal } from '../../errors.ts'
import type { Identity } from '../../identity/identity.ts'
import { parseDomain, parseEmail } from '../email.ts'
import { theOnes, type Noun } from '../wording.ts'
import type { EntryLists } from './lists.ts'
import type { LiveList } from './live-list.ts'
import { whoByEmail } from './words.ts'

/** One thing that is asked of everybody who wants to enter. What refuses and what explains are the same function. */
export interface Condition {
  /** The settings that ask for it, and whose they are, as the log names them. */
  readonly setting: string
  /** What it asks for, without capital and full stop. */
  wants (): string
  /** In which way the identity meets it, for the log; null where it does not, or where that cannot be judged. */
  meets (identity: Identity): string | null
  /** Why not. */
  refusal (identity: Identity): Refusal
}

/** Whose lists these are: ` of provider work`, or nothing where they hold for everybody. */
export interface Whose { readonly suffix: string }

interface Subject {
  readonly setting: string
  readonly noun: Noun
  readonly held: (identity: Identity) => readonly string[]
  /** What the visitor is told who has none at all. */
  readonly unnamed: string
  /** What the operator may do about that. */
  readonly hint: string
  readonly lacks?: 'groups'
}

const subjects: readonly (Subject & { readonly list: keyof EntryLists & ('allowedGroups' | 'allowedRoles' | 'teamIds' | 'allowedOrganizations') })[] = [
  { list: 'allowedGroups', setting: 'allowed-groups', noun: 'group', held: ({ groups }) => groups, unnamed: 'the sign-in service named no group of yours', hint: '', lacks: 'groups' },
  { list: 'allowedRoles', setting: 'allowed-roles', noun: 'role', held: ({ role }) => role === undefined ? [] : [role], unnamed: 'the sign-in service gave you no role', hint: '; --role-attribute-path says where it stands in the claims' },
  { list: 'teamIds', setting: 'team-ids', noun: 'team', held: ({ teams }) => teams, unnamed: 'the sign-in service named no team of yours', hint: '; where the provider’s file finds no teams, --teams-url and --team-ids-attribute-path do, and some providers want a scope for it in --oauth-scope' },
  { list: 'allowedOrganizations', setting: 'allowed-organizations', noun: 'organization', held: ({ organizations }) => organizations, unnamed: 'the sign-in service named no organization of yours', hint: '; some providers want a scope for it in --oauth-scope, or an organization’s owner to approve this app' }
]

/** On groups, roles, teams and organizations: of each list that there is, one must be theirs. */
export function listConditions (lists: EntryLists, { suffix }: Whose): Condition[] {
  return subjects.flatMap(subject => {
    const list = lists[subject.list]
    return list === undefined ? [] : [listCondition(list, { ...subject, setting: subject.setting + suffix })]
  })
}

function listCondition (list: readonly string[], { setting, noun, held, unnamed, hint, lacks }: Subject): Condition {
  const wanted = new Map(list.map(name => [name, `the identity has the ${noun} ${name}`]))
  const asked = theOnes(noun, list)
  const none: Refusal = {
    reason: `${unnamed}, and this site is for ${asked}`, detail: `the identity has no ${noun}, and ${setting} asks for one (${list.join(', ')})${hint}`,
    ...lacks !== undefined && { lacks }
  }
  return {
    setting,
    wants: () => asked,
    meets (identity) {
      for (const name of held(identity)) {
        const way = wanted.get(name)
        if (way !== undefined) return way
      }
      return null
    },
    refusal (identity) {
      const own = held(identity)
      if (own.length === 0) return none
      return { reason: `this site is for ${asked}`, detail: `the identity is in none of ${setting} (${list.join(', ')}), but has the ${noun} ${shortened(own)}` }
    }
  }
}

/** The domain is allowed, or the address is listed. @param file the live list of `allowedEmailsFile` */
export function emailCondition (lists: EntryLists, file: LiveList | undefined, { suffix }: Whose): Condition[] {
  const { allowedDomains, allowedEmails } = lists
  if (allowedDomains === undefined && allowedEmails === undefined && file === undefined) return []
  const domains = (allowedDomains ?? []).flatMap(text => parseDomain(text) ?? [])
  const addresses = new Set((allowedEmails ?? []).flatMap(text => parseEmail(text)?.address ?? []))
  const names = [...allowedEmails === undefined ? [] : ['allowed-emails'], ...file === undefined ? [] : ['allowed-emails-file'], ...allowedDomains === undefined ? [] : ['allowed-domains']]
  const setting = names.join(', ') + suffix
  return [{
    setting,
    wants: () => whoByEmail(lists, file?.addresses.size).join(', or ') || 'an address that is listed, and none is',
    meets ({ email: text }) {
      const email = text === undefined ? null : parseEmail(text)
      if (email === null) return null
      if (addresses.has(email.address)) return `${email.address} is in allowed-emails${suffix}`
      if (file?.addresses.has(email.address) === true) return `${email.address} is in ${file.path}`
      const domain = domains.find(domain => domain.covers(email.domain))
      return domain === undefined ? null : `${email.address} is at ${domain.text}`
    },
    refusal: ({ email }) => emailRefusal(email, `is in none of ${setting}`)
  }]
}

function emailRefusal (text: string | undefined, missed: string): Refusal {
  if (text === undefined) return { reason: 'the sign-in service gave no e-mail address that we can check', detail: 'the identity has no email, and who may enter goes by email' }
  const email = parseEmail(text)
  if (email === null) return { reason: 'your e-mail address is written in a way that we do not accept', detail: `${JSON.stringify(text)} is no plain ASCII address` }
  return { reason: `the address ${email.address} is not among those who may enter`, detail: `${email.address} ${missed}` }
}

/** Without sign-up only who is listed may enter; where the lists are the providers' own, by one that has one. @param ids of those that have one */
export function closedCondition (ids: readonly string[]): Condition {
  return {
    setting: 'allow-sign-up',
    wants: () => 'an address that is listed',
    meets: ({ provider }) => ids.includes(provider) ? `the provider ${provider} has a list of its own` : null,
    refusal: ({ email, provider }) => emailRefusal(email, `is in no list: allow-sign-up is off, and the provider ${provider} has none`)
  }
}

export function tenantCondition (allowed: ReadonlyMap<string, readonly string[]>): Condition[] {
  if (allowed.size === 0) return []
  return [{
    setting: 'allowed-tenants',
    wants: () => [...allowed].map(([id, tenants]) => `of ${id} the tenant ${tenants.join(' or ')}`).join('; '),
    meets ({ provider, tenant = '' }) {
      const tenants = allowed.get(provider)
      if (tenants === undefined) return `${provider} has no tenants to choose from`
      return tenants.includes(tenant.toLowerCase()) ? `the tenant is ${tenant}` : null
    },
    refusal: ({ tenant }) => ({ reason: 'your account belongs to an organization that may not enter', detail: `the tenant ${tenant ?? '(none)'} is not in allowed-tenants` })
  }]
}

/** One of several providers asks this of those who come by it. */
export function ofProvider (id: string, condition: Condition): Condition {
  const other = `only for those who come by ${id}`
  return { ...condition, meets: identity => identity.provider === id ? condition.meets(identity) : other }
}

function shortened (names: readonly string[]): string {
  return names.length > 12 ? `${names.slice(0, 10).join(', ')} and ${names.length - 10} others` : names.join(', ')
}
