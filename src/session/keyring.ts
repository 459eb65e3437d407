import type { Outside } from '../outside.ts'
import { createSeal, deriveKey, type Seal } from './seal.ts'

/** Every key of the gate, one purpose each. */
export interface Keyring {
  /** Under the operator's own keys where there are any and no app has them too, so that Python's `cryptography` opens it. */
  readonly session: Seal
  /** Under the operator's own keys, for what the app opens with one of them. */
  readonly app?: Seal
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
 * @param app an app shares the operator's keys, or may: then they seal what it `opens` and nothing else, as the cookie secret signs what it reads
 */
export function createKeyring (cookieSecret: string | undefined, encryptionKeys: readonly Uint8Array[], outside: Outside, app?: { readonly opens: boolean }): Keyring {
  const masters = cookieSecret === undefined ? encryptionKeys : [cookieSecret]
  const derived = (label: string) => masters.map(master => deriveKey(master, label))
  const own = app === undefined ? encryptionKeys : encryptionKeys.map(key => deriveKey(key, 'session beside an app'))
  return {
    session: createSeal(own.length > 0 ? own : derived('session'), outside),
    ...app?.opens === true && { app: createSeal(encryptionKeys, outside) },
    login: createSeal(derived('login'), outside),
    state: derived('state'),
    mark: derived('mark'),
    people: derived('people')
  }
}
