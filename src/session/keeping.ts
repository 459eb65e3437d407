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
  /** Tells this state of it from every other; absent where a cookie has but one. */
  readonly state?: string
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
  renew (jar: CookieJar, cookie: string, session: SealedSession): Promise<{ readonly cookie: string, readonly state?: string, readonly by: string } | null>
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

/** Characters that have the whole of a Fernet token's MAC in them: no two tokens have the same. */
const STATE = 43

/** Of a sealed session. By itself: a piece of the text would keep the whole of it. */
function stateOf (record: string): string {
  return Buffer.from(record.slice(-STATE), 'latin1').toString('latin1')
}

/** Names of what cookies are sealed under, each the same text whenever it is asked for: then it is compared in no time, and kept once for all sessions. */
function createSealNames ({ seal, gate }: KeepingOptions) {
  const known = new Map<string, Map<string, string>>()
  /** @param key by its name, in the seal */
  const of = ({ sessionName }: CookieJar, key: string): string => {
    const name = known.get(sessionName)?.get(key)
    if (name !== undefined) return name
    const names = known.get(sessionName) ?? new Map<string, string>()
    const next = `${sessionName} ${gate} ${key}`
    known.set(sessionName, names.set(key, next))
    return next
  }
  return { of, knows: (by: string, jars: readonly CookieJar[]): boolean => jars.some(jar => seal.names.some(key => by === of(jar, key))) }
}

export function keepInCookies (options: KeepingOptions): Keeping {
  const { seal, gate } = options
  const names = createSealNames(options)
  const envelope = (jar: CookieJar): Envelope => ({ type: 'session', cookie: jar.sessionName, gate })
  const sealed = async (jar: CookieJar, session: SealedSession): Promise<string> => {
    const cookie = seal.seal(wrap(envelope(jar), compact(session)))
    if (!fitsCookies(cookie)) throw new SessionTooLarge(`the sealed session has ${cookie.length} characters`)
    return cookie
  }
  return {
    fresh: Infinity,
    knows: names.knows,
    read (jar, cookie) {
      const unsealed = seal.unseal(cookie)
      const session = opened(unsealed?.plain, envelope(jar))
      return unsealed === null || session === null ? null : { session, by: names.of(jar, unsealed.key) }
    },
    begin: sealed,
    async renew (jar, _cookie, session) {
      const cookie = await sealed(jar, session)
      return { cookie, by: names.of(jar, seal.names[0] as string) }
    },
    touch (jar, cookie, seenAt) {
      const session = opened(seal.open(cookie), envelope(jar))
      const next = session === null ? null : seal.seal(wrap(envelope(jar), compact({ ...session, seenAt })))
      return next !== null && fitsCookies(next) ? next : null
    },
    idOf: (jar, cookie) => opened(seal.open(cookie), envelope(jar))?.id ?? null,
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
  const names = createSealNames(options)
  const envelope = (jar: CookieJar, type: Envelope['type']): Envelope => ({ type, cookie: jar.sessionName, gate })
  const keyOf = ({ id }: { readonly id: string }) => `${gate}:session:${id}`
  const ticketOf = (jar: CookieJar, cookie: string): Ticket & { readonly by: string } | null => {
    const unsealed = seal.unseal(cookie)
    const ticket = unsealed === null ? null : unwrap(envelope(jar, 'ticket'), unsealed.plain) as Ticket | null
    return unsealed === null || ticket === null ? null : { ...ticket, by: names.of(jar, unsealed.key) }
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
    knows: names.knows,
    async read (jar, cookie, state) {
      const ticket = ticketOf(jar, cookie)
      const record = ticket === null ? null : await store.get(keyOf(ticket))
      if (ticket === null || record === null) return null
      if (state !== undefined && record.endsWith(state)) return 'same'
      const session = opened(sealOf(ticket).open(record), envelope(jar, 'session'))
      return session === null ? null : { session, state: stateOf(record), by: ticket.by }
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
      const now = record === null ? null : opened(sealOf(ticket).open(record), envelope(jar, 'session'))
      if (record === null || now === null || (now.version ?? 0) >= (session.version ?? 0)) return null
      const next = sealed(jar, ticket, session)
      return await store.replace(keyOf(ticket), record, next, lifeOf(session)) ? { cookie, state: stateOf(next), by: ticket.by } : null
    },
    idOf: (jar, cookie) => ticketOf(jar, cookie)?.id ?? null,
    async end (session) { await store.remove(keyOf(session)) }
  }
}

function opened (plain: Buffer | null | undefined, envelope: Envelope): SealedSession | null {
  const content = plain === null || plain === undefined ? null : unwrap(envelope, plain)
  return content === null ? null : restore(content)
}
