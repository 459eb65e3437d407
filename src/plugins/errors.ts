import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Socket } from 'node:net'
import type { Logger } from 'pino'
import { requestKind } from '../access/navigation.ts'
import * as failures from '../errors.ts'
import { AccessDenied, CookiesRefused, FormNotSent, FramedLogin, GateError, LoginCancelled, LoginMismatch, LoginReplayed, LoginRequired, MalformedRequest, NotFound, SignInLoop, StoreUnavailable, Unexpected, UpstreamUnreachable } from '../errors.ts'
import type { OwnUrls } from '../own-urls.ts'
import type { Action, ErrorPage } from '../pages/error.ts'
import type { Pages } from '../pages/index.ts'
import { answerHeaders, cutAfter, LINGER as BODY_LINGER } from './answers.ts'
import { returnTarget } from './places.ts'

export interface ErrorsOptions {
  readonly urls: OwnUrls
  readonly pages: Pages
}

/** Seconds until the page of an application that is not answering tries again: time to read it, and to find what stops it (WCAG 2.2.1). */
const REFRESH = 20
/** Seconds until a store that did not answer may be back. */
const RETRY_AFTER = 5
/** Milliseconds in which a refused client can read why. */
const LINGER = 1_000
const CLIENT_FAULTS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }
/** Beside every 401: what a new login mends. */
const SIGN_IN_AGAIN = [CookiesRefused, LoginMismatch, LoginReplayed]
/** What may be over by now: by itself, or because the operator has mended it. */
const TRY_AGAIN = [
  failures.StoreUnavailable, failures.ProviderUnreachable, failures.ProviderTimeout, failures.ProviderAnswerInvalid,
  failures.DiscoveryMismatch, failures.ClientRefused, failures.RedirectUriRefused, failures.ClockOff
]

/** The one place where an error becomes an answer. Only its kind leaves the house; its message goes to the log. */
async function errors (app: FastifyInstance, options: ErrorsOptions): Promise<void> {
  app.setErrorHandler((error: Error, request, reply) => answer(asGateError(error), request, reply, options))
  app.setNotFoundHandler((request, reply) => answer(new NotFound(request.raw.method ?? ''), request, reply, options))
}

export default fp(errors, { name: 'errors', dependencies: ['answers'] })

/** For what Fastify finds wrong before any hook runs: a path under our own prefix that cannot be decoded. */
export function frameworkErrors (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const refused = new MalformedRequest(error.code)
  log(refused, request)
  cutAfter(BODY_LINGER, request.raw)
  void reply.code(refused.kind.status).header('connection', 'close').headers(answerHeaders(refused.code, request.id)).type('text/plain; charset=utf-8').send(`${refused.kind.title}\n`)
}

/** For what Node's parser refuses: there is no request yet, and the connection cannot be used again. */
export function createClientErrorHandler (requestId: () => string, log: Pick<Logger, 'warn'>): (error: NodeJS.ErrnoException, socket: Socket) => void {
  return (error, socket) => {
    // Node's own handler looks there too: an answer may be under way, and must not be continued by another.
    const underWay = socket._httpMessage != null
    if (!socket.writable || underWay || error.code === 'ECONNRESET') return void socket.destroy()
    const { code, title, hint } = MalformedRequest.kind
    const status = CLIENT_FAULTS[error.code ?? ''] ?? 400
    const text = status === 431 ? 'The request headers are too large.\n' : `${title}\n`
    const id = requestId()
    const headers = { ...answerHeaders(code, id), connection: 'close', 'content-type': 'text/plain; charset=utf-8', 'content-length': String(text.length) }
    log.warn({ event: 'request.refused', reqId: id, code, detail: `${error.code ?? 'unknown'}${status === 431 ? ': more than --max-header-size' : ''}`, hint, address: socket.remoteAddress }, title)
    socket.end(`HTTP/1.1 ${status} Refused\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${text}`)
    setTimeout(() => socket.destroy(), LINGER).unref() // whether or not the other side closes its half
  }
}

function answer (error: GateError, request: FastifyRequest, reply: FastifyReply, { urls, pages }: ErrorsOptions): FastifyReply {
  const { kind, reason, ended } = error
  log(error, request)
  void reply.code(kind.status).header('x-oauth-gate', kind.code)
  const here = returnTarget(request)
  const navigation = requestKind(request.raw.headers, request.method) !== 'other'
  if (kind.status === 401) void reply.header('www-authenticate', 'OAuthGate realm="oauth-gate"')
  const again = navigation && request.method === 'GET' && (error instanceof UpstreamUnreachable || (error instanceof StoreUnavailable && request.place !== null))
  if (error instanceof StoreUnavailable) void reply.header('retry-after', String(again ? REFRESH : RETRY_AFTER))
  if (request.raw.socket.ambiguous === true || error instanceof MalformedRequest) void reply.header('connection', 'close')
  if (!navigation) {
    const signIn = error instanceof LoginRequired || error instanceof FormNotSent
    return reply.send({ error: kind.code, message: kind.title, ...reason !== undefined && { reason }, ...ended !== undefined && { ended }, request_id: request.id, ...signIn && { sign_in: request.arrival.origin + urls.start(here) } })
  }
  if (again) void reply.header('refresh', String(REFRESH))
  const actions = again ? retrying(urls, here) : actionsFor(error, urls, here)
  return reply.page(pages.error({ kind, reason, requestId: request.id, scene: sceneOf(error, request), actions, ...again && { sign: 'wait' } }))
}

function sceneOf (error: GateError, request: FastifyRequest): ErrorPage['scene'] {
  if (error instanceof AccessDenied) return 'denied'
  return request.place === null && !request.is404 ? 'sign-in' : 'elsewhere'
}

function retrying (urls: OwnUrls, here: string): Action[] {
  return [{ label: 'Try now', url: here }, { label: 'Stop trying by itself', url: urls.pause(here) }]
}

function actionsFor (error: GateError, urls: OwnUrls, here: string): Action[] {
  const another = { label: 'Use another account', url: urls.start(here, { selectAccount: true }) }
  if (error instanceof AccessDenied) return [another]
  if (error instanceof LoginCancelled) return [{ label: 'Sign in', url: urls.start(here) }, another]
  if (error instanceof SignInLoop) return [{ label: 'Try again', url: urls.start(here, { uncounted: true }) }]
  if (error instanceof failures.GroupsMissing) return [{ label: 'Try again', url: urls.start(here) }, another]
  if (TRY_AGAIN.some(kind => error instanceof kind)) return [{ label: 'Try again', url: urls.start(here) }]
  if (error instanceof FramedLogin) return [{ label: 'Sign in in a new tab', url: urls.start(here), newTab: true }]
  const offered = error.kind.status === 401 || SIGN_IN_AGAIN.some(kind => error instanceof kind)
  return offered ? [{ label: 'Sign in', url: urls.start(here) }] : []
}

function log (error: GateError, request: FastifyRequest): void {
  const level = error.kind.status >= 500 ? 'error' : error instanceof LoginRequired ? 'debug' : 'warn'
  const stack = error instanceof Unexpected && error.cause instanceof Error ? error.cause.stack : undefined
  request.log[level]({ event: 'request.refused', code: error.code, detail: error.message, hint: error.kind.hint, ...error.log, ...stack !== undefined && { stack } }, error.kind.title)
}

// Fastify's own errors about a request (a form that is too large, of another type, QUERY without one) are the sender's fault.
function asGateError (error: Error & { code?: unknown, statusCode?: number }): GateError {
  if (error instanceof GateError) return error
  const isSenders = typeof error.code === 'string' && error.code.startsWith('FST_ERR_') && (error.statusCode ?? 500) < 500
  return isSenders ? new MalformedRequest(error.code as string) : new Unexpected(error.message, { cause: error })
}
