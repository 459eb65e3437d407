import { once } from 'node:events'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { oauthSecret } from '../../src/cli/oauth-secret.ts'
import { outside } from '../../src/outside.ts'
import type { Settings } from '../../src/config/options.ts'
import { CLIENT, freePort, startGate } from '../fixtures/gate.ts'
import { startPanel, type PanelSetup } from '../fixtures/panel.ts'
import { python } from '../fixtures/python.ts'
import { Visitor, type Answer } from '../fixtures/visitor.ts'

const SECRET = 'the-secret-of-the-gate-and-of-the-panel-app'
/** As the gate makes one for the gate and the app. */
const KEY = oauthSecret(outside)
/** What an app keeps that signed people in by itself before. */
const OWN_PROVIDER = {
  PANEL_OAUTH_PROVIDER: 'generic', PANEL_OAUTH_KEY: CLIENT.id, PANEL_OAUTH_SECRET: CLIENT.secret,
  PANEL_OAUTH_AUTHORIZE_URL: 'http://127.0.0.1:9/authorize', PANEL_OAUTH_TOKEN_URL: 'http://127.0.0.1:9/token', PANEL_OAUTH_USER_URL: 'http://127.0.0.1:9/user'
}

interface Seen {
  readonly user: string | null
  readonly user_info: Readonly<Record<string, unknown>> | string | null
  readonly access_token: string | null
  readonly refresh_token: string | null
  readonly arguments: readonly string[]
  readonly cookies: readonly string[]
}

/** Whom the app saw, as its page says. */
function seen ({ body, status }: Answer): Seen {
  const [, text] = /who:([\w+/=]+)/.exec(body.replaceAll('&#x2b;', '+').replaceAll('&#43;', '+')) ?? []
  if (text === undefined) throw new Error(`${status}: ${body.slice(0, 2_000)}`)
  return JSON.parse(Buffer.from(text, 'base64').toString()) as Seen
}

const cookieOf = (visitor: Visitor) => [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')

/** The Bokeh session that a page belongs to. */
function sessionOf (page: Answer): string {
  const [, payload = ''] = /"token":"([^".]+)/.exec(page.body.replaceAll('&quot;', '"')) ?? []
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { session_id: string }).session_id
}

/** The page's own websocket, opened as its script would. */
async function openSocket (origin: string, page: Answer, cookie: string): Promise<string> {
  const [, token = ''] = /"token":"([^"]+)"/.exec(page.body.replaceAll('&quot;', '"')) ?? []
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/who/ws`, ['bokeh', token], { headers: { origin, ...cookie !== '' && { cookie } } })
  const [outcome] = await Promise.race([once(socket, 'message').then(() => [socket.protocol]), once(socket, 'unexpected-response').then(([, response]: { statusCode?: number }[]) => [String(response?.statusCode)]), once(socket, 'close').then(([code]) => [String(code)])])
  socket.terminate()
  return outcome as string
}

async function setUp (t: Test, { panel = {}, settings = {} }: { panel?: Partial<PanelSetup>, settings?: Settings }) {
  const interpreter = python(t, 'panel', 'cryptography')
  if (interpreter === null) return null
  const port = await freePort()
  const url = await startPanel(t, interpreter, `http://127.0.0.1:${port}`, { file: 'who.py', ...panel, env: { PANEL_COOKIE_SECRET: SECRET, ...panel.env } })
  return await startGate(t, { port, app: { url, received: [] }, settings: { upstreamIdentity: 'panel-cookies', cookieSecret: SECRET, rules: [{ path: '/', allow: 'signed-in' }], ...settings } })
}

t.test('a Panel app with nothing but the cookie secret sees who signed in, and its authorize_callback decides', async t => {
  const running = await setUp(t, {})
  if (running === null) return
  const { origin } = running
  const visitor = new Visitor()
  const page = await visitor.signIn(`${origin}/who`, 'ada')
  t.match(seen(page), { user: 'ada@example.com', user_info: { sub: 'demo-ada', email: 'ada@example.com', name: 'Ada Lovelace', preferred_username: 'ada', groups: ['admins', 'staff'] }, access_token: null, refresh_token: null })
  t.equal(await openSocket(origin, page, cookieOf(visitor)), 'bokeh')
  t.match((await new Visitor().signIn(`${origin}/who`, 'cleo')).body, /Access denied/)

  const forged = await visitor.navigate(`${origin}/who?bokeh-session-id=chosen&x=1&%62okeh-token=chosen`, { headers: { cookie: `${cookieOf(visitor)}; user=mallory; is_guest=1; \x85is_guest=1`, 'Bokeh-Session-Id': 'chosen' } })
  const { user, arguments: parameters, cookies } = seen(forged)
  t.strictSame({ user, parameters, cookies }, { user: 'ada@example.com', parameters: ['x'], cookies: ['id_token', 'user'] }, 'whatever the browser says besides')
  t.match(sessionOf(forged), /^\w{40,}$/, 'in a session of Bokeh’s own choice')
  const withForm = await visitor.navigate(`${origin}/who`, { method: 'GET', form: { 'bokeh-session-id': 'chosen', x: '1' } })
  t.strictSame([seen(withForm).arguments, sessionOf(withForm) === 'chosen'], [[], false], 'nor in the body of a GET, where Tornado would read it too')
  t.equal((await new Visitor().ask(`${origin}/who`, { headers: { cookie: 'is_guest=1; user=mallory' } })).status, 401, 'and a stranger gets nothing')
})

t.test('a Panel app that still has its own provider and a key of oauth-secret asks nobody to sign in again, and opens its cookies', async t => {
  const running = await setUp(t, { panel: { env: { ...OWN_PROVIDER, PANEL_OAUTH_ENCRYPTION: KEY } }, settings: { oauthEncryptionKey: [KEY], passAccessToken: true } })
  if (running === null) return
  const { origin } = running
  const visitor = new Visitor()
  const page = await visitor.signIn(`${origin}/who`, 'ben')
  t.match(page, { status: 200, address: `${origin}/who` })
  t.match(seen(page), { user: 'ben@example.com', user_info: { email: 'ben@example.com', groups: ['editors', 'staff'] }, access_token: /^[\w-]{20,}$/, refresh_token: null })
  t.equal(await openSocket(origin, page, cookieOf(visitor)), 'bokeh', 'Panel’s own gatekeeper lets the websocket in')
  t.notOk(page.setCookies.some(line => /^(?:user|id_token|access_token|is_guest|oauth_expiry)=/.test(line)))
  t.match((await new Visitor().signIn(`${origin}/who`, 'cleo')).body, /Access denied/)
  running.outside.advance(-1_000) // what was signed a moment ago is of the past
  t.equal(seen(await visitor.navigate(`${origin}/who`)).user, 'ben@example.com')
})

t.test('a Panel app with its own provider and no key, beside a gate with a key of its own', async t => {
  const running = await setUp(t, { panel: { env: OWN_PROVIDER }, settings: { oauthEncryptionKey: [KEY], appEncryption: 'no' } })
  if (running === null) return
  const page = await new Visitor().signIn(`${running.origin}/who`, 'ada')
  t.match(seen(page), { user: 'ada@example.com', user_info: { email: 'ada@example.com' } })
})

t.test('whoever has not signed in is Panel’s guest on optional pages, and who they are after', async t => {
  const optional: Settings = { rules: [{ path: '/', allow: 'optional' }] }
  for (const panel of [{}, { args: ['--oauth-optional'], env: { ...OWN_PROVIDER, PANEL_OAUTH_ENCRYPTION: KEY } }]) {
    const running = await setUp(t, { panel, settings: { ...optional, ...panel.env !== undefined && { oauthEncryptionKey: [KEY] } } })
    if (running === null) return
    const { origin } = running
    const visitor = new Visitor()
    const page = await visitor.navigate(`${origin}/who`)
    t.match(seen(page), { user: 'guest', user_info: { user: 'guest', username: 'guest' }, access_token: null })
    t.strictSame(seen(page).cookies, ['is_guest'])
    t.strictSame(page.setCookies, [], 'nothing stays in the browser that would make a guest of who signs in')
    t.equal(await openSocket(origin, page, ''), 'bokeh')
    t.equal(seen(await visitor.navigate(`${origin}/who`, { headers: { cookie: 'user=mallory; id_token=mallory' } })).user, 'guest')
    await visitor.signIn(`${origin}/oauth2/start?rd=/who`, 'ada')
    const { user, cookies } = seen(await visitor.navigate(`${origin}/who`))
    t.strictSame({ user, cookies }, { user: 'ada@example.com', cookies: ['id_token', 'user'] })
  }
})
