import type { FastifyInstance, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { FramedLogin } from '../errors.ts'
import { CONTENT_SECURITY_POLICY, FRAMED_CONTENT_SECURITY_POLICY, type Page } from '../pages/layout.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** Sends a page of ours. */
    page (page: Page): FastifyReply
  }
}

/** Milliseconds that the rest of an unwanted body is read. */
export const LINGER = 2_000
/** Milliseconds in which a form of ours must have arrived: two short fields. */
const FORM_TIME = 10_000
/** Milliseconds in which nothing of an answer of ours is read; Node gives them twice where a part was. Of an app's nobody counts them: a film may be paused. */
const UNREAD = 30_000
const HEADERS = { 'cache-control': 'no-store', 'referrer-policy': 'same-origin', 'x-content-type-options': 'nosniff' }
const UNFRAMED = { ...HEADERS, 'content-security-policy': CONTENT_SECURITY_POLICY, 'x-frame-options': 'DENY' }
const FRAMED = { ...HEADERS, 'content-security-policy': FRAMED_CONTENT_SECURITY_POLICY }

/** For answers that no hook sees. */
export function answerHeaders (code: string, requestId: string): Record<string, string> {
  return { ...UNFRAMED, 'x-oauth-gate': code, 'x-request-id': requestId }
}

/** A body that nobody wants is read on for a while, so that its sender gets to see the answer, but not for ever. */
export function cutAfter (milliseconds: number, raw: IncomingMessage): void {
  if (raw.headers['content-length'] === undefined && raw.headers['transfer-encoding'] === undefined) return
  setTimeout(() => { if (!raw.complete) raw.socket.destroy() }, milliseconds).unref()
}

/** What every answer of our own carries. The app's answers are written past `reply.send`, so no hook here touches them. */
async function answers (app: FastifyInstance): Promise<void> {
  app.decorateReply('page', function (this: FastifyReply, { markup, policy }) {
    if (policy !== undefined) this.header('content-security-policy', policy)
    return this.type('text/html; charset=utf-8').send(markup)
  })
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.raw.place === undefined) cutAfter(FORM_TIME, request.raw) // a form of ours that never comes
    done()
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    const usual = reply.getHeader('x-oauth-gate') === FramedLogin.kind.code ? FRAMED : UNFRAMED
    for (const [name, value] of Object.entries(usual)) if (!reply.hasHeader(name)) reply.header(name, value)
    if (!reply.hasHeader('x-oauth-gate')) reply.header('x-oauth-gate', 'GATE_OK')
    reply.header('x-request-id', request.id)
    cutAfter(LINGER, request.raw)
    const { socket } = reply.raw
    if (socket instanceof Socket) socket.setTimeout(UNREAD) // Node sets another when it is sent; where a test injects its requests there is none
    done()
  })
}

export default fp(answers, { name: 'answers' })
