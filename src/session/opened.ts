import { IdentityTooLarge, type Refusal } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { Outside } from '../outside.ts'
import type { Cause } from './endings.ts'
import { AWAKE, type Idle, type Pulse } from './idle.ts'
import { recent } from './recent.ts'
import type { Revocations } from './revocations.ts'
import type { KeptTokens, SealedSession } from './session.ts'

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

/** The judgement is worked out anew when the policy or what was revoked is another, in place: what holds the session sees it too. */
export interface Opened extends Session {
  earlier: readonly string[]
  refusal: Refusal | null
  holds: boolean
  revoked: boolean
  /** Under what its cookie was sealed (keeping.ts), as far as this process knows. */
  by: string
  readonly pulse: Pulse
  /** Of the policy that this refusal is by, and of the revocations that it was looked up in. */
  generation: number
  revocations: number
}

export interface OpenerOptions {
  readonly revocations: Revocations
  readonly outside: Outside
  /** @throws {IdentityTooLarge} no app would take so much */
  readonly headers: (identity: Identity, tokens?: KeptTokens) => readonly string[]
  /** @throws {IdentityTooLarge} */
  readonly cookies?: ((identity: Identity, tokens?: KeptTokens) => () => string) | undefined
  readonly refuse: (identity: Identity) => Refusal | null
  /** Milliseconds from sign-in to the absolute end, also of what began under a longer one: by then what has revoked it is forgotten. Without end unless given. */
  readonly lifetime?: number
  /** Whether what the session was let in by still holds; it does, unless given. */
  readonly holds?: (session: Pick<SealedSession, 'identity' | 'entryMark'>) => boolean
  /** Whether what its cookie was sealed under still opens one; it does, unless given. */
  readonly knows?: (by: string) => boolean
  /** Changes whenever `refuse`, `holds` or `knows` might say something else than before; never, unless given. */
  readonly generation?: () => number
  /** Whether tokens are renewed; they are not, unless given. */
  readonly renews?: boolean
  /** Where sessions end without activity. */
  readonly idle?: Idle | undefined
  /** Marks of what the app is told in a session, where somebody will ask for them. */
  readonly pageMarks?: ((session: Session) => readonly string[]) | undefined
  /** What was told by then under earlier configurations, where there were any. */
  readonly told?: Marks | undefined
}

/** By the ids of sessions. */
export type Marks = Pick<ReturnType<typeof recent<readonly string[]>>, 'get' | 'set'>

export function createMarks (): Marks {
  return recent(RENEWED)
}

/** Makes of a session that was kept one that requests can go by, and says whether they still may. */
export interface Opener {
  /** @returns null where settings ask for more now than when it was kept, so that no app would take it: a new sign-in says so */
  open (session: SealedSession, by: string): Opened | null
  /** @param sure whether it must not count while nobody knows what others have revoked. @throws {StoreUnavailable} if so */
  hasEnded (session: Opened, sure?: boolean): boolean
  /** What has ended it by now, as far as that is seen from here; nothing for one that goes on. */
  causeOf (session: Opened): Cause | undefined
  /** One session in place of another: what was told before is not forgotten. */
  succeed (before: Opened, next: Opened): void
  /** Works the judgement out anew where it may be another by now. @returns whether what let the person in still holds */
  holds (session: Opened): boolean
  /** What this session has become since it was opened: renewed, here or elsewhere. */
  newest (session: Opened): Opened
  /** Changes whenever `newest` might be another than before. */
  readonly renewals: number
  /** Whether who holds this session may still use it, by what it has become since. */
  isLive (session: Opened): boolean
  /** Whether nothing has changed by which what `newest` gave could have ended, nor its end is near: far cheaper, for what is asked again and again. @param now milliseconds since the epoch */
  isUnchanged (session: Opened, now: number): boolean
}

/** Whoever holds a session that was pushed out goes by what they hold. */
const RENEWED = 50_000
/** Most of what is told stays the same, so that this goes some ten renewals back: longer than the token of a page lasts. */
const EARLIER = 48
/** Milliseconds before its end without activity in which others are asked. */
export const NEAR = 1_000

export function createOpener (options: OpenerOptions): Opener {
  const { revocations, outside, headers, cookies, refuse, idle, lifetime = Infinity, holds = () => true, knows = () => true, generation = () => 0, renews = false, pageMarks = () => [], told } = options
  /** Of sessions that were renewed, as they are now: a websocket holds the one that it was opened with. */
  const renewed = recent<Opened>(RENEWED)
  const hasEnded = (session: Opened, sure = false): boolean => {
    if (session.revocations !== revocations.generation) { // always, while it is NaN
      session.revoked = revocations.has(session)
      session.revocations = revocations.generation
      if (sure && !session.revoked && session.expiresAt > outside.now()) revocations.demand()
    }
    return session.revoked || session.expiresAt <= outside.now() || idle?.hasEnded(session) === true
  }
  const alarm = idle === undefined ? 0 : idle.after - NEAR
  let renewals = 0
  const newest = (session: Opened): Opened => {
    const now = renewed.get(session.id)
    return now === undefined || now.version < session.version ? session : now
  }
  const judge = (session: Opened): Opened => {
    const now = generation()
    if (session.generation !== now) {
      session.refusal = refuse(session.identity)
      session.holds = knows(session.by) && holds(session)
      session.generation = now
    }
    return session
  }
  return {
    hasEnded,
    succeed (before, next) {
      next.earlier = [...new Set([...next.earlier, ...before.earlier, ...pageMarks(before)])].slice(-EARLIER)
      if (next.earlier.length > 0) told?.set(next.id, next.earlier)
    },
    holds: session => judge(session).holds,
    causeOf (session) {
      if (hasEnded(session) && session.revoked) return revocations.isByProvider(session) ? 'back-channel' : 'revoked'
      if (session.expiresAt <= outside.now()) return session.isCapped === true ? 'provider' : 'absolute'
      if (idle?.hasEnded(session) === true) return 'idle'
      return judge(session).holds ? undefined : knows(session.by) ? 'entry' : 'key'
    },
    newest,
    get renewals () { return renewals },
    isLive (session) {
      const now = newest(session)
      const { refusal, holds } = judge(now)
      return holds && refusal === null && !hasEnded(session) && (now === session || !hasEnded(now))
    },
    isUnchanged: (session, now) => session.generation === generation() && session.revocations === revocations.generation &&
      session.holds && session.refusal === null && !session.revoked && session.expiresAt > now && session.pulse.seenAt + alarm > now,
    open ({ tokens, ...session }, by) {
      const { version = 0 } = session
      try {
        const known = renewals === 0 ? undefined : renewed.get(session.id)
        // Not by spreading a session into a literal, after which V8 knows each by a shape of its own and takes thirty times as long to read from it.
        const opened: Opened = Object.seal(Object.assign({
          version, by, earlier: known?.earlier ?? told?.get(session.id) ?? [], pulse: idle?.pulseOf(session) ?? AWAKE, renewAt: renews ? tokens?.renewAt ?? Infinity : Infinity,
          headers: headers(session.identity, tokens),
          refusal: refuse(session.identity), holds: knows(by) && holds(session), generation: generation(), revoked: revocations.has(session), revocations: revocations.generation
        }, session, session.expiresAt > session.startedAt + lifetime && { expiresAt: session.startedAt + lifetime }, cookies === undefined ? undefined : { cookies: cookies(session.identity, tokens) }))
        if (version > (known?.version ?? 0)) {
          renewed.set(session.id, opened)
          renewals++
        }
        return opened
      } catch (error) {
        if (error instanceof IdentityTooLarge) return null
        throw error
      }
    }
  }
}
