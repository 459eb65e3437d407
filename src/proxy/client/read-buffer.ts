import type { OnReadOpts, Socket } from 'node:net'

/** Whoever hears what a connection brings. */
export interface Hearer {
  /** @param chunk good for as long as this call: what is kept of it is copied, or the buffer is exchanged for another */
  hear (chunk: Buffer): void
  /** What the next bytes are read into; the one that all have in common unless given. */
  readonly buffer: Buffer | undefined
}

declare module 'node:net' {
  interface Socket {
    hearer?: Hearer
  }
}

/** Bytes: a page of 64 KiB comes with its head in one piece. */
export const BUFFER = 131_072
/** Of buffers that nobody needs at the moment. */
const SPARE = 16

/** Nearly every answer is small, and is through when its bytes were heard: for those nothing is made, and nothing is to be cleared up. */
const common = Buffer.allocUnsafeSlow(BUFFER)
const spare: Buffer[] = []
/** For the connection that has just been heard: Node asks for it right behind `callback`. It also asks where a connection is made, which begins with the one in common. */
let next: Buffer = common

/** For `connect`, of connections without TLS. */
export const intoBuffers: OnReadOpts = {
  buffer () {
    const given = next
    next = common
    return given
  },
  callback (this: Socket, size: number, buffer: Uint8Array): boolean {
    this.hearer?.hear(buffer.subarray(0, size) as Buffer)
    next = this.hearer?.buffer ?? common
    return true
  }
}

/** One of its own, for a connection that brings much: what it holds can be written from where it is. */
export function takeBuffer (): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER)
}

export function giveBack (buffer: Buffer): void {
  if (spare.length < SPARE) spare.push(buffer)
}
