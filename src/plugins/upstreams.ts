import fastifyHttpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Place } from '../access/judge.ts'
import { mayOpenWebsocket } from '../access/origins.ts'
import type { GateError } from '../errors.ts'
import { loadHttp } from '../on-demand.ts'
import { cut } from '../proxy/answer.ts'
import type { ForwardExchange, Forwarder } from '../proxy/forward.ts'
import type { Target, Channel, LiveSessions, Stream } from '../session/live.ts'
import { noting, type Sessions } from '../session/sessions.ts'
import type { Asked } from './asked.ts'
import { tellOwnSignIn } from './own-sign-in.ts'
import { outwardOf, targetFor, type CommonOutward } from './outward.ts'
import { upstreamRoute } from './places.ts'
import { giveCookie, unkept } from './renewed.ts'
import { routeSpecialRequests, type Upgrade } from './upgrades.ts'

export interface UpstreamsOptions {
  /** One for each `--upstream`, in their order. */
  readonly forwarders: readonly (Forwarder & { readonly origin: string })[]
  readonly live: LiveSessions
  readonly sessions: Pick<Sessions, 'note'>
  /** Whether what people say in websockets keeps their sessions from ending. */
  readonly countsActivity: boolean
  readonly outward: CommonOutward
  /** Which origins may open websockets besides the gate's own. */
  readonly admitsOrigin: (origin: string) => boolean
  /** Whether the answer from a path is for this visitor alone, whatever the app says of keeping it. */
  readonly handsOutToken?: ((path: string) => boolean) | undefined
}

declare module 'node:http' {
  interface IncomingMessage {
    /** Set where it was on its way to an app, and comes back for a page of ours that says what went wrong. */
    returned?: Returned
  }
}

/** What Fastify has to know of a request that it sees late. */
export interface Returned {
  readonly id: string
  /** When it came, by `performance.now`. */
  readonly since: number
  readonly error: Error
}

const http = loadHttp()
const SWITCHING = 101
const NEVER_FORWARDED = new Set(['TRACE', 'CONNECT'])

/** Hands what the guard let through to the application it leads to. */
async function upstreams (app: FastifyInstance, options: UpstreamsOptions): Promise<void> {
  const httpMethods = http.METHODS.filter(method => !NEVER_FORWARDED.has(method))
  for (const method of httpMethods) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  }
  routeSpecialRequests(app)
  for (const [index, forwarder] of options.forwarders.entries()) {
    await app.register(async scope => {
      // The app may know a type that Fastify cannot parse, or a QUERY without one; what is forwarded are the raw headers, not these.
      scope.addHook('onRequest', (request, _reply, done) => {
        if (request.raw.headers['content-type'] !== undefined || request.method === 'QUERY') request.headers = { 'content-type': 'application/octet-stream' }
        done()
      })
      scope.removeAllContentTypeParsers()
      await scope.register(fastifyHttpProxy, {
        prefix: upstreamRoute(index), upstream: forwarder.origin, httpMethods,
        // Before its handler, which reads the target as an URL, for what nobody here would ask.
        preHandler: (request, reply) => { hand(request, reply, forwarder, options) }
      })
    })
  }
}

export default fp(upstreams, { name: 'upstreams', dependencies: ['guard'] })

function hand (request: FastifyRequest, reply: FastifyReply, forwarder: Forwarder, options: UpstreamsOptions): void {
  const { raw } = request
  if (raw.returned !== undefined) return void reply.send(raw.returned.error)
  const job = jobOf(request, reply.raw, options, error => reply.send(error))
  if (raw.pendingUpgrade === undefined) forwarder.forward(job)
  else upgrade(request, raw.pendingUpgrade, job, forwarder, options, performance.now() - reply.elapsedTime)
}

/** A request as it goes to its app. @param fail makes of an error the answer that there is in place of the app's */
export function jobOf (request: Asked, response: ServerResponse, { live, outward: common, handsOutToken }: Pick<UpstreamsOptions, 'live' | 'outward' | 'handsOutToken'>, fail: (error: GateError) => void): ForwardExchange {
  const { raw, session } = request
  const { target, path } = request.place as Place
  const give = handsOutToken?.(path) === true ? unkept : request.renewedCookies === null ? undefined : giveCookie(request)
  const doubt = session === null || common.panel === undefined ? undefined : tellOwnSignIn(request)
  return {
    request: raw, response, path: targetFor(target, common), outward: outwardOf(request, common),
    fail (error, hasBegun = false) {
      if (!hasBegun) return fail(error)
      const { code, message, kind } = error // no page any more: the client only sees that it is not whole
      request.log.error({ event: 'answer.cut', code, detail: message, hint: kind.hint }, 'the application broke off in the middle of its answer, which is cut')
    },
    answered (status, headers) {
      doubt?.(status, headers)
      if (status !== SWITCHING && valueOf(headers, 'content-length') === undefined) live.watch(session, streamOf(raw, response), askedBy(request), isEventStream(headers))
      give?.(status, headers)
    }
  }
}

function upgrade (request: FastifyRequest, pending: Upgrade, job: ForwardExchange, forwarder: Forwarder, { live, sessions, countsActivity, admitsOrigin }: UpstreamsOptions, since: number): void {
  const { raw, session, arrival } = request
  const opened = (channel: Channel) => {
    live.keep(session, channel, askedBy(request))
    raw.socket.answering = undefined
    tellOfSocket(channel, request.log, session?.identity.user, since)
  }
  const said = session === null || !countsActivity ? undefined : noting(sessions, session)
  // Where the guard has let in who has no session, it has not asked for their origin: the app's own check is then the only one.
  const originChecked = mayOpenWebsocket(raw.headers.origin, arrival.origin, admitsOrigin)
  forwarder.upgrade({ ...job, ...pending, originChecked, opened, said })
}

/** Of the request, which may be large, nothing is held on to: a websocket is open for days. @param since by `performance.now` */
function tellOfSocket (channel: Channel, log: FastifyRequest['log'], user: string | undefined, since: number): void {
  log.info({ event: 'websocket.opened', user }, 'websocket')
  void channel.closed.then(() => { log.info({ event: 'websocket.closed', ms: Math.round(performance.now() - since) }, 'websocket') })
}

function askedBy ({ place, method, arrival }: Asked): Target {
  return { target: (place as Place).target, method, host: arrival.asked }
}

// What ends with its connection must not end as if it were whole.
function streamOf (request: IncomingMessage, response: ServerResponse): Stream {
  if (request.httpVersionMinor > 0) return response
  return {
    get writableEnded () { return response.writableEnded },
    get destroyed () { return response.destroyed },
    destroy: () => cut(request, response)
  }
}

/** It goes on until somebody leaves (WHATWG HTML, server-sent events); any other answer without a length ends at some time. */
function isEventStream (headers: readonly string[]): boolean {
  return valueOf(headers, 'content-type')?.toLowerCase().startsWith('text/event-stream') === true
}

/** @param headers flat pairs of an answer */
function valueOf (headers: readonly string[], name: string): string | undefined {
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]?.length === name.length && headers[at]?.toLowerCase() === name) return headers[at + 1]
  }
  return undefined
}
