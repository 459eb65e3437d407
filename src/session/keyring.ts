import type { Outside } from '../outside.ts'
import { createSeal, deriveKey, type Seal } from './seal.ts'

/** Every key of the gate, one purpose each. */
export interface Keyring {
  /** Under the operator's own keys where there are any, so that Python's `cryptography` opens it. */
  readonly session: Seal
  readonly login: Seal
  /** For the HMAC over states; the first signs, all verify. */
  readonly state: readonly Buffer[]
  /** For the HMAC over marks (loop.ts). */
  readonly mark: readonly Buffer[]
  /** For the HMAC over the entry of somebody whose password the gate knows. */
  readonly people: readonly Buffer[]
}

/**
 * @param cookieSecret any text; stretched by HKDF, which adds no entropy to a short one
 * @param encryptionKeys 32 bytes each; the first seals, all open
 */
export function createKeyring (cookieSecret: string | undefined, encryptionKeys: readonly Uint8Array[], outside: Outside): Keyring {
  const masters = cookieSecret === undefined ? encryptionKeys : [cookieSecret]
  const derived = (label: string) => masters.map(master => deriveKey(master, label))
  return {
    session: createSeal(encryptionKeys.length > 0 ? encryptionKeys : derived('session'), outside),
    login: createSeal(derived('login'), outside),
    state: derived('state'),
    mark: derived('mark'),
    people: derived('people')
  }
}
