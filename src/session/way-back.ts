import { unwrap, wrap, type Envelope } from './envelope.ts'
import type { Seal } from './seal.ts'

/** What somebody takes along who signs out at the provider too, as its `state` (OpenID Connect RP-Initiated Logout §2). */
export interface WayBack {
  readonly provider: string
  /** A path of our own origin, or an address of a site that was named: found safe by the settings of then. */
  readonly returnTo: string
}

export interface WaysBack {
  state (way: WayBack): string
  /** @returns null for what is not ours, or older than an hour */
  read (state: string): WayBack | null
}

const LIFETIME = 60 * 60_000
/** Characters: longer ones are not worth a look. */
const LONGEST = 4096

/** Sealed, so that nobody else says where a signed-out page leads. It opens nothing, and needs no cookie. */
export function createWaysBack (seal: Seal, gate: string): WaysBack {
  const envelope: Envelope = { type: 'way-back', cookie: '', gate }
  return {
    state: way => seal.seal(wrap(envelope, way)),
    read (state) {
      const plain = state.length > LONGEST ? null : seal.open(state, LIFETIME)
      return plain === null ? null : unwrap(envelope, plain) as WayBack | null
    }
  }
}
