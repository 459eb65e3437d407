import { compactVerify, decodeJwt, decodeProtectedHeader, errors } from 'jose'
import { hash } from 'node:crypto'
import { Claims } from '../claims.ts'
import { ClockOff, GateError, IdTokenInvalid } from '../errors.ts'
import type { Outside } from '../outside.ts'
import type { KeySet } from './keys.ts'

/** Asymmetric only: with `none` or HS* in the list, whoever knows the public key could sign (RFC 8725 §2.1, §3.1). */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const SKEW = 60 // seconds
const TENANT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export interface IdTokenExpectation {
  readonly clientId: string
  /** Absent where nobody said who the issuer is. `{tid}` in it stands for that claim of the token, if that is a tenant's id. */
  readonly issuer?: string | undefined
  /** Absent where the provider's keys are unknown: the token is then believed because TLS brought it (OpenID Connect Core §3.1.3.7, 6). */
  readonly keys?: KeySet | undefined
  /** What the login sent; absent where it could send none (the password grant). */
  readonly nonce?: string | undefined
  readonly nonceRequired: boolean
  /** For a token that comes by a refresh: the mark of the one that came at sign-in, empty where none did. */
  readonly earlier?: string | undefined
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
  checkHeader(token)
  const claims = expected.keys === undefined ? decode(token) : await verify(token, expected.keys)
  checkParties(claims, expected)
  checkTimes(claims, expected)
  if (expected.earlier === undefined) checkNonce(claims, expected)
  else checkEarlier(claims, expected.earlier)
  const subject = claims.raw('sub')
  if (typeof subject !== 'string' || subject === '') throw new IdTokenInvalid('sub is missing, empty or no text')
  return claims
}

/** Before the signature, so that a token believed by TLS alone is held to the same list. */
function checkHeader (token: string): void {
  const header = new Claims(attempt(() => decodeProtectedHeader(token)))
  const algorithm = header.text('alg') ?? ''
  if (!ALGORITHMS.includes(algorithm)) throw new IdTokenInvalid(`the algorithm ${JSON.stringify(algorithm.slice(0, 40))} is not accepted`)
  if (header.has('crit')) throw new IdTokenInvalid('the header has crit, which no id_token needs')
}

async function verify (token: string, keys: KeySet): Promise<Claims> {
  try {
    const { payload } = await compactVerify(token, keys, { algorithms: ALGORITHMS })
    return new Claims(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)))
  } catch (error) {
    if (error instanceof GateError) throw error
    throw new IdTokenInvalid(`the signature could not be verified: ${error instanceof errors.JOSEError ? error.message : 'the token is malformed'}`)
  }
}

function decode (token: string): Claims {
  return new Claims(attempt(() => decodeJwt(token)))
}

function attempt<T> (read: () => T): T {
  try {
    return read()
  } catch {
    throw new IdTokenInvalid('the id_token is no JSON Web Token')
  }
}

/** iss, aud and azp: whose token, and for whom. */
function checkParties (claims: Claims, { issuer, clientId }: IdTokenExpectation): void {
  if (issuer !== undefined) checkIssuer(claims, issuer)
  const aud = claims.raw('aud')
  const audiences: unknown[] = Array.isArray(aud) ? aud : [aud]
  if (!audiences.includes(clientId)) throw new IdTokenInvalid(`aud is ${shown(aud)}, not ${shown(clientId)}`)
  if ((claims.has('azp') || audiences.length > 1) && claims.raw('azp') !== clientId) throw new IdTokenInvalid(`azp is ${shown(claims.raw('azp'))}, not ${shown(clientId)}`)
}

/** An issuer for each tenant (Entra): the token names its own, and the two must agree. */
function checkIssuer (claims: Claims, issuer: string): void {
  const tenant = claims.raw('tid')
  const isOfMany = issuer.includes('{tid}')
  if (isOfMany && (typeof tenant !== 'string' || !TENANT.test(tenant))) throw new IdTokenInvalid(`tid is ${shown(tenant)}, which is no tenant’s id`)
  const expected = isOfMany ? issuer.replace('{tid}', String(tenant)) : issuer
  if (claims.raw('iss') !== expected) throw new IdTokenInvalid(`iss is ${shown(claims.raw('iss'))}, not ${shown(expected)}`)
}

/** A token that was made for this very request tells its maker's time by `iat`: where that is off, it says whose clock is ahead. */
function checkTimes (claims: Claims, { outside, answeredAt }: IdTokenExpectation): void {
  const now = outside.now() / 1000
  const [exp, iat] = [seconds(claims, 'exp'), seconds(claims, 'iat')]
  const nbf = claims.has('nbf') ? seconds(claims, 'nbf') : iat
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

function seconds (claims: Claims, name: string): number {
  const value = claims.raw(name)
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new IdTokenInvalid(`${name} is missing or not a number`)
  return value
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
  return claims.has('session_expiry') ? seconds(claims, 'session_expiry') * 1000 : undefined
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

function shown (value: unknown): string {
  return (JSON.stringify(value) ?? 'missing').slice(0, 300)
}
