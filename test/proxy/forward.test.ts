import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { listen, read, says, send, sendRaw, startApp, startGate, startRawApp, until, valuesOf, wait } from './setup.ts'
import { createServer } from 'node:http'

const MiB = 1024 * 1024

t.test('the target reaches the app byte for byte, behind its base path', async t => {
  const seen: string[] = []
  const app = await startApp(t, (request, response) => {
    seen.push(request.url ?? '')
    response.end()
  })
  const gate = await startGate(t, app.origin)
  const based = await startGate(t, app.origin, { basePath: '/base' })
  const targets = ['/', '/a%2Fb/../c//d;e?q=%zz&x=%00', '//evil/', '/a\\b|{}^`"<>', '/a?b?c&&', '/%', '/..;/x', '/a#b']
  for (const target of targets) {
    for (const { port } of [gate, based]) await sendRaw(port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  }
  t.strictSame(seen, targets.flatMap(target => [target, `/base${target}`]))
})

t.test('a target that is no path goes nowhere', async t => {
  const app = await startApp(t, (_request, response) => response.end())
  const gate = await startGate(t, app.origin)
  for (const line of ['OPTIONS *', 'GET http://other.example/', 'GET https://other.example/x']) {
    t.match(await sendRaw(gate.port, `${line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`), /^HTTP\/1\.1 400 [^]*GATE_MALFORMED_REQUEST/, line)
  }
  t.match(await sendRaw(gate.port, 'TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 405 /)
  t.equal(app.sockets.length, 0)
})

t.test('every method and body goes through', async t => {
  const app = await startApp(t, (request, response) => {
    void read(request).then(({ body }) => response.end(JSON.stringify([request.method, request.headers['content-type'], request.headers['content-length'], body.toString()])))
  })
  const gate = await startGate(t, app.origin)
  for (const method of ['PROPFIND', 'MKCOL', 'REPORT', 'LOCK', 'SEARCH', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'GET', 'POST']) {
    const { body } = await send(gate.port, { method, headers: { 'content-type': 'application/x-odd; a=b', 'content-length': '5' }, body: 'hello' })
    t.strictSame(JSON.parse(body.toString()), [method, 'application/x-odd; a=b', '5', 'hello'])
  }
  const chunked = await send(gate.port, { method: 'POST', headers: { 'transfer-encoding': 'chunked' }, body: 'hello' })
  t.equal((JSON.parse(chunked.body.toString()) as string[])[3], 'hello')
  for (const [method, length] of [['POST', '0'], ['GET', null], ['DELETE', null]] as const) {
    t.strictSame(JSON.parse((await send(gate.port, { method })).body.toString()), [method, null, length, ''])
  }
})

t.test('request trailers end at the gate', async t => {
  let seen: IncomingMessage | undefined
  const app = await startApp(t, (request, response) => {
    seen = request
    request.resume().on('end', () => response.end())
  })
  const gate = await startGate(t, app.origin)
  await sendRaw(gate.port, 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTrailer: X-Forwarded-User\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Forwarded-User: forged\r\n\r\n')
  t.strictSame({ ...seen?.trailers }, {})
  t.notOk(seen?.headers.trailer)
})

t.test('the app is told who it is by us, and is never shown our cookie', async t => {
  let raw: string[] = []
  const app = await startApp(t, (request, response) => {
    raw = request.rawHeaders
    response.setHeader('set-cookie', ['theirs=1', 'oauth-gate=forged'])
    response.end()
  })
  const gate = await startGate(t, app.origin, { outward: { identity: ['X-Forwarded-User', 'ada'] } })
  const { headers } = await send(gate.port, { headers: {
    'x-forwarded-user': 'mallory', x_forwarded_user: 'mallory', 'X.Forwarded-User': 'mallory', 'remote-user': 'mallory', connection: 'close, X-Forwarded-User',
    cookie: 'a=1; oauth-gate=secret', authorization: 'Basic eDp5', host: 'gate.example'
  } })
  t.strictSame(valuesOf(raw, 'x-forwarded-user'), ['ada'])
  t.strictSame(valuesOf(raw, 'cookie'), ['a=1'])
  t.strictSame(valuesOf(raw, 'host'), ['gate.example'])
  t.strictSame(valuesOf(raw, 'authorization'), ['Basic eDp5'])
  t.strictSame(headers['set-cookie'], ['theirs=1'], 'nor can it set it')
  t.notOk(raw.includes('mallory'))
})

t.test('an answer keeps its status text, its bytes, their order, and its trailers', async t => {
  const head = 'HTTP/1.1 299 Gr\u00c3\u00bc\u00c3\u009fe\r\nX-B: 1\r\nx-a: \u00fc\r\nX-B: 2\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\nKeep-Alive: timeout=9\r\nDate: now\r\n\r\n'
  const app = await startRawApp(t, says(`${head}3\r\nabc\r\n0\r\nX-Sum: 7\r\nX-Sum: 8\r\n\r\n`))
  const gate = await startGate(t, app.origin)
  const text = await sendRaw(gate.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  t.equal(text, 'HTTP/1.1 299 Gr\u00c3\u00bc\u00c3\u009fe\r\nX-B: 1\r\nx-a: \u00fc\r\nX-B: 2\r\nTrailer: X-Sum\r\nDate: now\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\nX-Sum: 8\r\n\r\n')
  const old = await sendRaw(gate.port, 'GET / HTTP/1.0\r\nHost: a\r\n\r\n')
  t.match(old, /\r\n\r\nabc$/, 'a client of HTTP/1.0 gets the plain body')
  t.notMatch(old, /trailer|chunked/i)
})

t.test('answers without a body are whole with their head', async t => {
  const app = await startApp(t, (request, response) => {
    const status = Number(request.url?.slice(1))
    response.writeHead(status, status === 200 ? { 'content-length': 1234, etag: '"x"' } : { etag: '"x"' }).end()
  })
  const gate = await startGate(t, app.origin)
  const head = await send(gate.port, { method: 'HEAD', path: '/200' })
  t.match(head, { status: 200, headers: { 'content-length': '1234', etag: '"x"' } })
  t.equal((await send(gate.port, { path: '/204' })).status, 204)
  t.equal((await send(gate.port, { path: '/304' })).status, 304)
  const sized = await startRawApp(t, says('HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n'))
  const other = await startGate(t, sized.origin)
  const twice = await sendRaw(other.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  t.match(twice, /^HTTP\/1\.1 304 Not Modified\r\nContent-Length: 99\r\n[^]*\r\n\r\nHTTP\/1\.1 304 [^]*\r\n\r\n$/, 'also where they say how long it would be')
})

t.test('an answer without a body has no trailers to announce', async t => {
  for (const [method, line] of [['GET', '204 No Content'], ['GET', '304 Not Modified'], ['HEAD', '200 OK']] as const) {
    const app = await startRawApp(t, says(`HTTP/1.1 ${line}\r\nTrailer: X-Sum\r\nEtag: "x"\r\n${method === 'HEAD' ? 'Transfer-Encoding: chunked\r\n' : ''}\r\n`))
    const gate = await startGate(t, app.origin)
    const text = await sendRaw(gate.port, `${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    t.ok(text.startsWith(`HTTP/1.1 ${line}\r\nEtag: "x"\r\n`), text)
    t.notMatch(text, /trailer/i)
    t.strictSame(gate.failures, [])
  }
})

t.test('trailers that would change how an answer is framed, kept or believed end at the gate', async t => {
  const names = ['Content-Length', 'Transfer-Encoding', 'Host', 'Set-Cookie', 'Connection', 'Content-Type', 'Content-Encoding', 'Location', 'Cache-Control', 'WWW-Authenticate', 'Trailer', 'Age', 'X-OAuth-Gate', 'Content_Length']
  for (const name of names) {
    const app = await startRawApp(t, says(`HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n${name}: 99\r\nX-Sum: 7\r\n\r\n`))
    const gate = await startGate(t, app.origin)
    const text = await sendRaw(gate.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    if (name === 'Content-Length') t.match(text, /^HTTP\/1\.1 502 /, 'a second length, behind the body')
    else t.match(text, /\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n$/, name)
    t.notMatch(text, /: 99/)
  }
})

t.test('a small answer leaves in one piece', async t => {
  const app = await startApp(t, (_request, response) => response.end('x'.repeat(1024)))
  const gate = await startGate(t, app.origin)
  const pieces: Buffer[] = []
  const socket = connect(gate.port, '127.0.0.1').on('data', piece => pieces.push(piece))
  for (let i = 1; i <= 3; i++) {
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => pieces.length >= i)
    t.match(pieces[i - 1]?.toString(), /^HTTP\/1\.1 200 OK[^]*x{1024}$/)
  }
  socket.destroy()
})

t.test('an event is there when it is sent, the head before it, and silence is no end', async t => {
  let say: (text: string) => void = () => {}
  const app = await startApp(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    say = text => response.write(text)
  })
  const gate = await startGate(t, app.origin, { timeout: 300 })
  const outgoing = request({ port: gate.port, host: '127.0.0.1', agent: false }).end()
  const [incoming] = await once(outgoing, 'response') as [IncomingMessage]
  t.equal(incoming.headers['content-type'], 'text/event-stream', 'the head came before any event')
  let text = ''
  incoming.on('data', (chunk: Buffer) => { text += chunk.toString() })
  for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
    const before = text
    say(event)
    await until(() => text === before + event, 200)
    await wait(1_400) // longer than undici's coarse clock needs to notice 300 ms
  }
  t.notOk(incoming.destroyed)
  outgoing.destroy()
})

t.test('interim answers pass to whoever knows them', async t => {
  const app = await startApp(t, (_request, response) => {
    response.writeEarlyHints({ link: ['</a.css>; rel=preload; as=style', '</b.js>; rel=preload'], 'x-hint': '1' })
    response.writeProcessing()
    response.end('done')
  })
  const gate = await startGate(t, app.origin)
  const text = await sendRaw(gate.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  t.match(text, /^HTTP\/1\.1 103 Early Hints\r\n[^]*<\/a\.css>; rel=preload; as=style, <\/b\.js>; rel=preload\r\n[^]*HTTP\/1\.1 102 Processing\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*done/)
  t.match(await sendRaw(gate.port, 'GET / HTTP/1.0\r\nHost: a\r\n\r\n'), /^HTTP\/1\.1 200 OK\r\n/, 'HTTP/1.0 does not')
})

t.test('100 Continue is said when the app is there to take the body', async t => {
  const app = await startApp(t, (request, response) => { void read(request).then(({ body }) => response.end(body)) })
  const say = async (port: number) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', chunk => { text += chunk.toString() }).on('error', () => {})
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n')
    await until(() => text.includes('\r\n\r\n'))
    const first = text
    if (/ 100 /.test(text)) socket.write('hello')
    if (!socket.closed) await once(socket, 'close')
    return [first, text.slice(first.length)]
  }
  const [first, rest] = await say((await startGate(t, app.origin)).port)
  t.equal(first, 'HTTP/1.1 100 Continue\r\n\r\n')
  t.match(rest, /^HTTP\/1\.1 200 OK\r\n[^]*hello/)
  const [refusal] = await say((await startGate(t, 'http://127.0.0.1:1')).port)
  t.match(refusal, /^HTTP\/1\.1 502 /, 'nobody there: the body is never asked for')
})

t.test('a hundred mebibytes go up whole, whatever their type', async t => {
  const app = await startApp(t, (request, response) => {
    const hash = createHash('sha256')
    request.on('data', chunk => hash.update(chunk)).on('end', () => response.end(hash.digest('hex')))
  })
  const gate = await startGate(t, app.origin)
  const chunk = Buffer.alloc(MiB, 'oauth-gate ')
  const hash = createHash('sha256')
  const outgoing = request({ port: gate.port, host: '127.0.0.1', agent: false, method: 'PUT', headers: { 'content-type': 'multipart/form-data; boundary=x', 'content-length': 100 * MiB } })
  const before = process.memoryUsage().rss
  let peak = 0
  for (let i = 0; i < 100; i++) {
    chunk.writeUInt32BE(i)
    hash.update(chunk)
    if (!outgoing.write(Buffer.from(chunk))) await once(outgoing, 'drain')
    peak = Math.max(peak, process.memoryUsage().rss - before)
  }
  outgoing.end()
  const [incoming] = await once(outgoing, 'response') as [IncomingMessage]
  t.equal((await read(incoming)).body.toString(), hash.digest('hex'))
  t.ok(peak < 90 * MiB, `client, gate and app together grew by ${Math.round(peak / MiB)} MiB`)
})

t.test('an app that does not read holds the client back', async t => {
  const app = await startApp(t, () => {})
  const gate = await startGate(t, app.origin)
  const outgoing = request({ port: gate.port, host: '127.0.0.1', agent: false, method: 'POST' }).on('error', () => {})
  const sent = await fill(chunk => outgoing.write(chunk), outgoing)
  t.ok(sent < 40 * MiB, `took ${sent / MiB} MiB of 200`)
  outgoing.destroy()
})

t.test('a client that does not read holds the app back, and may take as long as it likes', async t => {
  let sent = 0
  const total = 60
  const app = await startApp(t, (_request, response) => {
    response.setHeader('content-length', total * MiB)
    void fill(chunk => response.write(chunk), response, total).then(filled => {
      sent = filled
      response.once('drain', () => response.end(Buffer.alloc(total * MiB - filled)))
    })
  })
  const gate = await startGate(t, app.origin, { timeout: 300 })
  const outgoing = request({ port: gate.port, host: '127.0.0.1', agent: false }).end()
  const [incoming] = await once(outgoing, 'response') as [IncomingMessage]
  await until(() => sent > 0)
  t.ok(sent < 40 * MiB, `took ${sent / MiB} MiB`)
  await wait(1_500)
  t.equal((await read(incoming)).body.length, total * MiB, 'and in the end has it all')
})

t.test('an app that answers before the upload is over is heard, and the connection stays in step', async t => {
  const app = await startApp(t, (request, response) => {
    if (request.url === '/big') response.writeHead(413, { connection: 'close' }).end('too large')
    else response.end('next')
  })
  const gate = await startGate(t, app.origin)
  const socket = connect(gate.port, '127.0.0.1')
  let text = ''
  socket.on('data', chunk => { text += chunk.toString() })
  socket.write(`POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: ${8 * MiB}\r\n\r\n`)
  socket.write(Buffer.alloc(MiB))
  await until(() => text.includes('too large'))
  t.match(text, /^HTTP\/1\.1 413 /)
  text = ''
  for (let i = 1; i < 8; i++) socket.write(Buffer.alloc(MiB))
  socket.write('GET /next HTTP/1.1\r\nHost: a\r\n\r\n')
  await until(() => text.includes('next'))
  t.match(text, /^HTTP\/1\.1 200 /)
  t.strictSame(gate.failures, [])
  socket.destroy()
})

t.test('when the client leaves, the app is told', async t => {
  for (const [name, begin] of [['before the head', false], ['after it', true]] as const) {
    let left = false
    let asked = false
    const app = await startApp(t, (_request, response) => {
      asked = true
      response.on('close', () => { left = true })
      if (begin) response.write('some')
    })
    const gate = await startGate(t, app.origin)
    const outgoing = request({ port: gate.port, host: '127.0.0.1', agent: false }).on('error', () => {}).end()
    if (begin) await once(outgoing, 'response')
    else await until(() => asked)
    outgoing.destroy()
    await until(() => left)
    t.pass(name)
    t.strictSame(gate.failures, [], 'which is nobody\'s failure')
  }
})

t.test('a client that left while it was asked who it is costs the app nothing', async t => {
  const app = await startApp(t, (_request, response) => response.end())
  let go: () => void = () => {}
  const gate = await startGate(t, app.origin, { guard: () => new Promise(resolve => { go = resolve }) })
  const outgoing = request({ port: gate.port, host: '127.0.0.1', agent: false }).on('error', () => {}).end()
  const [incoming] = await once(gate.server, 'request') as [IncomingMessage]
  outgoing.destroy()
  await until(() => incoming.destroyed)
  go()
  await wait(50)
  t.equal(app.sockets.length, 0)
  t.strictSame(gate.failures, [])
})

t.test('a client that leaves in the middle of an upload ends it', async t => {
  let error: Error | undefined
  let got = 0
  const app = await startApp(t, request => {
    request.on('error', cause => { error = cause })
    request.on('data', (chunk: Buffer) => { got += chunk.length })
  })
  const gate = await startGate(t, app.origin)
  const outgoing = request({ port: gate.port, host: '127.0.0.1', agent: false, method: 'POST', headers: { 'content-length': 10 } }).on('error', () => {})
  outgoing.write('abc')
  await until(() => got === 3)
  outgoing.destroy()
  await until(() => error !== undefined)
  t.strictSame(gate.failures, [])
})

t.test('an app on a unix socket', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'gate-'))
  const path = join(folder, 'app.sock')
  const server = createServer((request, response) => response.end(request.headers.host))
  server.listen(path)
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
    rmSync(folder, { recursive: true })
  })
  const gate = await startGate(t, 'http://localhost', { socketPath: path })
  t.equal((await send(gate.port, { headers: { host: 'gate.example' } })).body.toString(), 'gate.example')
  const missing = await startGate(t, 'http://localhost', { socketPath: `${path}.none` })
  t.equal((await send(missing.port)).status, 502)
  t.match(missing.failures[0]?.message, /^unix:.*ENOENT/)
})

t.test('headers can be added to an answer on its way, and ours to no purpose of the app', async t => {
  const app = await startApp(t, (_request, response) => response.setHeader('x-oauth-gate', 'GATE_OK').setHeader('set-cookie', 'a=1').end())
  const gate = await startGate(t, app.origin, { answered: (status, headers) => { headers.push('Set-Cookie', `oauth-gate=${status}`) } })
  const { headers } = await send(gate.port)
  t.strictSame(headers['set-cookie'], ['a=1', 'oauth-gate=200'])
  t.notOk('x-oauth-gate' in headers)
})

t.test('many at once share connections without mixing their answers', async t => {
  const app = await startApp(t, (request, response) => { setTimeout(() => response.end(request.url), Math.random() * 20) })
  const gate = await startGate(t, app.origin)
  for (let round = 0; round < 3; round++) {
    const paths = Array.from({ length: 40 }, (_, i) => `/${round}-${i}`)
    const answers = await Promise.all(paths.map(path => send(gate.port, { path })))
    t.strictSame(answers.map(({ body }) => body.toString()), paths)
  }
  t.ok(app.sockets.length <= 60, `${app.sockets.length} connections for 120 requests`)
})

t.test('closing waits for what is under way', async t => {
  let finish: () => void = () => {}
  const app = await startApp(t, (_request, response) => {
    finish = () => response.end('whole')
  })
  const gate = await startGate(t, app.origin)
  const answer = send(gate.port)
  await until(() => app.sockets.length === 1)
  await wait(20)
  const closed = gate.forwarder.close()
  finish()
  t.equal((await answer).body.toString(), 'whole')
  await closed
  t.equal((await send(gate.port)).status, 503)
})

t.test('a server that listens on the same port speaks for another origin', async t => {
  const server = createServer((request, response) => response.end(request.headers.host))
  const port = await listen(server)
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const gate = await startGate(t, `http://localhost:${port}`, { outward: { passHost: false } })
  t.equal((await send(gate.port)).body.toString(), `localhost:${port}`, 'without pass-host-header the app sees its own name')
})

/** Writes mebibytes until nothing moves for a while; how many bytes were taken. */
async function fill (write: (chunk: Buffer) => boolean, stream: NodeJS.EventEmitter, most = 200): Promise<number> {
  for (let sent = MiB; sent <= most * MiB; sent += MiB) {
    if (write(Buffer.alloc(MiB))) continue
    const drained = await Promise.race([once(stream, 'drain').then(() => true), wait(400).then(() => false)])
    if (!drained) return sent
  }
  return most * MiB
}

t.test('an app at an IPv6 address is asked there, by whichever of our connections', async t => {
  const app = await startApp(t, (request, response) => { response.end(`${request.method} ${request.headers.host}`) })
  const gate = await startGate(t, `http://[::ffff:127.0.0.1]:${app.port}`, { outward: { passHost: false } })
  for (const method of ['GET', 'DELETE']) t.equal((await send(gate.port, { method })).body.toString(), `${method} [::ffff:7f00:1]:${app.port}`)
})
