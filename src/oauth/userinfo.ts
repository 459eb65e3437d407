import { Claims } from '../claims.ts'
import { ProviderAnswerInvalid } from '../errors.ts'
import { address } from './http.ts'
import { readWithToken, type ResourceRequest } from './resources.ts'

/** Token substitution (OpenID Connect Core §5.3.2): the access token is not of whom the id_token speaks of. */
export class AnotherSubject extends ProviderAnswerInvalid {}

export interface UserInfoRequest extends ResourceRequest {
  readonly url: string
  /** The id_token's `sub`, if there is an id_token. */
  readonly subject: string | undefined
  /** OpenID Connect Core §5.3.2: a userinfo endpoint must say whom it speaks of. A user URL of other kinds need not. */
  readonly subjectRequired: boolean
}

/**
 * What the userinfo endpoint says (OpenID Connect Core §5.3). Signed answers (`application/jwt`) are refused: nobody registers for them by accident.
 *
 * @throws {AnotherSubject} somebody else's `sub`; {ProviderAnswerInvalid} no JSON object
 */
export async function readUserInfo ({ url, subject, subjectRequired, ...request }: UserInfoRequest): Promise<Claims> {
  const document = await readWithToken(url, request)
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw new ProviderAnswerInvalid(`GET ${address(url)} answered with JSON that is no object`)
  const claims = new Claims(document)
  const unnamed = !claims.has('sub') && !subjectRequired
  if (subject !== undefined && !unnamed && claims.text('sub') !== subject) throw new AnotherSubject(`GET ${address(url)} answered with another sub than the id_token's`)
  return claims
}
