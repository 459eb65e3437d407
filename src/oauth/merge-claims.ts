import { decodeJwt } from 'jose/jwt/decode'
import { Claims, doubtsEmail } from '../claims.ts'
import type { Said, SourceDocument } from '../identity/sources.ts'

/** By what a source says that the address is its person’s, or its domain the tenant’s. */
const VOUCHING = new Set(['email_verified', 'verified_email', 'xms_edov'])

/**
 * The claims of one sign-in as one document: each claim from the first source that has it, the JWT access token last.
 *
 * @param documents as `listDocuments` has them
 */
export function mergeClaims (documents: readonly SourceDocument[]): Claims {
  const all = documents.toSorted((one, other) => Number(one.name === 'access_token') - Number(other.name === 'access_token')).map(({ claims }) => claims)
  // one source's "verified" must not vouch for an address that another source doubts
  const doubted = all.some(source => doubtsEmail(source))
  if (doubted) return Claims.merge([new Claims({ email_verified: false }), ...all])
  // nor for another address than its own
  const addressIn = (source: Claims) => source.text('email')?.toLowerCase()
  const email = addressIn(Claims.merge(all))
  return Claims.merge(all.map(source => [undefined, email].includes(addressIn(source)) ? source : withoutWord(source)))
}

function withoutWord (source: Claims): Claims {
  return new Claims(Object.fromEntries(source.names().filter(name => !VOUCHING.has(name)).map(name => [name, source.raw(name)])))
}

/** What was said, one document after the other: the order in which a field is looked for. @param trusted the id_token, then userinfo */
export function listDocuments (trusted: readonly SourceDocument[], accessToken: string, accessTokenFirst = false): readonly SourceDocument[] {
  const sure = Claims.merge(trusted.map(({ claims }) => claims))
  const ofAccessToken = fromAccessToken(accessToken, sure.text('sub') ?? sure.text('id')).map(claims => ({ name: 'access_token', claims }))
  return accessTokenFirst ? [...ofAccessToken, ...trusted] : [...trusted, ...ofAccessToken]
}

/**
 * Everything that was said of somebody, by the names under which it is looked for.
 *
 * @param documents as `listDocuments` has them
 * @param names what the provider's file wants read beside: what settings put out of reach is an empty document too
 * @param read what was read of these
 */
export function putTogether (documents: readonly SourceDocument[], names: readonly string[], read: Iterable<readonly [name: string, document: Claims]>): Said {
  const user = names.includes('user') ? documents.find(({ name }) => name === 'userinfo')?.claims : undefined
  const nothing = names.map(name => [name, new Claims(undefined)] as const)
  return { documents, sources: { ...Object.fromEntries([...nothing, ...read]), ...user !== undefined && { user }, claims: mergeClaims(documents) } }
}

/** Decoded only: an access token is the API's to verify (RFC 9068), most are opaque, and one of another subject says nothing about this person. */
function fromAccessToken (accessToken: string, subject: string | undefined): Claims[] {
  const claims = claimsOfToken(accessToken)
  return claims === undefined || (claims.has('sub') && claims.text('sub') !== subject) ? [] : [claims]
}

/** What a JSON Web Token says, whoever made it (RFC 7519 §7.2 without verification): `undefined` for what is none. */
export function claimsOfToken (token: string): Claims | undefined {
  try {
    return new Claims(decodeJwt(token))
  } catch {
    return undefined
  }
}
