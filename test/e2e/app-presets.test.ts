import t, { type Test } from 'tap'
import { appLines } from '../../src/cli/app-line.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { COOKIE_SECRET, freePort, startGate, type Running } from '../fixtures/gate.ts'
import { openBokehSocket, startPanel, typePanelServe, type Opened } from '../fixtures/panel-serve.ts'
import { python } from '../fixtures/python.ts'
import { Visitor } from '../fixtures/visitor.ts'

async function openAs (running: Running, headers: Record<string, string> = {}, path = '/app'): Promise<Opened & { readonly visitor: Visitor, readonly html: string }> {
  const visitor = new Visitor()
  const page = await visitor.signIn(`${running.origin}${path}`, 'ada')
  return { ...await openBokehSocket(visitor, page.address, page.body, { origin: running.origin, ...headers }), visitor, html: page.body }
}

async function behind (t: Test, url: string, settings: Settings = {}): Promise<Running> {
  return await startGate(t, { app: { url, received: [] }, settings: { app: 'panel', ...settings } })
}

t.test('an app that nobody has changed for it: page and websocket work behind --app=panel, whatever name people type', async t => {
  const interpreter = python(t, 'panel')
  if (interpreter === null) return
  const url = await startPanel(t, interpreter)
  const running = await behind(t, url)
  const opened = await openAs(running)
  t.match(opened, { status: 101, protocol: 'bokeh', message: /"ACK"/, html: /Click me|root_id|render_items/ })
  t.match(await openAs(running, { 'sec-fetch-site': 'same-origin' }), { status: 101, protocol: 'bokeh' }, 'as a browser says it over https')
  t.match(await openBokehSocket(opened.visitor, `${running.origin}/app`, opened.html, { origin: 'https://evil.example' }), { status: 403 }, 'another site’s page does not get that far')
  t.match(await openBokehSocket(new Visitor(), `${running.origin}/app`, opened.html, { origin: running.origin }), { status: 401 }, 'nor who has not signed in, token or not')
})

t.test('an app that keeps the --allow-websocket-origin of where it was before works too', async t => {
  const interpreter = python(t, 'panel')
  if (interpreter === null) return
  const port = await freePort()
  const url = await startPanel(t, interpreter, `--allow-websocket-origin=127.0.0.1:${port}`)
  const running = await startGate(t, { port, app: { url, received: [] }, settings: { app: 'panel' } })
  t.match(await openAs(running), { status: 101, protocol: 'bokeh' })
  t.match(await openAs(running, { origin: 'https://other.example.org' }), { status: 403 }, 'and no other site’s page does')
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
  const opened = await openAs(running, {}, '/apps/x/app')
  t.match(opened, { status: 101, protocol: 'bokeh', message: /"ACK"/ })
  const [token = ''] = /(?<="token":")[^"]+/.exec(opened.html) ?? []
  const payload = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as Record<string, unknown>
  const forged = Buffer.from(JSON.stringify({ ...payload, session_id: 'x' })).toString('base64url')
  await t.rejects(openBokehSocket(opened.visitor, `${running.origin}/apps/x/app`, opened.html.replace(token, forged), { origin: running.origin }), 'a token that somebody made up opens nothing')
})
