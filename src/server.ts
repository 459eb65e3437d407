import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { IncomingMessage, Server } from 'node:http'
import { createServer as createSecureServer, Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Logger } from 'pino'
import type { Config } from './config/options.ts'
import { createRequestLog } from './log.ts'
import { loadHttp } from './on-demand.ts'
import type { Outside } from './outside.ts'
import { createClientErrorHandler, frameworkErrors } from './plugins/errors.ts'
import { createStraightWay, type Hear, type StraightOptions } from './plugins/straight.ts'
import { nameMethod } from './plugins/wire.ts'

/** Milliseconds between two looks for connections that have become idle while a server stops. */
const EVERY = 50
/** Milliseconds in which a first request may still come by a connection that is there. */
const FIRST = 1_000

/** Milliseconds for a request's headers to arrive, and before them for TLS to be agreed on: who is slower is not a browser. */
const HEADERS_TIMEOUT = 20_000
/** Milliseconds between two looks for those: Node's own thirty seconds would be more than what is looked for. */
const LOOK_EVERY = 5_000

/** Milliseconds for which a connection may be idle: Fastify's own, which it does not set where the server is another's. */
const KEEP_ALIVE = 72_000

/** How the HTTP server is set up; it reads strictly, also where NODE_OPTIONS has an --insecure-http-parser for all that runs there. A whole request may take as long as an upload does: plugins/answers.ts cuts the body of what is refused, and of our own forms. */
export function httpOptions ({ maxHeaderSize }: Pick<Config, 'maxHeaderSize'>) {
  return { maxHeaderSize, insecureHTTPParser: false, headersTimeout: HEADERS_TIMEOUT, connectionsCheckingInterval: LOOK_EVERY, requestTimeout: 0, requireHostHeader: false } // plugins/wire.ts requires it, with an answer of ours
}

/** What it shows who it is by; undefined where it speaks plain HTTP. */
export function tlsOptions ({ sslCertfile, sslKeyfile, sslPassword }: Pick<Config, 'sslCertfile' | 'sslKeyfile' | 'sslPassword'>) {
  return sslCertfile === undefined || sslKeyfile === undefined ? undefined : { cert: sslCertfile, key: sslKeyfile, handshakeTimeout: HEADERS_TIMEOUT, ...sslPassword !== undefined && { passphrase: sslPassword } }
}

/** Who is connected to servers. */
export interface Connections {
  readonly sockets: ReadonlySet<Socket>
  /** Sees who connects to this one from now on. */
  of (server: Server | SecureServer): void
  /** Ends those that have become idle, and those by which nobody has ever said anything: a browser keeps some ready, for minutes. @returns what ends that */
  shed (): () => void
}

export function watchConnections (): Connections {
  const servers: (Server | SecureServer)[] = []
  const sockets = new Set<Socket>()
  return {
    sockets,
    of (server) {
      servers.push(server)
      server.on(server instanceof SecureServer ? 'secureConnection' : 'connection', (socket: Socket) => {
        sockets.add(socket)
        socket.once('close', () => sockets.delete(socket))
      })
    },
    shed () {
      const idle = setInterval(() => { for (const server of servers) server.closeIdleConnections() }, EVERY)
      const unused = setInterval(() => { for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy() }, FIRST) // Node does not call those idle
      return () => {
        clearInterval(idle)
        clearInterval(unused)
      }
    }
  }
}

/** A gate that listens by itself waits, when it closes, for what is under way and for no other connection. */
export function endIdle (app: FastifyInstance): FastifyInstance {
  const connections = watchConnections()
  connections.of(app.server)
  let end = (): void => {}
  app.addHook('preClose', async () => { end = connections.shed() })
  app.addHook('onClose', async () => { end() })
  return app
}

/** What listens: strictly, with TLS where there is a certificate. @param ticketKeys of TLS, in place of its own */
export function createListener (config: Config, hear: Hear, ticketKeys?: Buffer): Server | SecureServer {
  const tls = tlsOptions(config)
  const server = tls === undefined ? loadHttp().createServer(httpOptions(config), hear) : createSecureServer({ ...httpOptions(config), ...tls, ...ticketKeys !== undefined && { ticketKeys } }, hear)
  server.keepAliveTimeout = KEEP_ALIVE
  return server
}

/** What a gate is registered on. Requests come to `hear`, and those that do not go straight on go through Fastify's hooks. */
export function createServer (config: Config, parts: StraightOptions, { outside, log }: { readonly outside: Outside, readonly log: FastifyBaseLogger }) {
  const nextId = createRequestIds(outside)
  const app = fastify({
    serverFactory: () => createListener(config, (raw, response) => { hear(raw, response) }),
    loggerInstance: log,
    // Its two lines a request would hold the query, and cost more than everything else we log.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: (raw: IncomingMessage) => raw.returned?.id ?? raw.visit?.id ?? nextId(),
    rewriteUrl (raw) {
      nameMethod(raw)
      return parts.places.rewrite(raw)
    },
    frameworkErrors,
    clientErrorHandler: createClientErrorHandler(nextId, log),
    exposeHeadRoutes: false,
    return503OnClosing: false, // plugins/straight.ts says it
    schemaController: NO_SCHEMAS
  } as FastifyServerOptions)
  const write = createRequestLog(log as Logger)
  const hear = createStraightWay(app, parts, { nextId, log, write })
  return { app, hear, write }
}

/** None of our routes has a schema, and what compiles them takes a tenth of a start to load. */
export const NO_SCHEMAS: NonNullable<FastifyServerOptions['schemaController']> = { compilersFactory: { buildValidator: noSchema, buildSerializer: noSchema } }

function noSchema (): never {
  throw new Error('no route has a schema')
}

// Unique without asking for randomness each time; nothing is protected by a request id.
function createRequestIds (outside: Outside): () => string {
  const run = outside.random(4).toString('hex')
  let count = 0
  return () => `${run}-${(++count).toString(36)}`
}
