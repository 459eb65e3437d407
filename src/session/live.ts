import type { Session } from './opened.ts'
import type { Sessions } from './sessions.ts'

/** A websocket, which can be told why it ends. */
export interface Channel {
  /** @param code a websocket close code (RFC 6455 §7.4) */
  end (code: number, reason: string): void
  /** Fulfilled when it is closed, whoever closed it. */
  readonly closed: Promise<void>
}

/** An answer that may go on for ever: it has no way to say goodbye, so it is cut. */
export interface Stream {
  readonly writableEnded: boolean
  readonly destroyed: boolean
  destroy (): void
}

/** What was asked for, as far as rules go by it. */
export interface Asked {
  /** The raw target. */
  readonly target: string
  readonly method: string
  /** The host that the browser asked. */
  readonly host: string
}

/** Whether a request like this would be let through now. */
export type Admits = (asked: Asked, session: Session | null) => boolean

/** What stays open after its request was judged; without a session where a rule lets everybody in. */
export interface LiveSessions {
  /** Watches a channel until it closes or its session ends. */
  keep (session: Session | null, channel: Channel, asked?: Asked): void
  /**
   * The same for an answer; cheap enough for every answer of which nobody knows the length.
   *
   * @param endless it does not end by itself, so that nobody waits for that when the gate stops
   */
  watch (session: Session | null, stream: Stream, asked?: Asked, endless?: boolean): void
  /** The rules are others: what they do not let through ends, now and later. */
  judge (admits: Admits): void
  /** Ends all that does not end by itself: the gate stops. */
  close (): void
}

interface Open { readonly session: Session | null, readonly asked: Asked | undefined, readonly endless: boolean }

/** Private use (RFC 6455 §7.4.2): 4401 reads as 401. */
const SESSION_ENDED = 4401
/** RFC 6455 §7.4.1 */
const GOING_AWAY = 1001
const EVERY = 500

/**
 * Ends what is open with its session. It asks, twice a second, instead of keeping a timer for each: a sign-out, an
 * expiry and a clock that was set all come by the same way.
 */
export function createLiveSessions (sessions: Pick<Sessions, 'isLive'>): LiveSessions {
  const channels = new Map<Channel, Open>()
  const streams = new Map<Stream, Open>()
  let admits: Admits = () => true
  const holds = ({ session }: Open) => session === null || sessions.isLive(session)
  const isAdmitted = ({ asked, session }: Open) => asked === undefined || admits(asked, session)
  const end = (channel: Channel): void => {
    channels.delete(channel)
    channel.end(SESSION_ENDED, 'session_ended')
  }
  const sweep = setInterval(() => {
    for (const [stream, open] of streams) {
      if (stream.writableEnded || stream.destroyed) streams.delete(stream)
      else if (!holds(open)) stream.destroy()
    }
    for (const [channel, open] of channels) if (!holds(open)) end(channel)
  }, EVERY).unref()
  return {
    keep (session, channel, asked) {
      const open = { session, asked, endless: true }
      channels.set(channel, open)
      void channel.closed.then(() => channels.delete(channel))
      if (!isAdmitted(open)) end(channel) // judged a moment ago, by rules that were others then
    },
    watch (session, stream, asked, endless = false) {
      const open = { session, asked, endless }
      streams.set(stream, open)
      if (endless && !isAdmitted(open)) stream.destroy()
    },
    judge (next) {
      admits = next
      for (const [stream, open] of streams) if (!isAdmitted(open)) stream.destroy()
      for (const [channel, open] of channels) if (!isAdmitted(open)) end(channel)
    },
    close () {
      clearInterval(sweep)
      for (const [stream, { endless }] of streams) if (endless) stream.destroy()
      for (const channel of channels.keys()) channel.end(GOING_AWAY, 'the gate stops')
    }
  }
}
