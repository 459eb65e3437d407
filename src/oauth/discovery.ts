import { allowInsecureRequests, customFetch, discoveryRequest } from 'oauth4webapi'
import { Claims } from '../claims.ts'
import { DiscoveryMismatch, ProviderAnswerInvalid } from '../errors.ts'
import type { Outside } from '../outside.ts'
import { address, isSafeUrl, readJson, type ProviderFetch } from './http.ts'
import { createKept, type Kept } from './kept.ts'

/** What we use of a discovery document (OpenID Connect Discovery §3, RFC 8414 §2, RFC 9207 §3). */
export interface Metadata {
  readonly authorize?: string | undefined
  readonly token?: string | undefined
  readonly user?: string | undefined
  readonly jwks?: string | undefined
  /** `token_endpoint_auth_methods_supported`, where the provider says it. */
  readonly authMethods?: readonly string[] | undefined
  /** `prompt_values_supported` (Initiating User Registration via OpenID Connect §4), where the provider says it. */
  readonly prompts?: readonly string[] | undefined
  /** `scopes_supported`, where the provider says it: not all have to be there (RFC 8414 §2). */
  readonly scopes?: readonly string[] | undefined
  /** `end_session_endpoint` (OpenID Connect RP-Initiated Logout §2.1), and `revocation_endpoint` (RFC 8414 §2) with how a client proves itself there. */
  readonly logout?: string | undefined
  readonly revocation?: string | undefined
  readonly revocationAuthMethods?: readonly string[] | undefined
  /** `backchannel_logout_supported` (OpenID Connect Back-Channel Logout §2.1). */
  readonly tellsLogouts?: boolean
  /** `id_token_signing_alg_values_supported`, where the provider says it: by these it signs id_tokens, and logout tokens (OpenID Connect Back-Channel Logout §2.4). */
  readonly algorithms?: readonly string[] | undefined
  /** `authorization_response_iss_parameter_supported`: every callback will carry `iss`. */
  readonly promisesIss: boolean
}

export interface DiscoveryOptions {
  readonly issuer: string
  readonly fetch: ProviderFetch
  readonly outside: Outside
  readonly onFailure?: ((error: unknown) => void) | undefined
}

/** The discovery document (OpenID Connect Discovery §4): read at first use, renewed hourly, kept while the provider is down. */
export function createDiscovery ({ issuer, fetch, outside, onFailure }: DiscoveryOptions): Kept<Metadata> {
  async function load (): Promise<Metadata> {
    const answer = await discoveryRequest(new URL(issuer), { [customFetch]: fetch, [allowInsecureRequests]: true })
    const from = `the discovery document of ${address(issuer)}`
    if (answer.status !== 200) throw new ProviderAnswerInvalid(`${from}: the answer was ${answer.status}`)
    return readMetadata(new Claims(await readJson(answer, from)), issuer)
  }
  return createKept({ load, outside, freshFor: 3_600_000, retryAfter: 1000, onFailure })
}

/**
 * @throws {DiscoveryMismatch} another issuer (§4.3: compared byte for byte)
 * @throws {ProviderAnswerInvalid} no issuer, or an endpoint that secrets must not be sent to
 */
export function readMetadata (document: Claims, issuer: string): Metadata {
  checkIssuer(document.text('issuer'), issuer)
  return {
    authorize: endpoint(document, 'authorization_endpoint', issuer),
    token: endpoint(document, 'token_endpoint', issuer),
    user: endpoint(document, 'userinfo_endpoint', issuer),
    jwks: endpoint(document, 'jwks_uri', issuer),
    authMethods: document.has('token_endpoint_auth_methods_supported') ? document.texts('token_endpoint_auth_methods_supported') : undefined,
    prompts: document.has('prompt_values_supported') ? document.texts('prompt_values_supported') : undefined,
    scopes: document.has('scopes_supported') ? document.texts('scopes_supported') : undefined,
    logout: unlessUnsafe(() => endpoint(document, 'end_session_endpoint', issuer)),
    revocation: unlessUnsafe(() => endpoint(document, 'revocation_endpoint', issuer)),
    revocationAuthMethods: document.has('revocation_endpoint_auth_methods_supported') ? document.texts('revocation_endpoint_auth_methods_supported') : undefined,
    tellsLogouts: document.is('backchannel_logout_supported'),
    algorithms: document.has('id_token_signing_alg_values_supported') ? document.texts('id_token_signing_alg_values_supported') : undefined,
    promisesIss: document.is('authorization_response_iss_parameter_supported')
  }
}

function checkIssuer (named: string | undefined, issuer: string): void {
  if (named === issuer) return
  if (named === undefined) throw new ProviderAnswerInvalid(`the discovery document of ${address(issuer)} names no issuer`)
  const slash = named === `${issuer}/` || `${named}/` === issuer
  const difference = slash ? 'they differ by a trailing slash' : 'they must be equal byte for byte'
  throw new DiscoveryMismatch(`the discovery document says its issuer is ${JSON.stringify(named.slice(0, 300))}, --oauth-issuer says ${JSON.stringify(issuer)}: ${difference}`)
}

/** Plain http is for a provider that is on loopback itself: a public one has no business naming addresses of this machine. */
function endpoint (document: Claims, name: string, issuer: string): string | undefined {
  const url = document.text(name)
  if (url === undefined) return undefined
  const allowed = isSafeUrl(url) && (url.startsWith('https:') || issuer.startsWith('http:'))
  if (!allowed) throw new ProviderAnswerInvalid(`the discovery document of ${address(issuer)} names ${address(url)} as ${name}, which is not https`)
  return url
}

/** What nobody needs to sign in must not keep people from it. */
function unlessUnsafe (read: () => string | undefined): string | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
