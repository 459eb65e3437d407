import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { normalName } from './names.ts'

/** An answer's headers as undici parses them. */
export type Parsed = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

/** Interim answers (RFC 9110 §15.2) that may come before the one they lead to: a client that does not read would have us keep them all. */
export const mostInterim = 100

/** Passes on the links of a 103 (RFC 8297), and nothing else of it. Hints are only hints: one that Node would not write is left out. */
export function hint (response: ServerResponse, { link }: Parsed): void {
  if (link === undefined) return
  const links = [link].flat().flatMap(value => value.split(/,\s*(?=<)/))
  try { response.writeEarlyHints({ link: links }) } catch { /* a link of a form Node does not know */ }
}

/**
 * undici reads the text as UTF-8; on the wire it goes as bytes.
 *
 * @throws for control characters, which its parser lets through (RFC 9112 §4)
 */
export function asBytes (text: string): string {
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(text)) throw new Error('a control character in the status line')
  return /^[\x20-\x7e]*$/.test(text) ? text : Buffer.from(text).toString('latin1')
}

/** In undici 7 the raw headers are buffers; its type also allows for what other versions give. */
export function rawOf (raw: Dispatcher.DispatchController['rawHeaders']): readonly (Buffer | string)[] {
  return Array.isArray(raw) ? raw : []
}

function entries (pairs: readonly string[]): [string, string][] {
  return pairs.flatMap((name, i) => i % 2 === 0 ? [[name, pairs[i + 1] ?? ''] as [string, string]] : [])
}

/** What changes how the rest is framed, routed, kept or believed must come before it (RFC 9110 §6.5.1). */
const neverLast = new Set(`content-length transfer-encoding trailer te connection keep-alive upgrade host cache-control max-forwards expect range pragma
  authorization proxy-authorization www-authenticate proxy-authenticate authentication-info proxy-authentication-info cookie set-cookie
  age expires date location retry-after vary warning content-encoding content-type content-range content-location
  clear-site-data content-security-policy strict-transport-security x-oauth-gate`.split(/\s+/))

/** @param pairs flat pairs of an answer's trailers */
export function trailersOf (pairs: readonly string[]): [string, string][] {
  return entries(pairs).filter(([name]) => !neverLast.has(normalName(name)))
}

/** Trailers can only be announced where they can be sent (RFC 9110 §6.5). */
export function withoutTrailer (pairs: readonly string[]): string[] {
  return entries(pairs).filter(([name]) => name.toLowerCase() !== 'trailer').flat()
}

/** Ends an answer in the middle. A body without length or chunks ends with its connection (HTTP/1.0): only a reset tells the client that this is not the end. */
export function cut (request: IncomingMessage, response: ServerResponse): void {
  const { socket } = response
  if (request.httpVersionMinor === 0 && socket?.remoteFamily !== undefined && !('encrypted' in socket)) socket.resetAndDestroy()
  response.destroy()
}
