import type { FastifyInstance } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { loadHttp } from '../on-demand.ts'
import { holdContinue } from '../proxy/continue.ts'
import { hasBody } from '../proxy/upload.ts'

/** A connection on which something else than HTTP is to be spoken. */
export interface Upgrade { readonly socket: Socket, readonly head: Buffer }

declare module 'node:http' {
  interface IncomingMessage {
    /** Set where the client asked to switch protocols. */
    pendingUpgrade?: Upgrade
  }
}

const http = loadHttp()

/** Upgrades and expectations take the way of every other request, through the same hooks. */
export function routeSpecialRequests (app: FastifyInstance): void {
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', hangUp) // what Node's HTTP server does for a connection, it has stopped doing for this one
    const { answering, _httpMessage: current } = socket
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
function waitBehind (answering: ServerResponse, socket: Socket, head: Buffer, go: (head: Buffer) => void): void {
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
