import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { requestKind, isPrefetch } from '../access/navigation.ts'
import { siteOf } from '../access/return-to.ts'
import { isFromHere } from '../access/same-origin.ts'
import type { LoginFlow } from './login-flow.ts'

/** `sign_out?rd=…`, and the logout endpoint: ends the session here, at once and for every copy of its cookie. A link on another site gets a question first. */
export default async function signOut (app: FastifyInstance, { providers, sessions, farewell, urls, pages, returnTo }: LoginFlow): Promise<void> {
  const providerOf = ({ session, refused }: FastifyRequest) => providers.only ?? providers.find((session ?? refused)?.identity.provider)
  const backOf = (request: FastifyRequest) => {
    const { rd, next } = request.query as { rd?: unknown, next?: unknown }
    return returnTo(rd ?? next, request)
  }
  const question = async (request: FastifyRequest) => {
    const back = backOf(request)
    return pages.signOutQuestion({ signOutUrl: urls.signOutTo(back), homeUrl: urls.home, leadsTo: [await farewell.leadsTo(providerOf(request)), siteOf(back)] })
  }

  app.get('/sign_out', { config: { open: true } }, async (request, reply) => {
    // Browsers fetch an address that was typed before while it is typed again.
    if (isPrefetch(request.headers)) return reply.code(204).send()
    return isMeant(request.headers) ? await end(request, reply) : reply.page(await question(request))
  })
  // An empty form: nothing in its body is of interest.
  app.addContentTypeParser('application/x-www-form-urlencoded', { bodyLimit: 1024, parseAs: 'string' }, (_request, _body, done) => done(null, {}))
  app.post('/sign_out', { config: { open: true } }, async (request, reply) =>
    isFromHere(request.headers, request.arrival.origin) ? await end(request, reply) : reply.page(await question(request)))

  async function end (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const session = request.session ?? request.refused
    const provider = providerOf(request)
    const back = backOf(request)
    const tokens = session === null ? undefined : await farewell.tokensOf(request)
    if (session !== null) {
      await sessions.end(session)
      request.log.info({ event: 'session.ended', cause: 'sign-out', user: session.identity.user }, 'signed out')
    }
    if (provider !== undefined && tokens !== undefined) farewell.revoke(provider, tokens)
    const elsewhere = siteOf(back) === undefined ? undefined : back
    const follows = requestKind(request.headers, request.method) !== 'other' // a script would, to where it may not read
    const isLeft = follows && elsewhere !== undefined && !farewell.atOnce
    const onward = provider === undefined || isLeft ? undefined : await farewell.url(provider, { session, tokens, returnTo: back })
    const next = farewell.atOnce ? onward ?? elsewhere : elsewhere
    void reply.setCookies(request.jar.clearSession(request.headers.cookie))
    if (follows && next !== undefined) return reply.redirect(next, 303)
    return reply.page(pages.signedOut({ startUrl: urls.login(back), provider: provider?.people === undefined ? provider?.label ?? 'the sign-in service' : undefined, providerUrl: onward }))
  }
}

/** Followed or typed here, or asked for by a script of the app: not a picture that somebody else put into one of its pages. */
function isMeant ({ 'sec-fetch-site': site, 'sec-fetch-dest': destination }: FastifyRequest['headers']): boolean {
  return (site === 'same-origin' || site === 'none') && (destination === undefined || destination === 'document' || destination === 'empty')
}
