import type { FastifyInstance } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The gate of one configuration, that nothing reaches yet. */
export interface Successor {
  readonly app: FastifyInstance
  /** Hears requests, in the app's stead. */
  hear (raw: IncomingMessage, response: ServerResponse): void
  /** What outlives configurations goes by this one from now on. */
  take (): void
  /** @param bound of the server that leads to it */
  listening (bound: AddressInfo | string | null): void
}
