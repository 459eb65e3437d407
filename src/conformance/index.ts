import { isDeepStrictEqual } from 'node:util'
import { judge, endpointsField, isHandlerFile, isSafePlace, resourcesField, shapeFaults } from '../config/providers/plugin-shape.ts'
import { placesOf } from '../provider-places.ts'
import type { HandlerFile, ParameterValues, Provider, ProviderFile, ProviderIdentity } from '../provider.ts'
import { changed, hostileVariants, sourcesOf, standardPerson, type Documents } from './hostile.ts'

export type { Documents } from './hostile.ts'

export interface CheckProviderOptions {
  /** Values of its parameters, as somebody would set them; their defaults otherwise. */
  readonly parameters?: ParameterValues
  /** What the provider answers for a few people: `{ claims: { sub: '1' }, emails: [{ … }] }`, by the names of its resources. */
  readonly people?: readonly Documents[]
  readonly allowedTenants?: readonly string[]
}

/** One thing that the gate, or those who rely on it, would trip over. */
export interface ProviderFinding {
  /** `identity`, `endpoints.token`, `parameters.url.kind`. */
  readonly field: string
  readonly text: string
}

/** Names that their owner may change, or that somebody else may take later. */
const NAMES = new Set(['name', 'given_name', 'family_name', 'nickname', 'login', 'username', 'preferred_username', 'unique_name', 'upn', 'display_name', 'displayname', 'email', 'mail', 'slug', 'full_name'])
const VERIFIED = /verified|confirmed/i
const TEXTS = ['subject', 'user', 'email', 'login', 'name', 'tenant', 'refused'] as const
const LISTS = ['groups', 'teams', 'organizations'] as const

/**
 * What is wrong with a provider, for the tests of those who write one: an empty list is what they want. It asks nobody anything.
 *
 * @param file what the module exports, made by `defineProvider` or not; of a handler only the shape can be looked at
 */
export function checkProvider (file: ProviderFile | Provider | HandlerFile, options: CheckProviderOptions = {}): readonly ProviderFinding[] {
  const faults = shapeFaults(file).map(({ field, message }) => ({ field, text: message }))
  if (faults.length > 0 || isHandlerFile(file)) return faults // what has no shape cannot be tried
  const defaults = Object.entries(file.parameters ?? {}).flatMap(([name, { default: initial }]) => initial === undefined ? [] : [[name, initial] as const])
  const parameters = { ...Object.fromEntries(defaults), ...options.parameters }
  const names = new Set<string>()
  const findings = [...checkPlaces(file, Object.fromEntries(defaults), names), ...checkPlaces(file, parameters, names)]
  const subject: Tried = { file: file as Provider, names: [...names], context: { parameters, allowedTenants: options.allowedTenants ?? [] } }
  const people = options.people ?? [standardPerson]
  findings.push(...people.flatMap(person => checkPerson(subject, person)), ...checkNobody(subject), ...checkDistinct(subject, people))
  return [...new Map(findings.map(finding => [`${finding.field} ${finding.text}`, finding])).values()]
}

interface Tried {
  readonly file: Provider
  readonly names: readonly string[]
  readonly context: { readonly parameters: ParameterValues, readonly allowedTenants: readonly string[] }
}

function checkPlaces (file: ProviderFile | Provider, parameters: ParameterValues, names: Set<string>): ProviderFinding[] {
  const scopes = [...file.scopes, ...file.groupScopes ?? []]
  try {
    const [places, again] = [placesOf(file, parameters, scopes), placesOf(file, parameters, scopes)]
    for (const name of Object.keys(places.resources)) names.add(name)
    const faults = [...judge(endpointsField, places.endpoints, 'endpoints'), ...judge(resourcesField, places.resources, 'resources')]
    return [
      ...faults.map(({ field, message }) => ({ field, text: message })),
      ...isDeepStrictEqual(plain(places), plain(again)) ? [] : [{ field: 'endpoints', text: 'are others each time they are asked for' }],
      ...Object.entries(places.endpoints).filter(([, url]) => typeof url === 'string' && isSafePlace(url) && url.includes('undefined')).map(([name]) => ({ field: `endpoints.${name}`, text: 'has “undefined” in it: a parameter without a value' }))
    ]
  } catch (error) {
    return [{ field: 'endpoints', text: `throw with the parameters ${JSON.stringify(parameters)}: ${String(error)}; leave out what is not known, a setting may name it` }]
  }
}

function checkPerson (tried: Tried, person: Documents): ProviderFinding[] {
  const { said, findings } = ask(tried, person, 'a person')
  if (said === undefined) return findings
  for (const [what, variant] of hostileVariants(person, tried.names)) findings.push(...ask(tried, variant, what).findings)
  if (said.refused !== undefined) return findings
  if (said.subject === undefined || said.subject === '') findings.push({ field: 'identity', text: 'has no subject for a person: nobody could sign in' })
  const renamed = ask(tried, documents(person, name => NAMES.has(name.toLowerCase()), value => typeof value === 'string' ? `renamed-${value}` : value), 'a person of another name').said
  if (renamed?.subject !== said.subject) findings.push({ field: 'identity', text: 'takes a name for the subject: a name can be changed, and be taken by somebody else' })
  const doubted = documents(person, name => VERIFIED.test(name), value => typeof value === 'string' && value !== 'true' ? null : false)
  if (!isDeepStrictEqual(doubted, person) && ask(tried, doubted, 'an address that is not verified').said?.email !== undefined) findings.push({ field: 'identity', text: 'believes an address that the provider says is not verified' })
  return findings
}

function checkNobody (tried: Tried): ProviderFinding[] {
  const { subject, user } = ask(tried, {}, 'nothing at all').said ?? {}
  return subject === undefined && user === undefined ? [] : [{ field: 'identity', text: 'has a subject or user for nobody: all of them would be one person' }]
}

function checkDistinct (tried: Tried, people: readonly Documents[]): ProviderFinding[] {
  const subjects = people.flatMap(person => ask(tried, person, 'a person').said?.subject ?? [])
  return new Set(subjects).size === subjects.length ? [] : [{ field: 'identity', text: 'has one subject for two people' }]
}

function ask ({ file, names, context }: Tried, person: Documents, what: string): { readonly said: ProviderIdentity | undefined, readonly findings: ProviderFinding[] } {
  try {
    const [said, again] = [file.identity(sourcesOf(person, names), context), file.identity(sourcesOf(person, names), context)]
    if (typeof said !== 'object' || said === null || 'then' in said) return { said: undefined, findings: [{ field: 'identity', text: `returns ${typeof said === 'object' && said !== null ? 'a promise' : 'no object'} for ${what}: it is one pure function, not async` }] }
    const odd = [
      ...TEXTS.filter(name => said[name] !== undefined && typeof said[name] !== 'string'),
      ...LISTS.filter(name => said[name] !== undefined && !(Array.isArray(said[name]) && said[name].every(item => typeof item === 'string')))
    ]
    const unknown = Object.keys(said).filter(name => ![...TEXTS, ...LISTS].includes(name as typeof TEXTS[number]))
    return { said, findings: [
      ...odd.map(name => ({ field: 'identity', text: `has a ${name} that is no ${LISTS.includes(name as typeof LISTS[number]) ? 'list of texts' : 'text'}, for ${what}` })),
      ...unknown.map(name => ({ field: 'identity', text: `has ${name}, which nobody reads` })),
      ...isDeepStrictEqual(said, again) ? [] : [{ field: 'identity', text: `says something else each time, for ${what}` }]
    ] }
  } catch (error) {
    return { said: undefined, findings: [{ field: 'identity', text: `throws for ${what}: ${String(error)}` }] }
  }
}

function documents (person: Documents, isMeant: (name: string) => boolean, change: (value: unknown) => unknown): Documents {
  return changed(person, isMeant, change) as Documents
}

/** Functions are other ones each time. */
function plain (places: unknown): unknown {
  return JSON.parse(JSON.stringify(places)) as unknown
}
