import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { CookieJar } from './cookies.ts'
import type { Cause, Endings } from './endings.ts'
import type { Keeping, KeptSession } from './keeping.ts'
import type { Opened, Opener, OpenerOptions, Session } from './opened.ts'
import type { Window } from './window.ts'

/** What is known of a cookie. */
interface Known {
  readonly session: Opened
  readonly state: string | undefined
  /** Milliseconds since the epoch up to which it counts as it is. */
  until: number
  /** Whether a browser has sent it. */
  isShown: boolean
}

/** Sessions that were opened, each as long as it counts. */
export interface Cache {
  /** Under what a cookie is kept here. */
  keyOf (jar: CookieJar, cookie: string): string
  /** @returns null where the cookie stands for no session, or for one that has ended. @throws {StoreUnavailable} */
  open (jar: CookieJar, cookie: string, key?: string): Session | null | Promise<Session | null>
  /** The same for a cookie that no browser need have. */
  look (jar: CookieJar, cookie: string): Session | null | Promise<Session | null>
  remember (jar: CookieJar, cookie: string, session: Opened, state: string | undefined): void
  /** What has ended it by now; nothing for one that goes on. */
  causeOf (session: Opened): Cause | undefined
  /** Has it said, once, why it has ended, if it has. */
  close (session: Opened): void
  /** Looks, at most once a minute, for what has ended and nobody asks for. */
  tidy (): void
}

export interface CacheOptions extends Pick<OpenerOptions, 'revocations' | 'outside' | 'idle'> {
  readonly keeping: Keeping
  /** Where a renewed session has another cookie. */
  readonly window?: Window | undefined
  readonly endings?: Endings | undefined
}

const CACHED = 20_000
const CACHED_CHARACTERS = 64 * 1024 * 1024
const TIDY = 60_000 // milliseconds

/** A cache of the verified ones: opening is what a request would cost most. */
export function createCache (options: CacheOptions, opener: Opener): Cache {
  const { keeping, revocations, outside, window, idle, endings } = options
  const cache = new LRUCache<string, Known>({ max: CACHED, maxSize: CACHED_CHARACTERS })
  const reading = new Map<string, Promise<Session | null>>()
  const keyOf = (jar: CookieJar, cookie: string) => hash('sha256', `${jar.sessionName}=${cookie}`, 'base64')
  const causeOf = (session: Opened) => opener.causeOf(session) ?? opener.causeOf(opener.newest(session))
  const close = (session: Opened): void => {
    const cause = causeOf(session)
    if (cause === undefined || cause === 'revoked' || cause === 'back-channel') return // whoever revokes says why
    endings?.record(session, cause, false)
    if (cause !== 'idle' || idle?.isShared !== true) return
    // Or it would go on for whoever saw the person in the last minute.
    Promise.all([revocations.revoke(session), keeping.end(session)]).catch(() => { /* it has ended here, and is asked for again elsewhere */ })
  }
  const valid = (key: string, session: Opened): Session | null => {
    if (!opener.hasEnded(session, true) && opener.holds(session)) return session
    cache.delete(key)
    close(session)
    return null
  }
  const judged = (key: string, session: Opened): Session | null | Promise<Session | null> => idle?.ask(session)?.then(() => valid(key, session)) ?? valid(key, session)
  const remember = (key: string, cookie: string, session: Opened, state: string | undefined, isShown = false): Known => {
    const known = { session, state, until: outside.now() + keeping.fresh, isShown }
    cache.set(key, known, { size: sizeOf(cookie, session) })
    return known
  }
  const show = (known: Known): void => {
    known.isShown = true
    if (known.session.version > 0) window?.taken(known.session)
  }
  const take = (key: string, cookie: string, before: Known | undefined, found: KeptSession | 'same' | null): Session | null | Promise<Session | null> => {
    if (found === 'same' && before !== undefined) {
      before.until = outside.now() + keeping.fresh
      return judged(key, before.session)
    }
    const opened = found === null || found === 'same' ? null : opener.open(found.session, found.by)
    if (found === null || found === 'same' || opened === null) {
      cache.delete(key)
      return null
    }
    const settle = (session: Session | null) => {
      if (session !== null) remember(key, cookie, opened, found.state, before?.isShown)
      return session
    }
    const session = judged(key, opened)
    return session instanceof Promise ? session.then(settle) : settle(session)
  }
  const isFresh = (known: Known | undefined): known is Known => known !== undefined && known.until > outside.now()
  const read = (jar: CookieJar, cookie: string, key: string, known: Known | undefined): Session | null | Promise<Session | null> => {
    const under = reading.get(key)
    if (under !== undefined) return under
    const found = keeping.read(jar, cookie, known?.state)
    if (!(found instanceof Promise)) return take(key, cookie, known, found)
    const flight = found.then(found => take(key, cookie, known, found)).finally(() => reading.delete(key))
    reading.set(key, flight)
    return flight
  }
  const find = (jar: CookieJar, cookie: string, key: string, known: Known | undefined) => isFresh(known) ? judged(key, known.session) : read(jar, cookie, key, known)
  let tidyAt = outside.now() + TIDY

  return {
    causeOf, close, keyOf,
    open (jar, cookie, key = keyOf(jar, cookie)) {
      const known = cache.get(key)
      const session = find(jar, cookie, key, known)
      if (window === undefined) return session
      const now = isFresh(known) ? known : cache.get(key)
      if (isFresh(now) && !now.isShown) show(now)
      return session
    },
    look (jar, cookie) {
      const key = keyOf(jar, cookie)
      return find(jar, cookie, key, cache.get(key))
    },
    remember (jar, cookie, session, state) { remember(keyOf(jar, cookie), cookie, session, state) },
    tidy () {
      if (tidyAt > outside.now()) return
      tidyAt = outside.now() + TIDY
      for (const [key, { session }] of [...cache]) {
        idle?.ask(session)?.catch(() => { /* the next time */ })
        if (!opener.hasEnded(session)) continue
        cache.delete(key)
        close(session)
      }
    }
  }
}

function sizeOf (cookie: string, { headers, cookies }: Opened): number {
  return cookie.length + headers.reduce((sum, { length }) => sum + length, 0) + (cookies?.().length ?? 0)
}
