import type { Session, Sessions } from './sessions.ts'

/** What stays open after its request was judged: a websocket, an event stream. */
export interface Channel {
  /** @param code a websocket close code (RFC 6455 §7.4) */
  end (code: number, reason: string): void
  /** Fulfilled when it is closed, whoever closed it. */
  readonly closed: Promise<void>
}

export interface LiveSessions {
  /** Watches a channel until it closes or its session ends. */
  keep (session: Session, channel: Channel): void
  /** Ends all of them: the gate stops. */
  close (): void
}

/** Private use (RFC 6455 §7.4.2): 4401 reads as 401. */
const SESSION_ENDED = 4401
/** RFC 6455 §7.4.1 */
const GOING_AWAY = 1001
const EVERY = 500

/**
 * Ends open channels with their session. It asks, twice a second, instead of keeping a timer for each: a sign-out, an
 * expiry and a clock that was set all come by the same way.
 */
export function createLiveSessions (sessions: Sessions): LiveSessions {
  const open = new Map<Channel, Session>()
  const sweep = setInterval(() => {
    for (const [channel, session] of open) {
      if (sessions.isLive(session)) continue
      open.delete(channel)
      channel.end(SESSION_ENDED, 'session_ended')
    }
  }, EVERY).unref()
  return {
    keep (session, channel) {
      open.set(channel, session)
      void channel.closed.then(() => open.delete(channel))
    },
    close () {
      clearInterval(sweep)
      for (const channel of open.keys()) channel.end(GOING_AWAY, 'the gate stops')
    }
  }
}
