import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import type { Settings } from '../../src/config/options.ts'
import { startGate, type Running } from '../fixtures/gate.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor } from '../fixtures/visitor.ts'

interface Choosy { readonly url: string, readonly received: [], readonly seen: string[] }

/** An app that looks at Origin as Bokeh does before Tornado 6.6, and tells each one it was shown. */
async function startChoosy (t: Test, takes: (host: string, request: IncomingMessage) => boolean): Promise<Choosy> {
  const seen: string[] = []
  const server = createServer((_request, response) => { response.end('page') })
  const sockets = new WebSocketServer({
    server,
    verifyClient: ({ origin, req }, answer) => {
      seen.push(`${origin}${req.headers['sec-fetch-site'] === undefined ? '' : ` ${String(req.headers['sec-fetch-site'])}`}`)
      answer(takes(String(origin).replace(/^https?:\/\//, ''), req), 403, 'not from there')
    }
  })
  sockets.on('connection', socket => { socket.on('message', data => socket.send(`heard ${(data as Buffer).toString()}`)) })
  t.teardown(() => { for (const client of sockets.clients) client.terminate() })
  return { url: await startServer(t, server), received: [], seen }
}

/** @returns the status, and what an app that took us said to our first word, which is sent at once */
async function open ({ origin }: Running, visitor: Visitor, headers: Record<string, string> = { origin }): Promise<number | string> {
  const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { headers: { ...cookie !== '' && { cookie }, ...headers } })
  socket.on('open', () => socket.send('hello')).on('error', () => { /* told by the answer */ })
  const refused = new Promise<number>(resolve => { socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0)) })
  const answer = await Promise.race([once(socket, 'message').then(([data]) => String(data)), refused])
  socket.terminate()
  return answer
}

async function signedIn (t: Test, app: Choosy, settings: Settings = {}): Promise<{ readonly running: Running, readonly visitor: Visitor }> {
  const running = await startGate(t, { app, settings })
  const visitor = new Visitor()
  await visitor.signIn(`${running.origin}/`, 'ada')
  return { running, visitor }
}

t.test('unless asked, the app sees the Origin that the browser sent, and what it says of it is the answer', async t => {
  const app = await startChoosy(t, () => false)
  const { running, visitor } = await signedIn(t, app)
  t.equal(await open(running, visitor, { origin: running.origin, 'sec-fetch-site': 'same-origin' }), 403)
  t.strictSame(app.seen, [`${running.origin} same-origin`], 'and it is asked once')
})

t.test('--websocket-origin=rewrite: the app sees its own, and beside it nothing that says otherwise', async t => {
  const app = await startChoosy(t, (host, { socket }) => host === `127.0.0.1:${socket.localPort ?? ''}`)
  const { running, visitor } = await signedIn(t, app, { websocketOrigin: 'rewrite', allowWebsocketOrigin: ['https://portal.example.org'] })
  t.equal(await open(running, visitor), 'heard hello')
  t.equal(await open(running, visitor, { origin: 'https://portal.example.org', 'sec-fetch-site': 'cross-site' }), 'heard hello')
  t.strictSame(app.seen, [app.url, `${app.url} same-origin`])
  t.equal(await open(running, visitor, { origin: 'https://evil.example' }), 403)
  t.equal(app.seen.length, 2, 'a page of another site is refused before')
})

t.test('--websocket-origin=bokeh: an app with Bokeh’s own list, one with a list of ours, and one whose list changes', async t => {
  let takes = (host: string, port: number): boolean => host === `localhost:${port}`
  const app = await startChoosy(t, (host, { socket }) => takes(host, socket.localPort ?? 0))
  const { running, visitor } = await signedIn(t, app, { websocketOrigin: 'bokeh' })
  const local = app.url.replace('127.0.0.1', 'localhost')
  t.equal(await open(running, visitor), 'heard hello')
  t.strictSame(app.seen.splice(0), [running.origin, local], 'the browser’s first')
  t.equal(await open(running, visitor), 'heard hello')
  t.strictSame(app.seen.splice(0), [local], 'and from then on what it took')
  takes = host => host === new URL(running.origin).host
  t.equal(await open(running, visitor), 'heard hello')
  t.strictSame(app.seen.splice(0), [local, running.origin])
  takes = () => false
  t.equal(await open(running, visitor), 403, 'an app that takes neither is heard')
  t.strictSame(app.seen, [running.origin, local], 'and asked no third time')
})

t.test('the app’s own check of Origin is the only one where nobody has signed in: it is never told another Origin than the visitor’s', async t => {
  for (const websocketOrigin of ['rewrite', 'bokeh'] as const) {
    const app = await startChoosy(t, host => host.startsWith('localhost:') || host.startsWith('127.0.0.1:'))
    const running = await startGate(t, { app, settings: { websocketOrigin, rules: [{ path: '/', allow: 'public' }] } })
    t.equal(await open(running, new Visitor(), { origin: 'https://evil.example' }), 403, websocketOrigin)
    t.equal(await open(running, new Visitor(), { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }), 403)
    t.strictSame(app.seen.splice(0), ['https://evil.example', 'https://evil.example cross-site'])
    t.equal(await open(running, new Visitor()), 'heard hello', 'a page of the gate’s own origin is fine')
    t.strictSame(app.seen.slice(0, 1), [websocketOrigin === 'rewrite' ? app.url : running.origin])
  }
})

t.test('a client that leaves while the app is asked a second time costs nothing', async t => {
  const app = await startChoosy(t, host => host.startsWith('localhost:'))
  const { running, visitor } = await signedIn(t, app, { websocketOrigin: 'bokeh' })
  const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
  for (let times = 0; times < 20; times++) {
    const socket = connect(Number(new URL(running.origin).port), '127.0.0.1')
    socket.write(`GET /ws HTTP/1.1\r\nhost: ${new URL(running.origin).host}\r\norigin: ${running.origin}\r\ncookie: ${cookie}\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`)
    await new Promise(resolve => { setTimeout(resolve, times) })
    socket.destroy()
  }
  t.equal(await open(running, visitor), 'heard hello', 'and the gate goes on')
})
