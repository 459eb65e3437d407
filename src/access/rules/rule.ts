import type { Refusal } from '../../errors.ts'
import type { Identity } from '../../identity/identity.ts'
import type { Conditions } from './conditions.ts'
import type { Scope } from './scope.ts'
import type { SkipRoute } from './skip-route.ts'

/**
 * `public` is everybody, and the app is told of nobody; `optional` everybody, and the app is told who is signed in.
 * Of an object all members must hold.
 */
export type Allow = 'public' | 'optional' | 'signed-in' | Conditions

export interface RuleConfig {
  /** A path and everything below it; every path unless said. */
  readonly path?: string
  /** Hosts, lower case and without port; `*.example.com` is what is below it. */
  readonly host?: readonly string[]
  /** GET is HEAD as well, and an upgrade is a GET. */
  readonly methods?: readonly string[]
  readonly allow: Allow
  /** The operator's own words for whom the rule refuses. */
  readonly reason?: string
}

/** What opens besides the rules. */
export interface Openings {
  /** Whether everything that no rule speaks of is open to everybody. */
  readonly optional?: boolean
  readonly guests?: readonly string[]
  readonly skips?: readonly SkipRoute[]
}

export interface Rule {
  /** As the log and the start-up block name it. */
  readonly name: string
  /** Whether it admits people who are not signed in. */
  readonly open: boolean
  /** Whether the app is told of nobody. */
  readonly anonymous: boolean
  refuse (identity: Identity): Refusal | null
}

/** A rule, and which requests it is for. */
export interface ListedRule extends Scope {
  readonly rule: Rule
  /** Made once, so that a match allocates nothing. */
  readonly alone: readonly Rule[]
  readonly sentence: string
  /** Whether it is for all below a path, if it is for the path. */
  readonly isWhole: boolean
}
