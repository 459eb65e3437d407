import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import { startApp } from '../../src/demo/app.ts'

async function start (t: Test) {
  const app = await startApp()
  t.teardown(() => app.close())
  return app
}

const encoded = (text: string) => encodeURIComponent(text)

t.test('the pages say who the gate said you are, decoded, and show every header as it came', async t => {
  const { url } = await start(t)
  const headers = { 'x-forwarded-user': 'ada', 'x-forwarded-name': encoded('Žofia, Łącka'), 'x-forwarded-groups': `admins,${encoded('Sales, EMEA')}`, 'x-odd': '100%' }
  for (const path of ['/', '/admin', '/editors', '/public', '/reports/2026?region=north']) {
    const response = await fetch(`${url}${path}`, { headers })
    const body = await response.text()
    t.equal(response.status, 200, path)
    t.match(body, /Žofia, Łącka/)
    t.match(body, 'admins · Sales, EMEA', 'a comma inside a group does not make two')
    t.match(body, encoded('Žofia, Łącka'), 'as it came')
    t.match(body, '<dd>100%</dd>')
    t.match(body, 'href="/oauth2/sign_out"')
  }
  t.match(await (await fetch(`${url}/public`)).text(), /Nobody in particular/)
})

t.test('what a header or an address holds is never markup', async t => {
  const { url } = await start(t)
  const evil = '"><script>alert(1)</script>'
  const headers = { 'x-forwarded-user': encoded(evil), 'x-forwarded-name': evil, 'x-forwarded-groups': encoded(evil), 'x-odd': evil }
  const response = await fetch(`${url}/reports/2026?q=${evil}`, { headers })
  const body = await response.text()
  t.match(body, '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;')
  t.notMatch(body, '<script>alert')
  t.notMatch(body, '"><script')
  t.match(response.headers.get('content-security-policy'), /script-src 'sha256-/)
  t.notMatch(response.headers.get('content-security-policy'), /unsafe/)
})

t.test('/headers.json gives the request as it arrived, whatever the method', async t => {
  const { url } = await start(t)
  const response = await fetch(`${url}/headers.json?a=1`, { method: 'POST', body: 'x'.repeat(200_000), headers: { 'x-forwarded-user': 'ada' } })
  const arrived = await response.json() as { rawHeaders: string[] }
  t.match(arrived, { method: 'POST', url: '/headers.json?a=1', who: { user: 'ada', groups: [] }, headers: { 'x-forwarded-user': 'ada' } })
  t.ok(arrived.rawHeaders.includes('x-forwarded-user'))
})

t.test('anything else is 404, also names every object has; a POST to a page is 405', async t => {
  const { url } = await start(t)
  for (const path of ['/nothing', '/constructor', '/__proto__', '/public/', '/ADMIN']) t.equal((await fetch(`${url}${path}`)).status, 404, path)
  t.equal((await fetch(url, { method: 'POST' })).status, 405)
  t.equal((await fetch(url, { method: 'HEAD' })).status, 200)
})

t.test('the event stream names the visitor and goes on until the app ends', async t => {
  const app = await startApp()
  const response = await fetch(`${app.url}/events`, { headers: { 'x-forwarded-user': encoded('Žofia') } })
  t.equal(response.headers.get('content-type'), 'text/event-stream')
  const reader = (response.body ?? t.fail('no body')) as ReadableStream<Uint8Array>
  const stream = reader.getReader()
  t.match(Buffer.from((await stream.read()).value ?? []).toString(), /^data: Žofia, it is \d\d:\d\d:\d\d UTC\n\n$/)
  await app.close()
  await t.rejects(stream.read().then(({ done }) => { if (done) throw new Error('ended') }))
})

t.test('the websocket answers texts with who said them, pings and closes, and the app’s end ends it', async t => {
  const app = await start(t)
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}/ws`, { headers: { 'x-forwarded-user': encoded('Žofia') } })
  await once(socket, 'open')
  const said = async (message: string) => {
    socket.send(message)
    const [data] = await once(socket, 'message') as [Buffer]
    return data.toString()
  }
  t.equal(await said('hello'), 'Žofia: hello')
  t.equal(await said(''), 'Žofia: ')
  for (const length of [118, 119, 126, 60_000, 65_535]) t.equal((await said('ü'.repeat(length / 2))).length, Math.floor(length / 2) + 'Žofia: '.length, `${length} bytes`)
  socket.send('in three ', { fin: false })
  socket.send('parts', { fin: true })
  t.equal(String((await once(socket, 'message'))[0]), 'Žofia: in three parts')
  socket.ping('are you there')
  t.equal(String((await once(socket, 'pong'))[0]), 'are you there')
  socket.close(4001)
  t.equal((await once(socket, 'close'))[0], 4001)

  const other = new WebSocket(`${app.url.replace('http', 'ws')}/ws`)
  await once(other, 'open')
  await app.close()
  await once(other, 'close')
})

t.test('frames against the rules of RFC 6455 close the websocket with the code for it', async t => {
  const { url } = await start(t)
  const cases: [string, Buffer, number][] = [
    ['not masked', Buffer.from([0x81, 0x01, 0x61]), 1002],
    ['a reserved bit', Buffer.from([0xc1, 0x80, 0, 0, 0, 0]), 1002],
    ['a continuation of nothing', Buffer.from([0x80, 0x80, 0, 0, 0, 0]), 1002],
    ['a fragmented ping', Buffer.from([0x09, 0x80, 0, 0, 0, 0]), 1002],
    ['an unknown control frame', Buffer.from([0x8b, 0x80, 0, 0, 0, 0]), 1002],
    ['a close code nobody may send', Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xee]), 1002],
    ['binary', Buffer.from([0x82, 0x80, 0, 0, 0, 0]), 1003],
    ['text that is not UTF-8', Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]), 1007],
    ['more than 64 KiB', Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]), 1009]
  ]
  for (const [name, bytes, code] of cases) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write('GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
    const [handshake] = await once(socket, 'data') as [Buffer]
    t.match(handshake.toString(), /101[^]*sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/)
    socket.write(bytes)
    const [answer] = await once(socket, 'data') as [Buffer]
    t.strictSame([...answer], [0x88, 2, code >> 8, code & 0xff], name)
    socket.destroy()
  }
})

t.test('an upgrade that is no websocket, or elsewhere, is refused', async t => {
  const { url } = await start(t)
  const refused = async (path: string, headers: Record<string, string>) => {
    const lines = Object.entries({ host: 'x', connection: 'upgrade', upgrade: 'websocket', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
    const [data] = await once(socket, 'data') as [Buffer]
    return data.toString().split('\r\n', 1)[0]
  }
  t.equal(await refused('/ws', {}), 'HTTP/1.1 400 Bad Request')
  t.equal(await refused('/elsewhere', { 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }), 'HTTP/1.1 404 Not Found')
})
