// Who is slow on purpose, or says nothing, does not keep a connection.
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { server, serverKey } from '../../fixtures/certificates.ts'
import { startGate } from '../../fixtures/gate.ts'
import { onlyInCi } from '../../fixtures/lacking.ts'
import { serveGate } from '../../fixtures/served.ts'
import { answersIn, dial, talk } from '../../fixtures/talk.ts'

const RULES = [{ path: '/', allow: 'public' }] as const
/** Milliseconds that a test waits for the end of a connection: several times what the gate has. */
const PATIENCE = 120_000

/** Slow in different ways. */
const slow: Readonly<Record<string, (socket: ReturnType<typeof dial>) => readonly string[]>> = {
  'who says nothing': () => [],
  'who says half a request line': () => ['GET / HT'],
  'who never comes to the end of the headers': () => ['GET / HTTP/1.1\r\nHost: a\r\n', ...Array.from({ length: 200 }, (_, nth) => `X-${nth}: y\r\n`)],
  'who never comes to the end of one header': () => ['GET / HTTP/1.1\r\nHost: a\r\nX: ', ...Array.from({ length: 200 }, () => 'y')],
  'who is slow with the second request': () => ['GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n', ...Array.from({ length: 200 }, (_, nth) => `X-${nth}: y\r\n`)]
}

/** Says one part after the other, one a second. @returns what was heard until the other side hung up */
async function drip (t: Test, socket: ReturnType<typeof dial>, parts: readonly string[]): Promise<string> {
  t.teardown(() => socket.destroy())
  let heard = ''
  socket.setEncoding('latin1').on('data', (more: string) => { heard += more }).on('error', () => {})
  const [first, ...rest] = parts
  if (first !== undefined) socket.write(first)
  const timer = setInterval(() => {
    const next = rest.shift()
    if (next !== undefined && socket.writable) socket.write(next)
  }, 1_000)
  await new Promise(resolve => { socket.once('close', resolve) }) // a reset is an end too
  clearInterval(timer)
  return heard
}

t.test('slowloris: headers, and TLS before them, have twenty seconds', { ...onlyInCi('half a minute of waiting'), timeout: PATIENCE + 30_000 }, async t => {
  const plain = await startGate(t, { settings: { rules: RULES } })
  const secure = await serveGate(t, { https: true, files: { 'cert.pem': server, 'key.pem': serverKey }, settings: { rules: RULES, ssl_certfile: 'cert.pem', ssl_keyfile: 'key.pem' } })
  const waits: Promise<unknown>[] = [drip(t, connect(Number(new URL(secure.origin).port), '127.0.0.1'), []).then(() => { t.pass('who never begins TLS') })]
  for (const { origin } of [plain, secure]) {
    for (const [who, says] of Object.entries(slow)) {
      const socket = dial(origin)
      waits.push(drip(t, socket, says(socket)).then(heard => {
        const [last, ...before] = answersIn(heard).reverse()
        t.match(last, { status: 408, head: /x-oauth-gate: GATE_/ }, `${who}, ${origin.split(':')[0]}`)
        t.ok(before.every(({ status }) => status === 200))
      }))
    }
  }
  await Promise.all(waits)
  t.strictSame(plain.app.received.map(({ headers }) => headers['x-0']), [undefined], 'and only what was whole reached the app')
})

t.test('a connection that is idle is told how long it may be', async t => {
  const { origin } = await startGate(t, { settings: { rules: RULES } })
  const said = await talk(origin, 'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  t.match(answersIn(said)[0]?.head, /\r\nkeep-alive: timeout=72\r\n/i)
})
