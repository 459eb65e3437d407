/** Hosts as a rule names them: one, or with `*.` in front what is below it and not itself. */
export interface HostPattern {
  readonly text: string
  /** @param name as `hostName` gives it */
  covers (name: string): boolean
}

/** All of them are this machine: who may be reached by one is reached by each. */
const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])
const defaultPorts: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

/** The host of a `Host` header (RFC 9110 §7.2) without its port, in lower case; the three names of this machine as one. */
export function hostName (host: string): string {
  const name = host.toLowerCase().replace(/:\d*$/, '')
  return loopback.has(name) ? 'localhost' : name
}

/** @param text a host or `*.host`, lower case, without scheme and port */
export function hostPattern (text: string): HostPattern {
  if (text.startsWith('*.')) {
    const end = text.slice(1)
    return { text, covers: name => name.endsWith(end) && name.length > end.length }
  }
  const own = hostName(text)
  return { text, covers: name => name === own }
}

/** Whether whatever `other` covers is covered by `pattern` too. */
export function coversPattern (pattern: HostPattern, other: HostPattern): boolean {
  if (!other.text.startsWith('*.')) return pattern.covers(hostName(other.text))
  return pattern.text.startsWith('*.') && other.text.slice(1).endsWith(pattern.text.slice(1))
}

export interface HostCheckOptions {
  readonly publicUrl?: URL | undefined
  /** Those that rules name. */
  readonly hosts: readonly string[]
}

/**
 * Whether a request is for a host that somebody has named: by a rule, with any port, or as the public URL, with its port.
 * Where nobody has named one every host is ours.
 *
 * @returns asks about a `Host`, lower case; null where there is nothing to ask
 */
export function hostCheck ({ publicUrl, hosts }: HostCheckOptions): ((asked: string) => boolean) | null {
  if (publicUrl === undefined && hosts.length === 0) return null
  const own = new Set(publicUrl === undefined ? [] : namesOf(publicUrl))
  const patterns = hosts.map(hostPattern)
  return asked => own.has(asked) || (patterns.length > 0 && patterns.some(pattern => pattern.covers(hostName(asked))))
}

/** As it may stand in `Host`: the scheme's own port is left out, or not (RFC 9110 §4.2.3). */
function namesOf ({ protocol, hostname, port }: URL): readonly string[] {
  const names = loopback.has(hostname) ? [...loopback] : [hostname]
  return names.flatMap(name => port === '' ? [name, `${name}:${defaultPorts[protocol] ?? ''}`] : [`${name}:${port}`])
}
