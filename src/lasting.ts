import type { Logger } from 'pino'
import type { Config } from './config/options.ts'
import { OLDEST } from './oauth/logout-token.ts'
import type { Outside } from './outside.ts'
import { createVerifier, type Verifier } from './passwords/verifier.ts'
import { createForwarder, type Forwarder } from './proxy/forward.ts'
import { createBrake, type Brake } from './routes/throttle.ts'
import { createCauses, type Causes } from './session/endings.ts'
import { createPulses, type Pulses } from './session/idle.ts'
import { createLiveSessions, type Admits, type LiveSessions, type Watched } from './session/live.ts'
import { createConsumed } from './session/login.ts'
import { createMarks, type Marks } from './session/opened.ts'
import { createPageOwners, type PageOwners } from './session/page-owners.ts'
import { NEWS, type News } from './session/news.ts'
import { createRenewals, type Renewals, type RenewalsOptions } from './session/renewals.ts'
import { createRevocations, type Revocations } from './session/revocations.ts'
import type { Seal } from './session/seal.ts'
import { createSeen, type Seen } from './session/seen.ts'
import type { Sessions } from './session/sessions.ts'
import { createMemoryStore } from './session/store/memory.ts'
import type { Store } from './session/store/store.ts'
import { createTurns } from './session/turns.ts'
import { createWindow, type Window } from './session/window.ts'
import { tellOfEnds } from './session-log.ts'
import { openStores, tellOfRevocations, type Stores } from './stores.ts'

const DAY = 24 * 60 * 60_000
/** More than the lists of one configuration ever change. */
const POLICY_CHANGES = 2 ** 32

/** What of a configuration those go by that outlive it. */
export interface Present extends Pick<RenewalsOptions, 'ask' | 'told' | 'discard'> {
  readonly sessions: Sessions
  readonly admits: Admits
  /** Of what is in a store for its browser. */
  readonly seal: Seal
  /** Of what others have renewed. */
  readonly news: News | undefined
}

type ForwarderOptions = Parameters<typeof createForwarder>[0]
type Log = Pick<Logger, 'info' | 'warn' | 'error'>

/**
 * What a gate is beside its configuration: who was signed out, what is open, what is under way. It stays when another configuration
 * takes over (front.ts), and goes by that from then on.
 */
export interface Lasting {
  readonly stores: Stores
  /** @param gate those of one that knows other clients are of other sessions, here and wherever they are shared */
  revocations (gate: string): Revocations
  /** Logout tokens. */
  logoutsSeen (gate: string): Seen
  /** Of logout tokens that cannot be believed. */
  brake (gate: string): Brake
  /** Logins that have ended: a code is sent once, whatever configuration its login began under. */
  readonly consumed: Seen
  readonly live: LiveSessions
  readonly verifier: Verifier
  readonly pageOwners: PageOwners
  /** Who was there when, and what ended sessions. */
  readonly pulses: Pulses
  readonly causes: Causes
  /** What apps were told before tokens were renewed. */
  readonly told: Marks
  /** Where sessions are in their cookies. */
  readonly window: Window | undefined
  readonly renewals: () => Renewals
  /** The gate stops, and takes no more than what is under way. */
  readonly leaving: boolean
  /** Where the policy of one more configuration begins to count its changes: what was judged by an earlier one is judged anew. */
  generations (): number
  /** The one that has these connections already, or a new one. */
  forwarder (options: ForwarderOptions): Forwarder
  /** A configuration takes over. */
  take (present: Present, config: Pick<Config, 'oauthExpiryDays' | 'wsGrace'>): void
  /** The gate stops: ends what would stay open for ever, which is websockets and event streams. */
  hangUp (): void
  /** Waits for no app any more. */
  cut (): void
  /**
   * Hangs up, and lets go of the apps once what is under way has ended, or does not in five seconds.
   *
   * @param inside an app that has the gate inside answers by itself, for as long as it likes
   */
  farewell (inside?: boolean): Promise<void>
  close (): void
}

export interface LastingOptions {
  readonly outside: Outside
  readonly log: Log
  /** What this process has in common with others, as one of several workers. */
  readonly shared?: Store | undefined
}

/** @throws {ConfigError} what it needs is not installed */
export async function createLasting (config: Config, { outside, log, shared }: LastingOptions): Promise<Lasting> {
  const stores = await openStores(config, outside, log, shared)
  const { sessions: store, revocations: common, all } = stores
  const forwarders = new Map<string, Forwarder>()
  let present: Present | undefined
  let [lifetime, grace, generation, leaving] = [config.oauthExpiryDays * DAY, config.wsGrace, 0, false]
  let renewals: Renewals | undefined
  /** Nobody asks before one counts. */
  const current = (): Present => present as Present
  const live = createLiveSessions(() => present?.sessions ?? nobodys, { outside, get grace () { return grace }, told: tellOfEnds(log).closed })
  const verifier = createVerifier(outside)
  const window = store === undefined ? createWindow({ store: common ?? createMemoryStore({ outside }), outside, get seal () { return current().seal } }) : undefined
  const turns = common === undefined || common.reach === 'process' ? undefined : createTurns({ store: common, outside })
  if (common !== undefined && common.reach !== 'process') {
    const catchUp = async () => { await present?.news?.catchUp(live.sessions()) }
    common.listen(NEWS, word => present?.news?.hear(word), () => { catchUp().catch(() => { /* away again: it is tried when it is back */ }) })
  }
  const hangUp = (): void => {
    leaving = true
    live.close()
    for (const forwarder of forwarders.values()) forwarder.hangUp()
  }

  return {
    stores, live, verifier, window,
    revocations: once(gate => createRevocations({ outside, get lifetime () { return lifetime }, store: common, set: `${gate}:revoked`, ...tellOfRevocations(log, stores) })),
    logoutsSeen: once(gate => createSeen({ outside, store: common, life: 2 * OLDEST * 1000, prefix: `${gate}:logout` })),
    brake: once(gate => createBrake({ others: common === undefined || common.reach === 'process' ? undefined : { store: common, topic: `${gate}:failed`, outside } })),
    consumed: createConsumed(outside, common),
    pageOwners: createPageOwners(),
    pulses: createPulses(),
    causes: createCauses(),
    told: createMarks(),
    get leaving () { return leaving },
    renewals: () => renewals ??= createRenewals({
      window, turns, outside,
      get sessions () { return current().sessions },
      get ask () { return current().ask },
      get discard () { return current().discard },
      get told () { return current().told }
    }),
    generations: () => generation += POLICY_CHANGES,
    forwarder (options) {
      const name = JSON.stringify(options)
      const forwarder = forwarders.get(name) ?? createForwarder(options)
      forwarders.set(name, forwarder)
      return forwarder
    },
    take (next, { oauthExpiryDays, wsGrace }) {
      present = next
      grace = wsGrace
      live.judge(next.admits)
      lifetime = Math.max(lifetime, oauthExpiryDays * DAY) // sessions that began before have the longer one
    },
    hangUp,
    cut () { for (const forwarder of forwarders.values()) forwarder.cut() },
    async farewell (inside = false) {
      hangUp()
      await Promise.all([...forwarders.values()].map(forwarder => forwarder.close()))
      if (!inside) live.close({ hard: true })
    },
    close () {
      verifier.close()
      for (const each of all) void each.close()
    }
  }
}

/** Until the first configuration counts nothing is open. */
const nobodys: Watched = { renewals: 0, newest: session => session, mayStay: () => false, causeOf: () => undefined, tidy () {} }

/** One for each name. */
function once<T> (make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>()
  return name => {
    const found = made.get(name) ?? make(name)
    made.set(name, found)
    return found
  }
}
