import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Place } from '../access/judge.ts'
import type { Identity } from '../identity/identity.ts'
import { watchSocket } from '../proxy/app-websocket.ts'
import { retell } from '../proxy/retell.ts'
import type { LiveSessions } from '../session/live.ts'
import type { Session } from '../session/opened.ts'
import { noting, type Sessions } from '../session/sessions.ts'
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
  readonly sessions: Pick<Sessions, 'note'>
  /** Whether what people say in websockets keeps their sessions from ending. */
  readonly countsActivity: boolean
  readonly outward: CommonOutward
}

/** Instead of upstreams: what the guard let through goes back to the app that it came from, which has no other door to it. */
async function handBack (app: FastifyInstance, { live, sessions, countsActivity, outward }: HandBackOptions): Promise<void> {
  app.addHook('onRequest', (request, reply, done) => {
    const { raw, session } = request
    if (request.place === null || raw.visit === undefined) return done()
    retell(raw, outwardOf(request, outward))
    if (session !== null) watch(session, request, reply.raw)
    letGo(request, reply, raw.visit)
  })
  function watch (session: Session, { raw, method, arrival, place }: FastifyRequest, response: ServerResponse): void {
    const asked = { target: (place as Place).target, method, host: arrival.asked }
    if (raw.pendingUpgrade === undefined) return live.watch(session, response, asked, () => isEventStream(response))
    live.keep(session, watchSocket(raw.pendingUpgrade.socket, countsActivity ? noting(sessions, session) : undefined), asked)
  }

  // The app's own hooks see an answer of ours too, and with it what was asked.
  app.addHook('onSend', ({ raw }, _reply, _payload, done) => {
    if (raw.visit !== undefined) restore(raw, raw.visit)
    done()
  })
}

export default fp(handBack, { name: 'hand-back', dependencies: ['guard'] })

/** Headers that are given to `writeHead` are kept nowhere but in the text that was made of them. */
function isEventStream (response: ServerResponse & { readonly _header?: string | null }): boolean {
  return /^content-type: *text\/event-stream/im.test(response._header ?? '')
}

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
