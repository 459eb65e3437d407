import fastifyCookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import type { IncomingMessage } from 'node:http'
import { hostName } from '../access/hosts.ts'
import { HostUnknown, type Refusal } from '../errors.ts'
import type { Arrival } from '../proxy/arrival.ts'
import type { CookieJar, SetCookie } from '../session/cookies.ts'
import type { Session, Sessions } from '../session/sessions.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answers by whichever name it is asked. */
    anyHost?: boolean
  }
  interface FastifyRequest {
    arrival: Arrival
    /** The cookies of the scheme this request came by. */
    jar: CookieJar
    session: Session | null
    /** Why a session that is genuine does not count: the person is no longer among those who may enter. */
    refusal: Refusal | null
  }
  interface FastifyReply {
    setCookies (cookies: readonly SetCookie[]): FastifyReply
  }
}

export interface SessionsOptions {
  readonly sessions: Sessions
  readonly arrivals: (request: IncomingMessage) => Arrival
  readonly jars: Readonly<Record<Arrival['proto'], CookieJar>>
  /** Whether a `Host` is one that was named; null where none was. */
  readonly servesHost: ((asked: string) => boolean) | null
  /** Whether no proxy may name another host than `Host`, by which an app that has the gate inside has chosen its route before we are asked. */
  readonly oneHost: boolean
}

/** Who is asking: from where, and in which session. */
async function sessionsPlugin (app: FastifyInstance, { sessions, arrivals, jars, servesHost, oneHost }: SessionsOptions): Promise<void> {
  // No parsing: one cookie is found faster than all are taken apart.
  await app.register(fastifyCookie, { hook: false })
  app.decorateRequest('arrival', null as unknown as Arrival)
  app.decorateRequest('jar', null as unknown as CookieJar)
  app.decorateRequest('session', null)
  app.decorateRequest('refusal', null)
  app.decorateReply('setCookies', function (this: FastifyReply, cookies) {
    for (const { name, value, options } of cookies) this.setCookie(name, value, { ...options, encode: String })
    return this
  })
  app.addHook('onRequest', (request, _reply, done) => {
    request.arrival = arrivals(request.raw)
    request.jar = jars[request.arrival.proto]
    if (servesHost?.(request.arrival.asked) === false && request.routeOptions.config.anyHost !== true) return done(new HostUnknown(`Host ${request.arrival.asked}`))
    if (oneHost && hostName(request.raw.headers.host ?? '') !== hostName(request.arrival.asked)) return done(new HostUnknown(`Host ${request.raw.headers.host ?? ''}, where X-Forwarded-Host says ${request.arrival.asked}`))
    const session = sessions.open(request.jar, request.raw.headers.cookie)
    if (session === null || session.refusal === null) request.session = session
    else request.refusal = session.refusal
    done()
  })
}

export default fp(sessionsPlugin, { name: 'sessions', dependencies: ['wire'] })
