import t, { type Test } from 'tap'
import { appLines } from '../../src/cli/app-line.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { COOKIE_SECRET, freePort, startGate, type Running } from '../fixtures/gate.ts'
import { python } from '../fixtures/python.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { forgeToken, openSession, readToken, tokenOf, type Attempt } from '../panel/bokeh.ts'
import { opensFrom, startPanel, typePanelServe } from '../panel/serve.ts'
import { handshake } from '../panel/setup.ts'

interface Opened extends Attempt { readonly visitor: Visitor, readonly token: string }

/** Ada's page, and its websocket as its script opens it. */
async function openAs (t: Test, running: Running, headers: Record<string, string> = {}, path = '/app'): Promise<Opened> {
  const visitor = new Visitor()
  const page = await visitor.signIn(running.origin + path, 'ada')
  const token = tokenOf(page.body)
  const attempt = await openSession(page.address, token, { ...handshake(running, visitor), ...headers })
  t.teardown(attempt.close)
  return { ...attempt, visitor, token }
}

async function behind (t: Test, url: string, port?: number): Promise<Running> {
  return await startGate(t, { ...port !== undefined && { port }, app: { url, received: [] }, settings: { app: 'panel' } })
}

t.test('an app that nobody has changed for it: page and websocket work behind --app=panel, whatever name people type', async t => {
  const interpreter = python(t, 'panel')
  if (interpreter === null) return
  const { url } = await startPanel(t, interpreter, { apps: ['app'] })
  const running = await behind(t, url)
  const { token, visitor, ...opened } = await openAs(t, running)
  t.match(opened, { status: 101, protocol: 'bokeh' })
  t.match(await opened.document(), /Click me/)
  t.match(await openAs(t, running, { 'sec-fetch-site': 'same-origin' }), { status: 101, protocol: 'bokeh' }, 'as a browser says it over https')
  t.match(await openSession(`${running.origin}/app`, token, { ...handshake(running, visitor), origin: 'https://evil.example' }), { status: 403 }, 'another site’s page does not get that far')
  t.match(await openSession(`${running.origin}/app`, token, handshake(running, new Visitor())), { status: 401 }, 'nor who has not signed in, token or not')
})

t.test('an app that keeps the --allow-websocket-origin of where it was before works too', async t => {
  const interpreter = python(t, 'panel')
  if (interpreter === null) return
  const port = await freePort()
  const { url } = await startPanel(t, interpreter, { apps: ['app'], flags: [opensFrom(port)] })
  const running = await behind(t, url, port)
  t.match(await openAs(t, running), { status: 101, protocol: 'bokeh' })
  t.match(await openAs(t, running, { origin: 'https://other.example.org' }), { status: 403 }, 'and no other site’s page does')
})

t.test('the line that the gate prints for the app’s side starts it, below a prefix and with signed sessions', async t => {
  const interpreter = python(t, 'panel')
  if (interpreter === null) return
  const app = await freePort()
  const settings: Settings = { app: 'panel', prefix: '/apps/x' }
  const { config } = loadConfig({ env: {}, settings: { ...settings, upstream: `http://127.0.0.1:${app}`, oauthProvider: 'github', oauthKey: 'k', oauthSecret: 's', cookieSecret: COOKIE_SECRET } })
  const [line = ''] = appLines(config, 'http://127.0.0.1:4180')
  t.notMatch(line, COOKIE_SECRET)
  await typePanelServe(t, interpreter, line, { PANEL_COOKIE_SECRET: COOKIE_SECRET })
  const running = await startGate(t, { app: { url: `http://127.0.0.1:${app}`, received: [] }, settings, redirectPaths: ['/apps/x'] })
  const opened = await openAs(t, running, {}, '/apps/x/app')
  t.match(opened, { status: 101, protocol: 'bokeh' })
  t.match(await opened.document(), /Click me/)
  const { headers = {}, cookies = {}, session_id } = readToken(opened.token)
  for (const forged of [forgeToken({ headers, cookies, arguments: {} }), forgeToken({ headers, cookies, arguments: {} }, session_id), `${forgeToken({ headers, cookies })}.${opened.token.split('.')[1] ?? ''}`]) {
    const attempt = await openSession(`${running.origin}/apps/x/app`, forged, handshake(running, opened.visitor))
    t.teardown(attempt.close)
    t.equal(await attempt.document(), '', 'a token that somebody made up opens nothing')
  }
})
