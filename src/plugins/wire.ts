import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type GateError, HeadersTooMany, MalformedRequest, MethodRefused } from '../errors.ts'
import { loadHttp } from '../on-demand.ts'
import { isHost } from '../proxy/arrival.ts'

declare module 'node:net' {
  interface Socket {
    /** Set where a request on it could be read in two ways: what comes behind it could be its body. */
    ambiguous?: true
    /** The last answer that was asked for on it. */
    answering?: ServerResponse | undefined
    /** The answer whose turn it is: Node has it there, and says it nowhere else. */
    readonly _httpMessage?: ServerResponse | null
    /** Requests that have come and whose turn has not. */
    waiting?: number
  }
}

/** Browsers send two dozen. Node takes two thousand and says nothing of those beyond, one of which could be what frames the message. */
const MAX_HEADERS = 200
/** Requests that one connection may send ahead: a tool that measures sends a few dozen, a browser none. */
const MAX_AHEAD = 100
const known = new Set(loadHttp().METHODS)

/** Node's parser reads RTSP too, with methods that no router knows: each becomes one that is refused. */
export function nameMethod (raw: IncomingMessage): void {
  if (!known.has(raw.method ?? '')) raw.method = 'TRACE'
}

/** Refuses what two servers could read as two different requests (RFC 9112 §3.2, §6.3), before anything else looks at it. */
async function wire (app: FastifyInstance): Promise<void> {
  app.addHook('onRequest', (request, reply, done) => { inTurn(request.raw, reply.raw, done) })
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    const refusal = unreadable(raw)
    if (refusal !== undefined && !(refusal instanceof MethodRefused)) raw.socket.ambiguous = true // Node goes on reading what has arrived with it
    done(refusal)
  })
}

export default fp(wire, { name: 'wire' })

/** @returns why a request is not one unambiguous HTTP request */
export function unreadable (raw: IncomingMessage): GateError | undefined {
  const fault = raw.socket.ambiguous === true ? 'it came behind one that could be read in two ways' : faultOf(raw)
  if (fault !== null) return new MalformedRequest(fault)
  if (raw.rawHeaders.length > 2 * MAX_HEADERS) return new HeadersTooMany(`${raw.rawHeaders.length / 2} headers`)
  return raw.method === 'TRACE' || raw.method === 'CONNECT' ? new MethodRefused(raw.method) : undefined
}

/**
 * One request of a connection after the other. Node hands on all that have come, and of those whose answers wait behind another it never
 * says that the client has left: each would keep a connection to the app, of any number by a single one to us. For the request of a browser, which sends none ahead, nothing is made.
 */
function inTurn ({ socket, returned }: IncomingMessage, response: ServerResponse, go: () => void): void {
  if (returned !== undefined) return go() // it has its turn already, and others may have come behind it
  const before = socket.answering
  const hasToWait = isAhead(socket, response)
  socket.answering = response
  if (before === undefined || !hasToWait || socket.ambiguous === true) return go()
  socket.waiting = (socket.waiting ?? 0) + 1
  if (socket.waiting > MAX_AHEAD) return void socket.destroy()
  before.once('close', () => {
    socket.waiting = (socket.waiting as number) - 1
    if (socket.writable) go() // the one before may have been the last
  })
}

/** Whether a request was sent before the one in front of it has its answer: Node gives the socket to an answer whose turn it is. */
export function isAhead ({ answering }: Socket, response: ServerResponse): boolean {
  return answering !== undefined && response.socket === null
}

function faultOf (raw: IncomingMessage): string | null {
  if (raw.httpVersion !== '1.1' && raw.httpVersion !== '1.0') return `HTTP version ${raw.httpVersion}`
  if (!(raw.originalUrl ?? raw.url ?? '').startsWith('/')) return 'the request target is not a path'
  if (raw.headers.expect !== undefined && raw.headers.expect.toLowerCase() !== '100-continue') return 'an expectation other than 100-continue'
  const seen = countFraming(raw.rawHeaders)
  if (seen.hosts !== 1 || !isHost(raw.headers.host ?? '')) return 'exactly one valid Host is needed'
  if (seen.lengths > 1 || seen.codings > 1) return 'a framing header was sent twice'
  if (seen.codings > 0 && seen.lengths > 0) return 'Content-Length together with Transfer-Encoding'
  if (seen.codings > 0 && (raw.httpVersion === '1.0' || raw.headers['transfer-encoding']?.toLowerCase() !== 'chunked')) return 'a transfer coding other than chunked'
  return null
}

// One pass; the length of a name rules out all but a few, so that lower-casing is rare.
function countFraming (rawHeaders: readonly string[]): { hosts: number, lengths: number, codings: number } {
  const seen = { hosts: 0, lengths: 0, codings: 0 }
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    if (name.length === 4 && name.toLowerCase() === 'host') seen.hosts++
    else if (name.length === 14 && name.toLowerCase() === 'content-length') seen.lengths++
    else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') seen.codings++
  }
  return seen
}
