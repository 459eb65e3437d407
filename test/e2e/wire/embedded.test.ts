// The same gate inside an app: what its handlers are told, whatever the bytes were.
import fastify from 'fastify'
import t from 'tap'
import oauthGate from '../../../src/fastify.ts'
import { COOKIE_SECRET } from '../../fixtures/gate.ts'
import { answersIn, talk } from '../../fixtures/talk.ts'

t.test('header spoofing by names as of JavaScript’s objects: inside an app they are headers like any other', async t => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(oauthGate, { env: {}, oauthProvider: 'oidc', oauthIssuer: 'http://127.0.0.1:1', oauthKey: 'k', oauthSecret: 's', cookieSecret: COOKIE_SECRET, rules: [{ path: '/', allow: 'public' }] })
  app.get('/', async ({ raw }) => ({ user: raw.headers['x-forwarded-user'] ?? null, distinct: Object.keys(raw.headersDistinct), polluted: ({} as Record<string, unknown>)['x'] ?? null }))
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    const said = await talk(origin, `GET / HTTP/1.1\r\nHost: a\r\n${name}: x\r\nX-Forwarded-User: root\r\nConnection: close\r\n\r\n`)
    const [answer] = answersIn(said)
    t.equal(answer?.status, 200, name)
    t.match(JSON.parse(answer?.body ?? '{}'), { user: null, polluted: null }, name)
    t.ok((JSON.parse(answer?.body ?? '{}') as { distinct: string[] }).distinct.includes(name.toLowerCase()), `${name} is there`)
  }
})
