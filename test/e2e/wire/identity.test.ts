// Nobody says who they are, from where they come, or by which path: each name in each spelling, on each kind of route.
import fastify from 'fastify'
import t, { type Test } from 'tap'
import oauthGate from '../../../src/fastify.ts'
import { COOKIE_SECRET, startGate } from '../../fixtures/gate.ts'
import { startRecorder, valueOf, type Heard, type Recorder } from '../../fixtures/recorder.ts'
import { SPOOFED } from '../../fixtures/spoofed.ts'
import { answersIn, talk } from '../../fixtures/talk.ts'
import { cookiesOf, Visitor } from '../../fixtures/visitor.ts'

const OPEN = [{ path: '/', allow: 'public' }] as const
const OURS = ['X-Forwarded-User', 'X-Forwarded-Preferred-Username', 'X-Forwarded-Name', 'X-Forwarded-Role', 'X-Forwarded-Subject', 'X-Forwarded-Provider', 'X-Team']
const OTHERS = ['X-Forwarded-Port', 'X-Forwarded-Prefix', 'X-Forwarded-Scheme', 'X-Forwarded-Ssl', 'X-Forwarded-Server', 'X-Forwarded-By', 'X-Original-URI', 'X-Original-Host', 'X-Url-Scheme', 'Front-End-Https', 'CF-Connecting-IP', 'X-Envoy-External-Address']
const spellings: readonly ((name: string) => string)[] = [
  name => name, name => name.toUpperCase(), name => name.toLowerCase().replaceAll('-', '_'), name => name.replaceAll('-', '.'),
  name => name.toUpperCase().replace('-', '_'), name => name.replace('-', '~'), name => name.replace(/-(?=[^-]*$)/, '_')
]
const NAMES = [...SPOOFED, ...OURS, ...OTHERS]
/** As many as a request may have headers. */
const lies = [...new Set(spellings.flatMap(spell => NAMES.map(spell)))]
const batches = Array.from({ length: Math.ceil(lies.length / 180) }, (_, nth) => lies.slice(nth * 180, (nth + 1) * 180))
const settings = {
  header: ['X-Team=login'], oauthGuestEndpoints: ['/guest'], skipAuthRoute: ['GET=/skip'],
  rules: [{ path: '/public', allow: 'public' }, { path: '/optional', allow: 'optional' }, { path: '/api', methods: ['OPTIONS'], allow: 'public' }, { path: '/', allow: 'signed-in' }]
} as const

interface Route { readonly line: string, readonly more?: string, readonly body?: string, readonly user: boolean, readonly stranger: boolean }

const websocket = 'Origin: {origin}\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
const routes: Readonly<Record<string, Route>> = {
  'a page': { line: 'GET /', user: true, stranger: false },
  'a form': { line: 'POST /', more: 'Content-Length: 3\r\n', body: 'a=b', user: true, stranger: false },
  'a public page': { line: 'GET /public', user: false, stranger: true },
  'an optional page': { line: 'GET /optional', user: true, stranger: true },
  'a guest’s page': { line: 'GET /guest', user: true, stranger: true },
  'a skip-auth route': { line: 'GET /skip', user: true, stranger: true },
  'a CORS preflight': { line: 'OPTIONS /api', more: 'Access-Control-Request-Method: PUT\r\n', user: false, stranger: true },
  'an upload with trailers': { line: 'POST /public', more: 'Transfer-Encoding: chunked\r\nTrailer: X-Forwarded-User\r\n', body: '1\r\nx\r\n0\r\nX-Forwarded-User: forged\r\nx_forwarded_user: forged\r\n\r\n', user: false, stranger: true },
  'a websocket': { line: 'GET /ws', more: websocket, user: true, stranger: false },
  'a public websocket': { line: 'GET /public/ws', more: websocket, user: false, stranger: true }
}

function identityOf ({ pairs }: Heard): string[] {
  return pairs.filter(([name]) => /^x-(?:forwarded-(?:user|email|name|role|groups|subject|provider|preferred-username)|team)$/.test(name)).map(([, value]) => value)
}

async function ask (t: Test, origin: string, app: Recorder, { line, more = '', body = '' }: Route, cookie: string, names: readonly string[]): Promise<Heard | undefined> {
  const before = app.heard.length
  const named = `Connection: ${more.includes('Upgrade') ? 'Upgrade' : 'close'}, X-Forwarded-User, x-forwarded-email, X-Team, Host, Cookie\r\n`
  const bytes = `${line} HTTP/1.1\r\nHost: ${new URL(origin).host}\r\n${cookie}${named}${more.replace('{origin}', origin)}${names.map(name => `${name}: forged\r\n`).join('')}\r\n${body}`
  if (more.includes('Upgrade')) await app.hangUp(() => talk(origin, bytes))
  else answersIn(await talk(origin, bytes))
  t.ok(app.heard.length - before <= 1)
  return app.heard[before]
}

t.test('header spoofing: no name in no spelling on no route says who somebody is, or how they came', async t => {
  const app = await startRecorder(t)
  const { origin } = await startGate(t, { app: { url: app.url, received: [] }, settings })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/oauth2/start`, 'ada')
  const cookie = `Cookie: ${cookiesOf(visitor)}\r\n`
  app.fresh()
  const told = identityOf(await ask(t, origin, app, routes['a page'] as Route, cookie, []) as Heard)
  t.ok(told.includes('ada@example.com') && told.includes('ada'), 'who is signed in is told, though Connection names it')
  for (const [what, route] of Object.entries(routes)) {
    for (const names of batches) {
      const signedIn = await ask(t, origin, app, route, cookie, names)
      const nobody = await ask(t, origin, app, route, '', names)
      t.strictSame([signedIn && identityOf(signedIn), nobody && identityOf(nobody)], [route.user ? told : [], route.stranger ? [] : undefined], what)
      for (const heard of [signedIn, nobody]) t.notOk(heard?.pairs.some(([, value]) => value.includes('forged')), what)
    }
  }
  t.strictSame(app.faults, [])
})

t.test('header spoofing at our own endpoints: they go by the session, and lead nowhere else', async t => {
  const app = await startRecorder(t)
  const { origin } = await startGate(t, { app: { url: app.url, received: [] }, settings })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/oauth2/start`, 'ada')
  app.fresh()
  const cookie = `Cookie: ${cookiesOf(visitor)}\r\n`
  const { host } = new URL(origin)
  const say = async (line: string, names: readonly string[], more = '') => answersIn(await talk(origin, `${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}${names.map(name => `${name}: evil.example\r\n`).join('')}\r\n`))[0]
  for (const names of batches) {
    t.match(JSON.parse((await say('GET /oauth2/userinfo', names, cookie))?.body ?? '{}'), { user: 'ada@example.com' })
    for (const path of ['/oauth2/userinfo', '/oauth2/start', '/oauth2/sign_in', '/oauth2/sign_out', '/private', '/ping']) {
      const answer = await say(`GET ${path}`, names, 'Accept: text/html\r\nSec-Fetch-Mode: navigate\r\n')
      t.notMatch(`${answer?.head}${answer?.body}`, /evil/, path)
    }
    t.equal((await say('GET /oauth2/userinfo', names))?.status, 401)
  }
  t.strictSame(app.fresh(), [])
})

/** What the app is told: the client, the whole chain, scheme, host and port. */
type Told = readonly [string, string, string, string, string]

t.test('forwarding headers: the app hears the socket’s word, or of a listed proxy what stands right of the first stranger', async t => {
  const app = await startRecorder(t)
  const [nobody, proxies] = [await startGate(t, { app: { url: app.url, received: [] }, settings: { rules: OPEN } }), await startGate(t, { app: { url: app.url, received: [] }, settings: { rules: OPEN, trustedProxy: ['127.0.0.1', '10.0.0.0/8', '2001:db8::/32'] } })]
  const ask = async (origin: string, lines: readonly string[]): Promise<Told> => {
    await talk(origin, `GET / HTTP/1.1\r\nHost: own.example\r\nConnection: close\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`)
    const heard = app.heard.at(-1)
    const says = (name: string) => (heard && valueOf(heard, name)) ?? 'nothing'
    t.notOk(['prefix', 'ssl', 'scheme', 'server', 'uri', 'method', 'client-cert'].some(name => says(`x-forwarded-${name}`) !== 'nothing'), 'the rest of the family never passes')
    return [says('x-real-ip'), says('x-forwarded-for'), says('x-forwarded-proto'), says('x-forwarded-host'), says('x-forwarded-port')]
  }
  const rest = ['X-Forwarded-Port: 8443', 'X-Forwarded-Prefix: /evil', 'X-Forwarded-Ssl: on', 'X-Forwarded-Scheme: https', 'X-Forwarded-Server: evil', 'X-Forwarded-Uri: /admin', 'X-Forwarded-Method: DELETE', 'X-Forwarded-Client-Cert: By=evil', 'Forwarded: for=6.6.6.6;host=evil.example;proto=https', 'X-Original-URL: /admin', 'X-Rewrite-URL: /admin']
  const table: Readonly<Record<string, readonly [readonly string[], Told]>> = {
    'one stranger': [['X-Forwarded-For: 203.0.113.9'], ['203.0.113.9', '203.0.113.9, 127.0.0.1', 'http', 'own.example', '80']],
    'what a stranger says of others': [['X-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.1.2.3'], ['203.0.113.9', '203.0.113.9, 10.1.2.3, 127.0.0.1', 'http', 'own.example', '80']],
    'two lines are one list': [['X-Forwarded-For: 6.6.6.6', 'x-forwarded-for: 203.0.113.9'], ['203.0.113.9', '203.0.113.9, 127.0.0.1', 'http', 'own.example', '80']],
    'tabs and empty places': [['X-Forwarded-For: 6.6.6.6,\t, 203.0.113.9\t,,'], ['203.0.113.9', '203.0.113.9, 127.0.0.1', 'http', 'own.example', '80']],
    'a name that is hidden': [['X-Forwarded-For: 6.6.6.6, _hidden, 10.1.2.3'], ['10.1.2.3', '10.1.2.3, 127.0.0.1', 'http', 'own.example', '80']],
    'an address that is none': [['X-Forwarded-For: 6.6.6.6, 999.1.1.1, 10.1.2.3'], ['10.1.2.3', '10.1.2.3, 127.0.0.1', 'http', 'own.example', '80']],
    'an IPv6 proxy': [['X-Forwarded-For: 6.6.6.6, 2001:db9::1, 2001:db8::1'], ['2001:db9::1', '2001:db9::1, 2001:db8::1, 127.0.0.1', 'http', 'own.example', '80']],
    'the last scheme and host': [['X-Forwarded-Proto: http', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: evil.example, app.example:444'], ['127.0.0.1', '127.0.0.1', 'https', 'app.example:444', '444']],
    'a scheme and a host that are none': [['X-Forwarded-Proto: gopher', 'X-Forwarded-Host: a@evil.example'], ['127.0.0.1', '127.0.0.1', 'http', 'own.example', '80']],
    'the rest of the family': [rest, ['127.0.0.1', '127.0.0.1', 'http', 'own.example', '80']],
    'names in other spellings': [['X_Forwarded_For: 6.6.6.6', 'X.Forwarded.For: 6.6.6.6', 'X_Forwarded_Host: evil.example', 'X-Forwarded_Proto: https'], ['127.0.0.1', '127.0.0.1', 'http', 'own.example', '80']]
  }
  for (const [what, [lines, told]] of Object.entries(table)) {
    t.strictSame(await ask(proxies.origin, lines), told, what)
    t.strictSame(await ask(nobody.origin, lines), ['127.0.0.1', '127.0.0.1', 'http', 'own.example', '80'], `${what}, where no proxy is listed`)
  }
  t.strictSame(app.faults, [])
})

t.test('header spoofing by names as of JavaScript’s objects: inside an app they are headers like any other', async t => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(oauthGate, { env: {}, oauthProvider: 'oidc', oauthIssuer: 'http://127.0.0.1:1', oauthKey: 'k', oauthSecret: 's', cookieSecret: COOKIE_SECRET, rules: OPEN })
  app.get('/', async ({ raw }) => ({ user: raw.headers['x-forwarded-user'] ?? null, distinct: Object.keys(raw.headersDistinct), polluted: ({} as Record<string, unknown>)['x'] ?? null }))
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    const said = await talk(origin, `GET / HTTP/1.1\r\nHost: a\r\n${name}: x\r\nX-Forwarded-User: root\r\nConnection: close\r\n\r\n`)
    const [answer] = answersIn(said)
    t.equal(answer?.status, 200, name)
    t.match(JSON.parse(answer?.body ?? '{}'), { user: null, polluted: null }, name)
    t.ok((JSON.parse(answer?.body ?? '{}') as { distinct: string[] }).distinct.includes(name.toLowerCase()), `${name} is there`)
  }
})
