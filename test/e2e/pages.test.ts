import { createServer } from 'node:http'
import type { Browser, BrowserContextOptions, Frame, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { people } from '../../src/demo/people.ts'
import * as errors from '../../src/errors.ts'
import { createPages } from '../../src/pages/index.ts'
import { CONTENT_SECURITY_POLICY } from '../../src/pages/layout.ts'
import { check } from '../fixtures/axe.ts'
import { launchBrowser, screenshot, signInAs } from '../fixtures/browser.ts'
import { freePort, startApp, startGate } from '../fixtures/gate.ts'
import { isCi } from '../fixtures/lacking.ts'
import { startServer } from '../fixtures/server.ts'
import { file } from '../config/setup.ts'

const cleo = people[2] as typeof people[0]
const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><circle cx="32" cy="32" r="30" fill="#0b7a75"/><path d="M14 40c8-22 28-22 36 0" fill="none" stroke="#fff" stroke-width="6" stroke-linecap="round"/></svg>'

const MODES: Readonly<Record<string, BrowserContextOptions>> = {
  light: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  phone: { viewport: { width: 375, height: 720 }, deviceScaleFactor: 2, colorScheme: 'light' }
}

/** WCAG 1.4.10 and 1.4.4: nothing is wider than a small phone, nor than the window with letters twice as large. */
async function reflows (t: Test, page: Page, name: string): Promise<void> {
  const size = page.viewportSize()
  const overflow = () => page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
  await page.setViewportSize({ width: 320, height: 640 })
  t.equal(await overflow(), 0, `${name}: fits 320 pixels`)
  await page.setViewportSize({ width: 640, height: 400 })
  await page.evaluate('document.documentElement.style.fontSize = "200%"')
  t.equal(await overflow(), 0, `${name}: fits with letters twice as large`)
  await page.evaluate('document.documentElement.style.fontSize = ""')
  if (size !== null) await page.setViewportSize(size)
}

async function serve (t: Test, answer: (url: string) => { readonly markup: string, readonly policy?: string }): Promise<string> {
  const server = createServer((request, response) => {
    const { markup, policy } = answer(request.url ?? '')
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...policy !== undefined && { 'content-security-policy': policy } }).end(markup)
  })
  return await startServer(t, server)
}

type Station = readonly [name: string, open: (page: Page) => Promise<unknown>]

/** A gate in front of one app that runs and one that does not, and what there is to see of it, in an order that can be walked. */
async function stations (t: Test): Promise<readonly Station[]> {
  const [running, down] = [await startApp(t), await freePort()]
  const { origin } = await startGate(t, {
    app: running,
    settings: {
      upstream: [running.url, `/down=http://127.0.0.1:${down}`], title: 'Northwind dashboards', logo: file(t, 'logo.svg', LOGO), support: 'help@northwind.example',
      rules: [{ path: '/down', allow: 'public' }, { path: '/', allow: { groups: ['admins'] } }], allowedGroups: ['admins', 'editors', 'staff']
    }
  })
  const { origin: choice } = await startGate(t, { settings: {
    oauthProvider: undefined, oauthIssuer: undefined, oauthKey: undefined, oauthSecret: undefined, title: 'Northwind dashboards', logo: file(t, 'logo.svg', LOGO), support: 'help@northwind.example',
    providers: [['work', 'Northwind (Entra ID)'], ['partners', 'GitHub'], ['guests', 'a Google account']].map(([id, label]) => ({ id, label, oauthProvider: 'google', oauthKey: id, oauthSecret: 'x' }))
  } })
  const elsewhere = (await serve(t, url => ({ markup: url === '/frame' ? `<!doctype html><title>f</title><body style="margin:0"><iframe title="app" src="${origin}/dash" style="width:100vw;height:100vh;border:0">` : `<a href="${origin}/oauth2/sign_out">out</a>` }))).replace('127.0.0.1', 'localhost')
  return [
    ['sign-in', page => page.goto(`${origin}/oauth2/sign_in`)],
    ['choice', page => page.goto(`${choice}/oauth2/sign_in`)],
    ['upstream-down', page => page.goto(`${origin}/down/report`)],
    ['upstream-pause', page => page.getByRole('link', { name: 'Stop trying' }).click()],
    ['not-found', page => page.goto(`${origin}/oauth2/nothing-here`)],
    ['framed', async page => {
      await page.goto(`${elsewhere}/frame`)
      await page.frameLocator('iframe').getByRole('link', { name: 'new tab' }).waitFor()
    }],
    ['cancelled', async page => {
      await page.goto(`${origin}/`)
      await page.getByRole('button', { name: /cancel/ }).click()
      await page.waitForURL(url => url.origin === origin)
    }],
    ['denied', async page => {
      await page.goto(`${origin}/`)
      await signInAs(page, cleo)
    }],
    ['signed-in', page => page.goto(`${origin}/oauth2/sign_in`)],
    ['sign-out-question', async page => {
      await page.goto(`${elsewhere}/`)
      await page.getByRole('link').click()
    }],
    ['signed-out', page => page.getByRole('button', { name: 'Sign out' }).click()]
  ]
}

async function passwordStations (t: Test): Promise<readonly Station[]> {
  const { origin } = await startGate(t, {
    settings: ({ provider: { endpoints } }) => ({
      title: 'Northwind dashboards', oauthProvider: 'password', oauthIssuer: undefined, oauthKey: 'public', oauthSecret: undefined, oauthTokenUrl: endpoints.token, oauthUserUrl: endpoints.userinfo
    })
  })
  return [
    ['password', page => page.goto(`${origin}/`)],
    ['password-wrong', async page => {
      await page.getByLabel('User name').fill('ada')
      await page.getByLabel('Password').fill('wrong')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('alert').waitFor()
    }]
  ]
}

async function walk (t: Test, browser: Browser, all: readonly Station[]): Promise<void> {
  for (const [mode, options] of Object.entries(MODES)) {
    if (mode !== 'light' && !isCi) continue // CI takes the time for all three
    const context = await browser.newContext(options)
    const page = await context.newPage()
    const refused: string[] = []
    page.on('console', message => { if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) refused.push(message.text()) })
    for (const [name, open] of all) {
      await open(page)
      await screenshot(page, `pages/${name}-${mode}`)
      await check(t, page.frames().at(-1) as Frame, `${name}, ${mode}`) // of the page that is framed too
      if (mode !== 'dark' && name !== 'framed') await reflows(t, page, `${name}, ${mode}`)
    }
    t.strictSame(refused, [], `${mode}: and the policy stops nothing that a page has`)
    await context.close()
  }
}

t.test('every page is one that everybody can use, in light, in dark and on a phone', async t => {
  t.setTimeout(170_000)
  const browser = await launchBrowser(t)
  if (browser === undefined) return
  await walk(t, browser, await stations(t))
  await walk(t, browser, await passwordStations(t))
})

t.test('every class of error has a page that everybody can use', async t => {
  t.setTimeout(170_000)
  const browser = await launchBrowser(t)
  if (browser === undefined) return
  const kinds = Object.values(errors).flatMap(value => 'kind' in value ? [value.kind] : [])
  const pages = createPages({ title: 'Northwind', support: { url: 'https://help.example/' }, assets: '/', signOutUrl: '/', onFailure: () => {} })
  const origin = await serve(t, url => {
    const kind = kinds.find(({ code }) => url === `/${code}`) ?? errors.Unexpected.kind
    return { policy: CONTENT_SECURITY_POLICY, ...pages.error({ kind, requestId: '1f3a9c20-4k', scene: 'elsewhere', reason: 'a-word-without-any-place-to-break-it-that-a-provider-sent-us-in-its-answer', actions: [{ label: 'Sign in', url: '/' }, { label: 'Use another account', url: '/' }] }) }
  })
  const page = await (await browser.newContext()).newPage()
  const looked = isCi ? kinds : kinds.filter((_, index) => index % 8 === 0) // all look alike; CI takes the time
  for (const { code, title } of looked) {
    await page.goto(`${origin}/${code}`)
    t.equal(await page.getByRole('heading', { level: 1 }).textContent(), title.replace(/\.$/, ''))
    await check(t, page.mainFrame(), code)
    await reflows(t, page, code)
  }
})

t.test('whoever has only a keyboard sees where they are and reaches everything, in the order in which it is read', async t => {
  t.setTimeout(120_000)
  const browser = await launchBrowser(t)
  if (browser === undefined) return
  const focused = (page: Page) => page.evaluate('(element => [element.name || element.innerText, getComputedStyle(element).outlineStyle, parseFloat(getComputedStyle(element).outlineWidth) >= 2].join())(document.activeElement)')
  const press = async (page: Page, key: string) => {
    await page.keyboard.press(key)
    return focused(page)
  }
  const at = (name: string) => `${name},solid,true`

  await t.test('the password form, after a mistake too', async t => {
    const [[, open]] = await passwordStations(t) as [Station]
    const page = await (await browser.newContext()).newPage()
    await open(page)
    t.equal(await focused(page), at('username'), 'the first field waits')
    await page.keyboard.type('ada')
    t.equal(await press(page, 'Tab'), at('password'))
    await page.keyboard.type('wrong')
    t.equal(await press(page, 'Tab'), at('Sign in'))
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    t.equal(await page.title(), 'Problem: Sign in · Northwind dashboards')
    t.equal(await focused(page), at('password'), 'what must be typed anew waits')
    t.equal(await page.getByLabel('Password').getAttribute('aria-describedby'), await page.getByRole('alert').getAttribute('id'), 'and says why')
    await page.keyboard.type('ada')
    await Promise.all([page.waitForURL(url => url.pathname === '/'), page.keyboard.press('Enter')])
  })

  await t.test('links of an error page, the status page and signing out', async t => {
    const all = new Map(await stations(t))
    const page = await (await browser.newContext()).newPage()
    await all.get('cancelled')?.(page)
    t.strictSame([await press(page, 'Tab'), await press(page, 'Tab'), await press(page, 'Tab')], ['Sign in', 'Use another account', 'help@northwind.example'].map(at))
    const mail = await page.getByRole('link', { name: 'help@' }).getAttribute('href') ?? ''
    t.match(decodeURIComponent(mail), new RegExp(`^mailto:help@northwind\\.example\\?subject=GATE_LOGIN_CANCELLED, request ${/request (\S+)/.exec(await page.textContent('main') ?? '')?.[1] ?? 'none'}$`))
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Enter')
    await signInAs(page, cleo)
    await all.get('signed-in')?.(page)
    t.strictSame([await press(page, 'Tab'), await press(page, 'Tab'), await press(page, 'Tab')], ['Go to Northwind dashboards', 'Use another account', 'Sign out'].map(at))
    await Promise.all([page.waitForURL(url => url.pathname === '/oauth2/sign_out'), page.keyboard.press('Enter')])
    t.equal(await page.getByRole('heading').textContent(), 'You are signed out')
    t.equal(await press(page, 'Tab'), at('Sign in again'))
    t.equal(await press(page, 'Shift+Tab').then(() => page.locator('[autofocus], [tabindex]').count()), 0, 'and nothing holds the focus')
  })

  await t.test('with the colours of the system, and without motion', async t => {
    const all = new Map(await stations(t))
    const page = await (await browser.newContext({ forcedColors: 'active', reducedMotion: 'reduce' })).newPage()
    await all.get('sign-in')?.(page)
    const style = (property: string) => page.evaluate(`getComputedStyle(document.querySelector('.key')).${property}`)
    t.notMatch(await style('borderTopColor'), /rgba\(.*, 0\)/, 'what looked like a button still has an edge')
    t.equal(await style('transitionDuration'), '0s')
    await screenshot(page, 'pages/sign-in-forced-colours')
  })
})

t.test('the page of an app that is down tries again, and stays as it is for whoever asked it to', async t => {
  t.setTimeout(90_000)
  const browser = await launchBrowser(t)
  if (browser === undefined) return
  const port = await freePort()
  const { origin } = await startGate(t, { app: { url: `http://127.0.0.1:${port}`, received: [] }, settings: { rules: [{ path: '/', allow: 'public' }] } })
  const page = await (await browser.newContext()).newPage()
  const answer = await page.goto(`${origin}/report?x=1`)
  t.equal(answer?.headers()['refresh'], '20', 'time enough to read it, and to find what stops it')
  await page.getByRole('link', { name: 'Stop trying by itself' }).click()
  const still = await page.reload()
  t.match([still?.status(), still?.headers()['refresh']], [200, undefined])
  const server = createServer((_request, response) => { response.setHeader('content-type', 'text/html').end('<title>up</title>') })
  await startServer(t, server, port)
  await page.getByRole('link', { name: 'Try again' }).click()
  t.equal(await page.title(), 'up')
  t.equal(page.url(), `${origin}/report?x=1`)
  await page.goto(`${origin}/oauth2/pause?rd=https://evil.example/`)
  t.equal(await page.getByRole('link', { name: 'Try again' }).getAttribute('href'), '/', 'and it leads to no other site')
})
