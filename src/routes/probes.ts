import type { FastifyInstance } from 'fastify'

export interface ProbesOptions {
  readonly ping: string
  readonly ready: string
  /** The gate is told to stop: whoever balances loads sends nobody any more. */
  readonly isLeaving: () => boolean
  /** @throws {GateError} why not */
  readonly isReady: () => Promise<void>
}

/** `/ping`: the process answers. `/ready`: it serves, whoever asks. Both on paths of their own, so that no header can ask for them. */
export default async function probes (app: FastifyInstance, { ping, ready, isLeaving, isReady }: ProbesOptions): Promise<void> {
  const config = { open: true, anyHost: true, asksNobody: true }
  app.route({ method: ['GET', 'HEAD'], url: ping, config, handler: async () => 'OK\n' })
  app.route({ method: ['GET', 'HEAD'], url: ready, config, handler: async (_request, reply) => {
    if (isLeaving()) return reply.code(503).send('stopping\n')
    await isReady()
    return 'OK\n'
  } })
}
