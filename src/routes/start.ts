import type { FastifyInstance } from 'fastify'
import type { LoginFlow } from './login-flow.ts'

/** `GET start?rd=…&prompt=…`: begins a login and sends the browser to the provider. */
export default async function start (app: FastifyInstance, flow: LoginFlow): Promise<void> {
  app.get('/start', { config: { open: true } }, async (request, reply) => {
    const { rd, prompt } = request.query as { rd?: unknown, prompt?: unknown }
    const returnTo = flow.returnTo(rd, request)
    if (flow.provider.flow === 'password') return reply.redirect(flow.urls.signIn(returnTo))
    // The query never adds parameters of its own to the authorize request; this one word is the exception.
    return flow.sendToProvider(request, reply, { returnTo, selectAccount: prompt === 'select_account' })
  })
}
