import { hash } from 'node:crypto'

/** @param end the bytes before it count; all unless given @returns 32 bytes, which are these until the next are asked for */
export type Mac = (bytes: Buffer, end?: number) => Buffer

const BLOCK = 64 // bytes that SHA-256 takes at a time
const DIGEST = 32
const INNER = 0x36
const OUTER = 0x5c
/** Where a key and a message are put one behind the other. What has no room in it is longer than nearly any session. */
const desk = Buffer.alloc(BLOCK + 16 * 1024)

/**
 * HMAC-SHA256 (RFC 2104 §2) of two digests. Node's own makes an object outside the heap each time, which costs the garbage collector more than the digests cost.
 *
 * @param key at most 64 bytes
 * @throws {RangeError} a longer one
 */
export function createMac (key: Uint8Array): Mac {
  if (key.length > BLOCK) throw new RangeError(`a key for HMAC-SHA256 has ${key.length} bytes`)
  const inner = Buffer.alloc(BLOCK, INNER)
  const outer = Buffer.alloc(BLOCK + DIGEST, OUTER)
  for (const [at, byte] of key.entries()) {
    inner[at] = byte ^ INNER
    outer[at] = byte ^ OUTER
  }
  const result = Buffer.alloc(DIGEST)
  return (bytes, end = bytes.length) => {
    if (end > bytes.length) throw new RangeError(`${end} bytes of ${bytes.length}`) // or it would be of what lies on the desk
    const all = BLOCK + end > desk.length ? Buffer.alloc(BLOCK + end) : desk.subarray(0, BLOCK + end)
    all.set(inner)
    bytes.copy(all, BLOCK, 0, end)
    outer.write(hash('sha256', all, 'binary'), BLOCK, 'latin1') // as text, since Node makes a buffer of its own more slowly
    result.write(hash('sha256', outer, 'binary'), 'latin1')
    return result
  }
}
