import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import type { Settings } from '../../src/config/options.ts'
import { startGate, type Running } from '../fixtures/gate.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor } from '../fixtures/visitor.ts'

const SCRIPT = '/app/autoload.js?bokeh-autoload-element=e1'
const elsewhere = { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }

async function signedIn (t: Test, settings: Settings): Promise<{ readonly running: Running, readonly ada: Visitor }> {
  const running = await startGate(t, { settings })
  const ada = new Visitor()
  await ada.signIn(`${running.origin}/app`, 'ada')
  running.app.received.length = 0
  return { running, ada }
}

const apps: readonly Settings[] = [{ app: 'panel' }, { app: 'bokeh' }, { upstreamIdentity: 'panel-cookies' }, { websocketOrigin: 'bokeh' }]
for (const settings of apps) {
  t.test(`with ${JSON.stringify(settings)} the script with the token is for pages of ours, and of origins that were named`, async t => {
    const { running: { origin, app }, ada } = await signedIn(t, { ...settings, allowWebsocketOrigin: ['http://portal.example.com'] })
    for (const headers of [elsewhere, {}, { origin: 'http://evil.example' }, { referer: 'http://127.0.0.1:17599/' }]) {
      t.match(await ada.ask(origin + SCRIPT, { headers }), { status: 401, headers: { 'x-oauth-gate': 'GATE_LOGIN_REQUIRED' } }, JSON.stringify(headers))
      t.equal((await ada.ask(`${origin}/app/%61utoload-js`, { headers })).status, 401, 'however it is spelled')
    }
    t.strictSame(app.received, [], 'nothing reaches the app')
    for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { referer: `${origin}/app` }, { origin: 'http://portal.example.com', 'sec-fetch-site': 'cross-site' }]) {
      t.match(await ada.ask(origin + SCRIPT, { headers }), { status: 200, headers: { 'cache-control': 'no-store' } }, JSON.stringify(headers))
      t.match(app.received.at(-1)?.headers, { 'x-forwarded-user': 'ada@example.com' })
    }
    t.match(await ada.ask(`${origin}/app`, { headers: elsewhere }), { status: 200 }, 'the rest is as it was')
  })
}

t.test('on a path that is open to guests a page of another origin is told of a guest', async t => {
  const { running: { origin, app }, ada } = await signedIn(t, { app: 'panel', oauthGuestEndpoints: ['/app'] })
  t.equal((await ada.ask(origin + SCRIPT, { headers: elsewhere })).status, 200)
  t.equal(app.received.at(-1)?.headers['cookie'], 'is_guest=1')
  t.notMatch(JSON.stringify(app.received.at(-1)), 'ada@')
})

t.test('no one keeps the script with the token, whatever the app says of keeping it', async t => {
  const app = { received: [], url: await startServer(t, createServer((_request, response) => { response.writeHead(200, { 'Cache-Control': 'public, max-age=60', Expires: 'Tue, 01 Jan 2030 00:00:00 GMT' }).end('script') })) }
  const { origin } = await startGate(t, { app, settings: { app: 'panel' } })
  const ada = new Visitor()
  await ada.signIn(`${origin}/app`, 'ada')
  const { headers } = await ada.ask(origin + SCRIPT, { headers: { 'sec-fetch-site': 'same-origin' } })
  t.match(headers, { 'cache-control': 'no-store' })
  t.equal(headers.expires, undefined)
  t.match((await ada.ask(`${origin}/static/app.js`)).headers, { 'cache-control': 'public, max-age=60' }, 'and of everything else the app decides')
})

t.test('any other app may have a script of that name', async t => {
  const { running: { origin }, ada } = await signedIn(t, {})
  t.equal((await ada.ask(origin + SCRIPT, { headers: elsewhere })).status, 200)
})
