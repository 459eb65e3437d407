import type { Logger } from 'pino'
import type { Config } from './config/options.ts'
import type { Outside } from './outside.ts'
import type { RevocationOptions, Revocations } from './session/revocations.ts'
import type { RedisAddress } from './session/store/address.ts'
import { fixOf, type GivenStore } from './session/store/fix.ts'
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
  /** The one of them that settings name, and whether it was told that it does not answer, and not yet that it does again. */
  readonly named?: ConfiguredStore | undefined
  readonly away: () => boolean
}

/**
 * Opens the stores that settings name. One that is not there is said in the log, and used as soon as it is.
 *
 * @param shared what this process has in common with the others of the same gate, in place of its own memory
 */
export async function openStores (config: Config, outside: Outside, log: Log, shared?: Store): Promise<Stores> {
  const given = storeOf(config)
  let isAway = false
  const told = given === undefined ? undefined : tellOfStore(given, log, now => { isAway = now })
  const redis = given === undefined ? undefined : await createRedisStore({ ...given, outside, told })
  const common = { named: given, away: () => isAway }
  if (config.sessionStore === 'cookie') {
    const revocations = redis ?? shared
    return { sessions: undefined, revocations, all: revocations === undefined ? [] : [revocations], ...common }
  }
  const sessions = redis ?? shared ?? createMemoryStore({ outside })
  return { sessions, revocations: sessions, all: [sessions], ...common }
}

export interface ConfiguredStore extends GivenStore { readonly address: RedisAddress }

/** The Redis that settings name, if they do: where sessions are, or who signed out. */
export function storeOf ({ sessionStore, revocationStore, storeCa, storeCert, storeKey }: Config): ConfiguredStore | undefined {
  const [setting, address] = typeof sessionStore === 'object' ? ['session-store', sessionStore] : ['revocation-store', sessionStore === 'cookie' ? revocationStore : undefined]
  return address === undefined ? undefined : { setting, address, tls: { ca: storeCa, cert: storeCert, key: storeKey } }
}

/** One line when it goes and one when it is back, however many requests there are meanwhile. */
function tellOfStore (given: GivenStore, log: Log, away: (now: boolean) => void): StoreTold {
  const { setting } = given
  return {
    lost (where, detail) {
      away(true)
      log.error({ event: 'store.lost', setting, where, detail, hint: `${fixed(detail, given)}Whoever brings a session is answered 503 until it is back; nobody is signed out.` }, 'the store does not answer; it is tried again and again')
    },
    back (where) {
      away(false)
      log.info({ event: 'store.back', setting, where }, 'the store answers again')
    }
  }
}

function fixed (detail: string, given: GivenStore): string {
  const fix = fixOf(detail, given)
  return fix === undefined ? '' : `${fix} `
}

export function tellOfRevocations (log: Log, { named, away }: Pick<Stores, 'named' | 'away'>): Pick<RevocationOptions, 'unlearned' | 'overflowed'> {
  return {
    unlearned (error) {
      if (away()) return false // which says it all
      const detail = error instanceof Error ? error.message : String(error)
      const told = named === undefined ? {} : { setting: named.setting, hint: `${fixed(detail, named)}Whoever brings a session is answered 503 until it says it; nobody is signed out.` }
      log.error({ event: 'revocations.unknown', ...told, detail }, 'the store does not say who has signed out; sessions do not count until it does')
      return true
    },
    overflowed: startedAt => log.error({ event: 'revocations.overflowed', before: new Date(startedAt).toISOString(), hint: 'A shorter --oauth-expiry-days makes each sign-out be forgotten sooner.' }, 'there were more sign-outs than can be remembered one by one: all sessions that began before then have ended')
  }
}

/** @throws {StoreUnavailable} whoever brings a session could not be answered now */
export async function readiness ({ all }: Stores, revocations: Revocations): Promise<void> {
  await Promise.all(all.map(store => store.get('ready')))
  revocations.demand()
}
