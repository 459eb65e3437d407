import { connect } from 'node:net'
import t from 'tap'
import { startApp, startGate } from '../fixtures/gate.ts'
import { Visitor } from '../fixtures/visitor.ts'

const RULES = [
  { path: '/admin', allow: { groups: ['admins'] } },
  { path: '/public', allow: 'public' },
  { path: '/', allow: 'signed-in' }
] as const

/** Bytes as they are, the answer as it comes. */
async function speak (origin: string, text: string): Promise<string> {
  const { port } = new URL(origin)
  return await new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(text, 'latin1'))
    let answer = ''
    socket.setTimeout(3000, () => socket.destroy()).on('close', () => resolve(answer))
    socket.setEncoding('latin1').on('data', (chunk: string) => { answer += chunk }).on('error', reject)
  })
}

t.test('rules: each person reaches what is theirs, and the app sees nothing else', async t => {
  const { origin, app } = await startGate(t, { settings: { rules: RULES } })
  const table: Record<string, Record<string, number>> = {
    ada: { '/': 200, '/admin': 200, '/admin/x': 200, '/public/x': 200 },
    cleo: { '/': 200, '/admin': 403, '/admin/x': 403, '/administer': 200, '/public/x': 200 },
    dev: { '/': 200, '/admin': 403, '/public': 200 }
  }
  for (const [login, expected] of Object.entries(table)) {
    const visitor = new Visitor()
    await visitor.signIn(`${origin}/`, login)
    for (const [path, status] of Object.entries(expected)) {
      const before = app.received.length
      const answer = await visitor.navigate(origin + path)
      t.equal(answer.status, status, `${login} ${path}`)
      t.equal(app.received.length - before, status === 200 ? 1 : 0)
      if (status === 403) t.match(answer, { headers: { 'x-oauth-gate': 'GATE_ACCESS_DENIED' }, body: /eeds the group admins[^]*Use another account/ })
    }
  }
  const stranger = new Visitor()
  t.equal((await stranger.navigate(`${origin}/public/page`)).status, 200)
  t.notOk(app.received.at(-1)?.headers['x-forwarded-user'])
  t.equal((await stranger.navigate(`${origin}/admin`)).status, 302)
})

t.test('no spelling of /admin passes the live gate for somebody who is only signed in', async t => {
  const { origin, app } = await startGate(t, { settings: { rules: RULES } })
  const [viewer, admin] = [new Visitor(), new Visitor()]
  await viewer.signIn(`${origin}/`, 'cleo')
  await admin.signIn(`${origin}/`, 'ada')
  const before = app.received.length
  for (const path of ['/%61dmin', '/ADMIN', '//admin', '/./admin', '/x/../admin', '/x/..%2fadmin', '/x%2f..%2fadmin', '/%2e/admin', '/public/..;/admin', '/admin;x', '/public\\..\\admin', '/public/%5c../admin', '/%2561dmin', '/admin%00', '/admin%20', '/admin.', '/admin%23', '/x//..//admin', '/public/%2e%2e/admin', '/public/%c0%ae%c0%ae/admin', '/\\evil/admin', '/public/../admin#', '/a%09dmin']) {
    const answer = await viewer.ask(origin + path)
    t.ok([400, 403].includes(answer.status), `${path} is ${answer.status}`)
  }
  t.equal(app.received.length, before, 'and none of them reached the app')
  t.equal((await admin.ask(`${origin}/x/..%2fadmin`)).status, 200, 'who may read all of them may send them')
  t.equal(app.received.at(-1)?.url, '/x/..%2fadmin', 'byte for byte')
  t.equal((await viewer.ask(`${origin}/caf%C3%A9%20menu?next=/admin`)).status, 200, 'an ordinary path is not held up')
})

t.test('with one app and no rule any spelling passes untouched, for those signed in', async t => {
  const { origin, app } = await startGate(t)
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  for (const path of ['/a%2fb', '/a//b', '/a;b=1', '/%zz', '/..%2f', '/a%00', '/{x}|y', '/?a=%zz&b=//', '/upstream/0/x', '/|upstream/0', '/%7cupstream/0', '/oauth2x']) {
    t.equal((await visitor.ask(origin + path)).status, 200, path)
    t.equal(app.received.at(-1)?.url, path)
    t.equal((await new Visitor().ask(origin + path)).status, 401, `${path} without a session`)
  }
})

t.test('several apps by path: the longest wins, base paths are joined, and no spelling crosses', async t => {
  const [root, api] = [await startApp(t), await startApp(t)]
  const { origin } = await startGate(t, { app: root, settings: { upstream: [root.url, `/api=${api.url}/base`] } })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  t.equal((await visitor.ask(`${origin}/api/users?q=1`)).status, 200)
  t.equal(api.received.at(-1)?.url, '/base/api/users?q=1')
  await visitor.ask(`${origin}/apis`)
  t.equal(root.received.at(-1)?.url, '/apis')
  const [atRoot, atApi] = [root.received.length, api.received.length]
  for (const path of ['/x/..%2fapi/y', '/api/..%2fx', '/%61pi%2f..', '//api/x', '/api/../x', '/api/%2e%2e/x', '/api\\..\\x']) t.equal((await visitor.ask(origin + path)).status, 400, path)
  t.strictSame([root.received.length, api.received.length], [atRoot, atApi])
})

t.test('nobody can say who they are: identity headers of a client never arrive, in any spelling, on any route', async t => {
  const { origin, app } = await startGate(t, { settings: { rules: RULES } })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'cleo')
  const lies = { 'X-Forwarded-User': 'root', x_forwarded_user: 'root', 'X.Forwarded.User': 'root', 'Remote-User': 'root', 'X-Forwarded-Groups': 'admins', 'X-Auth-Request-User': 'root', Connection: 'X-Forwarded-User, X-Forwarded-Email' }
  await visitor.ask(`${origin}/`, { headers: lies })
  const told = app.received.at(-1)
  t.equal(told?.headers['x-forwarded-user'], 'cleo@example.com')
  t.equal(told?.headers['x-forwarded-groups'], 'staff')
  t.notMatch(JSON.stringify(told), /root/)
  await new Visitor().ask(`${origin}/public`, { headers: lies })
  t.notMatch(JSON.stringify(app.received.at(-1)), /root|admins/)
})

t.test('forwarding headers are ours unless a trusted proxy sent them', async t => {
  const lies = { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example', forwarded: 'for=6.6.6.6', 'x-real-ip': '6.6.6.6' }
  const direct = await startGate(t, { settings: { rules: RULES } })
  await new Visitor().ask(`${direct.origin}/public`, { headers: lies })
  t.notMatch(JSON.stringify(direct.app.received[0]), /6\.6\.6\.6|evil/)
  t.match(direct.app.received[0]?.headers, { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http', 'x-forwarded-host': new URL(direct.origin).host })
  const behind = await startGate(t, { settings: { rules: RULES, trustedProxy: ['127.0.0.1'] } })
  await new Visitor().ask(`${behind.origin}/public`, { headers: lies })
  t.match(behind.app.received[0]?.headers, { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example' })
})

t.test('what two servers could read as two requests is refused', async t => {
  const { origin, app } = await startGate(t, { settings: { rules: [{ path: '/', allow: 'public' }] } })
  const host = `Host: ${new URL(origin).host}`
  const table: Record<string, string> = {
    'two hosts': `GET / HTTP/1.1\r\n${host}\r\nHost: evil\r\n\r\n`,
    'a host with userinfo': 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n',
    'no host': 'GET / HTTP/1.1\r\n\r\n',
    'length and chunked': `POST / HTTP/1.1\r\n${host}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'two lengths': `POST / HTTP/1.1\r\n${host}\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
    'a coding beside chunked': `POST / HTTP/1.1\r\n${host}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    'chunked on 1.0': `POST / HTTP/1.0\r\n${host}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'an absolute target': `GET http://evil/ HTTP/1.1\r\n${host}\r\n\r\n`,
    'a star': `OPTIONS * HTTP/1.1\r\n${host}\r\n\r\n`,
    'version 2.0': `GET / HTTP/2.0\r\n${host}\r\n\r\n`,
    'no version': 'GET /\r\n\r\n',
    'a folded header': `GET / HTTP/1.1\r\n${host}\r\nX-A: b\r\n c\r\n\r\n`,
    TRACE: `TRACE / HTTP/1.1\r\n${host}\r\n\r\n`
  }
  for (const [what, text] of Object.entries(table)) {
    const answer = await speak(origin, text.replace('\r\n', '\r\nConnection: close\r\n'))
    t.match(answer, /^HTTP\/1\.1 4\d\d /, what)
  }
  t.equal(app.received.length, 0, 'none of them reached the app')
  t.match(await speak(origin, `GET / HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`), /^HTTP\/1\.1 200 /, 'a plain one does')
  const h2c = `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n`
  t.match(await speak(origin, `GET / HTTP/1.1\r\n${host}\r\n${h2c}\r\n`), /^HTTP\/1\.1 200 [^]*connection: close/i, 'an offer of HTTP/2 is declined')
  t.notMatch(app.received.at(-1)?.rawHeaders.join(' '), /h2c|HTTP2-Settings/i, 'and not passed on')
  const large = await startGate(t, { settings: { rules: [{ path: '/', allow: 'public' }] }, app: await startApp(t, (_request, response) => { response.end('x'.repeat(8_000_000)) }) })
  t.equal((await speak(large.origin, `GET / HTTP/1.1\r\n${host}\r\n${h2c}\r\n`)).match(/x+$/)?.[0].length, 8_000_000, 'a large answer arrives whole')
  t.match(await speak(origin, `POST / HTTP/1.1\r\n${host}\r\nContent-Length: 1\r\n${h2c}\r\nx`), /^HTTP\/1\.1 400 /, 'with a body it cannot be')
  t.match(await speak(origin, `POST / HTTP/1.1\r\n${host}\r\n${h2c}\r\n`), /^HTTP\/1\.1 200 /, 'without one any method may offer it')
})

t.test('what is not an endpoint of ours is 404 for everybody, and a method nobody knows is guarded like every other', async t => {
  const { origin, app } = await startGate(t)
  for (const [method, path, status] of [['GET', '/oauth2/nothing', 404], ['GET', '/oauth2', 404], ['PROPFIND', '/', 401], ['POST', '/oauth2/userinfo', 404], ['DELETE', '/oauth2/sign_in', 404]] as const) {
    t.equal((await new Visitor().ask(origin + path, { method })).status, status, `${method} ${path}`)
  }
  t.equal(app.received.length, 0)
  for (const headers of [{}, { 'sec-purpose': 'prefetch' }]) {
    const seen = await new Visitor().navigate(`${origin}/oauth2/start`, { ...Object.keys(headers).length === 0 && { method: 'HEAD' }, headers })
    t.match(seen, { status: 204, setCookies: [] }, 'a look at start begins nothing')
  }
  t.match(await new Visitor().navigate(`${origin}/deep?x`, { method: 'HEAD' }), { status: 302, location: '/oauth2/start?rd=%2Fdeep%3Fx' })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  t.equal((await visitor.ask(`${origin}/oauth2/nothing`)).status, 404, 'and 404 for whoever is signed in')
  t.equal((await visitor.ask(`${origin}/dav`, { method: 'PROPFIND' })).status, 200)
  t.equal(app.received.at(-1)?.method, 'PROPFIND')
  for (const headers of [{}, { 'content-type': 'text/x;;' }] as Record<string, string>[]) t.equal((await visitor.ask(`${origin}/find`, { method: 'QUERY', headers })).status, 200, 'what a QUERY must have is the app’s to say')
})

t.test('an answer of ours says so, and is never cached; an answer of the app says nothing of us', async t => {
  const { origin } = await startGate(t)
  const visitor = new Visitor()
  t.match((await visitor.navigate(`${origin}/`)).headers, { 'x-oauth-gate': 'GATE_LOGIN_REQUIRED', 'cache-control': 'no-store', 'x-request-id': /^[0-9a-f]{8}-/ })
  t.match((await visitor.navigate(`${origin}/oauth2/sign_in`)).headers, { 'x-oauth-gate': 'GATE_OK', 'content-security-policy': /default-src 'none'.*frame-ancestors 'none'/ })
  const page = await visitor.signIn(`${origin}/`, 'ada')
  t.strictSame(Object.keys(page.headers).filter(name => /^x-|security|cache/.test(name)), [])
})

t.test('also an answer to what never became a request says whose it is', async t => {
  const { origin } = await startGate(t)
  const ours = /^HTTP\/1\.1 4\d\d [^]*x-oauth-gate: GATE_MALFORMED_REQUEST/
  for (const [what, text] of Object.entries({
    'no host': 'GET / HTTP/1.1\r\n\r\n', 'no HTTP': 'hello\r\n\r\n', 'bad path below our prefix': `GET /oauth2/%zz HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nConnection: close\r\n\r\n`,
    'headers too large': `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`
  })) {
    const answer = await speak(origin, text)
    t.match(answer.replaceAll('\r\n', '\n'), ours, what)
    for (const header of [/cache-control: no-store/, /content-security-policy: default-src 'none'/, /x-request-id: \S+/]) t.match(answer, header, what)
  }
})

t.test('userinfo is the identity as JSON, without tokens; sign-out ends every copy of the cookie', async t => {
  const { origin } = await startGate(t)
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  const kept = new Map(visitor.cookies.get('127.0.0.1'))
  const info = JSON.parse((await visitor.ask(`${origin}/oauth2/userinfo`)).body) as Record<string, unknown>
  t.match(info, { provider: 'oidc', subject: 'demo-ada', user: 'ada@example.com', login: 'ada', email: 'ada@example.com', name: 'Ada Lovelace', groups: ['admins', 'staff'], expires_at: Number })
  t.notMatch(JSON.stringify(info), /token|eyJ/)
  t.match(await visitor.navigate(`${origin}/oauth2/sign_out`, { headers: { 'sec-fetch-site': 'cross-site' } }), { status: 200, body: /Sign out\?/, setCookies: [] }, 'another site’s link only asks')
  t.match(await visitor.navigate(`${origin}/oauth2/sign_out`, { method: 'POST' }), { status: 200, body: /signed out/ })
  t.strictSame(visitor.cookieNames(), [])
  visitor.cookies.set('127.0.0.1', kept)
  t.equal((await visitor.ask(`${origin}/`)).status, 401)
})

t.test('a session ends at its time', async t => {
  const { origin, outside } = await startGate(t, { settings: { oauthExpiryDays: 0.5 } })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  outside.advance(12 * 3600_000 - 10_000)
  t.equal((await visitor.ask(`${origin}/`)).status, 200)
  outside.advance(20_000)
  t.equal((await visitor.ask(`${origin}/`)).status, 401)
})
