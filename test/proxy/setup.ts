import { once } from 'node:events'
import { createServer, request, ServerResponse, type IncomingMessage, type RequestOptions, type Server } from 'node:http'
import { connect, createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Test } from 'tap'
import type { GateError } from '../../src/errors.ts'
import { holdContinue } from '../../src/proxy/continue.ts'
import { createForwarder, type Forwarder } from '../../src/proxy/forward.ts'
import type { Outward } from '../../src/proxy/headers.ts'
import type { Splice } from '../../src/proxy/splice.ts'
import type { UpstreamOptions } from '../../src/proxy/upstream.ts'

export interface Gate {
  readonly port: number
  readonly server: Server
  readonly forwarder: Forwarder
  readonly failures: GateError[]
  readonly channels: Splice[]
}

export interface GateOptions extends Partial<Omit<UpstreamOptions, 'upstream'>> {
  readonly basePath?: string
  readonly socketPath?: string
  readonly outward?: Partial<Outward>
  readonly answered?: (status: number, headers: string[]) => void
  /** What the guard would do before the request goes on. */
  readonly guard?: () => Promise<void>
}

export const isOurCookie = (name: string): boolean => name === 'oauth-gate' || name.startsWith('oauth-gate-')

/** A server with nothing before the forwarder; a failure is answered with its status and code. */
export async function startGate (t: Test, origin: string, { basePath = '', socketPath, outward, answered, guard, ...options }: GateOptions = {}): Promise<Gate> {
  const forwarder = createForwarder({
    upstream: { path: '/', origin, basePath, socketPath },
    skipVerify: false, timeout: 5_000, maxHeaderSize: 65_536, ...options
  })
  const failures: GateError[] = []
  const channels: Splice[] = []
  const job = (request: IncomingMessage, response: ServerResponse) => ({
    request, response, answered,
    path: request.url ?? '',
    outward: { identity: [], arrival: { address: '192.0.2.7', proto: 'https', host: 'gate.example', port: 443 }, passHost: true, isOurCookie, ...outward } as Outward,
    fail: (error: GateError, hasBegun = false) => {
      if (hasBegun) return
      failures.push(error)
      response.writeHead(error.kind.status, { 'x-oauth-gate': error.code }).end()
    }
  })
  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    if (guard) void guard().then(() => forwarder.forward(job(request, response)))
    else forwarder.forward(job(request, response))
  })
  holdContinue(server)
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const response = new ServerResponse(request)
    response.assignSocket(socket as Socket)
    response.on('finish', () => socket.end())
    socket.on('error', () => socket.destroy())
    forwarder.upgrade({ ...job(request, response), socket, head, opened: channel => { channels.push(channel) } })
  })
  const port = await listen(server)
  t.teardown(async () => {
    server.close()
    server.closeAllConnections()
    await forwarder.close()
  })
  return { port, server, forwarder, failures, channels }
}

export interface App {
  readonly origin: string
  readonly port: number
  readonly server: Server
  /** The sockets that were opened to it, in order. */
  readonly sockets: Socket[]
}

/** An app on node:http. */
export async function startApp (t: Test, handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<App> {
  const server = createServer({ maxHeaderSize: 131_072 }, handle)
  const sockets: Socket[] = []
  server.on('connection', socket => sockets.push(socket))
  const port = await listen(server)
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
    for (const socket of sockets) socket.destroy()
  })
  return { origin: `http://127.0.0.1:${port}`, port, server, sockets }
}

/** An app that says what no HTTP library would. */
export async function startRawApp (t: Test, handle: (socket: Socket, nth: number) => void): Promise<{ origin: string, sockets: Socket[] }> {
  const sockets: Socket[] = []
  const server = createTcpServer({ allowHalfOpen: true }, socket => {
    socket.on('error', () => socket.destroy())
    handle(socket, sockets.push(socket))
  })
  const port = await listen(server)
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { origin: `http://127.0.0.1:${port}`, sockets }
}

/** Answers each head of a request with these bytes. */
export function says (...answers: string[]): (socket: Socket) => void {
  return socket => {
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        text = text.slice(end + 4)
        socket.write(answers.length > 1 ? answers.shift() as string : answers[0] ?? '', 'latin1')
      }
    })
  }
}

export async function listen (server: Server | TcpServer, where: number | string = 0): Promise<number> {
  await (typeof where === 'string' ? once(server.listen(where), 'listening') : once(server.listen(where, '127.0.0.1'), 'listening'))
  return (server.address() as AddressInfo).port
}

export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: IncomingMessage['headers']
  readonly raw: readonly string[]
  readonly trailers: IncomingMessage['trailers']
  readonly body: Buffer
}

/** One whole exchange over a connection of its own. */
export async function send (port: number, { body, ...options }: RequestOptions & { body?: string | Buffer } = {}): Promise<Answer> {
  const outgoing = request({ host: '127.0.0.1', port, agent: false, ...options })
  outgoing.end(body)
  const [incoming] = await once(outgoing, 'response') as [IncomingMessage]
  return read(incoming)
}

export async function read (incoming: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const { statusCode = 0, statusMessage = '', headers, rawHeaders, trailers } = incoming
  return { status: statusCode, text: statusMessage, headers, raw: rawHeaders, trailers, body: Buffer.concat(chunks) }
}

/** Sends bytes as they are, and gives every byte that came back when the connection has ended. */
export async function sendRaw (port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk)).on('error', () => {})
  socket.write(bytes, 'latin1')
  await new Promise(resolve => socket.once('close', resolve))
  return Buffer.concat(chunks).toString('latin1')
}

export async function until (condition: () => boolean, within = 5_000): Promise<void> {
  const end = performance.now() + within
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${within} ms: ${condition.toString()}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

export function wait (ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

/** What an app that reads as forgivingly as CGI would find under a name. */
export function valuesOf (raw: readonly string[], name: string): string[] {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '-')
  return raw.filter((_, i) => i % 2 === 1 && plain(raw[i - 1] ?? '') === plain(name))
}
