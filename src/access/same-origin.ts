/**
 * Whether a form came from a page of ours. SameSite does not tell: another port, or a sibling host, is the same site.
 *
 * @param header `Origin` (RFC 6454 §7), which old browsers leave out of a form
 */
export function isFromHere (header: string | undefined, origin: string): boolean {
  return header === undefined || header.toLowerCase() === origin
}
