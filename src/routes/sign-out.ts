import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isPrefetch } from '../access/navigation.ts'
import { isFromHere } from '../access/same-origin.ts'
import type { LoginFlow } from './login-flow.ts'

/** `sign_out`, and the logout endpoint: ends the session here, at once and for every copy of its cookie. A link on another site gets a question first. */
export default async function signOut (app: FastifyInstance, { providers, sessions, urls, pages, returnTo }: LoginFlow): Promise<void> {
  const question = pages.signOutQuestion({ signOutUrl: urls.signOut, homeUrl: urls.home })

  app.get('/sign_out', { config: { open: true } }, async (request, reply) => {
    // Browsers fetch an address that was typed before while it is typed again.
    if (isPrefetch(request.headers)) return reply.code(204).send()
    return isMeant(request.headers) ? end(request, reply) : reply.page(question)
  })
  // An empty form: nothing in its body is of interest.
  app.addContentTypeParser('application/x-www-form-urlencoded', { bodyLimit: 1024, parseAs: 'string' }, (_request, _body, done) => done(null, {}))
  app.post('/sign_out', { config: { open: true } }, async (request, reply) =>
    isFromHere(request.headers, request.arrival.origin) ? end(request, reply) : reply.page(question))

  function end (request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const session = request.session ?? request.refused
    const signedInBy = providers.only ?? providers.find(session?.identity.provider)
    const { rd, next } = request.query as { rd?: unknown, next?: unknown }
    if (session !== null) {
      sessions.end(session)
      request.log.info({ event: 'session.ended', cause: 'sign-out', user: session.identity.user }, 'signed out')
    }
    return reply.setCookies(request.jar.clearSession(request.headers.cookie)).page(pages.signedOut({ startUrl: urls.login(returnTo(rd ?? next, request)), provider: signedInBy?.people === undefined ? signedInBy?.label ?? 'the sign-in service' : undefined }))
  }
}

/** Followed or typed here, or asked for by a script of the app: not a picture that somebody else put into one of its pages. */
function isMeant ({ 'sec-fetch-site': site, 'sec-fetch-dest': destination }: FastifyRequest['headers']): boolean {
  return (site === 'same-origin' || site === 'none') && (destination === undefined || destination === 'document' || destination === 'empty')
}
