import { recent } from '../session/recent.ts'
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

/** @param limits failures a minute */
export function createBrake (limits: { readonly perAddress: number, readonly inAll: number }): Brake {
  const counts = recent<{ count: number }>(NETWORKS, { life: MINUTE })
  const countOf = (key: string) => counts.get(key)?.count ?? 0
  return {
    isOver: address => countOf(householdOf(address)) >= limits.perAddress || countOf(ALL) >= limits.inAll,
    failed (address) {
      for (const key of [householdOf(address), ALL]) {
        const counted = counts.get(key)
        if (counted === undefined) counts.set(key, { count: 1 })
        else counted.count++
      }
    }
  }
}
