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

function expression (pattern: string): RegExp {
  const [, hosts = '', port = ''] = /^(.*?)(:\*)?$/.exec(pattern) ?? []
  const literal = hosts.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[a-z0-9_-]+')
  return new RegExp(`^${literal}${port === '' ? '' : '(?::[0-9]{1,5})?'}$`)
}
