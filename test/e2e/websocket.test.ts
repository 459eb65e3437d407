import { once } from 'node:events'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { startGate, type Running } from '../fixtures/gate.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor } from '../fixtures/visitor.ts'

/** An app that echoes, prefixed by the user it was told. */
async function startEcho (t: Test) {
  const server = createServer((_request, response) => { response.end('page') })
  const sockets = new WebSocketServer({ server })
  const handshakes: Record<string, unknown>[] = []
  sockets.on('connection', (socket, request) => {
    handshakes.push(request.headers)
    socket.on('message', data => socket.send(`${String(request.headers['x-forwarded-user'])}: ${(data as Buffer).toString()}`))
  })
  t.teardown(() => { for (const client of sockets.clients) client.terminate() })
  return { url: await startServer(t, server), received: [], handshakes }
}

async function open ({ origin }: Running, visitor: Visitor, headers: Record<string, string> = { origin }) {
  const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { headers: { ...cookie !== '' && { cookie }, ...headers } })
  const refused = new Promise<number>(resolve => {
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0)
      socket.terminate()
    })
  })
  socket.on('error', () => {})
  const status = await Promise.race([once(socket, 'open').then(() => 101), refused])
  return { socket, status }
}

t.test('a websocket opens for who is signed in, on our own origin only', async t => {
  const app = await startEcho(t)
  const running = await startGate(t, { app })
  const visitor = new Visitor()
  t.equal((await open(running, visitor)).status, 401, 'nobody is there')
  await visitor.signIn(`${running.origin}/`, 'ada')
  t.equal((await open(running, visitor, {})).status, 403, 'no Origin')
  t.equal((await open(running, visitor, { origin: 'https://evil.example' })).status, 403, 'cross-site websocket hijacking')
  t.equal((await open(running, visitor, { origin: 'null' })).status, 403)
  t.equal(app.handshakes.length, 0, 'and the app was never asked')
  const { socket, status } = await open(running, visitor)
  t.equal(status, 101)
  socket.send('hello')
  t.equal(String((await once(socket, 'message'))[0]), 'ada@example.com: hello')
  t.notOk(app.handshakes[0]?.['cookie'], 'none of our cookies went along')
  socket.close()
})

t.test('another origin may be allowed', async t => {
  const app = await startEcho(t)
  const running = await startGate(t, { app, settings: { allowWebsocketOrigin: ['https://portal.example.org', '*.apps.example.org', 'lab.example.org:5006'] } })
  const visitor = new Visitor()
  await visitor.signIn(`${running.origin}/`, 'ada')
  for (const origin of ['https://portal.example.org', 'https://a.apps.example.org', 'http://lab.example.org:5006']) {
    const { socket, status } = await open(running, visitor, { origin })
    t.equal(status, 101, origin)
    socket.close()
  }
  for (const origin of ['http://portal.example.org', 'https://apps.example.org', 'https://a.apps.example.org.evil.example', 'http://lab.example.org', 'https://evil.example/.apps.example.org']) {
    t.equal((await open(running, visitor, { origin })).status, 403, origin)
  }
  t.equal(app.handshakes.length, 3, 'and of those the app knows nothing')
})

for (const [cause, end] of Object.entries({
  'sign-out': async ({ origin }: Running, visitor: Visitor) => { await visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST' }) },
  expiry: async ({ outside }: Running) => { outside.advance(25 * 3600_000) }
})) {
  t.test(`a websocket ends with its session: ${cause}`, async t => {
    const running = await startGate(t, { app: await startEcho(t) })
    const [visitor, other] = [new Visitor(), new Visitor()]
    await visitor.signIn(`${running.origin}/`, 'ada')
    await other.signIn(`${running.origin}/`, 'ada')
    const { socket } = await open(running, visitor)
    const { socket: untouched } = await open(running, other)
    await end(running, visitor)
    const [code, reason] = await once(socket, 'close') as [number, Buffer]
    t.equal(code, 4401)
    t.equal(reason.toString(), 'session_ended')
    if (cause === 'sign-out') t.equal(untouched.readyState, WebSocket.OPEN, 'and nobody else’s')
    untouched.terminate()
  })
}

t.test('an event stream ends with its session, and passes each event at once until then', async t => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    response.write('data: one\n\n')
  })
  const app = { url: await startServer(t, server), received: [] }
  const { origin } = await startGate(t, { app })
  const visitor = new Visitor()
  const question = await visitor.follow(`${origin}/oauth2/start?rd=%2Foauth2x`)
  const chosen = await visitor.navigate(question.address, { form: { login: 'ada' } })
  const back = (await visitor.navigate(new URL(chosen.location, question.address).href)).location
  await visitor.navigate(back)
  const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
  const stream = (await fetch(`${origin}/events`, { headers: { cookie } })).body?.getReader()
  t.equal(new TextDecoder().decode((await stream?.read())?.value), 'data: one\n\n')
  await visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST' })
  await t.rejects(async () => { await stream?.read() }, 'cut, so that it cannot be taken for whole')
})
