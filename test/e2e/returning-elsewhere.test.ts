// Other sites that a sign-in or a sign-out leads to, through the real gate: those of --whitelist-domain, and by no door any other.
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import t, { type Test } from 'tap'
import type { Settings } from '../../src/config/options.ts'
import { beside, led, NAMED } from '../access/elsewhere.ts'
import { file } from '../config/setup.ts'
import { launchBrowser, signInAs } from '../fixtures/browser.ts'
import { authority, serverElsewhere, serverKey } from '../fixtures/certificates.ts'
import { startGate, type GateSetup, type LogLine, type Running } from '../fixtures/gate.ts'
import { isCi, onlyInCi } from '../fixtures/lacking.ts'
import { startServer } from '../fixtures/server.ts'
import { linkIn, Visitor, type Answer } from '../fixtures/visitor.ts'

const password: Settings = { oauthProvider: undefined, oauthIssuer: undefined, oauthKey: undefined, oauthSecret: undefined, basicAuth: 'SeCret-of-all' }
const HERE = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const THERE = { ...HERE, 'sec-fetch-site': 'same-site' }
const rd = encodeURIComponent

/** What the form of a page is sent with. */
const sendPassword = (visitor: Visitor, origin: string, { body }: Answer) =>
  visitor.navigate(`${origin}/oauth2/sign_in`, { form: { state: /name="state" value="([^"]+)"/.exec(body)?.[1] ?? '', username: 'ada', password: 'SeCret-of-all' } })

/** A site beside the gate, by a name of its own. @returns its origin, and as the setting has it */
async function startSite (t: Test): Promise<{ readonly site: string, readonly named: string }> {
  const { port } = new URL(await startServer(t, createServer((_, response) => response.setHeader('content-type', 'text/html').end('<title>the other site</title>'))))
  return { site: `http://localhost:${port}`, named: `localhost:${port}` }
}

/** Every address in an answer, and in the queries of these, that may lead to another site. */
function sitesIn (answer: Answer, own: string): string[] {
  const addresses = [answer.location, ...[...answer.body.matchAll(/\s(?:href|action|src|formaction)="([^"]*)"/g)].map(([, value = '']) => value.replaceAll('&amp;', '&'))]
  const all = addresses.flatMap(address => [address, ...new URL(address, own).searchParams.values()])
  const policy = /form-action 'self'([^;]*)/.exec(String(answer.headers['content-security-policy']))?.[1] ?? ''
  return [...all.filter(address => !/^(?:$|data:|\/(?![/\\])|[\w-]+$)/.test(address)), ...policy.trim().split(' ').filter(origin => origin !== '')]
}

/** What takes an address, for who is not signed in. */
const doors: Readonly<Record<string, (visitor: Visitor, origin: string, address: string) => Promise<Answer>>> = {
  'the start': (visitor, origin, address) => visitor.navigate(`${origin}/oauth2/start?rd=${rd(address)}`),
  'the start, by next': (visitor, origin, address) => visitor.navigate(`${origin}/oauth2/start?next=${rd(address)}`),
  'the login endpoint': (visitor, origin, address) => visitor.navigate(`${origin}/login?next=${rd(address)}`),
  'the sign-in page': (visitor, origin, address) => visitor.navigate(`${origin}/oauth2/sign_in?rd=${rd(address)}`),
  'the sign-out': (visitor, origin, address) => visitor.navigate(`${origin}/oauth2/sign_out?rd=${rd(address)}`, { headers: HERE }),
  'the sign-out, by a form': (visitor, origin, address) => visitor.navigate(`${origin}/oauth2/sign_out?rd=${rd(address)}`, { form: {}, headers: { ...HERE, origin } }),
  'the sign-out, by a link elsewhere': (visitor, origin, address) => visitor.navigate(`${origin}/oauth2/sign_out?rd=${rd(address)}`, { headers: THERE }),
  'the logout endpoint': (visitor, origin, address) => visitor.navigate(`${origin}/logout?next=${rd(address)}`, { headers: HERE }),
  'the sign-out of a script': (visitor, origin, address) => visitor.navigate(`${origin}/oauth2/sign_out?rd=${rd(address)}`, { headers: { ...HERE, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' } })
}

t.test('suffix match of allowed domains: by no door does an address lead on that only looks like one of them', async t => {
  const { origin } = await startGate(t, { settings: { ...password, whitelistDomain: NAMED, loginEndpoint: '/login', logoutEndpoint: '/logout' } })
  const nobody = await startGate(t, { settings: { ...password, loginEndpoint: '/login', logoutEndpoint: '/logout' } })
  const tried = beside.filter((_, index) => isCi || index % 8 === 0)
  for (const [name, open] of Object.entries(doors)) {
    for (const [asked, emitted] of led.slice(0, isCi ? undefined : 3)) {
      t.ok(sitesIn(await open(new Visitor(), origin, asked), origin).some(site => site === emitted || site === new URL(emitted).origin), `${name} leads to ${asked}`)
      t.strictSame(sitesIn(await open(new Visitor(), nobody.origin, asked), nobody.origin), [], `${name} does not where none is named`)
    }
    const wrong = []
    for (const address of tried) {
      const sites = sitesIn(await open(new Visitor(), origin, address.replace(/\p{Cs}/gu, '\ufffd')), origin)
      if (sites.length > 0) wrong.push([address, sites])
    }
    t.strictSame(wrong, [], `${name}, of ${tried.length}`)
  }
  const pause = await new Visitor().navigate(`${origin}/oauth2/pause?rd=${rd('https://allowed.example/x')}`)
  t.equal(linkIn(pause, /^Try again/), '/', 'of no other site is it said that it was not answering')
})

t.test('a whole sign-in and a whole sign-out end on the site that was named', async t => {
  const secure = await startServer(t, createSecureServer({ cert: serverElsewhere, key: serverKey }, (_, response) => response.end('the https site')))
  const { port } = new URL(secure)
  const { site, named } = await startSite(t)
  const { origin } = await startGate(t, { settings: { whitelistDomain: [named, `elsewhere.example:${port}`] } })
  for (const address of [`${site}/x?y=1`, `https://elsewhere.example:${port}/x?y=1`]) {
    const visitor = new Visitor({ ca: authority })
    t.match(await visitor.signIn(`${origin}/oauth2/start?rd=${rd(`${address}#frag`)}`, 'ada'), { status: 200, address, body: /the (?:other|https) site/ })
    t.equal((await visitor.navigate(`${origin}/`)).status, 200, 'and the session is here')
    const question = await visitor.navigate(`${origin}/oauth2/sign_out?rd=${rd(address)}`, { headers: THERE })
    t.match(question, { status: 200, body: /Sign out\?/ }, 'a link there is asked about first')
    t.match(question.headers['content-security-policy'], `form-action 'self' ${new URL(address).origin};`)
    const action = /action="([^"]+)"/.exec(question.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
    t.equal((await visitor.navigate(`${origin}/`)).status, 200)
    t.match(await visitor.navigate(origin + action, { form: {}, headers: { ...HERE, origin } }), { status: 303, location: address })
    t.equal((await visitor.navigate(`${origin}/`)).status, 302, 'and is over')
  }
})

t.test('the sign-out at the provider comes first where it always does, and ends on that site', async t => {
  const { site, named } = await startSite(t)
  const { origin, provider } = await startGate(t, { settings: ({ origin }) => ({ whitelistDomain: [named], signOutAtProvider: 'always', postLogoutRedirectUri: `${origin}/oauth2/signed_out` }) })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  const question = await visitor.navigate(`${origin}/oauth2/sign_out?rd=${rd(`${site}/bye`)}`)
  t.match(question.headers['content-security-policy'], `form-action 'self' ${provider.issuer} ${site};`, 'browsers hold it against each redirect')
  const onward = await visitor.navigate(`${origin}/oauth2/sign_out?rd=${rd(`${site}/bye`)}`, { headers: HERE })
  t.equal(new URL(onward.location).origin, provider.issuer)
  const state = new URL(onward.location).searchParams.get('state') ?? ''
  t.match(await visitor.follow(`${origin}/oauth2/signed_out?state=${rd(state)}`), { status: 200, address: `${site}/bye` })
})

/** Two gates of one name and key, of which the second does not name the site any more. */
async function startTwice (t: Test, named: string, settings: (first?: Running) => Settings, setup: GateSetup = {}): Promise<readonly [Running, Running]> {
  const common: Settings = { cookieName: 'two-of-one' }
  const first = await startGate(t, { ...setup, settings: { ...common, ...settings(), whitelistDomain: [named] } })
  return [first, await startGate(t, { ...setup, settings: { ...common, ...settings(first) } })]
}

t.test('a site that is not named any more is not led to by what was begun before', async t => {
  const { site, named } = await startSite(t)
  const [first, second] = await startTwice(t, named, () => password)
  for (const [{ origin }, location] of [[first, `${site}/x`], [second, /^\/$/]] as const) {
    const visitor = new Visitor()
    t.match(await sendPassword(visitor, origin, await visitor.navigate(`${first.origin}/oauth2/sign_in?rd=${rd(`${site}/x`)}`)), { status: 303, location }, 'a form')
  }
  const redirectUri = 'http://127.0.0.1:1/back'
  const returnUri: Settings = { oauthRedirectUri: redirectUri, postLogoutRedirectUri: 'http://127.0.0.1/oauth2/signed_out', signOutAtProvider: 'always' }
  const [one, other] = await startTwice(t, named, first => ({ ...returnUri, ...first !== undefined && { oauthIssuer: first.provider.issuer } }))
  one.provider.setRedirectUris('gate', [redirectUri])
  const visitor = new Visitor()
  for (const [{ origin }, location] of [[other, /^\/$/], [one, `${site}/x`]] as const) {
    const begun = await visitor.follow(`${one.origin}/oauth2/start?rd=${rd(`${site}/x`)}`)
    const chosen = await visitor.navigate(begun.address, { form: { login: 'ada' } })
    const { pathname, search } = new URL(await untilCallback(visitor, new URL(chosen.location, begun.address).href))
    t.match(await visitor.navigate(origin + pathname + search), { status: 303, location }, 'a callback')
  }
  const { location } = await visitor.navigate(`${one.origin}/oauth2/sign_out?rd=${rd(`${site}/x`)}`, { headers: HERE })
  const back = `/oauth2/signed_out?state=${rd(new URL(location).searchParams.get('state') ?? '')}`
  t.match(await visitor.navigate(one.origin + back), { status: 303, location: `${site}/x` })
  const page = await visitor.navigate(other.origin + back)
  t.match(page, { status: 200, location: '', body: /sent you back here/ }, 'a sign-out')
  t.match(linkIn(page, /^Sign in again/), /rd=%2F$/)
})

async function untilCallback (visitor: Visitor, address: string): Promise<string> {
  for (let at = address; ;) {
    if (/[?&]code=/.test(at)) return at
    at = new URL((await visitor.navigate(at)).location, at).href
  }
}

t.test('behind a root path such a site is led to as it is', async t => {
  const { site, named } = await startSite(t)
  const { origin } = await startGate(t, { settings: { ...password, whitelistDomain: [named], rootPath: '/proxy' } })
  const visitor = new Visitor()
  const begun = await visitor.navigate(`${origin}/oauth2/start?rd=${rd(`${site}/x`)}`)
  t.equal(begun.location, `/proxy/oauth2/sign_in?rd=${rd(`${site}/x`)}`)
  t.match(await sendPassword(visitor, origin, await visitor.navigate(origin + begun.location.replace('/proxy', ''))), { status: 303, location: `${site}/x` })
})

t.test('a loop by way of such a site is ended: the page leads there too, and no cookie’s path is blamed', async t => {
  const { site, named } = await startSite(t)
  const log: LogLine[] = []
  const { origin } = await startGate(t, { log, settings: { ...password, whitelistDomain: [named] } })
  const visitor = new Visitor()
  for (let count = 0; count < 3; count++) {
    await sendPassword(visitor, origin, await visitor.follow(`${origin}/oauth2/start?rd=${rd(`${site}/x`)}`))
    for (const jar of visitor.cookies.values()) for (const [key, { name }] of jar) if (/^oauth-gate-\d+$/.test(name)) jar.delete(key)
  }
  const page = await visitor.follow(`${origin}/oauth2/start?rd=${rd(`${site}/x`)}`)
  t.match(page, { status: 400, headers: { 'x-oauth-gate': 'GATE_SIGN_IN_LOOP' } })
  t.ok(linkIn(page, /^Try again/)?.endsWith(`rd=${rd(`${site}/x`)}`))
  t.match(log.find(({ code }) => code === 'GATE_SIGN_IN_LOOP')?.['detail'], /^the session cookie does not come back/)
})

t.test('a real browser lands on that site from the password form, a template’s, a plugin’s and the sign-out’s, and from no form where it is not named', onlyInCi('a browser'), async t => {
  const browser = await launchBrowser(t)
  if (browser === undefined) return
  const { site, named } = await startSite(t)
  const template = file(t, 'login.html', '<title>T</title><form method="post" action="{{ login_endpoint }}"><input name="username"><input name="password" type="password"><button>Go</button></form>')
  const plugin = file(t, 'door.mjs', `export default { name: 'door', label: 'Door', guide: { register: 'Ask the doorman' }, handler: async (app, context) => {
    app.get('/', async (request, reply) => reply.type('text/html').send('<form method="post" action="' + context.url(request, '/open') + '"><input name="username"><input name="password"><button>Go</button></form>'))
    app.post('/open', async (request, reply) => context.complete(request, reply, { subject: request.body.username, email: request.body.username + '@example.com', login: request.body.username }))
  } }`)
  const table: Readonly<Record<string, Settings>> = { 'our own form': password, 'a template’s form': { ...password, basicLoginTemplate: template }, 'a plugin’s form': { oauthProvider: undefined, oauthIssuer: undefined, oauthKey: undefined, oauthSecret: undefined, providerModule: plugin } }
  for (const [name, settings] of Object.entries(table)) {
    for (const isNamed of [true, false]) {
      const { origin } = await startGate(t, { settings: { ...settings, ...isNamed && { whitelistDomain: [named] } } })
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(`${origin}/oauth2/start?rd=${rd(`${site}/x`)}`)
      await page.fill('[name=username]', 'ada')
      await page.fill('[name=password]', 'SeCret-of-all')
      await Promise.all([page.waitForURL(url => !url.pathname.startsWith('/oauth2/')), page.click('button')])
      t.equal(page.url(), isNamed ? `${site}/x` : `${origin}/`, name)
      await page.goto(site)
      await page.evaluate(`location.href = ${JSON.stringify(`${origin}/oauth2/sign_out?rd=${rd(`${site}/bye`)}`)}`)
      await page.waitForURL(/sign_out/)
      if (isNamed) {
        await Promise.all([page.waitForURL(`${site}/bye`), page.click('button')])
        t.pass('and from the sign-out')
      } else {
        await Promise.all([page.waitForResponse(response => response.request().method() === 'POST'), page.click('button')])
        t.match(await page.content(), /You are signed out/)
        t.equal(new URL(page.url()).origin, origin)
      }
      t.equal((await page.goto(`${origin}/oauth2/userinfo`))?.status(), 401, 'and nobody is signed in')
      await context.close()
    }
  }
})

t.test('a real browser signs in at a provider and lands there, and its sign-out goes by the provider', onlyInCi('a browser'), async t => {
  const browser = await launchBrowser(t)
  if (browser === undefined) return
  const { site, named } = await startSite(t)
  const { origin, provider } = await startGate(t, { settings: ({ origin }) => ({ whitelistDomain: [named], signOutAtProvider: 'always', postLogoutRedirectUri: `${origin}/oauth2/signed_out` }) })
  const page = await browser.newPage()
  await page.goto(`${origin}/oauth2/start?rd=${rd(`${site}/x`)}`)
  await signInAs(page, { login: 'ada' })
  t.equal(page.url(), `${site}/x`)
  await page.goto(`${origin}/oauth2/sign_out?rd=${rd(`${site}/bye`)}`)
  if (new URL(page.url()).origin === origin) await page.click('button')
  await page.waitForURL(url => url.origin === provider.issuer || url.href === `${site}/bye`)
  if (new URL(page.url()).origin === provider.issuer) await Promise.all([page.waitForURL(`${site}/bye`), page.locator('button[value="yes"]').click()])
  t.equal(page.url(), `${site}/bye`)
})
