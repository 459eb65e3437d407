// Websockets as Panel's apps use them, through the whole gate: before a real Bokeh server, and before apps that do what Bokeh cannot be made to do.
// How the proxy joins two sockets is in test/proxy/websocket.test.ts, and who may open one in test/e2e/websocket.test.ts.
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import type { Settings } from '../../src/config/options.ts'
import { startProvider } from '../../src/demo/provider.ts'
import { keepRunning } from '../docs/stage.ts'
import { CLIENT, COOKIE_SECRET, freePort, startGate, type Running, type TestApp } from '../fixtures/gate.ts'
import { python } from '../fixtures/python.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { until, wait } from '../proxy/setup.ts'
import { openSession, readToken, send, tokenOf } from './bokeh.ts'
import { handshake, startLifted } from './setup.ts'

t.setTimeout(120_000)

const MiB = 1024 * 1024
const SIZE = 20_000_000 // near the 20 MiB that Bokeh takes
const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const hash = (data: Buffer | string) => createHash('sha256').update(data).digest('hex')
/** Of a binary message, unmasked and of 64 KiB or more. */
const head = (length: number) => Buffer.concat([Buffer.from([0x82, 127, 0, 0, 0, 0]), Buffer.from([length >>> 24, length >>> 16, length >>> 8, length])])
/** The same of a client: with a mask of zero, which leaves the payload as it is. */
const maskedHead = (length: number) => Buffer.concat([Buffer.from([0x82, 255, 0, 0, 0, 0]), Buffer.from([length >>> 24, length >>> 16, length >>> 8, length]), Buffer.alloc(4)])

interface End {
  readonly socket: Socket
  /** Everything after the handshake. */
  got (): Buffer
  readonly text: string
}

interface Switching extends TestApp {
  readonly opened: { readonly request: IncomingMessage, readonly socket: Socket, got (): Buffer }[]
}

/** @returns what has come so far */
function gather (socket: Socket): () => Buffer {
  const chunks: Buffer[] = []
  socket.on('error', () => {}).on('data', chunk => { chunks.push(chunk) })
  return () => Buffer.concat(chunks)
}

/** RFC 6455 §4.2.2 */
const acceptOf = ({ headers }: IncomingMessage) => createHash('sha1').update(`${headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')

/** An app that switches, and from then on says and reads nothing but what the test does. */
async function startSwitching (t: Test, extra = '', reads = true): Promise<Switching> {
  const opened: Switching['opened'] = []
  const server = createServer((_request, response) => { response.end('page') })
  server.on('upgrade', (request, socket: Socket) => {
    socket.allowHalfOpen = true
    socket.on('error', () => {}).write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${acceptOf(request)}\r\n${extra}\r\n`)
    opened.push({ request, socket, got: reads ? gather(socket) : () => Buffer.alloc(0) })
  })
  t.teardown(() => { for (const { socket } of opened) socket.destroy() })
  return { url: await startServer(t, server), received: [], opened }
}

/** An app on a library, which keeps to the protocol. */
async function startWs (t: Test, maxHeaderSize = 131_072) {
  const asked: IncomingHttpHeaders[] = []
  const server = createServer({ maxHeaderSize }, (_request, response) => { response.end('page') })
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'bokeh' })
  server.prependListener('upgrade', ({ headers }) => { asked.push(headers) })
  sockets.on('connection', socket => { socket.on('error', () => {}) })
  t.teardown(() => { for (const client of sockets.clients) client.terminate() })
  return { url: await startServer(t, server), received: [], asked, sockets, server }
}

/** A gate before an app, and somebody who is signed in. */
async function behind (t: Test, app: TestApp, settings: Settings = {}): Promise<{ readonly running: Running, readonly visitor: Visitor }> {
  const running = await startGate(t, { app, settings })
  const visitor = new Visitor()
  await visitor.signIn(`${running.origin}/`, 'ada')
  return { running, visitor }
}

/** A client that says what no library would. @returns once the answer to its handshake is there */
async function openRaw (t: Test, running: Pick<Running, 'origin'>, visitor: Visitor, extra = ''): Promise<End> {
  const { host, port } = new URL(running.origin)
  const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  const got = gather(socket)
  const lines = Object.entries(handshake(running, visitor)).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`GET /ws HTTP/1.1\r\nHost: ${host}\r\n${lines}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${extra}\r\n`)
  await until(() => got().includes('\r\n\r\n'))
  const size = got().indexOf('\r\n\r\n') + 4
  return { socket, text: got().toString('latin1', 0, size), got: () => got().subarray(size) }
}

/** A client on a library. */
async function openWs (t: Test, running: Running, visitor: Visitor): Promise<WebSocket> {
  const socket = new WebSocket(`${running.origin.replace('http', 'ws')}/ws`, { headers: handshake(running, visitor) })
  socket.on('error', () => {})
  t.teardown(() => socket.terminate())
  await once(socket, 'open')
  return socket
}

const connections = (server: { getConnections (callback: (error: Error | null, count: number) => void): void }) =>
  new Promise<number>(resolve => { server.getConnections((_error, count) => { resolve(count) }) })

/** Names and ids of what stands in a document of Bokeh. */
function modelsIn (document: string): Map<string, string> {
  const { doc } = JSON.parse(document) as { doc: { roots: { id: string, attributes: { name?: string } }[] } }
  return new Map(doc.roots.map(({ id, attributes }) => [attributes.name ?? '', id]))
}

t.test('Bokeh itself: its subprotocol, a large token, 20 MB each way, pings, closes, and an end with the session', async t => {
  const interpreter = python(t, 'panel')
  if (interpreter === null) return
  const running = await startLifted(t, interpreter, { apps: ['echo'], flags: ['--keep-alive=400'], env: { PANEL_COOKIE_SECRET: COOKIE_SECRET } })
  const visitor = new Visitor()
  await visitor.signIn(`${running.origin}/echo`, 'ada')
  // What an app keeps in a cookie of its own is in its token too, which is where large ones come from.
  visitor.cookies.get('127.0.0.1')?.set('theme/', { name: 'theme', value: randomBytes(18_000).toString('base64url'), path: '/' })
  const open = async () => {
    const token = tokenOf((await visitor.navigate(`${running.origin}/echo`)).body)
    const attempt = await openSession(`${running.origin}/echo`, token, handshake(running, visitor))
    t.teardown(attempt.close)
    return { ...attempt, token }
  }
  const large = await open()
  const size = large.token.length + (handshake(running, visitor)['cookie']?.length ?? 0)
  t.match(large, { status: 101, protocol: 'bokeh' }, `with a token of ${large.token.length} bytes, ${size} with the cookies`)
  t.ok(size > 60_000, 'close to the 64 KiB that Tornado takes')
  t.ok(readToken(large.token).cookies?.['theme'])
  const models = modelsIn(await large.document())
  const pinged = once(large.socket, 'ping')

  const text = randomBytes(SIZE / 4 * 3).toString('base64')
  const bytes = new Promise<Buffer>(resolve => {
    large.socket.on('message', (data, binary) => { if (binary) resolve(data as Buffer) })
  })
  send(large.socket, 'PATCH-DOC', { events: [{ kind: 'ModelChanged', model: { id: models.get('said') }, attr: 'value', new: text }] })
  const back = await bytes
  t.strictSame([back.length, hash(back)], [SIZE, hash(text)], '20 MB up as text, 20 MB down as bytes, the same')

  t.match(String((await pinged)[0]), /^\d+$/, 'Bokeh’s ping gets here')
  const ponged = once(large.socket, 'pong')
  large.socket.ping('37')
  t.strictSame(await ponged, [Buffer.from('37')], 'and ours there')
  large.socket.close(4007, 'reason')
  t.equal(await large.closed(), 4007)
  await until(() => running.panel.said().includes('closed: code=4007, reason=\'reason\''))

  const last = await open()
  t.match(await last.document(), /"doc"/)
  await visitor.ask(`${running.origin}/oauth2/sign_out`, { method: 'POST' })
  t.equal(await last.closed(), 4401)
  await until(() => running.panel.said().includes('closed: code=4401, reason=\'session_ended\''))
  t.notMatch(running.panel.said(), /Traceback|ERROR/, 'and the app met no error')
})

t.test('a handshake of just under 64 KiB passes whole, and above --max-header-size it is refused with 431 before the app hears of it', async t => {
  const app = await startWs(t)
  const { running, visitor } = await behind(t, app)
  const sized = async (total: number) => {
    const lines = Object.entries(handshake(running, visitor)).map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const before = `GET /ws HTTP/1.1\r\nHost: ${new URL(running.origin).host}\r\n${lines}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Protocol: bokeh, `
    const token = 't'.repeat(total - before.length - 4)
    const socket = connect(Number(new URL(running.origin).port), '127.0.0.1')
    t.teardown(() => socket.destroy())
    const got = gather(socket)
    socket.write(`${before}${token}\r\n\r\n`)
    await until(() => got().includes('\r\n\r\n'))
    return { socket, token, text: got().toString('latin1') }
  }
  const under = await sized(65_535)
  t.match(under.text, /^HTTP\/1\.1 101 [^]*\r\nsec-websocket-protocol: bokeh\r\n/i)
  t.equal(under.text.match(/sec-websocket-protocol/ig)?.length, 1)
  t.equal(app.asked[0]?.['sec-websocket-protocol'], `bokeh, ${under.token}`)
  for (const total of [66_500, 400_000]) {
    const { socket, text } = await sized(total)
    t.match(text, /^HTTP\/1\.1 431 [^]*x-oauth-gate: /i, `${total} bytes`)
    if (!socket.closed) await once(socket, 'close')
  }
  t.equal(app.asked.length, 1, 'and the app was asked once')
  t.equal((await visitor.ask(`${running.origin}/`)).status, 200)
})

/** A gate that is a process of its own, so that its memory is known. */
async function startProcess (t: Test, app: TestApp): Promise<{ readonly origin: string, readonly visitor: Visitor, memory (): number }> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const provider = await startProvider({ address: 'localhost', remembers: false, clients: [{ ...CLIENT, redirectUris: [origin] }] })
  t.teardown(() => provider.close())
  const flags = { upstream: app.url, port, 'oauth-provider': 'oidc', 'oauth-issuer': provider.issuer, 'oauth-key': CLIENT.id, 'oauth-secret': CLIENT.secret, 'cookie-secret': COOKIE_SECRET }
  let pid = 0
  await keepRunning(t, '/bin/sh', ['-c', 'echo "pid $$"; exec "$@"', 'sh', process.execPath, 'bin/oauth-gate.js', 'serve', ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)], {
    env: { PATH: process.env['PATH'] ?? '' },
    ready: said => {
      pid = Number(/^pid (\d+)/.exec(said)?.[1])
      return said.includes('  Who may enter')
    }
  })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  return { origin, visitor, memory: () => Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)])) * 1024 }
}

/** Sends messages of a MiB as long as they are taken. */
function pour (socket: Socket, total: number, messageHead: Buffer): { sent (): number } {
  const message = Buffer.concat([messageHead, Buffer.alloc(MiB, 7)])
  let sent = 0
  const fill = () => {
    while (sent < total) {
      sent += message.length
      if (!socket.write(message)) return
    }
  }
  socket.on('drain', fill)
  fill()
  return { sent: () => sent - socket.writableLength }
}

t.test('who does not read, on either side, has the other paused: 200 MB do not become the gate’s, and all of it comes once it is read', async t => {
  const app = await startSwitching(t, '', false)
  const { origin, visitor, memory } = await startProcess(t, app)
  const total = 200 * (MiB + 10)
  for (const [what, extra] of [['the app sends', 0], ['the client sends', 200 * 4]] as const) {
    const { socket: client } = await openRaw(t, { origin }, visitor)
    const { socket: server } = app.opened.at(-1) as Switching['opened'][number]
    client.removeAllListeners('data').pause()
    const [from, to, first] = extra === 0 ? [server, client, head(MiB)] : [client, server, maskedHead(MiB)]
    const before = memory()
    const { sent } = pour(from, total + extra, first)
    for (let last = -1; last !== sent();) {
      last = sent()
      await wait(400)
    }
    const [held, grown] = [sent(), memory() - before]
    t.ok(held > MiB && held < 40 * MiB, `${what}: paused after ${(held / MiB).toFixed(1)} MiB of 200`)
    t.ok(grown < 40 * MiB, `and the gate has grown by ${(grown / MiB).toFixed(1)} MiB`)
    let read = 0
    to.on('data', chunk => { read += chunk.length }).resume()
    await until(() => read === total + extra, 20_000)
    t.equal(read, total + extra, 'nothing is missing')
    client.destroy()
    server.destroy()
  }
})

t.test('the code and the reason of a close go through, whoever closes, and so does a close without any', async t => {
  const app = await startWs(t)
  const { running, visitor } = await behind(t, app)
  for (const [code, reason, told = code] of [[1000, 'done'], [1001, ''], [4001, 'why ü'], [4999, 'r'.repeat(123)], [undefined, '', 1005]] as const) {
    for (const closes of ['client', 'app'] as const) {
      const [[server], client] = await Promise.all([once(app.sockets, 'connection') as Promise<[WebSocket]>, openWs(t, running, visitor)])
      const closed = Promise.all([once(client, 'close'), once(server, 'close')]) as Promise<unknown> as Promise<[number, Buffer][]>
      const closer = closes === 'client' ? client : server
      if (code === undefined) closer.close()
      else closer.close(code, reason)
      const ends = await closed
      t.strictSame(ends.map(([got, why]) => [got, why.toString()]), [[told, reason], [told, reason]], `${String(code)} of the ${closes}`)
    }
  }
  t.equal(app.sockets.clients.size, 0)
})

t.test('who is gone in the middle of a frame: the other side gets an abnormal close within a second, nothing is left open, and the gate lives', async t => {
  const half = { app: Buffer.concat([head(MiB), Buffer.alloc(1000)]), client: Buffer.concat([maskedHead(MiB), Buffer.alloc(1000)]) }
  const [ws, raw] = [await startWs(t), await startSwitching(t)]
  const [strict, loose] = [await behind(t, ws), await behind(t, raw)]
  const ways = { 'an end': (socket: Socket) => socket.end(), 'a reset': (socket: Socket) => socket.resetAndDestroy(), 'a closed connection': (socket: Socket) => socket.destroy() }
  for (const [way, leave] of Object.entries(ways)) {
    const [[server], client] = await Promise.all([once(ws.sockets, 'connection') as Promise<[WebSocket]>, openRaw(t, strict.running, strict.visitor)])
    let messages = 0
    server.on('message', () => { messages++ })
    client.socket.write(half.client)
    await wait(50)
    let begun = performance.now()
    leave(client.socket)
    t.equal((await once(server, 'close'))[0], 1006, `${way} of the client`)
    t.ok(performance.now() - begun < 1000, `${Math.round(performance.now() - begun)} ms`)
    t.equal(messages, 0, 'and half a message is none')

    const other = await openWs(t, loose.running, loose.visitor)
    other.on('message', () => { messages++ })
    const { socket } = raw.opened.at(-1) as Switching['opened'][number]
    socket.write(half.app)
    await wait(50)
    begun = performance.now()
    leave(socket)
    t.equal((await once(other, 'close'))[0], 1006, `${way} of the app`)
    t.ok(performance.now() - begun < 1000, `${Math.round(performance.now() - begun)} ms`)
    t.equal(messages, 0)
  }
  const { socket: deaf } = await openRaw(t, loose.running, loose.visitor)
  const { socket: pouring } = raw.opened.at(-1) as Switching['opened'][number]
  deaf.pause()
  pour(pouring, 200 * MiB, head(MiB))
  await until(() => pouring.writableNeedDrain)
  const begun = performance.now()
  deaf.resetAndDestroy()
  await new Promise(resolve => { pouring.once('close', resolve) })
  t.ok(performance.now() - begun < 1000, `who was not even reading: ${Math.round(performance.now() - begun)} ms`)
  for (const { running, visitor } of [strict, loose]) t.equal((await visitor.ask(`${running.origin}/`)).status, 200)
  await until(() => raw.opened.every(({ socket }) => socket.destroyed), 1000)
  t.equal(ws.sockets.clients.size, 0)
  for (const { running } of [strict, loose]) {
    let open = -1
    for (let turn = 0; turn < 100 && open !== 0; turn++) {
      open = await connections(running.gate.server)
      await wait(10)
    }
    t.equal(open, 0, 'the gate holds no connection')
  }
})

t.test('compression is agreed on by the two ends and left alone: the same bytes on both sides', async t => {
  const agreed = 'permessage-deflate; server_no_context_takeover; client_max_window_bits=12'
  const app = await startSwitching(t, `Sec-WebSocket-Extensions: ${agreed}\r\n`)
  const { running, visitor } = await behind(t, app)
  const offered = 'permessage-deflate; client_max_window_bits, x-unknown; q="a, b"'
  const client = await openRaw(t, running, visitor, `Sec-WebSocket-Extensions: ${offered}\r\n`)
  const { request, socket, got } = app.opened[0] as Switching['opened'][number]
  t.equal(request.headers['sec-websocket-extensions'], offered)
  t.equal(/^sec-websocket-extensions: (.*)\r$/im.exec(client.text)?.[1], agreed)
  // "Hello" as RFC 7692 §7.2.3.1 compresses it, in a frame with RSV1; masked, as of a client, by 37 fa 21 3d.
  const compressed = Buffer.from('f248cdc9c90700', 'hex')
  const mask = Buffer.from('37fa213d', 'hex')
  const masked = Buffer.concat([Buffer.from([0xc1, 0x87]), mask, compressed.map((byte, at) => byte ^ (mask[at % 4] as number))])
  const plain = Buffer.concat([Buffer.from([0xc1, 7]), compressed])
  client.socket.write(masked)
  socket.write(plain)
  await until(() => got().length >= masked.length && client.got().length >= plain.length)
  t.strictSame([got(), client.got()], [masked, plain])
})

t.test('a session that ends in the middle of a message of 20 MB: its frame is finished, a close frame follows, and nothing is put inside it', async t => {
  const app = await startSwitching(t)
  const { running, visitor } = await behind(t, app)
  const client = await openRaw(t, running, visitor)
  const { socket, got } = app.opened[0] as Switching['opened'][number]
  const message = Buffer.concat([head(SIZE), randomBytes(SIZE)])
  const held = 1000
  socket.write(message.subarray(0, -held))
  await until(() => client.got().length === message.length - held)
  await visitor.ask(`${running.origin}/oauth2/sign_out`, { method: 'POST' })
  await until(() => got().length > 0)
  t.strictSame(got(), Buffer.from('\x88\x8f\0\0\0\0\x11\x31session_ended', 'latin1'), 'the app, between two frames of the client, is told at once')
  await wait(100)
  t.equal(client.got().length, message.length - held, 'the client is in the middle of one, and gets nothing that would be part of it')
  socket.write(Buffer.concat([message.subarray(-held), head(MiB), Buffer.alloc(1000)]))
  await once(client.socket, 'end')
  t.equal(hash(client.got().subarray(0, message.length)), hash(message), 'the message is whole')
  t.strictSame(client.got().subarray(message.length), Buffer.from('\x88\x0f\x11\x31session_ended', 'latin1'), 'a close frame follows, and not the next message')
  t.equal((await visitor.ask(`${running.origin}/`)).status, 401)
})

t.test('a session that ends while a message of 20 MB does not go on: cut off after half a second, with no close frame inside the message', async t => {
  const app = await startSwitching(t)
  const { running, visitor } = await behind(t, app)
  const client = await openRaw(t, running, visitor)
  const { socket, got } = app.opened[0] as Switching['opened'][number]
  const part = Buffer.concat([head(SIZE), randomBytes(SIZE / 2)])
  socket.write(part)
  await until(() => client.got().length === part.length)
  const closed = once(client.socket, 'end')
  await visitor.ask(`${running.origin}/oauth2/sign_out`, { method: 'POST' })
  await until(() => got().length > 0)
  const told = performance.now()
  await closed
  const took = performance.now() - told
  t.ok(took > 300 && took < 1500, `${Math.round(took)} ms after the app was told`)
  t.strictSame([client.got().length, hash(client.got())], [part.length, hash(part)], 'and nothing of ours among its bytes')
  await until(() => socket.destroyed || socket.readableEnded, 1000)
})
