import { StoreUnavailable } from '../errors.ts'
import type { Outside } from '../outside.ts'
import { recent } from '../session/recent.ts'
import type { Store } from '../session/store/store.ts'
import { householdOf } from './network.ts'

const MINUTE = 60_000
/** Networks remembered at once: more than can fail within a minute from those that one person has. */
const NETWORKS = 50_000
const ALL = 'all'

/** Counts what failed, by address and in all: what succeeds is never held up, however much of it there is. */
export interface Brake {
  isOver (address: string): boolean
  failed (address: string): void
}

/**
 * Refused logout tokens a minute: with one more the sender is told to wait. Each is looked at all the same, which costs a tenth of a millisecond, and no
 * more where a signature has to be looked at: a provider must be heard whatever others send, also from its own address, and some try only once.
 */
const LOGOUTS = { perAddress: 600, inAll: 6000 }

/** @param limits failures a minute @param others where others count the same: what fails at one of them has failed at all */
export function createBrake ({ limits = LOGOUTS, others }: { readonly limits?: typeof LOGOUTS, readonly others?: { readonly store: Store, readonly topic: string, readonly outside: Pick<Outside, 'random'> } | undefined } = {}): Brake {
  const counts = recent<{ count: number }>(NETWORKS, { life: MINUTE })
  const countOf = (key: string) => counts.get(key)?.count ?? 0
  const count = (household: string): void => {
    for (const key of [household, ALL]) {
      const counted = counts.get(key)
      if (counted === undefined) counts.set(key, { count: 1 })
      else counted.count++
    }
  }
  const me = others?.outside.random(6).toString('base64url') ?? ''
  others?.store.listen(others.topic, word => {
    const [from = '', household = ''] = word.split(' ')
    if (from !== me) count(household)
  })
  return {
    isOver: address => countOf(householdOf(address)) >= limits.perAddress || countOf(ALL) >= limits.inAll,
    failed (address) {
      count(householdOf(address))
      others?.store.announce(others.topic, `${me} ${householdOf(address)}`).catch(() => { /* each goes by its own count then */ })
    }
  }
}

/** Counts tries in the store that processes share, so that there are not as many more of them as there are processes. */
export interface Tries {
  /** Counts one more. @param max a minute @returns whether there were as many already; false where nobody can say, and each process goes by its own count */
  isOver (name: string, max: number): Promise<boolean>
}

/** @param prefix before each key */
export function createTries ({ store, prefix, outside }: { readonly store: Store, readonly prefix: string, readonly outside: Pick<Outside, 'now'> }): Tries {
  const count = async (key: string, max: number): Promise<boolean> => {
    for (;;) {
      const text = await store.get(key)
      const [tries, until] = text?.split(' ').map(Number) as [number, number] | undefined ?? [0, outside.now() + MINUTE]
      if (tries >= max) return true
      const [next, life] = [`${tries + 1} ${until}`, Math.max(1, until - outside.now())]
      if (text === null ? await store.add(key, next, life) : await store.replace(key, text, next, life)) return false // otherwise somebody else has tried meanwhile
    }
  }
  return {
    async isOver (name, max) {
      try {
        return await count(`${prefix}tries:${name}`, max)
      } catch (error) {
        if (error instanceof StoreUnavailable) return false
        throw error
      }
    }
  }
}
