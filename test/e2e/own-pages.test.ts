// Every answer of ours carries what keeps it from being framed, kept, sniffed or led astray; and whatever others put into a page, nothing of it runs.
import { createServer } from 'node:http'
import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { file } from '../config/setup.ts'
import { launchBrowser, signInAs } from '../fixtures/browser.ts'
import { freePort, startApp, startGate, type Running } from '../fixtures/gate.ts'
import { isCi, onlyInCi } from '../fixtures/lacking.ts'
import { everybody, type Person } from '../fixtures/people.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor, type Answer } from '../fixtures/visitor.ts'

/** What tries to run, to load, or to break out, in each place where a value of others is shown. */
const HOSTILE = '"><img src=http://127.0.0.1:1/x onerror=hit()><script>hit()</script>\'--></style></title></textarea>{{7*7}}${7*7}&lt;javascript:hit()'
const hostilePerson: Person = { login: 'mallory', about: 'is called like an attack', claims: { sub: 'odd-mallory', email: 'mallory@example.com', email_verified: true, name: HOSTILE, preferred_username: HOSTILE, groups: [HOSTILE, 'staff'] } }

/** @param referrer what a page may say of where it stands: one at a callback’s address, which has a code in it, says nothing to anybody */
function checkHeaders (t: Test, answer: Answer, what: string, referrer = 'same-origin'): void {
  const { headers } = answer
  t.match(headers, { 'x-oauth-gate': /^GATE_[A-Z_]+$/, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': referrer }, what)
  const policy = String(headers['content-security-policy'])
  t.match(policy, /default-src 'none'/, `${what}: nothing is loaded`)
  t.notMatch(policy, /script-src|unsafe-eval|\*|https?:(?!\/\/)/, `${what}: nor does a script run`)
  t.match(policy, /base-uri 'none'/, what)
  if (headers['x-oauth-gate'] !== 'GATE_FRAMED_LOGIN') t.match({ policy, ...headers }, { policy: /frame-ancestors 'none'/, 'x-frame-options': 'DENY' }, `${what}: no frame`)
  t.notMatch(answer.body, /<script|\son[a-z]+\s*=\s*["']?[a-z]+\(|javascript:|https?:\/\/(?!127\.0\.0\.1|localhost|support\.example)[^"\s<]*\.(?:js|css|png)/i, `${what}: no script, and nothing of another host`)
}

t.test('every answer of ours, whatever its status or method, is unframed, unsniffed, kept by nobody and without script', async t => {
  const { origin } = await startGate(t, { settings: { support: 'https://support.example/help', title: 'Northwind', allowedGroups: ['admins', 'staff', 'editors'] } })
  const ada = new Visitor()
  await ada.signIn(`${origin}/`, 'ada')
  const endpoints = ['start', 'callback', 'sign_in', 'sign_out', 'signed_out', 'userinfo', 'pause', 'backchannel-logout', 'nothing', 'with/x/y', '%zz', 'start?rd=//evil.example', 'callback?code=a&state=b', 'pause?rd=javascript:hit()', 'sign_in?rd=%2F%2Fevil.example'].map(path => `/oauth2/${path}`)
  const ways = [{}, { method: 'HEAD' }, { method: 'POST', form: { a: 'b' } }, { method: 'PUT' }, { method: 'OPTIONS', headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' } }, { method: 'TRACE' }, { headers: { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' } }, { headers: { 'if-none-match': '*', 'if-modified-since': new Date().toUTCString() } }]
  const statuses = new Set<number>()
  let count = 0
  for (const visitor of [new Visitor(), ada]) {
    for (const path of [...endpoints, '/ping', '/ready', ...visitor === ada ? [] : ['/', '/page?x=1']]) {
      for (const way of ways) {
        if (visitor === ada && /sign_out|start|callback/.test(path)) continue // she stays signed in
        if (!isCi && count++ % 3 !== 0) continue
        for (const answer of [await visitor.navigate(origin + path, way), await visitor.ask(origin + path, way)]) {
          statuses.add(answer.status)
          const isCallback = path.startsWith('/oauth2/callback') && ['GET', 'HEAD'].includes(way.method ?? 'GET')
          checkHeaders(t, answer, `${JSON.stringify(way).slice(0, 60)} ${path}: ${answer.status}`, isCallback ? 'no-referrer' : undefined)
          t.notOk(answer.status === 304 || answer.headers['access-control-allow-origin'] !== undefined || answer.headers.etag !== undefined)
        }
      }
    }
  }
  t.ok([200, 302, 400, 401, 404, ...isCi ? [204] : []].every(status => statuses.has(status)), [...statuses].join())
})

interface Watched { readonly page: Page, readonly foreign: string[], isHit (): Promise<boolean> }

/** A page that tells whether anything ran in it, and whom it asked for anything. */
async function watched (browser: Browser, allowed: readonly string[]): Promise<Watched> {
  const context = await browser.newContext()
  const foreign: string[] = []
  let hits = 0
  await context.exposeFunction('hit', () => { hits++ })
  const page = await context.newPage()
  page.on('dialog', dialog => {
    hits++
    void dialog.dismiss()
  })
  page.on('request', request => { if (!allowed.some(origin => request.url().startsWith(origin)) && !request.url().startsWith('data:')) foreign.push(request.url()) })
  return { page, foreign, isHit: async () => hits > 0 || await page.evaluate('document.scripts.length + document.querySelectorAll("main img, [onerror], iframe, object, base").length').then(count => count !== 0) }
}

/** What an operator may write on pages, with the same attack in each. */
const decorated = { title: `Northwind ${HOSTILE}` }
/** Templates that show each value they are given, where markup would be markup. */
const template = (...names: string[]) => `<!doctype html><title>{{ title }}</title><main>${names.map(name => `<p title="{{ ${name} }}">{{ ${name} }}</p>`).join('')}</main>`

async function signedInAs (running: Running, page: Page, login: string): Promise<void> {
  await page.goto(`${running.origin}/oauth2/start?rd=%2F`)
  await signInAs(page, { login })
  await page.goto(`${running.origin}/oauth2/sign_in`)
}

t.test('markup of others is text on every page of ours: nothing of it runs in a browser, loads anything or leads away', onlyInCi('a browser'), async t => {
  t.setTimeout(120_000)
  const browser = await launchBrowser(t)
  if (browser === undefined) return
  const setup = { provider: { people: [...everybody, hostilePerson] } }
  const app = await startApp(t)
  const down = await freePort()
  for (const [kind, settings] of Object.entries({ ours: {}, templates: { authTemplate: file(t, 'denied.html', template('error', 'error_msg', 'error_type', 'code', 'support_link', 'oauth_logout_link')), logoutTemplate: file(t, 'logout.html', template('provider', 'LOGIN_ENDPOINT', 'provider_logout_link')) } })) {
    const running = await startGate(t, { ...setup, settings: { ...decorated, upstream: [app.url, `/down=http://127.0.0.1:${down}`], rules: [{ path: '/secret', allow: { groups: [`${HOSTILE} of others`] } }, { path: '/', allow: 'signed-in' }], ...settings } })
    const { origin, provider } = running
    const { page, foreign, isHit } = await watched(browser, [origin, provider.issuer])
    const look = async (what: string, address: string) => {
      await page.goto(address)
      t.notOk(await isHit(), `${kind}, ${what}: nothing runs`)
      t.equal(new URL(page.url()).origin, origin, `${kind}, ${what}: nor leads away`)
    }
    await signedInAs(running, page, 'mallory')
    t.match(await page.textContent('main'), HOSTILE.slice(0, 20), 'the name is there, as text')
    t.notOk(await isHit(), `${kind}, who is signed in`)
    await look('a rule that names a group', `${origin}/secret/${encodeURIComponent(HOSTILE)}`)
    await look('an app that is down, by a path', `${origin}/down/${encodeURIComponent(HOSTILE)}?${encodeURIComponent(HOSTILE)}`)
    await look('a path and a query of ours', `${origin}/oauth2/${encodeURIComponent(HOSTILE)}?rd=${encodeURIComponent(HOSTILE)}`)
    await look('rd', `${origin}/oauth2/pause?rd=${encodeURIComponent('javascript:hit()')}`)
    await look('rd with markup', `${origin}/oauth2/pause?rd=${encodeURIComponent(`/${HOSTILE}`)}`)
    await Promise.all([page.waitForURL(url => !url.pathname.endsWith('/pause')), page.getByRole('link').first().click()])
    t.notOk(await isHit())
    for (const error of ['server_error', 'access_denied', HOSTILE]) {
      await page.context().clearCookies()
      const begun = await page.context().request.get(`${origin}/oauth2/start?rd=%2F`, { maxRedirects: 0 })
      const state = new URL(begun.headers()['location'] ?? '').searchParams.get('state') ?? ''
      await look(`error_description with ${error.slice(0, 15)}`, `${origin}/?${new URLSearchParams({ error, error_description: HOSTILE, error_uri: 'javascript:hit()', state, iss: provider.issuer }).toString()}`)
      t.match(await page.textContent('main'), '{{7*7}}', 'it is there, as text')
    }
    await look('signed out', `${origin}/oauth2/sign_out`)
    t.strictSame(foreign, [], `${kind}: and nobody else was asked for anything`)
  }
})

t.test('no page of ours is shown in a frame of another site, but the one that says to open a tab, which has nothing to press', onlyInCi('a browser'), async t => {
  t.setTimeout(60_000)
  const browser = await launchBrowser(t)
  if (browser === undefined) return
  const { origin } = await startGate(t)
  const frames = ['/oauth2/sign_in', '/oauth2/sign_out', '/oauth2/signed_out', '/oauth2/userinfo', '/oauth2/pause', '/oauth2/nothing']
  const server = createServer((request, response) => { response.setHeader('content-type', 'text/html').end(request.url === '/' ? frames.map(path => `<iframe src="${origin}${path}"></iframe>`).join('') : '') })
  const evil = (await startServer(t, server)).replace('127.0.0.1', 'localhost')
  const page = await (await browser.newContext()).newPage()
  await page.goto(evil)
  const shown = await Promise.all(page.frames().slice(1).map(async frame => (await frame.evaluate('document.body.innerText').catch(() => '')) as string))
  t.equal(shown.length, frames.length)
  t.notMatch(shown.join(), /Sign|signed|GATE_/)
})
