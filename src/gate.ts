import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { Server } from 'node:tls'
import type { Config } from './config/options.ts'
import { createLasting, type Lasting } from './lasting.ts'
import { createLogger } from './log.ts'
import { outside as machine, type Outside } from './outside.ts'
import { createParts } from './parts.ts'
import accessLog from './plugins/access-log.ts'
import answers from './plugins/answers.ts'
import errors from './plugins/errors.ts'
import guard from './plugins/guard.ts'
import handBack from './plugins/hand-back.ts'
import places from './plugins/places.ts'
import sessions from './plugins/sessions.ts'
import upstreams from './plugins/upstreams.ts'
import wire from './plugins/wire.ts'
import ownRoutes from './routes/index.ts'
import probes from './routes/probes.ts'
import { createServer, endIdle } from './server.ts'
import type { Successor } from './successor.ts'

/**
 * @param config from `loadConfig`; `front.ts` serves with several, one after the other
 * @param outside the clock and the randomness, replaced in tests
 * @param host an app that has the gate inside: it listens and logs, and is where requests go on to (fastify.ts)
 * @returns a Fastify instance that is ready to listen
 */
export async function createGate (config: Config, outside: Outside = machine, host?: FastifyInstance): Promise<FastifyInstance> {
  const log = host?.log ?? createLogger({ level: config.logLevel, format: config.logFormat })
  const lasting = await createLasting(config, { outside, log })
  const { app, take, listening } = await assemble(config, lasting, { outside, log, host })
  take()
  app.addHook('preClose', () => lasting.farewell(host !== undefined)) // before Fastify waits for what is under way
  app.addHook('onClose', () => lasting.close())
  const listener = host ?? endIdle(app)
  listener.addHook('onListen', () => listening(listener.server.address())) // the cookie's name holds the port; a provider that is down is said
  return app
}

/** The whole gate, in the order in which a request meets it. Read this first; `parts.ts` says what each step is made of. */
export async function assemble (config: Config, lasting: Lasting, { outside, log, host }: { readonly outside: Outside, readonly log: FastifyBaseLogger, readonly host?: FastifyInstance | undefined }): Promise<Successor> {
  const parts = await createParts(config, lasting, outside, log, host && { tls: host.server instanceof Server })
  const { app, hear, write } = createServer(config, parts, { outside, log }) // `hear` sends straight on what needs none of the following

  if (host === undefined) await app.register(accessLog, { write }) // one line a request, whatever becomes of it
  await app.register(answers) // what every answer of our own carries
  await app.register(errors, parts) // the only way from an error to an answer

  await app.register(wire) // is it one unambiguous HTTP request?
  await app.register(places, parts) // where does it lead?
  await app.register(sessions, parts) // who is asking?
  await app.register(guard, parts) // may they?

  await app.register(ownRoutes, { prefix: parts.urls.routes.base, flow: parts.flow }) // to the provider and back
  if (parts.probes !== undefined) await app.register(probes, parts.probes)

  await app.register(host === undefined ? upstreams : handBack, parts) // and on to the application
  app.addHook('onClose', () => { for (const watch of parts.watches) watch.close() })
  return { app, hear, take: parts.take, listening: parts.listening }
}
