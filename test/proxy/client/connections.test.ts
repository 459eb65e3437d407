import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import { buildConnector, type Dispatcher } from 'undici'
import { createAppConnections, type AppConnections } from '../../../src/proxy/client/connections.ts'
import { intoBuffers } from '../../../src/proxy/client/read-buffer.ts'
import { failure } from '../../../src/proxy/upstream.ts'
import { says, startRawApp, until, wait } from '../setup.ts'

const ok = (body: string, headers = '') => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`

/** What a handler has been told. */
interface Told {
  controller?: Dispatcher.DispatchController
  /** Statuses, pieces of a body, `end`, and the codes of errors, in order. */
  readonly all: string[]
  error: Error | undefined
  isOver: boolean
}

interface Asking {
  readonly path?: string
  readonly headers?: readonly string[]
  readonly hasLeft?: () => boolean
}

/** Asks, and is told. */
function ask (gets: AppConnections, { path = '/', headers = [], hasLeft = () => false }: Asking = {}): Told {
  const told: Told = { all: [], error: undefined, isOver: false }
  gets.ask({ path, headers }, {
    onRequestStart (controller) {
      if (hasLeft()) throw new Error('the client left')
      told.controller = controller
    },
    onResponseStart: (_controller, status) => { told.all.push(String(status)) },
    onResponseData: (_controller, chunk) => { told.all.push(chunk.toString('latin1')) },
    onResponseEnd () {
      told.all.push('end')
      told.isOver = true
    },
    onResponseError (_controller, error) {
      told.error = error
      told.all.push((error as Error & { code: string }).code)
      told.isOver = true
    }
  })
  return told
}

async function answered (told: Told): Promise<string> {
  await until(() => told.isOver)
  return told.all.join(' ')
}

function open (t: Test, origin: string, { timeout = 5_000, connect }: { timeout?: number, connect?: buildConnector.connector } = {}): AppConnections {
  const gets = createAppConnections({ connect: connect ?? buildConnector({ timeout, onread: intoBuffers }), intoBuffers: true, origin: new URL(origin), maxHeaderSize: 16_384, timeout })
  t.teardown(() => { gets.destroy() })
  return gets
}

/** What happens to what is asked, as the client of the gate sees it. */
const pageOf = ({ error }: Told) => error && failure('app', error, false).kind.status

/** Each connection is numbered, and answers with its number. */
async function startNumbered (t: Test, headers = '') {
  const heard: string[] = []
  const app = await startRawApp(t, (socket, nth) => {
    socket.on('data', chunk => heard.push(chunk.toString('latin1')))
    says(ok(String(nth), headers))(socket)
  })
  return { ...app, heard }
}

t.test('there are as many connections as requests under way, and a free one is asked again', async t => {
  const app = await startNumbered(t)
  const gets = open(t, app.origin)
  for (let nth = 0; nth < 5; nth++) t.equal(await answered(ask(gets)), '200 1 end')
  t.equal(app.sockets.length, 1, 'one after the other')
  const together = Array.from({ length: 3 }, () => ask(gets))
  t.strictSame((await Promise.all(together.map(answered))).sort(), ['200 1 end', '200 2 end', '200 3 end'])
  t.equal(app.sockets.length, 3, 'three at a time')
  await Promise.all(Array.from({ length: 3 }, () => answered(ask(gets))))
  t.equal(app.sockets.length, 3)
  t.equal(app.heard[0], `GET / HTTP/1.1\r\nhost: ${new URL(app.origin).host}\r\nconnection: keep-alive\r\n\r\n`)
})

t.test('the last that became free is asked first', async t => {
  const waiting: Socket[] = []
  const app = await startRawApp(t, socket => { socket.on('data', () => waiting.push(socket)) })
  const gets = open(t, app.origin)
  const asked = [ask(gets), ask(gets), ask(gets)]
  await until(() => waiting.length === 3)
  const order = [waiting[1], waiting[2], waiting[0]] as Socket[]
  for (const [at, socket] of order.entries()) {
    socket.write(ok('x'))
    await until(() => asked.filter(({ isOver }) => isOver).length === at + 1)
  }
  for (const socket of order.toReversed()) {
    void ask(gets)
    await until(() => waiting.length > 3)
    t.equal(waiting.pop(), socket)
  }
  t.equal(app.sockets.length, 3)
})

t.test('what a free connection brings unasked ends it', async t => {
  const app = await startNumbered(t)
  const gets = open(t, app.origin)
  t.equal(await answered(ask(gets)), '200 1 end')
  let closed = false
  app.sockets[0]?.on('close', () => { closed = true }).on('end', () => app.sockets[0]?.end())
  app.sockets[0]?.write(ok('poison'))
  await until(() => closed)
  t.equal(await answered(ask(gets)), '200 2 end')
})

t.test('and so does what comes in the very turn in which the next is asked, and that the app closes it', async t => {
  for (const [what, late] of [['a byte', (socket: Socket) => socket.write('!')], ['an answer', (socket: Socket) => socket.write(ok('poison'))], ['the end', (socket: Socket) => socket.end()]] as const) {
    const app = await startNumbered(t)
    let client: Socket | undefined
    const plain = buildConnector({ timeout: 5_000, onread: intoBuffers })
    const connect: buildConnector.connector = (options, done) => {
      plain(options, (...result) => {
        client ??= result[1] ?? undefined
        done(...result)
      })
    }
    const gets = open(t, app.origin, { connect })
    t.equal(await answered(ask(gets)), '200 1 end')
    const told = new Promise<Told>(resolve => {
      const heard = () => { resolve(ask(gets)) }
      const hearer = client?.hearer
      if (client === undefined || hearer === undefined) return
      client.hearer = {
        get buffer () { return hearer.buffer },
        hear (chunk) {
          heard()
          hearer.hear(chunk)
        }
      }
      client.prependOnceListener('end', heard)
    })
    if (app.sockets[0] !== undefined) late(app.sockets[0])
    t.equal(await answered(await told), '200 2 end', what)
    t.equal(app.heard.length, 2, 'and each was asked once')
  }
})

t.test('an answer with more behind it, one that closes, and one that is none, are the last of their connection', async t => {
  for (const [bytes, wanted] of [
    [`${ok('a')}!`, '200 a end'], [`${ok('a')}${ok('poison')}`, '200 a end'], [ok('a', 'Connection: close\r\n'), '200 a end'],
    [ok('a').replace('1.1', '1.0'), '200 a end'], [ok('a', 'Keep-Alive: timeout=1\r\n'), '200 a end'], [ok('a', 'Keep-Alive: timeout=0\r\n'), '200 a end'],
    [ok('a', 'Content-Length: 1\r\n'), 'ERR_ANSWER_UNREADABLE'], ['SSH-2.0-OpenSSH\r\n', 'ERR_ANSWER_UNREADABLE']
  ] as const) {
    const app = await startRawApp(t, says(bytes))
    const gets = open(t, app.origin)
    for (const nth of [1, 2]) {
      t.equal(await answered(ask(gets)), wanted, JSON.stringify(bytes))
      await wait(5)
      t.equal(app.sockets.length, nth)
    }
  }
})

t.test('a free connection is kept for four seconds, or a second less than the app promises, and is then closed', async t => {
  const real = performance.now.bind(performance)
  t.teardown(() => { performance.now = real })
  let later = 0
  performance.now = () => real() + later
  for (const [headers, kept] of [['', 4_000], ['Keep-Alive: timeout=3\r\n', 2_000], ['Keep-Alive: timeout=60\r\n', 4_000]] as const) {
    const app = await startNumbered(t, headers)
    const gets = open(t, app.origin)
    t.equal(await answered(ask(gets)), '200 1 end')
    later += kept - 500
    t.equal(await answered(ask(gets)), '200 1 end', `${kept - 500} ms`)
    later += kept
    t.equal(await answered(ask(gets)), '200 2 end', `${kept} ms`)
  }
})

t.test('also where nothing more is asked', async t => {
  const app = await startNumbered(t, 'Keep-Alive: timeout=2\r\n')
  let closed = false
  const gets = open(t, app.origin)
  t.equal(await answered(ask(gets)), '200 1 end')
  app.sockets[0]?.on('end', () => { closed = true })
  await wait(500)
  t.notOk(closed)
  await until(() => closed, 3_000)
})

t.test('close waits for what is asked, what connects and what is under way, and has nothing more asked', async t => {
  const heard: Socket[] = []
  const app = await startRawApp(t, socket => { socket.on('data', () => heard.push(socket)) })
  const gets = open(t, app.origin)
  const first = ask(gets)
  const free = ask(gets)
  await until(() => heard.length === 2)
  heard.pop()?.write(ok('free'))
  await until(() => first.isOver || free.isOver)
  const asked = ask(gets)
  let isClosed = false
  const closing = gets.close().then(() => { isClosed = true })
  const late = ask(gets)
  await answered(late)
  t.match(late.error, { code: 'UND_ERR_DESTROYED' })
  t.equal(pageOf(late), 503)
  await until(() => heard.length === 2)
  t.notOk(asked.isOver)
  for (const socket of heard) {
    await wait(20)
    t.notOk(isClosed)
    socket.write(ok('x'))
  }
  await Promise.all([closing, gets.close(), gets.close()])
  t.strictSame([first, free, asked].map(({ all }) => all.at(-1)), ['end', 'end', 'end'])
  await until(() => app.sockets.every(socket => socket.readableEnded || socket.destroyed))
})

t.test('destroy fails what waits, what connects and what is under way, as a gate that stops', async t => {
  let heard = 0
  const hear = () => { heard++ }
  const app = await startRawApp(t, socket => { socket.on('data', hear) })
  let isHeld = false
  const held: (() => void)[] = []
  const plain = buildConnector({ timeout: 5_000, onread: intoBuffers })
  const connect: buildConnector.connector = (options, done) => {
    plain(options, (...result) => {
      if (isHeld) held.push(() => { done(...result) })
      else done(...result)
    })
  }
  const gets = open(t, app.origin, { connect })
  const underWay = ask(gets)
  await until(() => heard === 1)
  isHeld = true
  const connecting = ask(gets)
  await until(() => held.length === 1)
  const waits = ask(gets)
  gets.destroy()
  const all = [underWay, connecting, waits, ask(gets)]
  t.strictSame(all.map(({ isOver }) => isOver), [true, true, true, true], 'at once')
  t.strictSame(all.map(pageOf), [503, 503, 503, 503])
  for (const connect of held) connect()
  await gets.close()
  await until(() => app.sockets.every(socket => socket.readableEnded || socket.destroyed))
  t.equal(heard, 1, 'and nothing more was asked')
  t.strictSame(all.map(({ all }) => all), Array(4).fill(['UND_ERR_DESTROYED']), 'each was told once')
})

t.test('a header that could split a request is refused, and nothing is sent', async t => {
  const app = await startNumbered(t)
  const gets = open(t, app.origin)
  for (const headers of [['x-a', 'b\r\nx-c: d'], ['x-a', 'b\n'], ['x-a', 'b\rc'], ['x-a', 'b\0'], ['x-a', '\x7f'], ['x-a', '€'], ['x-a: b\r\nx-c', 'd'], ['x a', 'b'], ['', 'b'], ['x:', 'b'], ['é', 'b'], ['host', 'a\r\nx-a: b'], ['content-length', '1\r\n']]) {
    const told = ask(gets, { headers })
    t.equal(await answered(told), 'UND_ERR_INVALID_ARG', JSON.stringify(headers))
    t.equal(pageOf(told), 400)
  }
  await wait(20)
  t.equal(app.sockets.length, 0)
  t.equal(await answered(ask(gets, { path: '/a?b', headers: ['X-A', 'b\t\xff', 'Host', 'gate.example', 'content-LENGTH', '0'] })), '200 1 end')
  t.strictSame(app.heard, ['GET /a?b HTTP/1.1\r\nhost: gate.example\r\nconnection: keep-alive\r\nX-A: b\t\xff\r\n\r\n'], 'nor a length, since there is no body')
})

t.test('an answer has its time to begin, which interim ones extend, and its body has as long as it takes', async t => {
  const timeout = 300
  const app = await startRawApp(t, socket => {
    let asked = 0
    socket.on('data', () => {
      asked++
      if (asked > 2) return void socket.write('HTTP/1.1 102 Processing\r\n\r\n')
      for (const at of [200, 400]) setTimeout(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), at)
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na'), 600)
      setTimeout(() => socket.write('b'), 1_100)
    })
  })
  const gets = open(t, app.origin, { timeout })
  t.equal(await answered(ask(gets)), '102 102 200 a b end')
  t.equal(await answered(ask(gets)), '102 102 200 a b end', 'and the next its own')
  const start = performance.now()
  const late = ask(gets)
  t.equal(await answered(late), '102 UND_ERR_HEADERS_TIMEOUT')
  t.equal(pageOf(late), 504)
  t.ok(performance.now() - start > timeout - 50)
  t.equal(app.sockets.length, 1)
})

t.test('a client that left before it was asked costs no connection: nothing is sent, and the next asks by it', async t => {
  const app = await startNumbered(t)
  const gets = open(t, app.origin)
  await answered(ask(gets))
  let hasLeft = false
  const gone = ask(gets, { path: '/gone', hasLeft: () => hasLeft })
  hasLeft = true
  await wait(20)
  t.equal(await answered(ask(gets, { path: '/next' })), '200 1 end')
  t.strictSame(gone.all, [])
  const first = open(t, app.origin)
  ask(first, { path: '/gone', hasLeft: () => true })
  await wait(20)
  t.equal(await answered(ask(first)), '200 3 end', 'one that was made for it is closed')
  t.notMatch(app.heard.join(''), /gone/)
})

t.test('a client that leaves in the middle ends its connection, and hears of nothing but that', async t => {
  const app = await startRawApp(t, socket => { socket.once('data', () => socket.write(ok('abc').slice(0, -1))) })
  const gets = open(t, app.origin)
  const told = ask(gets)
  await until(() => told.all.includes('ab'))
  told.controller?.abort(Object.assign(new Error('the client left'), { code: 'LEFT' }))
  t.strictSame(told.all, ['200', 'ab', 'LEFT'])
  await until(() => app.sockets[0]?.readableEnded === true || app.sockets[0]?.destroyed === true)
  app.sockets[0]?.write('c')
  told.controller?.abort(new Error('again'))
  await wait(10)
  t.equal(told.all.length, 3)
})

t.test('who is over controls nothing more: not the answer of the next by the same connection', async t => {
  const heard: Socket[] = []
  const app = await startRawApp(t, socket => { socket.on('data', () => heard.push(socket)) })
  const gets = open(t, app.origin)
  const first = ask(gets)
  await until(() => heard.length === 1)
  first.controller?.pause()
  first.controller?.resume()
  heard[0]?.write(ok('1'))
  await answered(first)
  const second = ask(gets)
  await until(() => heard.length === 2)
  first.controller?.pause()
  first.controller?.abort(new Error('too late'))
  heard[1]?.write(ok('2'))
  t.equal(await answered(second), '200 2 end')
  t.equal(app.sockets.length, 1)
})

t.test('who ends while paused leaves the connection to the next', async t => {
  const app = await startNumbered(t)
  const gets = open(t, app.origin)
  let isOver = false
  gets.ask({ path: '/', headers: [] }, {
    onResponseData (controller) { controller.pause() },
    onResponseEnd () { isOver = true }
  })
  await until(() => isOver)
  t.equal(await answered(ask(gets)), '200 1 end')
})

t.test('an app that hangs up before its answer is whole gave none; without length or chunks that is its end', async t => {
  for (const [bytes, wanted] of [['', 'UND_ERR_SOCKET'], ['HTTP/1.1 200', 'UND_ERR_SOCKET'], [ok('ab').slice(0, -1), '200 a UND_ERR_SOCKET'], ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n', '200 a UND_ERR_SOCKET'], ['HTTP/1.1 200 OK\r\n\r\na', '200 a end']] as const) {
    const app = await startRawApp(t, socket => { socket.once('data', () => socket.end(bytes)) })
    t.equal(await answered(ask(open(t, app.origin))), wanted, JSON.stringify(bytes))
  }
})

/** A connection that, as those of the system, says that it is closed long after it was. */
class Wire extends Duplex {
  asked = 0

  override _read (): void {}

  override _write (_chunk: Buffer, _encoding: string, written: () => void): void {
    this.asked++
    written()
  }

  override _destroy (error: Error | null, done: (error: Error | null) => void): void {
    setTimeout(() => { done(error) }, 50)
  }

  ref (): void {}

  unref (): void {}
}

t.test('a connection that the app has closed is asked nothing, also while nobody has been told that it is', async t => {
  const wires: Wire[] = []
  const connect = (_options: buildConnector.Options, done: buildConnector.Callback): void => {
    const wire = new Wire()
    wires.push(wire)
    setImmediate(() => { done(null, wire as unknown as Parameters<typeof done>[1] & object) })
  }
  const gets = createAppConnections({ connect: connect as buildConnector.connector, origin: new URL('http://app.example'), maxHeaderSize: 4_096, timeout: 5_000 })
  t.teardown(() => { gets.destroy() })
  const first = ask(gets)
  await until(() => wires[0]?.asked === 1)
  wires[0]?.push(ok('1'))
  t.equal(await answered(first), '200 1 end')
  wires[0]?.push(null)
  const next = new Promise<Told>(resolve => {
    process.nextTick(() => { resolve(ask(gets)) })
  })
  await until(() => wires[1]?.asked === 1)
  wires[1]?.push(ok('2'))
  t.equal(await answered(await next), '200 2 end')
  t.strictSame(wires.map(({ asked }) => asked), [1, 1])
})
