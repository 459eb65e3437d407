// From the start of a process to its first answer, and the processor time that takes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuOf, PROXY_CORE, pinned } from '../machine.mjs'
import { startHttpProxy } from '../peers/bare.mjs'
import { startGate } from '../peers/gate.mjs'
import { Missing } from '../peers/missing.mjs'
import { startNginx } from '../peers/nginx.mjs'
import { startOauth2Proxy } from '../peers/oauth2-proxy.mjs'
import { ofAll } from '../summary.mjs'
import { startUpstream } from '../upstream.mjs'

/** More where there are to be more rounds. */
const TIMES = 7
const PATIENCE = 60_000 // milliseconds
/** A Node that does nothing says itself what it has taken. */
const NOTHING = 'const { user, system } = process.cpuUsage(); console.log((user + system) / 1000)'

export const name = 'start'
export const what = 'from the start of the process to the first answer'
export const columns = [['listening', 'ms', 0], ['cpu', 'CPU ms until then', 0]]

export async function run ({ settings, lab, say }) {
  const upstream = await startUpstream(lab)
  const skipped = []
  const those = settings.nodes.map(({ path, major }) => ({ id: `nothing@${major}`, title: `node -e 0, Node ${major}`, measure: () => nothing(path) }))
  const starts = [...settings.nodes.flatMap(node => [startGate, startHttpProxy].map(start => [start, node])), [startOauth2Proxy], [startNginx]]
  for (const [start, node] of starts) {
    try {
      const { command, ...one } = await commandOf(lab, start, { upstream, node })
      those.push({ ...one, measure: () => untilAnswered(command) })
    } catch (error) {
      if (!(error instanceof Missing)) throw error
      skipped.push({ title: error.title, why: error.message })
    }
  }
  const found = new Map(those.map(({ id }) => [id, []]))
  const times = Math.max(TIMES, settings.rounds)
  for (let time = 0; time < times; time++) {
    for (const { id, measure } of those) found.get(id).push(await measure())
  }
  const rows = those.map(({ id, title }) => {
    const each = found.get(id)
    const values = { listening: ofAll(each.map(({ milliseconds }) => milliseconds)), cpu: ofAll(each.map(({ cpu }) => cpu)) }
    say(`${title}: ${values.listening.value.toFixed(0)} ms`)
    return { id, title, values, times: each }
  })
  const figures = settings.nodes.map(({ major }) => ({ id: 'listening', node: major, ...rows.find(({ id }) => id === `gate@${major}`).values.listening }))
  return { rows, figures, how: `${times} starts of each, in turn`, skipped, notes: ['The gate and oauth2-proxy have asked the provider for its addresses by then.'] }
}

/** How one of those compared is started, as it was when it was tried. */
async function commandOf (lab, start, options) {
  let [command, running] = []
  const watched = { ...lab, start: async (name, program, how) => {
    command = { program, ...how }
    running = await lab.start(name, program, how)
    return running
  } }
  const { id, title } = await start(watched, options)
  await running.stop()
  return { id, title, command }
}

async function untilAnswered ({ program, port, env, cwd }) {
  const [command, ...args] = pinned(PROXY_CORE, ...program)
  const began = performance.now()
  const child = spawn(command, args, { cwd, env: { PATH: process.env.PATH, ...env }, stdio: 'ignore' })
  const ended = once(child, 'exit')
  const stop = () => child.kill() // gently: what nginx has started ends with it only then
  process.once('exit', stop)
  try {
    while (!await isAnswered(port)) {
      if (child.exitCode !== null || performance.now() - began > PATIENCE) throw new Error(`${program.join(' ')} ${child.exitCode === null ? 'does not answer' : 'has ended'}`)
      await sleep(1)
    }
    return { milliseconds: performance.now() - began, cpu: cpuOf([child.pid]) }
  } finally {
    stop()
    process.off('exit', stop)
    await ended
  }
}

async function isAnswered (port) {
  try {
    const [answer] = await once(get({ host: '127.0.0.1', port, path: '/ping', agent: false }), 'response')
    answer.resume()
    return true
  } catch {
    return false // nobody listens yet
  }
}

async function nothing (path) {
  const [command, ...args] = pinned(PROXY_CORE, path, '-e', NOTHING)
  const began = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [[said]] = await Promise.all([once(child.stdout, 'data'), once(child, 'exit')])
  return { milliseconds: performance.now() - began, cpu: Number(said) }
}
