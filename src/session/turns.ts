import { StoreUnavailable } from '../errors.ts'
import type { Outside } from '../outside.ts'
import { insist } from './store/insist.ts'
import type { Store } from './store/store.ts'

/** Lets one process at a time do a thing, among all that share a store. */
export interface Turns {
  /**
   * Waits until nobody else works under this name, and then works.
   *
   * @throws what `work` throws, and {StoreUnavailable}
   */
  take<T> (name: string, work: () => Promise<T>): Promise<T>
}

/** Milliseconds after which a process that has vanished loses its turn. One that works holds it for as long as that takes. */
const LEASE = 10_000
const ASKED_EVERY = 100
/** What is left by who had a turn: where not even that is, the store may have forgotten who works. */
const FREE = 'free'
/** A key by which is known that a store has not been emptied, and for how long. */
const [BEGUN, LONG] = ['turns', 30 * 24 * 60 * 60_000]
const AWAY = 5_000

/**
 * Each a lease in the store: who holds one lengthens it, whatever a slow provider takes, and takes it anew where the store has forgotten it. Whoever
 * has reason to think of that waits for so long first: who saw the turn held and then nothing, and who comes to a store that was emptied. A
 * lease alone fences nothing off: what is written under it says of which version it is.
 */
export function createTurns ({ store, outside, lease = LEASE }: { readonly store: Store, readonly outside: Pick<Outside, 'random'>, readonly lease?: number }): Turns {
  const begin = async () => { await store.add(BEGUN, '1', LONG) }
  begin().catch(() => { /* then who comes first waits a little */ })

  /** Asks whether the turn is had now. */
  const asker = (key: string, mine: string): () => Promise<boolean> => {
    let [isDoubtful, left] = [false, Math.ceil(lease / 3 / ASKED_EVERY)]
    return async () => {
      const there = await store.get(key)
      if (there === FREE) return await store.replace(key, FREE, mine, lease)
      isDoubtful ||= there !== null || await store.get(BEGUN) === null
      if (there !== null || (isDoubtful && left-- > 0)) return false
      if (isDoubtful) await begin()
      return await store.add(key, mine, lease)
    }
  }

  return {
    async take (name, work) {
      const key = `turn:${name}`
      const mine = outside.random(16).toString('base64url')
      const ask = patiently()
      const isMine = asker(key, mine)
      while (!await ask(isMine)) await pause(ASKED_EVERY)
      // A store that is away for a moment takes the lease with it only if it forgets: then it is taken anew, if nobody was quicker.
      let isOver = false
      const hold = async () => { if (!await store.replace(key, mine, mine, lease) && !isOver) await store.add(key, mine, lease) }
      const holding = setInterval(() => { hold().catch(() => { /* the next time, or never: then another may begin */ }) }, lease / 10)
      try {
        return await work()
      } finally {
        isOver = true
        clearInterval(holding)
        const leave = () => store.replace(key, mine, FREE, lease)
        // A store that is away just now is told when it is back, or whoever comes next would wait for the end of the lease. Nobody waits for that.
        await leave().catch(() => { insist(leave, lease).catch(() => { /* it has ended by itself */ }) })
      }
    }
  }
}

/** Who waits already goes on waiting while a store is away, but not for long; who has just come is told at once. */
function patiently (): (ask: () => Promise<boolean>) => Promise<boolean> {
  let [hasAnswered, left] = [false, AWAY / ASKED_EVERY]
  return async ask => {
    try {
      const answer = await ask()
      hasAnswered = true
      return answer
    } catch (error) {
      if (!hasAnswered || !(error instanceof StoreUnavailable) || left-- <= 0) throw error
      return false
    }
  }
}

async function pause (milliseconds: number): Promise<void> {
  await new Promise(resolve => { setTimeout(resolve, milliseconds) })
}
