import type { FastifyBaseLogger } from 'fastify'
import type { IncomingMessage } from 'node:http'
import type { Place } from '../access/judge.ts'
import type { StoreUnavailable } from '../errors.ts'
import type { Arrival } from '../proxy/arrival.ts'
import type { CookieJar } from '../session/cookies.ts'
import type { Session } from '../session/opened.ts'
import type { Current } from '../session/renewals.ts'

/** A request and what is known of it, whether Fastify has it or it goes straight on: all that is decided, is decided by this. */
export interface Asked {
  readonly raw: IncomingMessage
  readonly method: string
  /** In the log, and on a page that says that something went wrong. */
  readonly id: string
  readonly log: FastifyBaseLogger
  /** Where in the applications behind us the request leads; null for what belongs to the gate itself. */
  readonly place: Place | null
  arrival: Arrival
  /** The cookies of the scheme this request came by. */
  jar: CookieJar
  session: Session | null
  /** A session that is genuine and does not count: its person is no longer among those who may enter. It can still be signed out of. */
  refused: Session | null
  /** Why nobody can say who is asking: their session may be a good one. */
  failure: StoreUnavailable | null
  /** The cookie of a session whose tokens were renewed, as long as the browser has the old one: for pages, which nobody keeps then. */
  renewedCookies: Current['setCookies'] | null
}
