/** What stands before the body of an answer. */
export interface AnswerHead {
  readonly status: number
  /** What the status line says behind the number, its bytes as latin1. */
  readonly text: string
  /** Flat pairs, as they came, their bytes as latin1. */
  readonly pairs: readonly string[]
  /** As it was sent; digits. */
  readonly length: string | undefined
  readonly isChunked: boolean
  /** Whether trailers are announced. */
  readonly hasTrailer: boolean
  /** Values of `Link`. */
  readonly links: readonly string[]
  /** Whether the connection may bring another answer. */
  readonly mayRepeat: boolean
  /** Milliseconds for which the app promises to wait for another request, if it says so. */
  readonly keepAlive: number | undefined
}

/** An answer that could be read in two ways, or in none. */
export class AnswerUnreadable extends Error {
  readonly code = 'ERR_ANSWER_UNREADABLE'
}

/** RFC 9112 §4 and §5, without folded lines: whole lines, each with CR and LF. The versions are those that llhttp knows, which reads all other answers. */
const STATUS_LINE = String.raw`HTTP/(?:1\.[01]|0\.9|2\.0) [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?\r\n`
export const TOKEN = String.raw`[!#$%&'*+.^_\`|~0-9A-Za-z-]+`
const FIELD_LINE = String.raw`${TOKEN}:[\t\x20-\x7e\x80-\xff]*\r\n`
const WHOLE = new RegExp(`^${STATUS_LINE}(?:${FIELD_LINE})*\\r\\n$`)
const SO_FAR = new RegExp(`^${STATUS_LINE}(?:${FIELD_LINE})*$`)
/** Of trailers. */
export const FIELDS = new RegExp(`^(?:${FIELD_LINE})*$`)
export const VERSION = 'HTTP/'
const OTHER = 'something else than HTTP'
/** Beyond it numbers are not exact. */
const DIGITS = /^\d{1,15}$/
/** Of the seconds that `Keep-Alive` promises one is left out: an app may have begun to count earlier. */
const KEEP_ALIVE = /(?:^|[,\s])timeout=(\d{1,6})(?=$|[,\s])/i

/**
 * Reads a head (RFC 9112 §4, §5, §6.3). Where two could read it in two ways there is no lenient mode.
 *
 * @param text up to the empty line, with it, its bytes as latin1 @throws {AnswerUnreadable}
 */
export function readHead (text: string): AnswerHead {
  if (!WHOLE.test(text)) throw new AnswerUnreadable('a head that is none')
  const [version, status] = [text.slice(5, 8), Number(text.slice(9, 12))]
  if (status === 100) throw new AnswerUnreadable('a 100 that nobody asked for')
  let start = text.indexOf('\r\n')
  const reason = text.slice(13, start)
  const pairs: string[] = []
  const links: string[] = []
  let length: string | undefined
  let [isChunked, hasTrailer, closes, promises] = [false, false, false, false]
  let keepAlive: number | undefined
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
          if (seconds !== undefined) keepAlive = (Number(seconds) - 1) * 1_000
        }
        break
      }
      case 14:
        if (name.toLowerCase() !== 'content-length') break
        if (length !== undefined || !DIGITS.test(value) || hasTab(text, colon, end)) throw new AnswerUnreadable('a length that is none, or several')
        length = value
        break
      case 17:
        if (name.toLowerCase() !== 'transfer-encoding') break
        if (isChunked || version !== '1.1' || value.toLowerCase() !== 'chunked' || hasTab(text, colon, end)) throw new AnswerUnreadable('a transfer coding other than chunked')
        isChunked = true
    }
  }
  if (isChunked && length !== undefined) throw new AnswerUnreadable('a length beside chunks')
  const mayRepeat = !closes && (version === '1.1' || (version === '1.0' && promises))
  if (status < 200 && !mayRepeat) throw new AnswerUnreadable('an interim answer that nothing may follow')
  return { status, text: reason, pairs, length, isChunked, hasTrailer, links, mayRepeat, keepAlive }
}

/** Sees another protocol, or a line feed alone, before the head has ended. @param text of the first piece, up to its last line feed if it has one @throws {AnswerUnreadable} */
export function couldBegin (text: string): void {
  if (!(text.includes('\n') ? SO_FAR.test(text) : VERSION.startsWith(text.slice(0, VERSION.length)))) throw new AnswerUnreadable(OTHER)
}

/** The same of the whole lines that have come since. @throws {AnswerUnreadable} */
export function couldGoOn (lines: string): void {
  if (!FIELDS.test(lines)) throw new AnswerUnreadable(OTHER)
}

/** RFC 9110 §5.6.3: without the blanks around it, and of those only the two there are. */
export function trimmed (text: string, start: number, end: number): string {
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

/** Around what frames an answer: for llhttp it is a part of the value, and `chunked` then none. */
function hasTab (text: string, start: number, end: number): boolean {
  const at = text.indexOf('\t', start)
  return at !== -1 && at < end
}

function isBlank (code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** Whether a list has this in it (RFC 9110 §5.6.1). */
function names (value: string, option: string): boolean {
  const lower = value.toLowerCase()
  return lower === option || (lower.includes(option) && lower.split(',').some(one => one.trim() === option))
}
