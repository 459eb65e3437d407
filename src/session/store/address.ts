/** Where a Redis or Valkey is, as a setting says it. */
export interface RedisAddress {
  readonly kind: 'single' | 'sentinel' | 'cluster'
  readonly tls: boolean
  /** One, unless the kind has several: then where to begin to ask. */
  readonly hosts: readonly [RedisHost, ...RedisHost[]]
  readonly username?: string
  readonly password?: string
  /** What the sentinels themselves want to hear. */
  readonly sentinelUsername?: string
  readonly sentinelPassword?: string
  readonly database: number
  /** How the sentinels call it. */
  readonly master?: string
}

export interface RedisHost { readonly host: string, readonly port: number }

/** Of a connection by TLS, in PEM; the system’s authorities unless given. */
export interface StoreTls {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** For people: the hosts, never what opens them. */
export function whereIs ({ kind, hosts, master }: RedisAddress): string {
  const names = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(', ')
  return kind === 'single' ? names : kind === 'cluster' ? `the cluster of ${names}` : `${master ?? ''} of the sentinels ${names}`
}
