import type { FastifyInstance } from 'fastify'
import { siteOf } from '../access/return-to.ts'
import type { LoginFlow } from './login-flow.ts'

/** `GET signed_out?state=…`: where people come back to who have signed out at the provider too (OpenID Connect RP-Initiated Logout §3). Ends nothing. */
export default async function signedOut (app: FastifyInstance, { providers, farewell, urls, pages, returnTo }: LoginFlow): Promise<void> {
  app.get('/signed_out', { config: { open: true } }, async (request, reply) => {
    // Whoever leads somebody here must not have them believe that they are signed out.
    if (request.session !== null) return reply.redirect(urls.signIn(), 303)
    const { state } = request.query as { state?: unknown }
    const way = typeof state === 'string' ? farewell.readState(state) : null
    const back = way === null ? undefined : returnTo(way.returnTo, request) // it may have been found safe under other settings
    if (back !== undefined && siteOf(back) !== undefined) return reply.redirect(back, 303)
    const label = providers.find(way?.provider)?.label
    return reply.page(pages.signedOut({ startUrl: urls.login(back), provider: label ?? providers.only?.label ?? 'the sign-in service', isBack: label !== undefined }))
  })
}
