// Several requests at once on one connection: each is judged, answered in its turn, and none is heard behind one that is not clear.
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { server, serverKey } from '../../fixtures/certificates.ts'
import { startApp, startGate } from '../../fixtures/gate.ts'
import { startRecorder } from '../../fixtures/recorder.ts'
import { serveGate } from '../../fixtures/served.ts'
import { answersIn, dial, talk } from '../../fixtures/talk.ts'

const settings = { rules: [{ path: '/public', allow: 'public' }, { path: '/', allow: 'signed-in' }] } as const

t.test('request smuggling: what comes behind a request that is not clear could be its body, and is never heard', async t => {
  const app = await startRecorder(t)
  const log: Record<string, unknown>[] = []
  const { origin } = await startGate(t, { app: { url: app.url, received: [] }, settings, log })
  for (const unclear of ['Transfer-Encoding:', 'Transfer-Encoding: gzip, chunked', 'Host: b', 'Expect: 200-ok']) {
    const said = await talk(origin, `POST /public HTTP/1.1\r\nHost: a\r\n${unclear}\r\n\r\n${'GET /public/behind HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3)}`)
    t.strictSame(answersIn(said).map(({ status }) => status), [400], unclear)
  }
  t.strictSame([app.heard, app.sockets], [[], []], 'nor is the app even connected to')
  t.match(log.filter(({ event }) => event === 'request.refused').map(({ detail }) => detail), ['a transfer coding other than chunked', /behind one/, /behind one/, /behind one/], 'the log says why')
})

t.test('who must sign in is told so for each request of a pipeline, and what the body of one holds is none', async t => {
  const app = await startRecorder(t)
  const { origin } = await startGate(t, { app: { url: app.url, received: [] }, settings })
  const hidden = 'GET /public/hidden HTTP/1.1\r\nHost: a\r\n\r\n'
  const said = await talk(origin, [
    `POST /private HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`, 'GET /public/one HTTP/1.1\r\nHost: a\r\n\r\n',
    `POST /private HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`, 'GET /public/two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
  ].join(''))
  t.strictSame(answersIn(said).map(({ status, body }) => status === 200 ? body : status), [401, 'GET /public/one', 401, 'GET /public/two'])
  t.strictSame(app.fresh().sort(), ['GET /public/one', 'GET /public/two'])
})

t.test('a large answer goes on although another of its pipeline is written meanwhile', async t => {
  const app = await startRecorder(t)
  const folder = t.testdir({ 'cert.pem': server, 'key.pem': serverKey })
  // With TLS what is written is not gone at once.
  const { origin } = await startGate(t, { app: { url: app.url, received: [] }, settings: { ...settings, sslCertfile: join(folder, 'cert.pem'), sslKeyfile: join(folder, 'key.pem') } })
  for (let nth = 0; nth < 20; nth++) {
    const said = await talk(origin.replace('http:', 'https:'), `GET /public?${'x'.repeat(17_000 + nth * 1_000)} HTTP/1.1\r\nHost: a\r\n\r\nGET /public/small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    t.strictSame(answersIn(said).map(({ body }) => body.length), [17_012 + nth * 1_000, 'GET /public/small'.length])
  }
})

const WEBSOCKET = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
const H2C = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'

t.test('a crash by one packet: an upgrade that is sent ahead, behind whatever has no answer yet, waits for its turn', async t => {
  const gate = await serveGate(t, { settings: { rules: [{ path: '/public', allow: 'public' }, { path: '/begun', allow: 'public' }, { path: '/ws', allow: 'public' }, { path: '/', allow: 'signed-in' }] } })
  for (const first of ['/ping', '/oauth2/start', '/private', '/begun']) {
    for (const [offer, path, turn] of [[WEBSOCKET, '/private', 401], [WEBSOCKET, '/ws', 101], [H2C, '/public', 200], [H2C, '/private', 401], ['Connection: Upgrade\r\nUpgrade: nonsense\r\nContent-Length: 1\r\n', '/public', 400]] as const) {
      const end = turn === 101 ? '\x88\x80\x00\x00\x00\x00' : '' // the client closes what has opened
      const said = await talk(gate.origin, `GET ${first} HTTP/1.1\r\nHost: a\r\n\r\nGET ${path} HTTP/1.1\r\nHost: a\r\n${offer}\r\n${end}`)
      t.strictSame([...said.matchAll(/HTTP\/1\.1 (\d{3}) /g)].length, 2, `${first}, then ${path}: ${said.slice(0, 300)}`)
      t.match(said, new RegExp(`HTTP/1\\.1 ${turn} [^]*$`))
    }
  }
  t.strictSame(gate.log('gate.crashed'), [])
})

t.test('a connection that stands still: what comes behind an app’s failure and an answer that takes its time has its turn', async t => {
  const app = await startApp(t, ({ url, socket }, response) => {
    if (url === '/public/fails') return void setTimeout(() => socket.destroy(), 100)
    setTimeout(() => response.end(url), url === '/public/slow' ? 400 : 0)
  })
  const { origin } = await startGate(t, { app, settings })
  for (const offer of ['', H2C]) {
    const socket = dial(origin)
    let said = ''
    socket.on('error', () => {}).on('data', (chunk: Buffer) => { said += chunk.toString() })
    socket.write('GET /public/fails HTTP/1.1\r\nHost: a\r\n\r\nGET /public/slow HTTP/1.1\r\nHost: a\r\n\r\n')
    while (!said.includes('GATE_UPSTREAM_UNREACHABLE')) await sleep(5)
    await sleep(50)
    socket.write(`GET /public/last HTTP/1.1\r\nHost: a\r\n${offer}\r\n`)
    const patience = AbortSignal.timeout(3_000)
    while (!said.endsWith('/public/last\r\n0\r\n\r\n') && !said.endsWith('/public/last') && !patience.aborted) await sleep(10)
    t.strictSame([...said.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status), ['502', '200', '200'], offer)
    socket.destroy()
  }
})

t.test('descriptors: what one connection sends ahead asks the app for one answer at a time, and for none when the client has left', async t => {
  const waiting = new Set<ServerResponse>()
  const app = await startApp(t, (_request, response) => {
    waiting.add(response)
    response.on('close', () => waiting.delete(response))
  })
  const { origin } = await startGate(t, { app, settings })
  const socket = dial(origin)
  socket.on('error', () => {}).write('GET /public HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20))
  while (app.received.length === 0) await sleep(10)
  await sleep(200)
  t.equal(waiting.size, 1, 'the others wait for their turn')
  socket.destroy()
  while (waiting.size > 0) await sleep(10)
  await sleep(200)
  t.equal(app.received.length, 1, 'and nobody asks for what nobody would hear')
  const said = await talk(origin, 'GET /public HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(200))
  t.equal(said, '', 'who sends more ahead than any program does is cut off')
})

t.test('a request with more headers than Node looks at is told so, with a page of ours', async t => {
  const { origin, app } = await startGate(t, { settings })
  const said = await talk(origin, `GET /public HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\n${'X: y\r\n'.repeat(2_500)}\r\n`)
  t.match(said, /^HTTP\/1\.1 431 [^]*x-oauth-gate: GATE_HEADERS_TOO_MANY[^]*\r\n\r\n[^]*sent too many headers/)
  t.strictSame(app.received, [])
})
