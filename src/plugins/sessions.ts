import fastifyCookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import type { IncomingMessage } from 'node:http'
import type { Refusal } from '../errors.ts'
import type { Arrival } from '../proxy/arrival.ts'
import type { CookieJar, SetCookie } from '../session/cookies.ts'
import type { Session, Sessions } from '../session/sessions.ts'

declare module 'fastify' {
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
}

/** Who is asking: from where, and in which session. */
async function sessionsPlugin (app: FastifyInstance, { sessions, arrivals, jars }: SessionsOptions): Promise<void> {
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
    const session = sessions.open(request.jar, request.raw.headers.cookie)
    if (session === null || session.refusal === null) request.session = session
    else request.refusal = session.refusal
    done()
  })
}

export default fp(sessionsPlugin, { name: 'sessions', dependencies: ['wire'] })
