import { IncomingMessage, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import t from 'tap'
import { send, startGate, startRawApp, until, wait } from './setup.ts'

const SIZE = 200_000
const BODY = Buffer.alloc(SIZE, 'a')
const CHUNKED = Buffer.concat([Buffer.from(`${SIZE.toString(16)}\r\n`), BODY, Buffer.from('\r\n0\r\n\r\n')])

// Node's own servers close after five seconds what is kept open: an answer can be whole long before its reader has it.
for (const [name, head, body] of [
  ['a length', `Content-Length: ${SIZE}\r\n`, BODY],
  ['a length, and the connection closes', `Connection: close\r\nContent-Length: ${SIZE}\r\n`, BODY],
  ['chunks', 'Transfer-Encoding: chunked\r\n', CHUNKED],
  ['the end of the connection', 'Connection: close\r\n', BODY]
] as const) {
  t.test(`whose client reads late: an answer is whole though its app closes meanwhile: ${name}`, async t => {
    for (const delay of [0, 50]) {
      const app = await startRawApp(t, socket => {
        socket.once('data', () => {
          socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n`)
          socket.write(body, () => { setTimeout(() => socket.end(), delay) })
        })
      })
      const gate = await startGate(t, app.origin)
      gate.server.prependListener('request', (_request, response) => {
        const emit = response.emit.bind(response)
        // As if the client took each piece long after it was written: no socket is as slow as is needed, each time.
        response.emit = (event: string, ...values: unknown[]) => {
          if (event !== 'drain') return emit(event, ...values)
          setTimeout(() => emit('drain'), 150)
          return true
        }
      })
      let [bytes, start, end] = [0, -1, 'broken']
      const socket = connect(gate.port, '127.0.0.1').on('error', () => {}).on('end', () => { end = 'end' })
      socket.on('data', (chunk: Buffer) => {
        if (start === -1) start = chunk.indexOf('\r\n\r\n') + 4
        bytes += chunk.length
      })
      socket.write('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
      await new Promise(resolve => { socket.on('close', resolve) })
      t.strictSame([bytes - start, end], [SIZE, 'end'], `closed ${delay} ms after it was written`)
      await wait(10)
      t.strictSame(gate.failures, [])
    }
  })
}

t.test('whose client never takes the last piece: an answer that is whole by its length waits for nothing more', async t => {
  const app = await startRawApp(t, socket => {
    socket.once('data', () => { socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`, () => socket.write(BODY)) })
  })
  const gate = await startGate(t, app.origin)
  let isOver = (): boolean => false
  gate.server.prependListener('request', (_request, response) => {
    isOver = () => response.writableFinished
    const [emit, write] = [response.emit.bind(response), response.write.bind(response) as (chunk: Buffer) => boolean]
    let written = 0
    response.write = (chunk: Buffer) => {
      written += chunk.length
      if (write(chunk)) setImmediate(() => response.emit('drain')) // which Node does not say where there was room
      return false
    }
    response.emit = (event: string, ...values: unknown[]) => event === 'drain' && written === SIZE ? true : emit(event, ...values)
  })
  const { body } = await send(gate.port)
  t.equal(body.length, SIZE)
  await until(() => isOver(), 2_000).catch(() => {})
  t.ok(isOver(), 'nor does it keep its connection to the app')
})

t.test('an answer that stands still: whose connection no parser reads any more gets all of it, however slowly it is taken', async t => {
  let more = (): void => {}
  const app = await startRawApp(t, socket => {
    socket.once('data', () => { socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE + 3_000}\r\n\r\n`, () => socket.write(BODY)) })
    more = () => { socket.write('b'.repeat(1_000)) }
  })
  const gate = await startGate(t, app.origin)
  let [bytes, isSlow] = [0, false]
  let take: (() => void) | undefined
  const client = new Duplex({
    read () {},
    write (chunk: Buffer, _encoding, written) {
      bytes += chunk.length
      if (isSlow) take = written
      else written()
    }
  })
  const request = new IncomingMessage(client as Socket)
  Object.assign(request, { method: 'GET', url: '/', httpVersionMajor: 1, httpVersionMinor: 1, httpVersion: '1.1' })
  const response = new ServerResponse(request)
  response.assignSocket(client as Socket)
  client.on('drain', () => response.emit('drain')) // as for an upgrade that is answered otherwise
  gate.server.emit('request', request, response)
  await until(() => bytes > SIZE)
  await wait(50)
  isSlow = true
  for (let times = 0; times < 3; times++) {
    more()
    await wait(50)
  }
  isSlow = false
  take?.()
  await until(() => response.writableFinished)
  t.ok(bytes > SIZE + 3_000)
})
