// node scripts/bench-table.mjs [--check] [--json=FILE]: puts what npm run bench measured where README.md and docs/performance.md have room for it, between
// <!-- bench NAME --> and <!-- /bench -->. NAME is a case, `NAME ratios`, `targets`, `overview` or `versions`. With --check nothing is written: what is not current is told, and ends with 1.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { caseTable, conditions, overview, ratioTable, remarks, targetTable, versionTable } from '../bench/speed/tables.mjs'
import { parseFlags } from './flags.mjs'

const root = new URL('../', import.meta.url)
const pages = ['README.md', 'docs/performance.md']
const place = /(<!-- bench ([^>]+?) -->\n)[\s\S]*?(<!-- \/bench -->)/g

/** @returns the page with the tables of these results */
export function fill (page, results) {
  return page.replace(place, (_whole, begin, name, end) => `${begin}\n${render(name, results)}\n\n${end}`)
}

function render (name, results) {
  if (name === 'targets') return targetTable(results.targets)
  if (name === 'versions') return versionTable(results)
  if (name === 'overview') return measured(results.cases['1k'], overview)
  const [, id, isRatios] = /^(\S+)( ratios)?$/.exec(name) ?? [undefined, name]
  return measured(results.cases[id], isRatios ? ratioTable : result => [conditions(result), caseTable(result), ...remarks(result)].join('\n\n'))
}

function measured (result, table) {
  return result === undefined ? 'Not measured yet.' : table(result)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const values = parseFlags({ check: { type: 'boolean' }, json: { type: 'string', default: fileURLToPath(new URL('bench/results/speed.json', root)) } })
  const results = existsSync(values.json) ? JSON.parse(readFileSync(values.json, 'utf8')) : { cases: {}, targets: [] }
  for (const path of pages) {
    const page = readFileSync(new URL(path, root), 'utf8')
    const filled = fill(page, results)
    if (filled === page) continue
    if (!values.check) writeFileSync(new URL(path, root), filled)
    console.error(values.check ? `${path} does not have the figures of the last run: node scripts/bench-table.mjs` : `${path} is written`)
    if (values.check) process.exitCode = 1
  }
}
