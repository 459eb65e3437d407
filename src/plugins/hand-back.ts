import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { IncomingMessage } from 'node:http'
import type { Identity } from '../identity/identity.ts'
import { retell } from '../proxy/retell.ts'
import type { LiveSessions } from '../session/live.ts'
import { outwardOf, type CommonOutward } from './outward.ts'
import { giveCookie } from './renewed.ts'

/** A request of an app that has the gate inside, while it is with the gate. */
export interface Visit {
  /** The app's id for the request, which is then ours too. */
  readonly id: string
  /** The target as the app's router has read it. */
  readonly url: string | undefined
  readonly originalUrl: string | undefined
  /** Called once, if at all, with nobody where the page is open to everyone. */
  readonly admitted: (identity: Identity | null) => void
  /** Puts the cookie of a renewed session into the app's answer, whose flat header pairs it changes in place. */
  answered?: ReturnType<typeof giveCookie>
}

declare module 'node:http' {
  interface IncomingMessage {
    visit?: Visit
  }
}

export interface HandBackOptions {
  readonly live: LiveSessions
  readonly outward: CommonOutward
}

/** Instead of upstreams: what the guard let through goes back to the app that it came from, which has no other door to it. */
async function handBack (app: FastifyInstance, { live, outward }: HandBackOptions): Promise<void> {
  app.addHook('onRequest', (request, reply, done) => {
    const { raw, session } = request
    if (request.place === null || raw.visit === undefined) return done()
    retell(raw, outwardOf(request, outward))
    if (session !== null) live.watch(session, raw.pendingUpgrade?.socket ?? reply.raw, undefined, true)
    letGo(request, reply, raw.visit)
  })
  // The app's own hooks see an answer of ours too, and with it what was asked.
  app.addHook('onSend', ({ raw }, _reply, _payload, done) => {
    if (raw.visit !== undefined) restore(raw, raw.visit)
    done()
  })
}

export default fp(handBack, { name: 'hand-back', dependencies: ['guard'] })

// From here on nothing of ours answers: neither `done` nor `send` is called.
function letGo (request: FastifyRequest, reply: FastifyReply, visit: Visit): void {
  const { raw, session } = request
  visit.answered = giveCookie(request)
  reply.hijack()
  restore(raw, visit)
  visit.admitted(session?.identity ?? null)
}

function restore (raw: IncomingMessage, { url, originalUrl }: Visit): void {
  if (url !== undefined) raw.url = url
  if (originalUrl === undefined) delete raw.originalUrl
  else raw.originalUrl = originalUrl
}
