import { createHash } from 'node:crypto'
import type { Outside } from '../outside.ts'

/** What one attempt to sign in holds, and its callback must match. */
export interface LoginAttempt {
  readonly state: string
  readonly nonce: string
  /** RFC 7636 §4.1. Unused where `usePkce` is off. */
  readonly codeVerifier: string
  readonly redirectUri: string
}

export interface AuthorizeOptions {
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly usePkce: boolean
  readonly extraParams: Readonly<Record<string, string>>
}

/** Parameters that are ours alone: an extra parameter of such a name could redirect codes, or replace the whole request (RFC 9101). */
const CORE_PARAMETERS: ReadonlySet<string> = new Set([
  'client_id', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state', 'nonce', 'code_challenge', 'code_challenge_method',
  'request', 'request_uri', 'client_secret'
])

/** A nonce of 32 random bytes, and a verifier of 96, which is 128 characters and as long as RFC 7636 §4.1 allows. */
export function createLoginSecrets (outside: Outside): Pick<LoginAttempt, 'nonce' | 'codeVerifier'> {
  return { nonce: outside.random(32).toString('base64url'), codeVerifier: outside.random(96).toString('base64url') }
}

/** @throws {TypeError} an extra parameter would replace one of ours */
export function checkExtraParams (extraParams: Readonly<Record<string, string>>): void {
  const clash = Object.keys(extraParams).find(name => CORE_PARAMETERS.has(name))
  if (clash !== undefined) throw new TypeError(`--oauth-extra-params must not hold ${clash}: the gate sets it itself`)
}

/** The URL of an authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1). The endpoint's own query stays (RFC 6749 §3.1). */
export function buildAuthorizeUrl (endpoint: string, options: AuthorizeOptions, attempt: LoginAttempt, prompt?: string): string {
  const url = new URL(endpoint)
  for (const name of CORE_PARAMETERS) url.searchParams.delete(name)
  const parameters = {
    ...options.extraParams,
    ...prompt === undefined ? {} : { prompt },
    response_type: 'code',
    client_id: options.clientId,
    redirect_uri: attempt.redirectUri,
    ...options.scopes.length === 0 ? {} : { scope: options.scopes.join(' ') },
    state: attempt.state,
    nonce: attempt.nonce,
    ...options.usePkce ? { code_challenge: challenge(attempt.codeVerifier), code_challenge_method: 'S256' } : {}
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

/** RFC 7636 §4.2, method S256. */
function challenge (codeVerifier: string): string {
  return createHash('sha256').update(codeVerifier).digest('base64url')
}
