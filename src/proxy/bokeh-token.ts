import { inflateSync } from 'node:zlib'

/**
 * What a token says of the request that its page was made for, as Bokeh's `get_token_payload` reads it. Where it has no cookies or no headers,
 * Bokeh takes those of the websocket's own request, and these are ours.
 */
export interface PageToken {
  readonly sessionId: string
  readonly cookies: Readonly<Record<string, string>>
  /** Whatever JSON holds: an honest page's are texts. */
  readonly headers: Readonly<Record<string, unknown>>
  /** Which page it was made for, in the app's words, as Panel says since 1.9. */
  readonly page?: string
}

/** Not as Python strips: what is stripped here besides makes a subprotocol one that is looked at. */
const AROUND = /^[^\x21-\x7e]+|[^\x21-\x7e]+$/g
/** Python's decoder passes over signs of no alphabet, and over what follows padding. Bokeh writes neither, so that one text has one reading here. */
const BASE64URL = /^[A-Za-z0-9_-]+$/
/** Its signature is the app's to check. */
const TOKEN = /^([A-Za-z0-9_-]+)(?:\.[A-Za-z0-9_-]*)?$/
/** Bytes. Four times what all headers of a request may have, so that escaped they fit too. */
const LARGEST = 256 * 1024

/**
 * The tokens that an upgrade brings for a Bokeh app: all that is offered beside the subprotocol `bokeh`, of which Bokeh takes the second of two.
 *
 * @param protocols `Sec-WebSocket-Protocol`, several joined by commas as Node and Tornado join them
 * @returns none for websockets of another kind
 */
export function tokensIn (protocols: string | undefined): readonly string[] {
  const offered = protocols?.split(',').map(protocol => protocol.replace(AROUND, '')) ?? []
  const bokeh = offered.indexOf('bokeh')
  return bokeh === -1 ? [] : offered.toSpliced(bokeh, 1)
}

/** @returns null for whatever Bokeh would not have written: two could read that as two things. Never throws. */
export function readToken (token: string): PageToken | null {
  const [, base = ''] = TOKEN.exec(token) ?? []
  const outside = objectIn(decoded(base))
  if (outside === null) return null
  const packed = outside['__bk__zlib_']
  const inside = packed === undefined ? {} : objectIn(inflated(packed))
  if (inside === null) return null
  const sessionId = outside['session_id']
  const all: Readonly<Record<string, unknown>> = { ...outside, ...inside } // as dict.update has it
  const [named, said] = [orEmpty(all['cookies']), orEmpty(all['headers'])]
  if (typeof sessionId !== 'string' || named === null || said === null || !areTexts(named)) return null
  const page = all['app_path']
  return { sessionId, cookies: named, headers: said, ...typeof page === 'string' && { page } }
}

function decoded (text: string): Buffer | null {
  return BASE64URL.test(text) && text.length % 4 !== 1 ? Buffer.from(text, 'base64url') : null
}

function inflated (packed: unknown): Buffer | null {
  const bytes = typeof packed === 'string' ? decoded(packed) : null
  if (bytes === null) return null
  try {
    return inflateSync(bytes, { maxOutputLength: LARGEST })
  } catch {
    return null
  }
}

/** Of a name that stands there twice the last counts, to Python too; what Python reads beyond JSON (`NaN`, UTF-16) is refused. */
function objectIn (bytes: Buffer | null): Readonly<Record<string, unknown>> | null {
  if (bytes === null) return null
  try {
    return orNull(JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)))
  } catch {
    return null
  }
}

function orEmpty (value: unknown): Readonly<Record<string, unknown>> | null {
  return value === undefined || value === null ? {} : orNull(value)
}

function orNull (value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Readonly<Record<string, unknown>> : null
}

/** Bokeh's JSON writes bytes as an object, which would be another spelling of a cookie. */
function areTexts (values: Readonly<Record<string, unknown>>): values is Readonly<Record<string, string>> {
  return Object.values(values).every(value => typeof value === 'string')
}
