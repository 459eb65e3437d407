import type { FastifyInstance } from 'fastify'
import { requestKind, isPrefetch } from '../access/navigation.ts'
import type { LoginFlow } from './login-flow.ts'

/** `GET start?rd=…&provider=…&prompt=…`, and the login endpoint: begins a login and sends the browser to the provider, or to where one is chosen. */
export default async function start (app: FastifyInstance, flow: LoginFlow): Promise<void> {
  app.route({ method: ['GET', 'HEAD'], url: '/start', config: { open: true }, handler: async (request, reply) => {
    if (request.method === 'HEAD' || isPrefetch(request.headers)) return reply.code(204).send() // nobody is there to sign in
    const { rd, next, prompt, restarted, provider: id } = request.query as Readonly<Record<string, unknown>>
    const returnTo = flow.returnTo(rd ?? next, request) // Panel's word for it is next
    // The query never adds parameters of its own to the authorize request; this one word is the exception.
    const selectAccount = prompt === 'select_account'
    if (prompt === undefined && requestKind(request.headers, request.method) === 'navigation') flow.countRedirect(request, reply, returnTo)
    const provider = flow.providers.only ?? flow.providers.find(id)
    if (provider === undefined) return reply.redirect(flow.urls.signIn(returnTo, { selectAccount }))
    if (provider.askPassword !== undefined) return reply.redirect(flow.urls.signIn(returnTo, { selectAccount, provider: flow.providers.only === undefined ? provider.id : undefined }))
    return flow.sendToProvider(request, reply, provider, { returnTo, selectAccount, restarted: restarted === '1' })
  } })
}
