/** What an answer is told to, piece by piece. */
export interface AnswerListener {
  /** Of an interim answer (1xx) too, which others follow. */
  head (head: AnswerHead): void
  data (chunk: Buffer): void
  /** @param trailers flat pairs; most often there are none */
  end (trailers: readonly string[]): void
}

export interface AnswerHead {
  readonly status: number
  /** What the status line says behind the number, its bytes as latin1. */
  readonly text: string
  /** Flat pairs, as they came, their bytes as latin1. */
  readonly pairs: readonly string[]
  /** As it was sent; digits. */
  readonly length: string | undefined
  /** Whether trailers are announced. */
  readonly hasTrailer: boolean
  /** Values of `Link`. */
  readonly links: readonly string[]
}

/** An answer that could be read in two ways, or in none. */
export class AnswerUnreadable extends Error {
  readonly code = 'ERR_ANSWER_UNREADABLE'
}

type Stage = 'head' | 'length' | 'size' | 'chunk' | 'chunk-end' | 'trailers' | 'rest' | 'over'

const NOTHING: readonly string[] = []
/** RFC 9112 §4 and §5, without folded lines: whole lines, each with CR and LF. Of a number of a version only the form counts, as for every other client. */
const STATUS_LINE = String.raw`HTTP/\d\.\d [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?\r\n`
const FIELD_LINE = String.raw`[!#$%&'*+.^_\`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n`
const WHOLE = new RegExp(`^${STATUS_LINE}(?:${FIELD_LINE})*\\r\\n$`)
const SO_FAR = new RegExp(`^${STATUS_LINE}(?:${FIELD_LINE})*$`)
const FIELDS = new RegExp(`^(?:${FIELD_LINE})*$`)
const VERSION = 'HTTP/'
const END = Buffer.from('\r\n\r\n')
const LF = 0x0a
/** Beyond it numbers are not exact. */
const DIGITS = /^\d{1,15}$/
/** A size in hexadecimal, and extensions, which nobody uses (RFC 9112 §7.1.1). */
const SIZE = /^([0-9A-Fa-f]{1,12})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n$/
const LONGEST_SIZE = 1_024
/** Of the seconds that `Keep-Alive` promises one is left out: an app may have begun to count earlier. */
const KEEP_ALIVE = /(?:^|[,\s])timeout=(\d{1,6})(?=$|[,\s])/i

/**
 * Reads the answers to GET that come by one connection, one after the other (RFC 9112). What could be read in two ways is refused: there is no lenient mode.
 * The connection cannot be used any more once anything has been thrown.
 */
export class AnswerReader {
  readonly #listener: AnswerListener
  readonly #maxHeaderSize: number
  #stage: Stage = 'over'
  /** What has come of a head, or of a line, that is not whole. */
  #part: Buffer | undefined
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
        case 'size': at = this.#readLine(chunk, at, line => { this.#beginChunk(line) }); break
        case 'chunk-end': at = this.#readLine(chunk, at, line => { this.#endChunk(line) }); break
        case 'trailers': at = this.#readLine(chunk, at, line => { this.#takeTrailer(line) }); break
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
    const before = this.#part
    const bytes = before === undefined ? chunk : Buffer.concat([before, chunk.subarray(at)])
    const from = before === undefined ? at : 0
    const end = bytes.indexOf(END, before === undefined ? at : Math.max(0, before.length - END.length + 1))
    const size = (end === -1 ? bytes.length : end + END.length) - from
    if (size > this.#maxHeaderSize) throw new AnswerUnreadable(`a head of more than ${this.#maxHeaderSize} bytes`)
    if (end === -1) {
      this.#part = before === undefined ? Buffer.from(bytes.subarray(from)) : bytes
      couldBecomeHead(this.#part.toString('latin1'))
      return chunk.length
    }
    this.#part = undefined
    this.#takeHead(bytes.toString('latin1', from, end + END.length))
    return chunk.length - (bytes.length - (end + END.length))
  }

  #takeHead (text: string): void {
    if (!WHOLE.test(text)) throw new AnswerUnreadable('a head that is none')
    const [version, status] = [text.slice(5, 8), Number(text.slice(9, 12))]
    let start = text.indexOf('\r\n')
    const reason = text.slice(13, start)
    const pairs: string[] = []
    const links: string[] = []
    let [length, coding, hasTrailer, closes, promises]: [string | undefined, string | undefined, boolean, boolean, boolean] = [undefined, undefined, false, false, false]
    for (start += 2; start < text.length - 2;) {
      const colon = text.indexOf(':', start)
      const end = text.indexOf('\r\n', colon)
      const name = text.slice(start, colon)
      const value = trimmed(text, colon + 1, end)
      pairs.push(name, value)
      start = end + 2
      switch (name.length) {
        case 4:
          if (name.toLowerCase() === 'link') links.push(value)
          break
        case 7:
          hasTrailer ||= name.toLowerCase() === 'trailer'
          break
        case 10: {
          const lower = name.toLowerCase()
          if (lower === 'connection') {
            closes ||= names(value, 'close')
            promises ||= names(value, 'keep-alive')
          } else if (lower === 'keep-alive') {
            const seconds = KEEP_ALIVE.exec(value)?.[1]
            if (seconds !== undefined) this.#keepAlive = (Number(seconds) - 1) * 1_000
          }
          break
        }
        case 14:
          if (name.toLowerCase() !== 'content-length') break
          if (length !== undefined || !DIGITS.test(value)) throw new AnswerUnreadable('a length that is none, or several')
          length = value
          break
        case 17:
          if (name.toLowerCase() !== 'transfer-encoding') break
          if (coding !== undefined || version !== '1.1' || value.toLowerCase() !== 'chunked') throw new AnswerUnreadable('a transfer coding other than chunked')
          coding = value
      }
    }
    if (coding !== undefined && length !== undefined) throw new AnswerUnreadable('a length beside chunks')
    if (status === 100) throw new AnswerUnreadable('a 100 that nobody asked for')
    this.#mayRepeat = version === '1.1' ? !closes : version === '1.0' && promises && !closes
    this.#left = Number(length ?? 0)
    this.#stage = status < 200 ? 'head' : status === 204 || status === 304 ? 'over' : coding !== undefined ? 'size' : length === undefined ? 'rest' : this.#left === 0 ? 'over' : 'length'
    this.#listener.head({ status, text: reason, pairs, length, hasTrailer, links })
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

  #readLine (chunk: Buffer, at: number, take: (line: string) => void): number {
    const end = chunk.indexOf(LF, at)
    const piece = chunk.subarray(at, end === -1 ? chunk.length : end + 1)
    const line = this.#part === undefined ? piece : Buffer.concat([this.#part, piece])
    const most = this.#stage === 'trailers' ? this.#maxHeaderSize - this.#trailers.length : LONGEST_SIZE
    if (line.length > most) throw new AnswerUnreadable('a line without end')
    this.#part = end === -1 ? Buffer.from(line) : undefined
    if (end === -1) return chunk.length
    take(line.toString('latin1'))
    return end + 1
  }

  #beginChunk (line: string): void {
    const size = SIZE.exec(line)?.[1]
    if (size === undefined) throw new AnswerUnreadable('a chunk without a size')
    this.#left = parseInt(size, 16)
    this.#stage = this.#left === 0 ? 'trailers' : 'chunk'
    this.#trailers = ''
  }

  #endChunk (line: string): void {
    if (line !== '\r\n') throw new AnswerUnreadable('a chunk that is longer than its size')
    this.#stage = 'size'
  }

  #takeTrailer (line: string): void {
    if (line !== '\r\n') {
      if (!FIELDS.test(line) || /^content-length:/i.test(line)) throw new AnswerUnreadable('a trailer that is none, or a length behind the body')
      this.#trailers += line
      return
    }
    this.#end(this.#trailers === '' ? NOTHING : this.#trailers.trimEnd().split('\r\n').flatMap(field => {
      const colon = field.indexOf(':')
      return [field.slice(0, colon), trimmed(field, colon + 1, field.length)]
    }))
  }

  #end (trailers: readonly string[]): void {
    this.#stage = 'over'
    this.#listener.end(trailers)
  }
}

/** Nobody waits for the end of what is no answer: another protocol, a line feed alone. @throws {AnswerUnreadable} */
function couldBecomeHead (text: string): void {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1)
  const isRight = lines === '' ? VERSION.startsWith(text.slice(0, VERSION.length)) : SO_FAR.test(lines)
  if (!isRight) throw new AnswerUnreadable('something else than HTTP')
}

/** RFC 9110 §5.6.3: without the blanks around it, and of those only the two there are. */
function trimmed (text: string, start: number, end: number): string {
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank (code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** Whether a list has this in it (RFC 9110 §5.6.1). */
function names (value: string, option: string): boolean {
  const lower = value.toLowerCase()
  return lower === option || (lower.includes(option) && lower.split(',').some(one => one.trim() === option))
}
