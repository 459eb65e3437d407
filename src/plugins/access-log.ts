import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { IncomingMessage } from 'node:http'
import type { RequestLine } from '../log.ts'

/** One line a request, when its answer is finished. */
async function accessLog (app: FastifyInstance, { write }: { readonly write: (line: RequestLine) => void }): Promise<void> {
  app.addHook('onResponse', ({ id, raw, arrival, session }, reply, done) => {
    const { returned } = raw
    write({ reqId: id, method: raw.method, path: pathOf(raw), status: reply.raw.statusCode, ms: Math.round(returned === undefined ? reply.elapsedTime : performance.now() - returned.since), address: (arrival as typeof arrival | null)?.address, user: session?.identity.user })
    done()
  })
}

export default fp(accessLog, { name: 'access-log' })

/** Never its query. */
export function pathOf ({ originalUrl, url }: IncomingMessage): string {
  const target = originalUrl ?? url ?? ''
  const query = target.indexOf('?')
  return query === -1 ? target : target.slice(0, query)
}
