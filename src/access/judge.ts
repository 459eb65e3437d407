import type { Identity } from '../identity/identity.ts'
import { destinationTarget } from './destination.ts'
import { parsePrefix, type Prefix } from './prefix.ts'
import { readings } from './readings.ts'
import type { Rule, Rules } from './rules.ts'

/** What is known of a request's target before it is known who asks. Made once a request. */
export interface Place {
  /** The bytes that were judged, which are the bytes to forward. */
  readonly target: string
  /** The target before its first `?`, not decoded. */
  readonly path: string
  /** Where all readings lead: an index of the upstreams, or -1. Nothing may be forwarded anywhere else. */
  readonly upstream: number
  /** Empty where no reading can make a difference, null where the path cannot be judged. */
  readonly readings: readonly string[] | null
  /** Every rule that some reading falls under. All must admit. */
  readonly rules: readonly Rule[]
  /** Why `upstream` is -1: the readings lead to different places, rather than all to none. */
  readonly crosses: boolean
}

export type Decision =
  | { readonly verdict: 'admitted', readonly anonymous: boolean }
  | { readonly verdict: 'sign-in' }
  | { readonly verdict: 'denied', readonly reason: string, readonly detail: string }
  | { readonly verdict: 'ambiguous', readonly detail: string }
  | { readonly verdict: 'nowhere', readonly detail: string }

export interface Judge {
  /** @param rawTarget the target of the request line, origin form, as it came */
  place (rawTarget: string): Place
  /**
   * Somebody without a session is admitted where every reading is public and is otherwise told to sign in: whether
   * the path is ambiguous, exists, or is forbidden to everyone is not told to strangers.
   */
  decide (place: Place, identity: Identity | null): Decision
  /**
   * Judges what a request with a `Destination` names besides its own target: that other place, which must be of the same
   * upstream, and all that lies below the two, since a folder is copied and moved whole (RFC 4918 §9.8.3).
   *
   * @param value the header as Node gives it
   * @param origin the public origin of the request, lower case
   * @param place where the request itself leads, as `decide` has admitted it
   */
  decideDestination (value: string | readonly string[], origin: string, place: Place, identity: Identity | null): Decision
}

export interface JudgeOptions {
  /** An upstream whose URL has a path of its own, its `basePath`, is one that no spelling may climb out of. */
  readonly upstreams: readonly { readonly path: string, readonly basePath?: string }[]
  readonly rules: Rules
  /** What a proxy in front takes off each request's path, but off no `Destination`; `/` for nothing. */
  readonly rootPath?: string
}

const signIn: Decision = { verdict: 'sign-in' }
const admitted: Decision = { verdict: 'admitted', anonymous: false }
const admittedAnonymous: Decision = { verdict: 'admitted', anonymous: true }
const none: readonly string[] = []

/** @throws {TypeError} an upstream's path is none, or two upstreams have the same */
export function createJudge ({ upstreams, rules, rootPath = '/' }: JudgeOptions): Judge {
  const only = upstreams.length === 1 ? upstreams[0] : undefined
  const free = only !== undefined && only.path === '/' && (only.basePath ?? '') === '' && rules.uniform !== null
  const alone = free && rules.uniform !== null ? [rules.uniform] : []
  const route = router(upstreams.map(upstream => upstream.path))
  const placeOf = (target: string): Place => {
    const path = pathOf(target)
    if (free && path.startsWith('/')) return { target, path, upstream: 0, readings: none, rules: alone, crosses: false }
    return judged(target, path, rules, route)
  }
  return {
    place: placeOf,
    decide,
    decideDestination: (value, origin, place, identity) => {
      if (free) return decide(place, identity)
      const target = destinationTarget(value, origin)
      const based = (upstreams[place.upstream]?.basePath ?? '') !== '' || rootPath !== '/' // the header is not ours to rewrite, and leads out of it
      const other = target === null || based ? unreadable(place) : placeOf(target)
      const crosses = other.crosses || (other.upstream >= 0 && other.upstream !== place.upstream)
      const decision = decide({ ...other, path: `the Destination of ${place.path}`, crosses }, identity)
      if (decision.verdict !== 'admitted') return decision
      const within = [...place.readings ?? [], ...other.readings ?? []].flatMap(reading => rules.below(reading))
      return refused(within, identity) ?? decision
    }
  }
}

function unreadable (place: Place): Place {
  return { ...place, readings: null, rules: [] }
}

function refused (rules: readonly Rule[], identity: Identity | null): Decision | null {
  if (identity === null) return rules.every(rule => rule.open) ? null : signIn
  const refusal = rules.flatMap(rule => rule.refuse(identity) ?? [])[0]
  return refusal === undefined ? null : { verdict: 'denied', ...refusal }
}

function decide (place: Place, identity: Identity | null): Decision {
  return identity === null ? decideForStranger(place) : decideFor(place, identity)
}

function pathOf (target: string): string {
  const query = target.indexOf('?')
  return query < 0 ? target : target.slice(0, query)
}

function judged (target: string, path: string, rules: Rules, route: (reading: string) => number): Place {
  const found = readings(path)
  const first = found?.[0]
  if (found === null || first === undefined) return { target, path, upstream: -1, readings: null, rules: [], crosses: true }
  const upstream = route(first)
  if (found.length === 1) return { target, path, upstream, readings: found, rules: rules.match(first), crosses: false }
  const crosses = found.some(reading => route(reading) !== upstream)
  const all = new Set(found.flatMap(reading => rules.match(reading)))
  return { target, path, upstream: crosses ? -1 : upstream, readings: found, rules: [...all], crosses }
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

function decideForStranger (place: Place): Decision {
  if (place.rules.length === 0 || !place.rules.every(rule => rule.open)) return signIn
  return misled(place) ?? admittedAnonymous
}

function decideFor (place: Place, identity: Identity): Decision {
  const refusals = place.rules.flatMap(rule => rule.refuse(identity) ?? [])
  const refusal = refusals[0]
  if (refusal === undefined) return misled(place) ?? admitted
  if (refusals.length === place.rules.length) return { verdict: 'denied', ...refusal }
  return { verdict: 'ambiguous', detail: `${place.path} falls under ${place.rules.map(rule => rule.name).join(' and ')}: ${refusal.detail}` }
}

function misled (place: Place): Decision | null {
  if (place.readings === null) return { verdict: 'ambiguous', detail: `${place.path} is no path here, or has more readings than can be judged` }
  if (place.crosses) return { verdict: 'ambiguous', detail: `${place.path} leads to one upstream or another, as one reads it` }
  if (place.upstream < 0) return { verdict: 'nowhere', detail: `no upstream serves ${place.path}` }
  return null
}
