// What a signed-in request is made of, counted: no figure here depends on how fast or how busy a machine is. docs/performance.md has the times.
import { createHook } from 'node:async_hooks'
import crypto from 'node:crypto'
import { once } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import { connect, createServer, Socket, type AddressInfo, type Server } from 'node:net'
import { Readable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { startGate, type LogLine } from '../fixtures/gate.ts'
import { cookiesOf, Visitor } from '../fixtures/visitor.ts'

const REQUESTS = 50
const WARM = 20
const PAGE = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello'

/** An app below HTTP, which adds nothing to what is counted but its own writes. */
async function startPlainApp (t: Test): Promise<{ readonly url: string, readonly asked: { count: number } }> {
  const asked = { count: 0 }
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket.on('error', () => {}))
    socket.setEncoding('latin1').on('data', (text: string) => {
      asked.count += text.split('\r\n\r\n').length - 1
      socket.write(PAGE)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

/** Asks one after the other on one connection, by callbacks alone. */
function askBy (socket: Socket, head: string, times: number, done: () => void): void {
  let left = times
  const heard = (text: string): void => {
    if (!text.endsWith('hello')) throw new Error(`another answer: ${text.slice(0, 200)}`)
    if (--left > 0) return void socket.write(head)
    socket.off('data', heard)
    done()
  }
  socket.on('data', heard)
  socket.write(head)
}

type Counted = 'URL' | 'digests and ciphers' | 'JSON read' | 'promises' | 'streams' | 'writes to sockets'

/** Counts what is made until it is told to end. */
function startCounting (): () => Record<Counted, number> {
  const counts: Record<Counted, number> = { URL: 0, 'digests and ciphers': 0, 'JSON read': 0, promises: 0, streams: 0, 'writes to sockets': 0 }
  const undo: (() => void)[] = []
  const count = <K extends string>(place: Record<K, unknown>, name: K, as: Counted): void => {
    const before = place[name] as (...values: unknown[]) => unknown
    place[name] = new Proxy(before, {
      apply (target, self, values) {
        counts[as]++
        return Reflect.apply(target, self, values) as unknown
      },
      construct (target, values, self) {
        counts[as]++
        return Reflect.construct(target, values, self) as object
      }
    })
    undo.push(() => { place[name] = before })
  }
  count(globalThis, 'URL', 'URL')
  count(globalThis, 'URLSearchParams', 'URL')
  for (const name of ['hash', 'createHash', 'createHmac', 'createCipheriv', 'createDecipheriv', 'timingSafeEqual', 'randomBytes'] as const) count(crypto, name, 'digests and ciphers')
  count(JSON, 'parse', 'JSON read')
  count(Readable.prototype as unknown as Record<string, unknown>, 'pipe', 'streams')
  for (const name of ['_write', '_writev'] as const) count(Socket.prototype as unknown as Record<string, unknown>, name, 'writes to sockets')
  syncBuiltinESMExports()
  const hook = createHook({ init (_id, type) { if (type === 'PROMISE') counts.promises++ } }).enable()
  return () => {
    hook.disable()
    for (const put of undo) put()
    syncBuiltinESMExports()
    return counts
  }
}

async function countOf (t: Test, more: { readonly settings?: Readonly<Record<string, unknown>>, readonly headers?: string } = {}) {
  const app = await startPlainApp(t)
  const log: LogLine[] = []
  const { origin } = await startGate(t, { log, settings: { upstream: [app.url], logLevel: 'info', ...more.settings } })
  const ada = new Visitor()
  await ada.signIn(`${origin}/`, 'ada')
  const { host, port } = new URL(origin)
  const socket = connect(Number(port), '127.0.0.1').setEncoding('latin1')
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  const head = `GET /page?a=1 HTTP/1.1\r\nHost: ${host}\r\nCookie: theme=dark; ${cookiesOf(ada)}\r\nAccept: text/html\r\nAccept-Language: en\r\n${more.headers ?? ''}\r\n`
  const [lines, asked] = [log.length, app.asked.count]
  return await new Promise<{ counts: Record<Counted, number>, lines: number, asked: number }>(resolve => {
    askBy(socket, head, WARM, () => {
      const end = startCounting()
      askBy(socket, head, REQUESTS, () => {
        const counts = end()
        setTimeout(() => { resolve({ counts, lines: log.length - lines, asked: app.asked.count - asked }) }, 50)
      })
    })
  })
}

const nothing = { URL: 0, 'digests and ciphers': 0, 'JSON read': 0, promises: 0, streams: 0 }
/** The visitor's, the app's and the gate's answer; what the gate writes to the app is counted by the app. */
const WRITES = 3

for (const [what, more] of [
  ['by default', {}],
  ['behind a trusted proxy', { settings: { trustedProxy: ['127.0.0.1'] }, headers: 'X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: http\r\n' }],
  ['with rules', { settings: { rules: [{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/', allow: 'signed-in' }] } }],
  ['where sessions end without activity', { settings: { sessionIdle: '30m' } }],
  ['in front of a Panel app', { settings: { app: 'panel' } }]
] as const) {
  t.test(`a signed-in request ${what} takes no URL apart, makes no digest, reads no JSON and waits for no promise: one write each way, and one line in the log`, async t => {
    const { counts, lines, asked } = await countOf(t, more)
    const { 'writes to sockets': writes, 'JSON read': read, ...made } = counts
    t.strictSame({ ...made, 'JSON read': read - REQUESTS }, nothing, 'but for the lines of the log, which this test itself reads')
    t.ok(writes <= REQUESTS * WRITES, `${writes} writes`)
    t.equal(asked, WARM + REQUESTS)
    t.equal(lines, WARM + REQUESTS)
  })
}

setFlagsFromString('--expose-gc')
const clearUp = runInNewContext('gc') as () => void
/** node:http and undici alone, as the benchmark has it. */
const bare = new URL('../../../bench/speed/peers/bare-forwarder.mjs', import.meta.url).href

/** Bytes that a request leaves to be cleared up, here and in what asks and answers: far too few for that to begin meanwhile. */
async function bytesOf (t: Test, port: number, head: string): Promise<number> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return await new Promise(resolve => {
    askBy(socket, head, 20 * REQUESTS, () => {
      clearUp()
      const before = process.memoryUsage().heapUsed
      askBy(socket, head, REQUESTS, () => { resolve((process.memoryUsage().heapUsed - before) / REQUESTS) })
    })
  })
}

t.test('a signed-in request leaves at most two and a half times the bytes to be cleared up that node:http and undici leave by themselves', async t => {
  const app = await startPlainApp(t)
  const { origin } = await startGate(t, { settings: { upstream: [app.url], logLevel: 'info' }, log: [] })
  const ada = new Visitor()
  await ada.signIn(`${origin}/`, 'ada')
  const { startBareForwarder } = await import(bare) as { startBareForwarder: (upstream: string) => Promise<{ server: Server, close (): Promise<void> }> }
  const forwarder = await startBareForwarder(app.url)
  t.teardown(() => forwarder.close())
  const headFor = (port: number) => `GET /page?a=1 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: theme=dark; ${cookiesOf(ada)}\r\nAccept: text/html\r\nAccept-Language: en\r\n\r\n`
  const [gatePort, barePort] = [Number(new URL(origin).port), (forwarder.server.address() as AddressInfo).port]
  const [gate, least] = [await bytesOf(t, gatePort, headFor(gatePort)), await bytesOf(t, barePort, headFor(barePort))]
  t.comment(`${Math.round(gate)} bytes, and ${Math.round(least)} without the gate: ${(gate / least).toFixed(2)} times as many`)
  t.ok(least > 1_000, 'which is counted')
  t.ok(gate < 2.5 * least)
})

for (const [what, settings] of [['', {}], [', also where what is said in it keeps the session from ending', { sessionIdle: '30m' }]] as const) {
  t.test(`an open websocket holds on to nothing of the request that opened it${what}`, async t => {
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(sockets, 'listening')
    t.teardown(() => {
      for (const client of sockets.clients) client.terminate()
      sockets.close()
    })
    const { gate, origin } = await startGate(t, { settings: { upstream: [`http://127.0.0.1:${(sockets.address() as AddressInfo).port}`], ...settings } })
    const ada = new Visitor()
    await ada.signIn(`${origin}/`, 'ada')
    const requests: WeakRef<object>[] = []
    gate.server.prependListener('upgrade', request => { requests.push(new WeakRef(request)) })
    const socket = new WebSocket(origin.replace('http', 'ws'), { headers: { cookie: cookiesOf(ada), origin } })
    await once(socket, 'open')
    const isGone = () => {
      clearUp()
      return requests[0]?.deref() === undefined
    }
    for (let tries = 0; tries < 50 && !isGone(); tries++) await new Promise(resolve => { setTimeout(resolve, 20) })
    t.equal(requests.length, 1)
    t.ok(isGone())
    t.equal(socket.readyState, WebSocket.OPEN)
    socket.terminate()
  })
}

t.test('and the count would see them', t => {
  const end = startCounting()
  new URL('http://a/')
  JSON.parse('{}')
  crypto.hash('sha256', 'a')
  void Promise.resolve()
  t.match(end(), { URL: 1, 'JSON read': 1, 'digests and ciphers': 1, promises: 1 })
  t.end()
})
