// An app of one's own, with the gate inside: no second process, no port behind the gate. See README.md.
import fastify from 'fastify'
import { env } from 'node:process'
import { oauthGate } from 'oauth-gate'

const app = fastify({ logger: true })

// First of all, so that nothing is asked before. Issuer, key and secrets come from OAUTH_GATE_* variables.
await app.register(oauthGate, {
  oauthProvider: 'oidc',
  rules: [
    { path: '/public', allow: 'public' },
    { path: '/admin', allow: { groups: ['admins'] } },
    { path: '/', allow: 'signed-in' }
  ]
})

app.get('/', async ({ identity }) => `Hello ${identity.name ?? identity.user}\n`)
app.get('/admin', async ({ identity }) => identity)
app.get('/public', async ({ identity }) => `Hello ${identity?.user ?? 'whoever you are'}\n`)

await app.listen({ host: '127.0.0.1', port: Number(env.PORT ?? 3000) })
