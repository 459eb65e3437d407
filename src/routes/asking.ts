import type { FastifyReply, FastifyRequest } from 'fastify'
import { safeReturn } from '../access/return-to.ts'
import { AccessDenied, type Refusal } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { OAuthClient, SignIn } from '../oauth/client.ts'
import type { Provider } from '../provider.ts'
import type { Logins } from '../session/login.ts'
import type { Sessions } from '../session/sessions.ts'

export interface AskingOptions {
  readonly provider: Provider
  readonly client: OAuthClient
  readonly logins: Logins
  readonly sessions: Sessions
  readonly proxyPrefix: string
  readonly redirectUri: string | undefined
  readonly isOurs: (target: string) => boolean
  readonly identify: (signIn: SignIn) => Identity
  readonly refuse: (identity: Identity) => Refusal | null
}

/** What the routes of a sign-in share: where things are, how one begins, and how one ends well. */
export interface Asking extends AskingOptions {
  signInUrl (returnTo: string): string
  safeReturn (value: unknown, request: FastifyRequest): string
  redirectUriFor (request: FastifyRequest): string
  sendToProvider (request: FastifyRequest, reply: FastifyReply, attempt: { returnTo: string, restarted?: boolean, selectAccount?: boolean }): Promise<FastifyReply>
  /** Lets the person in, or not. @throws {AccessDenied} and no session is made */
  admit (request: FastifyRequest, reply: FastifyReply, signIn: SignIn): void
}

export function createAsking (options: AskingOptions): Asking {
  const { provider, client, logins, sessions, proxyPrefix } = options
  const redirectUriFor = (request: FastifyRequest) => options.redirectUri ?? request.arrival.origin
  return {
    ...options,
    redirectUriFor,
    signInUrl: returnTo => `${proxyPrefix}/sign_in?rd=${encodeURIComponent(returnTo)}`,
    safeReturn: (value, request) => safeReturn(typeof value === 'string' ? value : undefined, request.arrival.origin, options.isOurs),
    async sendToProvider (request, reply, { selectAccount, ...attempt }) {
      const { login, setCookies } = logins.begin(request.jar, request.headers.cookie, { provider: provider.name, ...attempt })
      const url = await client.authorizeUrl({ ...login, redirectUri: redirectUriFor(request) }, selectAccount === true ? { prompt: 'select_account' } : {})
      request.log.info({ event: 'login.started', provider: provider.name, restarted: attempt.restarted ?? false }, 'sent to the provider')
      return reply.setCookies(setCookies).redirect(url)
    },
    admit (request, reply, signIn) {
      const identity = options.identify(signIn)
      const refusal = options.refuse(identity)
      const who = { provider: identity.provider, subject: identity.subject, user: identity.user }
      if (refusal !== null) {
        request.log.warn({ event: 'login.denied', ...who, detail: refusal.detail }, 'signed in at the provider, but may not enter')
        throw new AccessDenied(refusal.detail, { reason: refusal.reason })
      }
      if (request.session !== null) sessions.end(request.session)
      reply.setCookies(sessions.start(request.jar, request.headers.cookie, identity))
      request.log.info({ event: 'login.succeeded', ...who }, 'signed in')
    }
  }
}
