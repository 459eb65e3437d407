/**
 * The second target of a request that copies, moves or links (RFC 4918 §10.3), in origin form.
 *
 * @param value the header as Node gives it: what came twice is joined by a comma and a space
 * @param origin the public origin of this request, lower case
 * @returns null for anything but one path here, written as an absolute URI or an absolute path. A query is none: what
 *   takes this header for a file name does not stop at a question mark
 */
export function destinationTarget (value: string | readonly string[], origin: string): string | null {
  if (typeof value !== 'string' || !/^[\x21-\x7e\x80-\xff]+$/.test(value) || /[?#]/.test(value)) return null
  if (value.startsWith('/')) return value.startsWith('//') ? null : value // `//host/path` leads to another host (RFC 3986 §4.2)
  const [, site, path] = /^(https?:\/\/[^/\\@]+)(\/.*)?$/i.exec(value) ?? []
  // A client behind a proxy that ends TLS says https, where nobody may have told us.
  const ours = [origin, origin.replace(/^http:/, 'https:')].map(withoutPort)
  return site !== undefined && ours.includes(withoutPort(site.toLowerCase())) ? path ?? '/' : null
}

function withoutPort (origin: string): string {
  return origin.replace(origin.startsWith('https:') ? /:443$/ : /:80$/, '')
}
