import type { FastifyInstance } from 'fastify'
import type { Asking } from './asking.ts'

/** `GET start?rd=…&prompt=…`: begins a login and sends the browser to the provider. */
export default async function start (app: FastifyInstance, asking: Asking): Promise<void> {
  app.get('/start', { config: { open: true } }, async (request, reply) => {
    const { rd, prompt } = request.query as { rd?: unknown, prompt?: unknown }
    const returnTo = asking.safeReturn(rd, request)
    if (asking.provider.flow === 'password') return reply.redirect(asking.signInUrl(returnTo))
    // The query never adds parameters of its own to the authorize request; this one word is the exception.
    return asking.sendToProvider(request, reply, { returnTo, selectAccount: prompt === 'select_account' })
  })
}
