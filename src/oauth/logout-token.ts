import type { Claims } from '../claims.ts'
import { LogoutTokenInvalid } from '../errors.ts'
import type { Outside } from '../outside.ts'
import type { KeySet } from './keys.ts'
import { audiencesOf, checkHeader, checkParties, decodeOnly, seconds, shown, SKEW, verifySignature, type Parties } from './signed-token.ts'

/** What a provider says has ended there: one of its sessions, or all of somebody. */
export interface Logout {
  /** Tells this token from every other of its provider. */
  readonly jti: string
  /** When it was made, in milliseconds since the epoch by the provider's clock. */
  readonly issuedAt: number
  readonly sid?: string
  readonly sub?: string
}

/** Whose token it is, and for whom, in its own words. */
export interface Claimed {
  readonly issuer: string | undefined
  readonly audiences: readonly unknown[]
}

export interface LogoutTokenExpectation extends Parties {
  /** Never believed without: it comes from whoever reaches the gate. */
  readonly keys: KeySet
  readonly outside: Pick<Outside, 'now'>
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** Seconds after which a token that was not delivered counts no more: its `jti` need not be remembered for longer. */
export const OLDEST = 600
/** Characters of a session's or subject's name: OpenID Connect Core §2 has that many for `sub`. */
const LONGEST_NAME = 255

/**
 * A logout token that passed every check of OpenID Connect Back-Channel Logout §2.6, but for whether its `jti` has come before.
 *
 * @throws {LogoutTokenInvalid} naming the claim
 * @throws {ProviderUnreachable} {ProviderAnswerInvalid} the keys could never be read
 */
export async function verifyLogoutToken (token: string, expected: LogoutTokenExpectation): Promise<Logout> {
  checkType(checkHeader(token, expected, LogoutTokenInvalid))
  read(decodeOnly(token, LogoutTokenInvalid), expected) // what could not count costs nobody a signature, nor the provider a request for its keys
  return read(await verifySignature(token, expected.keys, LogoutTokenInvalid), expected)
}

function read (claims: Claims, expected: LogoutTokenExpectation): Logout {
  checkParties(claims, expected, LogoutTokenInvalid)
  checkTimes(claims, expected.outside.now() / 1000)
  checkEvent(claims)
  const [jti, sid, sub] = [nameIn(claims, 'jti'), nameIn(claims, 'sid'), nameIn(claims, 'sub')]
  if (jti === undefined) throw new LogoutTokenInvalid('jti is missing')
  if (sid === undefined && sub === undefined) throw new LogoutTokenInvalid('both sid and sub are missing')
  return { jti, issuedAt: seconds(claims, 'iat', LogoutTokenInvalid) * 1000, ...sid !== undefined && { sid }, ...sub !== undefined && { sub } }
}

/** What a token says of itself before anything of it is verified: enough to find who has to. @throws {LogoutTokenInvalid} it is none */
export function claimedBy (token: string): Claimed {
  const claims = decodeOnly(token, LogoutTokenInvalid)
  return { issuer: claims.text('iss'), audiences: audiencesOf(claims) }
}

/** The id_token's name for the provider's session; absent also for one that nothing could go by. */
export function sidOf (claims: Claims | undefined): string | undefined {
  const sid = claims?.raw('sid')
  return typeof sid === 'string' && sid !== '' && sid.length <= LONGEST_NAME ? sid : undefined
}

/** §2.4: `logout+jwt`, which older providers leave out. Another one, such as `at+jwt`, says that it is for something else (RFC 8725 §3.11). */
function checkType (header: Claims): void {
  const type = header.has('typ') ? header.raw('typ') : 'jwt'
  const name = typeof type === 'string' ? type.toLowerCase().replace(/^application\//, '') : undefined
  if (name !== 'logout+jwt' && name !== 'jwt') throw new LogoutTokenInvalid(`typ is ${shown(type)}, which is no logout token’s`)
}

function checkTimes (claims: Claims, now: number): void {
  const iat = seconds(claims, 'iat', LogoutTokenInvalid)
  if (iat - SKEW > now) throw new LogoutTokenInvalid(`iat is in the future, by ${Math.round(iat - now)} s: compare the clocks of both machines`)
  if (iat + OLDEST < now) throw new LogoutTokenInvalid(`iat is ${Math.round(now - iat)} s ago, and after ${OLDEST} s it counts no more`)
  if (claims.has('exp') && seconds(claims, 'exp', LogoutTokenInvalid) + SKEW <= now) throw new LogoutTokenInvalid('exp is in the past')
  if (claims.has('nbf') && seconds(claims, 'nbf', LogoutTokenInvalid) - SKEW > now) throw new LogoutTokenInvalid('nbf is in the future')
}

/** §2.6, 6 and 7. The nonce is what tells an id_token, which must not end anything. */
function checkEvent (claims: Claims): void {
  const events = claims.raw('events')
  const event = typeof events === 'object' && events !== null ? new Map(Object.entries(events)).get(EVENT) as unknown : undefined
  if (typeof event !== 'object' || event === null || Array.isArray(event)) throw new LogoutTokenInvalid(`events has no object called ${EVENT}`)
  if (claims.has('nonce')) throw new LogoutTokenInvalid('nonce is there, which a logout token must not have')
}

function nameIn (claims: Claims, name: string): string | undefined {
  const value = claims.raw(name)
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '' || value.length > LONGEST_NAME) throw new LogoutTokenInvalid(`${name} is ${shown(value)}, and must be a text of at most ${LONGEST_NAME} characters`)
  return value
}
