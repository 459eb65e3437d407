import { isLoopback } from '../../oauth/loopback.ts'
import type { Guide, HandlerFile, Parameter, ProviderEndpoints, ProviderFile, RefreshNeeds, Resource } from '../../provider.ts'
import { nameOf } from '../kinds/kind.ts'
import { nearest } from '../names.ts'
import { parseUrl } from '../../url.ts'

/** One field that is not as it must be: `parameters.url.kind` and what was expected there. */
export interface ShapeFault {
  readonly field: string
  readonly message: string
  readonly fix: string
}

interface Field {
  /** After “must be”. */
  readonly expected: string
  readonly example: string
  /** The faults inside, each with the way to it; `false` where the value itself is one. */
  readonly check: (value: unknown, at: string) => readonly ShapeFault[] | boolean
  readonly required?: true
}

type Fields<T> = Readonly<Record<keyof T, Field>>

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '' && !/\p{Cc}/u.test(value)
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value)

const text = (example = '\'…\''): Field => ({ expected: 'a text on one line', example, check: isText })
const flag: Field = { expected: 'true or false', example: 'false', check: value => typeof value === 'boolean' }
const callable = (example: string): Field => ({ expected: 'a function', example, check: value => typeof value === 'function' })
const word = (pattern: RegExp, expected: string, example: string): Field => ({ expected, example, check: value => typeof value === 'string' && pattern.test(value) })
const oneOf = (...words: readonly string[]): Field => ({ expected: words.map(one => `'${one}'`).join(' or '), example: `'${words[0]}'`, check: value => words.includes(value as string) })
const required = (field: Field): Field => ({ ...field, required: true })

const address: Field = {
  expected: 'an https address (http on this machine only), without a user name', example: '\'https://id.example.com/token\'',
  check: value => typeof value === 'string' && isSafePlace(value)
}
const name = word(/^[a-z][a-z0-9_-]{0,39}$/, 'a lower-case word of letters, digits, - and _', '\'custom\'')
const scope = word(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'one scope, without spaces (RFC 6749 §3.3)', '\'email\'')

/** `{tid}` in an issuer stands for a claim; URL would encode it, and that is all it does here. */
export function isSafePlace (text: string): boolean {
  if (parseUrl(text) === null) return false
  const { protocol, hostname, username, password } = new URL(text)
  return username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname)))
}

function listOf (item: Field): Field {
  return {
    expected: 'a list', example: `[${item.example}]`,
    check: (value, at) => Array.isArray(value) && value.flatMap((one, index) => judge(item, one, `${at}[${index}]`))
  }
}

function recordOf (item: Field, example: string): Field {
  return { expected: 'an object', example, check: (value, at) => isObject(value) && Object.entries(value).flatMap(([key, one]) => judge(item, one, `${at}.${key}`)) }
}

function objectOf<T> (fields: Fields<T>, example: string): Field {
  return { expected: 'an object', example, check: (value, at) => isObject(value) && judgeFields(fields, value, `${at}.`) }
}

/** @param others what it may be instead, and then needs no look inside */
function orElse (field: Field, other: Field): Field {
  const isOther = (value: unknown) => other.check(value, '') === true
  return { expected: `${field.expected} or ${other.expected}`, example: field.example, check: (value, at) => isOther(value) || field.check(value, at) }
}

const parameter = objectOf<Required<Parameter>>({
  doc: required(text('\'Your own domain.\'')), kind: required(oneOf('text', 'origin')), example: required(text('\'id.example.com\'')), default: { ...text(), expected: 'a text', check: value => typeof value === 'string' },
  aliases: listOf(text()), environment: listOf(word(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable', '\'MY_TENANT\'')), mayBeEmpty: flag, sent: flag, field: text()
}, '{ kind: \'origin\', doc: \'Your own domain.\', example: \'id.example.com\' }')

export const endpointsField = objectOf<Required<ProviderEndpoints>>({ issuer: address, authorize: address, token: address, jwks: address, logout: address, revocation: address }, '{ issuer: \'https://id.example.com\' }')

const resource = orElse(objectOf<Required<Resource>>({
  url: required(address), next: orElse(objectOf<{ member: string }>({ member: required(text('\'next\'')) }, '{ member: \'next\' }'), oneOf('link')), items: text('\'values\''),
  scopes: listOf(scope), when: callable('claims => claims.has(\'more\')'), optional: flag
}, '{ url: \'https://api.example.com/groups\', next: \'link\' }'), address)

export const resourcesField = recordOf(resource, '{ user: \'https://api.example.com/me\' }')

const guide = objectOf<Required<Guide>>({ summary: text(), page: address, register: required(text()), key: text(), secret: text(), redirectUri: text(), backchannel: text(), afterSignOut: text(), traps: listOf(text()) }, '{ register: \'Settings → Apps\', key: \'Client ID\', secret: \'Client secret\', redirectUri: \'Callback URL\' }')

const refresh = objectOf<Required<RefreshNeeds>>({ scopes: listOf(scope), params: recordOf(text(), '{ access_type: \'offline\' }'), remark: text() }, '{ scopes: [\'offline_access\'] }')

const fields: Fields<Required<ProviderFile>> = {
  name: required(name), label: required(text('\'Custom\'')), scopes: required(listOf(scope)), identity: required(callable('({ claims }) => ({ subject: claims.text(\'sub\'), email: claims.text(\'email\') })')),
  aliases: listOf(name), flow: oneOf('code', 'password'), groupScopes: listOf(scope), refresh, parameters: recordOf(parameter, `{ url: ${parameter.example} }`), requires: listOf(text('\'url|oauthIssuer\'')),
  secret: oneOf('sent', 'only-if-asked'), authStyle: oneOf('params', 'header'), pkce: flag, nonce: flag, userKey: text('\'email\''), namesUser: flag,
  endpoints: orElse(endpointsField, callable('')), resources: orElse(resourcesField, callable('')), accept: text('\'application/json\''), tokenScheme: oneOf('Bearer', 'token'),
  signOut: objectOf<Required<Required<ProviderFile>['signOut']>>({ idToken: oneOf('always', 'to-return'), sidHint: flag, revokes: oneOf('by-delete') }, '{ idToken: \'always\' }'),
  manyTenants: callable('parameters => parameters.tenant === undefined'), notice: text(), advised: recordOf(text(), '{ audience: \'without it …\' }'), guide
}

const { name: nameField, label, aliases, parameters, requires, notice } = fields
const handlerFields: Fields<Required<HandlerFile>> = {
  name: nameField, label, aliases, parameters, requires, notice, handler: required(callable('async (app, context) => { … }')),
  guide: objectOf<Required<Required<HandlerFile>['guide']>>({ summary: text(), page: address, register: required(text()), traps: listOf(text()) }, '{ register: \'Ask the directory team for an account\' }')
}

export function isHandlerFile (value: unknown): value is HandlerFile {
  return isObject(value) && 'handler' in value
}

/** Everything about a plugin's default export that is not as `ProviderFile` or, where it has a handler, `HandlerFile` says. */
export function shapeFaults (value: unknown): readonly ShapeFault[] {
  if (!isObject(value)) return [{ field: 'the default export', message: `must be what defineProvider takes, not ${nameOf(value)}`, fix: 'Write export default defineProvider({ name, label, scopes, endpoints, identity }).' }]
  return isHandlerFile(value) ? judgeFields(handlerFields, value, '') : judgeFields(fields, value, '')
}

/** What one value is if it stood in a field. */
export function judge (field: Field, value: unknown, at: string): readonly ShapeFault[] {
  const found = field.check(value, at)
  if (typeof found !== 'boolean') return found
  return found ? [] : [{ field: at, message: `must be ${field.expected}, not ${typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : nameOf(value)}`, fix: `Write ${at.replace(/^.*\./, '')}: ${field.example}.` }]
}

function judgeFields<T> (known: Fields<T>, value: Readonly<Record<string, unknown>>, at: string): readonly ShapeFault[] {
  const table = new Map(Object.entries<Field>(known))
  const there = Object.keys(value).filter(key => value[key] !== undefined)
  return [
    ...[...table].filter(([key, field]) => field.required === true && !there.includes(key)).map(([key, { example }]) => ({ field: at + key, message: 'is missing', fix: `Write ${key}: ${example}.` })),
    ...there.flatMap(key => {
      const field = table.get(key)
      if (field !== undefined) return judge(field, value[key], at + key)
      const near = nearest(key, table.keys())
      return [{ field: at + key, message: 'is no field of a provider', fix: near === undefined ? `Known are ${[...table.keys()].join(', ')}.` : `Did you mean ${near}?` }]
    })
  ]
}
