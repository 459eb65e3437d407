import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a form came from a page of ours. SameSite does not tell: another port, or a sibling host, is the same site.
 * The browser's own word counts before our idea of the origin, which may lack the https of a proxy that nobody told us of.
 *
 * @param headers `Sec-Fetch-Site` (which no page can set), else `Origin` (RFC 6454 §7), which old browsers leave out of a form
 */
export function isFromHere (headers: IncomingHttpHeaders, origin: string): boolean {
  const { origin: sender, 'sec-fetch-site': site } = headers
  if (sender === undefined) return site === undefined || site === 'none' || site === 'same-origin'
  return site === 'same-origin' || sender.toLowerCase() === origin
}
