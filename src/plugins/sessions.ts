import fastifyCookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { IncomingMessage } from 'node:http'
import { hostName } from '../access/rules/hosts.ts'
import { requestKind } from '../access/navigation.ts'
import { HostUnknown, StoreUnavailable } from '../errors.ts'
import { connectionOf, type Arrival } from '../proxy/arrival.ts'
import type { CookieJar, SetCookie } from '../session/cookies.ts'
import type { Renewals } from '../session/renewals.ts'
import type { Session } from '../session/opened.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Asked } from './asked.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers by whichever name it is asked. */
    anyHost?: boolean
    /** No sign that somebody is there. */
    isActivity?: false
  }
  interface FastifyRequest {
    arrival: Asked['arrival']
    jar: Asked['jar']
    session: Asked['session']
    refused: Asked['refused']
    failure: Asked['failure']
    renewedCookies: Asked['renewedCookies']
  }
  interface FastifyReply {
    setCookies (cookies: readonly SetCookie[]): FastifyReply
  }
}

export interface SessionsOptions {
  readonly sessions: Sessions
  /** Where tokens are renewed. */
  readonly renewals?: Renewals | undefined
  readonly arrivals: (request: IncomingMessage) => Arrival
  readonly jars: Readonly<Record<Arrival['proto'], CookieJar>>
  /** Whether a `Host` is one that was named; null where none was. */
  readonly servesHost: ((asked: string) => boolean) | null
  /** Whether no proxy may name another host than `Host`, by which an app that has the gate inside has chosen its route before we are asked. */
  readonly oneHost: boolean
}

/** Who is asking: from where, and in which session. */
async function sessionsPlugin (app: FastifyInstance, options: SessionsOptions): Promise<void> {
  const { sessions, renewals } = options
  // Before the hook that writes cookies. An answer of ours is never kept by anybody.
  app.addHook('onSend', (request, reply, _payload, done) => {
    if (request.renewedCookies !== null) reply.setCookies(request.renewedCookies?.() ?? [])
    done()
  })
  // No parsing: one cookie is found faster than all are taken apart.
  await app.register(fastifyCookie, { hook: false })
  app.decorateRequest('arrival', null as unknown as Arrival)
  app.decorateRequest('jar', null as unknown as CookieJar)
  app.decorateRequest('session', null)
  app.decorateRequest('refused', null)
  app.decorateRequest('failure', null)
  app.decorateRequest('renewedCookies', null)
  app.decorateReply('setCookies', function (this: FastifyReply, cookies) {
    for (const { name, value, options } of cookies) this.setCookie(name, value, { ...options, encode: String })
    return this
  })
  const reception = createReception(options)
  app.addHook('onRequest', (request, reply, done) => {
    const { place } = request.raw
    const elsewhere = reception.receive(request, request.routeOptions.config.anyHost === true)
    if (elsewhere !== undefined) return done(elsewhere)
    if (place === undefined && request.routeOptions.config.asksNobody === true) return done()
    try {
      const session = reception.open(request)
      if (session instanceof Promise || reception.isDue(session)) return void lookFurther(request, reply, session).then(done, (error: Error) => { done(hold(request, error)) })
      count(request, session)
      know(request, session)
    } catch (error) {
      return done(hold(request, error as Error))
    }
    done()
  })

  function count (request: FastifyRequest, session: Session | null): void {
    if (session === null || (request.raw.place === undefined && request.routeOptions.config.isActivity === false)) return
    sessions.note(session)
    if (reception.isStale(session, request)) request.renewedCookies = () => sessions.touch(session, request.jar, request.raw.headers.cookie)
  }

  async function lookFurther (request: FastifyRequest, reply: FastifyReply, found: Session | Promise<Session | null> | null): Promise<undefined> {
    const session = await found
    count(request, session)
    if (session === null || renewals === undefined || !reception.isDue(session)) return know(request, session)
    // For a page of ours nobody has to wait for the provider: to sign out, least of all.
    const current = await renewals.current(session, request.jar, request.raw.headers.cookie, request.raw.place !== undefined)
    know(request, current.session)
    request.renewedCookies = current.setCookies ?? request.renewedCookies
    if (current.session === null && requestKind(request.raw.headers, request.method) !== 'other') reply.setCookies(request.jar.clearSession(request.raw.headers.cookie))
  }
}

export default fp(sessionsPlugin, { name: 'sessions', dependencies: ['wire'] })

/** What finds out who asks, as far as that takes no waiting. */
export interface Reception {
  /** Says from where and by which scheme a request has come. @param anyHost whether it is answered by whichever name it is asked @returns why it is for another host */
  receive (request: Asked, anyHost: boolean): HostUnknown | undefined
  /** @throws {StoreUnavailable} */
  open (request: Asked): Session | null | Promise<Session | null>
  /** Whether the tokens of a session are to be renewed first. */
  isDue (session: Session | null): boolean
  /** Whether the answer is to bring a cookie that says when the person was last seen. */
  isStale (session: Session, request: Asked): boolean
}

export function createReception ({ sessions, renewals, arrivals, jars, servesHost, oneHost }: SessionsOptions): Reception {
  return {
    receive (request, anyHost) {
      const { raw } = request
      request.arrival = arrivals(raw)
      request.jar = jars[request.arrival.proto]
      const { asked } = request.arrival
      if (!anyHost && servesHost?.(asked) === false) return new HostUnknown(`Host ${asked}`)
      return oneHost && hostName(raw.headers.host ?? '') !== hostName(asked) ? new HostUnknown(`Host ${raw.headers.host ?? ''}, where X-Forwarded-Host says ${asked}`) : undefined
    },
    open: ({ raw, jar }) => sessions.open(jar, raw.headers.cookie, connectionOf(raw)),
    isDue: session => session !== null && renewals?.isDue(session) === true,
    isStale: (session, request) => sessions.isStale(session) && goesToPage(request)
  }
}

/** A store that does not answer is no reason to refuse what is open to everybody: the guard says to whom it matters. */
function hold (request: FastifyRequest, error: Error): Error | undefined {
  if (!(error instanceof StoreUnavailable)) return error
  request.failure = error
  return undefined
}

/** A session cookie goes with pages, and with nothing that somebody may keep. */
function goesToPage ({ raw, method }: Asked): boolean {
  return raw.place === undefined || ['navigation', 'framed'].includes(requestKind(raw.headers, method))
}

/** Says of a request who asks. */
export function know (request: Asked, session: Session | null): undefined {
  if (session === null || session.refusal === null) request.session = session
  else request.refused = session
}
