import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import type { Settings } from '../../src/config/options.ts'
import { people } from '../../src/demo/people.ts'
import { file } from '../config/setup.ts'
import { check } from '../fixtures/axe.ts'
import { launchBrowser, screenshot, signInAs } from '../fixtures/browser.ts'
import { startGate, type Running } from '../fixtures/gate.ts'
import { python } from '../fixtures/python.ts'
import { Visitor } from '../fixtures/visitor.ts'

const cleo = people[2] as typeof people[0]
const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><circle cx="32" cy="32" r="30" fill="#0b7a75"/></svg>'

/** The files that come with Panel, as they are. */
function panelTemplates (t: Test): Record<'error' | 'login' | 'logout', string> | null {
  const interpreter = python(t, 'panel')
  if (interpreter === null) return null
  const { stdout } = spawnSync(interpreter, ['-c', 'from importlib.util import find_spec; print(find_spec("panel").submodule_search_locations[0])'], { encoding: 'utf8' })
  const path = (name: string) => join(stdout.trim(), '_templates', name)
  return { error: path('error.html'), login: path('basic_login.html'), logout: path('logout.html') }
}

async function startWithForm (t: Test, settings: Settings): Promise<Running> {
  return startGate(t, {
    settings: ({ provider: { endpoints } }) => ({ oauthProvider: 'password', oauthIssuer: undefined, oauthKey: 'public', oauthSecret: undefined, oauthTokenUrl: endpoints.token, oauthUserUrl: endpoints.userinfo, ...settings })
  })
}

/** What a browser says that it did not do. */
function listen (page: Page): string[] {
  const said: string[] = []
  page.on('console', message => { if (message.type() === 'error') said.push(message.text()) })
  return said
}

const pictures = (page: Page) => page.evaluate('[...document.images].map(({ naturalWidth, width, height }) => naturalWidth > 0 && `${width}x${height}`)')

t.test('Panel’s own form and logout page work as they are', async t => {
  t.setTimeout(90_000)
  const templates = panelTemplates(t)
  const browser = templates === null ? undefined : await launchBrowser(t)
  if (templates === null || browser === undefined) return
  const { origin, app } = await startWithForm(t, { basicLoginTemplate: templates.login, logoutTemplate: templates.logout, logo: file(t, 'logo.svg', LOGO) })
  const page = await (await browser.newContext({ viewport: { width: 1000, height: 700 } })).newPage()
  const said = listen(page)
  const send = async (password: string) => {
    await page.getByPlaceholder('username').fill('ada')
    await page.getByPlaceholder('password').fill(password)
    await page.getByRole('button', { name: 'Login' }).click()
  }
  await page.goto(`${origin}/dash?x=1`)
  t.equal(await page.title(), 'Panel App | Login')
  t.strictSame(await pictures(page), ['150x120'], 'with a picture, in shape')
  t.equal(await page.evaluate('getComputedStyle(document.querySelector(".form-button")).backgroundColor'), 'rgb(16, 123, 186)', 'and its style')
  await screenshot(page, 'pages/panel-login')
  await send('wrong')
  await page.getByText('That name or password is not right.').waitFor()
  await screenshot(page, 'pages/panel-login-wrong')
  await send('ada')
  await page.waitForURL(`${origin}/dash?x=1`)
  t.equal(app.received.at(-1)?.headers['x-forwarded-user'], 'ada@example.com')
  await page.goto(`${origin}/oauth2/sign_out`)
  await screenshot(page, 'pages/panel-logout')
  t.match(await page.textContent('body'), /Successfully logged out\./)
  await page.getByRole('button', { name: 'Login' }).click()
  await page.getByPlaceholder('username').waitFor()
  t.strictSame(said.filter(line => !line.includes('401')), [], 'and the policy refuses nothing that they have')
})

t.test('Panel’s own form asks for the password of basic-auth too, and says what was wrong', async t => {
  const templates = panelTemplates(t)
  if (templates === null) return
  const { origin, app } = await startGate(t, { settings: { basicAuth: 'SeCret-of-all', basicLoginTemplate: templates.login, oauthProvider: undefined, oauthIssuer: undefined, oauthKey: undefined, oauthSecret: undefined } })
  const visitor = new Visitor()
  const { body, address } = await visitor.follow(`${origin}/dash?x=1`)
  const [, action = ''] = /<form[^>]* action="([^"]*)"/.exec(body) ?? []
  const send = (password: string) => visitor.navigate(new URL(action, address).href, { form: { username: 'ada', password, state: /name="state" value="([^"]+)"/.exec(body)?.[1] ?? '' } })
  t.match(await send('secret-of-all'), { status: 401, body: /That name or password is not right\./ })
  t.equal(app.received.length, 0)
  t.match(await send('SeCret-of-all'), { status: 303, location: '/dash?x=1' })
})

t.test('Panel’s own error page says who may not enter, and what went wrong', async t => {
  t.setTimeout(90_000)
  const templates = panelTemplates(t)
  const browser = templates === null ? undefined : await launchBrowser(t)
  if (templates === null || browser === undefined) return
  const { origin, provider, app } = await startGate(t, { settings: { authTemplate: templates.error, allowedGroups: ['admins'], title: 'Northwind' } })
  const page = await (await browser.newContext({ viewport: { width: 1000, height: 700 } })).newPage()
  const said = listen(page)
  await page.goto(origin)
  await signInAs(page, cleo)
  t.equal(await page.title(), 'You are signed in, but this is not open to you · Northwind')
  t.match(await page.textContent('body'), /Authorization Error\s+You are signed in, but this is not open to you\.[^]*admins[^]*GATE_ACCESS_DENIED, request \S+\)[^]*Logout/)
  t.strictSame(await pictures(page), ['300x60'], 'with a picture where Panel’s logo was')
  await screenshot(page, 'pages/panel-denied')
  t.ok(said.every(line => /fonts\.g|403|manifest/.test(line)), 'what the policy refuses is another host, which has no business here')
  t.equal(app.received.length, 0)
  await page.getByRole('link', { name: 'Logout' }).click()
  t.match(await page.textContent('main'), /You are signed out/)

  const visitor = new Visitor()
  await visitor.follow(`${origin}/page`)
  const state = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name }) => name.slice(-44))[0] ?? ''
  const description = '<img src=x onerror=alert(1)>{{ 7 * 7 }}'
  const answer = await visitor.navigate(`${origin}/?state=${state}&error=server_error&error_description=${encodeURIComponent(description)}&iss=${encodeURIComponent(provider.issuer)}`)
  t.match(answer.body, /Authentication Error[^]*&lt;img src=x onerror=alert\(1\)&gt;\{\{ 7 \* 7 \}\}/)
  t.notMatch(answer.body, /<img src=x|\b49\b/, 'and what the provider said is neither markup nor code')
  t.match(answer.headers['content-security-policy'], /^default-src 'none'; style-src 'self' 'unsafe-inline';/)
})

t.test('checklist 50: whom a list of addresses, domains or groups does not have gets the page of --auth-template with 403, and the app hears nothing', async t => {
  const authTemplate = file(t, 'denied.html', '<h1>Not for you</h1><p>{{ error }}</p>')
  for (const entry of [{ allowedEmails: ['ada@example.com'] }, { allowedDomains: ['other.example'] }, { allowedGroups: ['admins'] }] satisfies Settings[]) {
    const { origin, app } = await startGate(t, { settings: { authTemplate, ...entry } })
    t.match(await new Visitor().signIn(`${origin}/page`, 'cleo'), { status: 403, headers: { 'x-oauth-gate': 'GATE_ACCESS_DENIED' }, body: /^<h1>Not for you<\/h1><p>[^<]+/ }, JSON.stringify(entry))
    t.equal(app.received.length, 0)
  }
  const { origin, app } = await startGate(t, { settings: { authTemplate, rules: [{ path: '/reports', allow: { groups: ['admins'] } }, { path: '/', allow: 'signed-in' }] } })
  const visitor = new Visitor()
  t.equal((await visitor.signIn(`${origin}/page`, 'cleo')).status, 200)
  t.match(await visitor.navigate(`${origin}/reports`), { status: 403, body: /^<h1>Not for you/ }, 'a rule for a path')
  t.strictSame(app.received.map(({ url }) => url), ['/page'])
})

t.test('a template that is one’s own, with our base', async t => {
  t.setTimeout(90_000)
  const browser = await launchBrowser(t)
  if (browser === undefined) return
  const { origin } = await startWithForm(t, { basicLoginTemplate: file(t, 'login.html', '{% extends "basic_login.html" %}'), logoutTemplate: file(t, 'logout.html', '{% extends "logout.html" %}'), title: 'Northwind' })
  const page = await (await browser.newContext({ viewport: { width: 1000, height: 700 }, colorScheme: 'dark' })).newPage()
  await page.goto(`${origin}/`)
  await screenshot(page, 'pages/base-login')
  await check(t, page.mainFrame(), 'our base of login')
  await page.getByLabel('User name').fill('ada')
  await page.getByLabel('Password').fill('ada')
  await page.getByRole('button', { name: 'Login' }).click()
  await page.waitForURL(`${origin}/`)
  await page.goto(`${origin}/oauth2/sign_out`)
  await screenshot(page, 'pages/base-logout')
  await check(t, page.mainFrame(), 'our base of logout')
  const other = await startGate(t, { settings: { authTemplate: file(t, 'denied.html', '{% extends "error.html" %}'), allowedGroups: ['admins'] } })
  await page.goto(other.origin)
  await signInAs(page, cleo)
  await screenshot(page, 'pages/base-denied')
  await check(t, page.mainFrame(), 'our base of errors')
  t.match(await page.textContent('main'), /GATE_ACCESS_DENIED/)
})
