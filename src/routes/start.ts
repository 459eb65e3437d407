import type { FastifyInstance } from 'fastify'
import { asked, isPrefetch } from '../access/navigation.ts'
import type { LoginFlow } from './login-flow.ts'

/** `GET start?rd=…&prompt=…`, and the login endpoint: begins a login and sends the browser to the provider. */
export default async function start (app: FastifyInstance, flow: LoginFlow): Promise<void> {
  app.route({ method: ['GET', 'HEAD'], url: '/start', config: { open: true }, handler: async (request, reply) => {
    if (request.method === 'HEAD' || isPrefetch(request.headers)) return reply.code(204).send() // nobody is there to sign in
    const { rd, next, prompt } = request.query as { rd?: unknown, next?: unknown, prompt?: unknown }
    const returnTo = flow.returnTo(rd ?? next, request) // Panel's word for it is next
    // The query never adds parameters of its own to the authorize request; this one word is the exception.
    const selectAccount = prompt === 'select_account'
    if (prompt === undefined && asked(request.headers, request.method) === 'navigation') flow.countRedirect(request, reply, returnTo)
    if (flow.provider.flow === 'password') return reply.redirect(flow.urls.signIn(returnTo, { selectAccount }))
    return flow.sendToProvider(request, reply, { returnTo, selectAccount })
  } })
}
