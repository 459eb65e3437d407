import type { Refusal } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import { destinationTarget } from './destination.ts'
import { parsePrefix, type Prefix } from './rules/prefix.ts'
import { isPlain, readings } from './readings.ts'
import type { Rule, Rules } from './rules/rules.ts'
import type { Way } from './rules/scope.ts'
import { tried, triedAlone, type TriedRule } from './rules/tried.ts'

/** What is known of a request's target before it is known who asks. Made once a request. */
export interface Place {
  /** The bytes that were judged, which are the bytes to forward. */
  readonly target: string
  /** The target before its first `?`, not decoded. */
  readonly path: string
  /** Where all readings lead: an index of the upstreams, or -1. Nothing may be forwarded anywhere else. */
  readonly upstream: number
  /** Empty where no reading can make a difference, null where the path cannot be judged. The rules for all of them must admit. */
  readonly readings: readonly string[] | null
  /** Why `upstream` is -1: the readings lead to different places, rather than all to none. */
  readonly crosses: boolean
}

export type Decision =
  /** `optional`: a stranger may pass, and of somebody who is signed in the app would be told. */
  | { readonly verdict: 'admitted', readonly anonymous: boolean, readonly optional?: true }
  | { readonly verdict: 'sign-in' }
  | { readonly verdict: 'denied', readonly reason: string, readonly detail: string }
  | { readonly verdict: 'ambiguous', readonly detail: string }
  | { readonly verdict: 'nowhere', readonly detail: string }

export interface Explained {
  readonly decision: Decision
  /** In the order in which they are asked; those behind the one that decides are not. */
  readonly rules: readonly TriedRule[]
}

export interface Judge {
  /** @param rawTarget the target of the request line, origin form, as it came */
  place (rawTarget: string): Place
  /**
   * Somebody without a session is admitted where every reading is open to everyone and is otherwise told to sign in: whether
   * the path is ambiguous, exists, or is forbidden to everyone is not told to strangers.
   */
  decide (place: Place, way: Way, identity: Identity | null): Decision
  /**
   * Judges what a request with a `Destination` names besides its own target: that other place, which must be of the same
   * upstream, and all that lies below the two, since a folder is copied and moved whole (RFC 4918 §9.8.3).
   *
   * @param value the header as Node gives it
   * @param origin the public origin of the request, lower case
   * @param place where the request itself leads, as `decide` has admitted it
   */
  decideDestination (value: string | readonly string[], origin: string, place: Place, way: Way, identity: Identity | null): Decision
  /** Judges all that lies below, where `reachesBelow` says that a request is for that too; `decide` has admitted the request itself. */
  decideBelow (place: Place, way: Way, identity: Identity | null): Decision
  /** What `decide` decides, and by which rules. */
  explain (place: Place, way: Way, identity: Identity | null): Explained
}

export interface JudgeOptions {
  /** An upstream whose URL has a path of its own, its `basePath`, is one that no spelling may climb out of. */
  readonly upstreams: readonly { readonly path: string, readonly basePath?: string }[]
  readonly rules: Rules
  /** What a proxy in front takes off each path, but off no `Destination`; `/` for nothing. */
  readonly rootPath?: string
  /**
   * For an app that shares our process: its router, not one of ours, says what a path means, so where a rule could make a
   * difference a path with several readings is refused, even where each of them would be admitted.
   */
  readonly strict?: boolean
}

const signIn: Decision = { verdict: 'sign-in' }
const admitted: Decision = { verdict: 'admitted', anonymous: false }
const admittedAnonymous: Decision = { verdict: 'admitted', anonymous: true }
const admittedStranger: Decision = { verdict: 'admitted', anonymous: true, optional: true }
const none: readonly string[] = []

/** @throws {TypeError} an upstream's path is none, or two upstreams have the same */
export function createJudge ({ upstreams, rules, rootPath = '/', strict = false }: JudgeOptions): Judge {
  const only = upstreams.length === 1 ? upstreams[0] : undefined
  const free = only !== undefined && only.path === '/' && (only.basePath ?? '') === '' && rules.uniform !== null
  const alone = free && rules.uniform !== null ? [rules.uniform] : []
  const route = router(upstreams.map(upstream => upstream.path))
  const placeOf = (target: string): Place => {
    const path = pathOf(target)
    return free && path.startsWith('/') ? { target, path, upstream: 0, readings: none, crosses: false } : read(target, path, route)
  }
  const decide = (place: Place, way: Way, identity: Identity | null): Decision => {
    const asked = place.readings?.length === 0 ? alone : rulesFor(place, way, rules)
    const admission = identity === null ? admitsStranger(asked) : admits(asked, place, identity)
    return admission.verdict === 'admitted' ? misled(place, strict) ?? admission : admission
  }
  return {
    place: placeOf,
    decide,
    decideDestination: (value, origin, place, way, identity) => {
      if (free) return decide(place, way, identity)
      const target = destinationTarget(value, origin)
      const based = (upstreams[place.upstream]?.basePath ?? '') !== '' || rootPath !== '/' // the header is not ours to rewrite, and leads out of it
      const other = target === null || based ? { ...place, readings: null } : placeOf(target)
      const crosses = other.crosses || (other.upstream >= 0 && other.upstream !== place.upstream)
      const decision = decide({ ...other, path: `the Destination of ${place.path}`, crosses }, way, identity)
      if (decision.verdict !== 'admitted') return decision
      const within = [...place.readings ?? [], ...other.readings ?? []].flatMap(reading => rules.whole(reading, way))
      return refused(within, identity) ?? decision
    },
    decideBelow: (place, way, identity) => refused((place.readings ?? []).flatMap(reading => rules.below(reading, way)), identity) ?? admitted,
    explain: (place, way, identity) => ({
      decision: decide(place, way, identity),
      rules: place.readings?.length === 0 ? alone.map(rule => triedAlone(rule, identity)) : tried(place.readings ?? [], reading => rules.trace(reading, way), identity)
    })
  }
}

/** Whoever has signed in and may not enter any more is told that, where a stranger would be asked to sign in. */
export function forRefused (decision: Decision, refusal: Refusal | null): Decision {
  return decision.verdict === 'sign-in' && refusal !== null ? { verdict: 'denied', reason: refusal.reason, detail: refusal.detail } : decision
}

function refused (rules: readonly Rule[], identity: Identity | null): Decision | null {
  if (identity === null) return rules.every(rule => rule.open) ? null : signIn
  const refusal = rules.flatMap(rule => rule.refuse(identity) ?? [])[0]
  return refusal === undefined ? null : { verdict: 'denied', ...refusal }
}

function pathOf (target: string): string {
  const query = target.indexOf('?')
  return query < 0 ? target : target.slice(0, query)
}

function read (target: string, path: string, route: (reading: string) => number): Place {
  const found = readings(path)
  const first = found?.[0]
  if (found === null || first === undefined) return { target, path, upstream: -1, readings: null, crosses: true }
  const upstream = route(first)
  const crosses = found.length > 1 && found.some(reading => route(reading) !== upstream)
  return { target, path, upstream: crosses ? -1 : upstream, readings: found, crosses }
}

/** Every rule that some reading falls under. All must admit. */
function rulesFor ({ readings }: Place, way: Way, rules: Rules): readonly Rule[] {
  if (readings?.length === 1) return rules.match(readings[0] as string, way)
  return [...new Set((readings ?? []).flatMap(reading => rules.match(reading, way)))]
}

/** The longest prefix wins; letter case counts, since it is we who choose. */
function router (paths: readonly string[]): (reading: string) => number {
  const routes = paths.map((path, index) => ({ prefix: prefixOf(path), index }))
    .sort((one, other) => other.prefix.path.length - one.prefix.path.length)
  const twice = routes.find(({ prefix }, at) => routes.findIndex(other => other.prefix.path === prefix.path) !== at)
  if (twice !== undefined) throw new TypeError(`two upstreams have the path ${twice.prefix.path}`)
  return reading => routes.find(({ prefix }) => prefix.covers(reading))?.index ?? -1
}

function prefixOf (path: string): Prefix {
  const prefix = parsePrefix(path)
  if (prefix === null) throw new TypeError(`the path of an upstream must begin with / and have one reading only: ${path}`)
  return prefix
}

function admitsStranger (rules: readonly Rule[]): Decision {
  if (rules.length === 0 || !rules.every(rule => rule.open)) return signIn
  return rules.every(rule => rule.anonymous) ? admittedAnonymous : admittedStranger
}

/** The app is told of nobody only where no reading is of a page that wants to know. */
function admits (rules: readonly Rule[], place: Place, identity: Identity): Decision {
  const only = rules.length === 1 ? rules[0] : undefined
  if (only !== undefined && only.refuse(identity) === null) return only.anonymous ? admittedAnonymous : admitted // nearly every request
  const refusals = rules.flatMap(rule => rule.refuse(identity) ?? [])
  const refusal = refusals[0]
  if (refusal === undefined) return rules.length > 0 && rules.every(rule => rule.anonymous) ? admittedAnonymous : admitted
  if (refusals.length === rules.length) return { verdict: 'denied', ...refusal }
  return { verdict: 'ambiguous', detail: `${place.path} falls under ${rules.map(rule => rule.name).join(' and ')}: ${refusal.detail}` }
}

function misled (place: Place, strict: boolean): Decision | null {
  if (place.readings === null) return { verdict: 'ambiguous', detail: `${place.path} is no path here, or has more readings than can be judged` }
  if (place.crosses) return { verdict: 'ambiguous', detail: `${place.path} leads to one upstream or another, as one reads it` }
  if (place.upstream < 0) return { verdict: 'nowhere', detail: `no upstream serves ${place.path}` }
  if (strict && place.readings.length > 0 && !isPlain(place.path)) return { verdict: 'ambiguous', detail: `${place.path} can be read in more than one way, and this app has one of its own` }
  return null
}
