import { LRUCache } from 'lru-cache'
import type { Outside } from '../outside.ts'
import type { Session } from './opened.ts'

/** A session with its sealed text: what is, or is to become, its cookie. */
export interface Sealed {
  readonly session: Session
  readonly token: string
}

/**
 * What came in place of cookies that browsers still send. A cookie can be replaced only when a page is asked for, and until
 * then the old one stands for the new session; what it holds is spent, and must not be used again.
 */
export interface Window {
  /** The newest of this session; null where that is the one asked for. `replayed`: the browser has long had a newer cookie, so this is a copy. */
  find (session: Session): Sealed | 'replayed' | null
  put (renewed: Sealed): void
  /** A browser has this cookie: those before it count for a little longer, for what was under way. @returns the one session object that stands for it */
  taken (sealed: Sealed): Session
  drop (id: string): void
}

interface Held extends Sealed {
  /** Cookies before this version are copies, from then on: milliseconds since the epoch. */
  readonly floor: { readonly version: number, readonly until: number }
}

/** Milliseconds in which requests that were under way still come with the cookie before. */
const GRACE = 30_000
const SESSIONS = 100_000
const HELD = 20_000
const HELD_CHARACTERS = 64 * 1024 * 1024

/** Of one process. What is forgotten for lack of room ends a session at the most: a spent token is never used for it. */
export function createWindow (outside: Outside): Window {
  const clock = { perf: { now: () => outside.now() }, ttlResolution: 0 }
  const newest = new LRUCache<string, number>({ max: SESSIONS, ...clock })
  const held = new LRUCache<string, Held>({ max: HELD, maxSize: HELD_CHARACTERS, ...clock })
  const lifeOf = ({ expiresAt }: Session) => Math.max(1, expiresAt - outside.now())
  const keep = (entry: Held, ttl: number) => held.set(entry.session.id, entry, { ttl, size: entry.token.length + entry.session.headers.reduce((sum, { length }) => sum + length, 0) })

  return {
    find ({ id, version }) {
      const last = newest.get(id)
      if (last === undefined || last <= version) return null
      const entry = held.get(id)
      return entry === undefined || (version < entry.floor.version && entry.floor.until <= outside.now()) ? 'replayed' : entry
    },
    put (renewed) {
      const { session } = renewed
      const floor = held.get(session.id)?.floor ?? { version: session.version - 1, until: -Infinity }
      newest.set(session.id, session.version, { ttl: lifeOf(session) })
      keep({ ...renewed, floor }, lifeOf(session))
    },
    taken ({ session, token }) {
      const { id, version } = session
      const entry = held.get(id)
      if (version > (newest.get(id) ?? 0)) newest.set(id, version, { ttl: lifeOf(session) }) // of a process before this one
      if (entry?.token !== token) return session
      if (entry.floor.version < version) keep({ ...entry, floor: { version, until: outside.now() + GRACE } }, GRACE)
      return entry.session
    },
    drop (id) {
      held.delete(id)
      newest.delete(id)
    }
  }
}
