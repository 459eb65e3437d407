// What the command line asks for.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const USAGE = `npm run bench -- [CASE…] [options]

  --node=PATH    a Node to measure on; may be given several times (default: the one that runs this)
  --only=NAMES   gate,bare,nginx…: those alone, while one works on something (bench/results/quick.json)
  --rounds=N     rounds of bursts (6)
  --burst=N      whole seconds of a burst (2)
  --warm=N       requests before anything counts, for whatever is compiled while it runs (80000)
  --json=FILE    where the results are kept; other cases stay as they are there (bench/results/speed.json)
  --quick        2 rounds of 1 second after 2000 requests: whether it works, not how fast it is (bench/results/quick.json)`

const QUICK = { rounds: 2, burst: 1, warm: 2000 }
const FULL = { rounds: 6, burst: 2, warm: 80_000 }

/** @returns {{ cases: string[], nodes: { path: string, version: string, major: number }[], rounds: number, burst: number, warm: number, quick: boolean, only?: string[], json: string }} */
export function readSettings (args) {
  const text = { type: 'string' }
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { node: { ...text, multiple: true }, rounds: text, burst: text, warm: text, json: text, only: text, quick: { type: 'boolean' }, help: { type: 'boolean' } } })
  if (values.help) {
    console.log(USAGE)
    process.exit(0)
  }
  const base = values.quick ? QUICK : FULL
  const number = name => {
    const value = Number(values[name] ?? base[name])
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is a whole number`)
    return value
  }
  return {
    cases: positionals, quick: values.quick === true, only: values.only?.split(','),
    nodes: (values.node ?? [process.execPath]).map(nodeAt),
    rounds: number('rounds'), burst: number('burst'), warm: number('warm'),
    json: values.json ?? fileURLToPath(new URL(`../results/${values.quick || values.only ? 'quick' : 'speed'}.json`, import.meta.url))
  }
}

function nodeAt (path) {
  const { error, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  if (error) throw new Error(`--node=${path} is not there`, { cause: error })
  const version = stdout.trim().slice(1)
  return { path, version, major: Number(version.split('.')[0]) }
}
