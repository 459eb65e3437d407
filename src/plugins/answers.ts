import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { FramedLogin } from '../errors.ts'
import { CONTENT_SECURITY_POLICY, FRAMED_CONTENT_SECURITY_POLICY } from '../pages/layout.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** Sends a page of ours. */
    page (markup: string): FastifyReply
  }
}

const HEADERS = { 'cache-control': 'no-store', 'referrer-policy': 'same-origin', 'x-content-type-options': 'nosniff' }
const UNFRAMED = { ...HEADERS, 'content-security-policy': CONTENT_SECURITY_POLICY, 'x-frame-options': 'DENY' }
const FRAMED = { ...HEADERS, 'content-security-policy': FRAMED_CONTENT_SECURITY_POLICY }

/** For answers that no hook sees. */
export function answerHeaders (code: string, requestId: string): Record<string, string> {
  return { ...UNFRAMED, 'x-oauth-gate': code, 'x-request-id': requestId }
}

/** What every answer of our own carries. The app's answers are written past `reply.send`, so no hook here touches them. */
async function answers (app: FastifyInstance): Promise<void> {
  app.decorateReply('page', function (this: FastifyReply, markup) {
    return this.type('text/html; charset=utf-8').send(markup)
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    reply.headers(reply.getHeader('x-oauth-gate') === FramedLogin.kind.code ? FRAMED : UNFRAMED)
    if (!reply.hasHeader('x-oauth-gate')) reply.header('x-oauth-gate', 'GATE_OK')
    reply.header('x-request-id', request.id)
    done()
  })
}

export default fp(answers, { name: 'answers' })
