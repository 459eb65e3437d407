import { StoreUnavailable } from '../../errors.ts'
import type { Outside } from '../../outside.ts'
import type { Store } from './store.ts'

export interface MemoryOptions {
  readonly outside: Pick<Outside, 'now'>
  /** Characters of all keys and values together, and of the members of sets. */
  readonly room?: number
}

/** Of values: about twenty thousand sessions with tokens, or a hundred thousand without. */
const ROOM = 256 * 1024 * 1024

interface Held { readonly value: string, readonly until: number }

/**
 * A store in this process: what is in it is gone when the process ends. Nothing in it is put out before its time to make room, which would
 * end sessions of other people; when it is full it takes no more.
 */
export function createMemoryStore ({ outside, room = ROOM }: MemoryOptions): Store {
  const values = new Map<string, Held>()
  const sets = new Map<string, Map<string, number>>()
  const listeners = new Map<string, ((word: string) => void)[]>()
  let [filled, sweepAt] = [0, 0]

  const drop = (key: string, { value }: Held): void => {
    values.delete(key)
    filled -= key.length + value.length
  }
  const held = (key: string): string | null => {
    const found = values.get(key)
    if (found === undefined) return null
    if (found.until > outside.now()) return found.value
    drop(key, found)
    return null
  }
  const leave = (name: string, member: string): void => {
    const set = sets.get(name)
    if (set?.delete(member) === true) filled -= member.length
    if (set?.size === 0) sets.delete(name)
  }
  const sweep = (): void => {
    const now = outside.now()
    for (const [key, found] of values) if (found.until <= now) drop(key, found)
    for (const [name, set] of sets) {
      for (const [member, until] of set) if (until <= now) leave(name, member)
    }
    sweepAt = now + SWEEP
  }
  const tidy = (): void => { if (sweepAt <= outside.now()) sweep() }
  const grow = (by: number): void => {
    if (filled + by > room) throw new StoreUnavailable(`the memory for sessions is full: ${room} characters`)
    filled += by
  }
  const put = (key: string, value: string, life: number): void => {
    tidy()
    const before = values.get(key)
    grow(key.length + value.length - (before === undefined ? 0 : key.length + before.value.length))
    values.set(key, { value, until: outside.now() + life })
  }

  const say = (topic: string, word: string): void => { for (const heard of listeners.get(topic) ?? []) heard(word) }

  return {
    reach: 'process',
    async get (key) { return held(key) },
    async set (key, value, life) { put(key, value, life) },
    async add (key, value, life) {
      if (held(key) !== null) return false
      put(key, value, life)
      return true
    },
    async replace (key, before, after, life) {
      if (held(key) !== before) return false
      put(key, after, life)
      return true
    },
    async remove (key, value) {
      const there = held(key)
      if (there === null || (value !== undefined && there !== value)) return false
      drop(key, values.get(key) as Held)
      return true
    },
    async enrol (name, member, until) {
      tidy()
      const set = sets.get(name) ?? new Map<string, number>()
      if (!set.has(member)) grow(member.length)
      sets.set(name, set)
      set.set(member, Math.max(until, set.get(member) ?? 0))
      say(name, member)
    },
    async dismiss (name, members) { for (const member of members) leave(name, member) },
    async members (name) {
      const now = outside.now()
      return new Map([...sets.get(name) ?? []].filter(([, until]) => until > now))
    },
    async announce (topic, word) { say(topic, word) },
    listen (topic, heard) { listeners.set(topic, [...listeners.get(topic) ?? [], heard]) },
    async close () { values.clear() }
  }
}

/** Milliseconds after which what is over is looked for. */
const SWEEP = 60_000
