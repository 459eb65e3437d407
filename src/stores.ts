import type { Logger } from 'pino'
import type { Config } from './config/options.ts'
import type { Outside } from './outside.ts'
import type { RevocationOptions, Revocations } from './session/revocations.ts'
import type { RedisAddress } from './session/store/address.ts'
import { createMemoryStore } from './session/store/memory.ts'
import type { StoreTold } from './session/store/connection.ts'
import { createRedisStore } from './session/store/redis.ts'
import type { Store } from './session/store/store.ts'

type Log = Pick<Logger, 'info' | 'error'>

/** Where things are that no cookie has. */
export interface Stores {
  /** Absent where each session is in its cookie. */
  readonly sessions: Store | undefined
  /** Who signed out, and what else processes must tell each other; absent where this process alone remembers it. */
  readonly revocations: Store | undefined
  /** Each once. */
  readonly all: readonly Store[]
}

/**
 * Opens the stores that settings name. One that is not there is said in the log, and used as soon as it is.
 *
 * @param shared what this process has in common with the others of the same gate, in place of its own memory
 */
export async function openStores (config: Config, outside: Outside, log: Log, shared?: Store): Promise<Stores> {
  const { sessionStore, revocationStore } = config
  const redis = (setting: string, address: RedisAddress) => openRedis(setting, address, config, outside, log)
  if (sessionStore === 'cookie') {
    const revocations = revocationStore === undefined ? shared : await redis('revocation-store', revocationStore)
    return { sessions: undefined, revocations, all: revocations === undefined ? [] : [revocations] }
  }
  const sessions = sessionStore === 'memory' ? shared ?? createMemoryStore({ outside }) : await redis('session-store', sessionStore)
  return { sessions, revocations: sessions, all: [sessions] }
}

async function openRedis (setting: string, address: RedisAddress, { storeCa: ca, storeCert: cert, storeKey: key }: Config, outside: Outside, log: Log): Promise<Store> {
  return await createRedisStore({ address, tls: { ca, cert, key }, outside, told: tellOfStore(setting, log) })
}

/** One line when it goes and one when it is back, however many requests there are meanwhile. */
function tellOfStore (setting: string, log: Log): StoreTold {
  return {
    lost: (where, detail) => log.error({ event: 'store.lost', setting, where, detail, hint: 'Whoever brings a session is answered 503 until it is back; nobody is signed out.' }, 'the store does not answer; it is tried again and again'),
    back: where => log.info({ event: 'store.back', setting, where }, 'the store answers again')
  }
}

export function tellOfRevocations (log: Log): Pick<RevocationOptions, 'unlearned' | 'overflowed'> {
  return {
    unlearned: error => log.error({ event: 'revocations.unknown', detail: error instanceof Error ? error.message : String(error) }, 'the store does not say who has signed out; sessions do not count until it does'),
    overflowed: startedAt => log.error({ event: 'revocations.overflowed', before: new Date(startedAt).toISOString(), hint: 'A shorter --oauth-expiry-days makes each sign-out be forgotten sooner.' }, 'there were more sign-outs than can be remembered one by one: all sessions that began before then have ended')
  }
}

/** @throws {StoreUnavailable} whoever brings a session could not be answered now */
export async function readiness ({ all }: Stores, revocations: Revocations): Promise<void> {
  await Promise.all(all.map(store => store.get('ready')))
  revocations.demand()
}
