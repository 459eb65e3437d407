import fastifyHttpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Place } from '../access/judge.ts'
import { mayOpenWebsocket } from '../access/origins.ts'
import type { GateError } from '../errors.ts'
import { loadHttp } from '../on-demand.ts'
import { cut } from '../proxy/answer.ts'
import { holdContinue, type Forwarder } from '../proxy/forward.ts'
import { hasBody } from '../proxy/upload.ts'
import type { Target, Channel, LiveSessions, Stream } from '../session/live.ts'
import { noting, type Sessions } from '../session/sessions.ts'
import { tellOwnSignIn } from './own-sign-in.ts'
import { outwardOf, targetFor, type CommonOutward } from './outward.ts'
import { upstreamRoute } from './places.ts'
import { giveCookie, unkept } from './renewed.ts'

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

/** Node has the answer there whose turn it is, and says it nowhere else. */
type Answering = Socket & { readonly _httpMessage?: ServerResponse | null }

interface Upgrade { readonly socket: Socket, readonly head: Buffer }

declare module 'node:http' {
  interface IncomingMessage {
    /** Set where the client asked to switch protocols. */
    pendingUpgrade?: Upgrade
  }
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

function hand (request: FastifyRequest, reply: FastifyReply, forwarder: Forwarder, { live, sessions, countsActivity, outward: common, admitsOrigin, handsOutToken }: UpstreamsOptions): void {
  const { raw, session, arrival } = request
  const place = request.place as Place
  const path = targetFor(place.target, common)
  const outward = outwardOf(request, common)
  const fail = (error: GateError, hasBegun = false) => {
    if (!hasBegun) return void reply.send(error)
    const { code, message, kind } = error // no page any more: the client only sees that it is not whole
    request.log.error({ event: 'answer.cut', code, detail: message, hint: kind.hint }, 'the application broke off in the middle of its answer, which is cut')
  }
  const give = handsOutToken?.(place.path) === true ? unkept : request.renewedCookies === null ? undefined : giveCookie(request)
  const doubt = session === null || common.panel === undefined ? undefined : tellOwnSignIn(request)
  const answered = (status: number, headers: string[]) => {
    doubt?.(status, headers)
    if (status !== SWITCHING && valueOf(headers, 'content-length') === undefined) live.watch(session, streamOf(raw, reply.raw), askedBy(request), isEventStream(headers))
    give?.(status, headers)
  }
  if (raw.pendingUpgrade === undefined) return forwarder.forward({ request: raw, response: reply.raw, path, outward, fail, answered })
  const opened = (channel: Channel) => {
    live.keep(session, channel, askedBy(request))
    raw.socket.answering = undefined
    tellOfSocket(channel, request.log, session?.identity.user, performance.now() - reply.elapsedTime)
  }
  const said = session === null || !countsActivity ? undefined : noting(sessions, session)
  // Where the guard has let in who has no session, it has not asked for their origin: the app's own check is then the only one.
  const originChecked = mayOpenWebsocket(raw.headers.origin, arrival.origin, admitsOrigin)
  forwarder.upgrade({ request: raw, response: reply.raw, ...raw.pendingUpgrade, path, outward, originChecked, fail, answered, opened, said })
}

/** Of the request, which may be large, nothing is held on to: a websocket is open for days. @param since by `performance.now` */
function tellOfSocket (channel: Channel, log: FastifyRequest['log'], user: string | undefined, since: number): void {
  log.info({ event: 'websocket.opened', user }, 'websocket')
  void channel.closed.then(() => { log.info({ event: 'websocket.closed', ms: Math.round(performance.now() - since) }, 'websocket') })
}

function askedBy ({ place, method, arrival }: FastifyRequest): Target {
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

// Upgrades and expectations take the way of every other request, through the same hooks.
function routeSpecialRequests (app: FastifyInstance): void {
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', hangUp) // what Node's HTTP server does for a connection, it has stopped doing for this one
    const { answering, _httpMessage: current } = socket as Answering
    if (answering === undefined || current == null) routeUpgrade(app, request, socket, head)
    else waitBehind(answering, socket, head, all => { routeUpgrade(app, request, socket, all) })
  })
  holdContinue(app.server)
  app.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => app.routing(request, response))
}

function hangUp (this: Socket): void {
  this.destroy()
}

function routeUpgrade (app: FastifyInstance, request: IncomingMessage, socket: Socket, head: Buffer): void {
  // A client may offer HTTP/2 on any request (Upgrade: h2c) and must live with an answer in HTTP/1.1 (RFC 9110 §7.8).
  const mayBeIgnored = !isWebsocket(request) && !hasBody(request.rawHeaders)
  if (!mayBeIgnored) request.pendingUpgrade = { socket, head }
  const response = new http.ServerResponse(request)
  response.shouldKeepAlive = false // no parser reads this connection any more
  response.assignSocket(socket)
  response.on('finish', () => socket.destroySoon())
  socket.on('drain', () => response.emit('drain'))
  if (mayBeIgnored) socket.on('end', () => response.destroy()).resume() // nobody else would see the client leave
  app.routing(request, response)
}

/** An upgrade that was sent ahead has its turn when those before it have their answers: a socket is one answer's at a time. */
function waitBehind (answering: ServerResponse, socket: Answering, head: Buffer, go: (head: Buffer) => void): void {
  const early = [head]
  const hold = (chunk: Buffer) => {
    early.push(chunk)
    socket.pause()
  }
  const leave = () => { socket.destroy() }
  const drain = () => { socket._httpMessage?.emit('drain') }
  socket.on('data', hold).on('end', leave).on('drain', drain).resume()
  answering.once('close', () => {
    socket.off('data', hold).off('end', leave).off('drain', drain)
    if (!socket.writable) return void socket.destroySoon()
    socket.setTimeout(0) // of a connection on which nothing is under way
    go(Buffer.concat(early))
  })
}

function isWebsocket ({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket'
}
