import type { Redis } from 'ioredis'
import { pauseBefore } from './clients.ts'
import { reasonOf } from './reason.ts'

export interface ListeningOptions {
  /** @param attempt since words were last heard */
  readonly connect: (attempt: number) => Redis
  readonly publish: (channel: string, word: string) => Promise<unknown>
  readonly channel: string
  /** A channel that nobody else listens to. */
  readonly own: string
  readonly heard: (word: string) => void
  /** @param reason why they are not heard any more */
  readonly changed: (hears: boolean, reason?: string) => void
  /** Told each time that it does not come about. */
  readonly failed: (reason: string | undefined) => void
}

export interface Listening {
  /** Finds out now whether words arrive. */
  beat (): void
  close (): void
}

const BEAT = 1_000
/** Beats that may be late: a host with much to do is not gone. */
const LATE = 2

/**
 * Listens to a channel for as long as there is somebody to say something, by one connection after the other. Whether words arrive
 * is not asked of the connection, which may be to somebody who hears nothing any more, but tried: once a second a beat goes the whole way.
 */
export function keepListening ({ connect, publish, channel, own, heard, changed, failed }: ListeningOptions): Listening {
  let client: Redis | undefined
  let [subscribed, hears, closed, sent] = [false, false, false, false]
  let [late, attempt] = [0, 0]
  let pause: NodeJS.Timeout | undefined

  const set = (now: boolean, reason?: string): void => {
    if (now) [late, attempt] = [0, 0]
    if (hears === now || closed) return
    hears = now
    changed(now, reason)
  }
  const fail = (error: unknown): void => { failed(reasonOf(error)) }
  const beat = (): void => {
    sent = false
    publish(own, '').then(() => { sent = true }, fail)
  }
  const begin = (): void => {
    const now = connect(attempt++)
    let reason = 'the connection was closed'
    client = now
    now.on('error', (error: Error) => { reason = reasonOf(error) ?? reason })
    now.on('message', (at: string, word: string) => {
      if (at === channel) heard(word)
      else set(true)
    })
    now.once('end', () => {
      subscribed = false
      set(false, reason)
      if (!closed) pause = setTimeout(begin, pauseBefore(attempt)).unref()
    })
    now.connect().then(() => now.subscribe(channel, own)).then(() => {
      subscribed = true
      late = 0
      beat()
    }, (error: unknown) => {
      reason = reasonOf(error) ?? reason
      fail(error)
      now.disconnect()
    })
  }
  const check = (): void => {
    if (!subscribed) return
    if (++late > LATE) {
      set(false, 'words do not arrive')
      if (sent) client?.disconnect() // so it is this side that is deaf
      late = 0
    }
    beat()
  }
  // What has arrived meanwhile is read first.
  const beats = setInterval(() => { setImmediate(check) }, BEAT).unref()
  begin()
  return {
    beat () { if (subscribed) beat() },
    close () {
      closed = true
      clearInterval(beats)
      clearTimeout(pause)
      client?.disconnect()
    }
  }
}
