import type { LRUCache } from 'lru-cache'
import { recent } from './recent.ts'
import type { SealedSession } from './session.ts'
import type { Store } from './store/store.ts'

/**
 * What ended a session. `provider`: its own end of the session, which it named at sign-in. `back-channel`: it said later that somebody has signed
 * out there. `entry`: the password that let somebody in is another now. `key`: its cookie opens no more. `renewal-lost`: the store no longer has what its tokens were renewed into.
 */
export type Cause = 'absolute' | 'provider' | 'idle' | 'entry' | 'key' | 'sign-out' | 'another-sign-in' | 'refresh-refused' | 'renewal-lost' | 'replay' | 'back-channel' | 'revoked'

/** Why somebody who was signed in is not any more. */
export interface Ending {
  readonly cause: Cause
  /** For the visitor, without a capital or a full stop. */
  readonly reason: string
}

type Ended = Pick<SealedSession, 'id' | 'identity' | 'startedAt' | 'expiresAt'>

/** Remembers what ended sessions, for the log, once, and for whoever comes back. */
export interface Endings {
  /** @param isTold whether the log has it already */
  record (session: Ended, cause: Cause, isTold: boolean): void
  /** Without a promise where nobody else could know. @throws {StoreUnavailable} */
  find (id: string): Cause | undefined | Promise<Cause | undefined>
  explain (cause: Cause): Ending
}

export interface EndingsOptions {
  /** Milliseconds from sign-in to the absolute end, and without activity. */
  readonly lifetime: number
  readonly idle: number
  /** Where others see the same sessions end. */
  readonly store?: Store | undefined
  /** Before each key in the store. */
  readonly prefix?: string
  /** What earlier configurations have seen, where there were any. */
  readonly known?: Causes
  /** For the log. */
  readonly told?: (session: Ended, cause: Cause) => void
}

const REMEMBERED = 50_000
/** Milliseconds for which others can ask. */
const KEPT = 24 * 60 * 60_000

/** By the ids of sessions. */
export type Causes = Pick<LRUCache<string, Cause>, 'get' | 'set' | 'has'>

export function createCauses (): Causes {
  return recent<Cause>(REMEMBERED)
}

/** Whoever sees an end first says so; in a store the first is who comes first there. */
export function createEndings ({ lifetime, idle, store, prefix = '', known = createCauses(), told = () => {} }: EndingsOptions): Endings {
  const sentences = sentencesFor(inWords(lifetime), inWords(idle))
  const keyOf = (id: string) => `${prefix}ended:${id}`
  return {
    record (session, cause, isTold) {
      if (known.has(session.id)) return
      known.set(session.id, cause)
      const tell = (isFirst: boolean) => { if (isFirst && !isTold) told(session, cause) }
      if (store === undefined) tell(true)
      else store.add(keyOf(session.id), cause, KEPT).then(tell, () => { tell(true) })
    },
    find (id) {
      const cause = known.get(id)
      return cause ?? store?.get(keyOf(id)).then(text => text !== null && text in sentences ? text as Cause : undefined)
    },
    explain: cause => ({ cause, reason: sentences[cause] })
  }
}

function sentencesFor (lifetime: string, idle: string): Readonly<Record<Cause, string>> {
  return {
    absolute: `a sign-in lasts ${lifetime} here, and yours has ended`,
    provider: 'the sign-in service has set an end to your sign-in, and it has come',
    idle: `you were signed out after ${idle} without activity`,
    entry: 'the password that you signed in with does not count any more',
    key: 'the key of your sign-in does not count any more',
    'sign-out': 'you have signed out',
    'another-sign-in': 'you have signed in anew',
    'refresh-refused': 'the sign-in service has ended your sign-in',
    'renewal-lost': 'what your sign-in was renewed with has got lost',
    replay: 'an old copy of your sign-in was used, so it was ended',
    'back-channel': 'the sign-in service has signed you out',
    revoked: 'your sign-in was ended'
  }
}

const UNITS: readonly (readonly [name: string, milliseconds: number])[] = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000], ['second', 1000]]

/** `1 day`, `30 minutes`, `1.5 hours`. */
export function inWords (milliseconds: number): string {
  const [name, unit] = UNITS.find(([, unit]) => milliseconds >= unit) ?? ['second', 1000]
  const count = Math.round(milliseconds / unit * 10) / 10
  return `${count} ${name}${count === 1 ? '' : 's'}`
}
