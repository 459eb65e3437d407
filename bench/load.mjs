// What a request costs: processor time of the gate's own processes, while wrk asks as fast as it is answered.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { cookiesOf as cookiesIn } from '../build/test/fixtures/visitor.js'
import { openStore, peopleLike } from './people.mjs'
import { median, signIn, table } from './world.mjs'

const PEOPLE = 200
const ROUNDS = 3
/** Requests after which everything is compiled that will be, and those that are measured. */
const WARM = 6_000
const MEASURED = 5_000

const ways = [
  ['one process, sessions in cookies', {}],
  ['the same without a line in the log for each request', { log_level: 'warn' }],
  ['one process, `--session-store=memory`', { session_store: 'memory' }],
  ['one process, `--revocation-store=redis://…`', { revocation_store: true }],
  ['one process, `--session-store=redis://…`', { session_store: true }],
  ['two workers, sessions in cookies', {}, 2],
  ['two workers, `--session-store=redis://…`', { session_store: true }, 2]
]

export async function measureLoad (world) {
  const provider = await world.provider()
  const rows = []
  for (const [what, settings, workers = 1] of ways) {
    const redis = Object.values(settings).includes(true) ? await world.redis() : undefined
    const [gate] = await world.gates(provider, Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, value === true ? redis.url : value])), { workers })
    const store = settings.session_store === true ? await openStore(redis) : undefined
    const script = writeScript(world, await cookiesOf(gate, settings, store))
    await run(gate, script, WARM)
    const rounds = []
    for (let round = 0; round < ROUNDS; round++) rounds.push(await measure(gate, script))
    rows.push([what, median(rounds.map(({ cpu }) => cpu)).toFixed(0), Math.round(1e6 / median(rounds.map(({ cpu }) => cpu)))])
    console.error(what, rounds.map(({ cpu, requests }) => `${cpu.toFixed(0)} (${requests})`).join(' '))
    await store?.close()
    await gate.stop()
  }
  table(`Processor time, ${PEOPLE} people, median of ${ROUNDS}`, ['', 'ms for 1,000 requests', 'requests a second that one core can do'], rows)
}

/** The memory of a gate cannot be filled from here: one person then asks for all. */
async function cookiesOf (gate, settings, store) {
  const visitor = await signIn(gate)
  if (settings.session_store === 'memory') return [cookiesIn(visitor)]
  return await (await peopleLike(visitor, store)).begin(PEOPLE)
}

function writeScript ({ folder }, cookies) {
  const file = join(folder, 'ask.lua')
  writeFileSync(file, `local cookies = {${cookies.map(cookie => `'${cookie}'`).join(',')}}\nlocal last = 0\nfunction request()\n  last = last % #cookies + 1\n  return wrk.format('GET', '/page', { Cookie = cookies[last] })\nend\n`)
  return file
}

async function measure (gate, script) {
  const before = gate.cpu()
  const requests = await run(gate, script, MEASURED)
  return { requests, cpu: (gate.cpu() - before) / requests * 1000 }
}

/** @returns how many requests there were: so many at least */
async function run (gate, script, least) {
  let count = 0
  while (count < least) count += await runOnce(gate, script)
  return count
}

async function runOnce ({ origin }, script) {
  const child = spawn('wrk', ['-t1', '-c16', '-d1s', '-s', script, origin], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const said = await text(child.stdout)
  await ended
  if (/Non-2xx|Socket errors/.test(said)) throw new Error(said)
  return Number(/(\d+) requests in/.exec(said)[1])
}
