import { decodeProtectedHeader } from 'jose/decode/protected_header'
import { JOSEError } from 'jose/errors'
import { compactVerify } from 'jose/jws/compact/verify'
import { decodeJwt } from 'jose/jwt/decode'
import { Claims } from '../claims.ts'
import { GateError } from '../errors.ts'
import type { KeySet } from './keys.ts'

/** Asymmetric only: with `none` or HS* in the list, whoever knows the public key could sign (RFC 8725 §2.1, §3.1). */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
const TENANT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Seconds by which two clocks may differ. */
export const SKEW = 60

/** The error of a token of one kind. */
export type Fault = new (detail: string) => GateError

export interface Parties {
  readonly clientId: string
  /** Absent where nobody said who the issuer is. `{tid}` in it stands for that claim of the token, if that is a tenant's id. */
  readonly issuer?: string | undefined
  /** By what the provider says that it signs (OpenID Connect Discovery §3); absent where it does not say. */
  readonly algorithms?: readonly string[] | undefined
}

/** Before the signature, so that a token believed by TLS alone is held to the same list. @returns the header */
export function checkHeader (token: string, { algorithms }: Pick<Parties, 'algorithms'>, Fault: Fault): Claims {
  const header = new Claims(attempt(() => decodeProtectedHeader(token), Fault))
  const algorithm = header.text('alg') ?? ''
  if (!ALGORITHMS.includes(algorithm)) throw new Fault(`the algorithm ${JSON.stringify(algorithm.slice(0, 40))} is not accepted`)
  if (algorithms?.includes(algorithm) === false) throw new Fault(`the algorithm ${JSON.stringify(algorithm)} is not among those that the discovery document names in id_token_signing_alg_values_supported (${algorithms.join(', ').slice(0, 300)})`)
  if (header.has('crit')) throw new Fault('the header has crit, which no such token needs')
  if (header.has('kid') && typeof header.raw('kid') !== 'string') throw new Fault(`kid is ${shown(header.raw('kid'))}, and must be a text`)
  return header
}

/** @throws {GateError} also what the key set throws */
export async function verifySignature (token: string, keys: KeySet, Fault: Fault): Promise<Claims> {
  try {
    const { payload } = await compactVerify(token, keys, { algorithms: ALGORITHMS })
    return new Claims(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)))
  } catch (error) {
    if (error instanceof GateError) throw error
    throw new Fault(`the signature could not be verified: ${error instanceof JOSEError || error instanceof TypeError ? error.message : 'the token or its key is malformed'}`)
  }
}

export function decodeOnly (token: string, Fault: Fault): Claims {
  return new Claims(attempt(() => decodeJwt(token), Fault))
}

function attempt<T> (read: () => T, Fault: Fault): T {
  try {
    return read()
  } catch {
    throw new Fault('it is no JSON Web Token')
  }
}

/** iss, aud and azp: whose token, and for whom (OpenID Connect Core §3.1.3.7, 2 to 5). */
export function checkParties (claims: Claims, { issuer, clientId }: Parties, Fault: Fault): void {
  if (issuer !== undefined) checkIssuer(claims, issuer, Fault)
  const audiences = audiencesOf(claims)
  if (!audiences.includes(clientId)) throw new Fault(`aud is ${shown(claims.raw('aud'))}, not ${shown(clientId)}`)
  if ((claims.has('azp') || audiences.length > 1) && claims.raw('azp') !== clientId) throw new Fault(`azp is ${shown(claims.raw('azp'))}, not ${shown(clientId)}`)
}

export function audiencesOf (claims: Claims): readonly unknown[] {
  const aud = claims.raw('aud')
  return Array.isArray(aud) ? aud : [aud]
}

/** An issuer for each tenant (Entra): the token names its own, and the two must agree. */
function checkIssuer (claims: Claims, issuer: string, Fault: Fault): void {
  const tenant = claims.raw('tid')
  const isOfMany = issuer.includes('{tid}')
  if (isOfMany && (typeof tenant !== 'string' || !TENANT.test(tenant))) throw new Fault(`tid is ${shown(tenant)}, which is no tenant’s id`)
  const expected = isOfMany ? issuer.replace('{tid}', String(tenant)) : issuer
  if (claims.raw('iss') !== expected) throw new Fault(`iss is ${shown(claims.raw('iss'))}, not ${shown(expected)}`)
}

export function seconds (claims: Claims, name: string, Fault: Fault): number {
  const value = claims.raw(name)
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Fault(`${name} is missing or not a number`)
  return value
}

/** JSON may be deeper than anything that writes it can stand. */
export function shown (value: unknown): string {
  try {
    return (JSON.stringify(value) ?? 'missing').slice(0, 300)
  } catch {
    return 'too deep to be shown'
  }
}
