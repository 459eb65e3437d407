import type { Config } from '../config/options.ts'
import { isLoopback } from '../oauth/loopback.ts'
import { whereIs, type RedisAddress } from '../session/store/address.ts'

/** Where sessions are, and what a restart forgets. */
export function describeSessions ({ sessionStore, revocationStore }: Pick<Config, 'sessionStore' | 'revocationStore'>): string {
  if (sessionStore === 'memory') return 'are in the memory of this process: after a restart everybody signs in again'
  if (sessionStore !== 'cookie') return `are in ${nameOf(sessionStore)}, and so is who signed out: a restart forgets nothing`
  if (revocationStore !== undefined) return `are in their cookies, and who signed out is in ${nameOf(revocationStore)}: a restart forgets nothing`
  return 'are in their cookies. Sign-outs are remembered by this process: a restart forgets them, and copies of cookies that signed out count again until their end. With --revocation-store it does not'
}

/** Stores whose password anybody on the way can read. */
export function openStoresOf ({ sessionStore, revocationStore }: Pick<Config, 'sessionStore' | 'revocationStore'>): string[] {
  const given: [string, Config['sessionStore'] | undefined][] = [['session-store', sessionStore], ['revocation-store', revocationStore]]
  return given.flatMap(([setting, store]) => typeof store === 'object' && isOpen(store)
    ? [`the password of --${setting} goes to ${whereIs(store)} over plain TCP, where it can be read on the way. Write rediss:// if the server has TLS.`]
    : [])
}

function nameOf (address: RedisAddress): string {
  return `Redis at ${whereIs(address)}`
}

function isOpen ({ tls, hosts, password, sentinelPassword }: RedisAddress): boolean {
  return !tls && (password ?? sentinelPassword) !== undefined && hosts.some(({ host }) => !isLoopback(host))
}
