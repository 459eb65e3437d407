import fastifyFormbody from '@fastify/formbody'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isPrefetch } from '../access/navigation.ts'
import { Claims } from '../claims.ts'
import { CookiesRefused, LoginMismatch, LoginReplayed, ProviderRefused } from '../errors.ts'
import type { Login } from '../session/login.ts'
import type { Handler, HandlerContext } from './handler.ts'
import type { LoginFlow } from './login-flow.ts'
import type { ActiveProvider } from './providers.ts'

/** `with/ID/…?state=…`: what a provider that is not OAuth has in place of the provider's pages and the callback. */
export default async function withHandler (app: FastifyInstance, flow: LoginFlow): Promise<void> {
  for (const provider of flow.providers.all) {
    const { id, handler } = provider
    if (handler !== undefined) await app.register(scope => mount(scope, flow, provider, handler), { prefix: `/with/${id}` })
  }
}

async function mount (scope: FastifyInstance, flow: LoginFlow, provider: ActiveProvider, { run, parameters, key, secret }: NonNullable<ActiveProvider['handler']>): Promise<void> {
  const { logins, urls } = flow
  const { id, label } = provider
  /** Which login a request goes on with: nothing that a plugin or its pages say can change it. */
  const underWay = new WeakMap<FastifyRequest, Login>()
  scope.addHook('onRoute', route => { route.config = { ...route.config, open: true } })
  scope.addHook('onRequest', async (request, reply) => {
    const states = new URLSearchParams(request.raw.url?.replace(/^[^?]*/, '') ?? '').getAll('state')
    const state = states.length === 1 ? logins.readState(states[0] as string) : null
    if (state === null) throw new LoginMismatch(`${states.length} states, none of ours`)
    if (request.method === 'HEAD' || isPrefetch(request.headers)) return reply.code(204).send()
    const login = logins.find(request.jar, request.headers.cookie, states[0] as string)
    if (login?.provider === id) {
      request.returnTo = login.returnTo
      underWay.set(request, login)
    } else if (login !== null || request.method !== 'GET') throw new LoginMismatch(`no login with ${id} of this browser for this state`)
    else if (request.session !== null) return reply.redirect(urls.home, 303)
    else if (state.restarted) throw new CookiesRefused(`no login cookie twice in a row, on ${request.arrival.origin}`)
    else return flow.sendToProvider(request, reply, provider, { returnTo: urls.home, restarted: true })
  })

  /** The login of the request, of which the browser is rid with that. */
  function end (request: FastifyRequest, reply: FastifyReply): Login {
    const login = underWay.get(request)
    if (login === undefined) throw new LoginMismatch(`a request that goes on with no login of ${id}`)
    reply.setCookies([request.jar.clearLogin(login.state)])
    return login
  }

  await scope.register(fastifyFormbody)
  await (run as Handler)(scope, Object.freeze<HandlerContext>({
    id, label, parameters, key, secret,
    url (request, path = '') {
      const login = underWay.get(request)
      if (login === undefined) throw new LoginMismatch(`a request that goes on with no login of ${id}`)
      return request.arrival.origin + urls.handler(id, path, login.state)
    },
    async complete (request, reply, claims) {
      const plain: unknown = JSON.parse(JSON.stringify(claims)) // what is no data is not there
      const login = end(request, reply)
      if (!await logins.consume(login)) throw new LoginReplayed('this login was finished before')
      await flow.admit(request, reply, provider, { sources: { claims: new Claims(plain) } })
      return reply.redirect(login.returnTo, 303)
    },
    fail (request, reply, { reason, detail = reason }) {
      logins.consume(end(request, reply)).catch(() => { /* the store says by itself that it is away, and it has ended badly either way */ })
      throw new ProviderRefused(`the plugin ${id}: ${detail}`, { reason })
    }
  }))
}
