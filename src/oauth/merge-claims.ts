import { decodeJwt } from 'jose'
import { Claims } from '../claims.ts'

/**
 * The claims of one sign-in as one document: each claim from the first source that has it, the JWT access token last.
 *
 * @param trusted the id_token, then userinfo
 */
export function mergeClaims (trusted: readonly Claims[], accessToken: string): Claims {
  const all = listDocuments(trusted, accessToken)
  // one source's "verified" must not vouch for an address that another source doubts
  const doubted = all.some(source => source.has('email_verified') && !source.is('email_verified'))
  return Claims.merge(doubted ? [new Claims({ email_verified: false }), ...all] : all)
}

/** What was said, one document after the other: the order in which a field is looked for. @param trusted the id_token, then userinfo */
export function listDocuments (trusted: readonly Claims[], accessToken: string, accessTokenFirst = false): readonly Claims[] {
  const sure = Claims.merge(trusted)
  const ofAccessToken = fromAccessToken(accessToken, sure.text('sub') ?? sure.text('id'))
  return accessTokenFirst ? [...ofAccessToken, ...trusted] : [...trusted, ...ofAccessToken]
}

/** Decoded only: an access token is the API's to verify (RFC 9068), most are opaque, and one of another subject says nothing about this person. */
function fromAccessToken (accessToken: string, subject: string | undefined): Claims[] {
  try {
    const claims = new Claims(decodeJwt(accessToken))
    return !claims.has('sub') || claims.text('sub') === subject ? [claims] : []
  } catch {
    return []
  }
}
