import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isPrefetch } from '../access/navigation.ts'
import { CookiesRefused, IssuerMismatch, LoginMismatch, LoginReplayed } from '../errors.ts'
import type { Login } from '../session/login.ts'
import type { LoginFlow } from './login-flow.ts'
import type { ActiveProvider } from './providers.ts'

/** `GET callback?state=…&code=…`: the provider's answer (RFC 6749 §4.1.2). Also reached on the redirect URI's own path. */
export default async function callback (app: FastifyInstance, flow: LoginFlow): Promise<void> {
  if (flow.providers.all.every(provider => provider.flow !== 'code')) return // its state is a form's, and nobody sends a code
  app.route({ method: ['GET', 'HEAD'], url: '/callback', config: { open: true }, handler })

  async function handler (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    void reply.header('referrer-policy', 'no-referrer') // a page here has a code in its address, and shares its origin with the app (RFC 9700 §4.2.4)
    const query = new URLSearchParams(request.raw.url?.replace(/^[^?]*/, '') ?? '')
    const states = query.getAll('state')
    const state = states.length === 1 ? flow.logins.readState(states[0] as string) : null
    if (state === null) throw new LoginMismatch(`a callback with ${states.length} states, none of ours`)
    // Link scanners and prefetching browsers must not use up what the person is about to.
    if (request.method === 'HEAD' || isPrefetch(request.headers)) return reply.code(204).send()
    const login = flow.logins.find(request.jar, request.headers.cookie, states[0] as string)
    if (login === null) return withoutLogin(request, reply, state.restarted)
    return finish(request, reply, login, query)
  }

  async function withoutLogin (request: FastifyRequest, reply: FastifyReply, restarted: boolean): Promise<FastifyReply> {
    if (request.session !== null) return reply.redirect(flow.urls.home, 303)
    if (!restarted) return restart(request, reply)
    if (flow.logins.carriesLogins(request.jar, request.headers.cookie)) throw new LoginMismatch('no login cookie for this state, though others came')
    throw new CookiesRefused(`no login cookie twice in a row, on ${request.arrival.origin}`)
  }

  // Which of several it was, only the lost cookie knew.
  async function restart (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { only } = flow.providers
    return only === undefined ? reply.redirect(flow.urls.signIn(flow.urls.home, { restarted: true })) : flow.sendToProvider(request, reply, only, { returnTo: flow.urls.home, restarted: true })
  }

  // All providers send people back to one address. A bad one could have led somebody to a good one, to be sent its code (RFC 9700 §4.4).
  function refuseOthers (provider: ActiveProvider, query: URLSearchParams): void {
    const other = query.getAll('iss').find(iss => !provider.client.isIssuer(iss) && flow.providers.all.some(({ client }) => client.isIssuer(iss)))
    if (other !== undefined) throw new IssuerMismatch(`the answer to a login by ${provider.id} is of ${JSON.stringify(other.slice(0, 300))}, which is another of the providers`)
  }

  // Everything that can be refused here is refused before the code is sent anywhere.
  async function finish (request: FastifyRequest, reply: FastifyReply, login: Login, query: URLSearchParams): Promise<FastifyReply> {
    request.returnTo = login.returnTo
    const provider = flow.providers.find(login.provider)
    if (provider === undefined || provider.flow !== 'code') throw new LoginMismatch(`a login by ${login.provider}, which ends no login here`)
    refuseOthers(provider, query)
    const code = await provider.client.readCallback(query)
    if (!await flow.logins.consume(login)) {
      if (request.session !== null) return reply.redirect(flow.urls.home, 303)
      throw new LoginReplayed('this login was finished before')
    }
    reply.setCookies([request.jar.clearLogin(login.state)])
    const signIn = await provider.client.signIn(code, { ...login, redirectUri: flow.redirectUri(request) })
    await flow.admit(request, reply, provider, await provider.learn(signIn))
    return reply.redirect(login.returnTo, 303)
  }
}
