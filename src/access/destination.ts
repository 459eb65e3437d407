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

/** Of WebDAV (RFC 4918 §9.1, §9.10.3): for a whole folder unless `Depth` says otherwise. */
const DEEP = new Set(['PROPFIND', 'LOCK'])
const SHALLOW = new Set(['0', '1', '1,noroot'])

/**
 * Whether a file server takes a request to be for a folder and all that lies below: it is removed whole (RFC 4918 §9.6.1), and listed
 * or locked as deep as `Depth` says (§10.2).
 *
 * @param depth the header as Node gives it
 */
export function reachesBelow (method: string, depth: string | readonly string[] | undefined): boolean {
  return method === 'DELETE' || (depth === undefined ? DEEP.has(method) : typeof depth !== 'string' || !SHALLOW.has(depth.toLowerCase()))
}
