import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { IdentityTooLarge } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { CookieJar, SetCookie } from './cookies.ts'
import type { Keeping, Kept } from './keeping.ts'
import { createOpener, type Opened, type OpenerOptions, type Session } from './opened.ts'
import type { KeptTokens, SealedSession } from './session.ts'
import type { Sealed, Window } from './window.ts'

/** What is known of a cookie. */
interface Known {
  readonly session: Opened
  readonly mark: string
  /** Milliseconds since the epoch up to which it counts as it is. */
  until: number
  /** Whether a browser has sent it. */
  isShown: boolean
}

export interface SessionOptions extends OpenerOptions {
  readonly keeping: Keeping
  /** Milliseconds from sign-in to the absolute end. */
  readonly lifetime: number
  /** Where a renewed session has another cookie. */
  readonly window?: Window | undefined
}

/** What a session may have beside the identity. */
interface More {
  readonly tokens?: KeptTokens | undefined
  readonly mark?: string | undefined
  readonly sid?: string | undefined
  readonly sub?: string | undefined
}

export interface Sessions {
  /** @param cookieHeader the request's `Cookie` header as it came. @throws {StoreUnavailable} */
  open (jar: CookieJar, cookieHeader: string | undefined): Session | null | Promise<Session | null>
  /** Keeps a new session, with a new id. @throws {SessionTooLarge} {IdentityTooLarge} {StoreUnavailable} */
  start (jar: CookieJar, cookieHeader: string | undefined, identity: Identity, more?: More): Promise<SetCookie[]>
  /** Signs out: the session is void at once, also where its cookie was kept. @throws {StoreUnavailable} it is void here, and it is unknown what others make of it */
  end (session: Session): Promise<void>
  /** Whether a session that was opened earlier may still be used, and its person still enter; asked for streams and sockets. */
  isLive (session: Session): boolean
  hasEnded (session: Session): boolean
  /** Opens a cookie that no browser need have. @throws {StoreUnavailable} */
  look (jar: CookieJar, cookie: string): Promise<Session | null>
  /** What is kept of a session now, with its tokens, which no opened one has. @throws {StoreUnavailable} */
  reread (jar: CookieJar, cookie: string): Promise<{ readonly session: Session, readonly tokens: KeptTokens | undefined } | null>
  /** The tokens that a session has by now, whichever of its cookies this is. @throws {StoreUnavailable} */
  tokensOf (jar: CookieJar, cookie: string): Promise<KeptTokens | undefined>
  /**
   * The same session with new tokens and what is known now: its id and its ends stay.
   *
   * @returns null where it has ended meanwhile, or somebody else has renewed it. @throws {SessionTooLarge} {IdentityTooLarge} {StoreUnavailable}
   */
  renew (jar: CookieJar, before: Sealed, identity: Identity, tokens: KeptTokens): Promise<Sealed | null>
}

const CACHED = 20_000
const CACHED_CHARACTERS = 64 * 1024 * 1024

/** Sessions, wherever they are kept, with a cache of the verified ones: opening is what a request would cost most. */
export function createSessions (options: SessionOptions): Sessions {
  const { keeping, revocations, outside, lifetime, window } = options
  const opener = createOpener(options)
  const cache = new LRUCache<string, Known>({ max: CACHED, maxSize: CACHED_CHARACTERS })
  const reading = new Map<string, Promise<Session | null>>()
  const keyOf = (jar: CookieJar, cookie: string) => hash('sha256', jar.sessionName + cookie, 'base64')
  const valid = (key: string, session: Opened): Session | null => {
    if (!opener.hasEnded(session, true) && opener.holds(session)) return session
    cache.delete(key)
    return null
  }
  const remember = (key: string, cookie: string, session: Opened, mark: string, isShown = false): Known => {
    const known = { session, mark, until: outside.now() + keeping.fresh, isShown }
    cache.set(key, known, { size: sizeOf(cookie, session) })
    return known
  }
  const show = (known: Known): void => {
    known.isShown = true
    if (known.session.version > 0) window?.taken(known.session)
  }
  const take = (key: string, cookie: string, before: Known | undefined, found: Kept | 'same' | null): Session | null => {
    if (found === 'same' && before !== undefined) {
      before.until = outside.now() + keeping.fresh
      return valid(key, before.session)
    }
    const opened = found === null || found === 'same' ? null : opener.open(found.session)
    if (found === null || found === 'same' || opened === null) {
      cache.delete(key)
      return null
    }
    if (valid(key, opened) === null) return null
    remember(key, cookie, opened, found.mark, before?.isShown)
    return opened
  }
  const fresh = (key: string): Known | undefined => {
    const known = cache.get(key)
    return known !== undefined && known.until > outside.now() ? known : undefined
  }
  const read = (jar: CookieJar, cookie: string, key: string): Session | null | Promise<Session | null> => {
    const under = reading.get(key)
    if (under !== undefined) return under
    const known = cache.get(key)
    const found = keeping.read(jar, cookie, known?.mark)
    if (!(found instanceof Promise)) return take(key, cookie, known, found)
    const flight = found.then(found => take(key, cookie, known, found)).finally(() => reading.delete(key))
    reading.set(key, flight)
    return flight
  }

  const reread: Sessions['reread'] = async (jar, cookie) => {
    const kept = await keeping.read(jar, cookie)
    if (kept === null || kept === 'same') return null
    const session = opener.open(kept.session)
    return session === null || opener.hasEnded(session) ? null : { session, tokens: kept.session.tokens }
  }

  return {
    reread,
    async tokensOf (jar, cookie) {
      const kept = await reread(jar, cookie)
      const found = kept === null ? null : await window?.find(kept.session) ?? null
      return (found === null || typeof found === 'string' ? kept : await reread(jar, found.cookie))?.tokens
    },
    hasEnded: session => opener.hasEnded(session as Opened),
    isLive: session => opener.isLive(session as Opened),
    open (jar, cookieHeader) {
      const cookie = jar.readSession(cookieHeader)
      if (cookie === null) return null
      const key = keyOf(jar, cookie)
      const found = fresh(key)
      const session = found === undefined ? read(jar, cookie, key) : valid(key, found.session)
      const known = found ?? (window === undefined ? undefined : fresh(key))
      if (known?.isShown === false) show(known)
      return session
    },
    async look (jar, cookie) {
      const key = keyOf(jar, cookie)
      const found = fresh(key)
      return await (found === undefined ? read(jar, cookie, key) : valid(key, found.session))
    },
    async start (jar, cookieHeader, identity, { tokens, mark, sid, sub } = {}) {
      options.headers(identity, tokens) // what no request could carry is refused now, where it can be said why
      options.cookies?.(identity, tokens)
      const startedAt = outside.now()
      const session = { id: outside.random(16).toString('base64url'), identity, startedAt, expiresAt: startedAt + lifetime, ...tokens !== undefined && { tokens }, ...mark !== undefined && { mark }, ...sid !== undefined && { sid }, ...sub !== undefined && sub !== identity.subject && { sub } }
      return jar.writeSession(await keeping.begin(jar, session), lifetime, cookieHeader)
    },
    async renew (jar, { session, token }, identity, tokens) {
      const { id, startedAt, expiresAt, version, mark, sid, sub } = session
      const renewed: SealedSession = { id, identity, startedAt, expiresAt, version: version + 1, tokens, ...mark !== undefined && { mark }, ...sid !== undefined && { sid }, ...sub !== undefined && { sub } }
      const next = opener.open(renewed)
      if (next === null) throw new IdentityTooLarge('the headers for the app, with the renewed tokens') // the one reason why it does not open
      const kept = await keeping.renew(jar, token, renewed)
      if (kept === null) return null
      opener.succeed(session as Opened, next)
      remember(keyOf(jar, kept.cookie), kept.cookie, next, kept.mark)
      return { session: next, token: kept.cookie }
    },
    async end (session) {
      const revoked = revocations.revoke(session) // first, so that nothing that waits below lets anybody in
      await Promise.all([revoked, keeping.end(session), window?.drop(session)])
    }
  }
}

function sizeOf (cookie: string, { headers, cookies }: Opened): number {
  return cookie.length + headers.reduce((sum, { length }) => sum + length, 0) + (cookies?.().length ?? 0)
}
