// Rounds of bursts: all that are compared run all the time, and take turns, forwards and backwards.
import { truncateSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { cpuOf, othersBusy } from './machine.mjs'
import { median, ofTheHigher, ofTheLower } from './summary.mjs'

/** Cores that others may use during a burst, how often one is repeated until they do not, and how far nginx may swing in a run that counts. */
const OTHERS = 0.25
const REPEATS = 4
const SWING = 1.3
/** Seconds after which somebody is warm who has not had so many requests. */
const WARM_AT_MOST = 120
const WARM_OTHERS = 2

/**
 * @param entrants each { id, title, pids, logs, warms, … } and what `ask` goes by
 * @param ask one burst (load.mjs)
 * @param count of warm-up, in what `warmBy` counts
 * @param of what that is, in a word
 * @returns a row for each, how it was done, and whether the run counts
 */
export async function compare (entrants, { settings, say, ask, warmBy = ask, count = settings.warm, of = 'requests', seconds = settings.burst }) {
  const warm = new Map()
  for (const entrant of entrants) warm.set(entrant.id, await warmUp(entrant, { ask: warmBy, count, say }))
  const bursts = new Map(entrants.map(({ id }) => [id, []]))
  for (let round = 1; round <= settings.rounds; round++) {
    for (const entrant of round % 2 === 1 ? entrants : entrants.toReversed()) bursts.get(entrant.id).push({ round, ...await undisturbed(entrant, { ask, seconds }) })
    say(`round ${round}: ${entrants.map(({ id }) => `${id} ${bursts.get(id).at(-1).cpu.toFixed(1)}${bursts.get(id).at(-1).disturbed ? ' (disturbed)' : ''}`).join(', ')}`)
  }
  const rows = entrants.map(({ id, peer, node, title }) => ({ id, peer, node, title, warm: warm.get(id), values: valuesOf(bursts.get(id)), bursts: bursts.get(id) }))
  return { rows, how: `${settings.rounds} rounds of ${seconds} s after ${count.toLocaleString('en')} ${of}`, ...steadiness(rows) }
}

/** @returns how much was asked */
async function warmUp (entrant, { ask, count, say }) {
  const began = performance.now()
  const past = () => (performance.now() - began) / 1000
  let asked = 0
  while (entrant.warms ? asked < count && past() < WARM_AT_MOST : past() < WARM_OTHERS) asked += (await ask(entrant, 1)).count
  forget(entrant)
  say(`${entrant.id}: warm after ${Math.round(asked)}, ${past().toFixed(0)} s`)
  return Math.round(asked)
}

/** The first burst without others, or the one with the least of them. */
async function undisturbed (entrant, options) {
  let best
  for (let tries = 1; tries <= REPEATS; tries++) {
    const burst = await measure(entrant, options)
    if (best === undefined || burst.others < best.others) best = burst
    if (burst.others <= OTHERS) return { ...burst, ...tries > 1 && { repeated: tries - 1 } }
  }
  return { ...best, repeated: REPEATS - 1, disturbed: true }
}

async function measure (entrant, { ask, seconds }) {
  const before = { at: performance.now(), others: othersBusy(), cpu: cpuOf(entrant.pids) }
  const { count, seconds: took, ...told } = await ask(entrant, seconds)
  const cpu = cpuOf(entrant.pids) - before.cpu
  const elapsed = performance.now() - before.at
  const others = Math.max(0, othersBusy() - before.others) / elapsed
  forget(entrant)
  if (count === 0) return { cpu: 0, rate: 0, p50: 0, p99: 0, core: 0, others: availableParallelism() } // nobody had any time for it
  return { cpu: cpu * 1000 / count, rate: count / took, ...told, core: cpu / elapsed, others }
}

/** What was logged is nothing that the disk should be busy with during the next burst. */
function forget ({ logs }) {
  for (const file of logs) truncateSync(file, 0)
}

/** Those that nobody disturbed, if there are any. */
export function sound (bursts) {
  const clean = bursts.filter(({ disturbed }) => disturbed !== true)
  return clean.length > 0 ? clean : bursts
}

function valuesOf (bursts) {
  const all = key => sound(bursts).map(burst => burst[key])
  return { cpu: ofTheLower(all('cpu')), rate: ofTheHigher(all('rate')), p50: ofTheLower(all('p50')), p99: ofTheLower(all('p99')) }
}

function steadiness (rows) {
  const disturbed = rows.reduce((sum, { bursts }) => sum + bursts.filter(({ disturbed }) => disturbed).length, 0)
  const nginx = rows.find(({ id }) => id === 'nginx')
  const swing = nginx && nginx.values.cpu.most / nginx.values.cpu.least
  const notes = disturbed > 0 ? [`${disturbed} bursts had more than ${OTHERS} cores of others beside them, however often they were repeated; the figures leave them out where there are others`] : []
  for (const { title, bursts } of rows) {
    const failed = bursts.reduce((sum, { failed = 0 }) => sum + failed, 0)
    if (failed > 0) notes.push(`${title}: ${failed} connections ended unasked`)
  }
  if (!(swing > SWING)) return { notes, isVoid: false, swing }
  return { notes: [...notes, `void: nginx itself swung ${swing.toFixed(2)} times between rounds, more than ${SWING}: the machine was not steady`], isVoid: true, swing }
}

/**
 * One through another, in each round, then the median of the rounds.
 *
 * @returns a figure as targets go by it
 */
export function ratio (one, other, key, id = `${key}/${other.peer}`) {
  const pairs = both => one.bursts.flatMap(burst => {
    const beside = other.bursts.find(({ round }) => round === burst.round)
    return both(burst, beside) ? [burst[key] / beside[key]] : []
  })
  const clean = pairs((burst, beside) => !burst.disturbed && !beside.disturbed)
  const each = clean.length > 0 ? clean : pairs(() => true)
  return { id, ...one.node !== undefined && { node: one.node }, value: median(each), least: Math.min(...each), most: Math.max(...each), each, ...clean.length === 0 && { disturbed: true } }
}

/** Each gate against every other proxy that is on the same Node or on none. */
export function ratios (rows, keys) {
  return rows.filter(({ peer }) => peer === 'gate').flatMap(gate => rows.filter(({ peer, node = gate.node }) => !['gate', 'direct'].includes(peer) && node === gate.node).flatMap(other => keys.map(key => ratio(gate, other, key))))
}
