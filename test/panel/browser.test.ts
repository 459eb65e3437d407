// Real Panel apps behind the gate, in a real browser, after a real sign-in.
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import type { Settings } from '../../src/config/options.ts'
import { launchBrowser, screenshot, signInAs } from '../fixtures/browser.ts'
import { personCalled } from '../fixtures/people.ts'
import { python } from '../fixtures/python.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { seenBy, startLifted, ways, type Lifted } from './setup.ts'

t.setTimeout(170_000)

const ada = { user: 'ada@example.com', email: 'ada@example.com', name: 'Ada Lovelace', groups: 'admins,staff', told: 'ada@example.com' }

/** A person at a browser of their own, on a page after signing in. */
async function open (browser: Browser, address: string, login: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(address)
  await signInAs(page, personCalled(login))
  return page
}

async function worksFor (t: Test, { origin, provider }: Lifted, signOut: string, browser: Browser): Promise<void> {
  const page = await (await browser.newContext()).newPage()
  const visited: string[] = []
  page.on('framenavigated', frame => { visited.push(frame.url().replace(/(?<=\/interaction\/).*/, '…')) })
  const closed = page.waitForEvent('websocket').then(async socket => {
    await socket.waitForEvent('close', { timeout: 120_000 })
    return socket.url()
  })
  await page.goto(`${origin}/who?x=1`)
  await signInAs(page, personCalled('ada'))
  t.equal(page.url(), `${origin}/who?x=1`, 'the page that was wanted')
  t.match(await seenBy(page, 'page'), { ...ada, token: false }, 'pn.state on the page')
  t.match(await seenBy(page, 'opened'), ada, 'and after the websocket opened')
  await page.getByRole('textbox', { name: 'Say' }).fill('hello')
  await page.getByRole('textbox', { name: 'Say' }).press('Enter')
  await page.getByText('heard hello from ada@example.com').waitFor()
  t.strictSame(visited.filter(url => !url.startsWith('about:')), [`${provider.issuer}/interaction/…`, `${origin}/who?x=1`], 'one sign-in, at the provider, and then the page: nobody was asked a second time, in no frame')

  const out = await page.context().newPage()
  await out.goto(`${origin}${signOut}`)
  if (await out.getByRole('button', { name: 'Sign out' }).count() > 0) await out.getByRole('button', { name: 'Sign out' }).click()
  await out.getByText('You are signed out').waitFor()
  t.match(await closed, /\/who\/ws/, 'signing out closes the page’s websocket')
  await page.reload()
  t.match(new URL(page.url()).pathname, /^\/interaction\//, 'and the page is for nobody')
}

async function deniesAsPanelDoes (t: Test, { origin }: Lifted, browser: Browser): Promise<void> {
  const allowed = await open(browser, `${origin}/private`, 'ada')
  await allowed.getByText('private page of ada@example.com').waitFor()
  const denied = await open(browser, `${origin}/private`, 'ben')
  t.match(await denied.textContent('body'), /Access denied! User 'ben@example\.com' is not authorized for the given app '\/private'\./)
  t.notMatch(await denied.content(), 'private page of')
}

for (const [way, { env, settings: own }] of Object.entries(ways)) {
  const isPreset = !way.startsWith('only')
  const settings: Settings = { ...own, ...isPreset && { app: 'panel', upstreamIdentity: undefined } } // one of the two by the preset alone
  t.test(`checklist ${way.startsWith('only') ? 41 : 42}: an app with ${way}, in a browser`, async t => {
    const interpreter = python(t, 'panel')
    const browser = interpreter === null ? undefined : await launchBrowser(t)
    if (interpreter === null || browser === undefined) return
    const lifted = await startLifted(t, interpreter, { apps: ['who', 'private'], env, settings })
    await t.test('the right person, a widget, no second sign-in, and an end', async t => { await worksFor(t, lifted, isPreset ? '/logout' : '/oauth2/sign_out', browser) })
    await t.test('authorize_callback denies as in Panel', async t => { await deniesAsPanelDoes(t, lifted, browser) })
    t.notMatch(lifted.panel.said(), /Traceback/, 'and the app met no error')
  })
}

t.test('checklist 41: a token that was asked for is pn.state.access_token, and a callback for every app denies with 403', async t => {
  const interpreter = python(t, 'panel')
  const browser = interpreter === null ? undefined : await launchBrowser(t)
  if (interpreter === null || browser === undefined) return
  const { env, settings } = ways['only PANEL_COOKIE_SECRET'] as typeof ways[string]
  const { origin } = await startLifted(t, interpreter, { apps: ['who'], env, flags: ['--setup=for_ada.py'], settings: { ...settings, passAccessToken: true } })
  const page = await open(browser, `${origin}/who`, 'ada')
  t.match(await seenBy(page, 'opened'), { ...ada, token: true, same: true }, 'the very token that the gate was given')
  await screenshot(page, 'panel-cookies')
  const denied = await new Visitor().signIn(`${origin}/who`, 'ben')
  t.match(denied, { status: 403, body: /Access denied! User 'ben@example\.com' is not authorized/ })
  t.notOk(denied.headers['x-oauth-gate'], 'it is the app that denies')
})
