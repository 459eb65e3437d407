import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import t from 'tap'
import { read, startApp, startGate, wait } from './setup.ts'

t.test('an app that takes an upload and never answers is a 504, also where the upload took longer than that', async t => {
  for (const slow of [false, true]) {
    const app = await startApp(t, incoming => { incoming.resume() })
    const gate = await startGate(t, app.origin, { timeout: 1_000 })
    const outgoing = request({ port: gate.port, host: '127.0.0.1', agent: false, method: 'POST', headers: { 'content-length': 40 } })
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
    for (let piece = 0; piece < 4; piece++) {
      outgoing.write('0123456789')
      if (slow) await wait(700)
    }
    outgoing.end()
    const [incoming] = await answered
    t.match(await read(incoming), { status: 504, headers: { 'x-oauth-gate': 'GATE_UPSTREAM_TIMEOUT' } })
    t.equal(app.sockets.length, 1, 'and is asked once')
  }
})

t.test('an app that takes nothing of an upload is a 504', async t => {
  const app = await startApp(t, incoming => { incoming.pause() })
  const gate = await startGate(t, app.origin, { timeout: 1_000 })
  const outgoing = request({ port: gate.port, host: '127.0.0.1', agent: false, method: 'POST', headers: { 'content-length': 80_000_000 } }).on('error', () => {})
  outgoing.write(Buffer.alloc(40_000_000))
  const [incoming] = await once(outgoing, 'response') as [IncomingMessage]
  t.equal((await read(incoming)).status, 504)
  outgoing.destroy()
})
