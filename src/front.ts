import fastify, { type FastifyInstance } from 'fastify'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import { createSecureContext } from 'node:tls'
import type { Config } from './config/options.ts'
import { assemble } from './gate.ts'
import { createLasting } from './lasting.ts'
import { createLogger } from './log.ts'
import { outside as machine, type Outside } from './outside.ts'
import { createListener, NO_SCHEMAS, tlsOptions, watchConnections } from './server.ts'
import type { Successor } from './successor.ts'
import type { Store } from './session/store/store.ts'

/** A gate for a configuration that may be the next. */
export interface Prepared {
  /** From now on it answers, and connections that are new get its certificate; what is under way ends as it began. */
  begin (): void
  /** It is not taken. */
  drop (): Promise<void>
}

/** What listens, while one configuration follows the other. */
export interface Front {
  /** Has no routes of its own: what it hears goes to the gate of the moment. */
  readonly app: FastifyInstance
  /** @throws whatever keeps it from being made; nothing has changed then */
  prepare (config: Config): Promise<Prepared>
  /** Where it speaks TLS: tickets that are sealed with other keys open nothing any more, and whoever brings one shakes hands anew. */
  setTicketKeys (keys: Buffer): void
  /**
   * Stops listening and lets what is under way finish. Websockets are told (1001), event streams are cut.
   *
   * @param grace milliseconds @returns how many connections were cut then
   */
  drain (grace: number): Promise<number>
}

export interface FrontOptions {
  readonly outside?: Outside
  /** What this process has in common with others, as one of several workers, and which of them it is. */
  readonly shared?: Store
  readonly worker?: number
  /** What TLS session tickets are sealed with, so that a browser's next connection may go to another of them: as long as `TICKET_KEYS`; its own unless given. */
  readonly ticketKeys?: Buffer
}

/** Bytes. */
export const TICKET_KEYS = 48
/** Milliseconds until they should be others: who learns them reads what was said by then, where TLS is older than 1.3. */
export const TICKET_KEYS_LAST = 12 * 60 * 60_000

/** Milliseconds to say, to whom nothing was said yet, that nothing will be. */
const LAST_WORDS = 500
/** Of the server, by which a request comes or fails to. */
const EVENTS = ['upgrade', 'checkContinue', 'checkExpectation'] as const

/** @throws {ConfigError} what it needs is not installed */
export async function createFront (config: Config, { outside = machine, shared, worker, ticketKeys = outside.random(TICKET_KEYS) }: FrontOptions = {}): Promise<Front> {
  const logOf = ({ logLevel: level, logFormat: format }: Config) => createLogger({ level, format, worker })
  const lasting = await createLasting(config, { outside, shared, log: logOf(config) })
  const servers: (Server | SecureServer)[] = []
  const connections = watchConnections()
  const { sockets } = connections
  let tickets = ticketKeys
  let gate: Successor | undefined
  const current = (): Successor => gate as Successor

  const hear = (request: IncomingMessage, response: ServerResponse): void => {
    if (lasting.leaving) response.shouldKeepAlive = false
    current().hear(request, response)
  }
  const open = (): Server => {
    const server = createListener(config, hear, tickets)
    for (const event of EVENTS) server.on(event, (...parts: unknown[]) => current().app.server.emit(event, ...parts))
    connections.of(server)
    servers.push(server)
    return server as Server
  }
  const app = fastify({ serverFactory: open, logger: false, schemaController: NO_SCHEMAS, clientErrorHandler: (error, socket) => { current().app.server.emit('clientError', error, socket) } })

  return {
    app,
    async prepare (next) {
      const tls = tlsOptions(next)
      if (tls !== undefined) createSecureContext(tls)
      const made = await assemble(next, lasting, { outside, log: logOf(next) })
      await made.app.ready()
      return {
        begin () {
          const before = gate?.app
          gate = made
          if (before !== undefined) made.listening(app.server.address()) // first: what its cookies are called is what sessions go by
          made.take()
          if (tls !== undefined) for (const server of servers) if ('setSecureContext' in server) server.setSecureContext({ ...tls, ticketKeys: tickets })
          if (before === undefined) app.addHook('onListen', () => made.listening(app.server.address()))
          void before?.close()
        },
        drop: () => made.app.close()
      }
    },
    setTicketKeys (keys) {
      tickets = keys
      for (const server of servers) if ('setTicketKeys' in server) server.setTicketKeys(keys)
    },
    async drain (grace) {
      lasting.hangUp()
      // An answer that has not begun yet says that it is the last of its connection.
      for (const socket of sockets) {
        const { _httpMessage: answer } = socket
        if (answer != null && !answer.headersSent) answer.shouldKeepAlive = false
      }
      const shed = connections.shed()
      const timer = new AbortController()
      const ended = app.close().then(() => 0)
      const cut = await Promise.race([ended, later(grace, timer.signal).then(() => sockets.size)])
      if (cut > 0) {
        lasting.cut()
        await Promise.race([ended, later(LAST_WORDS, timer.signal)])
      }
      shed()
      timer.abort()
      for (const socket of sockets) socket.destroy()
      if (cut === 0) await Promise.all([gate?.app.close(), lasting.farewell()])
      lasting.close()
      return cut
    }
  }
}

function later (milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => { clearTimeout(timer) })
  })
}
