import { StoreUnavailable } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { Outside } from '../outside.ts'
import type { CookieJar, SetCookie } from './cookies.ts'
import { insist } from './store/insist.ts'
import type { KeptTokens } from './session.ts'
import type { Session } from './opened.ts'
import { recent } from './recent.ts'
import type { Sessions } from './sessions.ts'
import type { Turns } from './turns.ts'
import type { Sealed, Window } from './window.ts'

/** What became of the tokens of a session. `ended`: whose they are has to sign in again. */
export type Answer = { readonly ended: Error } | {
  readonly identity: Identity
  readonly tokens: KeptTokens
  /** There are new tokens, but who they are for could not be asked. */
  readonly failure?: unknown
}

export interface Renewals {
  /** Whether anything of what is below is to be asked: one comparison for each request. */
  isDue (session: Session): boolean
  /**
   * The session as it is now: renewed where that is due, once however many ask, or as the window has it.
   *
   * @param jar of the request that came with this session in `cookieHeader`
   * @param mayAsk whether the provider may be asked for this request
   * @throws {StoreUnavailable}
   */
  current (session: Session, jar: CookieJar, cookieHeader: string | undefined, mayAsk: boolean): Promise<Current>
}

export interface Current {
  /** Null where it has ended. */
  readonly session: Session | null
  /** The cookie that the browser does not have yet; none once the session has ended, were it meanwhile. */
  readonly setCookies?: () => readonly SetCookie[]
}

/** Told for the log. */
export interface Told {
  renewed (session: Session): void
  /** @param again milliseconds until the next attempt */
  failed (session: Session, error: unknown, again: number): void
  ended (session: Session, cause: Ended, error?: Error): void
}

type Ended = 'refused' | 'replayed' | 'lost'

export interface RenewalsOptions {
  readonly sessions: Pick<Sessions, 'look' | 'reread' | 'renew' | 'end' | 'hasEnded' | 'isLive'>
  /** Where a renewed session has another cookie. */
  readonly window?: Window | undefined
  /** Where others renew the same sessions. */
  readonly turns?: Turns | undefined
  readonly outside: Outside
  /** Spends the refresh token. @throws whatever is not the person's to mend: the token may be sent again */
  readonly ask: (session: Session, tokens: KeptTokens) => Promise<Answer>
  /** Has the provider take back what came for a session that ended meanwhile: nobody waits for it. */
  readonly discard?: ((session: Session, tokens: KeptTokens) => void) | undefined
  readonly told: Told
}

const FIRST_PAUSE = 10_000
const LONGEST_PAUSE = 5 * 60_000
const FAILING = 100_000
/** Milliseconds after which somebody is asked about again who could not be. */
const UNLEARNED = 60_000

interface Pause { readonly failures: number, readonly until: number }
type Renewed = Exclude<Answer, { readonly ended: Error }>

const UNSAVED = 10_000
const CAUSES = { refused: 'refresh-refused', replayed: 'replay', lost: 'renewal-lost' } as const

/** Renews the tokens of sessions, each once however many ask: in this process, and among all that share a store. */
export function createRenewals (options: RenewalsOptions): Renewals {
  const { window, turns, outside } = options // the others are asked for each time: another configuration may have taken over
  const flights = new Map<string, Promise<Sealed | null>>()
  const pauses = recent<Pause>(FAILING)
  /** What a provider has answered and no store has taken: the tokens before are spent, so nobody is asked again. */
  const unsaved = recent<Renewed>(UNSAVED)
  const isDue = (session: Session) => session.renewAt <= outside.now()

  async function end (session: Session, cause: Ended, error?: Error): Promise<null> {
    if (!options.sessions.hasEnded(session)) options.told.ended(session, cause, error)
    pauses.delete(session.id)
    await options.sessions.end(session, CAUSES[cause])
    return null
  }

  function pause (session: Session, error: unknown): void {
    const failures = (pauses.get(session.id)?.failures ?? 0) + 1
    const length = Math.min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE)
    pauses.set(session.id, { failures, until: outside.now() + length })
    options.told.failed(session, error, length)
  }

  /** What somebody else has made of it, where it is newer than what is asked for. */
  async function newer ({ session, token }: Sealed, jar: CookieJar): Promise<Sealed | 'replayed' | 'spent' | 'lost' | null> {
    const found = await window?.find(session) ?? null
    if (found === null || typeof found === 'string') return found
    const now = await options.sessions.look(jar, found.cookie)
    return now === null ? { session, token } : { session: now, token: found.cookie }
  }

  async function renew (before: Sealed, jar: CookieJar): Promise<Sealed | null> {
    const { session } = before
    const others = turns === undefined ? null : await newer(before, jar)
    if (others !== null) return typeof others === 'string' ? before : others
    const kept = await options.sessions.reread(jar, before.token)
    if (kept === null) return null
    if (kept.session.version > session.version) return { session: kept.session, token: before.token }
    const { tokens } = kept
    if (tokens?.refresh === undefined) return before
    let answer: Answer
    try {
      answer = unsaved.get(session.id) ?? await options.ask(session, tokens)
    } catch (error) {
      pause(session, error)
      return before
    }
    const next = options.sessions.hasEnded(session) ? null : await ('ended' in answer ? end(session, 'refused', answer.ended) : replace(before, jar, answer))
    if (next === null && !('ended' in answer) && options.sessions.hasEnded(session)) options.discard?.(session, answer.tokens) // signed out meanwhile
    return next
  }

  async function replace (before: Sealed, jar: CookieJar, answer: Renewed): Promise<Sealed | null> {
    const { session } = before
    const { tokens, failure } = answer
    const renewed = failure === undefined ? answer : { ...answer, tokens: { ...tokens, renewAt: Math.min(tokens.renewAt ?? Infinity, outside.now() + UNLEARNED) } }
    let sealed: Sealed | null
    unsaved.set(session.id, answer)
    try {
      sealed = await insist(() => save(before, jar, renewed))
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error
      unsaved.delete(session.id)
      return await end(session, 'refused', error as Error) // too large now: a new sign-in says so
    }
    unsaved.delete(session.id)
    pauses.delete(session.id)
    if (sealed === null) return null
    if (failure === undefined) options.told.renewed(sealed.session)
    else options.told.failed(sealed.session, failure, UNLEARNED)
    return sealed
  }

  async function save (before: Sealed, jar: CookieJar, { identity, tokens }: Renewed): Promise<Sealed | null> {
    const sealed = await options.sessions.renew(jar, before, identity, tokens)
    if (sealed !== null) {
      await window?.put(sealed)
      return sealed
    }
    const now = await options.sessions.reread(jar, before.token) // a store that did not say so may have taken it
    return now === null || now.session.version <= before.session.version ? null : { session: now.session, token: before.token }
  }

  /** One at a time for each session: who comes while it is under way waits for the same. */
  function fly (before: Sealed, jar: CookieJar): Promise<Sealed | null> {
    const { id } = before.session
    const begun = flights.get(id)
    if (begun !== undefined) return begun
    const flight = (turns === undefined ? renew(before, jar) : turns.take(id, () => renew(before, jar))).finally(() => flights.delete(id))
    flights.set(id, flight)
    return flight
  }

  async function newest (before: Sealed, jar: CookieJar): Promise<Sealed | null> {
    if (!isDue(before.session)) return before
    const failing = pauses.get(before.session.id)
    if (failing === undefined) return await fly(before, jar)
    // Nobody waits again for what has just failed; whoever comes after it has the result.
    if (failing.until <= outside.now()) fly(before, jar).catch(() => { /* the next to come is told */ })
    return before
  }

  return {
    isDue,
    async current (session, jar, cookieHeader, mayAsk) {
      const cookie = jar.readSession(cookieHeader) ?? ''
      const found = await newer({ session, token: cookie }, jar)
      if (found === 'replayed' || found === 'lost') return { session: await end(session, found) }
      if (found === 'spent') return { session }
      const before = found ?? { session, token: cookie }
      const now = mayAsk ? await newest(before, jar) : before
      if (now === null) return { session: null }
      if (now.session === session) return { session }
      options.sessions.isLive(now.session) // by the lists as they are now
      if (now.token === cookie) return { session: now.session }
      return { session: now.session, setCookies: () => options.sessions.hasEnded(session) ? [] : jar.writeSession(now.token, session.expiresAt - outside.now(), cookieHeader) }
    }
  }
}
