import { createCandidates, type Candidates } from './candidates.ts'
import { last, optionalRule, guestRule, configuredRule, skipRule } from './listed-rules.ts'
import { hostName } from './hosts.ts'
import { fold } from './prefix.ts'
import type { ListedRule, Openings, Rule, RuleConfig } from './rule.ts'
import { hasWay, missOf, type Miss, type Way } from './scope.ts'

export type { Allow, Rule, RuleConfig } from './rule.ts'

/** One rule, as it was asked. */
export interface Step {
  readonly rule: Rule
  /** Why it does not decide; null where it does. */
  readonly miss: Miss | null
  /** It has to admit all the same: another letter case or another format of the path is its own. */
  readonly near: boolean
}

export interface Rules {
  /** The one rule for every request, if nothing of it can make a difference: then nothing needs to be read. */
  readonly uniform: Rule | null
  /** The hosts that rules name. */
  readonly hosts: readonly string[]
  /**
   * The rule for a reading, and the rules before it that it might fall under as well: by another letter case, or as
   * another format of the same thing (`/admin.json`). All must admit.
   */
  match (reading: string, way: Way): readonly Rule[]
  /**
   * All that have a say where what a reading names is copied or moved with everything below: by whichever method it could be
   * read or written instead. Single pages that are open do not count.
   */
  whole (reading: string, way: Way): readonly Rule[]
  /** Those of them that are for something below it. */
  below (reading: string, way: Way): readonly Rule[]
  /** The rules in the order in which they are asked, to the one that decides. */
  trace (reading: string, way: Way): readonly Step[]
  /** What is open to whom, a sentence an entry, for the start-up block. */
  describeOpen (): readonly string[]
}

const none: readonly Rule[] = []

/**
 * What is opened by routes, guest endpoints, and then ordered rules: the first that covers a request decides, and what none covers
 * is refused to everyone. Without any rule the rest is for whoever is signed in.
 *
 * @throws {TypeError} a path is none or has several readings, or a list is empty
 */
export function compileRules (configs: readonly RuleConfig[], { optional = false, guests = [], skips = [] }: Openings = {}): Rules {
  const rest = optional ? [optionalRule] : configs.length === 0 ? [configuredRule({ path: '/', allow: 'signed-in' })] : []
  const entries = [...skips.map(skipRule), ...guests.map(guestRule), ...configs.map(configuredRule), ...rest]
  const wholes = entries.filter(({ isWhole }) => isWhole)
  const [all, allWhole] = [createCandidates(entries), createCandidates(wholes)]
  const methods = [...new Set(configs.flatMap(config => config.methods ?? []))]
  const first = entries[0]
  const hosts = [...new Set(configs.flatMap(({ host }) => host ?? []))]
  const named = hosts.length === 0 ? (way: Way) => way : (way: Way) => ({ ...way, host: hostName(way.host) }) // once, for all the rules that name one
  const below = (reading: string, way: Way) => wholes.filter(entry => hasWay({ ...entry, methods: undefined }, way) === null && entry.paths.isBelowFolded(fold(reading))).map(({ rule }) => rule)
  return {
    uniform: first !== undefined && isForEverything(first) ? first.rule : null,
    hosts,
    match: (reading, way) => match(all, reading, named(way)),
    whole (reading, asked) {
      const way = named(asked)
      return [...[way.method, ...methods].flatMap(method => match(allWhole, reading, { ...way, method })), ...below(reading, way)]
    },
    below: (reading, way) => below(reading, named(way)),
    trace (reading, asked) {
      const way = named(asked)
      const { exact, near } = ruling(all, reading, way)
      const before = exact === last ? [...entries, last] : entries.slice(0, entries.indexOf(exact) + 1)
      return before.map(entry => ({ rule: entry.rule, miss: missOf(entry, reading, way), near: near.includes(entry.rule) }))
    },
    describeOpen: () => [...entries.map(({ sentence }) => sentence), ...entries.some(isForEverything) ? [] : ['Nothing else is open to anyone.']]
  }
}

function match (candidates: Candidates, reading: string, way: Way): readonly Rule[] {
  const { exact, near } = ruling(candidates, reading, way)
  return near.length === 0 ? exact.alone : [exact.rule, ...near]
}

/** The entry that decides, and the rules before it that the reading might fall under as well. Method and host are asked first: a path may be an expression. */
function ruling (candidates: Candidates, reading: string, way: Way): { readonly exact: ListedRule, readonly near: readonly Rule[] } {
  const folded = fold(reading)
  let near: Rule[] | undefined
  let loose = false
  for (const entry of candidates(reading, folded)) {
    if (hasWay(entry, way) !== null) continue
    if (entry.paths.covers(reading)) return { exact: entry, near: near ?? none }
    const isLoose: boolean = !loose && entry.paths.coversFolded(folded)
    loose ||= isLoose
    if (isLoose || entry.paths.continuesFolded(folded)) (near ??= []).push(entry.rule)
  }
  return { exact: last, near: near ?? none }
}

function isForEverything ({ paths, hosts, methods, isWhole }: ListedRule): boolean {
  return paths.path === '/' && isWhole && hosts === undefined && methods === undefined
}
