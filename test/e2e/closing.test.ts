// A browser keeps connections ready that it may never use, for minutes. Whoever stops a gate does not wait for those.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectSecurely } from 'node:tls'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { createFront } from '../../src/front.ts'
import { createGate } from '../../src/gate.ts'
import * as certificates from '../fixtures/certificates.ts'
import { COOKIE_SECRET } from '../fixtures/gate.ts'
import { startServer } from '../fixtures/server.ts'

/** Milliseconds, of the minutes that a browser would have. */
const LONG = 20_000
const folder = t.testdir({ certificate: certificates.server, key: certificates.serverKey })
const secure = { sslCertfile: join(folder, 'certificate'), sslKeyfile: join(folder, 'key') }

const noPlaces = { oauthAuthorizeUrl: undefined, oauthTokenUrl: undefined, oauthUserUrl: undefined }

function configOf (upstream: string, more: Settings = {}) {
  const provider = { oauthProvider: 'generic', oauthAuthorizeUrl: 'https://id.example/a', oauthTokenUrl: 'https://id.example/t', oauthUserUrl: 'https://id.example/u', oauthKey: 'k', oauthSecret: 's' }
  return loadConfig({ env: {}, settings: { upstream: [upstream], port: 0, cookieSecret: COOKIE_SECRET, logLevel: 'silent', oauthOptional: true, ...provider, ...more } }).config
}

/** By which nothing is said: what has come of it when the gate has stopped. */
async function keepReady (t: Test, { port }: { readonly port: number }, isSecure: boolean): Promise<Socket> {
  const socket = isSecure ? connectSecurely({ port, host: '127.0.0.1', ca: certificates.authority }) : connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => { /* reset: as good as closed */ }).resume()
  await once(socket, isSecure ? 'secureConnect' : 'connect')
  return socket
}

async function tookLong (work: Promise<unknown>): Promise<boolean> {
  const began = Date.now()
  await work
  return Date.now() - began > LONG
}

for (const [scheme, more] of [['http', {}], ['https', secure]] as const) {
  t.test(`${scheme}: a gate that closes does not wait for connections by which nobody has said anything`, { timeout: 2 * LONG }, async t => {
    const gate = await createGate(configOf('http://127.0.0.1:9', more))
    await gate.listen({ host: '127.0.0.1', port: 0 })
    const ready = await keepReady(t, gate.addresses()[0] as { port: number }, scheme === 'https')
    const closed = once(ready, 'close')
    const late = setTimeout(() => ready.destroy(), LONG + 1_000)
    t.notOk(await tookLong(gate.close()))
    clearTimeout(late)
    await closed
  })

  t.test(`${scheme}: nor does what serves, and none of them is counted as cut`, { timeout: 2 * LONG }, async t => {
    const config = configOf('http://127.0.0.1:9', more)
    const front = await createFront(config)
    ;(await front.prepare(config)).begin()
    await front.app.listen({ host: '127.0.0.1', port: 0 })
    const ready = await keepReady(t, front.app.addresses()[0] as { port: number }, scheme === 'https')
    const closed = once(ready, 'close')
    t.equal(await front.drain(LONG), 0)
    await closed
  })
}

t.test('a gate that closes waits for what is under way to its end, and not for its connection', { timeout: 2 * LONG }, async t => {
  let finish = (): void => {}
  let tell = (): void => {}
  const asked = new Promise<void>(resolve => { tell = resolve })
  const provider = createServer((_request, response) => {
    finish = () => response.writeHead(503).end()
    tell()
  })
  const gate = await createGate(configOf('http://127.0.0.1:9', { oauthProvider: 'oidc', oauthIssuer: await startServer(t, provider), ...noPlaces }))
  await gate.listen({ host: '127.0.0.1', port: 0 })
  const socket = await keepReady(t, gate.addresses()[0] as { port: number }, false)
  const heard = once(gate.server, 'request')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
  socket.write('GET /oauth2/start HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
  await Promise.all([heard, asked])
  const late = setTimeout(() => socket.destroy(), LONG + 1_000)
  const closing = tookLong(gate.close())
  setTimeout(() => { finish() }, 1_500) // by then nothing else keeps it
  t.notOk(await closing)
  clearTimeout(late)
  t.match(text, /^HTTP\/1\.1 50\d[^]*GATE_PROVIDER/, 'it was answered')
})

t.test('a gate that closes tells who waits for an app that fails meanwhile what went wrong', async t => {
  let fail = (): void => {}
  const app = createServer((request, response) => {
    if (request.url !== '/fails') return void response.end('ok')
    fail = () => { request.socket.destroy() }
  })
  const gate = await createGate(configOf(await startServer(t, app)))
  await gate.listen({ host: '127.0.0.1', port: 0 })
  const { port } = gate.addresses()[0] as { port: number }
  const socket = await keepReady(t, { port }, false)
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
  const has = async (words: RegExp) => { for (let left = 300; left > 0 && !words.test(text); left--) await new Promise(resolve => setTimeout(resolve, 10)) }
  const heard = once(app, 'request')
  socket.write('GET /fails HTTP/1.1\r\nHost: a\r\n\r\n')
  await heard
  const closing = gate.close()
  fail()
  await has(/HTTP\/1\.1 502 /)
  t.match(text, /^HTTP\/1\.1 502 [^]*x-oauth-gate: GATE_UPSTREAM_UNREACHABLE/)
  socket.destroy()
  await closing
})
