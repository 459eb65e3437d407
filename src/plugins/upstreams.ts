import fastifyHttpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { METHODS, ServerResponse, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Place } from '../access/judge.ts'
import { NotAnUpgrade } from '../errors.ts'
import type { Forwarder } from '../proxy/forward.ts'
import { isWebsocketUpgrade } from '../proxy/splice.ts'
import type { LiveSessions } from '../session/live.ts'
import { upstreamRoute } from './places.ts'

export interface UpstreamsOptions {
  /** One for each `--upstream`, in their order. */
  readonly forwarders: readonly (Forwarder & { readonly origin: string })[]
  readonly live: LiveSessions
}

interface Upgrade { readonly socket: Socket, readonly head: Buffer }

declare module 'node:http' {
  interface IncomingMessage {
    /** Set where the client asked to switch protocols. */
    pendingUpgrade?: Upgrade
    /** The client waits for 100 Continue before it sends its body (RFC 9110 §10.1.1). */
    awaitsContinue?: boolean
  }
}

const NEVER_FORWARDED = new Set(['TRACE', 'CONNECT'])

/** Hands what the guard let through to the application it leads to. */
async function upstreams (app: FastifyInstance, { forwarders, live }: UpstreamsOptions): Promise<void> {
  const httpMethods = METHODS.filter(method => !NEVER_FORWARDED.has(method))
  for (const method of httpMethods) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  }
  routeSpecialRequests(app)
  for (const [index, forwarder] of forwarders.entries()) {
    await app.register(async scope => {
      // The app may know a type that Fastify cannot parse; what is forwarded are the raw headers, not these.
      scope.addHook('onRequest', (request, _reply, done) => {
        if (request.raw.headers['content-type'] !== undefined) request.headers = { 'content-type': 'application/octet-stream' }
        done()
      })
      scope.removeAllContentTypeParsers()
      await scope.register(fastifyHttpProxy, {
        prefix: upstreamRoute(index), upstream: forwarder.origin, httpMethods,
        handler: (request, reply) => { hand(request, reply, forwarder, live) }
      })
    })
  }
  app.addHook('onClose', async () => { await Promise.all(forwarders.map(forwarder => forwarder.close())) })
}

export default fp(upstreams, { name: 'upstreams', dependencies: ['guard'] })

function hand (request: FastifyRequest, reply: FastifyReply, forwarder: Forwarder, live: LiveSessions): void {
  const { raw, session, arrival } = request
  const path = (request.place as Place).target
  const outward = { arrival, identity: session?.headers ?? [] }
  const fail = (error: Error) => { void reply.send(error) }
  if (raw.pendingUpgrade === undefined) return forwarder.forward({ request: raw, response: reply.raw, path, outward, fail })
  if (!isWebsocketUpgrade(raw)) return fail(new NotAnUpgrade(`Upgrade: ${raw.headers.upgrade ?? ''}`))
  const opened = (channel: Parameters<LiveSessions['keep']>[1]) => { if (session !== null) live.keep(session, channel) }
  forwarder.upgrade({ request: raw, response: reply.raw, ...raw.pendingUpgrade, path, outward, fail, opened })
}

// Upgrades and expectations take the way of every other request, through the same hooks.
function routeSpecialRequests (app: FastifyInstance): void {
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    request.pendingUpgrade = { socket, head }
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.on('finish', () => socket.end())
    app.routing(request, response)
  })
  app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    request.awaitsContinue = true
    app.routing(request, response)
  })
}
