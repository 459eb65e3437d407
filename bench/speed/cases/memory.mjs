// What the system gives to a process (resident memory), and how much more where somebody is slow, deaf, or merely there.
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { wrk } from '../load.mjs'
import { peakOf, residentOf, tree } from '../machine.mjs'
import { startGate } from '../peers/gate.mjs'
import { descriptors, mostIdle, startEnds, startWebsocketProxy } from '../sockets/ends.mjs'
import { median } from '../summary.mjs'

const [KIB, MIB] = [1024, 1024 * 1024]
/** Of readers: how many, and bytes a second that each takes; of one who never reads, what is said to them. */
const [READERS, RATE, FLOOD] = [64, 512 * KIB, 200 * MIB]
/** Websockets that are there before anything counts. */
const FIRST = 100
/** Milliseconds until what was under way has come to rest. */
const SETTLES = 2000

const ask = wrk({ path: '/1k', connections: 64 })

export const name = 'memory'
export const what = 'resident memory: under load, of each slow reader, of a websocket client that never reads, of each idle websocket'
export const columns = [
  ['started', 'just started, MiB', 0], ['load', '64 connections: the most, MiB', 0], ['usual', 'usually', 0],
  ['reader', 'each of 64 slow readers, MiB', 2], ['deaf', 'who never reads, MiB', 1], ['taken', 'taken from the app meanwhile, MiB', 1], ['idle', 'each idle websocket, KiB', 1]
]

export async function run ({ settings, lab, say }) {
  const ends = await startEnds(lab)
  const idle = settings.quick ? 1000 : mostIdle()
  const rows = []
  for (const node of settings.nodes) {
    for (const [peer, start, parts, more] of [
      ['gate', startGate, { load, reader, deaf, idle: idlers }],
      ['gate-plain', startGate, { load, idle: idlers }, { env: {}, title: 'oauth-gate, Node as it comes' }],
      ['http-proxy', startWebsocketProxy, { deaf, idle: idlers }]
    ]) {
      const row = { id: `${peer}@${node.major}`, node: node.major, values: {} }
      rows.push(row)
      // A process for each, or one would be measured by what another has left.
      for (const [part, measure] of Object.entries(parts)) {
        const one = await start(lab, { upstream: ends.upstream, node, name: `${peer}-${part}`, ...more })
        row.title = one.title
        Object.assign(row.values, await measure(one, { ...ends, settings, idle }))
        await one.stop()
        say(`${one.title}, ${part}: ${Object.entries(row.values).map(([key, { value }]) => `${key} ${value.toFixed(2)}`).join(', ')}`)
      }
    }
  }
  const figures = rows.filter(({ id }) => id.startsWith('gate@')).flatMap(({ node, values }) => ['load', 'reader', 'deaf', 'idle'].map(id => ({ id, node, ...values[id] })))
  const how = `load for ${settings.rounds * settings.burst} s after ${settings.warm.toLocaleString('en')} requests`
  return { rows, figures, how, notes: [`${idle} idle websockets${idle < 10_000 ? `, of which each takes two descriptors of ${descriptors()} that a process may have here` : ''}; each slow reader takes ${RATE / KIB} KiB a second.`] }
}

async function warm (gate, least) {
  for (let asked = 0; asked < least;) asked += (await ask(gate, 1)).count
}

/** The most while 64 connections ask as fast as they are answered, and what it is usually. */
async function load (gate, { settings }) {
  const started = residentOf(gate.pids)
  await warm(gate, settings.warm)
  const samples = []
  const timer = setInterval(() => samples.push(residentOf(gate.pids)), 100)
  await ask(gate, settings.rounds * settings.burst)
  clearInterval(timer)
  return { started: { value: started / MIB }, load: { value: peakOf(gate.pids) / MIB }, usual: { value: median(samples) / MIB } }
}

async function reader (gate, { client }) {
  await warm(gate, 1000)
  const grown = await most(gate, async () => {
    const whole = await client.ask('slow', { count: READERS, port: gate.port, path: '/10m', cookie: gate.cookie, rate: RATE }).catch(error => { throw new Error(`${error.message}\nThe gate has said:\n${complaintsOf(gate)}`) })
    if (whole !== READERS) throw new Error(`${READERS - whole} readers have not got everything`)
  })
  return { reader: { value: grown / READERS / MIB } }
}

/** What is worse than a line of a request, in its log. */
function complaintsOf ({ logs }) {
  return logs.flatMap(file => readFileSync(file, 'utf8').split('\n')).filter(line => /"level":"(?:warn|error|fatal)"/.test(line)).slice(-5).join('\n')
}

async function deaf (one, { app, client }) {
  const where = { name: one.id, count: 1, port: one.port, cookie: one.cookie }
  await client.ask('open', { ...where, path: '/ws' })
  await client.ask('verify', { name: one.id, size: 65_536 })
  let taken = 0
  const grown = await most(one, async () => {
    await client.ask('open', { ...where, path: `/flood=${FLOOD}`, reads: false })
    for (let before = -1; taken > before || taken === 0;) {
      await sleep(SETTLES)
      before = taken
      taken = await app.ask('flooded')
    }
  })
  await client.ask('close', { name: one.id })
  return { deaf: { value: grown / MIB }, taken: { value: taken / MIB } }
}

async function idlers (one, { client, idle }) {
  const where = { name: one.id, port: one.port, path: '/ws', cookie: one.cookie }
  await client.ask('open', { ...where, count: FIRST })
  await sleep(SETTLES)
  const before = residentOf(one.pids)
  await client.ask('open', { ...where, count: idle - FIRST })
  await sleep(SETTLES)
  if (await client.ask('alive', { name: one.id }) !== idle) throw new Error(`${one.title} has closed websockets`)
  const grown = residentOf(one.pids) - before
  await client.ask('close', { name: one.id })
  return { idle: { value: grown / (idle - FIRST) / KIB } }
}

/** How much more there was at any time of something than before. */
async function most ({ pids }, deed) {
  await sleep(SETTLES)
  // From here on the system remembers the most anew (proc(5), clear_refs).
  for (const pid of pids.flatMap(tree)) writeFileSync(`/proc/${pid}/clear_refs`, '5')
  const before = residentOf(pids)
  await deed()
  return peakOf(pids) - before
}
