import t, { type Test } from 'tap'
import { oauthSecret } from '../../src/cli/oauth-secret.ts'
import { outside } from '../../src/outside.ts'
import type { Settings } from '../../src/config/options.ts'
import { freePort, type Running } from '../fixtures/gate.ts'
import { python } from '../fixtures/python.ts'
import { Visitor, type Answer } from '../fixtures/visitor.ts'
import { openSession, readToken, tokenOf } from '../panel/bokeh.ts'
import { opensFrom, startPanel, type PanelServer } from '../panel/serve.ts'
import { ENCRYPTION_KEY, handshake, ownSignIn, seenIn, startBefore, startLifted, ways, type Seen } from '../panel/setup.ts'

const [plain, lifted] = [ways['only PANEL_COOKIE_SECRET'], ways['its own PANEL_OAUTH_* still set']] as const
const apps = ['who', 'private']
/** As the gate makes one for the gate and the app. */
const KEY = oauthSecret(outside)

let shared: Promise<readonly [port: number, panel: PanelServer]> | undefined

/** A gate before the apps that have nothing but the cookie secret: one server of them is enough, for one gate after the other. */
async function startPlain (test: Test, interpreter: string, settings: Settings = {}): Promise<Running> {
  shared ??= freePort().then(async port => [port, await startPanel(t, interpreter, { apps, env: plain?.env ?? {}, flags: [opensFrom(port)] })])
  const [port, panel] = await shared
  return await startBefore(test, panel, port, settings)
}

/** Whom the app saw, as its page says. */
function seen ({ body, status }: Answer): Seen {
  const found = seenIn(body)
  if (found === undefined) throw new Error(`${status}: ${body.slice(0, 2_000)}`)
  return found
}

/** The Bokeh session that a page belongs to. */
const sessionOf = ({ body }: Answer) => readToken(tokenOf(body)).session_id

/** Whom the app shows to who opens the page's own websocket. */
async function shown (running: Running, page: Answer, visitor: Visitor): Promise<string | null | undefined> {
  const session = await openSession(`${running.origin}/who`, tokenOf(page.body), handshake(running, visitor))
  const document = session.protocol === 'bokeh' ? await session.document() : ''
  session.close()
  return seenIn(document)?.user
}

t.test('a Panel app with nothing but the cookie secret sees who signed in, and its authorize_callback decides', async t => {
  const interpreter = python(t, 'panel', 'cryptography')
  if (interpreter === null) return
  const running = await startPlain(t, interpreter)
  const { origin } = running
  const visitor = new Visitor()
  const page = await visitor.signIn(`${origin}/who`, 'ada')
  t.match(seen(page), { user: 'ada@example.com', user_info: { sub: 'demo-ada', email: 'ada@example.com', name: 'Ada Lovelace', preferred_username: 'ada', groups: ['admins', 'staff'] }, access_token: null, refresh_token: null })
  t.equal(await shown(running, page, visitor), 'ada@example.com')
  t.match(await visitor.navigate(`${origin}/private`), { status: 200, body: /"token":/ })
  t.match((await new Visitor().signIn(`${origin}/private`, 'cleo')).body, /Access denied/)

  const { cookie = '' } = handshake(running, visitor)
  const forged = await visitor.navigate(`${origin}/who?bokeh-session-id=chosen&x=1&%62okeh-token=chosen`, { headers: { cookie: `${cookie}; user=mallory; is_guest=1; \x85is_guest=1`, 'Bokeh-Session-Id': 'chosen' } })
  const { user, arguments: parameters, cookies } = seen(forged)
  t.strictSame({ user, parameters, cookies }, { user: 'ada@example.com', parameters: ['x'], cookies: ['id_token', 'user'] }, 'whatever the browser says besides')
  t.match(sessionOf(forged), /^\w{40,}$/, 'in a session of Bokeh’s own choice')
  const withForm = await visitor.navigate(`${origin}/who`, { method: 'GET', form: { 'bokeh-session-id': 'chosen', x: '1' } })
  t.strictSame([seen(withForm).arguments, sessionOf(withForm) === 'chosen'], [[], false], 'nor in the body of a GET, where Tornado would read it too')
  t.equal((await new Visitor().ask(`${origin}/who`, { headers: { cookie: 'is_guest=1; user=mallory' } })).status, 401, 'and a stranger gets nothing')
})

t.test('a Panel app that still has its own provider and a key of oauth-secret asks nobody to sign in again, and opens its cookies', async t => {
  const interpreter = python(t, 'panel', 'cryptography')
  if (interpreter === null) return
  const running = await startLifted(t, interpreter, { apps, env: { ...ownSignIn, PANEL_OAUTH_ENCRYPTION: KEY }, settings: { oauthEncryptionKey: [KEY], passAccessToken: true } })
  const { origin } = running
  const visitor = new Visitor()
  const page = await visitor.signIn(`${origin}/who`, 'ben')
  t.match(page, { status: 200, address: `${origin}/who` })
  t.match(seen(page), { user: 'ben@example.com', user_info: { email: 'ben@example.com', groups: ['editors', 'staff'] }, access_token: /^[\w-]{20,}$/, refresh_token: null })
  t.equal(await shown(running, page, visitor), 'ben@example.com', 'Panel’s own gatekeeper lets the websocket in')
  t.notOk(page.setCookies.some(line => /^(?:user|id_token|access_token|is_guest|oauth_expiry)=/.test(line)))
  t.match((await new Visitor().signIn(`${origin}/private`, 'cleo')).body, /Access denied/)
  running.outside.advance(-1_000) // what was signed a moment ago is of the past
  t.equal(seen(await visitor.navigate(`${origin}/who`)).user, 'ben@example.com')
})

t.test('a Panel app with its own provider and no key, beside a gate with a key of its own', async t => {
  const interpreter = python(t, 'panel', 'cryptography')
  if (interpreter === null) return
  const running = await startLifted(t, interpreter, { apps, env: ownSignIn, settings: { oauthEncryptionKey: [ENCRYPTION_KEY], appEncryption: 'no' } })
  const page = await new Visitor().signIn(`${running.origin}/who`, 'ada')
  t.match(seen(page), { user: 'ada@example.com', user_info: { email: 'ada@example.com' } })
})

t.test('whoever has not signed in is Panel’s guest on optional pages, and who they are after', async t => {
  const interpreter = python(t, 'panel', 'cryptography')
  if (interpreter === null) return
  const optional: Settings = { rules: [{ path: '/', allow: 'optional' }] }
  const gates = [
    () => startPlain(t, interpreter, optional),
    () => startLifted(t, interpreter, { apps, env: lifted?.env ?? {}, flags: ['--oauth-optional'], settings: { ...lifted?.settings, ...optional } })
  ]
  for (const start of gates) {
    const running = await start()
    const { origin } = running
    const visitor = new Visitor()
    const page = await visitor.navigate(`${origin}/who`)
    t.match(seen(page), { user: 'guest', user_info: { user: 'guest', username: 'guest' }, access_token: null })
    t.strictSame(seen(page).cookies, ['is_guest'])
    t.strictSame(page.setCookies, [], 'nothing stays in the browser that would make a guest of who signs in')
    t.equal(await shown(running, page, visitor), 'guest')
    t.equal(seen(await visitor.navigate(`${origin}/who`, { headers: { cookie: 'user=mallory; id_token=mallory' } })).user, 'guest')
    await visitor.signIn(`${origin}/oauth2/start?rd=/who`, 'ada')
    const { user, cookies } = seen(await visitor.navigate(`${origin}/who`))
    t.strictSame({ user, cookies }, { user: 'ada@example.com', cookies: ['id_token', 'user'] })
  }
})
