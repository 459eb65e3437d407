import { randomBytes } from 'node:crypto'
import t from 'tap'
import { COOKIE_SECRET, startGate, type Running } from '../fixtures/gate.ts'
import { personCalled } from '../fixtures/people.ts'
import { python } from '../fixtures/python.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { openSession, tokenOf } from '../panel/bokeh.ts'
import { startPanel } from '../panel/serve.ts'
import { handshake } from '../panel/setup.ts'

// What Panel's documents promise about paths, as the gate keeps it; the numbers are those of the list in docs/panel.md.

const redirectUriOf = (location: string) => new URL(location).searchParams.get('redirect_uri')
const urlsOf = ({ app }: Running) => app.received.map(({ url }) => url)
const links = (body: string): string[] => [...body.matchAll(/(?:href|action)="([^"]*)"/g)].flatMap(([, url = '']) => url.startsWith('data:') ? [] : [url.replaceAll('&amp;', '&')])
const here = { headers: { 'sec-fetch-site': 'same-origin' } }

/** Where the provider is asked to send people back to, for whoever comes to this page. */
async function registered (origin: string, path = '/', headers: Record<string, string> = {}): Promise<string | null> {
  const visitor = new Visitor()
  const start = await visitor.navigate(origin + path, { headers })
  return redirectUriOf((await visitor.navigate(new URL(new URL(start.location, origin).pathname + new URL(start.location, origin).search, origin).href, { headers })).location)
}

t.test('checklist 3: a page with a query is exactly where the sign-in ends', async t => {
  const running = await startGate(t, { settings: { app: 'panel' } })
  const visitor = new Visitor()
  t.match(await visitor.navigate(`${running.origin}/app?x=1&y=2`), { status: 302, location: '/oauth2/start?rd=%2Fapp%3Fx%3D1%26y%3D2' })
  t.equal((await visitor.signIn(`${running.origin}/app?x=1&y=2`, 'ada')).address, `${running.origin}/app?x=1&y=2`)
  t.strictSame(urlsOf(running), ['/app?x=1&y=2'], 'the app has seen that page, once, and nothing else')
})

t.test('checklist 4: the redirect URI is the bare origin, and its callback on / completes the login', async t => {
  const running = await startGate(t, { settings: { app: 'panel' } })
  t.equal(await registered(running.origin, '/app'), running.origin, 'without a slash at its end')
  const visitor = new Visitor()
  t.match(await visitor.signIn(`${running.origin}/app`, 'ada'), { status: 200, address: `${running.origin}/app` })
  const callback = visitor.seen.find(address => address.includes('code=')) ?? ''
  t.equal(new URL(callback).pathname, '/')
  t.notOk(urlsOf(running).some(url => url.includes('code=')), 'which the app never saw')
})

for (const [number, path] of [[5, '/login'], [6, '/app']] as const) {
  t.test(`checklist ${number}: a redirect URI with the path ${path} completes the login there, and ends at the page that was asked for`, async t => {
    const running = await startGate(t, { settings: ({ origin }) => ({ app: 'panel', oauthRedirectUri: origin + path }), redirectPaths: [path] })
    const visitor = new Visitor()
    t.match(await visitor.signIn(`${running.origin}/app?x=1`, 'ada'), { status: 200, address: `${running.origin}/app?x=1` })
    t.equal(new URL(visitor.seen.find(address => address.includes('code=')) ?? '').pathname, path)
    t.equal((await new Visitor().signIn(`${running.origin}/login?next=/app`, 'ada')).address, `${running.origin}/app`, 'and /login still begins one')
    t.strictSame(urlsOf(running), ['/app?x=1', '/app'])
  })
}

t.test('checklist 7: the app’s own code and state are the app’s, also where callbacks come', async t => {
  const running = await startGate(t, { settings: ({ origin }) => ({ app: 'panel', oauthRedirectUri: `${origin}/app` }), redirectPaths: ['/app'] })
  const visitor = new Visitor()
  t.equal((await visitor.signIn(`${running.origin}/app?code=abc&state=zz`, 'ada')).address, `${running.origin}/app?code=abc&state=zz`, 'for who has to sign in first')
  t.match(await visitor.navigate(`${running.origin}/app?code=abc&state=zz&code=d`), { status: 200 }, 'and for who has')
  t.strictSame(urlsOf(running), ['/app?code=abc&state=zz', '/app?code=abc&state=zz&code=d'], 'untouched')
})

t.test('checklist 8: --use-xheaders takes the scheme from the proxy, the last of a list; without it nothing is believed', async t => {
  const { origin } = await startGate(t, { settings: { app: 'panel', useXheaders: true } })
  const https = origin.replace('http:', 'https:')
  t.equal(await registered(origin, '/', { 'x-forwarded-proto': 'https' }), https)
  t.equal(await registered(origin, '/', { 'x-scheme': 'https' }), https)
  t.equal(await registered(origin, '/', { 'x-forwarded-proto': 'https,http' }), origin)
  t.equal(await registered(origin, '/', { 'x-forwarded-proto': 'http, https' }), https)
  t.equal(await registered(origin, '/', { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' }), https, 'the host is not the proxy’s to say')
  const { origin: without } = await startGate(t, { settings: { app: 'panel' } })
  t.equal(await registered(without, '/', { 'x-forwarded-proto': 'https' }), without)
})

t.test('checklist 8: what the app is told of the scheme and the client is the gate’s word, which its own --use-xheaders may believe', async t => {
  const running = await startGate(t, { settings: { app: 'panel', useXheaders: true } })
  const visitor = new Visitor()
  await visitor.signIn(`${running.origin}/app`, 'ada')
  await visitor.ask(`${running.origin}/app`, { headers: { 'x-scheme': 'http', 'x-real-ip': '203.0.113.9', 'x-forwarded-for': '198.51.100.1, 203.0.113.7' } })
  t.match(running.app.received.at(-1)?.headers, { 'x-forwarded-for': '203.0.113.7', 'x-real-ip': '203.0.113.7' })
  t.equal(running.app.received.at(-1)?.headers['x-scheme'], undefined, 'a client’s own word never gets there')
})

t.test('checklist 28: a next that leads elsewhere leads home', async t => {
  const running = await startGate(t, { settings: { app: 'panel' } })
  for (const next of ['https://evil.example', '//evil.example', '///evil.example', '////evil.example', '/\\evil.example', '\\\\evil.example', '/%09/evil.example', '/\t/evil.example', '/%2F/evil.example', 'javascript:1', 'http:evil.example', 'http:/evil.example', '', '.', ' //evil.example', '/login', '/logout', '/login?next=//evil.example']) {
    const visitor = new Visitor()
    const { address } = await visitor.signIn(`${running.origin}/login?next=${encodeURIComponent(next)}`, 'ada')
    t.equal(new URL(address).origin, running.origin, `next=${next}`)
    t.notOk(visitor.seen.some(seen => new URL(seen).hostname === 'evil.example'))
  }
  t.equal((await new Visitor().signIn(`${running.origin}/login`, 'ada')).address, `${running.origin}/`, 'and none at all does too')
  t.equal((await new Visitor().signIn(`${running.origin}/login?next=${encodeURIComponent('/app?a=/b&c=//d')}`, 'ada')).address, `${running.origin}/app?a=/b&c=//d`, 'one that stays is kept to the letter')
  t.notOk(urlsOf(running).some(url => url.startsWith('//')), 'the app is asked for nothing odd')
})

t.test('checklist 29: the cookie of a session, and what clears it, over http and https and below a path', async t => {
  for (const [settings, path, home, secure] of [[{}, '/', '', false], [{ cookiePath: '/app' }, '/app', '/app', false], [{ cookieSecure: 'on', cookieName: 'app-session' }, '/', '', true]] as const) {
    const { origin } = await startGate(t, { settings: { app: 'panel', ...settings } })
    const visitor = new Visitor()
    const question = await visitor.follow(`${origin}${home}/`)
    const chosen = await visitor.navigate(question.address, { form: { login: 'ada' } })
    let answer = await visitor.navigate(new URL(chosen.location, question.address).href)
    while (!answer.location.startsWith(origin)) answer = await visitor.navigate(new URL(answer.location, question.address).href)
    const set = (await visitor.navigate(answer.location)).setCookies.filter(line => !/-(?:login|arrived|state)|Max-Age=0/.test(line) && /^(?:oauth-gate-\d+|app-session)=/.test(line))
    const cleared = (await visitor.navigate(`${origin}${home}/oauth2/sign_out`, here)).setCookies.filter(line => line.startsWith(`${set[0]?.split('=', 1)[0] ?? 'none'}=`))
    t.equal(set.length, 1)
    t.ok((set[0]?.length ?? 0) < 4096)
    t.equal(cleared.length, 1)
    t.match(cleared[0], /=;.*Max-Age=0/)
    for (const cookie of [...set, ...cleared]) {
      t.match(cookie, /; HttpOnly/)
      t.match(cookie, /; SameSite=Lax/)
      t.equal(cookie.includes('; Secure'), secure)
      t.equal(/; Path=([^;]*)/.exec(cookie)?.[1], path)
    }
    t.equal((await visitor.ask(`${origin}${home}/oauth2/userinfo`)).status, 401, 'and it is gone')
  }
})

t.test('checklist 29: ten kilobytes of tokens are in cookies below 4,096 bytes each, Secure over https, and signing out clears every one of them at its path', async t => {
  const ada = personCalled('ada')
  const people = [{ ...ada, claims: { ...ada.claims, padding: randomBytes(3_550).toString('hex') } }]
  for (const [settings, path, home, proto] of [[{}, '/', '', 'http'], [{ cookiePath: '/app' }, '/app', '/app', 'http'], [{}, '/', '', 'https'], [{ cookiePath: '/app' }, '/app', '/app', 'https']] as const) {
    const { origin, provider } = await startGate(t, { settings: { app: 'panel', useXheaders: true, ...settings }, provider: { people } })
    provider.setRedirectUris('gate', [origin.replace('http:', `${proto}:`)])
    const visitor = new Visitor()
    const ask = (address: string, form?: Record<string, string>) => visitor.navigate(address.replace('https://127', 'http://127'), { headers: { 'x-forwarded-proto': proto, ...here.headers }, ...form && { form } })
    const lines: string[] = []
    let at = `${origin}${home}/page`
    let answer = await ask(at)
    while (answer.location !== '' || at.includes('/interaction/')) {
      at = answer.location === '' ? at : new URL(answer.location, at).href
      answer = await ask(at, answer.location === '' ? { login: 'ada' } : undefined)
      lines.push(...answer.setCookies)
    }
    t.match([answer.status, at], [200, new RegExp(`${home}/page$`)])
    const isSession = (line: string) => /^(?:oauth-gate-\d+|__(?:Host|Secure)-oauth-gate)(?:\.\d)?(?:=|$)/.test(line)
    const set = lines.filter(line => isSession(line) && !line.includes('Max-Age=0'))
    const cleared = (await ask(`${origin}${home}/oauth2/sign_out`)).setCookies.filter(isSession)
    const namesOf = (cookies: readonly string[]) => cookies.map(line => line.split('=', 1)[0])
    t.ok(set.length > 3 && set.join('').length > 13_000, `${set.length} cookies`)
    t.strictSame(namesOf(cleared), namesOf(set))
    for (const cookie of [...set, ...cleared]) {
      t.ok((cookie.split(';', 1)[0]?.length ?? 0) < 4_096)
      t.match(cookie, /; HttpOnly/)
      t.match(cookie, /; SameSite=Lax/)
      t.equal(cookie.includes('; Secure'), proto === 'https')
      t.equal(/; Path=([^;]*)/.exec(cookie)?.[1], path)
    }
    t.strictSame(visitor.cookieNames().filter(isSession), [], 'the browser keeps none')
    t.equal((await visitor.ask(`${origin}${home}/oauth2/userinfo`, { headers: { 'x-forwarded-proto': proto } })).status, 401)
  }
})

t.test('checklist 30: --prefix has login and logout below it, the redirect URI too, and the logout page’s button works', async t => {
  const running = await startGate(t, { settings: { app: 'panel', prefix: 'apps/x' }, redirectPaths: ['/apps/x'] })
  const { origin } = running
  t.equal(await registered(origin, '/apps/x/app'), `${origin}/apps/x`)
  const visitor = new Visitor()
  t.equal((await visitor.signIn(`${origin}/apps/x/login?next=/apps/x/app`, 'ada')).address, `${origin}/apps/x/app`)
  const out = await visitor.navigate(`${origin}/apps/x/logout`, here)
  const [button = ''] = links(out.body)
  t.match([out.status, button], [200, /^\/apps\/x\/login\?next=/])
  t.equal((await visitor.ask(`${origin}/apps/x/oauth2/userinfo`)).status, 401)
  t.match(await visitor.signIn(origin + button, 'ada'), { status: 200, address: `${origin}/apps/x/` })
  t.equal((await new Visitor().navigate(`${origin}/login`)).location, '/apps/x/oauth2/start?rd=%2Flogin', '/login itself is a page as any other')
  t.strictSame(urlsOf(running), ['/apps/x/app', '/apps/x/'])
})

t.test('checklist 31: --root-path, with a slash at its end or without, is in the redirect URI and in next once', async t => {
  for (const rootPath of ['/proxy', '/proxy/']) {
    const running = await startGate(t, { settings: { app: 'panel', rootPath } })
    const { origin } = running
    running.provider.setRedirectUris('gate', [`${origin}/proxy`])
    const visitor = new Visitor()
    const start = await visitor.navigate(`${origin}/app?x=1`) // as the proxy has left it
    t.equal(start.location, '/proxy/oauth2/start?rd=%2Fproxy%2Fapp%3Fx%3D1')
    const there = await visitor.navigate(origin + start.location.replace('/proxy', ''))
    t.equal(redirectUriOf(there.location), `${origin}/proxy`)
    const form = await visitor.follow(there.location)
    const chosen = await visitor.navigate(form.address, { form: { login: 'ada' } })
    let back = new URL(chosen.location, form.address).href
    while (!back.startsWith(`${origin}/proxy?`)) back = new URL((await visitor.navigate(back)).location, back).href
    const ended = await visitor.navigate(back.replace('/proxy?', '/?'))
    t.match(ended, { status: 303, location: '/proxy/app?x=1' })
    const out = await visitor.navigate(`${origin}/logout`, here)
    t.match(links(out.body), ['/proxy/login?next=%2Fproxy%2F'], 'the button after signing out')
    t.notOk(urlsOf(running).some(url => url.includes('proxy')), 'the app knows nothing of it')
  }
})

t.test('checklist 32: --login-endpoint and --logout-endpoint beat the preset’s, and /login is the app’s then', async t => {
  const running = await startGate(t, { settings: { app: 'panel', loginEndpoint: 'signin', logoutEndpoint: '/signoff' } })
  const { origin } = running
  const visitor = new Visitor()
  t.equal((await visitor.signIn(`${origin}/signin?next=/app`, 'ada')).address, `${origin}/app`)
  for (const path of ['/login', '/logout']) await visitor.navigate(origin + path, here)
  t.equal((await visitor.ask(`${origin}/oauth2/userinfo`)).status, 200, 'nobody was signed out by it')
  const out = await visitor.navigate(`${origin}/signoff`, here)
  t.strictSame([out.status, links(out.body)[0]], [200, '/signin?next=%2F'])
  t.equal((await visitor.ask(`${origin}/oauth2/userinfo`)).status, 401)
  t.strictSame(urlsOf(running), ['/app', '/login', '/logout'])
})

t.test('checklist 33: a slash after the app’s name is no reason to lose the login', async t => {
  const running = await startGate(t, { settings: { app: 'panel' } })
  t.match(await new Visitor().signIn(`${running.origin}/app/`, 'ada'), { status: 200, address: `${running.origin}/app/` })
  t.strictSame(urlsOf(running), ['/app/'])
})

t.test('checklist 36: /logout ends the session, every copy of its cookie, and its button leads to the login endpoint', async t => {
  const running = await startGate(t, { settings: { app: 'panel' } })
  const { origin, gate } = running
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/app`, 'ada')
  const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
  const ask = async () => (await gate.inject({ url: '/app', headers: { host: new URL(origin).host, cookie } })).statusCode
  t.equal(await ask(), 200)
  const linked = await visitor.navigate(`${origin}/logout`, { headers: { 'sec-fetch-site': 'cross-site' } })
  t.match(linked, { status: 200, body: /<form/ }, 'a link of another site only asks')
  t.equal(await ask(), 200)
  const out = await visitor.navigate(`${origin}/logout`, here)
  t.match(out, { status: 200, headers: { 'content-type': /html/ } })
  t.match(links(out.body), ['/login?next=%2F', /\/session\/end\?client_id=gate/], 'and the provider’s sign-out is offered')
  t.equal(await ask(), 401, 'a cookie that somebody kept is worth nothing')
  t.equal((await visitor.signIn(origin + (links(out.body)[0] ?? ''), 'ada')).address, `${origin}/`)
  t.notOk(urlsOf(running).some(url => url.startsWith('/log')), 'and none of it reaches the app')
})

t.test('checklist 52: what Panel leaves open needs a sign-in, static files too; for guests the files of their pages do not', async t => {
  const open = ['/static/js/bokeh.min.js', '/static/js/bokeh-widgets.min.js?v=1', '/static/js/bokeh-gl.js', '/static/extensions/panel/panel.min.js', '/static/extensions/panel/bundled/theme/native.css']
  const closed = ['/liveness', '/favicon.ico', '/static/x.js', '/static/js/app.js', '/static/js/bokeh.min.js/x', '/static/extensions/panel', '/static/extensions/', '/app/static/js/bokeh.min.js', '/components/app/A/__css__/a.css', '/static/extensions/panel/../../../app', '/static/extensions/panel/%2e%2e/%2e%2e/app', '/static/extensions/..%2f..%2fapp', '/static/js/bokeh-../../../app.js']
  const strict = await startGate(t, { settings: { app: 'panel' } })
  for (const path of [...open, ...closed]) t.match((await new Visitor().ask(strict.origin + path)).status, 401, path)
  t.strictSame(urlsOf(strict), [], 'and the app is asked for none of it')
  for (const [prefix, redirect] of [['', ''], ['/apps/x', '/apps/x']] as const) {
    const guests = await startGate(t, { settings: { app: 'panel', oauthGuestEndpoints: [`${prefix}/app`], ...prefix !== '' && { prefix } }, redirectPaths: [redirect] })
    for (const path of open) t.equal((await new Visitor().ask(guests.origin + prefix + path, { headers: { 'x-forwarded-user': 'root' } })).status, 200, path)
    t.notOk(guests.app.received.some(({ headers }) => headers['x-forwarded-user'] !== undefined))
    const before = urlsOf(guests).length
    for (const path of closed) t.ok([400, 401].includes((await new Visitor().ask(guests.origin + prefix + path)).status), path)
    t.equal((await new Visitor().ask(guests.origin + prefix + (open[0] ?? ''), { method: 'POST' })).status, 401, 'to be read alone')
    t.equal(urlsOf(guests).length, before)
  }
})

t.test('checklist 30, 32, 33, 52: the same with the real Panel below a prefix, where a guest sees a page whose files load', async t => {
  const interpreter = python(t, 'panel')
  if (interpreter === null) return
  const { url } = await startPanel(t, interpreter, { apps: ['app'], flags: ['--prefix=/apps/x'], env: { PANEL_COOKIE_SECRET: COOKIE_SECRET } })
  const running = await startGate(t, { app: { url, received: [] }, settings: { app: 'panel', prefix: '/apps/x', oauthGuestEndpoints: ['/apps/x/app'] }, redirectPaths: ['/apps/x'] })
  const { origin } = running
  const guest = new Visitor()
  const page = await guest.navigate(`${origin}/apps/x/app`)
  t.match(page, { status: 200, body: /"token":/ })
  const scripts = [...page.body.matchAll(/(?:src|href)="([^"]+\.(?:js|css)[^"]*)"/g)].map(([, address = '']) => new URL(address.replaceAll('&amp;', '&'), `${origin}/apps/x/app`)).filter(address => address.origin === origin)
  t.ok(scripts.length > 3, `${scripts.length} files`)
  for (const { href } of scripts) t.equal((await guest.ask(href)).status, 200, href)
  const opened = await openSession(`${origin}/apps/x/app`, tokenOf(page.body), handshake(running, guest))
  t.teardown(opened.close)
  t.match(opened, { status: 101, protocol: 'bokeh' })
  t.match(await opened.document(), /Click me/)
  const visitor = new Visitor()
  t.match(await visitor.signIn(`${origin}/apps/x/login?next=/apps/x/app/`, 'ada'), { status: 200, body: /"token":/ })
  t.equal((await guest.ask(`${origin}/apps/x/`)).status, 401, 'and the list of apps is for whoever is signed in')
})
