import { allowInsecureRequests, customFetch, revocationRequest, type ClientAuth } from 'oauth4webapi'
import { Claims } from '../claims.ts'
import { ProviderAnswerInvalid, ProviderRefused } from '../errors.ts'
import type { ProviderFile } from '../provider.ts'
import { errorCode } from './callback.ts'
import { address, readJson, type ProviderFetch } from './http.ts'

/** Who wants to be signed out at the provider, and where to come back to. */
export interface LogoutRequest {
  /** The provider's session, as its id_token called it. */
  readonly sid?: string | undefined
  /** Only where the operator wants it: it holds personal data, and an address is kept by browsers and proxies. */
  readonly idToken?: string | undefined
  /** What is registered at the provider; without it people stay on a page of its own. */
  readonly returnUri?: string | undefined
  readonly state?: string | undefined
}

/** Characters of an id_token that still fits an address: browsers, proxies and servers take 8 KiB of it, more or less. */
const LONGEST_HINT = 6000

/**
 * Where the provider signs people out (OpenID Connect RP-Initiated Logout §2). What the endpoint's own query has stays as it is: it may
 * be one that knows other names for the same.
 *
 * @returns undefined where the provider would sign nobody out: it wants an id_token, and none is there
 */
export function buildLogoutUrl (endpoint: string, clientId: string, { sid, idToken, returnUri, state }: LogoutRequest, needs: ProviderFile['signOut'] = {}): string | undefined {
  const url = new URL(endpoint)
  const hint = idToken !== undefined && idToken.length <= LONGEST_HINT ? idToken : undefined
  if (needs.idToken === 'always' && hint === undefined) return undefined
  const back = needs.idToken === 'to-return' && hint === undefined ? undefined : returnUri
  const parameters = { client_id: clientId, logout_hint: needs.sidHint === false ? undefined : sid, id_token_hint: hint, post_logout_redirect_uri: back, state: back === undefined ? undefined : state }
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && !url.searchParams.has(name)) url.searchParams.set(name, value)
  }
  return url.href
}

export interface RevocationRequest {
  readonly endpoint: string
  readonly clientId: string
  readonly clientAuth: ClientAuth
  readonly token: string
  /** RFC 7009 §2.1. */
  readonly kind: 'access_token' | 'refresh_token'
  readonly fetch: ProviderFetch
}

/**
 * Has the provider take a token back (RFC 7009 §2). One that it does not know is no error there.
 *
 * @throws {ProviderUnreachable} {ProviderTimeout} no whole answer in time
 * @throws {ProviderRefused} {ProviderAnswerInvalid} any other answer than 200
 */
export async function revokeToken ({ endpoint, clientId, clientAuth, token, kind, fetch }: RevocationRequest): Promise<void> {
  const from = `the revocation endpoint ${address(endpoint)}`
  const answer = await revocationRequest({ issuer: endpoint, revocation_endpoint: endpoint }, { client_id: clientId }, clientAuth, token, {
    additionalParameters: { token_type_hint: kind }, [customFetch]: fetch, [allowInsecureRequests]: true
  })
  if (answer.status === 200) return
  const code = await readJson(answer, from).then(document => new Claims(document).text('error'), () => undefined)
  if (code === 'unsupported_token_type') return // §2.2.1: tokens of this kind last until their end, there
  if (code === undefined) throw new ProviderAnswerInvalid(`${from} answered ${answer.status}`)
  throw new ProviderRefused(`${from} answered ${answer.status} ${errorCode(code, [token])}`)
}

export interface DeletionRequest extends Omit<RevocationRequest, 'clientAuth'> {
  readonly clientSecret: string
}

/**
 * The same by a DELETE of the token, as GitHub’s REST API has it (“Delete an app token”). One that is not there any more is no error.
 *
 * @throws as `revokeToken`
 */
export async function deleteToken ({ endpoint, clientId, clientSecret, token, kind, fetch }: DeletionRequest): Promise<void> {
  if (kind !== 'access_token') return
  const credentials = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
  const answer = await fetch(endpoint.replace('{client_id}', encodeURIComponent(clientId)), {
    method: 'DELETE', body: JSON.stringify({ access_token: token }), headers: { authorization: `Basic ${credentials}`, 'content-type': 'application/json', accept: 'application/json' }
  })
  if (answer.status === 204 || answer.status === 404) return
  throw new ProviderAnswerInvalid(`${address(endpoint)} answered ${answer.status}`)
}
