import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { IdentityTooLarge, SessionTooLarge, type Refusal } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { Outside } from '../outside.ts'
import { fitsCookies, type CookieJar, type SetCookie } from './cookies.ts'
import { unwrap, wrap, type Envelope } from './envelope.ts'
import type { Seal } from './seal.ts'
import { compact, restore, type KeptTokens, type SealedSession } from './session.ts'
import type { Sealed, Window } from './window.ts'

/** An opened session with all that can be worked out once. Tokens are in it only as headers and cookies, where settings have them passed on. */
export interface Session extends Omit<SealedSession, 'tokens'> {
  /** How often its tokens were renewed. */
  readonly version: number
  /** When its tokens are to be renewed, in milliseconds since the epoch; Infinity for never. */
  readonly renewAt: number
  /** What the app is told, as header names and values, flat. */
  readonly headers: readonly string[]
  /** What it is told besides, as the pairs of a `Cookie` header, fresh each time; absent where it reads none of ours. */
  readonly cookies?: () => string
  /** Marks of what the app was told in this session before its tokens were renewed: a page that is still open says so. */
  readonly earlier: readonly string[]
  /** Not null when the allow lists no longer admit this person: as they were when this was last opened, or asked for. */
  readonly refusal: Refusal | null
}

/** The judgement is worked out anew when the policy is another, in place: what holds the session sees it too. */
interface Opened extends Session {
  earlier: readonly string[]
  refusal: Refusal | null
  holds: boolean
  /** Of the policy that this refusal is by. */
  generation: number
  /** The same session once its tokens were renewed: what holds this one goes by that. */
  successor: Opened | null
}

export interface SessionOptions {
  readonly seal: Seal
  readonly outside: Outside
  readonly gate: string
  /** Milliseconds from sign-in to the absolute end. */
  readonly lifetime: number
  /** @throws {IdentityTooLarge} no app would take so much */
  readonly headers: (identity: Identity, tokens?: KeptTokens) => readonly string[]
  /** @throws {IdentityTooLarge} */
  readonly cookies?: ((identity: Identity, tokens?: KeptTokens) => () => string) | undefined
  readonly refuse: (identity: Identity) => Refusal | null
  /** Whether what the session was let in by still holds; it does, unless given. */
  readonly holds?: (session: Pick<SealedSession, 'identity' | 'mark'>) => boolean
  /** Changes whenever `refuse` or `holds` might say something else than before; never, unless given. */
  readonly generation?: () => number
  /** Where tokens are renewed. */
  readonly window?: Window | undefined
  /** Marks of what the app is told in a session, where somebody will ask for them. */
  readonly marks?: ((session: Session) => readonly string[]) | undefined
}

/** What a session may have beside the identity. */
interface More {
  readonly tokens?: KeptTokens | undefined
  readonly mark?: string | undefined
}

export interface Sessions {
  /** @param cookieHeader the request's `Cookie` header as it came */
  open (jar: CookieJar, cookieHeader: string | undefined): Session | null
  /** Seals a new session, with a new id. @throws {SessionTooLarge} {IdentityTooLarge} */
  start (jar: CookieJar, cookieHeader: string | undefined, identity: Identity, more?: More): SetCookie[]
  /** Signs out: the session is void at once, also where its cookie was kept. */
  end (session: Session): void
  /** Whether a session that was opened earlier may still be used, and its person still enter; asked for streams and sockets. */
  isLive (session: Session): boolean
  hasEnded (session: Session): boolean
  /** The tokens in a sealed session, which no opened one has. */
  tokensIn (jar: CookieJar, token: string): KeptTokens | undefined
  /** The same session with new tokens and what is known now: its id and its ends stay. @throws {SessionTooLarge} {IdentityTooLarge} */
  renew (jar: CookieJar, session: Session, identity: Identity, tokens: KeptTokens): Sealed
}

const CACHED = 20_000
const CACHED_CHARACTERS = 64 * 1024 * 1024
const REVOKED = 100_000
/** Most of what is told stays the same, so that this goes some ten renewals back: longer than the token of a page lasts. */
const EARLIER = 48

/** Sessions kept in sealed cookies, with a cache of the verified ones: opening is what a request would cost most. */
export function createSessions (options: SessionOptions): Sessions {
  const { seal, outside, gate, lifetime, refuse, window, holds = () => true, generation = () => 0 } = options
  const cache = new LRUCache<string, Opened>({ max: CACHED, maxSize: CACHED_CHARACTERS })
  // Kept until the session would have ended by itself. When full, the oldest entry is nearest to that end.
  const revoked = new LRUCache<string, true>({ max: REVOKED, perf: { now: () => outside.now() }, ttlResolution: 0 })
  const envelope = (jar: CookieJar): Envelope => ({ type: 'session', cookie: jar.sessionName, gate })
  const hasEnded = (session: Pick<SealedSession, 'id' | 'expiresAt'>) => session.expiresAt <= outside.now() || revoked.has(session.id)
  const judge = (session: Opened): Opened => {
    const now = generation()
    if (session.generation !== now) {
      session.refusal = refuse(session.identity)
      session.holds = holds(session)
      session.generation = now
    }
    return session
  }

  const sealed = (jar: CookieJar, session: SealedSession): string => {
    const token = seal.seal(wrap(envelope(jar), compact(session)))
    if (!fitsCookies(token)) throw new SessionTooLarge(`the sealed session has ${token.length} characters`)
    return token
  }
  const unsealed = (token: string, jar: CookieJar): Opened | null => {
    const session = unseal(token, envelope(jar), options, generation())
    return session === null || session.version === 0 || window === undefined ? session : window.taken({ session, token }) as Opened
  }

  return {
    hasEnded,
    isLive (session) {
      const { refusal, holds } = judge(newest(session as Opened))
      return !hasEnded(session) && holds && refusal === null
    },
    open (jar, cookieHeader) {
      const token = jar.readSession(cookieHeader)
      if (token === null) return null
      const key = hash('sha256', jar.sessionName + token, 'base64')
      const known = cache.get(key)
      const session = known ?? unsealed(token, jar)
      if (session === null || hasEnded(session) || !judge(session).holds) {
        cache.delete(key)
        return null
      }
      if (known === undefined) cache.set(key, session, { size: sizeOf(token, session) })
      return session
    },
    start (jar, cookieHeader, identity, { tokens, mark } = {}) {
      options.headers(identity, tokens) // what no request could carry is refused now, where it can be said why
      options.cookies?.(identity, tokens)
      const startedAt = outside.now()
      const session = { id: outside.random(16).toString('base64url'), identity, startedAt, expiresAt: startedAt + lifetime, ...tokens !== undefined && { tokens }, ...mark !== undefined && { mark } }
      const token = sealed(jar, session)
      return jar.writeSession(token, lifetime, cookieHeader)
    },
    tokensIn (jar, token) {
      const content = contentOf(token, envelope(jar), seal)
      return content === null ? undefined : restore(content).tokens
    },
    renew (jar, session, identity, tokens) {
      const { id, startedAt, expiresAt, version, mark } = session
      const token = sealed(jar, { id, identity, startedAt, expiresAt, version: version + 1, tokens, ...mark !== undefined && { mark } })
      const next = unseal(token, envelope(jar), options, generation())
      if (next === null) throw new IdentityTooLarge('the headers for the app, with the renewed tokens') // the one reason why what was just sealed does not open
      const last = newest(session as Opened)
      next.earlier = [...new Set([...last.earlier, ...options.marks?.(last) ?? []])].slice(-EARLIER)
      last.successor = next
      return { session: next, token }
    },
    end (session) {
      revoked.set(session.id, true, { ttl: Math.max(1, session.expiresAt - outside.now()) })
      window?.drop(session.id)
    }
  }
}

function sizeOf (token: string, { headers, cookies }: Opened): number {
  return token.length + headers.reduce((sum, { length }) => sum + length, 0) + (cookies?.().length ?? 0)
}

function newest (session: Opened): Opened {
  let last = session
  while (last.successor !== null) last = last.successor
  return last
}

function contentOf (token: string, envelope: Envelope, seal: Seal): unknown {
  const plain = seal.open(token)
  return plain === null ? null : unwrap(envelope, plain)
}

function unseal (token: string, envelope: Envelope, { seal, headers, cookies, refuse, holds = () => true, window }: SessionOptions, generation: number): Opened | null {
  const content = contentOf(token, envelope, seal)
  if (content === null) return null
  const { tokens, ...session } = restore(content)
  const { version = 0 } = session
  const renewAt = window === undefined ? Infinity : tokens?.renewAt ?? Infinity
  try {
    return Object.seal<Opened>({ ...session, version, renewAt, successor: null, earlier: [], headers: headers(session.identity, tokens), ...cookies !== undefined && { cookies: cookies(session.identity, tokens) }, refusal: refuse(session.identity), holds: holds(session), generation })
  } catch (error) {
    if (error instanceof IdentityTooLarge) return null // settings ask for more now than when it was sealed: a new sign-in says so
    throw error
  }
}
