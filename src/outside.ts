import { randomBytes } from 'node:crypto'

/** The clock and the randomness: the two things a test must be able to replace. Nothing else asks the machine for either. */
export interface Outside {
  /** Milliseconds since the epoch. */
  now (): number
  /** Unpredictable bytes, fit for keys, states and nonces. */
  random (bytes: number): Buffer
}

export const outside: Outside = { now: () => Date.now(), random: bytes => randomBytes(bytes) }
