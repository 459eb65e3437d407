// The recipes behind nginx, Caddy and Traefik, really run: with the very blocks of the pages, TLS, a provider, the gate, an app.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import type { Person } from '../fixtures/people.ts'
import { people } from '../fixtures/people.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { blocksOf, fileIn, isShown } from './markdown.ts'
import { has, keepRunning, listens, serve, startStage, type Stage } from './stage.ts'

interface Proxy {
  readonly name: string
  readonly page: string
  isThere (t: Test): boolean
  /** Writes its configuration and starts it. */
  start (t: Test, stage: Stage): Promise<unknown>
}

const GATE_FILE = '/etc/oauth-gate/gate.yaml'

const nginx: Proxy = {
  name: 'nginx', page: 'docs/recipes/nginx.md',
  isThere: t => has(t, 'nginx', 'nginx-light'),
  start (t, stage) { return startNginx(t, stage, fileIn(this.page, 'nginx', '/etc/nginx/conf.d/app.conf')) }
}

async function startNginx (t: Test, { folder, fill, env, ports }: Stage, server: string): Promise<void> {
  // What Debian's own nginx.conf has around a file in conf.d, with every path in the test's folder.
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`).join(' ')
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, `${process.getuid?.() === 0 ? 'user root;' : ''} pid ${folder}/nginx.pid; error_log stderr; daemon off; worker_processes 1; events {} http { access_log off; ${paths}\n${fill(server)}}`)
  const tried = spawnSync('nginx', ['-t', '-c', file], { encoding: 'utf8' })
  t.equal(tried.status, 0, `nginx -t: ${tried.stderr}`)
  t.notMatch(tried.stderr, /\[(?:warn|emerg)\]/)
  await keepRunning(t, 'nginx', ['-c', file], { env, ready: () => listens(ports.tls) })
}

const caddy: Proxy = {
  name: 'Caddy', page: 'docs/recipes/caddy.md',
  isThere: t => has(t, 'caddy', 'caddy'),
  async start (t, { folder, fill, env, ports }) {
    const file = join(folder, 'Caddyfile')
    // Without the first line it would take port 80 and an administrator's port of this machine.
    writeFileSync(file, `{\n\tadmin off\n\thttp_port ${ports.plain}\n}\n${fill(fileIn(this.page, 'caddyfile', '/etc/caddy/Caddyfile'))}`)
    const tried = spawnSync('caddy', ['validate', '--config', file, '--adapter', 'caddyfile'], { encoding: 'utf8', env })
    t.equal(tried.status, 0, `caddy validate: ${tried.stderr}`)
    await keepRunning(t, 'caddy', ['run', '--config', file, '--adapter', 'caddyfile'], { env, ready: () => listens(ports.tls) })
  }
}

// Not in Debian. Who has one names it: TRAEFIK=/path/to/traefik npm test -- build/test/docs/proxies.test.js
const traefik: Proxy = {
  name: 'Traefik', page: 'docs/recipes/traefik.md',
  isThere: () => true,
  async start (t, { folder, fill, env, ports }) {
    for (const name of ['traefik.yaml', 'app.yaml']) writeFileSync(join(folder, name), fill(fileIn(this.page, 'yaml', `/etc/traefik/${name}`)))
    await keepRunning(t, process.env['TRAEFIK'] as string, [`--configFile=${join(folder, 'traefik.yaml')}`], { env, ready: () => listens(ports.tls) })
    await new Promise(resolve => { setTimeout(resolve, 1000) }) // the routers come a moment after the port
  }
}

/** Whose session fills three cookies: more than a proxy's usual buffers hold. */
const crowded: Person = { login: 'crowded', about: 'is in many groups', claims: { sub: 'crowded', email: 'crowded@example.com', email_verified: true, groups: Array.from({ length: 250 }, (_, index) => `group-with-a-long-name-${index}`) } }

/** An app with a bit of everything a proxy can break. It remembers the requests that reached it. */
async function startApp (t: Test, port: number) {
  const received: IncomingMessage[] = []
  const waiting: (() => void)[] = []
  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    received.push(request)
    if (request.url === '/upload') {
      const hash = createHash('sha256')
      request.on('data', (chunk: Buffer) => hash.update(chunk)).on('end', () => response.end(hash.digest('hex')))
    } else if (request.url === '/stream') {
      response.writeHead(200, { 'content-type': 'text/plain' }).write('one\n')
      waiting.push(() => response.end('two\n'))
    } else {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ url: request.url, headers: request.headers }))
    }
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, request) => {
    received.push(request)
    socket.on('message', data => socket.send(`${String(request.headers['x-forwarded-user'])}: ${(data as Buffer).toString()}`))
  })
  await startServer(t, server, port)
  t.teardown(() => { for (const client of sockets.clients) client.terminate() })
  return { received, goOn: () => { waiting.shift()?.() } }
}

async function startAll (t: Test, proxy: Pick<Proxy, 'start'>, settings: string) {
  const stage = await startStage(t, { people: [...people, crowded] })
  const app = await startApp(t, stage.ports.app)
  await serve(t, stage, settings, '--log-level=warn')
  await proxy.start(t, stage)
  const visitor = new Visitor({ ca: stage.certificate })
  return { stage, app, visitor, origin: stage.publicOrigin }
}

function cookies (visitor: Visitor): string {
  return [...visitor.cookies.get('app.example.com')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
}

/** An address that is not the proxy's own, which is trusted. */
const VISITOR = '127.0.0.2'

function ask ({ stage, visitor }: Awaited<ReturnType<typeof startAll>>, path: string, method: string, headers: Record<string, string> = {}) {
  return request({
    host: '127.0.0.1', localAddress: VISITOR, port: stage.ports.tls, servername: 'app.example.com', ca: stage.certificate, method, path,
    headers: { host: new URL(stage.publicOrigin).host, cookie: cookies(visitor), ...headers }
  })
}

function openSocket ({ ports, certificate, publicOrigin }: Stage, path: string, cookie: string, origin = publicOrigin): WebSocket {
  return new WebSocket(`wss://127.0.0.1:${ports.tls}${path}`, ['bokeh', 'a'.repeat(20 * 1024)], {
    agent: new Agent({ ca: certificate, servername: 'app.example.com' }), headers: { host: new URL(publicOrigin).host, cookie, origin, 'x-forwarded-user': 'root' }
  })
}

const FORGED = {
  'x-forwarded-user': 'root', 'x-forwarded-groups': 'admins', x_forwarded_user: 'root', 'X-Forwarded-Email': 'root@example.com', 'x-forwarded-for': '203.0.113.9',
  'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'for=203.0.113.9;host=evil.example', 'x-real-ip': '203.0.113.9', 'remote-user': 'root'
}

for (const proxy of [nginx, caddy, ...process.env['TRAEFIK'] === undefined ? [] : [traefik]]) {
  t.test(`behind ${proxy.name}, as its recipe says`, async t => {
    if (!proxy.isThere(t) || !has(t, 'openssl', 'openssl')) return
    const all = await startAll(t, proxy, fileIn(proxy.page, 'yaml', GATE_FILE))
    const { stage, app, visitor, origin } = all

    await t.test('plain http leads to https', async t => {
      const answer = await new Visitor().navigate(`http://app.example.com:${stage.ports.plain}/page?x=1`)
      t.ok([301, 302, 307, 308].includes(answer.status), String(answer.status))
      t.match(answer.location, /^https:\/\/app\.example\.com(?::\d+)?\/page\?x=1$/)
    })

    await t.test('without a session nothing reaches the app, whatever a stranger claims to be', async t => {
      const stranger = new Visitor({ ca: stage.certificate })
      t.match(await stranger.navigate(`${origin}/`, { headers: FORGED }), { status: 302, location: '/oauth2/start?rd=%2F' })
      t.match(await stranger.ask(`${origin}/api`, { headers: FORGED }), { status: 401, headers: { 'x-oauth-gate': 'GATE_LOGIN_REQUIRED' } })
      t.equal(app.received.length, 0)
    })

    await t.test('a person signs in over https', async t => {
      const page = await visitor.signIn(`${origin}/deep/link?x=1&y=%2Fz`, 'ada')
      t.match(page, { status: 200, address: `${origin}/deep/link?x=1&y=%2Fz` })
      t.strictSame(visitor.cookieNames('app.example.com').filter(name => !name.endsWith('-arrived')), ['__Host-oauth-gate'], 'the note of an arrival is no secret and opens nothing')
      const again = new Visitor({ ca: stage.certificate })
      const start = await again.navigate(`${origin}/oauth2/start`)
      t.ok(start.setCookies.length > 0 && start.setCookies.every(line => line.startsWith('__Host-') && /; Secure/.test(line) && /; HttpOnly/.test(line) && !/; Domain/i.test(line)), 'every cookie is bound to this host and to https')
      t.match(start.location, `redirect_uri=${encodeURIComponent(origin)}&`, 'and the redirect URI is the address people type')
    })

    await t.test('the app is told who came, from where and how, and none of it by the visitor', async t => {
      const sent = ask(all, '/a%20b//c%2Fd?x=%2f', 'GET', FORGED).end()
      const [answer] = await once(sent, 'response') as [IncomingMessage]
      const told = await json(answer) as { url: string, headers: Record<string, string> }
      const { host } = new URL(origin)
      t.match(told.headers, {
        host, 'x-forwarded-user': 'ada@example.com', 'x-forwarded-groups': 'admins,staff', 'x-forwarded-email': 'ada@example.com',
        'x-forwarded-for': `${VISITOR}, 127.0.0.1`, 'x-forwarded-proto': 'https', 'x-forwarded-host': host, 'x-forwarded-port': String(stage.ports.tls), 'x-real-ip': VISITOR,
        forwarded: `for=${VISITOR};host="${host}";proto=https`
      })
      t.notMatch(JSON.stringify(told.headers), /root|evil|203\.0\.113\.9|__Host-/)
      t.equal(told.url, '/a%20b//c%2Fd?x=%2f', 'and the address came as it was typed')
    })

    await t.test('a websocket opens with 20 KiB of subprotocol, echoes, and stays the person’s own', async t => {
      const open = (cookie: string, from: string) => openSocket(stage, '/ws', cookie, from)
      const socket = open(cookies(visitor), origin)
      await once(socket, 'open')
      socket.send('hello')
      t.equal(String((await once(socket, 'message'))[0]), 'ada@example.com: hello')
      socket.close()
      for (const [cookie, from] of [['', origin], [cookies(visitor), 'https://evil.example']] as const) {
        const [error] = await once(open(cookie, from), 'error') as [Error]
        t.match(error.message, /40[13]/, 'neither without a session nor from another site')
      }
    })

    await t.test('an upload of 10 MB arrives whole', async t => {
      const body = Buffer.alloc(10_000_000, 'oauth-gate ')
      const sent = ask(all, '/upload', 'POST')
      sent.end(body)
      const [answer] = await once(sent, 'response') as [IncomingMessage]
      t.equal(answer.statusCode, 200)
      t.equal(String((await once(answer, 'data'))[0]), createHash('sha256').update(body).digest('hex'))
    })

    await t.test('an answer arrives piece by piece', async t => {
      const sent = ask(all, '/stream', 'GET').end()
      const [answer] = await once(sent, 'response') as [IncomingMessage]
      t.equal(String((await once(answer, 'data'))[0]), 'one\n', 'the first before there is a second')
      app.goOn()
      t.equal(String((await once(answer, 'data'))[0]), 'two\n')
    })

    await t.test('a session of several cookies is set and comes back', async t => {
      const other = new Visitor({ ca: stage.certificate })
      const page = await other.signIn(`${origin}/`, 'crowded')
      t.match(page, { status: 200, body: /group-with-a-long-name-249/ })
      t.ok(other.cookieNames('app.example.com').length >= 3)
    })

    await t.test('what the page says one sees from outside is what one sees', async t => {
      if (!has(t, 'curl', 'curl')) return
      const block = blocksOf(proxy.page).find(({ text }) => text.startsWith('curl '))
      writeFileSync(join(stage.folder, '.curlrc'), `resolve = app.example.com:${stage.ports.tls}:127.0.0.1\ncacert = ${stage.folder}/fullchain.pem\n`)
      const { stdout } = spawnSync('sh', ['-c', stage.fill(block?.text ?? '')], { encoding: 'utf8', env: stage.env })
      t.ok(isShown(block?.shows ?? 'nothing is shown', stage.unfill(stdout).replaceAll('\r', '')), stdout)
    })
    t.notMatch(app.received.map(({ headers }) => JSON.stringify(headers)).join('\n'), /root|evil\.example|203\.0\.113\.9|oauth-gate/, 'and to the end nothing forged and no cookie of ours reached the app')
  })
}

const BELOW = 'docs/recipes/below-a-path.md'
const ways = [
  { way: 'the app knows the path', setting: 'prefix', seen: '/tool/page?x=1' },
  { way: 'the proxy takes the path off', setting: 'root_path', seen: '/page?x=1' }
]

for (const [index, { way, setting, seen }] of ways.entries()) {
  t.test(`below a path, where ${way}`, async t => {
    if (!nginx.isThere(t) || !has(t, 'openssl', 'openssl')) return
    const [settings, location] = ['yaml', 'nginx'].map(language => blocksOf(BELOW).filter(block => block.language === language)[index]?.text ?? '')
    t.match(settings, `\n${setting}: /tool\n`)
    const whole = fileIn(nginx.page, 'nginx', '/etc/nginx/conf.d/app.conf')
    const server = whole.replace(/^ {2}location \/ \{.*?^ {2}\}\n/ms, location ?? '')
    t.not(server, whole)
    const { stage, app, visitor, origin } = await startAll(t, { start: (t, stage) => startNginx(t, stage, server) }, settings ?? '')

    t.match(await visitor.signIn(`${origin}/tool/page?x=1`, 'ada'), { status: 200, address: `${origin}/tool/page?x=1` })
    t.match(app.received.at(-1), { url: seen, headers: { 'x-forwarded-user': 'ada@example.com' } })
    t.match(await visitor.navigate(`${origin}/tool/oauth2/sign_in`), { status: 200, headers: { 'x-oauth-gate': 'GATE_OK' }, body: '"/tool/oauth2/sign_out"' }, 'the gate’s pages are there too')
    t.match((await new Visitor({ ca: stage.certificate }).navigate(`${origin}/tool/oauth2/start`)).location, `redirect_uri=${encodeURIComponent(`${origin}/tool`)}&`)
    const socket = openSocket(stage, '/tool/ws', cookies(visitor))
    await once(socket, 'open')
    socket.send('hello')
    t.equal(String((await once(socket, 'message'))[0]), 'ada@example.com: hello')
    socket.close()
    t.notOk((await visitor.navigate(`${origin}/elsewhere`)).headers['x-oauth-gate'], 'and what is not below it is not the gate’s')
  })
}

t.test('behind nginx, over a socket', async t => {
  if (!nginx.isThere(t) || !has(t, 'openssl', 'openssl')) return
  const [settings, upstream] = ['yaml', 'nginx'].map(language => blocksOf(nginx.page).filter(block => block.language === language)[1]?.text ?? '')
  const server = fileIn(nginx.page, 'nginx', '/etc/nginx/conf.d/app.conf').replace(/^upstream .*?^\}\n/ms, upstream ?? '')
  t.match(server, 'unix:')
  const { app, visitor, origin } = await startAll(t, { start: (t, stage) => startNginx(t, stage, server) }, `${fileIn(nginx.page, 'yaml', GATE_FILE)}${settings}`)
  t.match(await visitor.signIn(`${origin}/page`, 'ada'), { status: 200, address: `${origin}/page` })
  t.match(app.received.at(-1)?.headers, { 'x-forwarded-user': 'ada@example.com', 'x-real-ip': '127.0.0.1', 'x-forwarded-proto': 'https' })
})
