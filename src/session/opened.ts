import { IdentityTooLarge, type Refusal } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { Outside } from '../outside.ts'
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
  /** Not null when the allow lists no longer admit this person: as they were when this was last opened, or asked for. */
  readonly refusal: Refusal | null
}

/** The judgement is worked out anew when the policy or what was revoked is another, in place: what holds the session sees it too. */
export interface Opened extends Session {
  refusal: Refusal | null
  holds: boolean
  revoked: boolean
  /** Of the policy that this refusal is by, and of the revocations that it was looked up in. */
  generation: number
  revocations: number
  /** The same session once its tokens were renewed: what holds this one goes by that. */
  successor: Opened | null
}

export interface OpenerOptions {
  readonly revocations: Revocations
  readonly outside: Outside
  /** @throws {IdentityTooLarge} no app would take so much */
  readonly headers: (identity: Identity, tokens?: KeptTokens) => readonly string[]
  /** @throws {IdentityTooLarge} */
  readonly cookies?: ((identity: Identity, tokens?: KeptTokens) => () => string) | undefined
  readonly refuse: (identity: Identity) => Refusal | null
  /** Whether what the session was let in by still holds; it does, unless given. */
  readonly holds?: (session: Pick<SealedSession, 'identity' | 'mark'>) => boolean
  /** Changes whenever `refuse` or `holds` might say something else than before; never, unless given. */
  readonly generation?: () => number
  /** Whether tokens are renewed; they are not, unless given. */
  readonly renews?: boolean
}

/** Makes of a session that was kept one that requests can go by, and says whether they still may. */
export interface Opener {
  /** @returns null where settings ask for more now than when it was kept, so that no app would take it: a new sign-in says so */
  open (session: SealedSession): Opened | null
  /** @param sure whether it must not count while nobody knows what others have revoked. @throws {StoreUnavailable} if so */
  hasEnded (session: Opened, sure?: boolean): boolean
  /** Works the judgement out anew where it may be another by now. @returns whether what let the person in still holds */
  holds (session: Opened): boolean
  /** Whether who holds this session may still use it, by what it has become. */
  isLive (session: Opened): boolean
}

export function createOpener (options: OpenerOptions): Opener {
  const { revocations, outside, headers, cookies, refuse, holds = () => true, generation = () => 0, renews = false } = options
  const hasEnded = (session: Opened, sure = false): boolean => {
    if (session.revocations !== revocations.generation) { // always, while it is NaN
      session.revoked = revocations.has(session)
      session.revocations = revocations.generation
      if (sure && !session.revoked && session.expiresAt > outside.now()) revocations.demand()
    }
    return session.revoked || session.expiresAt <= outside.now()
  }
  const judge = (session: Opened): Opened => {
    const now = generation()
    if (session.generation !== now) {
      session.refusal = refuse(session.identity)
      session.holds = holds(session)
      session.generation = now
    }
    return session
  }
  return {
    hasEnded,
    holds: session => judge(session).holds,
    isLive (session) {
      const { refusal, holds } = judge(newest(session))
      return !hasEnded(session) && holds && refusal === null
    },
    open ({ tokens, ...session }) {
      try {
        return Object.seal<Opened>({
          ...session, version: session.version ?? 0, renewAt: renews ? tokens?.renewAt ?? Infinity : Infinity, successor: null,
          headers: headers(session.identity, tokens), ...cookies !== undefined && { cookies: cookies(session.identity, tokens) },
          refusal: refuse(session.identity), holds: holds(session), generation: generation(), revoked: revocations.has(session), revocations: revocations.generation
        })
      } catch (error) {
        if (error instanceof IdentityTooLarge) return null
        throw error
      }
    }
  }
}

/** What a session has become by now. */
export function newest (session: Opened): Opened {
  let last = session
  while (last.successor !== null) last = last.successor
  return last
}
