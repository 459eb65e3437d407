import { StoreUnavailable } from '../../errors.ts'

/** Milliseconds for which a store that is away is waited for unless said otherwise, and after which it is tried again. */
const LONGEST = 60_000
const EVERY = 250

/** For what must not get lost because a store is away just then. @throws {StoreUnavailable} it is away for too long, and whatever else `work` throws */
export async function insist<T> (work: () => Promise<T>, longest = LONGEST): Promise<T> {
  for (let left = longest / EVERY; ; left--) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || left <= 0) throw error
      await new Promise(resolve => { setTimeout(resolve, EVERY) })
    }
  }
}
