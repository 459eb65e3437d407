import { isDeepStrictEqual } from 'node:util'
import { IdentityTooLarge, IdTokenInvalid } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import { perConnection } from '../per-connection.ts'
import { createCache, type CacheOptions } from './cache.ts'
import type { CookieJar, SetCookie } from './cookies.ts'
import type { Cause, Ending } from './endings.ts'
import type { News } from './news.ts'
import { createOpener, NEAR, type Opened, type OpenerOptions, type Session } from './opened.ts'
import type { KeptTokens, SealedSession } from './session.ts'
import type { Sealed } from './window.ts'

export interface SessionOptions extends OpenerOptions, CacheOptions {
  /** Milliseconds from sign-in to the absolute end. */
  readonly lifetime: number
  /** Where others have the same sessions open. */
  readonly news?: News | undefined
}

/** What a session may have beside the identity. */
interface More {
  readonly tokens?: KeptTokens | undefined
  readonly mark?: string | undefined
  readonly sid?: string | undefined
  readonly sub?: string | undefined
  /** The end that the provider has set to the session. */
  readonly endsAt?: number | undefined
}

export interface Sessions {
  /**
   * @param cookieHeader the request's `Cookie` header as it came
   * @param connection by which it came, where more requests with the same header are likely
   * @throws {StoreUnavailable}
   */
  open (jar: CookieJar, cookieHeader: string | undefined, connection?: object): Session | null | Promise<Session | null>
  /** The person is there: what they do keeps the session from ending without activity. */
  note (session: Session): void
  /** When it ends if its person does nothing from now on, in milliseconds since the epoch; nothing where that ends no session. */
  idleAt (session: Session): number | undefined
  /** Whether the cookie by which this session was opened is too old to say when its person was last seen. */
  isStale (session: Session): boolean
  /** The same session's cookie with that time; none once it has ended, or has another cookie. */
  touch (session: Session, jar: CookieJar, cookieHeader: string | undefined): readonly SetCookie[]
  /** Why the session of this cookie has ended, as far as anybody knows. */
  whyEnded (jar: CookieJar, cookieHeader: string | undefined): Promise<Ending | undefined>
  /** Keeps a new session, with a new id. @throws {SessionTooLarge} {IdentityTooLarge} {IdTokenInvalid} {StoreUnavailable} */
  start (jar: CookieJar, cookieHeader: string | undefined, identity: Identity, more?: More): Promise<SetCookie[]>
  /** Signs out: the session is void at once, also where its cookie was kept. @throws {StoreUnavailable} it is void here, and it is unknown what others make of it */
  end (session: Session, cause?: Cause): Promise<void>
  /** Whether a session that was opened earlier may still be used, and its person still enter; asked for streams and sockets. */
  isLive (session: Session): boolean
  /** The same for what `newest` has given, and far cheaper as long as nothing has changed. @param now milliseconds since the epoch */
  mayStay (session: Session, now: number): boolean
  /** What this session has become since it was opened. */
  newest (session: Session): Session
  /** Changes whenever `newest` might be another than before. */
  readonly renewals: number
  /** What has ended it by now; nothing for one that goes on. */
  causeOf (session: Session): Cause | undefined
  /** Says of sessions that nobody asks for any more that they have ended; at most once a minute. */
  tidy (): void
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

/** The cookie that a request shows, and under what it is kept. */
interface Shown {
  readonly cookie: string
  readonly key: string
}

/** Sessions, wherever they are kept, with a cache of the verified ones: opening is what a request would cost most. */
export function createSessions (options: SessionOptions): Sessions {
  const { keeping, revocations, outside, lifetime, window, idle, endings, news } = options
  const opener = createOpener(options)
  const cache = createCache(options, opener)
  const finish = async (session: Session): Promise<void> => {
    const revoked = revocations.revoke(session) // first, so that nothing that waits below lets anybody in
    await Promise.all([revoked, keeping.end(session), window?.drop(session)])
  }
  const isLive = (session: Session): boolean => {
    idle?.ask(session as Opened, NEAR)?.catch(() => { /* who cannot be asked for is left alone, and gets 503 for what they ask */ })
    if (opener.isLive(session as Opened)) return true
    cache.close(session as Opened)
    return false
  }
  const shown = perConnection((cookieHeader, jar: CookieJar): Shown | null => {
    const cookie = jar.readSession(cookieHeader)
    return cookie === null ? null : { cookie, key: cache.keyOf(jar, cookie) }
  })
  news?.listen((session, by) => opener.open(session, by))

  const reread: Sessions['reread'] = async (jar, cookie) => {
    const kept = await keeping.read(jar, cookie)
    if (kept === null || kept === 'same') return null
    const session = opener.open(kept.session, kept.by)
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
    isLive,
    mayStay: (session, now) => opener.isUnchanged(session as Opened, now) || isLive(session),
    newest: session => opener.newest(session as Opened),
    get renewals () { return opener.renewals },
    causeOf: session => cache.causeOf(session as Opened),
    tidy: cache.tidy,
    note (session) { idle?.note(session as Opened) },
    idleAt: session => idle === undefined ? undefined : (session as Opened).pulse.seenAt + idle.after,
    isStale: ({ seenAt, startedAt }) => idle !== undefined && keeping.touch !== undefined && outside.now() - (seenAt ?? startedAt) >= idle.period,
    touch (session, jar, cookieHeader) {
      const cookie = jar.readSession(cookieHeader)
      // One that is due to be renewed may have another cookie by now, somewhere; before that nobody renews it.
      if (cookie === null || opener.hasEnded(session as Opened) || session.renewAt <= outside.now()) return []
      const next = keeping.touch?.(jar, cookie, (session as Opened).pulse.seenAt) ?? null
      return next === null ? [] : jar.writeSession(next, session.expiresAt - outside.now(), cookieHeader)
    },
    async whyEnded (jar, cookieHeader) {
      const cookie = jar.readSession(cookieHeader)
      const id = cookie === null ? null : keeping.idOf(jar, cookie)
      if (cookie === null || id === null || endings === undefined) return undefined
      const kept = await keeping.read(jar, cookie)
      const opened = kept === null || kept === 'same' ? null : opener.open(kept.session, kept.by)
      const cause = await endings.find(id) ?? (opened === null ? undefined : opener.causeOf(opened))
      return cause === undefined ? undefined : endings.explain(cause)
    },
    open (jar, cookieHeader, connection) {
      const found = cookieHeader === undefined ? null : shown(cookieHeader, jar, connection)
      return found === null ? null : cache.open(jar, found.cookie, found.key)
    },
    look: async (jar, cookie) => await cache.look(jar, cookie),
    async start (jar, cookieHeader, identity, { tokens, mark, endsAt = Infinity, sid, sub } = {}) {
      options.headers(identity, tokens) // what no request could carry is refused now, where it can be said why
      options.cookies?.(identity, tokens)
      const startedAt = outside.now()
      const expiresAt = Math.min(startedAt + lifetime, endsAt)
      if (expiresAt <= startedAt) throw new IdTokenInvalid(`session_expiry is ${timeOf(expiresAt)}, which is over: the provider has made a sign-in that has ended`)
      const session: SealedSession = { id: outside.random(16).toString('base64url'), identity, startedAt, expiresAt, ...endsAt === expiresAt && { isCapped: true }, ...tokens !== undefined && { tokens }, ...mark !== undefined && { entryMark: mark }, ...sid !== undefined && { sid }, ...sub !== undefined && sub !== identity.subject && { sub } }
      return jar.writeSession(await keeping.begin(jar, session), expiresAt - startedAt, cookieHeader)
    },
    async renew (jar, { session, token }, identity, tokens) {
      const { id, startedAt, version, entryMark, pulse, isCapped, sid, sub, by } = session as Opened
      const { endsAt = Infinity } = tokens
      const expiresAt = Math.min(session.expiresAt, endsAt) // never longer
      if (expiresAt <= outside.now()) {
        endings?.record(session, 'provider', false)
        await finish(session)
        return null
      }
      const plain: SealedSession = { id, identity, startedAt, expiresAt, version: version + 1, ...entryMark !== undefined && { entryMark }, ...(isCapped === true || endsAt === expiresAt) && { isCapped: true }, ...idle !== undefined && { seenAt: pulse.seenAt }, ...sid !== undefined && { sid }, ...sub !== undefined && { sub } }
      const renewed: SealedSession = { ...plain, tokens }
      const next = opener.open(renewed, by)
      if (next === null) throw new IdentityTooLarge('the headers for the app, with the renewed tokens') // the one reason why it does not open
      const kept = await keeping.renew(jar, token, renewed)
      if (kept === null) return null
      next.by = kept.by
      opener.succeed(session as Opened, next)
      cache.remember(jar, kept.cookie, next, kept.state)
      if (!isDeepStrictEqual(identity, session.identity) || expiresAt < session.expiresAt) news?.tell(plain, kept.by)
      return { session: next, token: kept.cookie }
    },
    async end (session, cause = 'sign-out') {
      endings?.record(session, cause, true)
      await finish(session)
    }
  }
}

/** The furthest that a date can be from the epoch, in milliseconds (ECMA-262 §21.4.1.1): a provider can say any number. */
const FURTHEST = 8.64e15

function timeOf (milliseconds: number): string {
  return Math.abs(milliseconds) <= FURTHEST ? new Date(milliseconds).toISOString() : `${milliseconds} ms from the epoch`
}

/** What notes that the person of a session is there. By itself, so that a websocket, which calls it for days, holds on to nothing else. */
export function noting (sessions: Pick<Sessions, 'note'>, session: Session): () => void {
  return () => { sessions.note(session) }
}
