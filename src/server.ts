import { LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Config } from './config/options.ts'
import type { Outside } from './outside.ts'
import { createClientErrorHandler, frameworkErrors } from './plugins/errors.ts'
import { nameMethod } from './plugins/wire.ts'

/** The gate of one configuration, that nothing reaches yet. */
export interface Successor {
  readonly app: FastifyInstance
  /** What outlives configurations goes by this one from now on. */
  take (): void
  /** @param bound of the server that leads to it */
  listening (bound: AddressInfo | string | null): void
}

/** Milliseconds for a request's headers to arrive, and before them for TLS to be agreed on: who is slower is not a browser. */
const HEADERS_TIMEOUT = 20_000
/** Milliseconds between two looks for those: Node's own thirty seconds would be more than what is looked for. */
const LOOK_EVERY = 5_000

/** How the HTTP server is set up. A whole request may take as long as an upload does: plugins/answers.ts cuts the body of what is refused, and of our own forms. */
export function httpOptions ({ maxHeaderSize }: Pick<Config, 'maxHeaderSize'>) {
  return { maxHeaderSize, headersTimeout: HEADERS_TIMEOUT, connectionsCheckingInterval: LOOK_EVERY, requestTimeout: 0, requireHostHeader: false } // plugins/wire.ts requires it, with an answer of ours
}

/** What it shows who it is by; undefined where it speaks plain HTTP. */
export function tlsOptions ({ sslCertfile, sslKeyfile, sslPassword }: Pick<Config, 'sslCertfile' | 'sslKeyfile' | 'sslPassword'>) {
  return sslCertfile === undefined || sslKeyfile === undefined ? undefined : { cert: sslCertfile, key: sslKeyfile, handshakeTimeout: HEADERS_TIMEOUT, ...sslPassword !== undefined && { passphrase: sslPassword } }
}

/** How Fastify and the HTTP server below it are set up. */
export function serverOptions (config: Config, outside: Outside, log: FastifyBaseLogger, rewriteUrl: (raw: IncomingMessage) => string): FastifyServerOptions {
  const [http, tls] = [httpOptions(config), tlsOptions(config)]
  const nextId = createRequestIds(outside)
  return {
    ...tls === undefined ? { http } : { https: { ...http, ...tls } },
    loggerInstance: log,
    // Its two lines a request would hold the query, and cost more than everything else we log.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: (raw: IncomingMessage) => raw.visit?.id ?? nextId(),
    rewriteUrl (raw) {
      nameMethod(raw)
      return rewriteUrl(raw)
    },
    frameworkErrors,
    clientErrorHandler: createClientErrorHandler(nextId, log),
    exposeHeadRoutes: false
  } as FastifyServerOptions
}

// Unique without asking for randomness each time; nothing is protected by a request id.
function createRequestIds (outside: Outside): () => string {
  const run = outside.random(4).toString('hex')
  let count = 0
  return () => `${run}-${(++count).toString(36)}`
}
