import type { FastifyInstance } from 'fastify'
import { siteOf } from '../access/return-to.ts'
import type { LoginFlow } from './login-flow.ts'

/** `GET pause?rd=…`: a page that stays as it is, for who does not want one that loads itself again and again (WCAG 2.2.1, 2.2.4). */
export default async function pause (app: FastifyInstance, { pages, urls, returnTo }: LoginFlow): Promise<void> {
  app.get('/pause', { config: { open: true, asksNobody: true } }, async (request, reply) => {
    const { rd } = request.query as { rd?: unknown }
    const page = returnTo(rd, request)
    return reply.page(pages.pause(siteOf(page) === undefined ? page : urls.home)) // of no other site is it said that it was not answering
  })
}
