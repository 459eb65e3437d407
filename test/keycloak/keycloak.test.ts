import t, { type Test } from 'tap'
import { findProvider } from '../../providers/index.ts'
import { Claims } from '../../src/claims.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { createGate } from '../../src/gate.ts'
import type { Outside } from '../../src/outside.ts'
import { runCommand } from '../cli/run-command.ts'
import { keepRunning } from '../docs/stage.ts'
import { launchBrowser, screenshot } from '../fixtures/browser.ts'
import { COOKIE_SECRET, divert, freePort, startApp, type LogLine, type TestApp } from '../fixtures/gate.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { signIn, typePassword, unescape } from './form.ts'
import { CLIENTS, PASSWORD, PEOPLE, REALM, SECRET, realm } from './realm.ts'
import { startKeycloak } from './server.ts'
import { testSignOut } from './sign-out.ts'

t.setTimeout(600_000)

t.test('roles are groups that no group can pass itself off as; nothing said of either is not the same as none', t => {
  const groupsOf = (claims: object) => findProvider('keycloak')?.identity({ claims: new Claims({ sub: 's', ...claims }) }, { parameters: {}, allowedTenants: [] }).groups
  const access = { realm_access: { roles: ['admin'] }, resource_access: { editor: { roles: ['editor', 'a:b'] }, odd: 'x' } }
  t.strictSame(groupsOf({ ...access, groups: ['staff', '/role:x'] }), ['staff', '/role:x', 'role:admin', 'role:editor:editor', 'role:editor:a:b'])
  t.strictSame(groupsOf({ groups: ['role:admin', 'role:editor:editor', 'staff'] }), ['staff'])
  t.strictSame(groupsOf(access), ['role:admin', 'role:editor:editor', 'role:editor:a:b'])
  for (const empty of [{ groups: [] }, { realm_access: {} }, { resource_access: {} }]) t.strictSame(groupsOf(empty), [])
  t.equal(groupsOf({}), undefined)
  t.end()
})

t.test('a real Keycloak', { timeout: 600_000 }, async t => {
  const port = await freePort() // of each gate in turn: the realm knows one redirect URI
  const origin = `http://127.0.0.1:${port}`
  const url = await startKeycloak(t, realm(origin))
  if (url === undefined) return
  const issuer = `${url}/realms/${REALM}`
  const extraParams = `{'url': '${url}', 'realm': '${REALM}'}`
  const usual: Settings = { port, oauthProvider: 'keycloak', oauthExtraParams: extraParams, oauthKey: CLIENTS.mapped, oauthSecret: SECRET, cookieSecret: COOKIE_SECRET }

  async function startGate (t: Test, settings: Settings = {}, outside?: Outside): Promise<{ app: TestApp, log: LogLine[] }> {
    const app = await startApp(t)
    const { config } = loadConfig({ env: {}, settings: { ...usual, upstream: [app.url], logLevel: 'debug', logFormat: 'json', ...settings } })
    const gate = await createGate(config, outside)
    t.teardown(() => gate.close())
    const log: LogLine[] = []
    divert(gate, log)
    await gate.listen({ host: '127.0.0.1', port })
    return { app, log }
  }

  /** One person and one gate, from the first link to where the browser ends. */
  async function enter (t: Test, username: string, settings: Settings = {}, path = '/') {
    const gate = await startGate(t, settings)
    const visitor = new Visitor()
    const page = await signIn(visitor, origin + path, username)
    const { headers = {} } = gate.app.received.at(-1) ?? {}
    return { ...gate, visitor, page, headers, groups: String(headers['x-forwarded-groups'] ?? '').split(',') }
  }

  await t.test('a person types the password on its page, and the app is told who they are, with groups and roles', async t => {
    const { visitor, page, app, headers, groups, log } = await enter(t, 'ada', {}, '/deep/link?x=1&y=%2Fz')
    t.match(page, { status: 200, address: `${origin}/deep/link?x=1&y=%2Fz` })
    t.match(headers, {
      'x-forwarded-user': 'ada@example.com', 'x-forwarded-email': 'ada@example.com', 'x-forwarded-preferred-username': 'ada', 'x-forwarded-name': 'Ada Lovelace',
      'x-forwarded-subject': /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'x-forwarded-provider': 'keycloak'
    })
    for (const group of ['staff', 'S%C3%BCd%2C 100%25', 'role:admin', 'role:editor:editor']) t.ok(groups.includes(group), `${group} among ${groups.join()}`)
    const asked = visitor.seen.map(address => new URL(address)).find(({ pathname }) => pathname.endsWith('/auth'))
    t.match(Object.fromEntries(asked?.searchParams ?? []), { client_id: CLIENTS.mapped, redirect_uri: origin, code_challenge_method: 'S256', code_challenge: /^[\w-]{43}$/, nonce: /./ })
    t.equal(app.received.length, 1, 'the app saw nothing before')
    t.notOk(headers.cookie, 'and none of our cookies')
    const written = JSON.stringify(log) + visitor.seen.join()
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), SECRET, COOKIE_SECRET]) t.notOk(written.includes(secret), 'no secret is in the log or in an address')
    t.notOk(/[?&]code=(?!&)[^&]+/.test(JSON.stringify(log)), 'nor a code in the log')
  })

  await t.test('a wrong password stays at Keycloak, and the right one after it gets in', async t => {
    const { app } = await startGate(t)
    const visitor = new Visitor()
    const question = await visitor.follow(`${origin}/page`)
    const refused = await typePassword(visitor, question, 'ada', 'wrong')
    t.match(refused, { status: 200, body: /Invalid username or password/ })
    t.ok(refused.address.startsWith(issuer))
    t.notOk(visitor.cookieNames().includes(`oauth-gate-${port}`), 'no session')
    t.equal(app.received.length, 0)
    t.match(await typePassword(visitor, refused, 'ada', PASSWORD), { status: 200, address: `${origin}/page` })
  })

  await t.test('a rule asks for a role of the realm or of a client; a group that is called like one is none', async t => {
    const rules = [{ path: '/admin', allow: { groups: ['role:admin'] } }, { path: '/edit', allow: { groups: ['role:editor:editor'] } }, { path: '/', allow: 'signed-in' }] as const
    const { app } = await startGate(t, { rules })
    const [ada, ben] = [new Visitor(), new Visitor()]
    await signIn(ada, `${origin}/`, 'ada')
    await signIn(ben, `${origin}/`, 'ben')
    t.equal(app.received.at(-1)?.headers['x-forwarded-name'], 'Ben O\'Brien')
    for (const path of ['/admin/users', '/edit']) {
      t.equal((await ada.navigate(origin + path)).status, 200, path)
      t.match(await ben.navigate(origin + path), { status: 403, headers: { 'x-oauth-gate': 'GATE_ACCESS_DENIED' } }, path)
    }
    t.equal((await ben.navigate(`${origin}/`)).status, 200, 'who fails a rule keeps the session')
    t.strictSame(app.received.filter(({ url, headers }) => url !== '/' && headers['x-forwarded-preferred-username'] !== 'ada'), [], 'and nobody else passed')
  })

  await t.test('a name outside ASCII arrives whole', async t => {
    const { headers, groups } = await enter(t, PEOPLE.zofia.username)
    t.equal(decodeURIComponent(String(headers['x-forwarded-name'])), 'Žofia Łącka 山田')
    t.equal(decodeURIComponent(String(headers['x-forwarded-preferred-username'])), 'žofia')
    t.ok(groups.map(decodeURIComponent).includes('管理者'))
  })

  await t.test('an address that nobody verified is none', async t => {
    for (const username of ['unverified', 'mailless']) {
      await t.test(username, async t => {
        const { page, app, visitor } = await enter(t, username)
        t.match(page, { status: 401, headers: { 'x-oauth-gate': 'GATE_USER_MISSING' } })
        t.notOk(visitor.cookieNames().includes(`oauth-gate-${port}`), 'no session')
        t.equal(app.received.length, 0)
      })
      await t.test(`${username}, where users are called by another claim`, async t => {
        const { headers } = await enter(t, username, { oauthJwtUser: 'preferred_username' })
        t.match(headers, { 'x-forwarded-user': username })
        t.notOk('x-forwarded-email' in headers)
      })
      await t.test(`${username}, where addresses decide`, async t => {
        const { page, app } = await enter(t, username, { oauthJwtUser: 'preferred_username', allowedDomains: 'example.com' })
        t.match(page, { status: 403, headers: { 'x-oauth-gate': 'GATE_ACCESS_DENIED' } })
        t.equal(app.received.length, 0)
      })
    }
  })

  await t.test('a client as Keycloak makes one has roles and no groups; lightweight access tokens have no roles; without either nobody can tell', async t => {
    await t.test('plain', async t => {
      const { groups } = await enter(t, 'ada', { oauthKey: CLIENTS.plain, allowedGroups: 'role:admin' })
      t.ok(groups.includes('role:admin') && groups.every(group => group.startsWith('role:')), `roles: ${groups.join()}`)
    })
    await t.test('lightweight', async t => {
      const { groups, log } = await enter(t, 'ada', { oauthKey: CLIENTS.lightweight })
      t.ok(groups.includes('staff') && !groups.some(group => group.startsWith('role:')), `staff, and no role: ${groups.join()}`)
      t.notOk(log.some(({ level }) => Number(level) >= 40), 'and the log has no warning of the refused userinfo')
    })
    await t.test('lightweight, with mappers to the ID token', async t => {
      const { groups } = await enter(t, 'ada', { oauthKey: CLIENTS.mended })
      t.ok(groups.includes('role:admin') && groups.includes('role:editor:editor'), `both roles: ${groups.join()}`)
    })
    await t.test('silent', async t => {
      const { page, app } = await enter(t, 'ada', { oauthKey: CLIENTS.silent, allowedGroups: 'role:admin' })
      t.match(page, { status: 403, headers: { 'x-oauth-gate': 'GATE_GROUPS_MISSING' } })
      t.equal(app.received.length, 0)
    })
  })

  await t.test('a client that demands PKCE gets it; without, Keycloak refuses the sign-in and the gate says so', async t => {
    const { app, log } = await startGate(t, { usePkce: 'false' })
    t.match(await new Visitor().follow(`${origin}/`), { status: 401, headers: { 'x-oauth-gate': 'GATE_PROVIDER_REFUSED' } })
    t.ok(log.some(({ code, detail }) => code === 'GATE_PROVIDER_REFUSED' && /code_challenge/.test(String(detail))), 'in Keycloak’s own words')
    t.equal(app.received.length, 0)
  })

  await t.test('a wrong client secret is told as such, to who runs the gate', async t => {
    const { page, app, log } = await enter(t, 'ada', { oauthSecret: 'not-the-secret' })
    t.match(page, { status: 502, headers: { 'x-oauth-gate': 'GATE_CLIENT_REFUSED' } })
    t.ok(log.some(({ code, detail }) => code === 'GATE_CLIENT_REFUSED' && /unauthorized_client/.test(String(detail))))
    t.notMatch(JSON.stringify(log), /not-the-secret/)
    t.equal(app.received.length, 0)
  })

  await t.test('signing out ends the session here; Keycloak still knows the person, and another account can be used', async t => {
    const { visitor, app, headers } = await enter(t, 'ada')
    t.equal(headers['x-forwarded-user'], 'ada@example.com')
    const kept = new Visitor()
    kept.cookies.set('127.0.0.1', new Map([...visitor.cookies.get('127.0.0.1') ?? []].filter(([name]) => name.startsWith('oauth-gate'))))
    const out = await visitor.navigate(`${origin}/oauth2/sign_out`, { method: 'POST', headers: { origin, 'sec-fetch-site': 'same-origin' } })
    t.match(out.body, /signed in at Keycloak/)
    t.match(await kept.follow(`${origin}/`), { status: 200, body: /kc-form-login/ }, 'a copy of the cookie is worth nothing')
    t.equal(app.received.length, 1)
    t.match(await visitor.follow(`${origin}/again`), { status: 200, address: `${origin}/again` }, 'no password is asked for again')
    const question = await visitor.follow(`${origin}/oauth2/start?prompt=select_account&rd=%2Fother`)
    t.match(question.body, /re-authenticate[^]*Restart login|Restart login[^]*re-authenticate/, 'Keycloak cannot have accounts chosen, but asks who it is')
    const restart = /location\.href='([^']+)'/.exec(question.body)?.[1] ?? ''
    const anew = await visitor.follow(new URL(unescape(restart), question.address).href)
    t.match(await typePassword(visitor, anew, 'ben', PASSWORD), { status: 200, address: `${origin}/other` })
    t.equal(app.received.at(-1)?.headers['x-forwarded-user'], 'ben@example.com')
  })

  await testSignOut(t, { startGate, origin, issuer })

  await t.test('the same Keycloak as any OpenID Connect server: groups, and no roles', async t => {
    const { headers, groups } = await enter(t, 'ada', { oauthProvider: 'oidc', oauthIssuer: issuer, oauthExtraParams: '{}' })
    t.match(headers, { 'x-forwarded-user': 'ada@example.com', 'x-forwarded-name': 'Ada Lovelace', 'x-forwarded-provider': 'oidc' })
    t.strictSame(groups.toSorted(), ['S%C3%BCd%2C 100%25', 'staff'])
  })

  await t.test('check --live finds all in order, or the secret that is wrong', async t => {
    const app = await startApp(t)
    const command = ['check', '--live', `--upstream=${app.url}`, `--port=${port}`, `--oauth-key=${CLIENTS.mapped}`, `--cookie-secret=${COOKIE_SECRET}`]
    const asKeycloak = ['--oauth-provider=keycloak', `--oauth-extra-params=${extraParams}`]
    for (const provider of [asKeycloak, ['--oauth-provider=oidc', `--oauth-issuer=${issuer}`]]) {
      const { code, out, err } = await runCommand([...command, ...provider, `--oauth-secret=${SECRET}`])
      t.match({ code, err }, { code: 0, err: '' }, out)
      for (const what of ['discovery', 'issuer', 'key set', 'client credentials', 'redirect URI', 'upstream']) t.match(out, new RegExp(`^ok +${what} `, 'm'))
      t.strictSame(out.match(/^(?:wrong|cannot tell) +\w+/gm), ['cannot tell  clock'], 'Keycloak’s answers have no Date')
    }
    const { code, out } = await runCommand([...command, ...asKeycloak, '--oauth-secret=not-the-secret'])
    t.equal(code, 1)
    t.match(out, /^wrong +client credentials +.*--oauth-secret/m)
    t.match(out, /^ok +redirect URI /m)
    const noRealm = await runCommand([...command, '--oauth-provider=keycloak', `--oauth-extra-params=${extraParams.replace(REALM, 'acne')}`, `--oauth-secret=${SECRET}`])
    t.match(noRealm, { code: 1, err: '', out: /^wrong +discovery +.*acne.* 404; check --oauth-extra-params/m })
    const elsewhere = await runCommand([...command, ...asKeycloak, `--oauth-secret=${SECRET}`, '--public-url=https://elsewhere.example.com'])
    t.match(elsewhere, { code: 1, out: /^wrong +redirect URI +.*https:\/\/elsewhere\.example\.com/m })
  })

  await t.test('serve, and a real browser', async t => {
    const browser = await launchBrowser(t)
    if (browser === undefined) return
    const app = await startApp(t)
    await keepRunning(t, process.execPath, ['bin/oauth-gate.js', 'serve'], {
      env: {
        PATH: process.env['PATH'] ?? '', OAUTH_GATE_UPSTREAM: app.url, OAUTH_GATE_PORT: String(port), OAUTH_GATE_COOKIE_SECRET: COOKIE_SECRET,
        PANEL_OAUTH_PROVIDER: 'keycloak', PANEL_OAUTH_KEY: CLIENTS.mapped, PANEL_OAUTH_SECRET: SECRET, PANEL_OAUTH_EXTRA_PARAMS: extraParams
      },
      ready: said => said.includes('  Who may enter')
    })
    const page = await (await browser.newContext()).newPage()
    await page.goto(`${origin}/reports?year=2026`)
    t.ok(page.url().startsWith(issuer))
    await page.getByLabel('Username or email').fill('ada')
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await screenshot(page, 'keycloak')
    await page.getByRole('button', { name: 'Sign In' }).click()
    await page.waitForURL(`${origin}/reports?year=2026`)
    const { headers } = app.received.find(({ url }) => url.startsWith('/reports')) ?? { headers: {} as TestApp['received'][number]['headers'] }
    t.match(headers, { 'x-forwarded-user': 'ada@example.com', 'x-forwarded-name': 'Ada Lovelace', 'x-forwarded-groups': /staff.*role:admin.*/ })
    t.notOk(headers.cookie)
  })
})
