import type { AnswerHead } from '../../../src/proxy/client/answer-head.ts'
import { AnswerReader } from '../../../src/proxy/client/answer-reader.ts'

/** What has been read of the bytes of a connection. */
export interface Read {
  /** Of interim answers, and then of the answer itself. */
  readonly heads: AnswerHead[]
  body: string
  trailers: readonly string[]
  /** Whether the answer is whole. */
  isWhole: boolean
  /** How often an end was told. */
  ends: number
  /** Whether it ends only with its connection. */
  isToTheEnd: boolean
  hasMore: boolean
  mayRepeat: boolean
  keepAlive: number | undefined
  /** Why it is none. */
  refused: string | undefined
}

export interface ReadOptions {
  readonly maxHeaderSize?: number
  /** Whether the app says nothing more after these bytes. */
  readonly isAll?: boolean
}

/** Gives one answer to a reader, in these pieces, each its own bytes. */
export function readPieces (pieces: readonly Buffer[], { maxHeaderSize = 16_384, isAll = true }: ReadOptions = {}): Read {
  const read: Read = { heads: [], body: '', trailers: [], isWhole: false, ends: 0, isToTheEnd: false, hasMore: false, mayRepeat: false, keepAlive: undefined, refused: undefined }
  const reader = new AnswerReader({
    head (head) { read.heads.push(head) },
    data (chunk) { read.body += chunk.toString('latin1') },
    end (trailers) {
      read.ends++
      read.isWhole = true
      read.trailers = trailers
    }
  }, maxHeaderSize)
  reader.begin()
  try {
    for (const piece of pieces) {
      const own = Buffer.from(piece)
      read.hasMore ||= reader.read(own)
      own.fill('?') // what was read was kept, or is not needed any more
    }
    if (isAll) read.isToTheEnd = reader.finish()
  } catch (error) {
    read.refused = (error as Error).message
  }
  read.mayRepeat = reader.mayRepeat
  read.keepAlive = reader.keepAlive
  return read
}

/** Whole, byte by byte, and in every way in two. */
export function splitsOf (text: string): readonly (readonly Buffer[])[] {
  const bytes = Buffer.from(text, 'latin1')
  const inTwo = Array.from({ length: Math.max(0, bytes.length - 1) }, (_, at) => [bytes.subarray(0, at + 1), bytes.subarray(at + 1)])
  return [[bytes], Array.from(bytes, byte => Buffer.of(byte)), ...inTwo]
}
