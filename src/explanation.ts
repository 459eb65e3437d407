import { identifierOf } from './active-provider.ts'
import type { Judged } from './access/entry/entry.ts'
import { forRefused, type Decision } from './access/judge.ts'
import type { TriedRule } from './access/rules/tried.ts'
import type { Config, ProviderConfig } from './config/options.ts'
import { describePanelCookies, type ToldCookie } from './config/panel-identity.ts'
import { scopesOf } from './config/providers/scopes.ts'
import { GateError, type Refusal } from './errors.ts'
import type { Identity } from './identity/identity.ts'
import type { MoreDocuments, Said } from './identity/sources.ts'
import { Trace, type Attempt } from './identity/trace.ts'
import { createPolicy } from './policy.ts'
import { address } from './oauth/http.ts'
import { isOpenedBy, placesOf } from './provider-places.ts'
import { pairs } from './proxy/app-headers.ts'

/** Somebody of whom a provider says this. */
export interface Person {
  readonly provider: ProviderConfig
  readonly said: Said
  /** Which of the documents that the provider's file reads were given, by their names there. */
  readonly given?: readonly string[]
}

/** What they ask for. */
export interface Asked {
  /** As in a request line: a path, with or without a query. */
  readonly target: string
  readonly method: string
  readonly host: string
}

/** Why somebody is let in, or not: what the gate's own functions said, in their order. */
export interface Explanation {
  readonly steps: readonly Attempt[]
  /** What the gate would read beside, and was not given here: names and addresses. */
  readonly unread: readonly (readonly [name: string, url: string])[]
  /** `null` for a stranger, and for whom no sign-in makes an identity of. */
  readonly identity: Identity | null
  /** Why there is none. */
  readonly failure: { readonly code: string, readonly reason: string | undefined, readonly detail: string } | null
  /** Every condition on who may enter at all. */
  readonly conditions: readonly Judged[]
  /** Why they may not. */
  readonly refusal: Refusal | null
  /** Whether the gate answers for that host: it is 421 otherwise. */
  readonly servesHost: boolean
  readonly rules: readonly TriedRule[]
  readonly decision: Decision
  /** What the app is told, where they reach it. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The same for a Panel app, and what it is told of a stranger: by name, without a value. */
  readonly cookies: readonly ToldCookie[]
}

/** @param person absent for a stranger */
export function explain (config: Config, person: Person | undefined, { target, method, host }: Asked): Explanation {
  const { entry, judge, servesHost, headers } = createPolicy(config)
  const { identity, ...found } = person === undefined ? { identity: null, steps: [], unread: [], failure: null } : identityOf(config, person)
  const refusal = identity === null ? null : entry.refuse(identity)
  const entered = refusal === null ? identity : null
  const { decision: judged, rules } = judge.explain(judge.place(target), { method, host }, entered)
  const decision = forRefused(judged, refusal)
  const isTold = decision.verdict === 'admitted' && !decision.anonymous && entered !== null
  return {
    ...found, identity, refusal, rules, decision,
    conditions: identity === null ? [] : entry.explain(identity),
    servesHost: servesHost?.(host.toLowerCase()) ?? true,
    headers: isTold ? pairs(headers.of(entered)) : [],
    cookies: decision.verdict === 'admitted' ? describePanelCookies(config, isTold ? entered : null, person?.said.documents?.find(({ name }) => name === 'id_token')?.claims.whole()) : []
  }
}

function identityOf (config: Config, { provider, said, given: own = [] }: Person): Pick<Explanation, 'steps' | 'unread' | 'identity' | 'failure'> {
  const identifier = identifierOf(provider, config)
  const trace = new Trace()
  const wanted = Object.entries(identifier.wants(said)).map(([name, { url }]) => ({ name: name as keyof MoreDocuments, url }))
  const given = (name: keyof MoreDocuments) => said.more?.[name]
  const unread = [
    ...readBy(provider, config, said).filter(([name]) => !own.includes(name)),
    ...wanted.flatMap(({ name, url }) => given(name) === undefined ? [[name, url] as const] : [])
  ].map(([name, url]) => [name, address(url)] as const) // a query may hold a key
  // What the gate would not read is not looked at, given or not.
  const more: MoreDocuments = Object.fromEntries(wanted.flatMap(({ name }) => given(name) === undefined ? [] : [[name, given(name)]]))
  try {
    return { identity: identifier.identify({ ...said, more }, trace), steps: trace.attempts, unread, failure: null }
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    return { identity: null, steps: trace.attempts, unread, failure: { code: error.code, reason: error.reason, detail: error.message } }
  }
}

/** What the provider's file has the gate read in a sign-in. */
function readBy (settings: ProviderConfig, config: Config, { sources: { claims } }: Said): (readonly [name: string, url: string])[] {
  const scopes = scopesOf(settings, config)
  return Object.entries(placesOf(settings.provider, settings.parameters, scopes).resources)
    .filter(([, resource]) => isOpenedBy(scopes, resource) && resource.when?.(claims) !== false)
    .map(([name, { url }]) => [name, url] as const)
}
