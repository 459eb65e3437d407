import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as send, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import type { Settings } from '../../src/config/options.ts'
import { startGate, type GateSetup, type LogLine, type Running } from '../fixtures/gate.ts'
import { personCalled } from '../fixtures/people.ts'
import { startServer } from '../fixtures/server.ts'
import { cookiesOf, Visitor } from '../fixtures/visitor.ts'

const MINUTE = 60_000
const XHR = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' }

/** An app with a page, an event stream, a download that takes its time, and websockets that it can speak into. */
async function startApp (t: Test) {
  const server = createServer((request, response) => {
    if (request.url === '/events') return response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
    if (request.url !== '/download') return void response.setHeader('content-type', request.url === '/data' ? 'application/json' : 'text/html').setHeader('cache-control', 'max-age=60').end('{}')
    response.writeHead(200, { 'content-type': 'application/zip' }).write('first ')
    setTimeout(() => { response.end('last') }, 700)
  })
  const sockets = new WebSocketServer({ server })
  t.teardown(() => { for (const client of sockets.clients) client.terminate() })
  return { url: await startServer(t, server), received: [], clients: sockets.clients }
}

type Started = Running & { readonly visitor: Visitor, readonly log: LogLine[], readonly clients: Set<WebSocket>, readonly events: (event: string) => LogLine[] }

async function start (t: Test, settings: Settings = {}, more: Partial<GateSetup> = {}): Promise<Started> {
  const [app, log] = [await startApp(t), [] as LogLine[]]
  const running = await startGate(t, { app, settings, log, ...more })
  const visitor = new Visitor()
  t.equal((await visitor.signIn(`${running.origin}/`, 'ada')).status, 200)
  return { ...running, visitor, log, clients: app.clients, events: event => log.filter(line => line['event'] === event) }
}

interface Live {
  readonly socket: WebSocket
  /** What the two have ended with, until now. */
  readonly ends: { websocket?: string, stream?: string }
}

/** A websocket and an event stream, held open. */
async function hold (t: Test, { origin, visitor }: Pick<Started, 'origin' | 'visitor'>): Promise<Live> {
  const cookie = cookiesOf(visitor)
  const ends: Live['ends'] = {}
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { headers: { cookie, origin } })
  t.teardown(() => { socket.terminate() })
  const opened = once(socket, 'open')
  socket.on('close', (code, reason) => { ends.websocket = `${code} ${reason.toString()}` })
  const [response] = await once(send(`${origin}/events`, { headers: { cookie }, agent: false }).end(), 'response') as [IncomingMessage]
  t.teardown(() => { response.destroy() })
  response.resume().on('error', () => {}).on('close', () => { ends.stream = response.complete ? 'whole' : 'cut' })
  await opened
  return { socket, ends }
}

const ENDED = { websocket: '4401 session_ended', stream: 'cut' }

async function endWithinASecond (t: Test, { ends }: Live): Promise<void> {
  for (const end = performance.now() + 1000; performance.now() < end && Object.keys(ends).length < 2;) await wait(10)
  t.strictSame(ends, ENDED)
}

function listFile (t: Test, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-lifetimes-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  writeFileSync(join(folder, 'emails.txt'), content)
  return join(folder, 'emails.txt')
}

interface Case {
  readonly settings?: (t: Test) => Settings
  readonly end: (started: Started) => Promise<unknown>
  readonly closed: object
  /** What `session.ended` says, where the session has ended. */
  readonly ended?: string
}

const causes: Readonly<Record<string, Case>> = {
  'a sign-out in another tab': { end: ({ origin, visitor }) => visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST', headers: { origin } }), closed: { cause: 'revoked' }, ended: 'sign-out' },
  'its absolute end': { end: async ({ outside }) => { outside.advance(24 * 60 * MINUTE) }, closed: { cause: 'absolute' }, ended: 'absolute' },
  'half an hour without activity': { settings: () => ({ sessionIdle: '30m' }), end: async ({ outside }) => { outside.advance(30 * MINUTE) }, closed: { cause: 'idle' }, ended: 'idle' },
  'a list that changed': { settings: t => ({ allowedEmailsFile: list = listFile(t, 'ada@example.com\nben@example.com\n') }), end: async () => { writeFileSync(list, 'ben@example.com\n') }, closed: { cause: 'list' } }
}
let list = ''

for (const [cause, { settings, end, closed, ended }] of Object.entries(causes)) {
  t.test(`a websocket and an event stream end within a second of ${cause}, and nobody else’s`, async t => {
    const started = await start(t, settings?.(t))
    const live = await hold(t, started)
    const other = new Visitor()
    await other.signIn(`${started.origin}/`, 'ben')
    const others = cause.includes('end') || cause.includes('activity') ? undefined : await hold(t, { origin: started.origin, visitor: other })
    await wait(600)
    t.strictSame(live.ends, {})
    await end(started)
    if (cause.includes('list')) await wait(1_600) // until the file has been quiet
    await endWithinASecond(t, live)
    t.strictSame(others?.ends ?? {}, {})
    t.match(started.events('connections.closed'), [{ user: 'ada@example.com', websockets: 1, streams: 1, ...closed }])
    t.match(started.events('session.ended'), ended === undefined ? [] : [{ cause: ended, user: 'ada@example.com' }], 'and the log says once by what the session has ended')
  })
}

t.test('idle: what a person sends keeps a session alive; what the app sends, and pings and pongs of both, do not', async t => {
  const { clients, outside, events, ...started } = await start(t, { sessionIdle: '30m' })
  const { origin, visitor } = started
  const live = await hold(t, started)
  const [app] = clients as Iterable<WebSocket> as [WebSocket]
  for (const say of ['hello', Buffer.alloc(70_000), '']) {
    outside.advance(29 * MINUTE)
    live.socket.send(say)
    await once(app, 'message')
    await wait(550)
    t.strictSame(live.ends, {})
  }
  outside.advance(29 * MINUTE)
  app.send('a message of the app')
  app.ping()
  live.socket.ping()
  await Promise.all([once(live.socket, 'pong'), once(app, 'pong')])
  await wait(550)
  t.strictSame(live.ends, {})
  outside.advance(MINUTE)
  await endWithinASecond(t, live)
  t.match(await visitor.ask(`${origin}/data`, { headers: XHR }), { status: 401, body: /"reason":"you were signed out after 30 minutes without activity","ended":"idle"/ })
  t.strictSame(events('session.ended').map(({ cause }) => cause), ['idle'])
})

t.test('idle: pages and scripts count; probes, our picture and asking who one is do not', async t => {
  const { origin, visitor, outside, events } = await start(t, { sessionIdle: '30m', title: 'Lab' })
  for (const ask of [async () => await visitor.navigate(`${origin}/`), async () => await visitor.ask(`${origin}/data`, { headers: XHR }), async () => await visitor.navigate(`${origin}/oauth2/sign_in`)]) {
    outside.advance(29 * MINUTE)
    t.equal((await ask()).status, 200)
  }
  outside.advance(20 * MINUTE)
  for (const path of ['/ping', '/ready']) t.equal((await visitor.ask(origin + path)).status, 200)
  const told = JSON.parse((await visitor.ask(`${origin}/oauth2/userinfo`, { headers: XHR })).body) as Record<string, number>
  t.equal(told['idle_expires_at'], Math.floor((outside.now() + 10 * MINUTE) / 1000))
  outside.advance(10 * MINUTE)
  t.match(await visitor.ask(`${origin}/oauth2/userinfo`, { headers: XHR }), { status: 401, body: /"ended":"idle"/ })
  t.match(await visitor.navigate(`${origin}/page`), { status: 302, location: /\/oauth2\/start\?rd=%2Fpage/ }, 'a page leads straight on to the provider')
  t.match(await visitor.ask(`${origin}/form`, { form: { a: '1' }, headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' } }), { status: 401, body: /not sent.*You were signed out after 30 minutes without activity\./is })
  t.match(await visitor.navigate(`${origin}/oauth2/sign_in`), { status: 200, body: /You were signed out after 30 minutes without activity\./ }, 'and the page to sign in says it, where one is shown')
  t.match(events('session.ended'), [{ cause: 'idle' }], 'once, however often it is asked for')
  t.match(await new Visitor().ask(`${origin}/data`, { headers: XHR }), { status: 401, body: /^(?!.*(?:reason|ended))/s }, 'a stranger is told nothing')
})

t.test('idle: a page brings a newer cookie once a minute, and nothing that may be kept has one', async t => {
  const { origin, visitor, outside } = await start(t, { sessionIdle: '30m' })
  t.strictSame((await visitor.navigate(`${origin}/`)).setCookies, [])
  outside.advance(MINUTE)
  t.match(await visitor.ask(`${origin}/data`, { headers: XHR }), { setCookies: [], headers: { 'cache-control': 'max-age=60' } })
  const page = await visitor.navigate(`${origin}/`)
  t.equal(page.setCookies.length, 1)
  t.equal(page.headers['cache-control'], 'no-store')
  t.match(page.setCookies[0], /Max-Age=86340;/, 'and its end stays')
  t.match(await visitor.navigate(`${origin}/`), { setCookies: [], headers: { 'cache-control': 'max-age=60' } })
  outside.advance(MINUTE)
  t.match((await visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST', headers: { origin } })).setCookies.filter(line => !line.includes('Max-Age=0')), [], 'who signs out gets none')
})

t.test('ten refreshes close nothing; one by which somebody may not enter any more does', async t => {
  const people = [personCalled('ada')]
  const started = await start(t, { oauthRefreshTokens: true, allowedEmails: ['ada@example.com'] }, { provider: { refreshTokens: true, accessTokenLife: 120, people } })
  const { origin, visitor, outside, events } = started
  const live = await hold(t, started)
  for (let count = 0; count < 10; count++) {
    outside.advance(95_000)
    t.equal((await visitor.navigate(`${origin}/`)).status, 200)
  }
  await wait(600)
  t.strictSame([events('session.refreshed').length, live.ends], [10, {}])
  const [ada] = people as [typeof people[number]]
  people[0] = { ...ada, claims: { ...ada.claims, email: 'ada@elsewhere.example' } }
  outside.advance(95_000)
  t.equal((await visitor.navigate(`${origin}/`)).status, 403)
  await endWithinASecond(t, live)
})

t.test('who loses a group by a refresh loses what is open below a rule that asks for it', async t => {
  const people = [{ ...personCalled('ada'), claims: { ...personCalled('ada').claims, groups: ['admins'] } }]
  const started = await start(t, { oauthRefreshTokens: true, rules: [{ path: '/ws', allow: { groups: ['admins'] } }, { path: '/', allow: 'signed-in' }] }, { provider: { refreshTokens: true, accessTokenLife: 120, people } })
  const { origin, visitor, outside, events } = started
  const live = await hold(t, started)
  outside.advance(95_000)
  await visitor.navigate(`${origin}/`)
  await wait(600)
  t.strictSame(live.ends, {})
  const [ada] = people as [typeof people[number]]
  people[0] = { ...ada, claims: { ...ada.claims, groups: [] } }
  outside.advance(95_000)
  t.equal((await visitor.navigate(`${origin}/`)).status, 200)
  for (const end = performance.now() + 1000; performance.now() < end && live.ends.websocket === undefined;) await wait(10)
  t.strictSame(live.ends, { websocket: ENDED.websocket }, 'and the event stream, which anybody may have, goes on')
  t.match(events('connections.closed'), [{ cause: 'rule', websockets: 1, streams: 0 }])
})

t.test('ws-grace: a websocket stays for so long, or for ever, and an event stream does not', async t => {
  for (const [grace, after] of [['5m', { ...ENDED }], ['off', { stream: 'cut' }]] as const) {
    const started = await start(t, { wsGrace: grace })
    const live = await hold(t, started)
    await started.visitor.ask(`${started.origin}/oauth2/sign_out`, { method: 'POST', headers: { origin: started.origin } })
    await wait(1100)
    t.strictSame(live.ends, { stream: 'cut' }, grace)
    started.outside.advance(5 * MINUTE)
    await wait(600)
    t.strictSame(live.ends, after, grace)
  }
})

t.test('session_expiry of the id_token ends a session before its time', async t => {
  const outside = { at: Math.floor(Date.now() / 1000) + 600 }
  const ada = personCalled('ada')
  const started = await start(t, {}, { provider: { people: [{ ...ada, claims: { ...ada.claims, session_expiry: outside.at } }] } })
  const { origin, visitor, events } = started
  const { expires_at: end } = JSON.parse((await visitor.ask(`${origin}/oauth2/userinfo`, { headers: XHR })).body) as Record<string, number>
  t.equal(end, outside.at)
  const live = await hold(t, started)
  started.outside.advance(600_000)
  await endWithinASecond(t, live)
  t.match(events('session.ended'), [{ cause: 'provider' }])
  const [copy] = [await visitor.ask(`${origin}/data`, { headers: XHR })]
  t.match(copy, { status: 401, body: /"ended":"provider"/ })
})

t.test('when the gate stops, websockets are told, event streams are cut, and a download comes to its end', async t => {
  const started = await start(t)
  const live = await hold(t, started)
  const [response] = await once(send(`${started.origin}/download`, { headers: { cookie: cookiesOf(started.visitor) }, agent: false }).end(), 'response') as [IncomingMessage]
  let body = ''
  response.setEncoding('utf8').on('error', () => {})
  response.on('data', (text: string) => { body += text })
  const whole = once(response, 'close').then(() => response.complete)
  const closing = started.gate.close()
  await wait(200)
  t.strictSame(live.ends.stream, 'cut')
  t.match(live.ends.websocket, /^1001 /)
  t.strictSame([await whole, body], [true, 'first last'])
  await closing
})
