import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { CONTENT_SECURITY_POLICY } from '../pages/layout.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** Sends a page of ours. */
    page (markup: string): FastifyReply
  }
}

const HEADERS = Object.entries({
  'cache-control': 'no-store',
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY'
})

/** What every answer of our own carries. The app's answers are written past `reply.send`, so no hook here touches them. */
async function answers (app: FastifyInstance): Promise<void> {
  app.decorateReply('page', function (this: FastifyReply, markup) {
    return this.type('text/html; charset=utf-8').send(markup)
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    for (const [name, value] of HEADERS) reply.header(name, value)
    if (!reply.hasHeader('x-oauth-gate')) reply.header('x-oauth-gate', 'GATE_OK')
    reply.header('x-request-id', request.id)
    done()
  })
}

export default fp(answers, { name: 'answers' })
