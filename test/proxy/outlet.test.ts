// How an answer leaves: counted in writes to the client's socket, and in what is kept of it.
import { connect, Socket } from 'node:net'
import t, { type Test } from 'tap'
import { send, startGate, startRawApp, until, wait, type Gate } from './setup.ts'

const head = (length: number) => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`

/** Counts what goes to the system by a gate's sockets to its clients, from each request on. */
function countWrites (t: Test, gate: Gate): { count: number } {
  const writes = { count: 0 }
  const clients = new Set<unknown>()
  gate.server.prependListener('request', request => {
    clients.add(request.socket)
    writes.count = 0
  })
  const place = Socket.prototype as unknown as Record<string, (...values: unknown[]) => unknown>
  for (const name of ['_write', '_writev']) {
    const before = place[name] as (...values: unknown[]) => unknown
    place[name] = function (this: unknown, ...values: unknown[]) {
      if (clients.has(this)) writes.count++
      return Reflect.apply(before, this, values)
    }
    t.teardown(() => { place[name] = before })
  }
  return writes
}

const chunked = (...pieces: readonly string[]) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${pieces.map(piece => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`

for (const method of ['GET', 'POST']) {
  t.test(`what comes in one turn leaves in one write: ${method}`, async t => {
    for (const [what, bytes, size] of [
      ['nothing', head(0), 0], ['a few bytes', `${head(5)}hello`, 5], ['bytes of every kind', `${head(4)}\0\x80\xff\r`, 4],
      ['sixteen KiB', head(16_384) + 'a'.repeat(16_384), 16_384], ['one more', head(16_385) + 'a'.repeat(16_385), 16_385],
      ['what one read brings', head(65_536 - 47) + 'a'.repeat(65_536 - 47), 65_536 - 47],
      ['a chunk', chunked('hello'), 5], ['many chunks', chunked(...Array.from({ length: 50 }, () => 'hello')), 250]
    ] as const) {
      const app = await startRawApp(t, socket => { socket.once('data', () => socket.end(bytes, 'latin1')) })
      const gate = await startGate(t, app.origin)
      const writes = countWrites(t, gate)
      const { body, status } = await send(gate.port, { method })
      t.strictSame([status, body.length], [200, size], what)
      t.equal(writes.count, 1, what)
      if (bytes.startsWith(head(size))) t.equal(body.toString('latin1'), bytes.slice(head(size).length), what)
    }
  })
}

t.test('a head that comes alone leaves alone, and so does what follows it later', async t => {
  let app: Socket | undefined
  const { origin } = await startRawApp(t, socket => {
    app = socket
    socket.once('data', () => socket.write(head(6)))
  })
  const gate = await startGate(t, origin)
  const writes = countWrites(t, gate)
  let text = ''
  const client = connect(gate.port, '127.0.0.1').setEncoding('latin1').on('data', (chunk: string) => { text += chunk })
  t.teardown(() => client.destroy())
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => text.includes('\r\n\r\n'))
  t.equal(writes.count, 1)
  app?.write('abc')
  await until(() => text.endsWith('abc'))
  t.equal(writes.count, 2)
  app?.write('def')
  await until(() => text.endsWith('abcdef'))
  t.equal(writes.count, 3)
})

for (const method of ['GET', 'POST']) {
  t.test(`64 KiB leave whole with their head, however they come: ${method}`, async t => {
    const body = Buffer.from(Array.from({ length: 65_536 }, (_, at) => at * 31 % 251))
    const app = await startRawApp(t, socket => {
      socket.once('data', () => {
        socket.write(head(body.length))
        socket.end(body)
      })
    })
    const gate = await startGate(t, app.origin)
    t.ok((await send(gate.port, { method })).body.equals(body))
  })

  t.test(`while a client does not read, its app is not heard, little is kept, and it gets everything: ${method}`, async t => {
    const [size, piece] = [100 * 2 ** 20, Buffer.alloc(2 ** 20)]
    for (let at = 0; at < piece.length; at++) piece[at] = at * 31 % 251
    let taken = 0
    const app = await startRawApp(t, socket => {
      const more = (): void => {
        if (taken === size) return
        socket.write(piece, () => {
          taken += piece.length
          more()
        })
      }
      socket.once('data', () => {
        socket.write(head(size))
        more()
      })
    })
    const gate = await startGate(t, app.origin)
    let kept = () => 0
    gate.server.prependListener('request', (request, response) => { kept = () => response.writableLength + request.socket.writableLength })
    const client = connect(gate.port, '127.0.0.1')
    t.teardown(() => client.destroy())
    client.write(`${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`)
    client.pause()
    let before = -1
    while (before !== taken) {
      before = taken
      await wait(300)
    }
    t.ok(taken < size / 2, `${taken} bytes of ${size} were taken from the app, by us and by the system`)
    t.ok(kept() < 2 ** 20, `${kept()} bytes are kept`)
    let [start, received, wrong] = [-1, 0, 0]
    client.on('data', (chunk: Buffer) => {
      const from = start === -1 ? chunk.indexOf('\r\n\r\n') + 4 : 0
      start = 0
      for (let at = from; at < chunk.length; at += 997) if (chunk[at] !== piece[(received + at - from) % piece.length]) wrong++
      received += chunk.length - from
      if (kept() > 2 ** 20) wrong++
    })
    client.resume()
    await until(() => received === size, 30_000)
    t.equal(wrong, 0)
    t.strictSame(gate.failures, [])
  })
}

t.test('a client that stopped reading and leaves ends the request behind it', async t => {
  const piece = Buffer.alloc(2 ** 20)
  let isGone = false
  const app = await startRawApp(t, socket => {
    socket.on('close', () => { isGone = true })
    const more = (): void => { if (!socket.destroyed) socket.write(piece, more) }
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      more()
    })
  })
  const gate = await startGate(t, app.origin)
  const client = connect(gate.port, '127.0.0.1').pause()
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await wait(300)
  t.notOk(isGone)
  client.destroy()
  await until(() => isGone)
  t.strictSame(gate.failures, [])
})
