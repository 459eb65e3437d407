import { connect, type Socket } from 'node:net'
import t from 'tap'
import { intoBuffers, type Hearer } from '../../../src/proxy/client/read-buffer.ts'
import { send, startApp, startGate } from '../setup.ts'

const MiB = 2 ** 20

t.test('a connection that is made gets no buffer that another one reads into', async t => {
  const own = Buffer.alloc(8)
  const hearer: Hearer = { buffer: own, hear () {} }
  const next = intoBuffers.buffer as () => Uint8Array
  const common = next()
  intoBuffers.callback.call({ hearer } as Socket, 1, own)
  t.equal(next(), own, 'Node asks for the one that was heard')
  t.equal(next(), common, 'and then for one that is made')
})

t.test('bytes of somebody else’s answer in a large one: buffers are exchanged, and none is read into while it is written from', async t => {
  const [large, other] = [Buffer.alloc(MiB, 'A'), Buffer.alloc(60_000, 'B')]
  const app = await startApp(t, (request, response) => {
    if (request.url !== '/large') return void response.writeHead(200, { 'content-length': other.length, connection: 'close' }).end(other)
    response.writeHead(200, { 'content-length': 48 * MiB })
    let left = 48
    const more = (): void => {
      while (left > 0) {
        left--
        if (!response.write(large)) return
      }
      response.end()
    }
    response.on('drain', more)
    more()
  })
  const gate = await startGate(t, app.origin)
  const readers = Array.from({ length: 4 }, () => {
    const client = connect(gate.port, '127.0.0.1')
    t.teardown(() => client.destroy())
    client.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n')
    return new Promise<number>(resolve => {
      let [received, head, wrong] = [0, '', 0]
      client.on('data', (chunk: Buffer) => {
        let body = chunk
        if (!head.includes('\r\n\r\n')) {
          const end = chunk.indexOf('\r\n\r\n') + 4
          head += chunk.toString('latin1', 0, end)
          body = chunk.subarray(end)
        }
        if (!body.equals(large.subarray(0, body.length))) wrong++
        received += body.length
        if (received === 48 * MiB) return void resolve(wrong)
        client.pause() // slower than the app, so that the system does not take all at once
        setTimeout(() => client.resume(), received % 3)
      })
    })
  })
  let over = false
  const all = Promise.all(readers).finally(() => { over = true })
  let asked = 0
  while (!over) {
    const answers = await Promise.all(Array.from({ length: 16 }, (_, nth) => send(gate.port, { path: `/other/${nth}` })))
    for (const { status, body } of answers) if (status !== 200 || !body.equals(other)) t.fail('another answer is not as it was sent')
    asked += answers.length
  }
  t.strictSame(await all, [0, 0, 0, 0])
  t.ok(asked > 16, `${asked} answers of others meanwhile`)
  t.strictSame(gate.failures, [])
})

t.test('a small answer behind a large one, and a large one behind that, by the same connection', async t => {
  const sizes: Readonly<Record<string, number>> = { '/small': 10, '/page': 70_000, '/large': 3 * MiB }
  const app = await startApp(t, (request, response) => { response.end(Buffer.alloc(sizes[request.url ?? ''] ?? 0, request.url)) })
  const gate = await startGate(t, app.origin)
  for (const path of ['/small', '/large', '/large', '/small', '/page', '/small', '/page', '/page', '/large', '/small']) {
    const { body } = await send(gate.port, { path })
    t.ok(body.equals(Buffer.alloc(sizes[path] ?? 0, path)), path)
  }
  t.equal(app.sockets.length, 1)
})
