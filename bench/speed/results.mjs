// The file that keeps what was measured: each case with when, on what and how it was.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

const VERSION = 1

export function readResults (file) {
  const known = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
  return known?.version === VERSION ? known : { version: VERSION, cases: {}, targets: [] }
}

/** Puts a case in the place of what was known of it. */
export function merge (results, { name, what, columns }, result, { settings, versions }) {
  const { rounds, burst, warm, quick, only, nodes } = settings
  const conditions = { date: new Date().toISOString(), ...versions, settings: { rounds, burst, warm, quick, only, nodes: nodes.map(({ version }) => version) } }
  return { ...results, cases: { ...results.cases, [name]: { name, what, columns, ...conditions, ...result } } }
}

export function writeResults (file, results) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(results, shortened, 1)}\n`)
}

/** More digits than anybody could measure are left out. */
function shortened (_key, value) {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value
}
