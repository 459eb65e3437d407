// What a soak has found, as JSON, and as the table of docs/reliability.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { mb } from './rules.mjs'

const page = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url))

export function resultOf ({ settings, failures, before, rests, samples, pings, counted, faults, requests, refreshed, said, rules, cpu, lags }) {
  const latencies = new Map(counted?.latencies)
  return {
    settings,
    machine: { node: process.versions.node, cores: availableParallelism(), processor: cpus()[0].model.trim() },
    failures, rules, requests, refreshed, faults, before, rests,
    heldUp: { most: lags.most, excused: lags.excused },
    cpuSeconds: Math.round(cpu / 1000),
    peak: { resident: Math.max(0, ...samples.map(({ resident }) => resident)), files: Math.max(0, ...samples.map(({ files }) => files)) },
    ping: { p50: quantile(pings, 0.5), p99: quantile(pings, 0.99), most: Math.max(0, ...pings) },
    kinds: Object.fromEntries((counted?.counts ?? []).sort().map(([kind, count]) => [kind, { count, ...latencies.has(kind) && { p50: inSteps(latencies.get(kind), 0.5), p99: inSteps(latencies.get(kind), 0.99) } }])),
    said: Object.fromEntries([...said].sort()),
    samples
  }
}

function quantile (numbers, share) {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length * share)] ?? 0
}

function inSteps (steps, share) {
  const sorted = steps.toSorted(([one], [other]) => one - other)
  let left = sorted.reduce((sum, [, count]) => sum + count, 0) * share
  const [step] = sorted.find(([, count]) => (left -= count) <= 0) ?? sorted.at(-1)
  return Math.exp(step / 20)
}

const inMs = number => `${number < 10 ? number.toFixed(1) : Math.round(number)} ms`
const table = ([head, ...rows]) => [head, head.map((_cell, index) => index === 0 ? '---' : '--:'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')

/** As Markdown. */
export function textOf ({ settings: { seconds, people, workers, store, seed }, machine, failures, kinds, requests, refreshed, faults, before, rests, peak, ping, heldUp, cpuSeconds, rules }) {
  const answers = Object.values(kinds).reduce((sum, { count }) => sum + count, 0)
  const totals = [
    ['', ''],
    ['answers and words that were looked at', answers], ['that were another’s, or not what they should be', failures.length],
    ['requests that reached the app', requests], ['requests for tokens', refreshed],
    ...rests.map(({ held, at }) => [`held after ${Math.round(at / 1000)} s, when nobody is there`, mb(held)]),
    ['memory at most, by the system', mb(peak.resident)], ['descriptors at most', peak.files],
    ['descriptors at the start, and when everybody has left', `${sum(before.files)}, ${rests.map(({ files }) => sum(files)).join(', ')}`],
    ['/ping, half and 99 % of them within', `${inMs(ping.p50)}, ${inMs(ping.p99)}`], ['processor time', `${cpuSeconds} s`],
    ['the machine held app and provider up for at most', `${inMs(heldUp.most)}${heldUp.excused > 0 ? `, by which ${heldUp.excused} answers came too late` : ''}`]
  ]
  const head = `${people} people for ${seconds} s, sessions in ${{ cookie: 'their cookies', memory: 'the memory of the gate', redis: 'a Redis' }[store]}, ${workers === 1 ? 'one process' : `${workers} workers`}: Node ${machine.node}, ${machine.cores} cores (${machine.processor}), seed ${seed}.`
  return [head, table(totals),
    table([['what people did', 'times', 'half within', '99 % within'], ...Object.entries(kinds).map(([kind, { count, p50, p99 }]) => [kind, count, p50 === undefined ? '' : inMs(p50), p99 === undefined ? '' : inMs(p99)])]),
    `What went wrong meanwhile: ${Object.entries(faults).map(([fault, count]) => `${fault} (${count})`).join(', ')}.`,
    ...rules.length === 0 ? [] : [table([['rule', 'holds', 'figures'], ...rules.map(({ name, holds, figures }) => [name, holds ? 'yes' : 'NO', figures])])]
  ].join('\n\n')
}

function sum (files) {
  return Object.values(files).reduce((total, count) => total + count, 0)
}

/** Into the page, in place of what an earlier run of the same kind has left. */
export function writeTable (result) {
  const { settings: { store, workers } } = result
  const [begin, end] = [`<!-- soak ${store} ${workers} -->`, `<!-- end of soak ${store} ${workers} -->`]
  const text = readFileSync(page, 'utf8')
  if (!text.includes(begin)) throw new Error(`docs/reliability.md has no place for sessions in ${store} with ${workers} workers`)
  const [before, after] = [text.slice(0, text.indexOf(begin) + begin.length), text.slice(text.indexOf(end))]
  writeFileSync(page, `${before}\n${textOf(result)}\n${after}`)
}
