import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer, type ClientOptions, type ServerOptions } from 'ws'
import { listen, says, send, startApp, startGate, startRawApp, until, valuesOf, wait, type Gate, type GateOptions } from './setup.ts'
import { createServer } from 'node:http'

const MiB = 1024 * 1024
const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const accept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
const switched = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`
const asking = (extra = '', method = 'GET', version = '13', nonce = key, protocol = 'websocket') =>
  `${method} /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nSec-WebSocket-Version: ${version}\r\nSec-WebSocket-Key: ${nonce}\r\n${extra}\r\n`

interface Pair { readonly gate: Gate, readonly client: WebSocket, readonly app: WebSocket, readonly request: IncomingMessage }

/** A real client and a real server with the gate between them. */
async function open (t: Test, client: ClientOptions & { protocols?: string[] } = {}, server: ServerOptions = {}, options: GateOptions = {}): Promise<Pair> {
  const http = createServer({ maxHeaderSize: 131_072 })
  const sockets = new WebSocketServer({ server: http, ...server })
  const gate = await startGate(t, `http://127.0.0.1:${await listen(http)}`, options)
  const { protocols, ...rest } = client
  const socket = new WebSocket(`ws://127.0.0.1:${gate.port}/app/ws?x=1`, protocols, rest)
  const [[app, request]] = await Promise.all([once(sockets, 'connection') as Promise<[WebSocket, IncomingMessage]>, once(socket, 'open')])
  t.teardown(() => {
    socket.terminate()
    app.terminate()
    http.close()
    http.closeAllConnections()
  })
  app.on('error', () => {})
  return { gate, client: socket, app, request }
}

async function raw (port: number, bytes: string | Buffer): Promise<{ socket: Socket, text: () => string }> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', chunk => { text += chunk.toString('latin1') }).on('error', () => {})
  await once(socket, 'connect')
  socket.write(bytes)
  return { socket, text: () => text }
}

t.test('messages, pings and close codes go both ways', async t => {
  const { client, app } = await open(t)
  for (const [from, to] of [[client, app], [app, client]] as const) {
    from.send('text ü')
    t.strictSame(await once(to, 'message'), [Buffer.from('text ü'), false])
    from.send(Buffer.from([0, 1, 255]))
    t.strictSame(await once(to, 'message'), [Buffer.from([0, 1, 255]), true])
    const [pinged, ponged] = [once(to, 'ping'), once(from, 'pong')]
    from.ping('37')
    t.strictSame([await pinged, await ponged], [[Buffer.from('37')], [Buffer.from('37')]])
  }
  const closes = Promise.all([once(app, 'close'), once(client, 'close')])
  client.close(4007, 'reason ü')
  t.strictSame((await closes)[0], [4007, Buffer.from('reason ü')])
  const other = await open(t)
  const closed = once(other.client, 'close')
  other.app.close(1012, 'restart')
  t.strictSame(await closed, [1012, Buffer.from('restart')])
})

t.test('a message of twenty megabytes', async t => {
  const { client, app } = await open(t, { maxPayload: 0 }, { maxPayload: 0 })
  const big = randomBytes(20 * MiB)
  for (const [from, to] of [[client, app], [app, client]] as const) {
    from.send(big)
    const [got] = await once(to, 'message') as [Buffer]
    t.equal(createHash('sha256').update(got).digest('hex'), createHash('sha256').update(big).digest('hex'))
  }
})

t.test('the handshake goes through as it is, but for who is who', async t => {
  const token = 'x'.repeat(20_000)
  const { client, request } = await open(t, {
    protocols: ['bokeh', token], origin: 'https://gate.example',
    headers: { 'X-Forwarded-User': 'mallory', x_forwarded_user: 'mallory', cookie: 'oauth-gate=secret; a=1' }
  }, { handleProtocols: ([first]) => first ?? false, perMessageDeflate: true }, { outward: { identity: ['X-Forwarded-User', 'ada'] } })
  t.equal(request.url, '/app/ws?x=1')
  t.equal(client.protocol, 'bokeh')
  t.equal(request.headers['sec-websocket-protocol'], `bokeh,${token}`)
  t.equal(request.headers.origin, 'https://gate.example')
  t.match(client.extensions, 'permessage-deflate')
  t.strictSame(valuesOf(request.rawHeaders, 'x-forwarded-user'), ['ada'])
  t.strictSame(valuesOf(request.rawHeaders, 'cookie'), ['a=1'])
  t.notMatch(request.rawHeaders.join(), /mallory|secret/)
})

t.test('compressed messages stay compressed', async t => {
  const { client, app } = await open(t, { perMessageDeflate: { threshold: 0 } }, { perMessageDeflate: { threshold: 0 } })
  const text = 'oauth-gate '.repeat(100_000)
  for (const [from, to] of [[client, app], [app, client]] as const) {
    from.send(text)
    t.equal(String((await once(to, 'message') as [Buffer])[0]), text)
  }
})

t.test('nothing else is upgraded, and nothing of it reaches the app', async t => {
  const app = await startRawApp(t, says(switched))
  const gate = await startGate(t, app.origin)
  const wrong = {
    h2c: asking('', 'GET', '13', key, 'h2c'), 'another method': asking('', 'POST'), 'another version': asking('', 'GET', '12'), 'two protocols': asking('', 'GET', '13', key, 'websocket, h2c'),
    'no key': asking('', 'GET', '13', ''), 'a short key': asking('', 'GET', '13', 'YWJj'), 'a key of other length': asking('', 'GET', '13', 'dGhlIHNhbXBsZSBub25jZR=='), 'two keys': asking(`Sec-WebSocket-Key: ${key}\r\n`),
    'a body': asking('Content-Length: 5\r\n'), chunks: asking('Transfer-Encoding: chunked\r\n'), 'HTTP/1.0': asking().replace('HTTP/1.1', 'HTTP/1.0')
  }
  for (const [name, bytes] of Object.entries(wrong)) {
    const { socket, text } = await raw(gate.port, bytes)
    await until(() => text().includes('\r\n\r\n'))
    t.match(text(), /^HTTP\/1\.1 400 [^]*GATE_UPGRADE_REFUSED/, name)
    socket.destroy()
  }
  t.equal(app.sockets.length, 0)
})

t.test('what the app answers instead of switching is an ordinary answer', async t => {
  const app = await startApp(t, (_request, response) => response.end())
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    const size = Number(request.headers['x-size'])
    socket.end(`HTTP/1.1 403 No\r\nContent-Length: ${size}\r\nSet-Cookie: oauth-gate=x\r\nX-A: 1\r\n\r\n${'a'.repeat(size)}`)
  })
  const gate = await startGate(t, app.origin)
  for (const size of [0, 3, 8 * MiB]) {
    const { socket, text } = await raw(gate.port, asking(`X-Size: ${size}\r\n`))
    await once(socket, 'close')
    const [head = '', body] = text().split('\r\n\r\n')
    t.match(head, /^HTTP\/1\.1 403 No\r\n[^]*X-A: 1/)
    t.notMatch(head, /oauth-gate/)
    t.equal(body?.length, size)
  }
  t.strictSame(gate.channels, [])
})

t.test('a switch that is not the one asked for is none', async t => {
  const odd = {
    'a wrong answer to the key': switched.replace(accept, 'AAAAAAAAAAAAAAAAAAAAAAAAAAA='), 'another protocol': switched.replace('websocket', 'h2c'),
    'no protocol': 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'no answer': switched.replace(/Sec.*\r\n/, ''), 'no HTTP': 'hello\r\n\r\n'
  }
  for (const [name, bytes] of Object.entries(odd)) {
    const app = await startRawApp(t, says(bytes))
    const gate = await startGate(t, app.origin)
    const { socket, text } = await raw(gate.port, asking())
    await until(() => text().includes('\r\n\r\n'))
    t.match(text(), /^HTTP\/1\.1 502 [^]*GATE_UPSTREAM_ANSWER_INVALID/, name)
    await until(() => app.sockets[0]?.destroyed === true || app.sockets[0]?.readableEnded === true)
    socket.destroy()
  }
})

t.test('an app that is not there, or silent, is a page here too', async t => {
  const silent = await startRawApp(t, () => {})
  for (const [origin, status] of [['http://127.0.0.1:1', 502], [silent.origin, 504]] as const) {
    const gate = await startGate(t, origin, { timeout: 300 })
    const { socket, text } = await raw(gate.port, asking())
    await until(() => text().includes('\r\n\r\n'))
    t.match(text(), `HTTP/1.1 ${status} `)
    socket.destroy()
  }
})

t.test('a handshake that met a closing connection is tried again', async t => {
  const app = await startRawApp(t, (socket, nth) => {
    let count = 0
    socket.on('data', () => {
      if (nth === 1 && ++count > 1) socket.destroy()
      else socket.write(nth === 1 ? 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' : switched)
    })
  })
  const gate = await startGate(t, app.origin)
  await send(gate.port)
  const { socket, text } = await raw(gate.port, asking())
  await until(() => text().includes('\r\n\r\n'))
  t.match(text(), 'HTTP/1.1 101 ')
  t.equal(app.sockets.length, 2)
  socket.destroy()
})

t.test('what either side says with its handshake is not lost', async t => {
  let got = ''
  const app = await startRawApp(t, socket => {
    let asked = false
    socket.on('data', chunk => {
      if (asked) got += chunk.toString('latin1')
      else socket.write(`${switched}\x81\x02hi`, 'latin1')
      asked = true
    })
  })
  const gate = await startGate(t, app.origin)
  const { socket, text } = await raw(gate.port, Buffer.from(`${asking()}\x81\x82\0\0\0\0yo`, 'latin1'))
  await until(() => text().endsWith('hi') && got.endsWith('yo'))
  t.match(text(), /^HTTP\/1\.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n\r\n\x81\x02hi$/)
  t.equal(got, '\x81\x82\0\0\0\0yo')
  socket.destroy()
})

t.test('what a client says before the switch waits for it', async t => {
  let got = ''
  let answer = (): void => {}
  const app = await startRawApp(t, socket => {
    socket.once('data', () => {
      answer = () => {
        socket.on('data', chunk => { got += chunk.toString('latin1') })
        socket.write(switched)
      }
    })
  })
  const gate = await startGate(t, app.origin)
  const { socket, text } = await raw(gate.port, asking())
  await until(() => app.sockets.length === 1)
  socket.write('early')
  await wait(50)
  answer()
  await until(() => text().includes('\r\n\r\n'))
  socket.write(' and late')
  await until(() => got === 'early and late')
  socket.destroy()
})

t.test('a client that leaves before the switch is not waited for', async t => {
  const asked: Socket[] = []
  const app = await startRawApp(t, socket => { socket.once('data', () => asked.push(socket.resume())) })
  const gate = await startGate(t, app.origin)
  for (const [i, leave] of (['end', 'destroy'] as const).entries()) {
    const { socket } = await raw(gate.port, asking())
    await until(() => asked.length > i)
    socket[leave]()
    await until(() => asked[i]?.readableEnded === true || asked[i]?.destroyed === true, 1_000)
    t.pass(leave)
  }
  t.strictSame(gate.failures, [])
  t.strictSame(gate.channels, [])
})

t.test('a client that does not read costs what two sockets hold', async t => {
  let sent = 0
  const app = await startRawApp(t, socket => {
    socket.once('data', () => {
      socket.write(switched)
      const piece = Buffer.concat([Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0x10, 0, 0]), Buffer.alloc(MiB)])
      const fill = () => {
        while (sent < 200 * MiB) {
          sent += MiB
          if (!socket.write(piece)) return
        }
      }
      socket.on('drain', fill)
      fill()
    })
  })
  const gate = await startGate(t, app.origin)
  const { socket } = await raw(gate.port, asking())
  socket.pause()
  const before = process.memoryUsage().rss
  let last = -1
  while (last !== sent) {
    last = sent
    await wait(400)
  }
  t.ok(sent < 40 * MiB, `the app could send ${sent / MiB} MiB of 200`)
  t.ok(process.memoryUsage().rss - before < 60 * MiB)
  gate.channels[0]?.end(1000, '')
  await gate.channels[0]?.closed
  socket.destroy()
})

t.test('silence is not an end', async t => {
  const { client, app } = await open(t, {}, {}, { timeout: 300 })
  await wait(1_500)
  client.send('still here')
  t.strictSame(await once(app, 'message'), [Buffer.from('still here'), false])
})

t.test('when one side is gone, so is the other', async t => {
  for (const [gone, left] of [['client', 'app'], ['app', 'client']] as const) {
    const pair = await open(t)
    const closed = once(pair[left], 'close')
    pair[gone].terminate()
    t.equal((await closed)[0], 1006, gone)
    await pair.gate.channels[0]?.closed
  }
})

t.test('a side that has ended is still told what was under way to it', async t => {
  const app = await startRawApp(t, socket => {
    socket.once('data', () => socket.write(switched))
    socket.on('end', () => socket.end('\x81\x03bye', 'latin1'))
  })
  const gate = await startGate(t, app.origin)
  const { socket, text } = await raw(gate.port, asking())
  socket.allowHalfOpen = true
  await until(() => text().includes('\r\n\r\n'))
  socket.end()
  await until(() => text().endsWith('\x81\x03bye'))
  await gate.channels[0]?.closed
  t.ok(socket.destroyed || socket.readableEnded)
})

t.test('a side that has ended can still listen', async t => {
  let got = ''
  const app = await startRawApp(t, socket => {
    socket.once('data', () => {
      socket.end(switched)
      socket.on('data', chunk => { got += chunk.toString('latin1') })
    })
  })
  const gate = await startGate(t, app.origin)
  const socket = connect({ port: gate.port, host: '127.0.0.1', allowHalfOpen: true }).resume()
  socket.write(asking())
  await once(socket, 'end')
  socket.end('\x81\x83\0\0\0\0bye', 'latin1')
  await until(() => got.endsWith('bye'))
  await gate.channels[0]?.closed
})

t.test('an end from the gate comes between two frames, in the middle of traffic', async t => {
  for (const deflate of [false, true]) {
    const { gate, client, app } = await open(t, { perMessageDeflate: deflate }, { perMessageDeflate: deflate })
    const errors: Error[] = []
    const seen: Record<'client' | 'app', number> = { client: 0, app: 0 }
    for (const [name, socket, other] of [['client', client, app], ['app', app, client]] as const) {
      socket.on('error', error => errors.push(error))
      socket.on('message', data => {
        const size = (data as Buffer).length
        if ((data as Buffer).some(byte => byte !== size % 251)) errors.push(new Error('garbled'))
        seen[name] += 1
      })
      const talk = (): void => {
        if (other.readyState !== WebSocket.OPEN) return
        const size = Math.floor(Math.random() * 100_000)
        other.send(Buffer.alloc(size, size % 251), () => setImmediate(talk))
      }
      talk()
    }
    await until(() => seen.client > 20 && seen.app > 20)
    const closes = Promise.all([once(client, 'close'), once(app, 'close')])
    gate.channels[0]?.end(4401, 'session_ended')
    t.strictSame(await closes, [[4401, Buffer.from('session_ended')], [4401, Buffer.from('session_ended')]])
    await gate.channels[0]?.closed
    t.strictSame(errors, [], 'and no frame was broken')
  }
})

t.test('who does not come to the end of a frame is cut off', async t => {
  const app = await startRawApp(t, socket => { socket.once('data', () => socket.write(`${switched}\x81\x05he`, 'latin1')) })
  const gate = await startGate(t, app.origin)
  const { socket, text } = await raw(gate.port, asking())
  await until(() => text().endsWith('he'))
  const begun = performance.now()
  gate.channels[0]?.end(1000, '')
  await gate.channels[0]?.closed
  const took = performance.now() - begun
  t.ok(took > 400 && took < 1_500, `${Math.round(took)} ms`)
  t.ok(text().endsWith('he'), 'and gets nothing in the middle of one')
  socket.destroy()
})

t.test('an end waits for the rest of the frame, and nothing follows it', async t => {
  let fromClient = ''
  let speak: (text: string) => void = () => {}
  const app = await startRawApp(t, socket => {
    socket.once('data', () => {
      socket.write(`${switched}\x81\x05he`, 'latin1')
      socket.on('data', chunk => { fromClient += chunk.toString('latin1') })
    })
    speak = text => { socket.write(text, 'latin1') }
  })
  const gate = await startGate(t, app.origin)
  const { socket, text } = await raw(gate.port, asking())
  await until(() => text().endsWith('he'))
  gate.channels[0]?.end(1001, 'x')
  speak('llo\x81\x02no')
  await until(() => socket.closed)
  t.match(text(), /\x81\x05hello\x88\x03\x03\xe9x$/)
  t.equal(fromClient, '\x88\x83\0\0\0\0\x03\xe9x', 'the app is told at once, masked')
})

t.test('a side that has said its close is not told another', async t => {
  const app = await startRawApp(t, socket => { socket.once('data', () => socket.write(`${switched}\x88\x02\x03\xe8`, 'latin1')) })
  const gate = await startGate(t, app.origin)
  const { socket, text } = await raw(gate.port, asking())
  await until(() => text().endsWith('\x03\xe8'))
  gate.channels[0]?.end(4401, 'late')
  gate.channels[0]?.end(4401, 'later')
  await gate.channels[0]?.closed
  t.match(text(), /\r\n\r\n\x88\x02\x03\xe8$/)
  socket.destroy()
})

t.test('when the forwarder closes, open websockets are told', async t => {
  const { gate, client, app } = await open(t)
  const closes = Promise.all([once(client, 'close'), once(app, 'close')])
  await gate.forwarder.close()
  t.strictSame((await closes).map(([code]) => code as number), [1001, 1001])
})
