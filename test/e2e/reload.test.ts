import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import t from 'tap'
import { authority, server as certificate, serverElsewhere, serverKey } from '../fixtures/certificates.ts'
import { freePort } from '../fixtures/gate.ts'
import { isCi } from '../fixtures/lacking.ts'
import { startRedis } from '../fixtures/redis.ts'
import { openSocket, serveGate } from '../fixtures/served.ts'
import { Visitor } from '../fixtures/visitor.ts'

const [old, young, younger] = ['o', 'y', 'z'].map(letter => Buffer.alloc(32, letter).toString('base64url') + '=') as [string, string, string]
const EVERYONE = ['ada@example.com', 'ben@example.com']
const RELOADED = 1000

/** What takes many seconds more is for CI. */
const sizes = isCi ? [1, 2] : [2]

for (const workers of sizes) {
  t.test(`with ${workers}: whoever is taken off a list, or is kept out by a new rule, is out at once, with what they had open; the others notice nothing`, async t => {
    const gate = await serveGate(t, { workers, settings: { allowed_emails: EVERYONE } })
    const [ada, ben] = [new Visitor(), new Visitor()]
    t.equal((await ada.signIn(`${gate.origin}/`, 'ada')).status, 200)
    t.equal((await ben.signIn(`${gate.origin}/`, 'ben')).status, 200)
    const open = (visitor: Visitor, path: string) => Promise.all(Array.from({ length: 2 }, () => openSocket(gate.origin, visitor, path)))
    const [ofAda, inAdmin, ofBen] = [await open(ada, '/ws'), await open(ada, '/admin/ws'), await open(ben, '/ws')]
    const line = await gate.next('config.reloaded', () => { gate.change({ allowed_emails: EVERYONE, rules: [{ path: '/admin', allow: { emails: 'ben@example.com' } }, { path: '/', allow: 'signed-in' }] }) })
    t.strictSame(line['settings'], ['rules'])
    t.strictSame(await Promise.race([Promise.all(inAdmin.map(({ closed }) => closed)), sleep(RELOADED, 'open')]), [4401, 4401], 'in whichever worker')
    t.strictSame(await Promise.all([...ofAda, ...ofBen].map(socket => socket.echoes())), [true, true, true, true])
    t.equal((await ada.navigate(`${gate.origin}/admin`)).status, 403)

    await gate.next('config.reloaded', () => { gate.change({ allowed_emails: ['ben@example.com'] }) })
    t.strictSame(await Promise.race([Promise.all(ofAda.map(({ closed }) => closed)), sleep(RELOADED, 'open')]), [4401, 4401])
    t.strictSame(await Promise.all(ofBen.map(socket => socket.echoes())), [true, true])
    for (let count = 0; count < 4; count++) {
      t.equal((await ada.navigate(`${gate.origin}/page`)).status, 403)
      t.equal((await ben.navigate(`${gate.origin}/page`)).status, 200)
    }
    t.equal(gate.log('config.reloaded').length, 2, 'once for all')
    t.notOk(gate.log('worker.ended').length)
  })

  t.test(`with ${workers}: keys are rotated without anybody noticing, and what the last of them sealed ends with it`, async t => {
    const gate = await serveGate(t, { workers, files: { key: old }, settings: { oauth_encryption_key_file: 'key' } })
    const [ada, ben] = [new Visitor(), new Visitor()]
    await ada.signIn(`${gate.origin}/`, 'ada')
    const socket = await openSocket(gate.origin, ada)
    t.strictSame((await gate.next('config.reloaded', () => { gate.write('key', `${young},${old}`) }))['settings'], ['oauth-encryption-key'])
    t.ok(await socket.echoes(), 'as long as the old key is there')
    for (let count = 0; count < 4; count++) t.equal((await ada.navigate(`${gate.origin}/page`)).status, 200)
    await ben.signIn(`${gate.origin}/`, 'ben')
    await gate.next('config.reloaded', () => { gate.write('key', `${younger},${young}`) })
    for (let count = 0; count < 4; count++) {
      t.equal((await ada.ask(`${gate.origin}/page`)).status, 401, 'the old key is gone')
      t.equal((await ben.ask(`${gate.origin}/page`)).status, 200)
    }
    t.equal(await Promise.race([socket.closed, sleep(RELOADED, 'open')]), 4401, 'and so is what was open by it')
    t.match(await gate.logged('session.ended', 1), [{ cause: 'key', user: 'ada@example.com' }])
    for (const key of [old, young, younger]) t.notOk(gate.said().includes(key.slice(0, 20)), 'no key is in the log')
  })

  t.test(`with ${workers}: a bad configuration is refused everywhere, in words; the one before goes on, and the next good one is taken`, async t => {
    const gate = await serveGate(t, { workers, files: { key: old }, settings: { allowed_emails: EVERYONE, oauth_encryption_key_file: 'key' } })
    const ada = new Visitor()
    await ada.signIn(`${gate.origin}/`, 'ada')
    const socket = await openSocket(gate.origin, ada)
    const refused = await gate.next('config.refused', () => { gate.change({ allowed_emails: ['ben@example.com'], oauth_expiry_days: 'never', titel: 'x' }) })
    t.match(refused['problems'], [/titel in gate.json is not a setting.*title/, /oauth_expiry_days in gate.json must be a number/], 'all that is wrong at once')
    for (let count = 0; count < 4; count++) t.equal((await ada.navigate(`${gate.origin}/page`)).status, 200, 'nothing of it counts')
    t.ok(await socket.echoes())
    await gate.next('config.refused', () => { gate.write('key', old.slice(0, 20)) })
    gate.change({})
    t.strictSame((await gate.next('config.reloaded', () => { gate.write('key', old) }))['settings'], [], 'what is as it was before the fault is said to be in order again')
    await gate.next('config.refused', () => { gate.write('key', old.slice(0, 20)) })
    gate.change({ allowed_emails: EVERYONE })
    const taken = await gate.next('config.reloaded', () => { gate.write('key', `${young},${old}`) })
    t.strictSame(taken['settings'], ['oauth-encryption-key'])
    t.notOk(gate.said().includes(old.slice(0, 20)))
    t.equal((await ada.navigate(`${gate.origin}/page`)).status, 200)
  })

  t.test(`with ${workers}: who connects from now on sees the new certificate, connections that are open go on`, async t => {
    const gate = await serveGate(t, { workers, https: true, files: { 'cert.pem': certificate, 'key.pem': serverKey }, settings: { ssl_certfile: 'cert.pem', ssl_keyfile: 'key.pem' } })
    const dial = async (): Promise<{ socket: TLSSocket, names: string | undefined }> => {
      const socket = connect({ port: Number(new URL(gate.origin).port), host: '127.0.0.1', ca: authority, checkServerIdentity: () => undefined })
      await once(socket, 'secureConnect')
      t.teardown(() => { socket.destroy() })
      return { socket, names: socket.getPeerCertificate().subjectaltname }
    }
    const before = await dial()
    t.match(before.names, /127\.0\.0\.1/)
    t.strictSame((await gate.next('config.reloaded', () => { gate.write('cert.pem', serverElsewhere) }))['settings'], ['ssl-certfile'])
    for (let count = 0; count < 4; count++) t.match((await dial()).names, /elsewhere\.example/)
    before.socket.write('GET /ready HTTP/1.1\r\nHost: x\r\n\r\n')
    t.match(String((await once(before.socket, 'data'))[0]), /^HTTP\/1\.1 200/)
    await gate.next('config.refused', () => { gate.write('cert.pem', authority) })
    t.match((await dial()).names, /elsewhere\.example/, 'one that is not the key’s is not shown')
  })
}

t.test('what needs a restart is said by name and stays as it was; the rest counts', async t => {
  const gate = await serveGate(t, { settings: { title: 'Before' } })
  const port = await freePort()
  const line = await gate.next('config.needs_restart', () => { gate.change({ port, workers: 4, session_store: 'memory', title: 'After', login_endpoint: '/login' }) })
  t.strictSame(line['settings'], ['port', 'workers', 'session-store'])
  t.match(await gate.next('config.reloaded', () => { gate.kill('SIGHUP') }), { settings: [] }, 'SIGHUP reads again whatever has changed')
  t.strictSame(gate.log('config.reloaded')[0]?.['settings'], ['login-endpoint', 'title'])
  t.match(await new Visitor().navigate(`${gate.origin}/oauth2/sign_in`), { status: 200, body: 'After' })
  t.match((await new Visitor().navigate(`${gate.origin}/login`)).location, 'localhost', 'a path of the gate’s own too')
  await t.rejects(new Visitor().ask(`http://127.0.0.1:${port}/ready`), { code: 'ECONNREFUSED' })
})

t.test('a reload under load drops nothing, and what is under way ends by the configuration it began with', async t => {
  const gate = await serveGate(t, { workers: 2, settings: { skip_auth_route: '^/(slow|quick).*$' } })
  const visitor = new Visitor()
  let [running, asked] = [true, 0]
  const bad: number[] = []
  const load = Array.from({ length: 4 }, async () => {
    for (; running; asked++) {
      const { status } = await visitor.ask(`${gate.origin}/quick`)
      if (status !== 200) bad.push(status)
    }
  })
  const slow = visitor.ask(`${gate.origin}/slow`)
  for (const title of ['one', 'two']) await gate.next('config.reloaded', () => { gate.change({ title }) })
  const closing = await gate.next('config.reloaded', () => { gate.change({ skip_auth_route: '^/quick$' }) })
  t.strictSame(closing['settings'], ['title', 'skip-auth-route'].toSorted())
  running = false
  await Promise.all(load)
  t.match(await slow, { status: 200, body: 'slow' })
  t.strictSame(bad, [])
  t.ok(asked > 20, String(asked))
  t.equal((await visitor.ask(`${gate.origin}/slow`)).status, 401)
})

for (const workers of sizes) {
  t.test(`with ${workers}: while a store is away a gate starts and a configuration is taken all the same; sessions count again once it is back`, async t => {
    const port = await freePort()
    const gate = await serveGate(t, { workers, settings: { revocation_store: `redis://127.0.0.1:${port}`, skip_auth_route: '^/quick$' } })
    t.equal((await gate.logged('store.lost', workers)).length, workers, 'each has its own connection, and says so')
    const visitor = new Visitor()
    t.equal((await visitor.ask(`${gate.origin}/ready`)).status, 503)
    t.equal((await visitor.ask(`${gate.origin}/quick`)).status, 200, 'what is open to everybody')
    const redis = await startRedis(t, [], port)
    if (redis === null) return
    const comes = async (status: number, path: string) => {
      for (let [tries, streak] = [0, 0]; streak < 6 * workers ** 2; tries++) {
        const answer = await visitor.ask(`${gate.origin}${path}`)
        streak = answer.status === status ? streak + 1 : 0
        if (tries > 400) throw new Error(`${path} is ${answer.status}: ${gate.said()}`)
        if (streak === 0) await sleep(50)
      }
    }
    while (gate.log('store.back').length < workers) await sleep(25)
    await comes(200, '/ready')
    t.equal((await visitor.signIn(`${gate.origin}/`, 'ada')).status, 200)
    await redis.kill()
    await comes(503, '/page')
    t.strictSame((await gate.next('config.reloaded', () => { gate.change({ title: 'After' }) }))['settings'], ['title'])
    await comes(503, '/page')
    await redis.restart()
    await comes(200, '/page')
    t.notOk(gate.log('config.refused').length + gate.log('worker.ended').length + gate.log('session.ended').length)
  })
}

t.test('a store at another address needs a restart; the same one written anew does not', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const gate = await serveGate(t, { settings: { session_store: redis.url } })
  const visitor = new Visitor()
  await visitor.signIn(`${gate.origin}/`, 'ada')
  await gate.next('config.reloaded', () => { gate.change({ title: 'After' }) })
  t.notOk(gate.log('config.needs_restart').length)
  t.strictSame((await gate.next('config.needs_restart', () => { gate.change({ session_store: `${redis.url}/1` }) }))['settings'], ['session-store'])
  t.equal((await visitor.navigate(`${gate.origin}/page`)).status, 200, 'sessions are where they were')
})

t.test('a configuration that is refused is said once, until a file is another or it is asked for', async t => {
  const gate = await serveGate(t, { settings: { allowed_emails: EVERYONE } })
  await gate.next('config.refused', () => { gate.change({ titel: 'x' }) })
  await sleep(4_000)
  t.equal(gate.log('config.refused').length, 1)
  await gate.next('config.reloaded', () => { gate.change({}) })
})
