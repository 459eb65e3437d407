// The gate against itself: what a request costs by how many sessions, rules and open websockets there are, and by how large a session is.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { peopleLike, tokensOf } from '../../people.mjs'
import { compare, ratio } from '../compare.mjs'
import { panels } from '../growth-panels.mjs'
import { wrk } from '../load.mjs'
import { cpuOf } from '../machine.mjs'
import { startGate } from '../peers/gate.mjs'
import { startNginx } from '../peers/nginx.mjs'
import { startEnds } from '../sockets/ends.mjs'
import { startUpstream } from '../upstream.mjs'

/** Everybody is to have been there before anything counts, where the gate's cache has room for them. */
const WARM = 20_000
const IDLE = 3000 // milliseconds
/** Bytes of a session with tokens that are empty, beyond one that has none. */
const TOKENS = 75
/** Bytes of a Fernet token that are not what is sealed. */
const SEAL = 57

export const name = 'growth'
export const what = 'the gate against itself, 1 KiB, 64 connections: sessions, rules, open websockets, the size of a session'
export const columns = [['cpu', 'CPU µs/request', 1], ['ratio', 'of the first', 2], ['rate', 'requests/s', 0], ['p99', 'p99 ms', 1]]

export async function run ({ lab, settings, say }) {
  const [node] = settings.nodes
  const upstream = await startUpstream(lab)
  const ends = await startEnds(lab)
  const nginx = await startNginx(lab, { upstream })
  const outcome = { rows: [], figures: [], notes: [`on Node ${node.version}`], isVoid: false }
  for (const { panel, heading, unit, points } of panels()) {
    say(`${heading}:`)
    const gates = []
    for (const point of points) gates.push(await startPoint(lab, { node, upstream, ends, panel, point }))
    const { rows, notes, isVoid, how } = await compare([nginx, ...gates.map(gate => ({ ...gate, cookie: undefined }))], { settings, say, ask: wrk({ path: '/1k', connections: 64 }), count: Math.max(settings.warm, WARM) })
    const idle = await Promise.all(gates.map(idleOf))
    const [yardstick, ...own] = rows
    for (const [index, row] of own.entries()) {
      const { at, series, title } = points[index]
      const { cookieLength, stop } = gates[index]
      const figure = ratio(row, own[0], 'cpu', `${panel}-${series === undefined ? '' : `${series}-`}${at}/${points[0].at}`)
      if (index > 0) outcome.figures.push(figure)
      outcome.rows.push({ ...row, title: `${heading}: ${title}`, panel, heading, unit, series, at, cookieLength, idle: idle[index], values: { ...row.values, ratio: figure } })
      await stop()
    }
    outcome.notes.push(...notes.map(note => `${heading}: ${note}`), `${heading}: nginx ${yardstick.values.cpu.value.toFixed(1)} µs; cookies have ${points.map(({ title }, index) => `${gates[index].cookieLength} (${title})`).join(', ')} characters; while nobody asks, the gate takes ${idle.map(taken => taken.toFixed(1)).join(', ')} ms of a second`)
    outcome.isVoid ||= isVoid
    outcome.how = how
  }
  return outcome
}

async function startPoint (lab, { node, upstream, ends: { app, client, upstream: sockets }, panel, point }) {
  const { people = 1, rules, open, bytes, title } = point
  const more = { cookie_name: 'site', ...rules !== undefined && { rules }, ...open !== undefined && { upstream: [upstream.origin, `/ws=${sockets.origin}`] } }
  const gate = await startGate(lab, { upstream, node, name: `${panel}-${title}`.replaceAll(/\W+/g, '-'), title, more })
  const crowd = await peopleLike(await lab.visit(gate.origin))
  const [plain] = await crowd.begin(1)
  const headers = await crowd.begin(people, { tokens: bytes !== undefined && tokensOf(0, Math.max(0, bytes - bytesIn(plain) - TOKENS), 0) })
  const file = join(lab.folderOf(gate.id), 'cookies')
  writeFileSync(file, `${headers.join('\n')}\n`)
  if (open > 0) {
    await client.ask('open', { name: gate.id, count: open, port: gate.port, path: '/ws', cookie: headers[0] })
    if (await app.ask('open') < open) throw new Error(`${open} websockets are not open`)
  }
  return { ...gate, cookies: { file, count: headers.length }, cookieLength: headers[0].length }
}

/** Milliseconds of a second that a process takes while nobody asks anything of it. */
async function idleOf ({ pids }) {
  await sleep(IDLE / 3)
  const before = cpuOf(pids)
  await sleep(IDLE)
  return (cpuOf(pids) - before) / IDLE * 1000
}

/** How large the session in a header is, before it is sealed. */
function bytesIn (header) {
  return (header.length - header.indexOf('=') - 1) * 3 / 4 - SEAL
}
