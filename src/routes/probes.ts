import type { FastifyInstance } from 'fastify'

/** `/ping`: the process answers. `/ready`: it serves. Both on paths of their own, so that no header can ask for them. */
export default async function probes (app: FastifyInstance, { paths }: { paths: readonly string[] }): Promise<void> {
  for (const url of paths) {
    app.route({ method: ['GET', 'HEAD'], url, config: { open: true, anyHost: true, asksNobody: true }, handler: async () => 'OK\n' })
  }
}
