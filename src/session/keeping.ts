import { StoreUnavailable, SessionTooLarge } from '../errors.ts'
import type { Outside } from '../outside.ts'
import { fitsCookies, type CookieJar } from './cookies.ts'
import { unwrap, wrap, type Envelope } from './envelope.ts'
import { createSeal, type Seal } from './seal.ts'
import { compact, restore, type SealedSession } from './session.ts'
import type { Store } from './store/store.ts'

/** A session as it is kept now. */
export interface KeptSession {
  readonly session: SealedSession
  /** Tells this state of it from every other. */
  readonly state: string
  /** Under what its cookie is sealed: a name, a gate and a key. */
  readonly by: string
}

/** Where sessions are kept: whole in their cookies, or in a store that the cookie has a ticket for. */
export interface Keeping {
  /** Milliseconds for which a session that was read counts without being read again: somebody else may have changed it. */
  readonly fresh: number
  /** @returns null where the cookie stands for no session, `same` where it is in this state already. @throws {StoreUnavailable} */
  read (jar: CookieJar, cookie: string, state?: string): KeptSession | 'same' | null | Promise<KeptSession | 'same' | null>
  /** @returns the cookie for a session that begins. @throws {SessionTooLarge} {StoreUnavailable} */
  begin (jar: CookieJar, session: SealedSession): Promise<string>
  /**
   * Puts a session with a higher version in place of what is there.
   *
   * @returns the cookie it has now, its state, and under what its cookie is sealed; null where it has ended meanwhile, or is as new already. @throws as `begin`
   */
  renew (jar: CookieJar, cookie: string, session: SealedSession): Promise<{ readonly cookie: string, readonly state: string, readonly by: string } | null>
  /** The same session with when its person was last seen; null where it does not open, absent where no cookie has to know. */
  touch? (jar: CookieJar, cookie: string, seenAt: number): string | null
  /** Of the session that the cookie stands for, or stood for; null where it stands for none. */
  idOf (jar: CookieJar, cookie: string): string | null
  /** Whether what is sealed so still opens: with one name, gate or key less it does not. */
  knows (by: string, jars: readonly CookieJar[]): boolean
  /** Whatever copies of the cookie there are, none opens anything any more, as far as that is in reach. @throws {StoreUnavailable} */
  end (session: Pick<SealedSession, 'id'>): Promise<void>
}

export interface KeepingOptions {
  readonly seal: Seal
  readonly outside: Outside
  readonly gate: string
}

/** Base64url of a Fernet token's MAC: no two tokens have the same. */
const STATE = 43

/** @param key by its name, in the seal */
const byOf = ({ gate }: Pick<KeepingOptions, 'gate'>, { sessionName }: CookieJar, key: string | undefined): string => `${sessionName} ${gate} ${key}`

const knows = (options: KeepingOptions): Keeping['knows'] => (by, jars) => jars.some(jar => options.seal.names.some(key => by === byOf(options, jar, key)))

export function keepInCookies (options: KeepingOptions): Keeping {
  const { seal, gate } = options
  const envelope = (jar: CookieJar): Envelope => ({ type: 'session', cookie: jar.sessionName, gate })
  const sealed = async (jar: CookieJar, session: SealedSession): Promise<string> => {
    const cookie = seal.seal(wrap(envelope(jar), compact(session)))
    if (!fitsCookies(cookie)) throw new SessionTooLarge(`the sealed session has ${cookie.length} characters`)
    return cookie
  }
  return {
    fresh: Infinity,
    knows: knows(options),
    read: (jar, cookie) => opened(seal, envelope(jar), cookie, key => byOf(options, jar, key)),
    begin: sealed,
    async renew (jar, _cookie, session) {
      const cookie = await sealed(jar, session)
      return { cookie, state: cookie.slice(-STATE), by: byOf(options, jar, seal.names[0]) }
    },
    touch (jar, cookie, seenAt) {
      const kept = opened(seal, envelope(jar), cookie)
      const next = kept === null ? null : seal.seal(wrap(envelope(jar), compact({ ...kept.session, seenAt })))
      return next !== null && fitsCookies(next) ? next : null
    },
    idOf: (jar, cookie) => opened(seal, envelope(jar), cookie)?.session.id ?? null,
    end: async () => { /* nothing is anywhere but with the browser: revocations.ts keeps it from counting */ }
  }
}

/** What the cookie holds where sessions are in a store: where this one is, and what opens it. */
interface Ticket { readonly id: string, readonly key: string }

/** Bytes of a record: a store is no place for more. */
const LARGEST = 256 * 1024

/**
 * A session is sealed with a key of its own that only its cookie has, so that who reads the store reads no session, and who writes to it
 * makes none. The cookie stays the same for as long as the session lives.
 */
export function keepInStore (options: KeepingOptions & { readonly store: Store }): Keeping {
  const { seal, outside, gate, store } = options
  const envelope = (jar: CookieJar, type: Envelope['type']): Envelope => ({ type, cookie: jar.sessionName, gate })
  const keyOf = ({ id }: { readonly id: string }) => `${gate}:session:${id}`
  const ticketOf = (jar: CookieJar, cookie: string): Ticket & { readonly by: string } | null => {
    const { plain, key } = seal.unseal(cookie) ?? {}
    const ticket = plain === undefined ? null : unwrap(envelope(jar, 'ticket'), plain) as Ticket | null
    return ticket === null ? null : { ...ticket, by: byOf(options, jar, key) }
  }
  const sealOf = ({ key }: Ticket) => createSeal([Buffer.from(key, 'base64url')], outside)
  const sealed = (jar: CookieJar, ticket: Ticket, session: SealedSession): string => {
    const record = sealOf(ticket).seal(wrap(envelope(jar, 'session'), compact(session)))
    if (record.length > LARGEST) throw new SessionTooLarge(`the sealed session has ${record.length} characters`)
    return record
  }
  const lifeOf = ({ expiresAt }: SealedSession) => Math.max(1, expiresAt - outside.now())

  return {
    fresh: store.reach === 'process' ? Infinity : 1000,
    knows: knows(options),
    async read (jar, cookie, state) {
      const ticket = ticketOf(jar, cookie)
      const record = ticket === null ? null : await store.get(keyOf(ticket))
      if (ticket === null || record === null) return null
      return record.slice(-STATE) === state ? 'same' : opened(sealOf(ticket), envelope(jar, 'session'), record, () => ticket.by)
    },
    async begin (jar, session) {
      const ticket: Ticket = { id: session.id, key: outside.random(32).toString('base64url') }
      if (!await store.add(keyOf(ticket), sealed(jar, ticket, session), lifeOf(session))) throw new StoreUnavailable('two sessions have one id')
      return seal.seal(wrap(envelope(jar, 'ticket'), ticket))
    },
    async renew (jar, cookie, session) {
      const ticket = ticketOf(jar, cookie)
      if (ticket === null) return null
      const record = await store.get(keyOf(ticket))
      const now = record === null ? null : opened(sealOf(ticket), envelope(jar, 'session'), record)
      if (record === null || now === null || (now.session.version ?? 0) >= (session.version ?? 0)) return null
      const next = sealed(jar, ticket, session)
      return await store.replace(keyOf(ticket), record, next, lifeOf(session)) ? { cookie, state: next.slice(-STATE), by: ticket.by } : null
    },
    idOf: (jar, cookie) => ticketOf(jar, cookie)?.id ?? null,
    async end (session) { await store.remove(keyOf(session)) }
  }
}

function opened (seal: Seal, envelope: Envelope, text: string, by: (key: string) => string = String): KeptSession | null {
  const unsealed = seal.unseal(text)
  const content = unsealed === null ? null : unwrap(envelope, unsealed.plain)
  return unsealed === null || content === null ? null : { session: restore(content), state: text.slice(-STATE), by: by(unsealed.key) }
}
