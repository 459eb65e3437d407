import type { FastifyInstance } from 'fastify'
import { LOGO_POLICY } from '../pages/logo.ts'
import type { LoginFlow } from './login-flow.ts'

/** `GET logo`, and below it the names that Panel's templates have for pictures. The one answer of ours that may be kept, by everybody. */
export default async function logoRoute (app: FastifyInstance, { logo }: LoginFlow): Promise<void> {
  if (logo === undefined) return
  for (const url of ['/logo', '/logo/*']) {
    app.route({ method: ['GET', 'HEAD'], url, config: { open: true, asksNobody: true }, handler: async (request, reply) => {
      const { '*': asked = '' } = request.params as { '*'?: string }
      const { body, type } = logo.picture(asked)
      return reply.headers({ 'content-security-policy': LOGO_POLICY, 'cache-control': 'public, max-age=3600' }).type(type).send(body)
    } })
  }
}
