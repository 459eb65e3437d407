import { hash } from 'node:crypto'
import type { Claims } from '../claims.ts'
import { ClockOff, IdTokenInvalid } from '../errors.ts'
import type { Outside } from '../outside.ts'
import type { KeySet } from './keys.ts'
import { checkHeader, checkParties, decodeOnly, seconds, shown, SKEW, verifySignature, type Parties } from './signed-token.ts'

export interface IdTokenExpectation extends Parties {
  /** Absent where the provider's keys are unknown: the token is then believed because TLS brought it (OpenID Connect Core §3.1.3.7, 6). */
  readonly keys?: KeySet | undefined
  /** What the login sent; absent where it could send none (the password grant). */
  readonly nonce?: string | undefined
  readonly nonceRequired: boolean
  /** For a token that comes by a refresh: the mark of the one that came at sign-in, empty where none did. */
  readonly earlier?: string | undefined
  /** What came beside it. */
  readonly accessToken: string
  readonly outside: Outside
  /** What the provider's clock said when the token came, in milliseconds since the epoch. */
  readonly answeredAt?: number | undefined
}

/**
 * The claims of an id_token that passed every check of OpenID Connect Core §3.1.3.7.
 *
 * @throws {IdTokenInvalid} naming the claim
 * @throws {ClockOff} a token that was just made is not valid now
 * @throws {ProviderUnreachable} {ProviderAnswerInvalid} the keys could never be read
 */
export async function verifyIdToken (token: string, expected: IdTokenExpectation): Promise<Claims> {
  const header = checkHeader(token, expected, IdTokenInvalid)
  checkType(header)
  const claims = expected.keys === undefined ? decodeOnly(token, IdTokenInvalid) : await verifySignature(token, expected.keys, IdTokenInvalid)
  checkParties(claims, expected, IdTokenInvalid)
  checkTimes(claims, expected)
  if (expected.earlier === undefined) checkNonce(claims, expected)
  else checkEarlier(claims, expected.earlier)
  checkHash(claims, header.text('alg') ?? '', expected.accessToken)
  const subject = claims.raw('sub')
  if (typeof subject !== 'string' || subject === '') throw new IdTokenInvalid('sub is missing, empty or no text')
  return claims
}

/** Older than types are, an id_token has none, or `JWT`. One that names its kind is of another: `at+jwt`, `logout+jwt` (RFC 8725 §3.11). */
function checkType (header: Claims): void {
  if (!header.has('typ')) return
  const type = header.raw('typ')
  if (typeof type !== 'string' || /\+jwt$/i.test(type)) throw new IdTokenInvalid(`typ is ${shown(type)}, which is no id_token’s`)
}

/** §3.1.3.8: one need not be there in this flow; one that does not fit says that the access token is another's. With EdDSA nobody says by which hash. */
function checkHash (claims: Claims, algorithm: string, accessToken: string): void {
  const [, bits] = /(256|384|512)$/.exec(algorithm) ?? []
  if (!claims.has('at_hash') || bits === undefined) return
  const half = hash(`sha${bits}`, accessToken, 'buffer').subarray(0, Number(bits) / 16)
  if (claims.raw('at_hash') !== half.toString('base64url')) throw new IdTokenInvalid('at_hash is not that of the access token beside it')
}

/** A token that was made for this very request tells its maker's time by `iat`: where that is off, it says whose clock is ahead. */
function checkTimes (claims: Claims, { outside, answeredAt }: IdTokenExpectation): void {
  const now = outside.now() / 1000
  const [exp, iat] = [seconds(claims, 'exp', IdTokenInvalid), seconds(claims, 'iat', IdTokenInvalid)]
  const nbf = claims.has('nbf') ? seconds(claims, 'nbf', IdTokenInvalid) : iat
  const witness = answeredAt === undefined ? '' : `; the Date of the provider’s answer is ${span(answeredAt / 1000 - now)} this machine’s clock`
  if (exp + SKEW <= now && iat + SKEW > now) throw new IdTokenInvalid(`exp is in the past, though the token is new: the provider made one that ends ${span(exp - now)} this machine’s clock${witness}`)
  if (exp + SKEW <= now) throw new ClockOff(`exp is in the past, by ${whole(now - exp)} s, and the token is new: this machine’s clock is ${whole(now - iat)} s ahead of the provider’s${witness}`)
  for (const [name, at] of [['iat', iat], ['nbf', nbf]] as const) {
    if (at - SKEW > now) throw new ClockOff(`${name} is in the future, by ${whole(at - now)} s: this machine’s clock is ${whole(at - now)} s behind the provider’s${witness}`)
  }
}

function span (difference: number): string {
  if (Math.abs(difference) < 2) return 'within 2 s of'
  return `${whole(Math.abs(difference))} s ${difference > 0 ? 'ahead of' : 'behind'}`
}

function whole (seconds: number): number {
  return Math.round(Math.min(seconds, Number.MAX_SAFE_INTEGER))
}

function checkNonce (claims: Claims, { nonce, nonceRequired }: IdTokenExpectation): void {
  if (!claims.has('nonce') && !nonceRequired) return
  if (nonce === undefined || claims.raw('nonce') !== nonce) throw new IdTokenInvalid(`nonce is ${claims.has('nonce') ? 'not the one of this sign-in' : 'missing'}`)
}

/**
 * When the provider wants the session to end that this token begins or goes on with (`session_expiry` of OpenID's IPSIE profiles, a NumericDate).
 *
 * @returns milliseconds since the epoch; undefined where it does not say
 * @throws {IdTokenInvalid} what it says is no time
 */
export function endOf (claims: Claims): number | undefined {
  return claims.has('session_expiry') ? seconds(claims, 'session_expiry', IdTokenInvalid) * 1000 : undefined
}

/** Short, since it travels in the session's cookie: whose token it is, and for which nonce. */
export function markOf (claims: Claims): string {
  return `${short(`${claims.text('iss') ?? ''}\n${claims.text('sub') ?? ''}`)}.${short(claims.text('nonce') ?? '')}`
}

/** OpenID Connect Core §12.2: the same iss and sub as at sign-in; a nonce need not come again, and is the same if it does. */
function checkEarlier (claims: Claims, earlier: string): void {
  if (earlier === '') return
  const [whose, nonce] = earlier.split('.')
  const [now, itsNonce] = markOf(claims).split('.')
  if (now !== whose) throw new IdTokenInvalid('iss or sub is not that of the sign-in: the refreshed token is of somebody else')
  if (claims.has('nonce') && itsNonce !== nonce) throw new IdTokenInvalid('nonce is not the one of the sign-in')
}

function short (text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22)
}
