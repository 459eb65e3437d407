import { allowInsecureRequests, customFetch, genericTokenEndpointRequest, type ClientAuth } from 'oauth4webapi'
import { Claims } from '../claims.ts'
import { ClientRefused, GrantRefused, PasswordRefused, ProviderAnswerInvalid, ProviderRefused, RedirectUriRefused, type GateError } from '../errors.ts'
import type { Outside } from '../outside.ts'
import { errorCode, oneLine } from './callback.ts'
import { address, readJson, type ProviderFetch } from './http.ts'
import { claimsOfToken } from './merge-claims.ts'

export interface Tokens {
  readonly accessToken: string
  readonly idToken?: string
  readonly refreshToken?: string
  /** Of the access token, in milliseconds since the epoch: by `expires_in`, else by the `exp` of a JWT; absent where neither says. */
  readonly expiresAt?: number
  /** What the id_token has in common with those that come in its stead (id-token.ts), and its own end. */
  readonly idTokenMark?: string
  readonly idTokenExpiresAt?: number
  /** The id_token's subject, and its name for the provider's session: what a logout token goes by. */
  readonly sub?: string
  readonly sid?: string
  /** When the session ends that this sign-in begins, by the id_token’s `session_expiry`, in milliseconds since the epoch. */
  readonly endsAt?: number
  /** Settings ask the access token before all else for what is in the claims. */
  readonly accessTokenFirst?: true
  /** What the provider's clock said as it answered, in milliseconds since the epoch; absent where it does not say. */
  readonly answeredAt?: number
}

export interface TokenRequest {
  readonly endpoint: string
  readonly clientId: string
  readonly clientAuth: ClientAuth
  readonly grant: 'authorization_code' | 'password' | 'refresh_token'
  readonly parameters: Readonly<Record<string, string>>
  /** The field of the answer with the id_token, where it is not `id_token`; by `access_token` nothing is verified that was not before. */
  readonly idTokenName?: string | undefined
  /** Texts that must not be repeated from the provider's own words. */
  readonly secrets: readonly string[]
  readonly fetch: ProviderFetch
  readonly outside: Outside
}

/** RFC 6749 §5.2, and the names GitHub has for the same. */
const CLIENT_ERRORS = new Set(['invalid_client', 'unauthorized_client', 'incorrect_client_credentials'])
const GRANT_ERRORS = new Set(['invalid_grant', 'bad_verification_code'])
/** How the description of an invalid_grant says that it is about the address: Keycloak, Entra, Okta, Spring. */
const REDIRECT_URI = /\b(?:redirect|callback)[\s_-]*ur[il]\b|\breply address\b/i
/** How a refresh is refused, so that only the person can mend it (OpenID Connect Core §3.1.2.6; the last is GitHub's). */
const REFRESH_ERRORS = new Set(['invalid_grant', 'login_required', 'interaction_required', 'consent_required', 'bad_refresh_token'])
const LONGEST_LIFE = 10 * 365 * 86_400

/**
 * One request to the token endpoint (RFC 6749 §4.1.3, §4.3.2, §6), never repeated: a code is single use, a refresh token often is, and a password guess counts.
 *
 * @throws {ProviderUnreachable} {ProviderTimeout} no whole answer in time
 * @throws {ClientRefused} {GrantRefused} {RedirectUriRefused} {PasswordRefused} {ProviderRefused} the answer has an `error`, whatever its status
 * @throws {ProviderAnswerInvalid} no JSON, no access token, or one of a type we cannot use
 */
export async function requestTokens (request: TokenRequest): Promise<Tokens> {
  const { endpoint, clientId, clientAuth, grant, parameters, fetch, outside } = request
  const from = `the token endpoint ${address(endpoint)}`
  // oauth4webapi wants an issuer and compares it here with nothing
  const server = { issuer: endpoint, token_endpoint: endpoint }
  const answer = await genericTokenEndpointRequest(server, { client_id: clientId }, clientAuth, grant, { ...parameters }, {
    [customFetch]: fetch, [allowInsecureRequests]: true
  })
  const document = new Claims(await readJson(answer, from))
  if (document.has('error')) throw refusal(document, request, answer.status, `${from} answered ${answer.status}`)
  if (answer.status !== 200) throw new ProviderAnswerInvalid(`${from} answered ${answer.status} without an error code`)
  const answeredAt = Date.parse(answer.headers.get('date') ?? '')
  return { ...readTokens(document, from, outside, request.idTokenName), ...Number.isNaN(answeredAt) ? {} : { answeredAt } }
}

/** RFC 6749 §5.1. An access token has printable ASCII only (appendix A.12): others would break out of the header they are sent in. */
function readTokens (document: Claims, from: string, outside: Outside, name = 'id_token'): Tokens {
  const accessToken = document.raw('access_token')
  if (typeof accessToken !== 'string' || !/^[\x21-\x7E]+$/.test(accessToken)) throw new ProviderAnswerInvalid(`${from} answered without a usable access_token`)
  const type = document.raw('token_type') ?? 'bearer' // some leave it out
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') throw new ProviderAnswerInvalid(`${from} answered with a token_type that is not Bearer`)
  const accessTokenFirst = name === 'access_token'
  const idToken = readIdToken(document, from, accessTokenFirst ? 'id_token' : name)
  const refreshToken = document.text('refresh_token')
  const seconds = Number(document.text('expires_in')) // Entra's v1 endpoints write it as text
  return {
    accessToken,
    ...idToken === undefined ? {} : { idToken },
    ...accessTokenFirst ? { accessTokenFirst } : {},
    ...refreshToken === undefined ? {} : { refreshToken },
    ...endOf(seconds, accessToken, outside)
  }
}

function endOf (seconds: number, accessToken: string, outside: Outside): Pick<Tokens, 'expiresAt'> {
  if (seconds > 0) return { expiresAt: outside.now() + Math.min(seconds, LONGEST_LIFE) * 1000 }
  const exp = claimsOfToken(accessToken)?.raw('exp')
  return typeof exp === 'number' && exp > 0 ? { expiresAt: Math.min(exp * 1000, outside.now() + LONGEST_LIFE * 1000) } : {}
}

function readIdToken (document: Claims, from: string, name: string): string | undefined {
  const idToken = document.raw(name) ?? undefined
  if (idToken !== undefined && typeof idToken !== 'string') throw new ProviderAnswerInvalid(`${from} answered, and its ${name} is no text`)
  return idToken
}

function refusal (document: Claims, { grant, parameters, secrets }: TokenRequest, status: number, answered: string): GateError {
  const code = document.text('error') ?? ''
  const description = oneLine(document.text('error_description') ?? '', secrets)
  const answer = `${answered} ${errorCode(code, secrets)}${description === '' ? '' : ` (${description})`}`
  if (grant === 'refresh_token' && REFRESH_ERRORS.has(code)) return new GrantRefused(answer)
  const withUri = `${answer}; the redirect URI was ${parameters['redirect_uri'] ?? 'not sent'}`
  // 401 is about who asks (RFC 6749 §5.2): Auth0 says access_denied with it for a wrong secret.
  if (CLIENT_ERRORS.has(code) || (status === 401 && !GRANT_ERRORS.has(code))) return new ClientRefused(answer)
  if (code === 'redirect_uri_mismatch' || (code === 'invalid_grant' && REDIRECT_URI.test(description))) return new RedirectUriRefused(withUri)
  if (GRANT_ERRORS.has(code)) return grant === 'password' ? new PasswordRefused(answer) : new GrantRefused(withUri)
  return new ProviderRefused(answer)
}
