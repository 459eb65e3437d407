// A browser goes on with its TLS session at its next connection, wherever that lands: with TLS 1.2 and 1.3.
import { once } from 'node:events'
import { connect, type SecureVersion } from 'node:tls'
import t from 'tap'
import { client, clientKey, server, serverKey } from '../fixtures/certificates.ts'
import { isCi } from '../fixtures/lacking.ts'
import { serveGate, type Served } from '../fixtures/served.ts'

interface Dialled { readonly resumed: boolean, readonly session: Buffer, readonly worker: unknown }

let asked = 0

/** One connection with one request. @returns whether it went on with `session`, what the next may go on with, and who answered */
async function dial (gate: Served, version: SecureVersion, session?: Buffer): Promise<Dialled> {
  const socket = connect({ port: Number(new URL(gate.origin).port), host: '127.0.0.1', minVersion: version, maxVersion: version, rejectUnauthorized: false, ...session !== undefined && { session } })
  const next = once(socket, 'session') as Promise<[Buffer]> // with TLS 1.3 it comes after the handshake
  await once(socket, 'secureConnect')
  const resumed = socket.isSessionReused()
  const path = `/ticket/${++asked}`
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
  await once(socket.resume(), 'close')
  const found = () => gate.log('request.finished').find(line => line['path'] === path)
  while (found() === undefined) await new Promise(resolve => { setTimeout(resolve, 10) })
  return { resumed, session: resumed ? session as Buffer : (await next)[0], worker: found()?.['worker'] }
}

/** Goes on with one session until a worker has answered that did not begin it. */
async function inAnother (gate: Served, version: SecureVersion, first: Dialled): Promise<readonly Dialled[]> {
  const next: Dialled[] = []
  while (next.every(({ worker }) => worker === first.worker) && next.length < 200) next.push(await dial(gate, version, first.session))
  return next
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const workers of isCi ? [1, 2] : [2]) {
    t.test(`${version} with ${workers}: a session is resumed in another worker, after a reload, and after another certificate`, async t => {
      const gate = await serveGate(t, { workers, https: true, files: { 'cert.pem': server, 'key.pem': serverKey }, settings: { ssl_certfile: 'cert.pem', ssl_keyfile: 'key.pem' } })
      const first = await dial(gate, version)
      t.notOk(first.resumed)
      if (workers > 1) {
        const others = await inAnother(gate, version, first)
        t.not(others.at(-1)?.worker, first.worker)
        t.ok(others.every(({ resumed }) => resumed), 'in whichever')
      }
      await gate.next('config.reloaded', () => { gate.change({ title: 'After' }) })
      for (let count = 0; count < 4; count++) t.ok((await dial(gate, version, first.session)).resumed)
      gate.write('key.pem', clientKey)
      await gate.next('config.reloaded', () => { gate.write('cert.pem', client) })
      for (let count = 0; count < 4; count++) t.ok((await dial(gate, version, first.session)).resumed, 'which proves nothing about a certificate')
      t.notOk((await dial(gate, version)).resumed)
      const [spoilt, middle] = [Buffer.from(first.session), Math.floor(first.session.length / 2)]
      for (let at = middle; at < middle + 8; at++) spoilt[at] = (spoilt[at] as number) ^ 0xff
      t.notOk((await dial(gate, version, spoilt)).resumed, 'and not by a ticket that nobody has given')
    })
  }
}
