import fastifyCookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { IncomingMessage } from 'node:http'
import { hostName } from '../access/rules/hosts.ts'
import { requestKind } from '../access/navigation.ts'
import { HostUnknown, StoreUnavailable } from '../errors.ts'
import { connectionOf, type Arrival } from '../proxy/arrival.ts'
import type { CookieJar, SetCookie } from '../session/cookies.ts'
import type { Current, Renewals } from '../session/renewals.ts'
import type { Session } from '../session/opened.ts'
import type { Sessions } from '../session/sessions.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers by whichever name it is asked. */
    anyHost?: boolean
    /** No sign that somebody is there. */
    isActivity?: false
  }
  interface FastifyRequest {
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
async function sessionsPlugin (app: FastifyInstance, { sessions, renewals, arrivals, jars, servesHost, oneHost }: SessionsOptions): Promise<void> {
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
  app.addHook('onRequest', (request, reply, done) => {
    request.arrival = arrivals(request.raw)
    request.jar = jars[request.arrival.proto]
    if (servesHost?.(request.arrival.asked) === false && request.routeOptions.config.anyHost !== true) return done(new HostUnknown(`Host ${request.arrival.asked}`))
    if (oneHost && hostName(request.raw.headers.host ?? '') !== hostName(request.arrival.asked)) return done(new HostUnknown(`Host ${request.raw.headers.host ?? ''}, where X-Forwarded-Host says ${request.arrival.asked}`))
    if (request.raw.place === undefined && request.routeOptions.config.asksNobody === true) return done()
    try {
      const session = sessions.open(request.jar, request.raw.headers.cookie, connectionOf(request.raw))
      if (session instanceof Promise || (session !== null && renewals?.isDue(session) === true)) return void lookFurther(request, reply, session).then(done, (error: Error) => { done(hold(request, error)) })
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
    if (sessions.isStale(session) && goesToPage(request)) request.renewedCookies = () => sessions.touch(session, request.jar, request.raw.headers.cookie)
  }

  async function lookFurther (request: FastifyRequest, reply: FastifyReply, found: Session | Promise<Session | null>): Promise<undefined> {
    const session = await found
    count(request, session)
    if (session === null || renewals?.isDue(session) !== true) return know(request, session)
    // For a page of ours nobody has to wait for the provider: to sign out, least of all.
    const current = await renewals.current(session, request.jar, request.raw.headers.cookie, request.raw.place !== undefined)
    know(request, current.session)
    request.renewedCookies = current.setCookies ?? request.renewedCookies
    if (current.session === null && requestKind(request.raw.headers, request.method) !== 'other') reply.setCookies(request.jar.clearSession(request.raw.headers.cookie))
  }
}

export default fp(sessionsPlugin, { name: 'sessions', dependencies: ['wire'] })

/** A store that does not answer is no reason to refuse what is open to everybody: the guard says to whom it matters. */
function hold (request: FastifyRequest, error: Error): Error | undefined {
  if (!(error instanceof StoreUnavailable)) return error
  request.failure = error
  return undefined
}

/** A session cookie goes with pages, and with nothing that somebody may keep. */
function goesToPage ({ raw, method }: FastifyRequest): boolean {
  return raw.place === undefined || ['navigation', 'framed'].includes(requestKind(raw.headers, method))
}

function know (request: FastifyRequest, session: Session | null): undefined {
  if (session === null || session.refusal === null) request.session = session
  else request.refused = session
}
