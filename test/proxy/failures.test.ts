import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { request, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { listen, read, says, send, sendRaw, startApp, startGate, startRawApp, until, wait } from './setup.ts'

t.test('an app that is not there is a 502 that names its address in the log and nowhere else', async t => {
  const gate = await startGate(t, 'http://127.0.0.1:1')
  const answer = await send(gate.port, { method: 'POST', body: 'x'.repeat(100_000) })
  t.match(answer, { status: 502, headers: { 'x-oauth-gate': 'GATE_UPSTREAM_UNREACHABLE' } })
  t.match(gate.failures[0]?.message, /^http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/)
  t.notMatch(JSON.stringify(answer.raw) + answer.body.toString(), /127\.0\.0\.1/)
  const named = await startGate(t, 'http://localhost:1')
  await send(named.port)
  t.match(named.failures[0]?.message, /^http:\/\/localhost:1: .*ECONNREFUSED/, 'also where a name has several addresses')
})

t.test('an app that takes too long is a 504', async t => {
  let left = false
  const app = await startApp(t, (_request, response) => {
    response.on('close', () => { left = true })
  })
  const gate = await startGate(t, app.origin, { timeout: 300 })
  t.equal((await send(gate.port)).status, 504)
  t.match(gate.failures, [{ code: 'GATE_UPSTREAM_TIMEOUT' }])
  await until(() => left)
  t.equal(app.sockets.length, 1, 'and was asked once')
})

t.test('an app that never finishes the TLS handshake is a 504', async t => {
  const app = await startRawApp(t, () => {})
  const gate = await startGate(t, app.origin.replace('http:', 'https:'), { timeout: 300 })
  t.equal((await send(gate.port)).status, 504)
  t.match(gate.failures, [{ code: 'GATE_UPSTREAM_TIMEOUT' }])
})

t.test('what is not an HTTP answer is a 502, and its connection is not used again', async t => {
  const odd = {
    'another protocol': 'SSH-2.0-OpenSSH_9.2\r\n',
    'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    'a length beside chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    'a header without a colon': 'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
    'a space before the colon': 'HTTP/1.1 200 OK\r\nX-A : 1\r\nContent-Length: 0\r\n\r\n',
    'a folded header': 'HTTP/1.1 200 OK\r\nX-A: 1\r\n b\r\nContent-Length: 0\r\n\r\n',
    'a NUL in a header': 'HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n',
    'a control character in the status line': 'HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n',
    'an unasked switch': 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    'a switch to nothing': 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    'an unasked 100': 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    'a head without end': `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(70_000)}\r\n\r\n`
  }
  for (const [name, bytes] of Object.entries(odd)) {
    const app = await startRawApp(t, says(bytes))
    const gate = await startGate(t, app.origin)
    for (const nth of [1, 2]) {
      t.match(await send(gate.port), { status: 502, headers: { 'x-oauth-gate': 'GATE_UPSTREAM_ANSWER_INVALID' } }, name)
      t.equal(app.sockets.length, nth, `${name}: a connection each`)
    }
    t.match(gate.failures[0]?.message, /^http:\/\/127\.0\.0\.1:\d+: ./)
  }
})

t.test('an app that hangs up in its head gave no answer', async t => {
  const app = await startRawApp(t, socket => { socket.once('data', () => socket.end('HTTP/1.1 200 O')) })
  const gate = await startGate(t, app.origin)
  t.match(await send(gate.port), { status: 502, headers: { 'x-oauth-gate': 'GATE_UPSTREAM_ANSWER_INVALID' } })
  t.equal(app.sockets.length, 1, 'and is not asked again, since it may have acted')
})

t.test('an answer that breaks off never looks whole', async t => {
  const broken = {
    'by length': ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc', ''],
    'by chunks': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', ''],
    'by a bad chunk': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', 'zz\r\n']
  }
  for (const [name, [first = '', then = '']] of Object.entries(broken)) {
    const app = await startRawApp(t, socket => {
      socket.once('data', () => {
        socket.write(first)
        setTimeout(() => socket.end(then), 50)
      })
    })
    const gate = await startGate(t, app.origin)
    const outgoing = request({ port: gate.port, host: '127.0.0.1', agent: false }).end()
    const [incoming] = await once(outgoing, 'response') as [IncomingMessage]
    await t.rejects(read(incoming), { code: 'ECONNRESET' }, name)
    t.strictSame(gate.failures, [], 'too late for a page')
    const error = await new Promise<Error | undefined>(resolve => {
      const socket: Socket = connect(gate.port, '127.0.0.1', () => socket.write('GET / HTTP/1.0\r\nHost: a\r\n\r\n'))
      socket.resume().on('error', resolve).on('end', () => resolve(undefined))
    })
    if (name !== 'by length') t.match(error, { code: 'ECONNRESET' }, `${name}: to a client of HTTP/1.0, whose body ends with the connection`)
  }
})

t.test('an answer that breaks off while nothing of it has gone out is a page of ours', async t => {
  const app = await startRawApp(t, says('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'))
  const gate = await startGate(t, app.origin)
  t.match(await send(gate.port), { status: 502, headers: { 'x-oauth-gate': 'GATE_UPSTREAM_ANSWER_INVALID' } })
})

t.test('bytes after an answer are not the next one\'s', async t => {
  const app = await startRawApp(t, says('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'))
  const gate = await startGate(t, app.origin)
  for (const nth of [1, 2, 3]) {
    t.equal((await send(gate.port)).body.toString(), 'a')
    t.equal(app.sockets.length, nth)
    await wait(20)
  }
})

/** Answers the first request of each connection, and hangs up at the second. */
function tires (seen: string[], answerTo = (_nth: number) => true): (socket: Socket, nth: number) => void {
  return (socket, nth) => {
    let count = 0
    socket.on('data', chunk => {
      seen.push(`${chunk.toString().split(' ')[0]} ${nth}`)
      if (++count === 1 && answerTo(nth)) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na')
      else socket.destroy()
    })
  }
}

t.test('a GET that met a closing connection is asked again, once, on another', async t => {
  const seen: string[] = []
  const app = await startRawApp(t, tires(seen))
  const gate = await startGate(t, app.origin)
  t.equal((await send(gate.port)).status, 200)
  t.equal((await send(gate.port)).status, 200)
  t.strictSame(seen, ['GET 1', 'GET 1', 'GET 2'])
})

t.test('nothing is asked twice that may have been done', async t => {
  for (const [name, options] of Object.entries({ post: { method: 'POST' }, del: { method: 'DELETE' }, body: { method: 'GET', headers: { 'content-length': 1 }, body: 'x' } })) {
    const seen: string[] = []
    const app = await startRawApp(t, tires(seen))
    const gate = await startGate(t, app.origin)
    await send(gate.port, { method: 'DELETE' }) // a connection of those on which a GET without a body never goes
    t.equal((await send(gate.port, options)).status, 502, name)
    t.equal(app.sockets.length, 1)
  }
  const seen: string[] = []
  const fresh = await startRawApp(t, tires(seen, nth => nth === 1))
  const gate = await startGate(t, fresh.origin)
  await send(gate.port)
  t.equal((await send(gate.port)).status, 502)
  t.strictSame(seen, ['GET 1', 'GET 1', 'GET 2'], 'nor a third time, nor on a connection that was new')
  t.equal((await send(gate.port)).status, 502)
  t.equal(seen.length, 4)
})

t.test('a GET is not asked again when a byte had come', async t => {
  const app = await startRawApp(t, socket => {
    let count = 0
    socket.on('data', () => {
      if (++count === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na')
      else socket.end('H')
    })
  })
  const gate = await startGate(t, app.origin)
  await send(gate.port)
  t.equal((await send(gate.port)).status, 502)
  t.equal(app.sockets.length, 1)
})

t.test('an app that says no and hangs up during the upload is still heard', async t => {
  const app = await startApp(t, (_request, response) => response.writeHead(413, { connection: 'close' }).end('too large'))
  const gate = await startGate(t, app.origin)
  for (let i = 0; i < 5; i++) {
    const outgoing = request({ port: gate.port, host: '127.0.0.1', agent: false, method: 'POST', headers: { 'content-length': 4_000_000 } }).on('error', () => {})
    outgoing.write(Buffer.alloc(1_000_000))
    const [incoming] = await once(outgoing, 'response') as [IncomingMessage]
    t.match(await read(incoming), { status: 413, body: Buffer.from('too large') })
    outgoing.destroy()
  }
  t.strictSame(gate.failures, [])
})

t.test('TLS to the app', async t => {
  const { ca, stranger, key, cert } = certificates(t)
  const names: (string | false | null)[] = []
  const server: Server = createServer({ key, cert }, (request, response) => {
    names.push((request.socket as TLSSocket).servername ?? null)
    response.end(request.headers.host)
  })
  let connections = 0
  server.on('secureConnection', () => { connections += 1 })
  const port = await listen(server)
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const byName = await startGate(t, `https://localhost:${port}`, { ca })
  for (const host of ['gate.example', 'other.example']) {
    t.equal((await send(byName.port, { headers: { host } })).body.toString(), host)
  }
  t.strictSame(names, ['localhost', 'localhost'], 'Host never chooses the certificate')
  t.equal(connections, 1, 'nor the connection')
  const byAddress = await startGate(t, `https://127.0.0.1:${port}`, { ca })
  t.equal((await send(byAddress.port, { headers: { host: 'gate.example' } })).status, 200)
  t.notOk(names[2], 'an address is no server name (RFC 6066 §3)')
  for (const [name, options] of Object.entries({ 'no CA': {}, 'another CA': { ca: stranger } })) {
    const gate = await startGate(t, `https://localhost:${port}`, options)
    t.equal((await send(gate.port)).status, 502, name)
    t.match(gate.failures, [{ code: 'GATE_UPSTREAM_UNREACHABLE', message: /certificate/ }])
  }
  const misnamed = await startGate(t, `https://ip6-localhost.invalid:${port}`, { ca })
  t.equal((await send(misnamed.port)).status, 502)
  const trusting = await startGate(t, `https://localhost:${port}`, { skipVerify: true })
  t.equal((await send(trusting.port)).status, 200, 'unless told to believe anybody')
  const plain = await startApp(t, (_request, response) => response.end())
  const mistaken = await startGate(t, plain.origin.replace('http:', 'https:'))
  t.match(await send(mistaken.port), { status: 502, headers: { 'x-oauth-gate': 'GATE_UPSTREAM_ANSWER_INVALID' } }, 'https to an http port')
})

t.test('http to an https port', async t => {
  const { key, cert } = certificates(t)
  const server = createServer({ key, cert })
  const port = await listen(server)
  t.teardown(() => server.close())
  const gate = await startGate(t, `http://127.0.0.1:${port}`)
  t.equal((await send(gate.port)).status, 502)
})

t.test('odd ends of the client', async t => {
  const app = await startApp(t, (request, response) => { request.resume().on('end', () => response.end('ok')) })
  const gate = await startGate(t, app.origin)
  t.match(await sendRaw(gate.port, 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'), /200 OK[^]*ok/, 'chunks of nothing')
  t.match(await sendRaw(gate.port, 'PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'), /200 OK[^]*ok/)
  t.strictSame(gate.failures, [])
})

/** A CA, another one, and a certificate of the first for localhost and 127.0.0.1. */
function certificates (t: Test): { ca: string, stranger: string, key: string, cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'gate-ca-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const openssl = (...options: string[]) => execFileSync('openssl', options, { cwd: folder, stdio: 'pipe' })
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  for (const name of ['ca', 'stranger']) openssl('req', '-x509', ...ec, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`, '-days', '2')
  openssl('req', '-x509', ...ec, '-keyout', 'app.key', '-out', 'app.pem', '-subj', '/CN=app', '-days', '2', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1')
  const text = (name: string) => readFileSync(join(folder, name), 'utf8')
  return { ca: text('ca.pem'), stranger: text('stranger.pem'), key: text('app.key'), cert: text('app.pem') }
}

t.test('what is asked once more is asked on a new connection, where all that were kept have been closed', async t => {
  let asked = 0
  const app = await startRawApp(t, (socket, nth) => {
    let count = 0
    socket.on('data', () => {
      asked++
      if (nth <= 3 && ++count > 1) return void socket.destroy()
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), 20)
    })
  })
  const gate = await startGate(t, app.origin)
  await Promise.all([1, 2, 3].map(() => send(gate.port)))
  t.equal((await send(gate.port)).status, 200)
  t.strictSame([app.sockets.length, asked, gate.failures], [4, 5, []], 'once more, and no oftener')
})
