import { once } from 'node:events'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import fastify from 'fastify'
import oauthGate from '../../src/fastify.ts'
import type { Settings } from '../../src/config/options.ts'
import { CLIENT, COOKIE_SECRET, startApp, startGate, type LogLine, type Running } from '../fixtures/gate.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor } from '../fixtures/visitor.ts'

/** An app that opens every websocket, and remembers whom it was told of. */
async function startSockets (t: Test) {
  const server = createServer((_request, response) => { response.end('page') })
  const sockets = new WebSocketServer({ server })
  const told: (string | undefined)[] = []
  sockets.on('connection', (_socket, request) => { told.push(request.headers['x-forwarded-user'] as string | undefined) })
  t.teardown(() => { for (const client of sockets.clients) client.terminate() })
  return { url: await startServer(t, server), received: [], told }
}

async function open ({ origin }: Running, path: string, visitor: Visitor, headers: Record<string, string>): Promise<number> {
  const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
  const socket = new WebSocket(origin.replace('http', 'ws') + path, { headers: { ...cookie !== '' && { cookie }, ...headers } })
  socket.on('error', () => {})
  const refused = once(socket, 'unexpected-response').then(([, response]) => (response as { statusCode: number }).statusCode)
  const status = await Promise.race([once(socket, 'open').then(() => 101), refused])
  socket.terminate()
  return status
}

t.test('a websocket of an open page: nobody needs no Origin, a session still needs our own, and where the app is told of nobody none is asked for', async t => {
  const app = await startSockets(t)
  const running = await startGate(t, { app, settings: { oauthGuestEndpoints: ['/app'], skipAuthRoute: ['GET=/skip/ws'], rules: [{ path: '/opt', methods: ['GET'], allow: 'optional' }, { path: '/pub', allow: 'public' }, { path: '/', methods: ['GET'], allow: 'signed-in' }] } })
  const foreign = { origin: 'https://evil.example' }
  const own = { origin: running.origin }
  const [stranger, ada] = [new Visitor(), new Visitor()]
  await ada.signIn(`${running.origin}/`, 'ada')
  for (const path of ['/opt/ws', '/app/ws', '/skip/ws']) {
    for (const headers of [foreign, own, {}]) t.equal(await open(running, path, stranger, headers as Record<string, string>), 101, `${path}, nobody`)
    t.equal(await open(running, path, ada, own), 101, path)
    t.equal(app.told.at(-1), 'ada@example.com')
    const before = app.told.length
    for (const headers of [foreign, {}, { origin: 'null' }]) t.equal(await open(running, path, ada, headers as Record<string, string>), 403, `${path}, another site in ada’s name`)
    t.equal(app.told.length, before, 'which is refused, not let in as nobody')
  }
  for (const headers of [foreign, own]) t.equal(await open(running, '/pub/ws', ada, headers), 101)
  t.equal(app.told.at(-1), undefined)
  for (const path of ['/', '/app/x/ws', '/skip/ws/x', '/opt/../ws']) t.equal(await open(running, path === '/opt/../ws' ? '/opt/..%2fws' : path, stranger, own), 401, path)
  t.strictSame([...new Set(app.told)], [undefined, 'ada@example.com'])
})

const kinds: Readonly<Record<string, { readonly settings: Settings, readonly path: string }>> = {
  public: { settings: { rules: [{ path: '/x', methods: ['GET', 'POST'], allow: 'public' }, { path: '/x', allow: { groups: ['admins'] } }] }, path: '/x' },
  optional: { settings: { rules: [{ path: '/x', methods: ['GET', 'POST'], allow: 'optional' }, { path: '/x', allow: { groups: ['admins'] } }] }, path: '/x' },
  conditional: { settings: { rules: [{ path: '/x', methods: ['GET', 'POST'], allow: { groups: ['staff'] } }, { path: '/x', allow: { groups: ['admins'] } }] }, path: '/x' },
  guest: { settings: { oauthGuestEndpoints: ['/x'], rules: [{ path: '/', allow: { groups: ['admins'] } }] }, path: '/x' },
  skip: { settings: { skipAuthRoute: ['GET=/x', 'POST=/x'], rules: [{ path: '/', allow: { groups: ['admins'] } }] }, path: '/x' }
}

for (const [kind, { settings, path }] of Object.entries(kinds)) {
  t.test(`no header makes another method of one that is admitted: ${kind}`, async t => {
    const { origin, app } = await startGate(t, { settings })
    const cleo = new Visitor()
    await cleo.signIn(`${origin}/oauth2/start`, 'cleo')
    const overrides = { 'X-HTTP-Method-Override': 'DELETE', 'X-Http-Method': 'DELETE', 'x-method-override': 'DELETE', x_http_method_override: 'DELETE', 'X.Method.Override': 'DELETE', 'X-HTTP_Method.Override': 'DELETE' }
    for (const visitor of [cleo, ...kind === 'conditional' ? [] : [new Visitor()]]) {
      for (const method of ['GET', 'POST']) {
        t.equal((await visitor.ask(origin + path, { method, headers: overrides })).status, 200)
        t.notMatch(app.received.at(-1)?.rawHeaders.join(' '), /DELETE|override/i)
      }
    }
    if (kind === 'guest') return
    t.equal((await cleo.ask(origin + path, { method: 'DELETE' })).status, 403)
    t.notOk(app.received.some(({ method }) => method === 'DELETE'), 'and of DELETE the app never hears')
  })
}

t.test('nothing opens what is the gate’s own', async t => {
  for (const settings of [{ oauthOptional: true }, { skipAuthRoute: ['/.*'] }, { oauthGuestEndpoints: ['/*'] }, { rules: [{ path: '/', allow: 'public' }] }] as const) {
    const { origin, app } = await startGate(t, { settings })
    const stranger = new Visitor()
    t.equal((await stranger.ask(`${origin}/x`)).status, 200)
    t.equal((await stranger.ask(`${origin}/oauth2/userinfo`)).status, 401)
    t.equal((await stranger.ask(`${origin}/oauth2/nothing`)).status, 404)
    t.strictSame(app.received.map(({ url }) => url), ['/x'])
  }
})

t.test('who is refused reads the operator’s own words, and the log has every rule that was tried; who is admitted leaves no trace', async t => {
  const log: LogLine[] = []
  const { origin } = await startGate(t, { log, settings: { rules: [{ path: '/api', methods: ['POST'], allow: 'public' }, { path: '/edit', allow: { groups: ['editors'] }, reason: 'Only those who write <reports> come here.' }, { path: '/', allow: 'signed-in' }] } })
  const cleo = new Visitor()
  await cleo.signIn(`${origin}/`, 'cleo')
  const page = await cleo.navigate(`${origin}/edit`)
  t.match(page, { status: 403, body: /Only those who write &lt;reports&gt; come here\.<[^]*Use another account/ })
  t.match(JSON.parse((await cleo.ask(`${origin}/edit`)).body), { reason: 'Only those who write <reports> come here.' })
  await cleo.ask(`${origin}/x/..%2fedit`)
  const refused = log.filter(({ event }) => event === 'request.refused').slice(-3)
  t.match(refused, [
    { code: 'GATE_ACCESS_DENIED', detail: 'the rule for /edit asks for the group editors', rules: [{ rule: 'the rule for POST /api', matched: false, missed: 'path' }, { rule: 'the rule for /edit', matched: true, said: 'refuses' }] },
    { code: 'GATE_ACCESS_DENIED' },
    { code: 'GATE_AMBIGUOUS_PATH', rules: [{ rule: 'the rule for POST /api' }, { rule: 'the rule for /edit', readings: ['/edit'], said: 'refuses' }, { rule: 'the rule for /', said: 'admits' }] }
  ])
  const before = log.length
  t.equal((await cleo.ask(`${origin}/`)).status, 200)
  t.notMatch(JSON.stringify(log.slice(before)), /the rule for/)
})

t.test('a host that nobody has named is refused before anything else: pages, our own endpoints, upgrades, bad paths; the probes answer any', async t => {
  const app = await startApp(t)
  const { origin } = await startGate(t, { app, settings: ({ origin }) => ({ publicUrl: origin, rules: [{ path: '/pub', allow: 'public' }, { host: 'b.example', allow: 'signed-in' }, { path: '/', allow: 'signed-in' }] }) })
  const ada = new Visitor()
  await ada.signIn(`${origin}/`, 'ada')
  const before = app.received.length
  const host = { host: 'evil.example' }
  for (const path of ['/', '/pub', '/pub/..%2fx', '/oauth2/start', '/oauth2/sign_in', '/oauth2/userinfo', '/oauth2/callback?code=c&state=s', '/oauth2/nothing']) {
    const page = await ada.navigate(origin + path, { headers: host })
    t.match(page, { status: 421, headers: { 'x-oauth-gate': 'GATE_HOST_UNKNOWN' }, setCookies: [], location: '' }, path)
    t.match(page.body, /does not answer by the name in your address/)
    t.match(JSON.parse((await ada.ask(origin + path, { headers: host })).body), { error: 'GATE_HOST_UNKNOWN' })
  }
  t.equal((await ada.ask(`${origin}/pub`, { headers: { ...host, 'x-forwarded-host': new URL(origin).host } })).status, 421, 'a stranger’s X-Forwarded-Host is no host')
  t.equal((await ada.ask(`${origin}/pub`, { headers: { ...host, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', origin } })).status, 421)
  for (const path of ['/ping', '/ready']) t.equal((await ada.ask(origin + path, { headers: host })).status, 200, path)
  t.equal(app.received.length, before, 'and the app hears of none of it')
  t.equal((await ada.ask(`${origin}/x`, { headers: { host: 'b.example:81' } })).status, 200, 'a host that a rule names is ours, on any port')
  t.equal(app.received.at(-1)?.headers['x-forwarded-host'], new URL(origin).host, 'and the app is told of the public one')
})

t.test('a trusted proxy’s word for the host counts, and rules go by it', async t => {
  const { origin } = await startGate(t, { settings: { trustedProxy: ['127.0.0.1'], publicUrl: 'https://app.example.com', rules: [{ host: 'docs.example.com', allow: 'public' }, { path: '/', allow: 'signed-in' }] } })
  const ask = async (forwarded?: string) => (await new Visitor().ask(`${origin}/x`, { headers: forwarded === undefined ? {} : { 'x-forwarded-host': forwarded } })).status
  t.strictSame([await ask('app.example.com'), await ask('App.example.com:443'), await ask('docs.example.com'), await ask('app.example.com:8443'), await ask('evil.example'), await ask()], [401, 401, 200, 421, 421, 421])
})

t.test('a host that is not the one that was judged does not reach the app, where a trusted proxy passes on an X-Forwarded-Host of the client’s own', async t => {
  const { origin, app } = await startGate(t, { settings: { trustedProxy: ['127.0.0.1'], rules: [{ host: 'www.example.com', allow: 'public' }, { host: 'admin.example.com', allow: { groups: ['admins'] } }] } })
  const ask = async (host: string, forwarded?: string) => (await new Visitor().ask(`${origin}/secret`, { headers: { host, ...forwarded !== undefined && { 'x-forwarded-host': forwarded } } })).status
  t.equal(await ask('admin.example.com'), 401)
  t.equal(await ask('admin.example.com', 'www.example.com'), 200)
  t.equal(await ask('WWW.example.com'), 200)
  t.strictSame(app.received.map(({ headers }) => headers.host), ['www.example.com', 'WWW.example.com'], 'and never as admin.example.com')
})

t.test('inside an app, which has chosen its route by Host, no proxy names another host to the rules', async t => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(oauthGate, {
    env: {}, oauthProvider: 'oidc', oauthIssuer: 'http://127.0.0.1:1', oauthKey: 'k', oauthSecret: 's', cookieSecret: COOKIE_SECRET, trustedProxy: ['127.0.0.1'],
    rules: [{ host: 'www.example.com', allow: 'public' }, { host: 'admin.example.com', allow: { groups: ['admins'] } }]
  })
  for (const host of ['www.example.com', 'admin.example.com']) app.get('/secret', { constraints: { host } }, async () => host)
  t.match(await app.inject({ url: '/secret', headers: { host: 'admin.example.com', 'x-forwarded-host': 'www.example.com' } }), { statusCode: 421 })
  t.match(await app.inject({ url: '/secret', headers: { host: 'www.example.com', 'x-forwarded-host': 'admin.example.com' } }), { statusCode: 421 })
  t.match(await app.inject({ url: '/secret', headers: { host: 'www.example.com', 'x-forwarded-host': 'www.example.com:443' } }), { statusCode: 200, body: 'www.example.com' })
})

t.test('inside an app an unknown host is refused too', async t => {
  const app = fastify()
  t.teardown(() => app.close())
  let asked = 0
  await app.register(oauthGate, { env: {}, oauthProvider: 'github', oauthKey: CLIENT.id, oauthSecret: CLIENT.secret, cookieSecret: COOKIE_SECRET, publicUrl: 'https://app.example.com', rules: [{ path: '/', allow: 'public' }] })
  app.get('/', async () => { asked++ })
  t.match(await app.inject({ url: '/', headers: { host: 'evil.example' } }), { statusCode: 421 })
  t.match(await app.inject({ url: '/nothing', headers: { host: 'evil.example' } }), { statusCode: 421 })
  t.equal(asked, 0)
  t.match(await app.inject({ url: '/', headers: { host: 'app.example.com' } }), { statusCode: 200 })
})
