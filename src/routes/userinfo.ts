import type { FastifyInstance } from 'fastify'
import { LoginRequired } from '../errors.ts'

/** `GET userinfo`: the identity as JSON with `expires_at` in seconds since the epoch; never a token. */
export default async function userinfo (app: FastifyInstance): Promise<void> {
  app.get('/userinfo', { config: { open: true } }, async request => {
    if (request.session === null) throw new LoginRequired('no session')
    const { identity, expiresAt } = request.session
    return { ...identity, expires_at: Math.floor(expiresAt / 1000) }
  })
}
