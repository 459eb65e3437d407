import { Claims } from '../claims.ts'
import { ProviderAnswerInvalid, ProviderRefused } from '../errors.ts'
import { address, readJson, type ProviderFetch } from './http.ts'

/**
 * One JSON document of the provider, read with the access token in the header (RFC 6750 §2.1).
 *
 * @throws {ProviderRefused} 401 or 403: the token does not open this address
 * @throws {ProviderAnswerInvalid} another status, or no JSON
 */
export async function readWithToken (fetch: ProviderFetch, url: string, accessToken: string): Promise<unknown> {
  const answer = await fetch(url, { headers: { accept: 'application/json', authorization: `Bearer ${accessToken}` } })
  if (answer.status === 401 || answer.status === 403) throw new ProviderRefused(`GET ${address(url)} answered ${answer.status}; usually a scope is missing`)
  if (answer.status !== 200) throw new ProviderAnswerInvalid(`GET ${address(url)} answered ${answer.status}`)
  return await readJson(answer, `GET ${address(url)}`)
}

export interface UserInfoRequest {
  readonly fetch: ProviderFetch
  readonly url: string
  readonly accessToken: string
  /** The id_token's `sub`, if there is an id_token. */
  readonly subject: string | undefined
  /** OpenID Connect Core §5.3.2: a userinfo endpoint must say whom it speaks of. A user URL of other kinds need not. */
  readonly subjectRequired: boolean
}

/**
 * What the userinfo endpoint says (OpenID Connect Core §5.3). Signed answers (`application/jwt`) are refused: nobody registers for them by accident.
 *
 * @throws {ProviderAnswerInvalid} no JSON object, or somebody else's `sub` (§5.3.2: token substitution)
 */
export async function readUserInfo ({ fetch, url, accessToken, subject, subjectRequired }: UserInfoRequest): Promise<Claims> {
  const document = await readWithToken(fetch, url, accessToken)
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw new ProviderAnswerInvalid(`GET ${address(url)} answered with JSON that is no object`)
  const claims = new Claims(document)
  const unnamed = !claims.has('sub') && !subjectRequired
  if (subject !== undefined && !unnamed && claims.text('sub') !== subject) throw new ProviderAnswerInvalid(`GET ${address(url)} answered with another sub than the id_token's`)
  return claims
}
