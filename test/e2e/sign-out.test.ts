import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import type { Settings } from '../../src/config/options.ts'
import { launchBrowser, screenshot, signInAs } from '../fixtures/browser.ts'
import { startGate, type GateSetup, type LogLine, type Running } from '../fixtures/gate.ts'
import { startServer } from '../fixtures/server.ts'
import { linkIn, Visitor, type Answer } from '../fixtures/visitor.ts'

const HERE = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

async function signedIn (t: Test, settings: Settings | GateSetup['settings'] = {}, more: Partial<GateSetup> = {}) {
  const log: LogLine[] = []
  const running = await startGate(t, { log, ...more, settings: settings as NonNullable<GateSetup['settings']> })
  const visitor = new Visitor()
  t.equal((await visitor.signIn(`${running.origin}/`, 'ada')).status, 200)
  return { ...running, visitor, log }
}

const signOut = (visitor: Visitor, { origin }: Pick<Running, 'origin'>, query = '') => visitor.navigate(`${origin}/oauth2/sign_out${query}`, { form: {}, headers: { origin, ...HERE } })

t.test('signing out ends the session here, and offers to sign out at the provider too', async t => {
  const { origin, provider, visitor } = await signedIn(t)
  const page = await signOut(visitor, { origin })
  t.match(page, { status: 200, body: /You are signed out[^]*may still be signed in at OpenID Connect/ })
  const link = new URL(linkIn(page, /^Sign out at OpenID Connect too$/) ?? '')
  t.equal(link.origin + link.pathname, `${provider.issuer}/session/end`)
  t.match(Object.fromEntries(link.searchParams), { client_id: 'gate', logout_hint: /^[\w-]{20,}$/ })
  t.strictSame([...link.searchParams.keys()].toSorted(), ['client_id', 'logout_hint'], 'nothing that says who it is, and nowhere to come back to that is not registered')
  t.match(await visitor.navigate(`${origin}/`), { status: 302 })
})

/** Says yes to the provider's own question. */
async function confirm (visitor: Visitor, { body, address }: Answer & { readonly address: string }, answer: Record<string, string> = { logout: 'yes' }): Promise<Answer & { readonly address: string }> {
  const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(body) ?? []
  const done = await visitor.navigate(new URL('/session/end/confirm', address).href, { form: { xsrf, ...answer } })
  return done.location === '' ? { ...done, address } : await visitor.follow(done.location)
}

t.test('who signs out at the provider is signed out at every gate, and comes back to a page that says so', async t => {
  const { origin, provider, visitor, log } = await signedIn(t, ({ origin }) => ({ postLogoutRedirectUri: `${origin}/oauth2/signed_out` }), { provider: { remembers: true } })
  const other = new Visitor()
  await other.signIn(`${origin}/`, 'ben')
  const elsewhere = copyOf(visitor)
  const link = linkIn(await signOut(visitor, { origin }, '?rd=/reports'), /^Sign out at/) ?? ''
  const back = await confirm(visitor, await visitor.follow(link))
  t.match(back, { status: 200, body: /You are signed out[^]*OpenID Connect has sent you back here/ })
  t.match(linkIn(back, /^Sign in again/), /rd=%2Freports$/)
  t.match(await visitor.follow(`${origin}/`), { address: new RegExp(`^${provider.issuer}/interaction/`) }, 'and has to say anew who it is')
  t.match(await elsewhere.navigate(`${origin}/`), { status: 302 })
  t.match(await other.navigate(`${origin}/`), { status: 200 }, 'nobody else is')
  t.match(log.filter(({ event }) => event === 'session.ended').map(({ cause }) => cause), ['sign-out', 'back-channel'])
})

function copyOf (visitor: Visitor): Visitor {
  const copy = new Visitor()
  for (const [host, jar] of visitor.cookies) copy.cookies.set(host, new Map(jar))
  return copy
}

t.test('websockets and event streams end within a second of a sign-out at the provider, those of others do not', async t => {
  const app = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: hello\n\n')
    if (request.url !== '/events') response.end()
  })
  const sockets = new WebSocketServer({ server: app })
  t.teardown(() => { for (const client of sockets.clients) client.terminate() })
  const { origin, visitor } = await signedIn(t, {}, { app: { url: await startServer(t, app), received: [] }, provider: { remembers: true } })
  const ben = new Visitor()
  await ben.signIn(`${origin}/`, 'ben')
  const open = async (who: Visitor) => {
    const cookie = [...who.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { headers: { cookie, origin } })
    await once(socket, 'open')
    const closed = once(socket, 'close').then(([code, reason]) => `${String(code)} ${String(reason)}`)
    const [stream] = await once(get(`${origin}/events`, { headers: { cookie } }), 'response') as [IncomingMessage]
    stream.resume()
    const cut = Promise.race([once(stream, 'end').then(() => 'ended'), once(stream, 'aborted').then(() => 'cut')]).catch(() => 'cut')
    return { socket, stream, both: Promise.all([closed, cut]) }
  }
  const [hers, his] = [await open(visitor), await open(ben)]
  const [browser, since] = [copyOf(visitor), Date.now()]
  const question = await browser.navigate(`${visitor.seen.map(address => new URL(address)).find(({ pathname }) => pathname === '/auth')?.origin ?? ''}/session/end`)
  const done = confirm(browser, { ...question, address: browser.seen.at(-1) ?? '' })
  t.strictSame(await hers.both, ['4401 session_ended', 'cut'])
  t.ok(Date.now() - since < 1500, `within ${Date.now() - since} ms, the provider’s own work included`)
  await done
  t.equal(his.socket.readyState, WebSocket.OPEN)
  t.notOk(his.stream.destroyed)
  his.socket.terminate()
  his.stream.destroy()
})

t.test('a gate may always go on to the provider: from a form, a link and without a session', async t => {
  const { origin, provider, visitor } = await signedIn(t, ({ origin }) => ({ signOutAtProvider: 'always', postLogoutRedirectUri: `${origin}/oauth2/signed_out` }))
  const status = await visitor.navigate(`${origin}/oauth2/sign_in`)
  t.match(status.headers['content-security-policy'], new RegExp(`form-action 'self' ${provider.issuer};`), 'browsers hold it against the redirect too')
  t.match((await visitor.navigate(`${origin}/oauth2/sign_out`)).headers['content-security-policy'], new RegExp(`form-action 'self' ${provider.issuer};`))
  t.match((await visitor.navigate(`${origin}/oauth2/signed_out`)), { status: 303, location: /\/oauth2\/sign_in/ }, 'who is signed in is not told otherwise')
  for (const answer of [await signOut(visitor, { origin }), await visitor.navigate(`${origin}/oauth2/sign_out?rd=/reports`, { headers: HERE })]) {
    t.match(answer, { status: 303, location: new RegExp(`^${provider.issuer}/session/end\\?client_id=gate&.*post_logout_redirect_uri=`) })
  }
  const script = await visitor.ask(`${origin}/oauth2/sign_out`, { headers: { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' } })
  t.match(script, { status: 200, body: /You are signed out/ }, 'a script is not sent to where it may read nothing')
  t.match(await visitor.navigate(`${origin}/`), { status: 302 })
})

t.test('who comes back without our state, or with one that was changed, gets a page that leads nowhere else', async t => {
  const { origin, visitor } = await signedIn(t, ({ origin }) => ({ postLogoutRedirectUri: `${origin}/oauth2/signed_out` }))
  const state = new URL(linkIn(await signOut(visitor, { origin }, '?rd=/reports'), /^Sign out at/) ?? '').searchParams.get('state') ?? ''
  const of = async (query: string) => await new Visitor().navigate(`${origin}/oauth2/signed_out${query}`)
  t.match(linkIn(await of(`?state=${encodeURIComponent(state)}`), /^Sign in again/), /rd=%2Freports$/)
  for (const query of ['', '?state=', '?state=x', `?state=${encodeURIComponent(`${state.slice(0, -3)}AA=`)}`, `?state=${encodeURIComponent(state)}&state=x`, '?rd=https://evil.example', `?state=${'x'.repeat(9000)}`]) {
    const page = await of(query)
    t.match(page, { status: 200, location: '', setCookies: [], body: /may still be signed in at OpenID Connect/ }, query.slice(0, 40))
    t.match(linkIn(page, /^Sign in again/), /rd=%2F$/)
    t.notMatch(page.body, /evil|reports/)
  }
})

t.test('a state ends after an hour, and a login’s or another gate’s is none', async t => {
  const { origin, visitor, outside } = await signedIn(t, ({ origin }) => ({ postLogoutRedirectUri: `${origin}/oauth2/signed_out` }))
  const state = new URL(linkIn(await signOut(visitor, { origin }), /^Sign out at/) ?? '').searchParams.get('state') ?? ''
  const login = new URL((await visitor.navigate(`${origin}/oauth2/start`)).location).searchParams.get('state') ?? ''
  const sealed = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].find(({ name }) => name.includes('-login-'))?.value ?? ''
  const isBack = async (state: string) => (await new Visitor().navigate(`${origin}/oauth2/signed_out?state=${encodeURIComponent(state)}`)).body.includes('sent you back')
  t.ok(sealed.length > 20)
  t.strictSame([await isBack(state), await isBack(login), await isBack(sealed)], [true, false, false])
  outside.advance(3_601_000)
  t.notOk(await isBack(state))
})

t.test('the id_token goes along where that is wanted, and then the provider asks nothing', async t => {
  const { origin, provider, visitor } = await signedIn(t, ({ origin }) => ({ idTokenHint: true, postLogoutRedirectUri: `${origin}/oauth2/signed_out` }))
  const link = new URL(linkIn(await signOut(visitor, { origin }), /^Sign out at/) ?? '')
  t.match(link.searchParams.get('id_token_hint'), /^[\w-]+\.[\w-]+\.[\w-]+$/)
  t.equal(link.origin, provider.issuer)
  t.match(await confirm(visitor, await visitor.follow(link.href)), { status: 200, body: /has sent you back/ })
  const without = await signedIn(t)
  t.notMatch((await signOut(without.visitor, without)).body, /id_token_hint/)
})

t.test('--oauth-logout-url is where it leads, and what its own query says stays', async t => {
  for (const [settings, expected] of [
    [{ oauthLogoutUrl: 'https://id.example.com/out' }, { client_id: 'gate', logout_hint: /./ }],
    [{ oauthExtraParams: { LOGOUT_URL: 'https://id.example.com/out?client_id=mine&returnTo=https%3A%2F%2Fapp.example.com' } }, { client_id: /^mine$/, returnTo: 'https://app.example.com', logout_hint: /./ }]
  ] as const) {
    const { origin, visitor } = await signedIn(t, settings)
    const link = new URL(linkIn(await signOut(visitor, { origin }), /^Sign out at/) ?? '')
    t.equal(link.origin + link.pathname, 'https://id.example.com/out')
    t.match(Object.fromEntries(link.searchParams), expected)
  }
})

t.test('nothing of the provider is offered where nobody wants it, where it has no such place, and where it does not answer', async t => {
  const never = await signedIn(t, { signOutAtProvider: 'never' })
  t.equal(linkIn(await signOut(never.visitor, never), /^Sign out at/), undefined)
  const plain = await signedIn(t, ({ provider }) => ({ oauthProvider: 'generic', oauthIssuer: undefined, oauthAuthorizeUrl: provider.endpoints.authorize, oauthTokenUrl: provider.endpoints.token, oauthUserUrl: provider.endpoints.userinfo }))
  t.match(linkIn(await signOut(plain.visitor, plain), /^Sign out at/), undefined)
  const { origin, visitor, provider } = await signedIn(t)
  await provider.close()
  t.match((await signOut(visitor, { origin })).body, /You are signed out/)
  t.match(await visitor.navigate(`${origin}/`), { status: 302 })
})

for (const mode of ['offer', 'always'] as const) {
  t.test(`in a browser: signs out through the provider’s own form, and the app asks for a new sign-in (${mode})`, async t => {
    const browser = await launchBrowser(t)
    if (browser === undefined) return
    const { origin, provider } = await startGate(t, { settings: ({ origin }) => ({ signOutAtProvider: mode, postLogoutRedirectUri: `${origin}/oauth2/signed_out` }), provider: { remembers: true } })
    const page = await browser.newPage()
    const refused: string[] = []
    page.on('console', message => { if (/Content Security Policy/.test(message.text())) refused.push(message.text()) })
    await page.goto(`${origin}/page`)
    await signInAs(page, { login: 'ada' })
    t.equal(page.url(), `${origin}/page`)
    await page.goto(`${origin}/oauth2/sign_in`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    if (mode === 'offer') {
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
      await screenshot(page, 'pages/signed-out-offer')
      await page.getByRole('link', { name: /^Sign out at .* too$/ }).click()
    }
    await page.waitForURL(url => url.origin === provider.issuer && url.pathname === '/session/end')
    await page.getByRole('button', { name: 'Yes, sign me out' }).click()
    await page.waitForURL(url => url.origin === origin)
    t.equal(new URL(page.url()).pathname, '/oauth2/signed_out')
    t.match(await page.textContent('main'), /You are signed out[^]*OpenID Connect has sent you back here/)
    await page.goto(`${origin}/page`)
    t.ok(page.url().startsWith(`${provider.issuer}/interaction/`), 'who it is has to be said anew')
    t.strictSame(refused, [])
  })
}

t.test('open redirect: no rd of a sign-out leads anywhere but here, at once, by the page or on the way back', async t => {
  for (const signOutAtProvider of ['offer', 'always'] as const) {
    const { origin, provider, visitor } = await signedIn(t, ({ origin }) => ({ signOutAtProvider, postLogoutRedirectUri: `${origin}/oauth2/signed_out` }))
    for (const target of ['https://evil.example/', '//evil.example', '/\\evil.example', '/\t/evil.example', 'javascript:alert(1)', `${origin}.evil.example/`, `${origin}@evil.example/`, 'https:evil.example', '/oauth2/sign_out']) {
      const answer = await signOut(visitor, { origin }, `?rd=${encodeURIComponent(target)}&post_logout_redirect_uri=${encodeURIComponent(target)}`)
      t.notMatch(answer.body + answer.location, /evil|alert/, target)
      const onward = new URL(signOutAtProvider === 'always' ? answer.location : linkIn(answer, /^Sign out at/) ?? '')
      t.strictSame([onward.origin, onward.searchParams.get('post_logout_redirect_uri')], [provider.issuer, `${origin}/oauth2/signed_out`])
      const back = await new Visitor().navigate(`${origin}/oauth2/signed_out?${new URLSearchParams({ state: onward.searchParams.get('state') ?? '', rd: target, post_logout_redirect_uri: target })}`)
      t.match([back.status, back.location, linkIn(back, /^Sign in again/)], [200, '', /[?&]rd=%2F(?:oauth2%2Fsign_in)?$/], 'and “Sign in again” stays here')
    }
  }
})

t.test('in a browser: a link on another site only asks, and its button signs out', async t => {
  const browser = await launchBrowser(t)
  if (browser === undefined) return
  const elsewhere: { link: string } = { link: '' }
  const other = (await startServer(t, createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(`<a href="${elsewhere.link}">A prize</a><img alt="" src="${elsewhere.link}">`)
  }))).replace('127.0.0.1', 'localhost')
  const { origin } = await startGate(t)
  elsewhere.link = `${origin}/oauth2/sign_out`
  const page = await browser.newPage()
  await page.goto(`${origin}/page`)
  await signInAs(page, { login: 'ada' })
  const isIn = async () => (await (await page.context().request.get(`${origin}/page`, { maxRedirects: 0 })).status()) === 200
  await page.goto(other)
  t.ok(await isIn(), 'the picture signed nobody out')
  await page.getByRole('link', { name: 'A prize' }).click()
  await page.getByRole('heading', { name: 'Sign out?' }).waitFor()
  t.ok(await isIn(), 'nor did the link')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
  t.notOk(await isIn())
  await page.goto(`${origin}/page`)
  await signInAs(page, { login: 'ada' })
  await page.goto(`${origin}/oauth2/sign_out`)
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
  t.notOk(await isIn(), 'an address that was typed asks nothing')
})
