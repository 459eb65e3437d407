// What a row of the tables says: what the provider does, and what must come of it.
import type { JWTHeaderParameters } from 'jose'
import type { Answer } from '../../fixtures/hostile-provider.ts'
import type { Misbehaving } from './provider.ts'

export type Members = Readonly<Record<string, unknown>>
export type Json = Members | readonly unknown[] | string | null | undefined
/** Said at once, or when the provider is asked: only then is the nonce of a login known. */
export type Told<T> = T | ((provider: Misbehaving) => T | Promise<T>)

/** What the provider does otherwise than an honest one. In members, `undefined` takes one away. */
export interface Does {
  readonly discovery?: Told<Members>
  /** Of the address that the browser is sent back to: a list is a parameter that comes several times. */
  readonly back?: Told<Members>
  readonly token?: Told<Members>
  readonly claims?: Told<Members>
  readonly header?: Told<Partial<JWTHeaderParameters>>
  /** Instead of an honest one. */
  readonly idToken?: Told<Json>
  readonly keys?: Told<Json>
  readonly user?: Told<Members>
  /** Whole answers, by path. */
  readonly answers?: Readonly<Record<string, (provider: Misbehaving) => Answer>>
  /** It takes a code from whoever brings it, whatever the verifier. */
  readonly ignoresPkce?: true
  /** Before anybody comes. */
  readonly first?: (provider: Misbehaving) => unknown
}

/** Which documents the gate asked for, in turn, by the last part of their paths: each as often as it is named here, and no more. */
export type Asked = string

export interface Refused {
  readonly code: keyof typeof STATUS
  /** The line in the log. */
  readonly says: RegExp
  readonly asked: Asked
}

export interface Admitted {
  /** Headers that the app gets. */
  readonly app: Readonly<Record<string, string | RegExp | undefined>>
  readonly asked: Asked
}

export interface Row {
  /** The attack, or the accident. */
  readonly title: string
  readonly does: Does
  readonly expects: Refused | Admitted
  /** A gate that knows nothing of the provider yet; the others share one that has its documents. */
  readonly fresh?: true
  /** Somebody else is at the provider meanwhile, and their code is unused. */
  readonly another?: true
  /** Milliseconds that pass before. */
  readonly after?: number
  /** Some seconds, for the gate waits as long as it would for an honest one. */
  readonly slow?: true
  /** The gate's settings beside the usual. */
  readonly settings?: Readonly<Record<string, unknown>>
}

/** What `x-oauth-gate` says, and the status beside it. */
export const STATUS = {
  GATE_MALFORMED_REQUEST: 400, GATE_LOGIN_MISMATCH: 400, GATE_ISSUER_MISMATCH: 400, GATE_LOGIN_REPLAYED: 400, GATE_COOKIES_REFUSED: 400, GATE_FORM_NOT_SENT: 401, GATE_LOGIN_CANCELLED: 401, GATE_PROVIDER_REFUSED: 401, GATE_GRANT_REFUSED: 401,
  GATE_ID_TOKEN_INVALID: 401, GATE_USER_MISSING: 401, GATE_ACCESS_DENIED: 403, GATE_IDENTITY_TOO_LARGE: 403, GATE_SESSION_TOO_LARGE: 500, GATE_PROVIDER_UNREACHABLE: 502, GATE_PROVIDER_ANSWER_INVALID: 502,
  GATE_DISCOVERY_MISMATCH: 502, GATE_CLIENT_REFUSED: 502, GATE_REDIRECT_URI_REFUSED: 502, GATE_CLOCK_OFF: 502, GATE_PROVIDER_TIMEOUT: 504
} as const

/** Who the honest provider speaks of, as the app is told. */
export const ADA = { 'x-forwarded-user': 'ada@example.com', 'x-forwarded-email': 'ada@example.com', 'x-forwarded-groups': 'staff' } as const

export const refused = (code: Refused['code'], says: RegExp, asked: Asked): Refused => ({ code, says, asked })
export const admitted = (app: Admitted['app'] = ADA, asked: Asked = 'token user'): Admitted => ({ app, asked })
