// What asks: wrk as fast as it is answered, h2load at a pace. Both on the core of the load, and both tell as
//   { count, seconds, p50, p99 } — count in what a figure is for, requests or MiB; latencies in milliseconds
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LOAD_CORE, pinned, run } from './machine.mjs'

const script = fileURLToPath(new URL('ask.lua', import.meta.url))
const MIB = 1024 * 1024
/** Of the requests: Apache closes a connection now and then, which is told with the burst. */
const FAILED = 0.01

/**
 * @param perMiB whether what counts is the bytes
 * @returns asks one of those compared; it may have `cookies` ({ file, count }), of which each request takes the next, beginning where the last burst ended
 */
export function wrk ({ path, connections, perMiB = false }) {
  return async (entrant, seconds) => {
    const { origin, cookie, cookies, refuses = false } = entrant
    const said = await run(...pinned(LOAD_CORE, 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script,
      ...cookie === undefined ? [] : ['-H', `Cookie: ${cookie}`], origin + path, ...cookies === undefined ? [] : ['--', cookies.file, String(cookies.at ?? 0)]))
    const told = JSON.parse(/TOLD (.*)/.exec(said)[1])
    if (cookies !== undefined) cookies.at = ((cookies.at ?? 0) + told.requests + connections) % cookies.count // as many may be on their way
    if (told.failed > told.requests * FAILED || (told.refused > 0 && !refuses)) throw new Error(`${entrant.id}: ${told.failed} failed and ${told.refused} refused of ${told.requests}`)
    return { count: perMiB ? told.bytes / MIB : told.requests, seconds: told.microseconds / 1e6, p50: told.p50 / 1000, p99: told.p99 / 1000, ...told.failed > 0 && { failed: told.failed } }
  }
}

/** @param rate requests a second, of all clients together */
export function h2load ({ lab, path, clients, rate }) {
  const file = join(lab.folder, 'h2load.tsv')
  return async ({ id, origin, cookie }, seconds) => {
    rmSync(file, { force: true }) // or it appends
    await run(...pinned(LOAD_CORE, 'h2load', '--h1', '-t1', `-c${clients}`, `-D${seconds}`, `--rps=${rate / clients}`, `--log-file=${file}`, ...cookie === undefined ? [] : ['-H', `cookie: ${cookie}`], origin + path))
    const lines = readFileSync(file, 'utf8').trim().split('\n').map(line => line.split('\t').map(Number))
    const bad = lines.filter(([, status]) => status !== 200).length
    if (bad > 0) throw new Error(`${id}: ${bad} of ${lines.length} were not answered with 200`)
    const times = lines.map(([, , microseconds]) => microseconds / 1000).sort((one, other) => one - other)
    const percentile = part => times[Math.min(times.length - 1, Math.ceil(times.length * part) - 1)]
    return { count: lines.length, seconds, p50: percentile(0.5), p99: percentile(0.99) }
  }
}
