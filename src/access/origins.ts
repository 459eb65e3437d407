/**
 * Whether an origin is one of those that were named.
 *
 * @param patterns `scheme://host[:port]`, lower case and without a scheme's own port; `*` stands for one label of the host, or any port
 * @returns asks about an `Origin` header (RFC 6454 §7), lower case
 */
export function originMatcher (patterns: readonly string[]): (origin: string) => boolean {
  const exact = new Set(patterns.filter(pattern => !pattern.includes('*')))
  const wild = patterns.filter(pattern => pattern.includes('*')).map(expression)
  return origin => exact.has(origin) || wild.some(pattern => pattern.test(origin))
}

/**
 * Whether a page may open a websocket here: one of our own origin, or of one that was named. Pages of any site can try, and the browser
 * sends our cookie along; only `Origin` tells them apart (RFC 6455 §10.2).
 *
 * @param origin the `Origin` header; @param own the request's own origin, lower case
 */
export function mayOpenWebsocket (origin: string | undefined, own: string, admits: (origin: string) => boolean): boolean {
  const asked = origin?.toLowerCase()
  return asked !== undefined && (asked === own || admits(asked))
}

function expression (pattern: string): RegExp {
  const [, hosts = '', port = ''] = /^(.*?)(:\*)?$/.exec(pattern) ?? []
  const literal = hosts.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[a-z0-9_-]+')
  return new RegExp(`^${literal}${port === '' ? '' : '(?::[0-9]{1,5})?'}$`)
}
