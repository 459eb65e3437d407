// Bytes: of sessions and sign-outs in a Redis and in a process, and of what is open.
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { WebSocket } from 'ws'
import { outside } from '../build/src/outside.js'
import { createRevocations } from '../build/src/session/revocations.js'
import { openStore, peopleLike } from './people.mjs'
import { signIn, table } from './world.mjs'

const SOME = [1_000, 10_000]
const AT_ONCE = 16
const SOCKETS = 1_000
/** In the cache of a process, which has room for 20,000. */
const SESSIONS = 2_500

async function usedBy (redis) {
  return Number(/used_memory:(\d+)/.exec(await redis.cli('INFO', 'memory'))[1])
}

/** Of sessions in a Redis, by how much it grows, keys with all. */
export async function measureRedisRoom (world) {
  const redis = await world.redis()
  const [gate] = await world.gates(await world.provider(), { session_store: redis.url })
  const store = await openStore(redis)
  const people = await peopleLike(await signIn(gate), store)
  await gate.stop()
  const rows = []
  for (const [what, tokens] of [['a session without tokens', false], ['a session with 3.4 KB of tokens', true]]) rows.push([what, ...await grow(redis, async count => { await people.begin(count, { tokens }) })])
  const revocations = createRevocations({ outside, lifetime: 86_400_000, store, set: `${people.gate}:revoked`, room: 200_000 })
  const taken = []
  rows.push(['a sign-out', ...await grow(redis, async count => {
    for (let index = 0; index < count; index++) await revocations.revoke(people.sessionOf(index))
    const start = performance.now()
    await createRevocations({ outside, lifetime: 86_400_000, store, set: `${people.gate}:revoked`, room: 200_000 }).recall().catch(() => {}) // it has read them, and would listen
    taken.push(Math.round(performance.now() - start))
  })])
  await store.close()
  table('Bytes in the Redis, each', ['', ...SOME.map(count => `of ${count}`)], rows)
  console.log(`\nA gate that starts reads ${SOME.join(', ')} sign-outs in ${taken.join(', ')} ms.`)
}

async function grow (redis, fill) {
  const grown = []
  for (const count of SOME) {
    await redis.cli('FLUSHALL')
    const before = await usedBy(redis)
    await fill(count)
    grown.push(Math.round((await usedBy(redis) - before) / count))
  }
  return grown
}

export async function measureRevocations () {
  const people = { id: () => outside.random(16).toString('base64url') }
  const rows = []
  for (const count of [10_000, 100_000]) {
    globalThis.gc()
    const before = process.memoryUsage().heapUsed
    const revocations = createRevocations({ outside, lifetime: 86_400_000, store: undefined, room: 200_000 })
    for (let index = 0; index < count; index++) await revocations.revoke({ id: people.id(), identity: { provider: 'oidc', subject: `person-${index}` }, startedAt: Date.now(), expiresAt: Date.now() + 86_400_000 })
    globalThis.gc()
    rows.push([`of ${count}`, Math.round((process.memoryUsage().heapUsed - before) / count)])
    if (revocations.generation !== count) throw new Error('some were not taken')
  }
  table('Bytes of a sign-out in a process', ['', 'each'], rows)
}

/** Of a process: as it starts, for each session that it has opened, for each websocket that is open. */
export async function measureGateRoom (world) {
  const provider = await world.provider()
  const rows = []
  const empty = async (what, settings, workers) => {
    const [gate] = await world.gates(provider, settings, { workers })
    await ask(gate, [''])
    const rss = gate.resident()
    rows.push([what, `${Math.round(rss / 1e6)} MB`, ''])
    await gate.stop()
  }
  await empty('one process, just started', {}, 1)
  await empty('two workers and the process that sees to them, just started', {}, 2)
  for (const [what, settings, tokens] of [
    ['a session in its cache, from a cookie', {}, false],
    ['a session in its cache, from a Redis', { session_store: true }, false],
    ['the same, with the access token for the app', { session_store: true, pass_access_token: true }, true]
  ]) {
    const redis = settings.session_store === true ? await world.redis() : undefined
    const [gate] = await world.gates(provider, { ...settings, ...redis !== undefined && { session_store: redis.url } })
    const store = redis === undefined ? undefined : await openStore(redis)
    const people = await peopleLike(await signIn(gate), store)
    const cookies = await people.begin(SESSIONS, { tokens })
    await ask(gate, cookies.slice(0, 500))
    const before = await gate.memory()
    await ask(gate, cookies.slice(500))
    rows.push([what, ...each(before, await gate.memory(), cookies.length - 500)])
    await store?.close()
    await gate.stop()
  }
  rows.push(['an open websocket', ...await ofSockets(world, provider)])
  table('Memory of a gate', ['', 'by the system', 'held after clearing up'], rows)
}

async function ofSockets (world, provider) {
  const [gate] = await world.gates(provider, {})
  const [cookie] = await (await peopleLike(await signIn(gate))).begin(1)
  const open = async count => {
    const opened = Array.from({ length: count }, () => new WebSocket(`${gate.origin.replace('http', 'ws')}/ws`, { perMessageDeflate: false, headers: { cookie, origin: gate.origin } }))
    await Promise.all(opened.map(socket => once(socket, 'open')))
    return opened
  }
  const first = await open(50)
  const before = await gate.memory()
  const sockets = []
  for (let count = 0; count < SOCKETS / 50; count++) sockets.push(...await open(50))
  const after = await gate.memory()
  for (const socket of [...first, ...sockets]) socket.terminate()
  await gate.stop()
  return each(before, after, SOCKETS)
}

function each (before, after, count) {
  return ['rss', 'held'].map(kind => `${((after[kind] - before[kind]) / count / 1000).toFixed(1)} KB`)
}

/** Each cookie once. */
async function ask ({ origin }, cookies) {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  const left = [...cookies]
  const one = async () => {
    for (let cookie = left.pop(); cookie !== undefined; cookie = left.pop()) {
      const [answer] = await once(get(`${origin}/page`, { agent, headers: { cookie } }), 'response')
      if (answer.statusCode !== (cookie === '' ? 401 : 200)) throw new Error(`a request was answered ${answer.statusCode}`)
      await once(answer.resume(), 'end')
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
  agent.destroy()
}
