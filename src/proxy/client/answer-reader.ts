import { type AnswerHead, AnswerUnreadable, couldBegin, couldGoOn, FIELDS, readHead, TOKEN, trimmed, VERSION } from './answer-head.ts'
import { Pieces } from './pieces.ts'

/** What an answer is told to, piece by piece. */
export interface AnswerListener {
  /** Of an interim answer (1xx) too, which others follow. */
  head (head: AnswerHead): void
  data (chunk: Buffer): void
  /** @param trailers flat pairs; most often there are none */
  end (trailers: readonly string[]): void
}

type Stage = 'head' | 'length' | 'size' | 'chunk' | 'chunk-end' | 'trailers' | 'rest' | 'over'

const NOTHING: readonly string[] = []
const END = Buffer.from('\r\n\r\n')
const LF = 0x0a
/** A size in hexadecimal, and extensions (RFC 9112 §7.1.1), which nobody uses: without blanks, and without what some take for their end. */
const SIZE = new RegExp(String.raw`^([0-9A-Fa-f]{1,12})(?:;${TOKEN}(?:=(?:${TOKEN}|"[\t\x20\x21\x23-\x3a\x3c-\x5b\x5d-\x7e\x80-\xff]*"))?)*\r\n$`)
const LONGEST_SIZE = 1_024
/** Comes too late to be believed (RFC 9110 §6.5.1), and says that app and gate may not agree on what follows. */
const FRAMING = /^(?:connection|transfer-encoding):/i

/**
 * Reads the answers to GET that come by one connection, one after the other (RFC 9112). What could be read in two ways is refused: there is no lenient mode.
 * The connection cannot be used any more once anything has been thrown.
 */
export class AnswerReader {
  readonly #listener: AnswerListener
  readonly #maxHeaderSize: number
  #stage: Stage = 'over'
  /** What has come of a head, or of a line, that is not whole. */
  readonly #part = new Pieces()
  /** Bytes of it, of a head, that are whole lines and right. */
  #right = 0
  #left = 0
  #trailers = ''
  #mayRepeat = false
  #keepAlive: number | undefined

  /** @param maxHeaderSize bytes that a head may have, and trailers */
  constructor (listener: AnswerListener, maxHeaderSize: number) {
    this.#listener = listener
    this.#maxHeaderSize = maxHeaderSize
  }

  /** A request has been sent: an answer may come. */
  begin (): void {
    this.#stage = 'head'
    this.#mayRepeat = false
    this.#keepAlive = undefined
  }

  /** Whether the connection may bring another answer after this one. */
  get mayRepeat (): boolean { return this.#mayRepeat && this.#stage === 'over' }

  /** Milliseconds for which the app promises to wait for another request, if it says so. */
  get keepAlive (): number | undefined { return this.#keepAlive }

  /** @throws {AnswerUnreadable} and whatever the listener throws. @returns whether there was more than the answer has */
  read (chunk: Buffer): boolean {
    let at = 0
    while (at < chunk.length) {
      switch (this.#stage) {
        case 'head': at = this.#readHead(chunk, at); break
        case 'length':
        case 'chunk': at = this.#readBody(chunk, at); break
        case 'size':
        case 'chunk-end':
        case 'trailers': at = this.#readLine(chunk, at); break
        case 'rest':
          this.#listener.data(at === 0 ? chunk : chunk.subarray(at))
          return false
        case 'over': return true
      }
    }
    return false
  }

  /** The app says nothing more. @returns whether that was the end of an answer; it breaks off otherwise */
  finish (): boolean {
    if (this.#stage !== 'rest') return false
    this.#end(NOTHING)
    return true
  }

  #readHead (chunk: Buffer, at: number): number {
    if (this.#part.size > 0) return this.#readOn(chunk, at)
    const end = chunk.indexOf(END, at)
    const size = (end === -1 ? chunk.length : end + END.length) - at
    if (size > this.#maxHeaderSize) throw new AnswerUnreadable(`a head of more than ${this.#maxHeaderSize} bytes`)
    if (end !== -1) {
      this.#takeHead(chunk.toString('latin1', at, at + size))
      return at + size
    }
    this.#look(this.#part.add(chunk, at, chunk.length), 0)
    return chunk.length
  }

  /** Of a head that has begun in another piece. */
  #readOn (chunk: Buffer, at: number): number {
    const before = this.#part.size
    const isMore = before + chunk.length - at > this.#maxHeaderSize
    const bytes = this.#part.add(chunk, at, isMore ? at + this.#maxHeaderSize - before : chunk.length)
    const end = bytes.indexOf(END, Math.max(0, before - END.length + 1))
    if (end === -1) {
      if (isMore) throw new AnswerUnreadable(`a head of more than ${this.#maxHeaderSize} bytes`)
      this.#look(bytes, before)
      return chunk.length
    }
    this.#part.clear()
    this.#right = 0
    this.#takeHead(bytes.toString('latin1', 0, end + END.length))
    return at + end + END.length - before
  }

  /** Nobody waits for the end of what is no answer. Each line is looked at once. @param before bytes that had come earlier */
  #look (bytes: Buffer, before: number): void {
    const lines = bytes.subarray(before).lastIndexOf(LF) + 1
    if (lines > 0) {
      const text = bytes.toString('latin1', this.#right, before + lines)
      if (this.#right === 0) couldBegin(text)
      else couldGoOn(text)
      this.#right = before + lines
    } else if (before < VERSION.length) {
      couldBegin(bytes.toString('latin1', 0, VERSION.length))
    }
  }

  #takeHead (text: string): void {
    const head = readHead(text)
    const { status, length, isChunked, keepAlive } = head
    this.#mayRepeat = head.mayRepeat
    this.#keepAlive = keepAlive
    this.#left = Number(length ?? 0)
    this.#stage = status < 200 ? 'head' : status === 204 || status === 304 ? 'over' : isChunked ? 'size' : length === undefined ? 'rest' : this.#left === 0 ? 'over' : 'length'
    this.#listener.head(head)
    if (this.#stage === 'over') this.#listener.end(NOTHING)
  }

  #readBody (chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left)
    this.#left -= end - at
    const isWhole = this.#left === 0
    if (isWhole && this.#stage === 'chunk') this.#stage = 'chunk-end'
    const isLast = isWhole && this.#stage === 'length'
    this.#listener.data(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end))
    if (isLast) this.#end(NOTHING)
    return end
  }

  #readLine (chunk: Buffer, at: number): number {
    const found = chunk.indexOf(LF, at)
    const end = found === -1 ? chunk.length : found + 1
    const most = this.#stage === 'trailers' ? this.#maxHeaderSize - this.#trailers.length : LONGEST_SIZE
    if (this.#part.size + end - at > most) throw new AnswerUnreadable('a line without end')
    if (found === -1) {
      this.#part.add(chunk, at, end)
      return end
    }
    const line = this.#part.size === 0 ? chunk.toString('latin1', at, end) : this.#part.add(chunk, at, end).toString('latin1')
    if (this.#part.size > 0) this.#part.clear()
    this.#takeLine(line)
    return end
  }

  #takeLine (line: string): void {
    if (this.#stage === 'size') this.#beginChunk(line)
    else if (this.#stage === 'trailers') this.#takeTrailer(line)
    else if (line === '\r\n') this.#stage = 'size'
    else throw new AnswerUnreadable('a chunk that is longer than its size')
  }

  #beginChunk (line: string): void {
    const size = SIZE.exec(line)?.[1]
    if (size === undefined) throw new AnswerUnreadable('a chunk without a size')
    this.#left = parseInt(size, 16)
    this.#stage = this.#left === 0 ? 'trailers' : 'chunk'
    this.#trailers = ''
  }

  #takeTrailer (line: string): void {
    if (line !== '\r\n') {
      if (!FIELDS.test(line) || /^content-length:/i.test(line)) throw new AnswerUnreadable('a trailer that is none, or a length behind the body')
      if (FRAMING.test(line)) this.#mayRepeat = false
      this.#trailers += line
      return
    }
    this.#end(this.#trailers === '' ? NOTHING : this.#trailers.slice(0, -2).split('\r\n').flatMap(field => {
      const colon = field.indexOf(':')
      return [field.slice(0, colon), trimmed(field, colon + 1, field.length)]
    }))
  }

  #end (trailers: readonly string[]): void {
    this.#stage = 'over'
    this.#listener.end(trailers)
  }
}
