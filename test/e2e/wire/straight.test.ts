// Nearly every request goes straight to its app, past the hooks: it must be judged, told, answered and logged as by them.
import type { FastifyInstance } from 'fastify'
import { createServer, IncomingMessage, ServerResponse, type RequestListener } from 'node:http'
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import t, { type Test } from 'tap'
import { createStraightWay, type StraightOptions } from '../../../src/plugins/straight.ts'
import { startGate, type LogLine, type Received, type Running } from '../../fixtures/gate.ts'
import { isCi } from '../../fixtures/lacking.ts'
import { startServer } from '../../fixtures/server.ts'
import { talk } from '../../fixtures/talk.ts'
import { cookiesOf, Visitor } from '../../fixtures/visitor.ts'

/** Elsewhere than in CI one of so many is played; prime to all lengths below. */
const SOME = 11
const METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE', 'PROPFIND', 'MOVE', 'QUERY', 'TRACE', 'SETUP']
const TARGETS = ['/', '/public/a?b=c', '/public', '/Public/a', '/public/../admin', '/public%2fadmin', '/public//x', '/admin', '/admin/x', '/news', '/news/x', '/other/a', '/other/..%2fx', '/nobody', '/a\x01b', '/a#b', '/ü', '/oauth2/nothing', '/oauth2/userinfo', '/ping', '*', '//a', 'http://a/public', '/public?state=x&error=y', '/public/junk', '/public/breaks', '/public/empty', '/public/none']
const HEADERS = [
  '', 'Accept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document', 'Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe', 'X-Forwarded-For: 203.0.113.9, 198.51.100.2\r\nX-Forwarded-Proto: https', 'X-Forwarded-Host: evil.example',
  'X-Forwarded-User: root\r\nX_Forwarded_User: root\r\nConnection: close, X-Forwarded-User', 'Destination: /admin/x', 'Destination: http://elsewhere.example/', 'Depth: infinity', 'Depth: 0', 'Expect: 100-continue', 'Expect: nonsense',
  'Connection: Upgrade\r\nUpgrade: h2c', 'Connection: Upgrade\r\nUpgrade: websocket', 'Upgrade: h2c', 'Content-Length: 0', 'Content-Length: 2', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked\r\nContent-Length: 2', 'Host: b', 'TE: trailers', 'Origin: http://evil.example',
  'Content-Type: application/json', 'Content-Type: nonsense'
]

const handle: RequestListener = ({ url, method, socket, rawHeaders }, response) => {
  if (url === '/public/junk') return void socket.end('junk\r\n\r\n')
  if (url === '/public/empty') return void response.end()
  if (url === '/public/none') return void response.writeHead(204).end()
  if (url === '/public/breaks') return void response.write('a', () => setTimeout(() => socket.destroy(), 20))
  response.setHeader('Set-Cookie', ['a=b', 'oauth-gate=x']).end(JSON.stringify({ url, method, rawHeaders }))
}

interface Told { readonly said: string, readonly heard: readonly Partial<Received>[], readonly lines: readonly object[] }

/** Asks once, and gives all that anybody has heard of it, but for what differs each time. */
async function ask ({ origin }: Running, heard: Received[], log: LogLine[], bytes: string): Promise<Told> {
  heard.length = log.length = 0
  const said = await talk(origin, bytes)
  await sleep(1)
  const plain = (text: string) => text.replace(/\r\ndate: [^\r]*/gi, '').replace(/[0-9a-f]{8}-[0-9a-z]+/g, 'ID').replace(/\b(nonce|state|code_challenge|rd|oauth-gate[^=]*)=[^;&\s"]*/g, '$1=').replace(/\r\n[0-9a-f]+\r\n/g, '\r\n').replace(/content-length: \d+/gi, '').replace(/127\.0\.0\.1:\d+/g, 'HOST')
  return { said: plain(said), heard: heard.map(({ method, url, rawHeaders }) => ({ method, url, rawHeaders })), lines: log.map(({ time: _, ms: _ms, reqId: _id, hint: _hint, ...line }) => JSON.parse(plain(JSON.stringify(line))) as object) }
}

function cases (cookies: readonly string[]): string[] {
  const found: string[] = []
  const one = (method: string, target: string, headers: string, cookie: string, version = '1.1') => {
    const body = headers.includes('Content-Length: 2') ? 'ab' : headers === 'Transfer-Encoding: chunked' ? '2\r\nab\r\n0\r\n\r\n' : ''
    found.push(`${method} ${target} HTTP/${version}\r\nHost: gate.example\r\n${/connection/i.test(headers) ? '' : 'Connection: close\r\n'}${headers === '' ? '' : `${headers}\r\n`}${cookie === '' ? '' : `Cookie: ${cookie}\r\n`}\r\n${body}`)
  }
  for (const cookie of cookies) {
    for (const method of METHODS) for (const target of TARGETS) one(method, target, '', cookie)
    for (const headers of HEADERS) for (const target of ['/public/a', '/admin', '/news']) for (const method of ['GET', 'MOVE', 'POST']) one(method, target, headers, cookie)
    for (const target of TARGETS) one('GET', target, '', cookie, '1.0')
  }
  return found
}

async function compare (t: Test, more: object): Promise<void> {
  const heard: Received[] = []
  const log: LogLine[] = []
  const url = await startServer(t, createServer((request, response) => {
    const { method = '', url = '', headers, rawHeaders } = request
    heard.push({ method, url, headers, rawHeaders })
    handle(request, response)
  }))
  const running = await startGate(t, { log, app: { url, received: [] }, settings: { upstream: [url, `/other=${url}`], rules: [{ path: '/public', allow: 'public' }, { path: '/news', allow: 'optional' }, { path: '/admin', allow: { emails: 'ben@example.com' } }, { path: '/nobody', allow: { emails: 'none@example.com' } }, { path: '/', allow: 'signed-in' }], ...more } })
  const people = await Promise.all(['ada', 'ben'].map(async login => {
    const visitor = new Visitor()
    await visitor.signIn(`${running.origin}/`, login)
    return cookiesOf(visitor)
  }))
  const { server } = running.gate
  const [straight] = server.listeners('request') as [(...parts: unknown[]) => void]
  const different: object[] = []
  let [routed, played] = [0, 0]
  const { routing } = running.gate
  running.gate.routing = (...parts) => {
    routed++
    routing(...parts)
  }
  for (const [nth, bytes] of cases(['', ...people, 'oauth-gate=nonsense']).entries()) {
    if (!isCi && nth % SOME !== 0) continue
    played++
    const told = await ask(running, heard, log, bytes)
    server.off('request', straight).on('request', routing)
    const hooked = await ask(running, heard, log, bytes)
    server.off('request', routing).on('request', straight)
    if (!isDeepStrictEqual(told, hooked)) different.push({ bytes, told, hooked })
  }
  t.strictSame(different, [])
  t.ok(routed < played * 0.8, `${played - routed} of ${played} went straight`)
}

t.test('what goes straight is judged, told, answered and logged as by the hooks', async t => compare(t, {}))
t.test('the same behind a proxy that is trusted', async t => compare(t, { trustedProxy: ['127.0.0.1'] }))
t.test('the same where rules name hosts, and sessions end by themselves', async t => compare(t, { sessionIdle: '30m', rules: [{ path: '/public', host: 'gate.example', allow: 'public' }, { path: '/admin', host: '*.example', methods: ['GET'], allow: { emails: 'ben@example.com' } }, { path: '/', host: '127.0.0.1', allow: 'signed-in' }] }))

t.test('a crash by whatever nobody expected: what fails on the straight way comes to the hooks, once, and ends no process', async t => {
  const whole = {
    places: { rewrite (raw: IncomingMessage) { raw.place = { target: '/', path: '/', upstream: 0, readings: [], crosses: false } } },
    arrivals: () => ({ proto: 'http', asked: 'a', origin: 'http://a' }), jars: {}, servesHost: null, oneHost: false, sessions: { open: () => null },
    judge: { decide: () => ({ verdict: 'admitted', anonymous: true }) }, forwarders: [{ forward: () => { throw new Error('forwarder') } }], outward: {}
  }
  const fails = (where: string) => () => { throw new Error(where) }
  for (const [name, broken, isReturned] of [
    ['a target', { places: { rewrite: fails('places') } }, false], ['an arrival', { arrivals: fails('arrivals') }, false], ['a session', { sessions: { open: fails('sessions') } }, false],
    ['a rule', { judge: { decide: fails('judge') } }, false], ['what the app is told', { outward: undefined }, true], ['the forwarder', {}, true]
  ] as const) {
    const heard: (boolean | undefined)[] = []
    const app = { addHook () {}, routing ({ returned }: IncomingMessage) { heard.push(returned?.error instanceof Error) } } as unknown as FastifyInstance
    const hear = createStraightWay(app, { ...whole, ...broken } as unknown as StraightOptions, { nextId: () => 'a', log: app.log, write: fails('log') })
    const raw = Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url: '/', httpVersion: '1.1', rawHeaders: ['Host', 'a'], headers: { host: 'a' } })
    const response = new ServerResponse(raw)
    hear(raw, response)
    t.strictSame([heard, response.listenerCount('finish')], [[isReturned], 0], name)
  }
})
