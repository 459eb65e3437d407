import fastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import { once } from 'node:events'
import { request as send, ServerResponse, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { ConfigError, oauthGate, type OAuthGateOptions } from '../../src/index.ts'
import { startProvider, type DemoProviderOptions } from '../../src/demo/provider.ts'
import { CLIENT, COOKIE_SECRET, freePort, signingKey } from '../fixtures/gate.ts'
import { onlyInCi } from '../fixtures/lacking.ts'
import { everybody } from '../fixtures/people.ts'
import { cookiesOf, Visitor } from '../fixtures/visitor.ts'

interface Host {
  readonly app: FastifyInstance
  readonly origin: string
  /** The URLs that handlers, of routes or of what was not found, were asked for. */
  readonly handled: string[]
  readonly lines: string[]
}

interface Setup {
  readonly settings?: OAuthGateOptions
  /** Of the provider. */
  readonly provider?: Partial<DemoProviderOptions>
  readonly server?: FastifyServerOptions
  /** What is registered at the provider, below the origin. */
  readonly redirectPath?: string
  readonly before?: (app: FastifyInstance, handled: string[]) => void | Promise<void>
  readonly after?: (app: FastifyInstance, handled: string[]) => void | Promise<void>
}

/** An app of somebody's own with the gate inside, on a real port, before a real provider. */
async function startHost (t: Test, { settings = {}, provider: more = {}, server = {}, redirectPath = '/oauth2/callback', before, after }: Setup = {}): Promise<Host> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const provider = await startProvider({ address: 'localhost', people: everybody, remembers: false, signingKey: await signingKey(), clients: [{ ...CLIENT, redirectUris: [origin + redirectPath] }], ...more })
  t.teardown(() => provider.close())
  const lines: string[] = []
  const handled: string[] = []
  const note = (request: FastifyRequest) => {
    handled.push(request.url)
    return request
  }
  const app = fastify({ logger: { level: 'trace', stream: { write: (line: string) => { lines.push(line) } } }, ...server })
  t.teardown(() => app.close())
  await before?.(app, handled)
  await app.register(oauthGate, { env: {}, oauthProvider: 'oidc', oauthIssuer: provider.issuer, oauthKey: CLIENT.id, oauthSecret: CLIENT.secret, cookieSecret: COOKIE_SECRET, ...settings })
  app.get('/', async request => `hello ${note(request).identity?.user ?? 'nobody'}`)
  app.post('/echo', async request => ({ body: note(request).body, user: request.identity?.user }))
  app.get('/told', async request => ({ headers: note(request).headers, raw: request.raw.rawHeaders, distinct: request.raw.headersDistinct, ip: request.ip }))
  await after?.(app, handled)
  await app.listen({ host: '127.0.0.1', port })
  return { app, origin, handled, lines }
}

/** A router that reads as much as Fastify's can into a path. */
const LENIENT = { routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, useSemicolonDelimiter: true } } as FastifyServerOptions

/** Bytes as they are, and all that comes back. */
async function speak (origin: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  socket.end(text)
  let answer = ''
  for await (const part of socket.setEncoding('utf8')) answer += part as string
  return answer
}

async function askWith (origin: string, path: string, headers: Record<string, string | string[]>): Promise<{ status: number, body: string, headers: IncomingHttpHeaders }> {
  const [response] = await once(send({ hostname: '127.0.0.1', port: new URL(origin).port, path, headers, agent: false }).end(), 'response') as [IncomingMessage]
  let body = ''
  for await (const part of response.setEncoding('utf8')) body += part as string
  return { status: response.statusCode ?? 0, body, headers: response.headers }
}

t.test('inside a Fastify app a person signs in, and handlers know who it is', async t => {
  const { origin, handled, lines } = await startHost(t)
  const visitor = new Visitor()
  const first = await visitor.navigate(`${origin}/?page=2`)
  t.match(first, { status: 302, location: /^\/oauth2\/start\?rd=/, headers: { 'x-oauth-gate': 'GATE_LOGIN_REQUIRED' } })
  t.match(await visitor.ask(`${origin}/`), { status: 401, headers: { 'x-oauth-gate': 'GATE_LOGIN_REQUIRED', 'www-authenticate': /./ } })
  t.strictSame(handled, [], 'and no handler has run')

  const landed = await visitor.signIn(`${origin}/?page=2`, 'ada')
  t.match(landed, { status: 200, body: 'hello ada@example.com', address: `${origin}/?page=2` })
  t.notOk(landed.headers['x-oauth-gate'], 'which is the answer of the app')
  t.notOk(landed.headers['content-security-policy'], 'with no header of ours')
  t.strictSame(handled, ['/?page=2'])
  t.match((await visitor.ask(`${origin}/oauth2/userinfo`)).body, /ada@example.com/)

  const code = /[?&]code=([^&]+)/.exec(visitor.seen.find(address => address.includes('code=')) ?? '')?.[1]
  t.ok(code)
  t.match(lines.join(''), /"login.succeeded"/, 'the app’s log has the gate’s events')
  t.notMatch(lines.join(''), String(code), 'and not the code, though Fastify logs whole URLs')
  t.notMatch(lines.join(''), CLIENT.secret)

  await visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST', headers: { origin, 'sec-fetch-site': 'same-origin' }, form: {} })
  t.equal((await visitor.ask(`${origin}/`)).status, 401, 'signed out')
})

t.test('bodies and ids stay those of the app', async t => {
  const { origin, lines } = await startHost(t, { after: app => { app.get('/id', async request => request.id) } })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ben')
  const posted = await fetch(`${origin}/echo`, { method: 'POST', body: JSON.stringify({ a: [1, 2] }), headers: { 'content-type': 'application/json', cookie: cookiesOf(visitor) } })
  t.strictSame(await posted.json(), { body: { a: [1, 2] }, user: 'ben@example.com' })
  const refused = await visitor.ask(`${origin}/echo`, { method: 'POST', headers: { cookie: '' } })
  t.equal(refused.status, 401)
  t.match(lines.join(''), `"reqId":"${String(refused.headers['x-request-id'])}"`, 'the visitor’s request id is in the app’s own log')
})

t.test('header spoofing inside an app: what a setting says no client says, where handlers read it', async t => {
  const { origin } = await startHost(t, { settings: { header: { 'X-Acme-Person': 'login' }, passAuthorizationHeader: true, rules: [{ path: '/told', allow: 'optional' }, { path: '/', allow: 'signed-in' }] } })
  const visitor = new Visitor()
  const forged = { 'X-Acme-Person': 'mallory', x_acme_person: 'mallory', 'X.Acme.Person': 'mallory', authorization: 'Basic mallory' }
  t.notMatch((await askWith(origin, '/told', forged)).body, /mallory/, 'to a stranger')
  await visitor.signIn(`${origin}/`, 'ada')
  const { body } = await askWith(origin, '/told', { ...forged, cookie: cookiesOf(visitor) })
  t.match(JSON.parse(body), { headers: { 'x-acme-person': 'ada', authorization: /^Bearer eyJ/ }, distinct: { 'x-acme-person': ['ada'], authorization: [/^Bearer eyJ/] } })
  t.notMatch(body, /mallory/)
})

t.test('forged cookies inside an app: what Panel reads is the gate’s word, in the headers that handlers see', async t => {
  const { origin } = await startHost(t, { settings: { upstreamIdentity: 'panel-cookies', rules: [{ path: '/told', allow: 'optional' }, { path: '/', allow: 'signed-in' }] } })
  const visitor = new Visitor()
  const forged = 'user=mallory; a=1; \x85id_token=mallory; is_guest=mallory'
  const told = async (cookie: string) => JSON.parse((await askWith(origin, '/told', { cookie, 'Bokeh-Session-Id': 'mallory' })).body) as { headers: Record<string, string>, raw: string[], distinct: Record<string, string[]> }
  t.match(await told(forged), { headers: { cookie: 'a=1; is_guest=1' }, distinct: { cookie: ['a=1; is_guest=1'] } })
  await visitor.signIn(`${origin}/`, 'ada')
  const seen = await told(`${cookiesOf(visitor)}; ${forged}`)
  t.match(seen, { headers: { cookie: /^a=1; user=2\|1:0\|10:\d{10}\|4:user\|\S+; id_token=2\|\S+$/ }, distinct: { cookie: [seen.headers['cookie']] } })
  t.notMatch(JSON.stringify([seen, await told(forged)]), /mallory/)
})

t.test('nothing of the app is reached past the gate', async t => {
  const { origin, handled } = await startHost(t, {
    server: { ...LENIENT, rewriteUrl: request => (request.url ?? '').replace(/^\/old/, '/told') },
    before (app, handled) {
      app.get('/earlier', async () => { handled.push('earlier') })
      void app.register(async scope => {
        scope.get('/route', async () => { handled.push('scope') })
        scope.setNotFoundHandler(async () => handled.push('scope 404'))
      }, { prefix: '/scope' })
    },
    after (app, handled) {
      app.setNotFoundHandler(async request => { handled.push(`404 ${request.url}`) })
      app.setErrorHandler(async (_error, request) => { handled.push(`error ${request.url}`) })
      app.addHook('preParsing', async request => { handled.push(`hook ${request.url}`) })
      app.route({ method: ['GET', 'OPTIONS', 'TRACE', 'PATCH'], url: '/many', handler: async () => { handled.push('many') } })
      app.get('/open', { config: { open: true } }, async () => { handled.push('open') })
      app.get('/oauth2/mine', { config: { open: true } }, async () => { handled.push('mine') })
      app.get('/p/:id', async () => { handled.push('p') })
      void app.register(async scope => {
        scope.get('/late', async () => handled.push('late'))
      })
    }
  })
  const paths = ['/', '/earlier', '/scope/route', '/scope/none', '/none', '/many', '/open', '/oauth2/mine', '/oauth2/none', '/oauth2', '/late', '/TOLD', '/old', '//told', '/told/', '/told;x', '/%74old', '/oauth%32/mine',
    '/OAUTH2/mine', '/p/%zz', '/%zz', '/%', '/p/a%2f..%2fb', '/../told', '/./told', '/\\told', '/told#x', '/p/' + 'x'.repeat(500), '*', 'http://other.example/told', '?x']
  const answers: string[] = []
  for (const path of paths) {
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'TRACE', 'PATCH', 'PROPFIND']) {
      const answer = await speak(origin, `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
      answers.push(`${/^HTTP\/1.1 (\d+)/.exec(answer)?.[1] ?? 'none'} ${/x-oauth-gate: (\S+)/.exec(answer)?.[1] ?? 'no code'}`)
    }
  }
  t.strictSame(handled, [], 'no handler and no later hook was reached')
  t.strictSame([...new Set(answers)].filter(answer => !/^(?:400|401|404|405|302) GATE_|^(?:400|404|414) no code$/.test(answer)), [])
  t.equal(answers.filter(answer => answer.endsWith('no code')).length < answers.length / 4, true, 'what Fastify itself refuses is the exception')
  for (const headers of ['Host: a\r\nHost: b', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\nHost: a', 'Host: a b']) {
    t.match(await speak(origin, `GET / HTTP/1.1\r\n${headers}\r\n\r\n`), /^HTTP\/1.1 400/)
  }
  t.strictSame(handled, [])
})

t.test('what the client says of itself reaches no handler, signed in or on a public page', async t => {
  const { origin } = await startHost(t, { settings: { rules: [{ path: '/told', allow: 'public' }, { path: '/', allow: 'signed-in' }], trustedProxy: ['127.0.0.1'] }, server: { trustProxy: true }, after: app => { app.get('/me', async request => ({ identity: request.identity, headers: request.headers })) } })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  const forged = { host: '127.0.0.1', 'X-Forwarded-User': 'root', x_forwarded_email: 'root@example.com', 'Remote-User': 'root', 'X-Forwarded-For': '203.0.113.9', 'X-Auth-Request-Email': ['a', 'b'], 'x-mine': 'kept', connection: 'X-Forwarded-Proto, close' }
  const stranger = await askWith(origin, '/told', forged)
  t.equal(stranger.status, 200)
  t.notMatch(stranger.body, /root|"a"/)
  t.match(JSON.parse(stranger.body), { headers: { 'x-mine': 'kept', 'x-forwarded-for': '203.0.113.9', host: '127.0.0.1' }, ip: '203.0.113.9' }, 'the trusted proxy’s word on the address is passed on')
  t.notOk(JSON.parse(stranger.body).headers['x-forwarded-user'])
  t.ok(JSON.parse(stranger.body).raw.includes('x-mine'), 'raw headers are cleaned, not emptied')
  const known = await askWith(origin, '/me', { ...forged, cookie: `${cookiesOf(visitor)}; theme=dark` })
  t.match(JSON.parse(known.body), { identity: { user: 'ada@example.com', groups: ['admins', 'staff'] }, headers: { 'x-forwarded-user': 'ada@example.com', cookie: 'theme=dark' } })
  t.notMatch(known.body, /root|oauth-gate/, 'nor the cookie of the session')
})

t.test('rules hold for what the app’s router makes of a path', async t => {
  const { origin, handled } = await startHost(t, {
    settings: { rules: [{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/', allow: 'signed-in' }] },
    server: LENIENT,
    after (app, handled) {
      app.get('/admin', async () => { handled.push('admin') })
      app.get('/admin/*', async () => { handled.push('admin') })
      app.get('/files/*', async request => request.params)
    }
  })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'cleo')
  const cookie = cookiesOf(visitor)
  for (const path of ['/admin', '/ADMIN', '/admin/', '//admin', '/admin;x', '/%61dmin', '/%2561dmin', '/files/..%2fadmin', '/files/../admin', '/./admin', '/admin/x', '/files/%2e%2e/admin', '/admin%00', '/files\\..\\admin']) {
    const { status } = await askWith(origin, path, { host: '127.0.0.1', cookie })
    t.ok(status === 403 || status === 400, `${path} is ${status}`)
  }
  t.strictSame(handled.filter(what => what === 'admin'), [], 'the handler of /admin has never run')
  t.match(await askWith(origin, '/files/a%20b/c%40d', { host: '127.0.0.1', cookie }), { status: 200, body: '{"*":"a b/c@d"}' }, 'ordinary encodings pass')
  const admin = new Visitor()
  await admin.signIn(`${origin}/`, 'ada')
  t.equal((await askWith(origin, '/admin/x', { host: '127.0.0.1', cookie: cookiesOf(admin) })).status, 200)
  t.match(await askWith(origin, '/admin//x', { host: '127.0.0.1', cookie: cookiesOf(admin) }), { status: 400, headers: { 'x-oauth-gate': 'GATE_AMBIGUOUS_PATH' } }, 'even where every reading would be admitted')
  t.strictSame(handled.filter(what => what === 'admin'), ['admin'])
  const unruled = await startHost(t, { after: app => { app.get('/*', async () => 'anything') } })
  await visitor.signIn(`${unruled.origin}/`, 'cleo')
  t.equal((await askWith(unruled.origin, '/a//b;c%2fd', { host: '127.0.0.1', cookie: cookiesOf(visitor) })).status, 200, 'without such rules a path makes no difference')
})

/** As @fastify/websocket does it: upgrades take the way of every request, through Fastify's router and hooks. */
function addWebsockets (app: FastifyInstance, handled: string[]): void {
  const sockets = new WebSocketServer({ noServer: true })
  app.decorate('websocketServer', sockets)
  const upgrades = new WeakMap<IncomingMessage, { socket: Socket, head: Buffer }>()
  app.server.on('upgrade', (raw: IncomingMessage, socket: Socket, head: Buffer) => {
    upgrades.set(raw, { socket, head })
    const response = new ServerResponse(raw)
    response.assignSocket(socket)
    app.routing(raw, response)
  })
  app.get('/ws', (request, reply) => {
    handled.push('ws')
    const { socket, head } = upgrades.get(request.raw) ?? {}
    if (socket === undefined || head === undefined) return void reply.send('no websocket')
    reply.hijack()
    sockets.handleUpgrade(request.raw, socket, head, ws => { ws.send(`hello ${request.identity?.user ?? 'nobody'}`) })
  })
  app.addHook('preClose', done => {
    for (const client of sockets.clients) client.terminate()
    done()
  })
}

async function open (origin: string, headers: Record<string, string>) {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { headers })
  socket.on('error', () => {})
  const said = once(socket, 'message')
  const status = await Promise.race([
    once(socket, 'open').then(() => 101),
    once(socket, 'unexpected-response').then(([, response]) => {
      socket.terminate()
      return (response as IncomingMessage).statusCode ?? 0
    })
  ])
  return { socket, status, said: status === 101 ? String((await said)[0]) : (said.catch(() => {}), '') }
}

t.test('a websocket of the app opens for who is signed in, from our own origin, and ends with the session', async t => {
  const { origin, handled } = await startHost(t, { after: addWebsockets })
  const visitor = new Visitor()
  t.equal((await open(origin, { origin })).status, 401, 'nobody is there')
  await visitor.signIn(`${origin}/`, 'ada')
  const cookie = cookiesOf(visitor)
  t.equal((await open(origin, { cookie })).status, 403, 'no Origin')
  t.equal((await open(origin, { cookie, origin: 'https://evil.example' })).status, 403, 'cross-site websocket hijacking')
  t.match(await speak(origin, `GET /ws HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nCookie: ${cookie}\r\nOrigin: ${origin}\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n`), /^HTTP\/1.1 400/)
  t.strictSame(handled.filter(what => what === 'ws'), [], 'and the handler has not run')
  const { socket, status, said } = await open(origin, { cookie, origin })
  t.equal(status, 101)
  t.equal(said, 'hello ada@example.com')
  const closed = once(socket, 'close')
  await visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST', headers: { origin, 'sec-fetch-site': 'same-origin' }, form: {} })
  t.match(await closed, [4401, Buffer.from('session_ended')], 'signing out has closed it')
})

t.test('idle: what a person says in a websocket of the app keeps the session alive, and what the app says does not', async t => {
  const sockets: WebSocket[] = []
  const { origin, app } = await startHost(t, { settings: { sessionIdle: '2s' }, after: (app, handled) => {
    addWebsockets(app, handled)
    const server = (app as FastifyInstance & { websocketServer: WebSocketServer }).websocketServer
    server.on('connection', socket => { sockets.push(socket) })
  } })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  const { socket } = await open(origin, { cookie: cookiesOf(visitor), origin })
  sockets.push(...(app as FastifyInstance & { websocketServer: WebSocketServer }).websocketServer.clients)
  const closed = once(socket, 'close')
  let isClosed = false
  void closed.then(() => { isClosed = true })
  for (let count = 0; count < 4; count++) {
    socket.send('hello')
    await wait(1000)
  }
  t.equal(isClosed, false)
  const [its] = sockets
  const chatter = setInterval(() => {
    its?.send('a message')
    its?.ping()
    socket.ping()
  }, 200)
  t.teardown(() => { clearInterval(chatter) })
  t.match(await closed, [4401])
})

t.test('an app that stops does not wait for an event stream, and does for an answer that ends', async t => {
  const { origin, app } = await startHost(t, {
    after (app) {
      app.get('/events', (_request, reply) => {
        reply.hijack()
        reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
      })
      app.get('/download', (_request, reply) => {
        reply.hijack()
        reply.raw.writeHead(200, { 'content-type': 'application/zip' }).write('first ')
        setTimeout(() => { reply.raw.end('last') }, 500)
      })
    }
  })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  const headers = { cookie: cookiesOf(visitor) }
  const [[events], [download]] = await Promise.all(['/events', '/download'].map(path => once(send(origin + path, { headers, agent: false }).end(), 'response') as Promise<[IncomingMessage]>)) as [[IncomingMessage], [IncomingMessage]]
  const isWhole = async (response: IncomingMessage) => {
    const closed = new Promise<void>(resolve => { response.on('close', resolve) })
    await Promise.all([closed, response.resume().on('error', () => {})])
    return response.complete
  }
  const [cut, whole] = [isWhole(events), isWhole(download)]
  const closing = app.close()
  t.equal(await cut, false)
  t.equal(await whole, true)
  await closing
})

t.test('an event stream ends with its session', async t => {
  const { origin } = await startHost(t, {
    after (app) {
      app.get('/events', (_request, reply) => {
        reply.hijack()
        reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
      })
    }
  })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  const [response] = await once(send(`${origin}/events`, { headers: { cookie: cookiesOf(visitor) }, agent: false }).end(), 'response') as [IncomingMessage]
  const closed = new Promise(resolve => { response.resume().on('error', () => {}).on('close', resolve) })
  await visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST', headers: { origin, 'sec-fetch-site': 'same-origin' }, form: {} })
  await closed
  t.notOk(response.complete, 'cut, so that nobody takes it for whole')
})

const enough = { env: {}, oauthProvider: 'oidc', oauthIssuer: 'https://id.example', oauthKey: 'k', oauthSecret: 'hush', cookieSecret: COOKIE_SECRET } as const

async function refusalOf (work: (app: FastifyInstance) => Promise<unknown>, server: FastifyServerOptions = {}): Promise<ConfigError> {
  const app = fastify(server)
  try {
    await work(app)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  } finally {
    await app.close().catch(() => {})
  }
  throw new Error('was not refused')
}

t.test('an app that could be reached past the gate does not start', async t => {
  const inside = await refusalOf(async app => {
    await app.register(async scope => {
      await scope.register(oauthGate, enough)
    })
  })
  t.match(inside.message, /inside another one/)
  t.match((await refusalOf(async app => { await app.register(oauthGate, enough) }, { frameworkErrors: (_error: Error, _request: unknown, reply: { send: (text: string) => void }) => reply.send('x') } as FastifyServerOptions)).message, /frameworkErrors/)
  for (const option of ['defaultRoute', 'onBadUrl', 'onMaxParamLength']) {
    const answer = (...parts: { end?: (text: string) => void }[]) => parts.at(-1)?.end?.('open')
    for (const server of [{ routerOptions: { [option]: answer } }, { [option]: answer }]) t.match((await refusalOf(async app => { await app.register(oauthGate, enough) }, server as FastifyServerOptions)).message, option)
  }
  t.match((await refusalOf(async app => { await app.register(oauthGate, enough) }, { http2: true } as FastifyServerOptions)).message, /HTTP\/2/)
  t.match((await refusalOf(async app => {
    new WebSocketServer({ server: app.server })
    await app.register(oauthGate, enough)
  })).message, /“upgrade”/, 'a websocket server of its own, before')
  t.match((await refusalOf(async app => {
    await app.register(oauthGate, enough)
    new WebSocketServer({ server: app.server })
  })).message, /@fastify\/websocket/, 'and after')
  t.match((await refusalOf(async app => {
    await app.register(oauthGate, enough)
    app.server.on('request', (_request, response) => { response.end('open') })
  })).message, /“request”/)
})

t.test('settings of the plugin are checked like all settings, and those of the app are refused by name', async t => {
  const wrong = await refusalOf(async app => { await app.register(oauthGate, { ...enough, ...{ port: 80, upstream: 'http://x' } }) })
  t.strictSame(wrong.problems.map(({ setting }) => setting), ['upstream', 'port'])
  t.match((await refusalOf(async app => { await app.register(oauthGate, { ...enough, oauthIssuer: 'nonsense', ...{ oauthKye: 'x' } }) })).message, /Did you mean oauthKey\?/)
  const missing = (await refusalOf(async app => { await app.register(oauthGate, { ...enough, oauthIssuer: undefined, cookieSecret: undefined }) })).message
  t.match(missing, /needs oauthIssuer/)
  t.match(missing, /give it as cookieSecret, OAUTH_GATE_COOKIE_SECRET/)
  t.notMatch(missing, /hush|--oauth-issuer/, 'in the words of code, and without a secret')
  const lines: string[] = []
  const app = fastify({ logger: { stream: { write: (line: string) => { lines.push(line) } } } })
  await app.register(oauthGate, { ...enough, env: { OAUTH_GATE_LOG_LEVEL: 'debug', OAUTH_GATE_TITLE: 'From outside' } })
  await app.close()
  t.match(lines.join(''), /OAUTH_GATE_LOG_LEVEL does nothing here/, 'nothing is ignored in silence')
})

t.test('no code is written into the log of the app: a redirect URI that is a page of it is refused', async t => {
  for (const oauthRedirectUri of ['https://app.example', 'https://app.example/login', 'https://app.example/oauth2']) {
    const { problems: [problem] } = await refusalOf(async app => { await app.register(oauthGate, { ...enough, oauthRedirectUri, loginEndpoint: '/login' }) })
    t.match(problem, { setting: 'oauth-redirect-uri', fix: /Set it to https:\/\/app\.example\/oauth2\/callback|origin alone/ })
  }
  const below = await refusalOf(async app => { await app.register(oauthGate, { ...enough, oauthRedirectUri: 'https://app.example/site/in', rootPath: '/site', proxyPrefix: '/gate' }) })
  t.match(below.problems[0]?.fix, /https:\/\/app\.example\/site\/gate\/callback/)
  const app = fastify()
  await app.register(oauthGate, { ...enough, oauthRedirectUri: 'https://app.example/oauth2/callback/' })
  await t.resolves(app.close(), 'the callback itself, with a slash or without')
})

t.test('a callback path is a page of the gate, and its code is not in the log of the app either', async t => {
  for (const server of [{}, LENIENT]) {
    const { origin, handled, lines } = await startHost(t, { server, settings: { callbackPath: '/login/generic_oauth' }, redirectPath: '/login/generic_oauth' })
    const visitor = new Visitor()
    t.equal((await visitor.signIn(`${origin}/login/generic_oauth`, 'ada')).body, 'hello ada@example.com')
    t.ok(visitor.seen.some(address => address.includes('/login/generic_oauth?') && address.includes('code=')))
    t.strictSame(handled, ['/'])
    t.notMatch(lines.join(''), /code=/, 'nowhere')
  }
})

t.test('several apps with gates live in one process, and each ends by itself', async t => {
  const [one, other] = [await startHost(t), await startHost(t)]
  const visitor = new Visitor()
  t.equal((await visitor.signIn(`${one.origin}/`, 'ada')).body, 'hello ada@example.com')
  t.equal((await visitor.ask(`${other.origin}/`)).status, 401, 'a session of one is none of the other')
  await one.app.close()
  t.equal((await visitor.signIn(`${other.origin}/`, 'ben')).body, 'hello ben@example.com')
  await t.rejects(fetch(`${one.origin}/`), 'which no longer listens')
})

t.test('a renewed session’s cookie comes with the app’s next page, which nobody keeps then, and with nothing else', onlyInCi('ten seconds of waiting'), async t => {
  const { origin } = await startHost(t, {
    settings: { oauthRefreshTokens: true }, provider: { refreshTokens: true, accessTokenLife: 12 },
    after (app) {
      for (const type of ['text/html', 'application/json']) app.get(`/${type.split('/')[1]}`, (_request, reply) => reply.type(type).header('cache-control', 'max-age=600').header('expires', 'never').header('set-cookie', 'own=1').send('"x"'))
    }
  })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  t.match(await visitor.navigate(`${origin}/html`), { setCookies: ['own=1'], headers: { 'cache-control': 'max-age=600' } })
  await new Promise(resolve => { setTimeout(resolve, 10_500) }) // the least that a token is used
  t.match(await visitor.ask(`${origin}/json`, { headers: { 'sec-fetch-mode': 'cors' } }), { status: 200, setCookies: ['own=1'], headers: { 'cache-control': 'max-age=600' } })
  const page = await visitor.navigate(`${origin}/html`)
  t.match(page, { status: 200, setCookies: ['own=1', /^oauth-gate-\d+=/], headers: { 'cache-control': 'no-store' } })
  t.equal(page.headers.expires, undefined)
  t.match(await visitor.navigate(`${origin}/html`), { setCookies: ['own=1'] })
})
