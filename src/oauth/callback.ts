import { IssuerMismatch, LoginCancelled, MalformedRequest, ProviderRefused, RedirectUriRefused, type GateError } from '../errors.ts'
import type { Endpoints } from './endpoints.ts'

const LONGEST_REASON = 300
const TENANT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * The code of an authorization response (RFC 6749 §4.1.2), whose state was checked before. Nothing is sent to anybody.
 *
 * @throws {IssuerMismatch} `iss` is another's, or is missing although the provider promises it (RFC 9207 §2.4)
 * @throws {LoginCancelled} {RedirectUriRefused} {ProviderRefused} the provider answered with an error; its description is the visitor's reason
 * @throws {MalformedRequest} not exactly one code
 */
export function readCallback (query: URLSearchParams, { issuer, promisesIss }: Pick<Endpoints, 'issuer' | 'promisesIss'>): string {
  const iss = only(query, 'iss')
  if (issuer !== undefined && iss !== undefined && !isOfIssuer(iss, issuer)) throw new IssuerMismatch(`iss is ${JSON.stringify(iss.slice(0, 300))}, not ${JSON.stringify(issuer)}`)
  if (promisesIss && iss === undefined) throw new IssuerMismatch('iss is missing, and the provider promises it')
  const error = only(query, 'error')
  if (error !== undefined) throw refusal(error, query)
  const code = only(query, 'code')
  if (code === undefined || code === '') throw new MalformedRequest('the callback has neither a code nor an error')
  return code
}

/** @param issuer `{tid}` in it stands for a tenant, and here for any: the id_token is held to its own */
export function isOfIssuer (iss: string, issuer: string): boolean {
  const [before = '', after] = issuer.split('{tid}')
  return after === undefined ? iss === issuer : iss.startsWith(before) && iss.endsWith(after) && TENANT.test(iss.slice(before.length, iss.length - after.length))
}

/** RFC 6749 §5.2 and §4.1.2.1 allow these characters in an error code; what has others is not worth repeating, nor what is secret. */
export function errorCode (error: string, secrets: readonly string[] = []): string {
  return /^[\x20-\x21\x23-\x5B\x5D-\x7E]{1,100}$/.test(error) ? oneLine(error, secrets) : 'an error code that breaks RFC 6749'
}

/**
 * Text of a stranger, fit for one line: no control characters, half characters or changes of writing direction.
 *
 * @param secrets what must not be repeated; some providers quote what they were sent
 */
export function oneLine (text: string, secrets: readonly string[] = []): string {
  const plain = text.replace(/[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, '')
  const spellings = secrets.filter(secret => secret !== '').flatMap(secret => [secret, encodeURIComponent(secret)])
  const clean = spellings.reduce((clean, secret) => clean.replaceAll(secret, '[redacted]'), plain)
  return [...clean].slice(0, LONGEST_REASON).join('').trim()
}

function refusal (error: string, query: URLSearchParams): GateError {
  const secrets = ['state', 'code'].flatMap(name => query.getAll(name))
  const reason = oneLine(query.get('error_description') ?? '', secrets)
  const detail = `the provider answered ${errorCode(error, secrets)}${reason === '' ? '' : ` (${reason})`}`
  const options = reason === '' ? {} : { reason }
  if (error === 'access_denied') return new LoginCancelled(detail, options)
  if (error === 'redirect_uri_mismatch') return new RedirectUriRefused(detail, options) // GitHub sends it to the address that is registered
  return new ProviderRefused(detail, options)
}

/** RFC 6749 §3.1: parameters must not be included more than once. */
function only (query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name)
  if (values.length > 1) throw new MalformedRequest(`the callback has ${values.length} values of ${name}`)
  return values[0]
}
