import type { Outside } from '../outside.ts'
import type { Store } from './store/store.ts'

/** Has a store know the words of a set, and all who listen hear them. */
export interface Telling {
  /** @throws {StoreUnavailable} it is not told yet: it will be, without anybody asking again */
  tell (word: string, until: number): Promise<void>
  /** What the store has lost, told again without anybody waiting. */
  again (words: Iterable<readonly [word: string, until: number]>): void
}

export interface TellingOptions {
  readonly store: Pick<Store, 'enrol'> | undefined
  readonly set: string
  readonly outside: Pick<Outside, 'now'>
}

/** Milliseconds until a store is tried again that did not take a word. */
const AGAIN = 1_000

export function createTelling ({ store, set, outside }: TellingOptions): Telling {
  /** What the store does not have, with the end of its time. */
  const owed = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  const put = async (word: string, until: number): Promise<void> => {
    if (store === undefined || until <= outside.now()) return
    await store.enrol(set, word, until)
  }
  const pay = async (): Promise<void> => {
    for (const [word, until] of owed) {
      await put(word, until)
      owed.delete(word)
    }
  }
  const later = (pause: number): void => {
    timer ??= setTimeout(() => {
      void pay().catch(() => { /* still away */ }).finally(() => {
        timer = undefined
        if (owed.size > 0) later(AGAIN) // also what came to be owed meanwhile
      })
    }, pause).unref()
  }
  return {
    async tell (word, until) {
      try {
        await put(word, until)
      } catch (error) {
        owed.set(word, until)
        later(AGAIN)
        throw error
      }
    },
    again (words) {
      for (const [word, until] of words) owed.set(word, until)
      if (owed.size > 0) later(0)
    }
  }
}
