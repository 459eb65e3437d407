import type { Cause } from './endings.ts'
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
export interface Target {
  /** The raw target. */
  readonly target: string
  readonly method: string
  /** The host that the browser asked. */
  readonly host: string
}

/** Whether a request like this would be let through now. */
export type Admits = (asked: Target, session: Session | null) => boolean

/** What stays open after its request was judged; without a session where a rule lets everybody in. */
export interface LiveSessions {
  /** Watches a channel until it closes, its session ends, or its person may no longer be there. */
  keep (session: Session | null, channel: Channel, asked?: Target): void
  /**
   * The same for an answer; cheap enough for every answer of which nobody knows the length.
   *
   * @param endless whether it does not end by itself, so that nobody waits for that when the gate stops
   */
  watch (session: Session | null, stream: Stream, asked?: Target, endless?: boolean | (() => boolean)): void
  /** The ids of the sessions that something is open with, each once. */
  sessions (): ReadonlySet<string>
  /** The rules are others: what they do not let through ends, now and later. */
  judge (admits: Admits): void
  /** The gate stops: ends what does not end by itself; where it cannot wait any longer (`hard`), everything. */
  close (how?: { readonly hard: boolean }): void
}

export interface LiveOptions {
  readonly outside: { now (): number }
  /** Milliseconds that a channel may stay after its session has ended, as it is when asked; Infinity for as long as it likes. */
  readonly grace?: number
  /** For the log: how many were ended of one session, and why. `list`: its person may not enter any more; `rule`: not go there. */
  readonly told?: (session: Session | null, cause: Cause | 'list' | 'rule', count: Count) => void
}

interface Count { websockets: number, streams: number }

/** `session` is what it has become: whoever asks about it after a reload knows that one. */
interface Open { session: Session | null, readonly asked: Target | undefined, isAdmitted: boolean, endedAt: number | undefined }
interface OpenStream extends Open { readonly endless: boolean | (() => boolean) }

/** Private use (RFC 6455 §7.4.2): 4401 reads as 401. */
const SESSION_ENDED = 4401
/** RFC 6455 §7.4.1 */
const GOING_AWAY = 1001
const EVERY = 500

export type Watched = Pick<Sessions, 'mayStay' | 'newest' | 'renewals' | 'causeOf' | 'tidy'>

/**
 * Ends what is open with its session. It asks, twice a second, instead of keeping a timer for each: a sign-out, an
 * expiry and a clock that was set all come by the same way.
 *
 * @param sessions those of the configuration that counts at that moment
 */
export function createLiveSessions (sessions: () => Watched, options: LiveOptions): LiveSessions {
  const { outside, told = () => {} } = options
  const channels = new Map<Channel, Open>()
  const streams = new Map<Stream, OpenStream>()
  let admits: Admits = () => true
  let renewals = sessions().renewals
  let ended = new Map<Session | null, { cause: Cause | 'list' | 'rule', count: Count }>()

  const judge = (open: Open): void => {
    if (open.session !== null) open.session = sessions().newest(open.session)
    open.isAdmitted = open.asked === undefined || admits(open.asked, open.session)
  }
  const mayStay = ({ session, isAdmitted }: Open, now: number) => isAdmitted && (session === null || sessions().mayStay(session, now))
  const count = ({ session, isAdmitted }: Open, kind: keyof Count): void => {
    const found = ended.get(session) ?? { cause: (session === null ? undefined : sessions().causeOf(session)) ?? (isAdmitted ? 'list' : 'rule'), count: { websockets: 0, streams: 0 } }
    found.count[kind]++
    ended.set(session, found)
  }
  const sweepStreams = (now: number): void => {
    for (const [stream, open] of streams) {
      if (stream.writableEnded || stream.destroyed) streams.delete(stream)
      else if (!mayStay(open, now)) {
        count(open, 'streams')
        stream.destroy()
      }
    }
  }
  const sweepChannels = (now: number): void => {
    for (const [channel, open] of channels) {
      if (mayStay(open, now)) {
        open.endedAt = undefined
        continue
      }
      open.endedAt ??= now
      if (!(now - open.endedAt >= (options.grace ?? 0))) continue
      channels.delete(channel)
      count(open, 'websockets')
      channel.end(SESSION_ENDED, 'session_ended')
    }
  }
  const sweep = (): void => {
    if (renewals !== sessions().renewals) {
      renewals = sessions().renewals
      for (const open of [...streams.values(), ...channels.values()]) judge(open)
    }
    const now = outside.now()
    sweepStreams(now)
    sweepChannels(now)
    sessions().tidy()
    if (ended.size === 0) return
    for (const [session, { cause, count }] of ended) told(session, cause, count)
    ended = new Map()
  }
  const timer = setInterval(sweep, EVERY).unref()

  return {
    keep (session, channel, asked) {
      const open: Open = { session, asked, isAdmitted: true, endedAt: undefined }
      judge(open) // it was judged a moment ago, and maybe by other rules
      channels.set(channel, open)
      void channel.closed.then(() => channels.delete(channel))
    },
    watch (session, stream, asked, endless = false) {
      streams.set(stream, { session: session === null ? null : sessions().newest(session), asked, isAdmitted: true, endedAt: undefined, endless })
    },
    sessions: () => new Set([...streams.values(), ...channels.values()].flatMap(({ session }) => session === null ? [] : [session.id])),
    judge (next) {
      admits = next
      for (const open of [...streams.values(), ...channels.values()]) judge(open)
      sweep()
    },
    close ({ hard } = { hard: false }) {
      for (const [stream, { endless }] of streams) if (hard || (typeof endless === 'boolean' ? endless : endless())) stream.destroy()
      for (const channel of channels.keys()) channel.end(GOING_AWAY, 'the gate stops')
      if (hard) clearInterval(timer)
    }
  }
}
