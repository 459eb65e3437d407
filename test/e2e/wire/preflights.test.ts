// A browser asks by OPTIONS, without cookies, whether a script of another site may send a request. What answers it is for a rule to say.
import t from 'tap'
import type { Settings } from '../../../src/config/options.ts'
import { startGate } from '../../fixtures/gate.ts'
import { Visitor, type Ask } from '../../fixtures/visitor.ts'

const preflight: Ask = { method: 'OPTIONS', headers: { origin: 'https://other.example', 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type' } }
const lies = { 'x-forwarded-user': 'root', x_forwarded_user: 'root', 'remote-user': 'root', 'x-auth-request-user': 'root', 'x-http-method-override': 'PUT' }

t.test('CORS preflights are no hole: without a rule for OPTIONS none passes, whatever it says of itself', async t => {
  const { origin, app } = await startGate(t)
  for (const headers of [{}, lies, { accept: 'text/html', 'sec-fetch-mode': 'navigate' }]) {
    for (const path of ['/', '/api/items', '/oauth2x']) {
      const { status } = await new Visitor().ask(origin + path, { ...preflight, headers: { ...preflight.headers, ...headers } })
      t.ok([302, 401].includes(status), `${path}: ${status}`)
    }
  }
  for (const path of ['/oauth2/userinfo', '/oauth2/sign_out', '/oauth2/start']) {
    const answer = await new Visitor().ask(origin + path, preflight)
    t.match(answer, { status: 404, setCookies: [] }, `${path} is not for other sites`)
    t.notOk('access-control-allow-origin' in answer.headers)
  }
  t.strictSame(app.received, [])
})

const ways: Readonly<Record<string, Settings>> = {
  'a rule for OPTIONS': { rules: [{ path: '/api', methods: ['OPTIONS'], allow: 'public' }, { path: '/', allow: 'signed-in' }] },
  'a skip-auth route for OPTIONS': { skipAuthRoute: ['OPTIONS=^/api(/.*)?$'] }
}
for (const [what, settings] of Object.entries(ways)) {
  t.test(`CORS preflights by ${what}: they pass with nobody’s name, and nothing else does`, async t => {
    const { origin, app } = await startGate(t, { settings })
    t.equal((await new Visitor().ask(`${origin}/api/items`, { ...preflight, headers: { ...preflight.headers, ...lies } })).status, 200)
    t.match(app.received, [{ method: 'OPTIONS', url: '/api/items', headers: { origin: 'https://other.example', 'access-control-request-method': 'PUT' } }])
    t.notMatch(app.received[0]?.rawHeaders.join('\n'), /root|override|forwarded-user/i, 'with no identity, and no other method')
    for (const [path, method] of [['/api/items', 'PUT'], ['/api/items', 'GET'], ['/api/items', 'HEAD'], ['/', 'OPTIONS'], ['/apix', 'OPTIONS'], ['/api/..%2fadmin', 'OPTIONS'], ['/api/../admin', 'OPTIONS'], ['/api%2f..%2fadmin', 'OPTIONS']] as const) {
      t.equal((await new Visitor().ask(origin + path, { ...preflight, method })).status, 401, `${method} ${path}`)
    }
    t.equal(app.received.length, 1)
    const ada = new Visitor()
    await ada.signIn(`${origin}/`, 'ada')
    t.equal((await ada.ask(`${origin}/api/items`, { ...preflight, method: 'PUT' })).status, 200, 'the request behind it is for who is signed in')
    t.equal(app.received.at(-1)?.headers['x-forwarded-user'], 'ada@example.com')
  })
}
