import { isIPv4 } from 'node:net'

/**
 * Whether a host is this very machine: `localhost` and names below it (RFC 6761 §6.3), 127.0.0.0/8, `::1`.
 *
 * @param host as in a URL or bare, `[::1]` or `::1`
 */
export function isLoopback (host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase()
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || (isIPv4(name) && name.startsWith('127.'))
}
