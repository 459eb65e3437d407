// Websocket frames (RFC 6455 §5.2), as cheap as they can be had: those who play client and app must not be what is waited for.
import { randomBytes } from 'node:crypto'

const BINARY = 0x82
const MASKED = 0x80

/** What stands before so many bytes from an app. */
export function headOf (length) {
  if (length < 126) return Buffer.from([BINARY, length])
  if (length < 65_536) return Buffer.from([BINARY, 126, length >> 8, length & 0xff])
  const head = Buffer.alloc(10)
  head.set([BINARY, 127])
  head.writeBigUInt64BE(BigInt(length), 2)
  return head
}

/** A message of an app. */
export function frame (payload) {
  return Buffer.concat([headOf(payload.length), payload])
}

/** A message of a client, under a mask that is not zero: zero is cheaper to take off for some. */
export function maskedFrame (payload) {
  const head = headOf(payload.length)
  head[1] |= MASKED
  const mask = randomBytes(4).map(byte => byte | 1)
  return Buffer.concat([head, mask, payload.map((byte, at) => byte ^ mask[at & 3])])
}

/** An app that says what it hears, as it hears it. */
export class Echo {
  #mask = Buffer.alloc(4)
  #left = 0
  #seen = 0
  #size = 0
  #length = 0
  #at = 0

  /** In place, for an answer is never longer than what it answers. @returns the part of the chunk that is the answer */
  answer (chunk) {
    let to = 0
    for (let from = 0; from < chunk.length;) {
      if (this.#left > 0) {
        const end = Math.min(chunk.length, from + this.#left)
        this.#left -= end - from
        this.#unmask(chunk, from, end)
        chunk.copyWithin(to, from, end)
        to += end - from
        from = end
      } else {
        const byte = this.#head(chunk[from++])
        if (byte !== undefined) chunk[to++] = byte
      }
    }
    return chunk.subarray(0, to)
  }

  /** Four bytes at a time, where memory has them together. */
  #unmask (chunk, from, end) {
    while (from < end && (chunk.byteOffset + from & 3) !== 0) chunk[from++] ^= this.#mask[this.#at++ & 3]
    if (from === end) return
    const words = new Int32Array(chunk.buffer, chunk.byteOffset + from, end - from >> 2)
    const bytes = this.#mask.map((_byte, index) => this.#mask[this.#at + index & 3])
    const word = bytes.readInt32LE()
    for (let index = 0; index < words.length; index++) words[index] ^= word
    from += words.length * 4
    while (from < end) chunk[from++] ^= this.#mask[this.#at++ & 3]
  }

  /** @returns the byte of the answer's head; there is none for the mask */
  #head (byte) {
    const position = this.#seen++
    if (position === 0) return byte
    if (position === 1) {
      const short = byte & 0x7f
      this.#size = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0)
      this.#length = this.#size === 2 ? short : 0
      return short
    }
    if (position < this.#size) {
      this.#length = this.#length * 256 + byte
      return byte
    }
    this.#mask[position - this.#size] = byte
    if (this.#seen < this.#size + 4) return undefined
    this.#left = this.#length
    this.#seen = 0
    this.#at = 0
    return undefined
  }
}
