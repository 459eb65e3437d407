import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { freePort, startApp, startGate } from '../fixtures/gate.ts'
import { onlyInCi } from '../fixtures/lacking.ts'
import { Visitor } from '../fixtures/visitor.ts'

const PUBLIC = [{ path: '/', allow: 'public' }] as const

async function open (t: Test, origin: string, text: string): Promise<Socket> {
  const socket = connect({ port: Number(new URL(origin).port), host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  socket.on('error', () => {}).resume().write(text, 'latin1')
  return socket
}

const within = async (milliseconds: number, condition: () => boolean) => {
  for (const end = performance.now() + milliseconds; performance.now() < end && !condition();) await new Promise(resolve => { setTimeout(resolve, 20) })
  return condition()
}

t.test('cookie tossing: stray login cookies of another page on this host do not stop a sign-in', async t => {
  const { origin } = await startGate(t)
  const { port } = new URL(origin)
  const visitor = new Visitor()
  visitor.cookies.set('127.0.0.1', new Map(['a b', 'é', '', 'x'.repeat(44)].map(state => [state, { name: `oauth-gate-${port}-login-${state}`, value: 'b=1', path: '/' }])))
  t.match(await visitor.signIn(`${origin}/page`, 'ada'), { status: 200, address: `${origin}/page` })
})

t.test('cookie flood: thousands of login cookies cost one answer of usual size', async t => {
  const { origin } = await startGate(t)
  const { port } = new URL(origin)
  const cookie = Array.from({ length: 900 }, (_, index) => `oauth-gate-${port}-login-${String(index).padStart(44, 'x')}=`).join('; ')
  const answer = await new Visitor().navigate(`${origin}/oauth2/start`, { headers: { cookie } })
  t.equal(answer.status, 302)
  t.ok(answer.setCookies.length <= 17, `${answer.setCookies.length} cookies`)
})

t.test('a client that offered h2c and left does not keep its stream open', async t => {
  let streams = 0
  const app = await startApp(t, (_request, response) => {
    streams++
    response.on('close', () => { streams-- }).writeHead(200, { 'content-type': 'text/event-stream' }).write('data: x\n\n')
  })
  const { origin } = await startGate(t, { app, settings: { rules: PUBLIC } })
  const socket = await open(t, origin, 'GET /events HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n')
  t.ok(await within(3000, () => streams === 1))
  socket.end()
  t.ok(await within(3000, () => streams === 0), 'its end is seen')
})

t.test('no stream survives its session, whatever it is called', async t => {
  for (const type of ['application/x-ndjson', 'Text/Event-Stream']) {
    let closed = false
    const app = await startApp(t, (request, response) => {
      if (request.url !== '/feed') return void response.end('page')
      response.on('close', () => { closed = true }).writeHead(200, { 'content-type': type }).write('x\n')
    })
    const { origin } = await startGate(t, { app })
    const visitor = new Visitor()
    await visitor.signIn(`${origin}/`, 'ada')
    const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
    const feed = await open(t, origin, `GET /feed HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nCookie: ${cookie}\r\n\r\n`)
    await once(feed, 'data')
    t.notOk(closed)
    await visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST' })
    t.ok(await within(3000, () => closed), type)
  }
})

t.test('the body of a refused request is not read for ever', async t => {
  const { origin, app } = await startGate(t)
  const socket = await open(t, origin, `POST /upload HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nTransfer-Encoding: chunked\r\n\r\n`)
  let answer = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => { answer += chunk })
  const drip = setInterval(() => socket.write('1\r\nx\r\n'), 50)
  t.teardown(() => clearInterval(drip))
  t.ok(await within(6000, () => socket.destroyed || socket.closed || socket.readableEnded), 'it is cut')
  t.match(answer, /^HTTP\/1\.1 401 /, 'after it was answered')
  t.equal(app.received.length, 0)
})

t.test('a refused client that never closes its side does not keep the connection', async t => {
  const { origin, gate } = await startGate(t)
  const connections = async () => await new Promise<number>(resolve => { gate.server.getConnections((_error, count) => resolve(count)) })
  const socket = await open(t, origin, 'nonsense\r\n\r\n')
  t.ok(await within(1000, () => socket.readableEnded), 'we say goodbye')
  await new Promise(resolve => { setTimeout(resolve, 1500) })
  t.equal(await connections(), 0, 'and are gone, though it is silent and its half is open')
})

t.test('sign-out CSRF: a form of another port or sibling host only asks', async t => {
  const { origin } = await startGate(t)
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  for (const foreign of ['http://127.0.0.1:1', 'https://evil.example', 'null']) {
    t.match(await visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST', headers: { origin: foreign } }), { status: 200, body: /Sign out\?/, setCookies: [] })
  }
  t.equal((await visitor.ask(`${origin}/`)).status, 200, 'still signed in')
  await visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST', headers: { origin } })
  t.equal((await visitor.ask(`${origin}/`)).status, 401)
})

t.test('a stream that was asked for with the headers of a websocket ends with its session too', async t => {
  let closed = false
  const app = await startApp(t, (request, response) => {
    if (request.url !== '/sse') return void response.end('page')
    response.on('close', () => { closed = true }).writeHead(200, { 'content-type': 'text/event-stream' }).write('data: x\n\n')
  })
  const { origin } = await startGate(t, { app })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
  const stream = await open(t, origin, `GET /sse HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nOrigin: ${origin}\r\nCookie: ${cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`)
  await once(stream, 'data')
  await visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST' })
  t.ok(await within(3000, () => closed))
})

t.test('a form of ours that never comes does not keep its connection', onlyInCi('ten seconds of waiting'), async t => {
  t.setTimeout(30_000)
  const { origin, gate } = await startGate(t)
  const connections = async () => await new Promise<number>(resolve => { gate.server.getConnections((_error, count) => resolve(count)) })
  const { host } = new URL(origin)
  await open(t, origin, `POST /oauth2/sign_out HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\n`)
  const bad = await open(t, origin, `POST /oauth2/%zz HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 500\r\n\r\nx`)
  await once(bad, 'data')
  for (let waited = 0; waited < 13 && await connections() > 0; waited++) await new Promise(resolve => { setTimeout(resolve, 1000) })
  t.equal(await connections(), 0)
})

t.test('slow reading: an answer of ours that nobody reads does not keep its connection', onlyInCi('a minute of waiting'), async t => {
  t.setTimeout(120_000)
  const { origin, gate } = await startGate(t)
  const served: Socket[] = []
  gate.server.on('connection', (socket: Socket) => served.push(socket))
  const socket = await open(t, origin, '')
  socket.pause()
  const page = `GET /oauth2/sign_in?rd=/${'a'.repeat(1_900)} HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nAccept: text/html\r\n\r\n`
  for (let stuck = 0; stuck < 10;) {
    if ((served[0]?.writableLength ?? 0) === 0) socket.write(page.repeat(20))
    await new Promise(resolve => { setTimeout(resolve, 20) })
    stuck = (served[0]?.writableLength ?? 0) === 0 ? 0 : stuck + 1
  }
  t.notOk(served[0]?.destroyed)
  t.ok(await within(75_000, () => served[0]?.destroyed === true))
})

t.test('sign-out works behind a proxy that ends TLS and that nobody told us of', async t => {
  const { origin } = await startGate(t)
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  const answer = await visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST', headers: { origin: origin.replace('http:', 'https:'), 'sec-fetch-site': 'same-origin' } })
  t.match(answer.body, /signed out/)
  t.strictSame(visitor.cookieNames(), [])
})

t.test('the state of a password form is no callback', async t => {
  const { origin, provider } = await startGate(t, {
    settings: ({ provider: { endpoints } }) => ({ oauthProvider: 'password', oauthIssuer: undefined, oauthKey: 'public', oauthSecret: undefined, oauthTokenUrl: endpoints.token, oauthUserUrl: endpoints.userinfo })
  })
  const visitor = new Visitor()
  const state = /name="state" value="([^"]+)"/.exec((await visitor.follow(`${origin}/page`)).body)?.[1] ?? ''
  t.equal((await visitor.navigate(`${origin}/oauth2/callback?code=stolen&state=${state}`)).status, 404)
  t.match(await visitor.navigate(`${origin}/?code=stolen&state=${state}`), { status: 302, location: /start/ }, 'it is the app’s, and needs a session')
  t.equal(provider.requests.length, 0)
})

t.test('brute force: an IPv6 network counts as one address, of the size that a household is given', async t => {
  const { origin } = await startGate(t, {
    settings: ({ provider: { endpoints } }) => ({ trustedProxy: ['127.0.0.1'], oauthProvider: 'password', oauthIssuer: undefined, oauthKey: 'public', oauthSecret: undefined, oauthTokenUrl: endpoints.token, oauthUserUrl: endpoints.userinfo })
  })
  const visitor = new Visitor()
  const state = /name="state" value="([^"]+)"/.exec((await visitor.follow(`${origin}/page`)).body)?.[1] ?? ''
  const attempt = async (address: string, username: string) => (await visitor.navigate(`${origin}/oauth2/sign_in`, { form: { state, username, password: 'x' }, headers: { 'x-forwarded-for': address } })).status
  let last = 0
  for (let count = 0; count < 31; count++) last = await attempt(`2001:db8:0:${count.toString(16)}::1`, `name-${count}`)
  t.equal(last, 429)
  t.equal(await attempt('2001:db8:0:100::1', 'another'), 401, 'the network next to it is another')
})

t.test('a form that is no form is refused, and an expectation that we do not know', async t => {
  const { origin } = await startGate(t)
  for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x']) {
    t.equal((await new Visitor().ask(`${origin}/oauth2/sign_out`, { method: 'POST', form: { a: '1' }, headers: { 'content-type': type } })).status, 400, type)
  }
  const answer = await new Visitor().ask(`${origin}/`, { headers: { expect: 'miracles' } })
  t.match(answer, { status: 400, headers: { 'x-oauth-gate': 'GATE_MALFORMED_REQUEST' } })
})

t.test('open redirect: on the page of an app that is down no link leads to another host', async t => {
  const port = await freePort()
  const { origin } = await startGate(t, { app: { url: `http://127.0.0.1:${port}`, received: [] } })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  for (const path of ['//evil.example/x', '///evil.example', '/\\evil.example/x', '/\\/evil.example']) {
    const { status, body } = await visitor.navigate(origin + path)
    t.equal(status, 502)
    const links = [...body.matchAll(/<a [^>]*href="([^"]*)"/g)].map(([, href]) => href ?? '')
    t.equal(links.length, 2)
    for (const link of links) t.equal(new URL(link, origin).origin, origin, `${link} on ${path}`)
    t.match(new URL(links[0] ?? '', origin).pathname, /^\/\/.*evil.example/, 'and to try again is to ask for the same page')
  }
})

t.test('cookie tossing: the mark of somebody else’s sign-ins keeps nobody from signing in', async t => {
  const { origin } = await startGate(t)
  const attacker = new Visitor()
  for (let at = 0; at < 3; at++) {
    await attacker.signIn(`${origin}/oauth2/start?prompt=again`, 'ben')
    for (const [key, { name }] of attacker.cookies.get('127.0.0.1') ?? []) if (!name.endsWith('-arrived')) attacker.cookies.get('127.0.0.1')?.delete(key)
    if (at < 2) await attacker.navigate(`${origin}/`)
  }
  const cookie = [...attacker.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join()
  t.match(cookie, /-arrived=2-0-/, 'one redirect more is one too many')

  const visitor = new Visitor()
  const page = await visitor.navigate(`${origin}/page`, { headers: { cookie } })
  t.match(page, { status: 400, headers: { 'x-oauth-gate': 'GATE_SIGN_IN_LOOP' } })
  const link = /<a [^>]*href="([^"]*)"/.exec(page.body)?.[1]?.replace(/&amp;/g, '&') ?? ''
  const begun = await visitor.navigate(origin + link, { headers: { cookie } })
  t.equal(begun.status, 302, 'its link signs in, whatever the mark says')
  t.match(begun.location, /\/auth\?/)
  t.match(await visitor.signIn(origin + link, 'ada'), { status: 200, address: `${origin}/page` })
})

t.test('a browser that fetches the sign-out ahead of a click ends no session', async t => {
  const { origin } = await startGate(t, { settings: { logoutEndpoint: '/logout' } })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  for (const path of ['/oauth2/sign_out', '/logout']) {
    const answer = await visitor.navigate(origin + path, { headers: { 'sec-fetch-site': 'none', 'sec-purpose': 'prefetch;prerender' } })
    t.match(answer, { status: 204, setCookies: [] })
  }
  t.equal((await visitor.ask(`${origin}/`)).status, 200, 'still signed in')
  t.match((await visitor.navigate(`${origin}/logout`, { headers: { 'sec-fetch-site': 'none' } })).body, /You are signed out/)
})

t.test('a slash behind the callback, registered or put there by a proxy, strands no code', async t => {
  const { origin, app } = await startGate(t, { redirectPaths: ['/oauth2/callback/'], settings: ({ origin }) => ({ oauthRedirectUri: `${origin}/oauth2/callback/` }) })
  t.match(await new Visitor().signIn(`${origin}/page`, 'ada'), { status: 200, address: `${origin}/page` })
  t.match(await new Visitor().ask(`${origin}/oauth2/callback/?state=x`), { status: 400, headers: { 'x-oauth-gate': 'GATE_LOGIN_MISMATCH' } })
  t.strictSame(app.received.map(({ url }) => url), ['/page'], 'and the app has seen none')
})

t.test('sign-out CSRF: neither a picture in a page of the app nor a form without an Origin from elsewhere ends a session', async t => {
  const { origin } = await startGate(t, { settings: { logoutEndpoint: '/logout' } })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  for (const destination of ['image', 'iframe', 'style', 'script', 'video']) {
    const answer = await visitor.ask(`${origin}/logout`, { headers: { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': destination, 'sec-fetch-mode': 'no-cors' } })
    t.match(answer, { setCookies: [], body: /Sign out\?/ }, destination)
  }
  for (const site of ['cross-site', 'same-site']) {
    t.match(await visitor.ask(`${origin}/logout`, { form: {}, headers: { 'sec-fetch-site': site } }), { setCookies: [], body: /Sign out\?/ }, site)
  }
  t.equal((await visitor.ask(`${origin}/`)).status, 200, 'still signed in')
  t.match((await visitor.ask(`${origin}/logout`, { headers: { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' } })).body, /You are signed out/, 'a script of the app may')
})
