// The injector does to a connection what it says: looked at from both sides by plain sockets.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { startInjector, type Fault } from '../fixtures/injector.ts'

/** Answers each chunk with the ten digits, and remembers what came and how it ended. */
async function digits (t: Test) {
  const seen = { bytes: 0, ends: [] as string[] }
  const server = createServer({ allowHalfOpen: true }, socket => {
    socket.on('data', chunk => {
      seen.bytes += chunk.length
      socket.write('0123456789')
    }).on('error', (error: NodeJS.ErrnoException) => { seen.ends.push(error.code ?? '') }).on('end', () => {
      seen.ends.push('end')
      socket.end()
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => { server.close() })
  return { port: (server.address() as AddressInfo).port, seen }
}

async function open (t: Test, port: number) {
  const got = { text: '', end: undefined as string | undefined }
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const ended = (error: NodeJS.ErrnoException = { code: 'end', name: '', message: '' }) => { got.end ??= error.code ?? '' }
  socket.on('data', chunk => { got.text += chunk.toString('latin1') }).on('end', ended).on('error', ended)
  t.teardown(() => { socket.destroy() })
  await new Promise(resolve => { socket.once('connect', resolve).once('close', resolve) })
  return { socket, got }
}

const pass = (milliseconds: number) => new Promise(resolve => { setTimeout(resolve, milliseconds) })

async function until (condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 1000; tries++) await pass(5)
}

const cases: readonly { readonly fault: Fault, readonly text: string, readonly end: string | undefined, readonly least?: number }[] = [
  { fault: { kind: 'delay', milliseconds: 60 }, text: '0123456789', end: undefined, least: 110 },
  { fault: { kind: 'drip', bytes: 2, every: 20 }, text: '0123456789', end: undefined, least: 70 },
  { fault: { kind: 'reset', after: 3 }, text: '012', end: 'ECONNRESET' },
  { fault: { kind: 'truncate', after: 3 }, text: '012', end: 'end' },
  { fault: { kind: 'half-close', after: 3 }, text: '012', end: 'end' },
  { fault: { kind: 'hang', after: 3 }, text: '012', end: undefined },
  { fault: { kind: 'duplicate', after: 3 }, text: '01234567893456789', end: undefined },
  { fault: { kind: 'garbage', after: 3 }, text: '012\x9d\x44\xeb\x92\x39\xe0\x87', end: undefined },
  { fault: { kind: 'refuse' }, text: '', end: 'ECONNREFUSED' }
]

for (const { fault, text, end, least = 0 } of cases) {
  t.test(`${fault.kind}: a new connection, one that is open, and one after it was lifted`, async t => {
    const { port: to, seen } = await digits(t)
    const injector = await startInjector(t, { to })
    const before = await open(t, injector.port)
    before.socket.write('a')
    await until(() => before.got.text !== '')
    t.equal(before.got.text, '0123456789')
    await injector.set(fault)
    const during = await open(t, injector.port)
    if (fault.kind === 'refuse') await until(() => before.got.end !== undefined)
    const began = performance.now()
    const both = [before, during]
    for (const { socket } of both) if (!socket.destroyed) socket.write('b')
    await until(() => both.every(({ got }) => got.end === end || (fault.kind === 'refuse' && got.end !== undefined)) && during.got.text === text)
    t.equal(during.got.text, text)
    t.equal(during.got.end, end)
    t.ok(performance.now() - began >= least)
    t.equal(before.got.text, `0123456789${text}`)
    t.equal(before.got.end, fault.kind === 'refuse' ? 'ECONNRESET' : end)
    if (fault.kind === 'half-close') {
      during.socket.write('still asked, and not heard')
      await pass(20)
      t.equal(during.got.text, text)
    }
    if (fault.kind === 'reset') t.ok(seen.ends.includes('ECONNRESET'), 'the other side is told the same')
    await injector.lift()
    const after = await open(t, injector.port)
    after.socket.write('c')
    await until(() => after.got.text.length === 10)
    t.equal(after.got.text, '0123456789')
    t.equal(after.got.end, undefined)
    for (const { socket } of [before, during, after]) socket.destroy()
    await until(() => injector.open === 0)
    t.equal(injector.open, 0, 'and nothing is left open')
  })
}

t.test('with nothing left to pass, what is open is struck at once', async t => {
  for (const [kind, end] of [['reset', 'ECONNRESET'], ['truncate', 'end'], ['half-close', 'end'], ['hang', undefined]] as const) {
    const { port: to, seen } = await digits(t)
    const injector = await startInjector(t, { to })
    const { socket, got } = await open(t, injector.port)
    socket.write('a')
    await until(() => got.text !== '')
    let asked = 0
    injector.whenAsked(() => { asked++ })
    await injector.set({ kind, after: 0 })
    await until(() => got.end === end)
    t.equal(got.end, end, kind)
    if (kind === 'hang') {
      socket.write('b')
      await until(() => asked === 1)
      await pass(20)
      t.strictSame([seen.bytes, got.text.length, asked], [1, 10, 1], 'neither asks nor answers pass')
    }
  }
})
