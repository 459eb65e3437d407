import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** One line a request, when its answer is finished. Never a query string: codes, tokens and search terms live there. */
async function accessLog (app: FastifyInstance): Promise<void> {
  app.addHook('onResponse', (request, reply, done) => {
    const target = request.raw.originalUrl ?? request.raw.url ?? ''
    const query = target.indexOf('?')
    request.log.info({
      event: 'request.finished',
      method: request.raw.method,
      path: query === -1 ? target : target.slice(0, query),
      status: reply.raw.statusCode,
      ms: Math.round(reply.elapsedTime),
      address: request.arrival?.address,
      user: request.session?.identity.user
    }, 'request')
    done()
  })
}

export default fp(accessLog, { name: 'access-log' })
