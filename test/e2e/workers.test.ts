import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { Agent, get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { onlyInCi } from '../fixtures/lacking.ts'
import { connectionsOf, openInEach, openSocket, serveGate } from '../fixtures/served.ts'
import { Visitor } from '../fixtures/visitor.ts'

/** Whoever nobody has buried is gone too. */
async function isGone (pid: number): Promise<boolean> {
  for (let tries = 0; tries < 40; tries++, await sleep(50)) {
    try {
      if (/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return true
    } catch {
      return true
    }
  }
  return false
}

function copyOf (visitor: Visitor): Visitor {
  const copy = new Visitor()
  for (const [host, jar] of visitor.cookies) copy.cookies.set(host, new Map(jar))
  return copy
}

for (const store of ['cookie', 'memory']) {
  t.test(`two workers with session-store=${store} take each other's sessions, and a sign-out in one is one in both, also in one that begins later`, store === 'memory' ? onlyInCi('the same once more, with sessions in the memory of the first process') : {}, async t => {
    const gate = await serveGate(t, { workers: 2, settings: { session_store: store } })
    t.match(gate.said(), /Workers +2/)
    t.equal(gate.said().match(/Sign-in lasts/g)?.length, 1, 'what starts is said once')
    const visitor = new Visitor()
    t.match(await visitor.signIn(`${gate.origin}/first`, 'ada'), { status: 200, body: 'for ada@example.com' })
    const workers = () => new Set(gate.log('request.finished').filter(({ user }) => user === 'ada@example.com').map(({ worker }) => worker))
    for (let count = 0; count < 6 || (workers().size < 2 && count < 200); count++) t.equal((await visitor.navigate(`${gate.origin}/page`)).status, 200)
    t.strictSame([...workers()].sort(), [1, 2])
    const copy = copyOf(visitor)
    await visitor.ask(`${gate.origin}/oauth2/sign_out`, { method: 'POST', headers: { origin: gate.origin } })
    for (let count = 0; count < 6; count++) t.equal((await copy.ask(`${gate.origin}/after`)).status, 401)
    await sleep(1100)
    const [victim] = gate.children()
    t.match(await gate.next('worker.ended', () => { process.kill(victim as number, 'SIGKILL') }), { signal: 'SIGKILL', again_in_ms: 0 })
    while (gate.log('worker.listening').length === 0) await sleep(25)
    for (let count = 0; count < 6; count++) t.equal((await copy.ask(`${gate.origin}/after`)).status, 401)
    t.notOk(gate.asked.includes('/after'), 'and the app never saw who had signed out')
  })
}

t.test('what is open in either worker outlives new keys, and ends within a second of a sign-out in one', async t => {
  const [old, young] = ['o', 'y'].map(letter => `${Buffer.alloc(32, letter).toString('base64url')}=`) as [string, string]
  const gate = await serveGate(t, { workers: 2, files: { key: old }, settings: { oauth_encryption_key_file: 'key' } })
  const [ada, ben] = [new Visitor(), new Visitor()]
  await ada.signIn(`${gate.origin}/`, 'ada')
  await ben.signIn(`${gate.origin}/`, 'ben')
  const [sockets, ofBen] = [await openInEach(gate, ada), await openInEach(gate, ben)]
  const cookie = [...ada.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
  const streams: Promise<unknown>[] = []
  for (let count = 0; count < 6; count++) {
    const [answer] = await once(get(`${gate.origin}/events`, { agent: false, headers: { cookie } }), 'response') as [IncomingMessage]
    streams.push(once(answer.resume(), 'end').catch(() => {}))
  }
  const line = await gate.next('config.reloaded', () => {
    gate.write('key', `${young},${old}`)
    gate.kill('SIGHUP')
  })
  t.strictSame(line['settings'], ['oauth-encryption-key'])
  t.ok((await Promise.all([...sockets, ...ofBen].map(socket => socket.echoes()))).every(Boolean), 'in both')
  t.equal(await Promise.race([Promise.any(streams).then(() => 'cut'), sleep(600, 'open')]), 'open')

  const signedOut = await ada.ask(`${gate.origin}/oauth2/sign_out`, { method: 'POST', headers: { origin: gate.origin } })
  t.ok(signedOut.status < 400)
  t.strictSame(new Set<unknown>(await Promise.race([Promise.all(sockets.map(({ closed }) => closed)), sleep(1000, ['open'])])), new Set<unknown>([4401]))
  t.equal(await Promise.race([Promise.all(streams).then(() => 'cut'), sleep(500, 'open')]), 'cut')
  t.ok((await Promise.all(ofBen.map(socket => socket.echoes()))).every(Boolean), 'and nobody else’s')
})

t.test('a worker that is killed under load takes with it only what was under way in it', async t => {
  const gate = await serveGate(t, { workers: 2, settings: { skip_auth_route: '^/(slow|quick).*$' } })
  await sleep(1100)
  const ask = (path: string) => new Promise<number>(resolve => {
    const fail = () => resolve(0)
    get(`${gate.origin}${path}`, { agent: false }, answer => answer.resume().on('error', fail).on('end', () => resolve(answer.statusCode ?? 0))).on('error', fail).setTimeout(8000, () => resolve(-1))
  })
  const [victim, other] = gate.children() as [number, number]
  const slow: Promise<number>[] = []
  // A few in each, as they come.
  while (slow.length < 8 || (slow.length < 60 && (connectionsOf(victim, gate.origin) < 2 || connectionsOf(other, gate.origin) < 2))) {
    slow.push(ask(`/slow/${slow.length}`))
    while (gate.asked.length < slow.length) await sleep(5)
  }
  const lost = connectionsOf(victim, gate.origin)
  t.ok(lost > 1, `${lost} of ${slow.length} are in the worker that will die`)
  let [running, quick, failed] = [true, 0, 0]
  const load = (async () => {
    for (; running; quick++) if (await ask('/quick') !== 200) failed++
  })()
  await sleep(100)
  await gate.next('worker.listening', () => { process.kill(victim, 'SIGKILL') })
  const answers = await Promise.all(slow)
  running = false
  await load
  const [ended] = await gate.logged('worker.ended', 1)
  const logged = () => gate.log('request.finished').filter(({ path, worker }) => String(path).startsWith('/slow') && worker !== ended?.['worker']).length
  for (let tries = 0; tries < 80 && logged() < slow.length - lost; tries++) await sleep(25) // a line may be read later than its answer
  t.strictSame([answers.filter(status => status === 200).length, answers.filter(status => status === 0).length], [slow.length - lost, lost], 'those of the other worker were answered, and nobody waited for ever')
  t.equal(logged(), slow.length - lost)
  t.ok(quick > 5, `${quick} came meanwhile`)
  t.ok(failed <= 1, `of those one after the other ${failed} failed`)
  t.equal(gate.log('worker.ended').length, 1)
  t.equal(gate.children().length, 2)
})

t.test('a worker in place of another knows the lists as they are by then', async t => {
  const gate = await serveGate(t, { workers: 2, files: { listed: 'ada@example.com\nben@example.com\n' }, settings: { allowed_emails_file: 'listed' } })
  const [ada, ben] = [new Visitor(), new Visitor()]
  t.equal((await ada.signIn(`${gate.origin}/`, 'ada')).status, 200)
  t.equal((await ben.signIn(`${gate.origin}/`, 'ben')).status, 200)
  const sockets = await openInEach(gate, ada)
  gate.write('listed', 'ben@example.com\n')
  t.strictSame(new Set(await Promise.all(sockets.map(({ closed }) => closed))), new Set([4401]), 'the others have followed it')
  t.equal(gate.log('config.reloaded').length, 0, 'without a reload')
  for (const pid of gate.children()) process.kill(pid, 'SIGKILL')
  while (gate.log('worker.listening').length < 2) await sleep(10)
  for (let count = 0; count < 8; count++) {
    t.equal((await ada.navigate(`${gate.origin}/page`)).status, 403)
    t.equal((await ben.navigate(`${gate.origin}/page`)).status, 200)
  }
})

t.test('a worker in place of another has the configuration that was taken last', async t => {
  const gate = await serveGate(t, { workers: 2, settings: { allowed_emails: ['ada@example.com'] } })
  const ada = new Visitor()
  t.equal((await ada.signIn(`${gate.origin}/`, 'ada')).status, 200)
  await gate.next('config.reloaded', () => { gate.change({ allowed_emails: ['ben@example.com'] }) })
  await gate.next('config.refused', () => { gate.change({ allowed_emails: ['ada@example.com'], port: 'x' }) })
  for (const pid of gate.children()) process.kill(pid, 'SIGKILL')
  while (gate.log('worker.listening').length < 2) await sleep(10)
  for (let count = 0; count < 8; count++) t.equal((await ada.navigate(`${gate.origin}/page`)).status, 403)
})

t.test('workers end with the process that started them, also where it had no time to tell them', async t => {
  const gate = await serveGate(t, { workers: 2 })
  const children = gate.children()
  t.equal(children.length, 2)
  gate.kill('SIGKILL')
  await gate.ended
  for (const pid of children) t.ok(await isGone(pid), `worker ${pid} is gone`)
  await t.rejects(new Visitor().ask(`${gate.origin}/ready`), { code: /^(?:ECONNREFUSED|ECONNRESET)$/ }) // the latter while the last of them is being buried
})

t.test('a gate of which no worker ever starts ends, and says so', onlyInCi('waiting longer and longer for a worker'), async t => {
  const crashes = 'import cluster from "node:cluster"\nif (cluster.isWorker) process.exit(7)\nexport default { name: "crashes", label: "Crashes", scopes: ["openid"], endpoints: { issuer: "https://id.example" }, identity: ({ claims }) => ({ subject: claims.text("sub"), user: claims.text("sub") }) }'
  const gate = await serveGate(t, { workers: 2, waits: false, files: { 'crashes.mjs': crashes }, settings: { oauth_provider: 'crashes', provider_module: './crashes.mjs' } })
  t.strictSame(await gate.ended, [1, null], gate.said())
  t.match(gate.said(), /no worker starts; the last one ended with exit code 7/)
  const pauses = gate.log('worker.ended').map(({ again_in_ms: pause }) => pause as number)
  t.ok(pauses.length > 1 && pauses.at(-1) as number > (pauses[0] as number), `it waited longer each time: ${pauses.join()}`)
})

t.test('workers whose port is taken say so once', onlyInCi('starting two gates'), async t => {
  const first = await serveGate(t, { workers: 2 })
  const other = await serveGate(t, { workers: 2, waits: false, settings: { port: Number(new URL(first.origin).port) } })
  t.strictSame(await other.ended, [1, null])
  t.equal(other.said().match(/cannot listen on .*: something else listens there/g)?.length, 1, other.said())
  t.notMatch(other.said(), /Sign-in lasts/)
})

t.test('workers share a unix socket that others than owner and group cannot use', onlyInCi('one more gate of two workers'), async t => {
  const folder = mkdtempSync(join(tmpdir(), 'gate-')) // a socket's path is short
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  const { children, kill, ended } = await serveGate(t, { workers: 2, settings: { port: undefined, unix_socket: join(folder, 'gate.sock') } })
  t.equal(statSync(join(folder, 'gate.sock')).mode & 0o777, 0o660)
  for (let count = 0; count < 3; count++) {
    const [answer] = await once(get({ socketPath: join(folder, 'gate.sock'), path: '/ready' }), 'response') as [IncomingMessage]
    t.equal(answer.resume().statusCode, 200)
  }
  t.equal(children().length, 2)
  kill('SIGTERM')
  t.strictSame(await ended, [0, null])
})

for (const workers of [1, 2]) {
  t.test(`${workers} told to stop: what is under way finishes, sockets are told, streams are cut, nothing new begins`, async t => {
    const gate = await serveGate(t, { workers, settings: { skip_auth_route: '^/slow' } })
    const visitor = new Visitor()
    await visitor.signIn(`${gate.origin}/`, 'ada')
    const sockets = await Promise.all([1, 2].map(() => openSocket(gate.origin, visitor)))
    const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
    const [events] = await once(get(`${gate.origin}/events`, { agent: false, headers: { cookie } }), 'response') as [IncomingMessage]
    const cut = once(events.resume(), 'end').then(() => 'ended', () => 'cut')
    const agent = new Agent({ keepAlive: true })
    const [idle] = await once(get(`${gate.origin}/ready`, { agent }), 'response') as [IncomingMessage]
    const closed = once(idle.resume().socket, 'close')
    const slow = Array.from({ length: 4 }, () => once(get(`${gate.origin}/slow`, { agent: new Agent({ keepAlive: true }) }), 'response') as Promise<[IncomingMessage]>)
    while (gate.asked.filter(path => path === '/slow').length < 4) await sleep(10)
    const began = Date.now()
    gate.kill('SIGTERM')
    t.strictSame(await Promise.all(sockets.map(({ closed }) => closed)), [1001, 1001])
    t.equal(await cut, 'cut')
    await closed
    t.ok(Date.now() - began < 1000, 'at once, as idle connections are closed')
    await t.rejects(visitor.navigate(`${gate.origin}/`), { code: /^(?:ECONNREFUSED|ECONNRESET)$/ }) // the latter while the first process still holds what the workers have closed
    for (const [answer] of await Promise.all(slow)) t.match(answer.resume(), { statusCode: 200, headers: { connection: 'close' } })
    t.strictSame(await gate.ended, [0, null])
    t.ok(Date.now() - began < 5000, `as soon as all had ended, after ${Date.now() - began} ms`)
    t.notOk(gate.log('worker.ended').length, 'and nobody took the place of those who left')
  })
}

t.test('a load balancer that still asks while the gate stops is told that it is not ready, though alive', async t => {
  const gate = await serveGate(t, { settings: { skip_auth_route: '^/begun' } })
  // Connections that are open because an answer has begun, and come to their next question when the gate has been told.
  const dial = async (path: string) => {
    const socket = connect(Number(new URL(gate.origin).port), '127.0.0.1', () => { socket.write('GET /begun HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n') })
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
    const closed = once(socket, 'close')
    while (!text.includes('beg')) await sleep(10)
    return {
      async ask () {
        socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
        await closed
        return { first: text.includes('un\r\n'), next: text.slice(text.lastIndexOf('HTTP/1.1 ')).toLowerCase() }
      }
    }
  }
  const [ready, ping, app] = [await dial('/ready'), await dial('/ping'), await dial('/begun?again')]
  gate.kill('SIGTERM')
  await sleep(200)
  const answers = await Promise.all([ready.ask(), ping.ask(), app.ask()])
  t.strictSame(answers.map(({ first, next }) => [first, next.slice(0, 12), next.includes('connection: close')]), [[true, 'http/1.1 503', true], [true, 'http/1.1 200', true], [true, 'http/1.1 200', true]])
  t.strictSame(await gate.ended, [0, null])
})

for (const [signal, workers] of [['SIGTERM', 2], ['SIGINT', 2], ['SIGINT', 1]] as const) {
  t.test(`with ${workers}: a second ${signal} ends everything at once`, async t => {
    const gate = await serveGate(t, { workers, settings: { skip_auth_route: '^/slow' } })
    const slow = once(get(`${gate.origin}/slow`), 'response').then(() => 'answered', () => 'cut')
    while (gate.asked.length < 1) await sleep(10)
    const children = gate.children()
    // Ctrl-C reaches all processes of a terminal.
    const press = () => {
      gate.kill(signal)
      if (signal === 'SIGINT') for (const pid of children) try { process.kill(pid, signal) } catch { /* it has heard the first process already */ }
    }
    press()
    t.equal(await Promise.race([gate.ended.then(() => 'ended'), sleep(300, 'waits')]), 'waits', 'the first lets it finish')
    const began = Date.now()
    gate.kill('SIGHUP') // means nothing any more
    press()
    t.strictSame(await gate.ended, [1, null])
    t.ok(Date.now() - began < 1000)
    t.equal(await slow, 'cut')
    t.match([gate.log('gate.stopping'), gate.log('gate.stopped')], [[{ within_s: 8 }], [{ level: 'warn' }]], 'each in the log')
    for (const pid of children) t.ok(await isGone(pid), 'no worker is left')
    t.notOk(gate.log('config.reloaded').length + gate.log('worker.ended').length)
  })
}

t.test('a port of which nobody knows is the same for all workers', onlyInCi('one more gate of two workers'), async t => {
  const gate = await serveGate(t, { workers: 2, settings: { port: 0 } })
  const origin = /Open +(http:\S+)/.exec(gate.said())?.[1] ?? ''
  for (let count = 0; count < 4; count++) t.equal((await new Visitor().ask(`${origin}/ready`)).status, 200)
})

t.test('a change that comes as a worker is started anew shuts out at once whom it shuts out', async t => {
  const gate = await serveGate(t, { workers: 2, settings: { allowed_emails: ['ada@example.com', 'ben@example.com'] } })
  const ada = new Visitor()
  t.equal((await ada.signIn(`${gate.origin}/`, 'ada')).status, 200)
  await gate.next('worker.ended', () => { process.kill(gate.children()[0] as number, 'SIGKILL') })
  await gate.next('config.reloaded', () => {
    gate.change({ allowed_emails: ['ben@example.com'] })
    gate.kill('SIGHUP')
  }, 20_000)
  for (let count = 0; count < 8; count++) t.equal((await ada.navigate(`${gate.origin}/page`)).status, 403)
  t.notOk(gate.log('config.refused').length)
})
