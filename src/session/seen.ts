import { hash } from 'node:crypto'
import type { Outside } from '../outside.ts'
import { recent } from './recent.ts'
import type { Store } from './store/store.ts'

/** What must not count a second time. */
export interface Seen {
  /** @throws {StoreUnavailable} */
  has (name: string): Promise<boolean>
  /** @returns whether it came for the first time. @throws {StoreUnavailable} */
  add (name: string): Promise<boolean>
}

export interface SeenOptions {
  readonly outside: Pick<Outside, 'now'>
  /** Milliseconds for which a name is remembered. */
  readonly life: number
  /** Where processes share it; else this process alone knows. */
  readonly store?: Store | undefined
  /** Before each key in the store. */
  readonly prefix: string
}

const MOST = 100_000

export function createSeen ({ outside, life, store, prefix }: SeenOptions): Seen {
  const own = recent<true>(MOST, { life, now: () => outside.now() })
  const keyOf = (name: string) => `${prefix}:${hash('sha256', name, 'base64url')}`
  return {
    has: async name => store === undefined ? own.has(keyOf(name)) : await store.get(keyOf(name)) !== null,
    async add (name) {
      if (store !== undefined) return await store.add(keyOf(name), '1', life)
      if (own.has(keyOf(name))) return false
      own.set(keyOf(name), true)
      return true
    }
  }
}
