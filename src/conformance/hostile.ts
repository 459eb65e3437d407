import { Claims } from '../claims.ts'
import type { Sources } from '../provider.ts'

/** What a provider answers for one person: plain JSON, by the names of the resources, and `claims`. */
export type Documents = Readonly<Record<string, unknown>>

/** Somebody with the claims of OpenID Connect Core §5.1, and what plain OAuth servers have in their place. */
export const standardPerson: Documents = {
  claims: { sub: 'f3a1', id: 4711, email: 'ada@example.com', email_verified: true, name: 'Ada Lovelace', preferred_username: 'ada', login: 'ada', groups: ['staff'] }
}

const deep = JSON.parse(`${'{"a":'.repeat(500)}1${'}'.repeat(500)}`) as unknown
const polluting = JSON.parse('{"__proto__":{"email":"eve@example.com","sub":"eve"},"constructor":{"prototype":{}},"toString":1,"hasOwnProperty":null}') as unknown

/** In the place of any claim, and of any document. */
const oddities: readonly (readonly [what: string, value: unknown])[] = [
  ['nothing', undefined], ['null', null], ['a number', 7], ['true', true], ['an empty text', ''], ['a text', 'a text'], ['a very long text', 'x'.repeat(100_000)], ['an empty list', []],
  ['a list of anything', [null, 7, '', [], {}, 'a', { __proto__: null }]], ['an object', { a: 1 }], ['a deep object', deep], ['the names of Object.prototype', polluting]
]

/** Wrapped as the gate does it, and frozen to the ground: who writes to a claim changes what others read. */
export function sourcesOf (documents: Documents, names: readonly string[]): Sources {
  return Object.fromEntries(['claims', ...names].map(name => [name, new Claims(frozen(documents[name]))])) as unknown as Sources
}

/** Each document once as each oddity, and each of its claims likewise; what was done, in words. */
export function* hostileVariants (documents: Documents, names: readonly string[]): Generator<readonly [what: string, variant: Documents]> {
  yield ['nothing at all', {}]
  for (const name of ['claims', ...names]) {
    for (const [what, value] of oddities) yield [`${name} as ${what}`, { ...documents, [name]: value }]
    const document = documents[name]
    // A list is usually one of objects, and what is in them is as little to be relied on.
    for (const [claim, where, put] of placesIn(document)) {
      for (const [what, value] of oddities) yield [`${where}${claim} of ${name} as ${what}`, { ...documents, [name]: put(value) }]
    }
  }
}

type Place = readonly [claim: string, where: string, put: (value: unknown) => unknown]

function placesIn (document: unknown): Place[] {
  if (Array.isArray(document)) return document.slice(0, 3).flatMap((item: unknown, index) => placesIn(item).map(([claim, where, put]): Place => [claim, `[${index}].${where}`, value => document.with(index, put(value))]))
  return isObject(document) ? Object.keys(document).map((claim): Place => [claim, '', value => ({ ...document, [claim]: value })]) : []
}

/** A copy with each text or flag of such a name changed, at any depth. */
export function changed (json: unknown, isMeant: (name: string) => boolean, change: (value: unknown) => unknown): unknown {
  if (Array.isArray(json)) return json.map(item => changed(item, isMeant, change))
  if (!isObject(json)) return json
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, isMeant(name) ? change(value) : changed(value, isMeant, change)]))
}

function isObject (json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function frozen (json: unknown): unknown {
  if (typeof json === 'object' && json !== null) for (const value of Object.values(Object.freeze(json))) frozen(value)
  return json
}
