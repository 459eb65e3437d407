import type { LRUCache } from 'lru-cache'
import type { Outside } from '../outside.ts'
import { recent } from './recent.ts'
import type { SealedSession } from './session.ts'
import type { Store } from './store/store.ts'

/** When the person of one session was last seen, as far as this process knows; one for all that is opened of it. */
export interface Pulse {
  /** Milliseconds since the epoch. Infinity where nobody asks. */
  seenAt: number
  /** When others were last told, and last asked. */
  told: number
  learnedAt: number
  /** The answer that is waited for. */
  asking?: Promise<void> | undefined
}

type Beating = Pick<SealedSession, 'id'> & { readonly pulse: Pulse }

/** Of each session, by its id. */
export type Pulses = Pick<LRUCache<string, Pulse>, 'get' | 'set'>

/** Ends sessions whose person does nothing. */
export interface Idle {
  /** Milliseconds without activity. */
  readonly after: number
  /** Milliseconds for which activity is not told anybody again: others count it once in so long. */
  readonly period: number
  /** Whether others count too. */
  readonly isShared: boolean
  pulseOf (session: Pick<SealedSession, 'id' | 'startedAt' | 'seenAt'>): Pulse
  /** The person is there. What has ended does not begin again. */
  note (session: Beating): void
  /** Whether it has ended, as far as is known here. Where others may know better it has not, before they were asked. */
  hasEnded (session: Beating): boolean
  /**
   * Asks those who share the store, where the end has come as far as is known here.
   *
   * @param ahead milliseconds before its end in which they are asked already
   * @returns nothing where there is nothing to ask. It rejects with {StoreUnavailable}
   */
  ask (session: Beating, ahead?: number): Promise<void> | undefined
}

export interface IdleOptions {
  /** Milliseconds; Infinity for never. */
  readonly after: number
  readonly outside: Pick<Outside, 'now'>
  /** Where others are who see the same people. */
  readonly store?: Store | undefined
  /** Before each key in the store. */
  readonly prefix?: string
  /** What earlier configurations have seen, where there were any. */
  readonly pulses?: Pulses
}

/** Of a session that never ends by itself. */
export const AWAKE: Pulse = Object.freeze({ seenAt: Infinity, told: Infinity, learnedAt: Infinity })

const PULSES = 200_000
const MINUTE = 60_000
/** Milliseconds for which an answer counts: who was away until then was away. */
const RECENT = 1_000
/** Milliseconds by which a clock elsewhere may be ahead. Nobody was there at a time to come: whoever writes to the store could say so of everybody. */
const AHEAD = 60_000

export function createPulses (): Pulses {
  return recent<Pulse>(PULSES)
}

/**
 * A person's last activity is a number in this process, exact and free to write. At most once a minute it is told to those who share the store,
 * and to the cookie by whoever writes that, so that a session may end up to a minute early where its person comes another way; it never ends late.
 *
 * @returns undefined where sessions do not end by this
 */
export function createIdle ({ after, outside, store, prefix = '', pulses = createPulses() }: IdleOptions): Idle | undefined {
  if (after === Infinity) return undefined
  const period = Math.min(MINUTE, after / 4)
  const keyOf = ({ id }: Beating) => `${prefix}seen:${id}`
  const isOver = ({ seenAt }: Pulse, now: number) => seenAt + after <= now
  const wasAsked = ({ seenAt, learnedAt }: Pulse) => learnedAt >= seenAt + after - RECENT
  const learn = async (session: Beating): Promise<void> => {
    const { pulse } = session
    const now = outside.now()
    const seenAt = Number(await (store as Store).get(keyOf(session)) ?? -Infinity)
    if (seenAt > pulse.seenAt && seenAt <= now + AHEAD) pulse.seenAt = Math.min(seenAt, now)
    pulse.learnedAt = now
  }
  return {
    after, period, isShared: store !== undefined,
    pulseOf ({ id, startedAt, seenAt: said = startedAt }) {
      const seenAt = Math.min(said, outside.now())
      const known = pulses.get(id)
      if (known === undefined) {
        const pulse: Pulse = { seenAt, told: -Infinity, learnedAt: -Infinity }
        pulses.set(id, pulse)
        return pulse
      }
      if (seenAt > known.seenAt) known.seenAt = seenAt
      return known
    },
    note (session) {
      const { pulse } = session
      const now = outside.now()
      if (isOver(pulse, now)) return
      pulse.seenAt = now
      if (now - pulse.told < period) return
      pulse.told = now
      pulses.set(session.id, pulse) // who is active is not forgotten
      store?.set(keyOf(session), String(now), after).catch(() => { pulse.told = -Infinity }) // with the next activity
    },
    hasEnded: ({ pulse }) => isOver(pulse, outside.now()) && (store === undefined || wasAsked(pulse)),
    ask (session, ahead = 0) {
      const { pulse } = session
      if (store === undefined || !isOver(pulse, outside.now() + ahead) || wasAsked(pulse)) return undefined
      return pulse.asking ??= learn(session).finally(() => { pulse.asking = undefined })
    }
  }
}
