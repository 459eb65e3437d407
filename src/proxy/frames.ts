/** RFC 6455 §5.2: two bytes, up to eight of length, up to four of mask. */
const headAtLeast = 2
const closeOpcode = 0x8
/** §5.5: from here on frames are about the connection: close, ping, pong. */
const controlOpcodes = 0x8

/** Keeps to where one direction of a websocket stands between its frames, from their lengths alone; no payload is kept. */
export class FrameFollower {
  #payloadLeft = 0
  #headSeen = 0
  #headSize = headAtLeast
  #lengthBytes = 0
  #length = 0
  #isClose = false
  readonly #said: (() => void) | undefined
  #closed = false

  /** @param said told of each frame that has something to say: a part of a message, and no ping, pong or close */
  constructor (said?: () => void) {
    this.#said = said
  }

  /** True where a whole frame has ended and the next has not begun. */
  get between (): boolean { return this.#payloadLeft === 0 && this.#headSeen === 0 }

  /** True when a close frame has passed: nothing may follow it (§5.5.1). */
  get closed (): boolean { return this.#closed }

  /**
   * @param stop whether to stop behind the first frame that ends in the chunk
   * @returns how many bytes were followed: all of them, unless it stopped
   */
  follow (chunk: Buffer, stop: boolean): number {
    let at = 0
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, chunk.length - at)
        this.#payloadLeft -= taken
        at += taken
      } else {
        this.#head(chunk[at] as number)
        at += 1
      }
      if (!this.between) continue
      this.#closed ||= this.#isClose
      if (stop) break
    }
    return at
  }

  #head (byte: number): void {
    const position = this.#headSeen++
    if (position === 0) {
      this.#isClose = (byte & 0x0f) === closeOpcode
      if ((byte & 0x0f) < controlOpcodes) this.#said?.()
    } else if (position === 1) {
      const short = byte & 0x7f
      this.#lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
      this.#length = this.#lengthBytes === 0 ? short : 0
      this.#headSize = headAtLeast + this.#lengthBytes + (byte & 0x80 ? 4 : 0)
    } else if (position < headAtLeast + this.#lengthBytes) {
      this.#length = this.#length * 256 + byte
    }
    if (this.#headSeen < headAtLeast || this.#headSeen < this.#headSize) return
    this.#payloadLeft = this.#length
    this.#headSeen = 0
    this.#headSize = headAtLeast
  }
}

/**
 * A close frame (RFC 6455 §5.5.1).
 *
 * @param code 1000 to 4999
 * @param reason cut at 123 bytes
 * @param masked as a client must (§5.3). The mask is zero: it guards against scripts that choose what goes over the wire, and these bytes are ours
 */
export function closeFrame (code: number, reason: string, masked: boolean): Buffer {
  const text = cut(Buffer.from(reason), 123)
  const head = masked ? Buffer.from([0x88, 0x80 | (text.length + 2), 0, 0, 0, 0]) : Buffer.from([0x88, text.length + 2])
  return Buffer.concat([head, Buffer.from([code >> 8, code & 0xff]), text])
}

/** At most so many bytes of UTF-8, and no half character at the end. */
function cut (text: Buffer, size: number): Buffer {
  let end = Math.min(size, text.length)
  while (end < text.length && ((text[end] as number) & 0xc0) === 0x80) end--
  return text.subarray(0, end)
}
