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

/** What stays open after its request was judged. */
export interface LiveSessions {
  /** Watches a channel until it closes or its session ends. */
  keep (session: Session, channel: Channel): void
  /** The same for an answer; cheap enough for every answer of which nobody knows the length. */
  watch (session: Session, stream: Stream): void
  /** Ends all of them: the gate stops. */
  close (): void
}

/** Private use (RFC 6455 §7.4.2): 4401 reads as 401. */
const SESSION_ENDED = 4401
/** RFC 6455 §7.4.1 */
const GOING_AWAY = 1001
const EVERY = 500

/**
 * Ends what is open with its session. It asks, twice a second, instead of keeping a timer for each: a sign-out, an
 * expiry and a clock that was set all come by the same way.
 */
export function createLiveSessions (sessions: Sessions): LiveSessions {
  const channels = new Map<Channel, Session>()
  const streams = new Map<Stream, Session>()
  const sweep = setInterval(() => {
    for (const [stream, session] of streams) {
      if (stream.writableEnded || stream.destroyed) streams.delete(stream)
      else if (!sessions.isLive(session)) stream.destroy()
    }
    for (const [channel, session] of channels) {
      if (sessions.isLive(session)) continue
      channels.delete(channel)
      channel.end(SESSION_ENDED, 'session_ended')
    }
  }, EVERY).unref()
  return {
    keep (session, channel) {
      channels.set(channel, session)
      void channel.closed.then(() => channels.delete(channel))
    },
    watch (session, stream) { streams.set(stream, session) },
    close () {
      clearInterval(sweep)
      for (const stream of streams.keys()) stream.destroy()
      for (const channel of channels.keys()) channel.end(GOING_AWAY, 'the gate stops')
    }
  }
}
