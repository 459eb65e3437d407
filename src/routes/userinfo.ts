import type { FastifyInstance } from 'fastify'
import { LoginRequired } from '../errors.ts'
import type { LoginFlow } from './login-flow.ts'

/** `GET userinfo`: the identity as JSON with `expires_at` in seconds since the epoch; never a token. Asking is no activity, so that a page can ask how long somebody has. */
export default async function userinfo (app: FastifyInstance, { sessions }: LoginFlow): Promise<void> {
  app.get('/userinfo', { config: { open: true, isActivity: false } }, async request => {
    if (request.session === null) {
      const { cause, reason } = await sessions.whyEnded(request.jar, request.headers.cookie) ?? {}
      throw new LoginRequired('no session', { ...reason !== undefined && { reason }, ...cause !== undefined && { ended: cause } })
    }
    const { identity, expiresAt } = request.session
    const idleAt = sessions.idleAt(request.session)
    return { ...identity, expires_at: Math.floor(expiresAt / 1000), ...idleAt !== undefined && { idle_expires_at: Math.floor(idleAt / 1000) } }
  })
}
