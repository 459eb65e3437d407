import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, timingSafeEqual, type KeyObject } from 'node:crypto'
import type { Outside } from '../outside.ts'
import { createMac, type Mac } from './mac.ts'

/** Encrypts and authenticates, or opens what was sealed so (Fernet: github.com/fernet/spec). */
export interface Seal {
  /** @returns a Fernet token, base64url with padding, as Python's `cryptography` writes it */
  seal (plain: string | Uint8Array): string
  /**
   * @param maxAge milliseconds since sealing after which the token is void; what is sealed inside may say less
   * @returns null for everything that was not sealed under one of the keys, whatever is wrong with it
   */
  open (token: string, maxAge?: number): Buffer | null
  /** The same, with a name for the key that it was sealed under. */
  unseal (token: string, maxAge?: number): { readonly plain: Buffer, readonly key: string } | null
  /** Of the keys in their order; a name tells nothing of its key. */
  readonly names: readonly string[]
}

const VERSION = 0x80
const HEAD = 1 + 8 + 16 // version, seconds since the epoch, IV
const MAC = 32
const BLOCK = 16
const CLOCK_SKEW = 60_000

interface Key {
  readonly mac: Mac
  readonly encrypt: KeyObject
  /** @param ciphered the IV and what is encrypted with it @returns null for a padding that is none (RFC 5652 §6.3) */
  readonly decrypt: (ciphered: Buffer) => Buffer | null
  readonly name: string
}

/**
 * @param keys 32 bytes each: the first seals, all open
 * @throws {RangeError} no key, or one of another length
 */
export function createSeal (keys: readonly Uint8Array[], outside: Outside): Seal {
  if (keys.length === 0) throw new RangeError('a seal needs a key')
  const ring = keys.map(splitKey)
  const first = ring[0] as Key
  let names: readonly string[] | undefined
  const find = (token: string, maxAge = Infinity): { readonly plain: Buffer, readonly key: Key } | null => {
    const raw = decode(token)
    if (raw === null) return null
    const sealedAt = (raw.readUInt32BE(1) * 2 ** 32 + raw.readUInt32BE(5)) * 1000
    const now = outside.now()
    if (sealedAt > now + CLOCK_SKEW || sealedAt + maxAge < now) return null
    const end = raw.length - MAC
    const given = raw.subarray(end)
    for (const key of ring) {
      if (!timingSafeEqual(key.mac(raw, end), given)) continue
      const plain = key.decrypt(raw.subarray(HEAD - BLOCK, end))
      return plain === null ? null : { plain, key }
    }
    return null
  }
  return {
    seal: plain => write(first, outside, plain),
    open: (token, maxAge) => find(token, maxAge)?.plain ?? null,
    unseal (token, maxAge) {
      const found = find(token, maxAge)
      return found === null ? null : { plain: found.plain, key: found.key.name }
    },
    get names () { return names ??= ring.map(({ name }) => name) }
  }
}

/**
 * A key for one purpose (HKDF-SHA256, RFC 5869): what is sealed for one can never be opened as another.
 *
 * @param label the purpose
 */
export function deriveKey (secret: string | Uint8Array, label: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'oauth-gate', label, 32))
}

// What a key is worked with is made once: with raw bytes Node would import it anew at every call. For a session in a store that is once a record, so that nothing is made here which may not be needed.
function splitKey (bytes: Uint8Array): Key {
  if (bytes.length !== 32) throw new RangeError('a Fernet key has 32 bytes')
  const encrypt = createSecretKey(bytes.subarray(16))
  let name: string | undefined
  return {
    mac: createMac(bytes.subarray(0, 16)), encrypt, decrypt: createDecrypt(encrypt),
    get name () { return name ??= deriveKey(bytes, 'name').toString('base64url') } // of many nobody asks for it
  }
}

function write (key: Key, outside: Outside, plain: string | Uint8Array): string {
  const head = Buffer.alloc(HEAD)
  head[0] = VERSION
  head.writeBigUInt64BE(BigInt(Math.floor(outside.now() / 1000)), 1)
  const iv = outside.random(16)
  head.set(iv, 9)
  const cipher = createCipheriv('aes-128-cbc', key.encrypt, iv)
  const body = Buffer.concat([head, cipher.update(plain), cipher.final()])
  return padded(Buffer.concat([body, key.mac(body)]))
}

// Strict on purpose: one token has one spelling, so that a cookie text identifies a session in the cache.
function decode (token: string): Buffer | null {
  if (!token.startsWith('g')) return null // the first six bits of the version; most of what is no token ends here
  const raw = Buffer.from(token, 'base64url')
  const cipherText = raw.length - HEAD - MAC
  if (cipherText < 16 || cipherText % 16 !== 0 || raw[0] !== VERSION) return null
  return padded(raw) === token ? raw : null
}

/**
 * One decipher for all: each that is made is one more object outside the heap for the garbage collector to see to, which costs more than what it does.
 * In CBC (NIST SP 800-38A §6.2) a block needs its own bytes and those before it, and nothing else of what was before: with the IV in front
 * of the rest, only the block that the IV itself becomes depends on what was opened last, and it is thrown away. Whole blocks alone may come here:
 * a part of one would stay in it, and be taken for the beginning of the next token.
 */
function createDecrypt (key: KeyObject): Key['decrypt'] {
  let decipher: ReturnType<typeof createDecipheriv> | undefined
  return ciphered => {
    decipher ??= createDecipheriv('aes-128-cbc', key, Buffer.alloc(BLOCK)).setAutoPadding(false)
    const plain = decipher.update(ciphered)
    const padding = plain[plain.length - 1] ?? 0
    if (padding < 1 || padding > BLOCK) return null // authentic, and yet broken: only a key holder can make one
    for (let at = plain.length - padding; at < plain.length; at++) if (plain[at] !== padding) return null
    return plain.subarray(BLOCK, plain.length - padding)
  }
}

function padded (raw: Buffer): string {
  const text = raw.toString('base64url')
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}
