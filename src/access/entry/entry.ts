import type { Refusal } from '../../errors.ts'
import type { Identity } from '../../identity/identity.ts'
import { closedCondition, emailCondition, listConditions, ofProvider, tenantCondition, type Condition } from './conditions.ts'
import { LISTS, type EntryLists } from './lists.ts'
import { createLiveList, type LiveList } from './live-list.ts'
import { sentenceOf } from './words.ts'

export interface EntryOptions extends EntryLists {
  /** Off: only whose address is listed may enter, whatever domains are allowed. */
  readonly allowSignUp?: boolean | undefined
  /** Of each provider by its own name: whose accounts it may bring, and lists that hold for those who come by it, beside the others. */
  readonly providers?: readonly { readonly id: string, readonly allowedTenants?: readonly string[] | undefined, readonly entry?: EntryLists }[]
}

/** One condition, put to one identity. */
export interface Judged {
  /** `allowed-groups`, `allowed-emails, allowed-domains of provider work`. */
  readonly setting: string
  readonly wants: string
  readonly met: boolean
  /** In which way it is met, or why it is not; for the operator. */
  readonly detail: string
}

export interface Entry {
  /** Goes up whenever somebody might be judged otherwise than before. */
  readonly generation: number
  /** What is read from files, to be replaced when one has changed. */
  readonly files: readonly LiveList[]
  /** Why this person may not enter, or null: an address by domain or by list, and a group, a role, a team and an organization as well. */
  refuse (identity: Identity): Refusal | null
  /** Every condition in the order in which `refuse` asks them. */
  explain (identity: Identity): readonly Judged[]
  /** One sentence for the start-up block. @param who may enter where no list says so: `anyone with an account at GitHub` */
  describe (who: string): string
}

/** Who may enter at all, judged on every request. What cannot be judged refuses. */
export function createEntry (options: EntryOptions): Entry {
  let generation = 0
  const files: LiveList[] = []
  const live = ({ allowedEmailsFile }: EntryLists) => {
    if (allowedEmailsFile === undefined) return undefined
    const list = createLiveList(allowedEmailsFile, () => { generation++ })
    files.push(list)
    return list
  }
  const conditions = conditionsOf(options, live)
  return {
    get generation () { return generation },
    files,
    refuse: identity => {
      for (const condition of conditions) {
        if (condition.meets(identity) === null) return condition.refusal(identity)
      }
      return null
    },
    explain: identity => conditions.map(condition => {
      const way = condition.meets(identity)
      return { setting: condition.setting, wants: condition.wants(), met: way !== null, detail: way ?? condition.refusal(identity).detail }
    }),
    describe: who => describe(options, who)
  }
}

function conditionsOf (options: EntryOptions, live: (lists: EntryLists) => LiveList | undefined): Condition[] {
  const { providers = [] } = options
  const tenants = new Map(providers.flatMap(({ id, allowedTenants }) => allowedTenants === undefined ? [] : [[id, allowedTenants.map(tenant => tenant.toLowerCase())]]))
  const common = commonLists(options)
  const byOwnLists = options.allowSignUp === false && !hasAddresses(options)
  return [
    ...tenantCondition(tenants),
    ...byOwnLists ? [closedCondition(providers.flatMap(({ id, entry = {} }) => hasAddresses(entry) ? [id] : []))] : [],
    ...emailCondition(common, live(common), { suffix: '' }), ...listConditions(common, { suffix: '' }),
    ...providers.flatMap(({ id, entry = {} }) => {
      const [own, scope] = [ownLists(options, entry), { suffix: ` of provider ${id}` }]
      return [...emailCondition(own, live(own), scope), ...listConditions(own, scope)].map(condition => ofProvider(id, condition))
    })
  ]
}

function hasAddresses ({ allowedEmails, allowedEmailsFile }: EntryLists): boolean {
  return allowedEmails !== undefined || allowedEmailsFile !== undefined
}

/** Without sign-up no domain opens anything. */
function commonLists (options: EntryOptions): EntryLists {
  return options.allowSignUp === false ? { ...options, allowedDomains: undefined } : options
}

/** A provider's own domains beside a list for everybody only narrow who may come by it, and still do. */
function ownLists ({ allowSignUp }: EntryOptions, own: EntryLists): EntryLists {
  return allowSignUp === false && hasAddresses(own) ? { ...own, allowedDomains: undefined } : own
}

function describe (options: EntryOptions, who: string): string {
  const { providers = [], allowSignUp } = options
  const common = commonLists(options)
  const isCommon = LISTS.some(list => common[list] !== undefined)
  const otherwise = allowSignUp === false ? 'those who are listed' : who
  // With lists of their own and none for all, "anyone may enter" would be true of nobody.
  const each = providers.some(({ entry }) => entry !== undefined)
  const own = providers.flatMap(({ id, entry = {} }) => {
    if (!each || (isCommon && !LISTS.some(list => entry[list] !== undefined))) return []
    const closed = allowSignUp === false && !hasAddresses(entry) && !hasAddresses(common)
    return [`By ${id}: ${closed ? 'Nobody may enter.' : sentenceOf(ownLists(options, entry), 'anyone with an account there')}`]
  })
  return [...isCommon || !each ? [sentenceOf(common, otherwise)] : [], ...own].join(' ')
}
