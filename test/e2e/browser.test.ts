import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { people } from '../../src/demo/people.ts'
import { startApp as startSampleApp } from '../../src/demo/app.ts'
import type { Settings } from '../../src/config/options.ts'
import { launchBrowser, screenshot, signInAs } from '../fixtures/browser.ts'
import { startGate, type GateSetup } from '../fixtures/gate.ts'

const [ada] = people as [typeof people[0]]

type Facts = Parameters<Extract<GateSetup['settings'], (...args: never[]) => Settings>>[0]

/** How each provider is told where to go: an issuer, settings, or Panel's extra parameters. */
const SETUPS: Record<string, { settings: (facts: Facts) => Settings, provider?: GateSetup['provider'] }> = {
  oidc: { settings: () => ({}) },
  'generic, with id_token': {
    settings: ({ provider: { endpoints } }) => ({
      oauthProvider: 'generic', oauthIssuer: undefined, oauthAuthorizeUrl: endpoints.authorize, oauthTokenUrl: endpoints.token
    })
  },
  'generic, by its userinfo alone': {
    provider: { issueIdToken: false },
    settings: ({ provider: { endpoints } }) => ({
      oauthProvider: 'generic', oauthIssuer: undefined,
      oauthExtraParams: `{'AUTHORIZE_URL': '${endpoints.authorize}', 'TOKEN_URL': '${endpoints.token}', 'USER_URL': '${endpoints.userinfo}'}`
    })
  },
  code: {
    settings: ({ provider: { endpoints } }) => ({
      oauthProvider: 'code', oauthIssuer: undefined, oauthKey: 'public', oauthSecret: undefined,
      oauthAuthorizeUrl: endpoints.authorize, oauthTokenUrl: endpoints.token, oauthUserUrl: endpoints.userinfo
    })
  }
}

t.test('a person signs in with a real browser', async t => {
  t.setTimeout(120_000)
  const browser = await launchBrowser(t)
  if (browser === undefined) return

  for (const [name, { settings, provider }] of Object.entries(SETUPS)) {
    await t.test(name, async t => {
      const sample = await startSampleApp()
      t.teardown(() => sample.close())
      const { origin } = await startGate(t, { settings, app: { url: sample.url, received: [] }, ...provider !== undefined && { provider } })
      const page = await (await browser.newContext()).newPage()
      await page.goto(`${origin}/reports/2026?region=north`)
      await screenshot(page, `${slug(name)}-provider`)
      await signInAs(page, ada)
      t.equal(page.url(), `${origin}/reports/2026?region=north`)
      t.match(await page.textContent('body'), /ada@example\.com/)
      await screenshot(page, `${slug(name)}-app`)
      await page.goto(`${origin}/oauth2/sign_in`)
      t.match(await page.textContent('main'), /You are signed in[^]*ada@example\.com[^]*Sign out/)
      await screenshot(page, `${slug(name)}-signed-in`)
      await page.getByRole('button', { name: 'Sign out' }).click()
      t.match(await page.textContent('main'), /You are signed out/)
      await screenshot(page, `${slug(name)}-signed-out`)
      await page.goto(`${origin}/`)
      t.match(new URL(page.url()).pathname, '/interaction/', 'the next page asks again')
    })
  }

  await t.test('password: a form of the gate, shown again with 401 for a wrong one', async t => {
    const sample = await startSampleApp()
    t.teardown(() => sample.close())
    const { origin } = await startGate(t, {
      app: { url: sample.url, received: [] },
      settings: ({ provider: { endpoints } }) => ({
        oauthProvider: 'password', oauthIssuer: undefined, oauthKey: 'public', oauthSecret: undefined, oauthTokenUrl: endpoints.token, oauthUserUrl: endpoints.userinfo
      })
    })
    const page = await (await browser.newContext()).newPage()
    await page.goto(`${origin}/reports/2026?region=north`)
    await screenshot(page, 'password-form')
    await page.getByLabel('User name').fill('ada')
    await page.getByLabel('Password').fill('wrong')
    const [answer] = await Promise.all([page.waitForResponse(response => response.request().method() === 'POST'), page.getByRole('button', { name: 'Sign in' }).click()])
    t.equal(answer.status(), 401)
    t.match(await page.textContent('main'), /name or password is not right/)
    t.equal(await page.getByLabel('User name').inputValue(), 'ada', 'the name is kept')
    t.equal(await page.getByLabel('Password').inputValue(), '', 'the password is not')
    await screenshot(page, 'password-wrong')
    await page.getByLabel('Password').fill('ada')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(url => url.href === `${origin}/reports/2026?region=north`)
    t.match(await page.textContent('body'), /ada@example\.com/)
  })

  await t.test('a page inside a frame leads to a tab, where the sign-in works', async t => {
    const { origin } = await startGate(t)
    const outer = createServer((_request, response) => { response.setHeader('content-type', 'text/html').end(`<iframe src="${origin}/dash?x=1" width="600" height="400"></iframe>`) })
    await new Promise<void>(resolve => { outer.listen(0, '127.0.0.1', resolve) })
    t.teardown(() => outer.close())
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`http://127.0.0.1:${(outer.address() as AddressInfo).port}/`)
    const link = page.frameLocator('iframe').getByRole('link', { name: 'Sign in in a new tab' })
    const [tab] = await Promise.all([context.waitForEvent('page'), link.click()])
    await screenshot(page, 'framed')
    await signInAs(tab, ada)
    t.equal(tab.url(), `${origin}/dash?x=1`)
  })

  await t.test('who may not enter is told why, and gets no session', async t => {
    const { origin, app } = await startGate(t, { settings: () => ({ allowedGroups: ['admins'] }) })
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(origin)
    await signInAs(page, people[2] as typeof ada)
    t.match(await page.textContent('main'), /not open to you[^]*admins[^]*Use another account[^]*GATE_ACCESS_DENIED/)
    await screenshot(page, 'denied')
    t.notOk((await context.cookies(origin)).some(({ name }) => /^oauth-gate-\d+$/.test(name)))
    t.equal(app.received.length, 0)
    await page.getByRole('link', { name: 'Use another account' }).click()
    await signInAs(page, ada)
    t.ok(app.received.some(({ url, headers }) => url === '/' && headers['x-forwarded-user'] === 'ada@example.com'), 'the other account is let in')
  })
})

function slug (name: string): string {
  return name.replace(/[^a-z]+/g, '-')
}
