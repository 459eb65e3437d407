import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { ServerResponse } from 'node:http'
import type { RequestLine } from '../log.ts'
import type { Asked } from './asked.ts'

/** One line a request, when its answer is finished. */
async function accessLog (app: FastifyInstance, { write }: { readonly write: (line: RequestLine) => void }): Promise<void> {
  app.addHook('onResponse', (request, reply, done) => {
    const { returned } = request.raw
    write(lineOf(request, reply.raw, returned === undefined ? reply.elapsedTime : performance.now() - returned.since))
    done()
  })
}

export default fp(accessLog, { name: 'access-log' })

/** @param taken milliseconds */
export function lineOf ({ id, raw, arrival, session }: Asked, { statusCode }: ServerResponse, taken: number): RequestLine {
  const { method, originalUrl, url } = raw
  const target = originalUrl ?? url ?? ''
  const query = target.indexOf('?')
  const path = query === -1 ? target : target.slice(0, query)
  return { reqId: id, method, path, status: statusCode, ms: Math.round(taken), address: (arrival as typeof arrival | null)?.address, user: session?.identity.user } // nobody is asked from where, of what cannot be read
}
