import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Entry } from '../access/entry/entry.ts'
import { safeReturn } from '../access/return-to.ts'
import { AccessDenied, GroupsMissing, SignInLoop, type Refusal } from '../errors.ts'
import type { Said } from '../identity/sources.ts'
import { Trace } from '../identity/trace.ts'
import type { SignIn } from '../oauth/client.ts'
import type { OwnUrls } from '../own-urls.ts'
import type { Pages } from '../pages/index.ts'
import type { Logo } from '../pages/logo.ts'
import type { Logins } from '../session/login.ts'
import type { LoopBreaker } from '../session/loop.ts'
import type { Revocations } from '../session/revocations.ts'
import type { Seen } from '../session/seen.ts'
import type { KeptTokens } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Farewell } from './farewell.ts'
import type { ActiveProvider, Confirmed, Providers } from './providers.ts'
import type { Brake, Tries } from './throttle.ts'

/** What the routes of a login share: how one begins, and how one ends well. */
export interface LoginFlow {
  readonly providers: Providers
  readonly logins: Logins
  readonly sessions: Sessions
  /** For a provider that ends sessions from its side, and what it has said already. */
  readonly revocations: Pick<Revocations, 'revokeSid' | 'revokeSubject'>
  readonly logoutsSeen: Seen
  /** Of those that cannot be believed. */
  readonly brake: Brake
  /** Of passwords, where several processes count them together. */
  readonly tries?: Tries | undefined
  readonly farewell: Farewell
  readonly urls: OwnUrls
  readonly pages: Pages
  /** Where a page shows one. */
  readonly logo: Logo | undefined
  /** @param rd as a query gave it */
  returnTo (rd: unknown, request: FastifyRequest): string
  redirectUri (request: FastifyRequest): string
  sendToProvider (request: FastifyRequest, reply: FastifyReply, provider: ActiveProvider, attempt: Attempt): Promise<FastifyReply>
  /** @throws {SignInLoop} the third redirect to sign in within a minute after a sign-in that succeeded */
  countRedirect (request: FastifyRequest, reply: FastifyReply, returnTo: string): void
  /** Lets the person in, or not. @throws {AccessDenied} {GroupsMissing} and no session is made */
  admit (request: FastifyRequest, reply: FastifyReply, provider: ActiveProvider, said: Confirmed): Promise<void>
}

export interface Attempt {
  readonly returnTo: string
  /** Because the one before came back without its cookie. */
  readonly restarted?: boolean
  readonly selectAccount?: boolean
}

export interface LoginFlowOptions extends Pick<LoginFlow, 'providers' | 'logins' | 'sessions' | 'revocations' | 'logoutsSeen' | 'brake' | 'tries' | 'farewell' | 'urls' | 'pages' | 'logo'> {
  /** Made from the origin that the request came to, where none is set. */
  readonly redirectUri: string | undefined
  readonly isOurs: (target: string) => boolean
  readonly entry: Pick<Entry, 'refuse' | 'explain'>
  readonly loops: LoopBreaker
  /** Those tokens that settings have passed on to the app, or renewed. @param provider whose they are */
  readonly keepTokens: (tokens: SignIn['tokens'] | undefined, provider: string) => KeptTokens | undefined
}

export function createLoginFlow ({ providers, logins, sessions, revocations, logoutsSeen, brake, tries, farewell, urls, pages, logo, ...options }: LoginFlowOptions): LoginFlow {
  // Of several, the one that was taken last is offered first.
  const remember = (request: FastifyRequest, id: string) => providers.only === undefined ? [request.jar.writeChoice(id)] : []
  const redirectUri = (request: FastifyRequest) => options.redirectUri ?? urls.redirectUri(request.arrival.origin)
  return {
    providers, logins, sessions, revocations, logoutsSeen, brake, tries, farewell, urls, pages, logo, redirectUri,
    returnTo: (rd, request) => urls.landing(safeReturn(typeof rd === 'string' ? rd : undefined, request.arrival.origin, options.isOurs), rd),
    async sendToProvider (request, reply, { id, client, handler }, { selectAccount = false, ...attempt }) {
      const { login, setCookies } = logins.begin(request.jar, request.headers.cookie, { provider: id, ...attempt })
      const url = handler !== undefined ? urls.handler(id, '', login.state) : await client.authorizeUrl({ ...login, redirectUri: redirectUri(request) }, selectAccount ? { prompt: 'select_account' } : {})
      request.log.info({ event: 'login.started', provider: id, restarted: attempt.restarted ?? false }, 'sent to the provider')
      return reply.setCookies(setCookies).setCookies(remember(request, id)).redirect(url)
    },
    countRedirect (request, reply, returnTo) {
      const { setCookies, loss } = options.loops.redirected(request, urls.inward(returnTo), 'link')
      reply.setCookies(setCookies)
      if (loss === undefined) return
      request.returnTo = returnTo
      throw new SignInLoop(loss.detail, { reason: loss.reason })
    },
    async admit (request, reply, { identify, namesGroups }, said) {
      const trace = new Trace()
      const identity = traced(request, trace, () => identify(said, trace))
      const refusal = options.entry.refuse(identity)
      const who = { provider: identity.provider, subject: identity.subject, user: identity.user }
      if (refusal !== null) {
        request.log.warn({ event: 'login.denied', ...who, detail: refusal.detail, trace: trace.lines(), conditions: options.entry.explain(identity) }, 'signed in at the provider, but may not enter')
        if (refusal.lacks === 'groups' && !namesGroups(said)) throw groupsMissing(refusal, said)
        throw new AccessDenied(refusal.detail, { reason: refusal.reason })
      }
      const before = request.session ?? request.refused
      if (before !== null) await sessions.end(before, 'another-sign-in')
      const cookies = await sessions.start(request.jar, request.headers.cookie, identity, { tokens: options.keepTokens(said.tokens, identity.provider), mark: said.mark, endsAt: said.tokens?.endsAt, sid: said.tokens?.sid, sub: said.tokens?.sub })
      const kept = cookies.filter(({ options }) => options.maxAge > 0).length
      reply.setCookies([...cookies, options.loops.succeeded(request.jar, request.headers.cookie, request.arrival.proto, kept)])
      request.log.info({ event: 'login.succeeded', ...who }, 'signed in')
      request.log.debug({ event: 'login.traced', trace: trace.lines() }, 'how the identity was found')
    }
  }
}

/** Whoever has no identity cannot be told why by it: the steps so far say it. */
function traced<T> (request: FastifyRequest, trace: Trace, find: () => T): T {
  try {
    return find()
  } catch (error) {
    request.log.warn({ event: 'login.traced', trace: trace.lines() }, 'how the identity was looked for')
    throw error
  }
}

function groupsMissing ({ detail, reason }: Refusal, { sources: { claims } }: Said): GroupsMissing {
  const link = claims.has('_claim_names') || claims.has('hasgroups')
  const seen = link ? 'the provider sent a link instead of the groups, as Entra does above 200: have it send fewer, or application roles' : `the provider sent ${claims.names().slice(0, 50).join(', ').slice(0, 1000)}`
  return new GroupsMissing(`${detail}, and no groups claim came (${seen}); ask for it with --oauth-scope, or have the provider send it`, { reason })
}
