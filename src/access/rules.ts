import type { Refusal } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import { fold, parsePrefix, type Prefix } from './prefix.ts'

/** Of an object all members must hold: one of the groups, and one of the providers, by their ids. */
export type Allow = 'public' | 'signed-in' | { readonly groups?: readonly string[], readonly provider?: readonly string[] }

export interface RuleConfig {
  /** A path and everything below it. */
  readonly path: string
  readonly allow: Allow
}

export interface Rule {
  /** As the log and the start-up block name it. */
  readonly name: string
  /** Whether it admits people who are not signed in. */
  readonly open: boolean
  refuse (identity: Identity): Refusal | null
}

export interface Rules {
  /** The one rule for every path, if no path can make a difference: then none needs to be read. */
  readonly uniform: Rule | null
  /**
   * The rule for a reading, and the rules before it that it might fall under as well: by another letter case, or as
   * another format of the same thing (`/admin.json`). All must admit.
   */
  match (reading: string): readonly Rule[]
  /** The rules for parts of what a reading names. */
  below (reading: string): readonly Rule[]
  /** What is open to whom, a sentence an entry, for the start-up block. */
  describeOpen (): readonly string[]
}

const nobody: Rule = {
  name: 'no rule',
  open: false,
  refuse: () => ({ reason: 'this page is open to nobody', detail: 'no rule covers the path' })
}

/**
 * Ordered rules: the first that covers a path decides, and a path that none covers is refused to everyone.
 * Without any rule everything is for whoever is signed in.
 *
 * @throws {TypeError} a path is none or has several readings, or a list of groups is empty
 */
export function compileRules (configs: readonly RuleConfig[]): Rules {
  const list = configs.length > 0 ? configs : [{ path: '/', allow: 'signed-in' } as const]
  const entries = list.map(entryOf)
  return {
    uniform: entries[0]?.prefix.path === '/' ? entries[0].rule : null,
    match: reading => {
      const exact = entries.find(({ prefix }) => prefix.covers(reading)) ?? last
      const others = nearly(entries, exact, fold(reading))
      return others.length === 0 ? exact.alone : [exact.rule, ...others]
    },
    below: reading => {
      const folded = fold(reading)
      return entries.filter(({ prefix }) => prefix.isBelowFolded(folded)).map(({ rule }) => rule)
    },
    describeOpen: () => entries.some(entry => entry.prefix.path === '/')
      ? entries.map(entry => entry.sentence)
      : [...entries.map(entry => entry.sentence), 'Nothing else is open to anyone.']
  }
}

interface Entry {
  readonly prefix: Prefix
  readonly rule: Rule
  /** Made once, so that a match allocates nothing. */
  readonly alone: readonly Rule[]
  readonly sentence: string
}

const everything: Prefix = { path: '/', covers: () => true, coversFolded: () => true, continuesFolded: () => false, isBelowFolded: () => false }
const last: Entry = { prefix: everything, rule: nobody, alone: [nobody], sentence: '' }

const none: readonly Rule[] = []

function nearly (entries: readonly Entry[], exact: Entry, folded: string): readonly Rule[] {
  let found: Rule[] | undefined
  let loose = false
  for (const entry of entries) {
    if (entry === exact) break
    const isLoose: boolean = !loose && entry.prefix.coversFolded(folded)
    loose ||= isLoose
    if (isLoose || entry.prefix.continuesFolded(folded)) (found ??= []).push(entry.rule)
  }
  return found ?? none
}

function entryOf (config: RuleConfig): Entry {
  const prefix = parsePrefix(config.path)
  if (prefix === null) throw new TypeError(`the path of a rule must begin with / and have one reading: ${config.path}`)
  const lists = typeof config.allow === 'object' ? Object.entries(config.allow) : []
  if (typeof config.allow === 'object' && (lists.length === 0 || lists.some(([, list]) => list.length === 0))) throw new TypeError(`the rule for ${config.path} has an empty list of ${lists.find(([, list]) => list.length === 0)?.[0] ?? 'groups'}`)
  const rule: Rule = { name: `the rule for ${prefix.path}`, open: config.allow === 'public', refuse: refusal(config.allow, prefix.path) }
  return { prefix, rule, alone: [rule], sentence: sentenceOf(prefix.path, config.allow) }
}

function refusal (allow: Allow, path: string): Rule['refuse'] {
  if (typeof allow === 'string') return () => null
  const { groups, provider } = allow
  const wanted = new Set(groups)
  const needsGroup = { reason: `this page needs ${oneOf(groups ?? [])}`, detail: `the rule for ${path} asks for ${oneOf(groups ?? [])}` }
  const needsProvider = { reason: 'this page needs another way of signing in', detail: `the rule for ${path} asks for the provider ${provider?.join(' or ') ?? ''}` }
  return identity => {
    if (provider !== undefined && !provider.includes(identity.provider)) return needsProvider
    return groups === undefined || identity.groups.some(group => wanted.has(group)) ? null : needsGroup
  }
}

/** `the group a`, `one of the groups a, b`. */
export function oneOf (groups: readonly string[]): string {
  return groups.length === 1 ? `the group ${groups.join()}` : `one of the groups ${groups.join(', ')}`
}

function sentenceOf (path: string, allow: Allow): string {
  const what = path === '/' ? 'Everything' : `${path} and everything below`
  if (allow === 'public') return `${what} is open to everyone, signed in or not.`
  if (allow === 'signed-in') return `${what} is open to whoever is signed in.`
  const { groups, provider } = allow
  const who = groups === undefined ? 'whoever is signed in' : `${groups.length === 1 ? 'members of' : 'members of any of'} ${groups.join(', ')}`
  return `${what} is open to ${who}${provider === undefined ? '' : ` by ${provider.join(' or ')}`}.`
}
