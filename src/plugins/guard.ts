import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isForOurPage } from '../access/autoload.ts'
import { reachesBelow } from '../access/destination.ts'
import { forRefused, type Judge, type Place } from '../access/judge.ts'
import { requestKind } from '../access/navigation.ts'
import { mayOpenWebsocket } from '../access/origins.ts'
import { AccessDenied, AmbiguousPath, FormNotSent, FramedLogin, LoginRequired, NotFound, OriginRefused, PageTokenRefused, SignInLoop, UpgradeRefused } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { OwnUrls } from '../own-urls.ts'
import { isWebsocketUpgrade } from '../proxy/splice.ts'
import type { LoopBreaker } from '../session/loop.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Asked } from './asked.ts'
import type { PageTokens } from './page-tokens.ts'
import { returnTarget } from './places.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** One of our own endpoints: reached without a session. */
    open?: boolean
    /** Answers the same whoever asks, also when nobody can say who does. */
    asksNobody?: boolean
  }
}

export interface GuardOptions {
  readonly judge: Judge
  readonly urls: OwnUrls
  readonly loops: LoopBreaker
  readonly sessions: Pick<Sessions, 'whyEnded'>
  /** Which origins, lower case, may open websockets in a session's name besides the gate's own. */
  readonly admitsOrigin: (origin: string) => boolean
  /** Where the app is one of Bokeh's. */
  readonly pageTokens?: PageTokens | undefined
  /** Where the app is one of Bokeh's: whether a path leads to a script with the token of the visitor's session in it. */
  readonly handsOutToken?: ((path: string) => boolean) | undefined
}

/** Lets in only whom the rules admit: everything that is not declared open, found or not found, request or upgrade. */
async function guard (app: FastifyInstance, options: GuardOptions): Promise<void> {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.place === null) return done(request.routeOptions.config.open === true ? request.failure ?? undefined : new NotFound('no endpoint of ours'))
    const refusal = refusalOf(request, request.place, options)
    if (refusal === null) return done()
    if (!(refusal instanceof LoginRequired) || !beginsSignIn(request)) return void saying(refusal, request, options).then(done, done)
    const { setCookies, loss } = options.loops.redirected(request, request.place.target, 'guard')
    reply.setCookies(setCookies)
    if (loss !== undefined) return done(new SignInLoop(loss.detail, { reason: loss.reason }))
    void reply.header('x-oauth-gate', refusal.code).redirect(options.urls.start(returnTarget(request)))
  })
}

export default fp(guard, { name: 'guard', dependencies: ['sessions', 'errors', 'places'] })

/** Who was signed in is told why they are not any more. Nobody else waits for anything. */
async function saying (refusal: Error, { jar, raw, session }: FastifyRequest, { sessions }: GuardOptions): Promise<Error> {
  const kind = [LoginRequired, FormNotSent, FramedLogin].find(kind => refusal instanceof kind)
  if (kind === undefined || session !== null) return refusal
  const ending = await sessions.whyEnded(jar, raw.headers.cookie)
  return ending === undefined ? refusal : new kind(`no session: ${ending.cause}`, { reason: ending.reason, ended: ending.cause })
}

/** @param request who may pass as nobody has no `session` afterwards @returns why it may not pass */
export function refusalOf (request: Asked, place: Place, { judge, admitsOrigin, pageTokens, handsOutToken }: GuardOptions): Error | null {
  const isStrange = request.session !== null && handsOutToken?.(place.path) === true && !isForOurPage(request.raw.headers, request.arrival.origin, admitsOrigin)
  if (isStrange) request.session = null
  const identity = request.session?.identity ?? null
  const way = { method: request.method, host: request.arrival.asked }
  const own = judge.decide(place, way, identity)
  const { destination } = request.raw.headers // of COPY and MOVE: a second target (RFC 4918 §10.3). Of any other method too, which the app may read as one of these
  const other = own.verdict === 'admitted' && destination !== undefined ? judge.decideDestination(destination, request.arrival.origin, place, way, identity) : own
  const whole = other.verdict === 'admitted' && reachesBelow(request.method, request.raw.headers['depth']) ? judge.decideBelow(place, way, identity) : other
  const judged = whole.verdict === 'admitted' ? own : whole
  const decision = forRefused(judged, request.refused?.refusal ?? null)
  // Who is asking may be one of those who may pass, or not: only what is open to everybody, and tells the app of nobody, does not depend on it.
  if (request.failure !== null && !(decision.verdict === 'admitted' && decision.anonymous && decision.optional !== true)) return request.failure
  const rules = () => own === judged ? { log: { identity: held(identity), rules: judge.explain(place, way, identity).rules } } : {}
  switch (decision.verdict) {
    case 'admitted':
      if (isUpgrade(request) && !isWebsocketUpgrade(request.raw)) return new UpgradeRefused('neither a websocket nor without a body')
      if (decision.anonymous) request.session = null
      else if (isUpgrade(request) && !mayOpenWebsocket(request.raw.headers.origin, request.arrival.origin, admitsOrigin)) return new OriginRefused(`Origin ${request.raw.headers.origin ?? 'missing'}`)
      return isUpgrade(request) ? foreignPage(request, place, pageTokens) : null
    case 'ambiguous': return new AmbiguousPath(decision.detail, rules())
    case 'nowhere': return new NotFound(decision.detail)
    case 'denied': return new AccessDenied(decision.detail, { reason: decision.reason, ...rules() })
    case 'sign-in':
      if (isStrange) return new LoginRequired('no page of ours asks for this script, so that no session counts; --allow-websocket-origin names others that may embed the app')
      return isUpgrade(request) ? new LoginRequired('no session') : unsigned(request)
  }
}

function foreignPage ({ raw, session }: Asked, { path }: Place, pageTokens: PageTokens | undefined): Error | null {
  const why = pageTokens?.whyNot(path, raw.headers['sec-websocket-protocol'], session)
  return why === undefined ? null : new PageTokenRefused(`the page’s token: ${why}`)
}

/** What rules go by, for whoever asks why one of them refused. */
function held (identity: Identity | null): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(identity ?? {}).filter(([, value]) => Object.keys(Object(value) as object).length > 0))
}

function unsigned (request: Asked): Error {
  switch (requestKind(request.raw.headers, request.method)) {
    case 'form': return new FormNotSent('no session')
    case 'framed': return new FramedLogin('no session')
    case 'navigation':
    case 'other': return new LoginRequired('no session')
  }
}

function beginsSignIn (request: FastifyRequest): boolean {
  return !isUpgrade(request) && requestKind(request.raw.headers, request.method) === 'navigation'
}

function isUpgrade (request: Asked): boolean {
  return request.raw.pendingUpgrade !== undefined
}
