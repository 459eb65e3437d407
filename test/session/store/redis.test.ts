import { writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { redisAddress } from '../../../src/config/kinds/store.ts'
import { StoreUnavailable } from '../../../src/errors.ts'
import { outside } from '../../../src/outside.ts'
import { createRedisStore } from '../../../src/session/store/redis.ts'
import type { StoreTls } from '../../../src/session/store/address.ts'
import type { Store } from '../../../src/session/store/store.ts'
import * as certificates from '../../fixtures/certificates.ts'
import { freePort } from '../../fixtures/gate.ts'
import { onlyInCi } from '../../fixtures/lacking.ts'
import { cli, startRedis } from '../../fixtures/redis.ts'
import { behavesAsStore } from './suite.ts'

const pass = (milliseconds: number) => new Promise<void>(resolve => { setTimeout(resolve, milliseconds) })

interface Opened { readonly store: Store, readonly told: string[] }

async function open (t: Test, url: string, tls: StoreTls = {}): Promise<Opened> {
  const told: string[] = []
  const say = (...words: string[]) => { told.push(words.join(' ')) }
  const store = await createRedisStore({ address: redisAddress.parse(url), tls, outside, told: { lost: (where, reason) => say('lost', where, reason), back: where => say('back', where) } })
  t.teardown(() => store.close())
  return { store, told }
}

/** How long it takes to be refused. */
async function refused (t: Test, work: Promise<unknown>, matching: object = {}): Promise<number> {
  const start = performance.now()
  await t.rejects(work, { name: 'StoreUnavailable', ...matching })
  return performance.now() - start
}

/** How long it takes until it works. */
async function works (t: Test, store: Store, within: number): Promise<void> {
  const start = performance.now()
  for (;;) {
    try {
      await store.set('works', 'x', 1000)
      return
    } catch (error) {
      t.ok(error instanceof StoreUnavailable, 'nothing else is thrown meanwhile')
      if (performance.now() - start > within) return void t.fail(`not within ${within} ms: ${String(error)}`)
      await pass(50)
    }
  }
}

t.test('a Redis is a store', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const [{ store: one, told }, { store: other }] = [await open(t, redis.url), await open(t, redis.url)]
  await behavesAsStore(t, { stores: [one, other], pass, now: () => outside.now() })
  t.match(await redis.cli('KEYS', '*'), /^(oauth-gate:\S+\s*)+$/, 'everything is under one prefix')
  t.equal(await redis.cli('TTL', 'oauth-gate:s') === '-1', false, 'and nothing stays for ever')
  t.strictSame(told, [])
})

t.test('a Redis that hangs is noticed within a second, and used again once it answers', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const { store, told } = await open(t, redis.url)
  const heard: string[] = []
  const hear = (word: string) => { heard.push(word) }
  store.listen('topic', hear, () => hear('(missed)'), () => hear('(lost)'))
  redis.freeze()
  const first = await refused(t, store.get('a'), { message: new RegExp(`127.0.0.1:${redis.port}`) })
  t.ok(first < 1200, `${first} ms`)
  await pass(500)
  const later = await refused(t, Promise.all(Array.from({ length: 50 }, () => store.get('a'))))
  t.ok(later < 200, `whoever comes later does not wait: ${later} ms`)
  await pass(2500)
  t.strictSame(heard, ['(missed)', '(lost)'])
  redis.thaw()
  await works(t, store, 4000)
  await pass(1500)
  await store.announce('topic', 'hello')
  await pass(200)
  t.strictSame(heard, ['(missed)', '(lost)', '(missed)', 'hello'])
  t.match(told, [/^lost /, /^back /])
  t.equal(told.length, 2, 'one line for going, one for coming back')
})

t.test('a Redis that was killed is refused at once, and used again after its restart; nothing is sent twice', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const { store, told } = await open(t, redis.url)
  await redis.kill()
  await pass(100)
  const took = await refused(t, store.add('a', 'x', 1000), { message: /not connected/ })
  t.ok(took < 200, `${took} ms`)
  await redis.restart()
  await works(t, store, 4000)
  t.equal(await store.get('a'), null)
  await pass(1500)
  t.match(told, [/^lost 127\.0\.0\.1:\d+ ./, /^back /])
  t.equal(told.length, 2)
})

t.test('a listener that nobody speaks to any more is noticed, though its connection is open, and begun anew', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const listening: Socket[] = []
  const way = createServer(socket => {
    const on = connect(redis.port, '127.0.0.1')
    socket.on('error', () => on.destroy()).on('close', () => on.destroy()).pipe(on)
    on.on('error', () => socket.destroy()).on('close', () => socket.destroy()).pipe(socket)
    socket.on('data', data => { if (/subscribe/i.test(data.toString('latin1'))) listening.push(on) })
  })
  await new Promise<void>(resolve => { way.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { way.close() })
  const { store, told } = await open(t, `redis://127.0.0.1:${(way.address() as AddressInfo).port}`)
  const heard: string[] = []
  const hear = (word: string) => { heard.push(word) }
  store.listen('topic', hear, () => hear('(missed)'), () => hear('(lost)'))
  t.equal(listening.length, 1)
  listening[0]?.pause()
  await pass(3800)
  t.strictSame(heard.slice(0, 2), ['(missed)', '(lost)'])
  t.equal(await store.get('a'), null, 'what is asked is answered meanwhile')
  await pass(1500)
  await store.announce('topic', 'hello')
  await pass(200)
  t.strictSame(heard, ['(missed)', '(lost)', '(missed)', 'hello'])
  t.match(told, [/^lost .* words do not arrive/, /^back /])
})

t.test('many that ask at the moment when it goes are all told so', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const { store } = await open(t, redis.url)
  const under = Array.from({ length: 100 }, (_, index) => store.set(`k${index}`, 'x'.repeat(10_000), 60_000).then(() => 'kept', (error: unknown) => error instanceof StoreUnavailable ? 'unavailable' : error))
  await redis.kill()
  t.strictSame((await Promise.all(under)).filter(what => what !== 'kept' && what !== 'unavailable'), [])
})

t.test('a wrong password, and none, are told without a word of it', async t => {
  const redis = await startRedis(t, ['--requirepass', 'the-right-password'])
  if (redis === null) return
  for (const [user, why] of [[':the-wrong-pa55word@', /WRONGPASS/], ['', /NOAUTH/]] as const) {
    const { store, told } = await open(t, redis.url.replace('//', `//${user}`))
    await refused(t, store.get('a'))
    t.match(told, [why])
    t.notMatch(told.join(), /pa55word/)
  }
  const { store, told } = await open(t, redis.url.replace('//', '//default:the-right-password@') + '/3')
  await store.set('a', 'x', 60_000)
  t.equal(await redis.cli('-a', 'the-right-password', '-n', '3', 'GET', 'oauth-gate:a'), 'x', 'in its database')
  t.strictSame(told, [])
})

t.test('what hangs up, hangs, or is no Redis is told by what it did, also once the client has tried again', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const listenAt = async (answer: (socket: Socket) => void): Promise<string> => {
    const server = createServer(socket => {
      socket.on('error', () => {}).once('data', () => { answer(socket) })
    })
    await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
    t.teardown(() => { server.close() })
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const http = await listenAt(socket => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const hangsUp = await listenAt(socket => socket.end())
  const silent = await listenAt(() => {})
  await Promise.all(([
    ['TLS to a Redis without', redis.url.replace('redis:', 'rediss:'), /does the server speak it at this port\?/],
    ['an HTTP server', `redis://${http}`, /Protocol error, got "H" as reply type byte$/],
    ['one that hangs up', `redis://${hangsUp}`, /closed before it answered as a Redis does/],
    ['one that says nothing', `redis://${silent}`, /no answer within 1000 ms$/]
  ] as const).map(async ([about, url, why]) => {
    const { store, told } = await open(t, url)
    t.match(told, [why], about)
    for (let times = 0; times < 6; times++) {
      await t.rejects(store.get('a'), { name: 'StoreUnavailable', message: /: not connected: ./ }, about)
      await t.rejects(store.get('a'), { message: /^(?!.*(?:enableOfflineQueue|maxRetries|Connection is closed))/s }, about)
      await pass(400)
    }
    t.equal(told.length, 1)
  }))
  const { store } = await open(t, redis.url)
  redis.freeze()
  for (let times = 0; times < 8; times++) {
    await t.rejects(store.get('a'), { message: /no answer within 1000 ms$/ }, 'one that hangs')
    await pass(400)
  }
})

t.test('a user that may say nothing, or hear nothing, is told which right it lacks', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  for (const [user, lacks, why] of [['no-publish', '-publish', /NOPERM.*'publish'/], ['no-subscribe', '-subscribe', /NOPERM.*'subscribe'/], ['no-channels', 'resetchannels', /NOPERM.*channels/]] as const) {
    await redis.cli('ACL', 'SETUSER', user, 'on', '>secret', '~oauth-gate:*', '&oauth-gate:*', '+@all', lacks)
    const { told } = await open(t, redis.url.replace('//', `//${user}:secret@`))
    t.match(told, [why], user)
  }
})

t.test('a user that may no more than what is the gate’s is enough', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  await redis.cli('ACL', 'SETUSER', 'gate', 'on', '>secret', 'resetkeys', '~oauth-gate:*', 'resetchannels', '&oauth-gate:*', '+@all', '-@dangerous', '+info')
  const [{ store: one }, { store: other }] = [await open(t, redis.url.replace('//', '//gate:secret@')), await open(t, redis.url.replace('//', '//gate:secret@'))]
  await behavesAsStore(t, { stores: [one, other], pass, now: () => outside.now() })
  await redis.cli('ACL', 'SETUSER', 'gate', 'resetkeys')
  await refused(t, one.get('a'), { message: /NOPERM/ })
})

t.test('one that is full, or was made a replica, refuses and does not end the process', async t => {
  const redis = await startRedis(t, ['--maxmemory', '3mb', '--maxmemory-policy', 'noeviction'])
  const master = await startRedis(t)
  if (redis === null || master === null) return
  const { store } = await open(t, redis.url)
  await store.set('before', 'x', 60_000)
  const fill = async () => { for (let index = 0; index < 100; index++) await store.set(`fill${index}`, 'x'.repeat(100_000), 60_000) }
  await refused(t, fill(), { message: /OOM/ })
  t.equal(await store.get('before'), 'x', 'what is there is found')
  await redis.cli('CONFIG', 'SET', 'maxmemory', '0')
  await store.set('after', 'x', 60_000)
  await redis.cli('REPLICAOF', '127.0.0.1', String(master.port))
  await refused(t, store.set('after', 'y', 60_000), { message: /READONLY|LOADING|not connected|closed/ })
  await redis.cli('REPLICAOF', 'NO', 'ONE')
  await works(t, store, 4000)
})

t.test('by TLS, with an authority and a client certificate of its own', async t => {
  const folder = t.testdir({ 'ca.pem': certificates.authority, 'cert.pem': certificates.server, 'key.pem': certificates.serverKey })
  const port = await freePort()
  const redis = await startRedis(t, ['--tls-port', String(port), '--tls-ca-cert-file', join(folder, 'ca.pem'), '--tls-cert-file', join(folder, 'cert.pem'), '--tls-key-file', join(folder, 'key.pem')], port)
  if (redis === null) return
  const url = `rediss://127.0.0.1:${port}`
  const own = { ca: certificates.authority, cert: certificates.client, key: certificates.clientKey }
  const [{ store: one, told }, { store: other }] = [await open(t, url, own), await open(t, url, own)]
  await behavesAsStore(t, { stores: [one, other], pass, now: () => outside.now() })
  t.strictSame(told, [])
  for (const [about, tls, reason] of [
    ['an authority that did not sign it', { ...own, ca: certificates.otherAuthority }, /certificate/i],
    ['the system’s authorities', { cert: own.cert, key: own.key }, /certificate/i],
    ['no client certificate', { ca: own.ca }, /./]
  ] as const) {
    const { store, told } = await open(t, url, tls)
    await refused(t, store.get('a'))
    t.match(told, [reason], about)
  }
})

t.test('a set with sentinels: after the master is gone, the replica is written to', onlyInCi('takes half a minute'), async t => {
  const master = await startRedis(t)
  if (master === null) return
  const replica = await startRedis(t, ['--replicaof', '127.0.0.1', String(master.port), '--repl-diskless-sync-delay', '0'])
  const folder = t.testdir({})
  const ports: number[] = []
  for (let count = 0; count < 3; count++) {
    const [port, file] = [await freePort(), join(folder, `sentinel-${count}.conf`)]
    writeFileSync(file, `sentinel monitor site 127.0.0.1 ${master.port} 2\nsentinel down-after-milliseconds site 1000\nsentinel failover-timeout site 5000\n`)
    await startRedis(t, [file, '--sentinel'], port)
    ports.push(port)
  }
  const url = `redis+sentinel://${ports.map(port => `127.0.0.1:${port}`).join(',')}/site/0`
  for (let tries = 0; tries < 100 && !/num-slaves\n1\b[^]*num-other-sentinels\n2\b/.test(await cli(['-p', String(ports[0]), 'SENTINEL', 'MASTER', 'site'])); tries++) await pass(200)
  const [{ store: one, told }, { store: other }] = [await open(t, url), await open(t, url)]
  await behavesAsStore(t, { stores: [one, other], pass, now: () => outside.now() })
  const heard: string[] = []
  other.listen('after', word => { heard.push(word) })
  await one.set('kept', 'x', 600_000)
  await pass(500)
  await master.kill()
  const start = performance.now()
  await works(t, one, 20_000)
  t.comment(`writes succeed ${Math.round(performance.now() - start)} ms after the master was killed`)
  t.equal(await one.get('kept'), 'x')
  t.equal(await replica?.cli('EXISTS', 'oauth-gate:kept'), '1')
  await pass(4000)
  await one.announce('after', 'hello')
  await pass(200)
  t.strictSame(heard, ['hello'])
  t.match(told, [/^lost site of the sentinels/, /^back /])
})

t.test('a cluster of three masters', onlyInCi('takes half a minute'), async t => {
  const folder = t.testdir({})
  const nodes = []
  for (let count = 0; count < 3; count++) {
    const port = await freePort()
    const node = await startRedis(t, ['--cluster-enabled', 'yes', '--dir', folder, '--cluster-config-file', `nodes-${count}.conf`, '--cluster-node-timeout', '2000', '--cluster-port', String(await freePort())], port)
    if (node === null) return
    nodes.push(node)
  }
  const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`)
  t.match(await cli(['--cluster', 'create', ...hosts, '--cluster-yes']), /All 16384 slots covered/)
  for (const node of nodes) for (let tries = 0; tries < 100 && !(await node.cli('CLUSTER', 'INFO')).includes('cluster_state:ok'); tries++) await pass(100)
  const [{ store: one, told }, { store: other }] = [await open(t, `redis+cluster://${hosts[0]}`), await open(t, `redis+cluster://${hosts.join(',')}`)]
  await behavesAsStore(t, { stores: [one, other], pass, now: () => outside.now() })
  for (let index = 0; index < 30; index++) await one.set(`spread${index}`, 'x', 600_000)
  for (const node of nodes) t.match(await node.cli('KEYS', '*spread*'), /spread/, 'every node has some')
  t.strictSame(told, [])
  await nodes[0]?.kill()
  await pass(3500)
  const after = await Promise.all(Array.from({ length: 30 }, (_, index) => other.get(`spread${index}`).then(value => value, (error: unknown) => error instanceof StoreUnavailable)))
  t.ok(after.includes(true), 'a cluster with a part missing is a store that is not there')
  t.ok(after.every(value => value === true || value === 'x'))
})

t.test('the wrong database: a user who may not choose it gets none, and the log says why', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const rights = ['on', '>secret', '~*', '&*', '+@all']
  await redis.cli('ACL', 'SETUSER', 'chooses', ...rights)
  await redis.cli('ACL', 'SETUSER', 'may-not', ...rights, '-select')
  const { store } = await open(t, `redis://chooses:secret@127.0.0.1:${redis.port}/3`)
  await store.set('name', 'value', 60_000)
  t.equal(await redis.cli('-n', '3', 'DBSIZE'), '1')
  const refusing = await open(t, `redis://may-not:secret@127.0.0.1:${redis.port}/3`)
  await t.rejects(refusing.store.set('name', 'value', 60_000), { name: 'StoreUnavailable', message: /NOPERM.*select/ })
  t.match(refusing.told, [/^lost .*NOPERM.*select/])
  t.equal(await redis.cli('DBSIZE'), '0', 'nothing came into the first')
})
