import type { ClusterOptions, Redis, Cluster, RedisOptions, SentinelAddress } from 'ioredis'
import type { RedisAddress, RedisHost, StoreTls } from './address.ts'

/** Milliseconds in which a store has to answer. */
export const DEADLINE = 1_000
const LONGEST_PAUSE = 2_000

/** Milliseconds until the next attempt to connect. */
export function pauseBefore (attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 6), LONGEST_PAUSE)
}

export interface Clients {
  /** Answers at once that it is not connected, and connects by itself again and again. */
  commands (): Redis | Cluster
  /** One connection that ends when it ends. @param attempt of a cluster another host each time */
  listening (attempt: number): Redis
}

/**
 * The client library is loaded only where a store is configured.
 *
 * @throws {Error} with the code ERR_MODULE_NOT_FOUND where it is not installed
 */
export async function loadClients (address: RedisAddress, tls: StoreTls): Promise<Clients> {
  const { Redis, Cluster } = await import('ioredis')
  const common = commonOptions(address, tls)
  const forever = { retryStrategy: pauseBefore, sentinelRetryStrategy: pauseBefore }
  const once = { retryStrategy: () => null, sentinelRetryStrategy: () => null }
  const hosts: RedisHost[] = [...address.hosts]
  const place = (attempt: number): RedisOptions => address.kind === 'sentinel' ? sentinels(address, tls) : hosts[attempt % hosts.length] as RedisHost
  const commands = () => address.kind === 'cluster' ? new Cluster([...address.hosts], clusterOptions(address, common)) : new Redis({ ...common, ...forever, ...place(0) })
  return {
    commands () {
      const client = commands()
      // Whoever has left a cluster since is no place to listen at.
      if (client instanceof Cluster) client.on('+node', ({ options: { host, port } }: Redis) => { if (host !== undefined && port !== undefined) hosts.push({ host, port }) })
      return client
    },
    listening: attempt => new Redis({ ...common, ...once, ...place(attempt) })
  }
}

function commonOptions ({ tls: isTls, username, password, database }: RedisAddress, tls: StoreTls): RedisOptions {
  return {
    ...username !== undefined && { username }, ...password !== undefined && { password }, db: database,
    ...isTls && { tls: tlsOptions(tls) },
    connectionName: 'oauth-gate', disableClientInfo: true,
    lazyConnect: true, connectTimeout: DEADLINE, keepAlive: 10_000,
    // Whoever does not answer a command is gone, whether or not the network says so.
    socketTimeout: DEADLINE, sentinelCommandTimeout: DEADLINE,
    enableOfflineQueue: false, maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false,
    // A master that became a replica: by a new connection the one that is master now is found.
    reconnectOnError: error => error.message.startsWith('READONLY')
  }
}

function tlsOptions ({ ca, cert, key }: StoreTls): NonNullable<RedisOptions['tls']> {
  return { ...ca !== undefined && { ca }, ...cert !== undefined && { cert }, ...key !== undefined && { key } }
}

function sentinels ({ hosts, master, tls: isTls, sentinelUsername, sentinelPassword }: RedisAddress, tls: StoreTls): RedisOptions {
  return {
    sentinels: hosts.map(({ host, port }): Partial<SentinelAddress> => ({ host, port })), name: master ?? '',
    ...sentinelUsername !== undefined && { sentinelUsername }, ...sentinelPassword !== undefined && { sentinelPassword },
    ...isTls && { enableTLSForSentinelMode: true, sentinelTLS: tlsOptions(tls) }
  }
}

function clusterOptions ({ tls }: RedisAddress, common: RedisOptions): ClusterOptions {
  return {
    redisOptions: common, lazyConnect: true, enableOfflineQueue: false,
    clusterRetryStrategy: pauseBefore, slotsRefreshTimeout: DEADLINE, slotsRefreshInterval: 5_000, maxRedirections: 5,
    ...tls && { dnsLookup: (host: string, done: (error: null, address: string) => void) => { done(null, host) } } // certificates are for names
  }
}
