// An app that dies in the middle of its answer, by every framing there is, to clients of both versions of HTTP/1.
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { startGate, startRawApp, until, wait } from './setup.ts'

interface Framing {
  readonly head: string
  /** What comes before it dies; the rest never does. */
  readonly part: string
  /** Whether the end of the connection is the end of the answer: then a FIN says that it is whole, and only a reset that it is not. */
  readonly byItsEnd?: boolean
}

const zipped = gzipSync('a page '.repeat(500)).toString('latin1')

const framings: Readonly<Record<string, Framing>> = {
  'a length': { head: 'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n', part: 'abc' },
  'a length, and the connection closes': { head: 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 90\r\n\r\n', part: 'abc' },
  'chunks, between two': { head: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', part: '3\r\nabc\r\n' },
  'chunks, within one': { head: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', part: '30\r\nabc' },
  'chunks, and the connection closes': { head: 'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n', part: '3\r\nabc\r\n' },
  'chunks, before the trailers end': { head: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n', part: '3\r\nabc\r\n0\r\nx-sum: 1\r\n' },
  'an event stream': { head: 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n', part: 'd\r\ndata: first\n\n\r\n' },
  'gzip with a length': { head: `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${zipped.length}\r\n\r\n`, part: zipped.slice(0, 20) },
  'the end of the connection': { head: 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n', part: 'abc', byItsEnd: true },
  'the end of the connection, gzip': { head: 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n', part: zipped.slice(0, 20), byItsEnd: true },
  'HTTP/1.0': { head: 'HTTP/1.0 200 OK\r\n\r\n', part: 'abc', byItsEnd: true },
  'HTTP/1.0 with a length': { head: 'HTTP/1.0 200 OK\r\nContent-Length: 90\r\n\r\n', part: 'abc' }
}

const deaths = {
  closes: (socket: Socket, part: string) => { socket.end(part, 'latin1') },
  resets: (socket: Socket, part: string) => { socket.write(part, 'latin1', () => setTimeout(() => socket.resetAndDestroy(), 30)) },
  'resets with its last bytes': (socket: Socket, part: string) => { socket.write(part, 'latin1', () => socket.resetAndDestroy()) }
}

/** A reset that comes with bytes is an end to Node, and yet nobody is there any more. */
function watchEnd (socket: Socket, told: (how: 'end' | 'reset') => void): void {
  socket.on('error', () => { told('reset') })
  socket.on('end', () => { told(socket.remoteAddress === undefined ? 'reset' : 'end') })
}

/** All that a client gets, and whether its connection ended or broke. */
async function ask (port: number, version: string, method = 'GET'): Promise<{ text: string, end: string }> {
  let [text, end] = ['', 'end']
  const socket = connect(port, '127.0.0.1')
  socket.write(`${method} / HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`)
  socket.on('data', chunk => { text += chunk.toString('latin1') })
  watchEnd(socket, how => { end = how })
  await new Promise(resolve => socket.once('close', resolve))
  return { text, end }
}

/** As a client has to read it (RFC 9112 §6.3, §8). */
function isWhole ({ text, end }: { text: string, end: string }): boolean {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const body = rest.join('\r\n\r\n')
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (/\r\ntransfer-encoding: chunked/i.test(head)) return body.endsWith('0\r\n\r\n')
  if (length !== undefined) return body.length >= Number(length)
  return end === 'end'
}

for (const [name, { head, part, byItsEnd = false }] of Object.entries(framings)) {
  t.test(`an app that dies in the middle of its answer: ${name}`, async t => {
    const rounds = Object.entries(deaths).flatMap(death => [true, false].flatMap(apart => ['1.1', '1.0'].map(version => ({ death, apart, version }))))
    await Promise.all(rounds.map(async ({ death: [death, die], apart, version }) => {
      const app = await startRawApp(t, socket => {
        socket.once('data', () => {
          if (!apart) return die(socket, head + part)
          socket.write(head + part.slice(0, 2), 'latin1')
          setTimeout(() => die(socket, part.slice(2)), 30)
        })
      })
      const gate = await startGate(t, app.origin)
      const answer = await ask(gate.port, version)
      const what = `${death}${apart ? ' after its head' : ' with its head'}, to HTTP/${version}`
      const page = /^HTTP\/1\.1 502 /.test(answer.text)
      if (byItsEnd && death === 'closes') t.ok(isWhole(answer), `${what}: nobody can know`)
      else t.ok(page || !isWhole(answer), `${what}: ${JSON.stringify(answer).slice(-120)}`)
      if (!page) t.strictSame(gate.failures, [])
    }))
  })
}

t.test('what is whole stays so, though its connection is reset behind it', async t => {
  const whole = {
    'a length': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
    chunks: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    'a length, and the connection closes': 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc',
    'no body': 'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'
  }
  for (const [name, bytes] of Object.entries(whole)) {
    for (const die of Object.values(deaths)) {
      const app = await startRawApp(t, socket => { socket.once('data', () => die(socket, bytes)) })
      const gate = await startGate(t, app.origin)
      for (const version of ['1.1', '1.0']) t.match(await ask(gate.port, version), { text: name === 'no body' ? /^HTTP\/1\.1 204 / : /^HTTP\/1\.1 200 [^]*abc/, end: 'end' }, name)
    }
  }
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 9000\r\nConnection: close\r\n\r\n'
  const app = await startRawApp(t, socket => { socket.once('data', () => deaths.resets(socket, head)) })
  const gate = await startGate(t, app.origin)
  t.match(await ask(gate.port, '1.1', 'HEAD'), { text: /^HTTP\/1\.1 200 [^]*\r\n\r\n$/, end: 'end' }, 'HEAD has no body that could be missing')
})

t.test('an app that resets before a slow client has read: what has a length is whole or short of it, what has none breaks', async t => {
  const size = 4_000_000
  for (const [name, head] of [['a length', `Content-Length: ${size}\r\n`], ['the end of the connection', 'Connection: close\r\n']] as const) {
    const app = await startRawApp(t, socket => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n`)
        socket.write(Buffer.alloc(size, 'a'), () => { setTimeout(() => socket.resetAndDestroy(), 30) })
      })
    })
    const gate = await startGate(t, app.origin)
    let [length, end] = [0, '']
    const socket = connect(gate.port, '127.0.0.1')
    socket.write('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
    watchEnd(socket, how => { end = how })
    socket.pause()
    await wait(200)
    socket.on('data', chunk => { length += chunk.length }).resume()
    await until(() => end !== '')
    if (name === 'a length') t.ok(length > size || end === 'reset', `${name}: ${length} bytes, ${end}`)
    else t.equal(end, 'reset', `${name}: ${length} bytes`)
  }
})
