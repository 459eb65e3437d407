// node scripts/bench-table.mjs [--check] [--json=FILE]: puts what npm run bench measured where README.md and docs/performance.md have room for it, between
// <!-- bench NAME --> and <!-- /bench -->, and draws docs/performance-growth.svg. NAME is a case, `NAME ratios`, `targets`, `overview` or `versions`.
// With --check nothing is written: what is not current is told, and ends with 1.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { panelsOf, plotOf } from '../bench/speed/growth-plot.mjs'
import { caseTable, conditions, overview, ratioTable, remarks, targetTable, versionTable } from '../bench/speed/tables.mjs'
import { parseFlags } from './flags.mjs'

const root = new URL('../', import.meta.url)
const place = /(<!-- bench ([^>]+?) -->\n)[\s\S]*?(<!-- \/bench -->)/g

const { check = false, json } = parseFlags({ check: { type: 'boolean' }, json: { type: 'string', default: fileURLToPath(new URL('bench/results/speed.json', root)), is: 'a file that is there', fits: existsSync } })
const results = JSON.parse(readFileSync(json, 'utf8'))
const { growth } = results.cases
for (const page of ['README.md', 'docs/performance.md']) put(page, text => text.replace(place, (_whole, begin, name, end) => `${begin}\n${render(name)}\n\n${end}`))
if (growth !== undefined) put('docs/performance-growth.svg', () => plotOf(panelsOf(growth)))

/** @param make the file of what is in it now */
function put (path, make) {
  const file = new URL(path, root)
  const now = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const made = make(now)
  if (made === now) return
  console.error(check ? `${path} does not have the figures of the last run: node scripts/bench-table.mjs` : `${path} is written`)
  if (check) process.exitCode = 1
  else writeFileSync(file, made)
}

function render (name) {
  if (name === 'targets') return targetTable(results.targets)
  if (name === 'versions') return versionTable(results)
  if (name === 'overview') return measured(results.cases['1k'], overview)
  const [, id, isRatios] = /^(\S+)( ratios)?$/.exec(name) ?? [undefined, name]
  return measured(results.cases[id], isRatios ? ratioTable : result => [conditions(result), caseTable(result), ...remarks(result)].join('\n\n'))
}

function measured (result, table) {
  return result === undefined ? 'Not measured yet.' : table(result)
}
