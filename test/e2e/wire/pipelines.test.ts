// Several requests at once on one connection: each is judged, answered in its turn, and none is heard behind one that is not clear.
import { join } from 'node:path'
import t from 'tap'
import { server, serverKey } from '../../fixtures/certificates.ts'
import { startGate } from '../../fixtures/gate.ts'
import { startRecorder } from '../../fixtures/recorder.ts'
import { answersIn, talk } from '../../fixtures/talk.ts'

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

t.test('a request with more headers than Node looks at is told so, with a page of ours', async t => {
  const { origin, app } = await startGate(t, { settings })
  const said = await talk(origin, `GET /public HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\n${'X: y\r\n'.repeat(2_500)}\r\n`)
  t.match(said, /^HTTP\/1\.1 431 [^]*x-oauth-gate: GATE_HEADERS_TOO_MANY[^]*\r\n\r\n[^]*sent too many headers/)
  t.strictSame(app.received, [])
})
