// node scripts/bench-plot.mjs [--check] [--json=FILE]: draws what `npm run bench -- growth` measured, as docs/performance-growth.svg. With --check nothing is written, and it ends with 1 where the picture is another.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { panelsOf, plotOf } from '../bench/speed/growth-plot.mjs'
import { parseFlags } from './flags.mjs'

const at = path => fileURLToPath(new URL(`../${path}`, import.meta.url))
const picture = at('docs/performance-growth.svg')
const values = parseFlags({ check: { type: 'boolean' }, json: { type: 'string', default: at('bench/results/speed.json') } })
const growth = JSON.parse(readFileSync(values.json, 'utf8')).cases.growth
if (growth === undefined) throw new Error(`${values.json} has no case growth: npm run bench -- growth`)

const drawn = plotOf(panelsOf(growth))
const isCurrent = existsSync(picture) && readFileSync(picture, 'utf8') === drawn
if (!isCurrent && !values.check) writeFileSync(picture, drawn)
if (!isCurrent) console.error(values.check ? 'docs/performance-growth.svg is not of the last run: node scripts/bench-plot.mjs' : 'docs/performance-growth.svg is drawn')
if (!isCurrent && values.check) process.exitCode = 1
