import { hash } from 'node:crypto'
import type { Identity } from '../identity/identity.ts'
import { recent } from './recent.ts'

/**
 * Whose the pages are that opened a websocket: who knows the id of a colleague's could otherwise put it beside words of his own.
 * Of one process, and as long as there is room; an app that signs its tokens closes this for good.
 */
export interface PageOwners {
  /** Whether the page is this person's: it is whose it was first. `null` is nobody, who owns none. */
  isFor (page: string, identity: Pick<Identity, 'provider' | 'subject'> | null): boolean
}

const PEOPLE = 20_000
/** Of one person, so that nobody pushes out another's. */
const PAGES = 64

export function createPageOwners (): PageOwners {
  const owners = new Map<string, string>()
  const pages = recent<Set<string>>(PEOPLE, { dispose: set => { for (const page of set) owners.delete(page) } })
  return {
    isFor (page, identity) {
      const key = hash('sha256', page, 'base64') // ids are as long as somebody likes
      const owner = owners.get(key)
      if (identity === null || owner !== undefined) return owner === (identity === null ? undefined : keyOf(identity))
      const person = keyOf(identity)
      const own = pages.get(person) ?? new Set<string>()
      own.add(key)
      owners.set(key, person)
      const [oldest] = own
      if (own.size > PAGES && oldest !== undefined) {
        own.delete(oldest)
        owners.delete(oldest)
      }
      pages.set(person, own)
      return true
    }
  }
}

function keyOf ({ provider, subject }: Pick<Identity, 'provider' | 'subject'>): string {
  return JSON.stringify([provider, subject])
}
