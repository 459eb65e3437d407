// Workers of which one has a fault: a configuration that it alone cannot take, a bug, a request that never ends.
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { onlyInCi } from '../fixtures/lacking.ts'
import { openInEach, serveGate, type Served } from '../fixtures/served.ts'
import { Visitor } from '../fixtures/visitor.ts'

/** A provider's file that does something beside, in the second worker alone. */
const provider = (label: string, beside: string) => `import cluster from 'node:cluster'
if (cluster.worker?.id === 2) { ${beside} }
export default { name: 'oidc-too', label: '${label}', scopes: ['openid', 'email'], endpoints: {}, identity: ({ claims }) => ({ subject: claims.text('sub'), user: claims.text('email'), email: claims.text('email') }) }`
const usual = { oauth_provider: 'oidc-too', provider_module: './usual.mjs' }

/** Asks until both workers have answered, a few times each. */
async function inBoth (gate: Served, visitor: Visitor, path = '/page'): Promise<Set<number>> {
  const before = gate.log('request.finished').length
  const workers = () => new Set(gate.log('request.finished').slice(before).map(({ worker }) => worker))
  const statuses = new Set<number>()
  for (let count = 0; count < 8 || (workers().size < 2 && count < 300); count++) statuses.add((await visitor.navigate(`${gate.origin}${path}`)).status)
  if (workers().size < 2) throw new Error('one worker answered all')
  return statuses
}

async function serveTwo (t: Test, files: Record<string, string> = {}, settings: Record<string, unknown> = {}) {
  const gate = await serveGate(t, { workers: 2, files: { 'usual.mjs': provider('Usual', ''), ...files }, settings: { ...usual, ...settings } })
  const ada = new Visitor()
  t.equal((await ada.signIn(`${gate.origin}/`, 'ada')).status, 200)
  await sleep(1100) // from now on neither has just begun
  return { gate, ada }
}

t.test('a configuration that one worker alone cannot take is taken by none, and the next one by all', async t => {
  const { gate, ada } = await serveTwo(t, { 'bad.mjs': provider('Bad', 'throw new Error("not in this one")') })
  const without = { allowed_emails: ['ben@example.com'] }
  const line = await gate.next('config.refused', () => { gate.change({ ...without, provider_module: './bad.mjs' }) }, 20_000)
  t.match(String(line['problems']), /not in this one/)
  t.strictSame(await inBoth(gate, ada), new Set([200]), 'also in the worker that could have')
  t.strictSame([gate.log('worker.ended').length, gate.log('config.reloaded').length], [0, 0])
  await gate.next('config.reloaded', () => { gate.change(without) }, 20_000)
  t.strictSame(await inBoth(gate, ada), new Set([403]))
})

t.test('a worker that has prepared a configuration and does not begin with it is replaced by one that has it', onlyInCi('a worker that says nothing for twenty seconds'), async t => {
  t.setTimeout(90_000)
  const mute = 'const { send } = process; process.send = (message, ...more) => message?.gate === "begun" ? true : send.call(process, message, ...more)'
  const { gate, ada } = await serveTwo(t, { 'mute.mjs': provider('Mute', mute) })
  await gate.next('worker.listening', () => { gate.change({ allowed_emails: ['ben@example.com'], provider_module: './mute.mjs' }) }, 40_000)
  t.match(await gate.logged('worker.ended', 1), [{ worker: 2, signal: 'SIGKILL' }])
  t.equal(gate.log('config.reloaded').length, 1)
  t.strictSame(await inBoth(gate, ada), new Set([403]))
})

t.test('a worker that does not answer keeps a configuration from all, and none of it is left in the others', onlyInCi('a worker that stands still for twenty seconds'), async t => {
  t.setTimeout(120_000)
  const { gate, ada } = await serveTwo(t)
  const [, still] = gate.children() as [number, number]
  const line = await gate.next('config.refused', () => {
    process.kill(still, 'SIGSTOP')
    gate.change({ allowed_emails: ['ben@example.com'] })
  }, 40_000)
  t.match(String(line['problems']), /worker \d does not answer/)
  for (let count = 0; count < 4; count++) t.equal((await ada.navigate(`${gate.origin}/page`)).status, 200)
  await gate.next('config.reloaded', () => { process.kill(still, 'SIGCONT') }, 40_000)
  t.strictSame(await inBoth(gate, ada), new Set([403]), 'and is tried again by itself')
})

t.test('a worker that is lost in the middle of a change comes back with what the others have taken', async t => {
  const { gate, ada } = await serveTwo(t)
  const [first, second] = gate.children() as [number, number]
  process.kill(second, 'SIGSTOP')
  gate.change({ allowed_emails: ['ben@example.com'] })
  gate.kill('SIGHUP')
  await sleep(1000) // the first has prepared, and the second is waited for
  await gate.next('worker.ended', () => { process.kill(first, 'SIGKILL') })
  await sleep(1000)
  t.equal(gate.log('worker.listening').length, 0, 'not before all know what there is to know')
  await gate.next('worker.listening', () => { process.kill(second, 'SIGCONT') })
  t.equal(gate.log('config.reloaded').length, 1)
  t.strictSame(await inBoth(gate, ada), new Set([403]))
})

t.test('a fault of its own ends a worker: what is under way there finishes, sockets are told, another takes its place', async t => {
  const { gate, ada } = await serveTwo(t, { 'usual.mjs': provider('Usual', 'process.on("SIGUSR2", () => { throw new Error("a bug") })') }, { skip_auth_route: '^/slow' })
  const sockets = await openInEach(gate, ada)
  const slow = Array.from({ length: 12 }, async () => {
    const [answer] = await once(get(`${gate.origin}/slow`, { agent: false }), 'response') as [IncomingMessage]
    return answer.resume().statusCode
  })
  while (gate.asked.filter(path => path === '/slow').length < 12) await sleep(10)
  const [, faulty] = gate.children() as [number, number]
  await gate.next('worker.listening', () => { process.kill(faulty, 'SIGUSR2') })
  t.match(await gate.logged('gate.crashed', 1), [{ stack: /a bug/ }])
  t.match(await gate.logged('worker.ended', 1), [{ worker: 2, code: 1 }])
  t.strictSame(new Set(await Promise.all(slow)), new Set([200]), 'nothing that was under way is lost')
  const closed = await Promise.all(sockets.map(async socket => await Promise.race([socket.closed, socket.echoes()])))
  t.strictSame(new Set(closed), new Set<unknown>([1001, true]), 'those of that worker are told, the other’s go on')
  t.strictSame(await inBoth(gate, ada), new Set([200]), 'and nobody is signed out')
  t.equal(gate.children().length, 2)
})

for (const workers of [1, 2]) {
  t.test(`${workers} told to stop: who has not ended in time is cut, and counted`, onlyInCi('the whole grace of a stop'), async t => {
    t.setTimeout(60_000)
    const gate = await serveGate(t, { workers, settings: { skip_auth_route: '^/never' } })
    const cut = [1, 2, 3, 4].map(async () => {
      const [answer] = await once(get(`${gate.origin}/never`, { agent: false }), 'response') as [IncomingMessage]
      return answer.resume().statusCode ?? 0
    })
    while (gate.asked.length < 4) await sleep(10)
    const began = Date.now()
    gate.kill('SIGTERM')
    await gate.ended
    const took = Date.now() - began
    t.ok(took > 7_500 && took < 12_000, `after ${took} ms`)
    t.strictSame(new Set(await Promise.all(cut)), new Set([503]), 'each is told that nothing will come')
    t.match(gate.log('request.refused').map(({ code }) => code), ['GATE_STOPPING', 'GATE_STOPPING', 'GATE_STOPPING', 'GATE_STOPPING'], 'and the app is not blamed for it')
    t.equal(gate.log('gate.cut').reduce((sum, { connections }) => sum + Number(connections), 0), 4)
    t.equal(gate.log('gate.cut').length, 1, 'it is said once')
  })

  t.test(`${workers} told to stop: a connection that becomes idle while the gate stops is closed, and not waited for`, async t => {
    const gate = await serveGate(t, { workers, settings: { skip_auth_route: '^/begun' } })
    const socket = connect(Number(new URL(gate.origin).port), '127.0.0.1', () => { socket.write('GET /begun HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n') })
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
    while (!text.includes('beg')) await sleep(10)
    t.match(text.toLowerCase(), /connection: keep-alive/, 'it was told that it may ask again')
    const began = Date.now()
    gate.kill('SIGTERM')
    t.strictSame(await gate.ended, [0, null])
    t.ok(Date.now() - began < 5000, `after ${Date.now() - began} ms`)
    t.match(text, /un\r\n/, 'what had begun came to its end')
    t.strictSame(gate.log('gate.cut'), [])
  })
}
