import { createHash } from 'node:crypto'
import type { Provider } from '../provider.ts'

/** What one attempt to sign in holds, and its callback must match. */
export interface LoginAttempt {
  readonly state: string
  readonly nonce: string
  /** RFC 7636 §4.1. Unused where `usePkce` is off. */
  readonly codeVerifier: string
  readonly redirectUri: string
}

export interface AuthorizeOptions {
  readonly provider: Pick<Provider, 'pkce' | 'nonce'>
  readonly clientId: string
  readonly scopes: readonly string[]
  /** Asked for beside the scopes, but where the provider has a list without them: some refuse who asks for what they do not know. */
  readonly wishedScopes?: readonly string[]
  readonly usePkce: boolean
  readonly extraParams: Readonly<Record<string, string>>
}

/**
 * What each login fills in for itself, in lower case. As an extra parameter such a name could send codes elsewhere, or replace
 * the whole request (RFC 9101); those of the token request have no business in an address at all.
 */
export const CORE_PARAMETERS: ReadonlySet<string> = new Set([
  'client_id', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state', 'nonce', 'code_challenge', 'code_challenge_method', 'request', 'request_uri',
  'client_secret', 'client_assertion', 'client_assertion_type', 'grant_type', 'code', 'code_verifier'
])

/** The URL of an authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1). The endpoint's own query stays (RFC 6749 §3.1). */
export function buildAuthorizeUrl (endpoint: string, options: AuthorizeOptions, attempt: LoginAttempt, prompt?: string): string {
  const url = new URL(endpoint)
  for (const [name, value] of Object.entries(options.extraParams)) url.searchParams.set(name, value)
  for (const name of [...url.searchParams.keys()]) {
    if (CORE_PARAMETERS.has(name.toLowerCase())) url.searchParams.delete(name)
  }
  const parameters = {
    ...prompt === undefined ? {} : { prompt: options.extraParams['prompt'] === 'consent' ? `${prompt} consent` : prompt }, // who wants a consent each time wants it here too
    response_type: 'code',
    client_id: options.clientId,
    redirect_uri: attempt.redirectUri,
    ...options.scopes.length === 0 ? {} : { scope: options.scopes.join(' ') },
    state: attempt.state,
    ...options.provider.nonce === false ? {} : { nonce: attempt.nonce },
    ...takesPkce(options) ? { code_challenge: challenge(attempt.codeVerifier), code_challenge_method: 'S256' } : {}
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

/** @param offered `scopes_supported` of discovery */
export function scopesToAsk ({ scopes, wishedScopes = [] }: Pick<AuthorizeOptions, 'scopes' | 'wishedScopes'>, offered: readonly string[] | undefined): readonly string[] {
  return [...scopes, ...wishedScopes.filter(scope => !scopes.includes(scope) && offered?.includes(scope) !== false)]
}

/** Keycloak ignores `select_account`, and signs the same person in again; asked for a login it shows a page on which another may sign in. */
export function understood (prompt: string | undefined, prompts: readonly string[] | undefined): string | undefined {
  return prompt === 'select_account' && prompts?.includes('login') === true && !prompts.includes(prompt) ? 'login' : prompt
}

/** By the setting, unless the provider is known to refuse it. */
export function takesPkce ({ usePkce, provider }: Pick<AuthorizeOptions, 'usePkce' | 'provider'>): boolean {
  return usePkce && provider.pkce !== false
}

/** RFC 7636 §4.2, method S256. */
function challenge (codeVerifier: string): string {
  return createHash('sha256').update(codeVerifier).digest('base64url')
}
