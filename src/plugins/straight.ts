import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Place } from '../access/judge.ts'
import { GateStopping } from '../errors.ts'
import type { RequestLine } from '../log.ts'
import { lineOf } from './access-log.ts'
import type { Asked } from './asked.ts'
import { refusalOf, type GuardOptions } from './guard.ts'
import type { Places } from './places.ts'
import { createReception, know, type SessionsOptions } from './sessions.ts'
import { jobOf, type UpstreamsOptions } from './upstreams.ts'
import { isAhead, nameMethod, unreadable } from './wire.ts'

export interface StraightOptions extends GuardOptions, Omit<SessionsOptions, 'sessions'>, Omit<UpstreamsOptions, 'sessions'> {
  readonly sessions: GuardOptions['sessions'] & SessionsOptions['sessions']
  readonly places: Places
}

/** What is made for each gate, besides its parts. */
export interface StraightMeans {
  readonly nextId: () => string
  readonly log: FastifyBaseLogger
  /** To the access log. */
  readonly write: (line: RequestLine) => void
}

/** What hears a request first. */
export type Hear = (raw: IncomingMessage, response: ServerResponse) => void

/**
 * The way of nearly every request: to an app, of somebody who may go there, with nothing to wait for. It is asked what the hooks ask, in their order and by
 * their functions; whatever is not admitted at once Fastify hears as if nothing had been asked, and says why not.
 */
export function createStraightWay (app: FastifyInstance, options: StraightOptions, { nextId, log, write }: StraightMeans): Hear {
  const reception = createReception(options)
  let isClosing = false
  app.addHook('preClose', async () => { isClosing = true })
  // In place of Fastify's own answer, which would also be given to what was on its way to an app by then.
  app.addHook('onRequest', ({ raw }, _reply, done) => { done(isClosing && raw.returned === undefined ? new GateStopping('asked while it closes') : undefined) })

  /** @returns who asks, where nothing stands in the way */
  function admitted (raw: IncomingMessage, response: ServerResponse): Straight | undefined {
    try {
      return judged(raw, response)
    } catch {
      return undefined // it fails once more where that is said, and does not end the process
    }
  }

  function judged (raw: IncomingMessage, response: ServerResponse): Straight | undefined {
    nameMethod(raw)
    options.places.rewrite(raw)
    const { place } = raw
    if (place === undefined || isAhead(raw.socket, response) || unreadable(raw) !== undefined) return undefined
    const asked = new Straight(raw, place, log)
    if (reception.receive(asked, false) !== undefined) return undefined
    const session = reception.open(asked)
    if (session instanceof Promise) return void session.catch(() => { /* asked for once more by a hook, which says so: nobody else waits for this */ })
    if (reception.isDue(session)) return undefined
    if (session !== null && reception.isStale(session, asked)) return undefined
    know(asked, session)
    if (refusalOf(asked, place, options) !== null) return undefined
    if (session !== null) options.sessions.note(session)
    return asked
  }

  function forward (asked: Straight, response: ServerResponse, since: number): void {
    const { raw, place } = asked
    const forwarder = options.forwarders[place.upstream]
    if (forwarder === undefined) return app.routing(raw, response)
    asked.id = nextId()
    raw.socket.answering = response
    const tell = (): void => {
      response.off('finish', tell).off('error', tell)
      write(lineOf(asked, response, performance.now() - since))
    }
    response.on('finish', tell).on('error', tell)
    const comeBack = (error: Error): void => {
      response.off('finish', tell).off('error', tell)
      raw.returned = { id: asked.id, since, error }
      app.routing(raw, response)
    }
    try {
      forwarder.forward(jobOf(asked, response, options, comeBack))
    } catch (error) {
      if (raw.returned !== undefined) throw error
      comeBack(error as Error)
    }
  }

  return (raw, response) => {
    const since = performance.now()
    const asked = isClosing ? undefined : admitted(raw, response)
    if (asked === undefined) app.routing(raw, response)
    else forward(asked, response, since)
  }
}

/** A request on its way straight to an app. */
class Straight implements Asked {
  readonly raw: IncomingMessage
  readonly method: string
  readonly place: Place
  readonly #log: FastifyBaseLogger
  id = ''
  arrival!: Asked['arrival']
  jar!: Asked['jar']
  session: Asked['session'] = null
  refused: Asked['refused'] = null
  readonly failure = null
  readonly renewedCookies = null

  constructor (raw: IncomingMessage, place: Place, log: FastifyBaseLogger) {
    this.raw = raw
    this.method = raw.method ?? ''
    this.place = place
    this.#log = log
  }

  /** Made only where something else than the one line is to be said. */
  get log (): FastifyBaseLogger { return this.#log.child({ reqId: this.id }) }
}
