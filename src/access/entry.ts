import type { Refusal } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import { parseDomain, parseEmail } from './email.ts'
import { oneOf } from './conditions.ts'

export interface EntryOptions extends EntryLists {
  /** Of each provider by its own name: whose accounts it may bring, and lists that hold for those who come by it, beside the others. */
  readonly providers?: readonly { readonly id: string, readonly allowedTenants?: readonly string[] | undefined, readonly entry?: EntryLists }[]
}

/** Absent means no condition; a list that names nobody lets nobody in. */
export interface EntryLists {
  readonly allowedDomains?: readonly string[] | undefined
  readonly allowedEmails?: readonly string[] | undefined
  readonly allowedGroups?: readonly string[] | undefined
}

export interface Entry {
  /** Why this person may not enter, or null: an address by domain or by list, and the groups as well. */
  refuse (identity: Identity): Refusal | null
  /** One sentence for the start-up block. @param provider its label */
  describe (provider: string): string
}

type Condition = (identity: Identity) => Refusal | null

/** Who may enter at all, judged on every request. What cannot be judged refuses. */
export function createEntry (options: EntryOptions): Entry {
  const conditions = [...tenantCondition(options), ...emailCondition(options), ...groupCondition(options), ...ownConditions(options)]
  return {
    refuse: identity => {
      for (const condition of conditions) {
        const refusal = condition(identity)
        if (refusal !== null) return refusal
      }
      return null
    },
    describe: provider => [describe(options, provider), ...(options.providers ?? []).flatMap(({ id, entry }) => entry === undefined ? [] : [`By ${id}: ${describe(entry, id)}`])].join(' ')
  }
}

/** Of one of several providers, for those who come by it. */
function ownConditions ({ providers = [] }: EntryOptions): Condition[] {
  return providers.flatMap(({ id, entry = {} }) => [...emailCondition(entry), ...groupCondition(entry)].map((condition): Condition => identity => identity.provider === id ? condition(identity) : null))
}

function tenantCondition ({ providers = [] }: EntryOptions): Condition[] {
  const tenants = new Map(providers.flatMap(({ id, allowedTenants }) => allowedTenants === undefined ? [] : [[id, allowedTenants.map(tenant => tenant.toLowerCase())]]))
  if (tenants.size === 0) return []
  return [({ provider, tenant }) => {
    const allowed = tenants.get(provider)
    if (allowed === undefined || (tenant !== undefined && allowed.includes(tenant.toLowerCase()))) return null
    return { reason: 'your account belongs to an organization that may not enter', detail: `the tenant ${tenant ?? '(none)'} is not in allowed-tenants` }
  }]
}

function emailCondition ({ allowedDomains, allowedEmails }: EntryLists): Condition[] {
  if (allowedDomains === undefined && allowedEmails === undefined) return []
  const domains = (allowedDomains ?? []).flatMap(text => parseDomain(text) ?? [])
  const addresses = new Set((allowedEmails ?? []).flatMap(text => parseEmail(text)?.address ?? []))
  return [identity => {
    if (identity.email === undefined) return { reason: 'the sign-in service gave no e-mail address that we can check', detail: 'the identity has no email, and who may enter goes by email' }
    const email = parseEmail(identity.email)
    if (email === null) return { reason: 'your e-mail address is written in a way that we do not accept', detail: `${JSON.stringify(identity.email)} is no plain ASCII address` }
    if (addresses.has(email.address) || domains.some(domain => domain.covers(email.domain))) return null
    return { reason: `the address ${email.address} is not among those who may enter`, detail: `${email.address} is neither in allowed-emails nor in one of allowed-domains` }
  }]
}

function groupCondition ({ allowedGroups }: EntryLists): Condition[] {
  if (allowedGroups === undefined) return []
  const wanted = new Set(allowedGroups)
  const unnamed: Refusal = { reason: `the sign-in service named no group of yours, and this site is for ${oneOf(allowedGroups)}`, detail: `the identity has no group, and allowed-groups asks for one (${allowedGroups.join(', ')})`, lacks: 'groups' }
  const refusal: Refusal = { reason: `this site is for ${oneOf(allowedGroups)}`, detail: `the identity is in none of allowed-groups (${allowedGroups.join(', ')})` }
  return [identity => identity.groups.some(group => wanted.has(group)) ? null : identity.groups.length === 0 ? unnamed : refusal]
}

function describe ({ allowedDomains, allowedEmails, allowedGroups }: EntryLists, provider: string): string {
  const domains = (allowedDomains ?? []).flatMap(text => parseDomain(text)?.text ?? [])
  const parts = [...domains.length > 0 ? [`anyone at ${either(domains)}`] : [], ...allowedEmails === undefined ? [] : [either(allowedEmails)]]
  const who = parts.length > 0 ? parts.join(', or ') : `anyone with an account at ${provider}`
  const also = parts.length > 0 ? ', who is also in ' : ' who is in '
  return `${capital(who)}${allowedGroups === undefined ? '' : also + oneOf(allowedGroups)} may enter.`
}

/** `a`, `a or b`, `a, b or c`; a long list is counted. */
function either (texts: readonly string[]): string {
  const shown = texts.length > 5 ? [...texts.slice(0, 4), `${String(texts.length - 4)} others that are listed`] : texts
  return shown.length === 1 ? shown.join() : `${shown.slice(0, -1).join(', ')} or ${shown.slice(-1).join()}`
}

/** An address begins a sentence as it is written. */
function capital (sentence: string): string {
  return sentence.startsWith('anyone') ? 'A' + sentence.slice(1) : `Only ${sentence}`
}
