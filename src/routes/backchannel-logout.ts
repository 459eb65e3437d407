import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { GateError, LogoutTokenInvalid, MalformedRequest, MethodRefused, StoreUnavailable, TooManyAttempts, Unexpected } from '../errors.ts'
import { claimedBy } from '../oauth/logout-token.ts'
import { SKEW } from '../oauth/signed-token.ts'
import type { LoginFlow } from './login-flow.ts'

/** A token has one to two KiB. */
const LARGEST = 16 * 1024
const RETRY_AFTER = 5 // seconds

/** `POST backchannel-logout`: a provider says that a session of its own has ended (OpenID Connect Back-Channel Logout §2.5). No cookie counts here. */
export default async function backchannelLogout (app: FastifyInstance, { providers, revocations, logoutsSeen, brake }: LoginFlow): Promise<void> {
  const config = { open: true, anyHost: true } // a provider may know the gate by a name that people do not
  app.addContentTypeParser('application/x-www-form-urlencoded', { bodyLimit: LARGEST, parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.setErrorHandler((error: Error & { code?: unknown }, request, reply) => refuse(slowed(asGateError(error), request.arrival.address), request, reply))
  // The next may come hours later: by a connection that was kept it would be lost with a gate that has restarted, and not every provider tries again.
  app.addHook('onRequest', async (_request, reply) => { void reply.header('connection', 'close') })

  app.route({ method: ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH'], url: '/backchannel-logout', config, async handler (request, reply) {
    void reply.header('allow', 'POST')
    throw new MethodRefused(request.method)
  } })
  app.post('/backchannel-logout', { config }, async (request, reply) => {
    await end(tokenIn(request.body), request)
    return reply.header('cache-control', 'no-store').send()
  })

  async function end (token: string, request: FastifyRequest): Promise<void> {
    const claimed = claimedBy(token)
    const named = providers.all.filter(({ client }) => client.isFor(claimed)) // several, where one client is there twice
    const [provider] = named
    if (provider === undefined) throw new LogoutTokenInvalid(`no provider here has the issuer ${JSON.stringify(claimed.issuer)?.slice(0, 300) ?? 'missing'} and a client id among ${JSON.stringify(claimed.audiences).slice(0, 300)}; one without an issuer (--oauth-issuer) cannot send any`)
    const { jti, issuedAt, sid, sub } = await provider.client.readLogout(token)
    const name = `${provider.id} ${jti}`
    if (await hasCome(name)) throw replayed()
    // Before it is remembered: where the store fails in between, the provider's next attempt must count.
    const upTo = issuedAt + SKEW * 1000 // when it comes late, or again, it does not mean who has signed in since
    await Promise.all(named.map(({ id }) => sid === undefined ? revocations.revokeSubject(id, sub as string, upTo) : revocations.revokeSid(id, sid, sub, upTo)))
    if (!await logoutsSeen.add(name)) throw replayed()
    request.log.info({ event: 'session.ended', cause: 'back-channel', provider: provider.id, by: sid === undefined ? 'sub' : 'sid', ...sub !== undefined && { subject: sub } }, 'the provider has signed somebody out')
  }

  /** Where the store that knows is not there, this process ends what it can at once: not every provider tries again. Then the answer is that it has failed. */
  async function hasCome (name: string): Promise<boolean> {
    return await logoutsSeen.has(name).catch((error: unknown) => {
      if (error instanceof StoreUnavailable) return false
      throw error
    })
  }

  function slowed (error: GateError, address: string): GateError {
    if (error.kind.status >= 500) return error // ours to mend
    if (brake.isOver(address)) return new TooManyAttempts(`from ${address}: ${error.message}`)
    brake.failed(address)
    return error
  }

  function refuse (error: GateError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { kind } = error
    request.log[kind.status >= 500 ? 'error' : 'warn']({ event: 'request.refused', code: kind.code, detail: error.message, hint: kind.hint }, kind.title)
    if (error instanceof StoreUnavailable || error instanceof TooManyAttempts) void reply.header('retry-after', String(RETRY_AFTER))
    const description = error instanceof LogoutTokenInvalid ? error.message : kind.title
    return reply.code(kind.status).header('x-oauth-gate', kind.code).send({ error: kind.status < 500 && kind.status !== 429 ? 'invalid_request' : 'temporarily_unavailable', error_description: plain(description) })
  }
}

function replayed (): LogoutTokenInvalid {
  return new LogoutTokenInvalid('jti has come before')
}

/** §2.5: one parameter, and those that we do not know are ignored. */
function tokenIn (body: unknown): string {
  const tokens = new URLSearchParams(typeof body === 'string' ? body : '').getAll('logout_token')
  if (tokens.length !== 1) throw new LogoutTokenInvalid(`there are ${tokens.length} values of logout_token`)
  return tokens[0] as string
}

/** What RFC 6749 §5.2 lets a description have. */
function plain (text: string): string {
  return text.replace(/["\\]/g, '\'').replace(/’/g, '\'').replace(/[^\x20-\x7e]/g, '?')
}

function asGateError (error: Error & { code?: unknown }): GateError {
  if (error instanceof GateError) return error
  const isSenders = typeof error.code === 'string' && error.code.startsWith('FST_ERR_CTP_')
  return isSenders ? new MalformedRequest(error.code as string) : new Unexpected(error.message, { cause: error })
}
