// npm run bench: what a request costs the gate, and what it costs others that do the same at the same time. docs/performance.md has the figures and how they came about.
import { spawnSync } from 'node:child_process'
import { casesNamed } from './speed/cases/index.mjs'
import { openLab } from './speed/lab.mjs'
import { LOAD_CORE, pins } from './speed/machine.mjs'
import { merge, readResults, writeResults } from './speed/results.mjs'
import { readSettings } from './speed/settings.mjs'
import { judge } from './speed/targets.mjs'
import { printCase, printTargets } from './speed/tables.mjs'
import { versionsOf } from './speed/versions.mjs'

const say = line => { console.error(line) }
const settings = readSettings(process.argv.slice(2))
const cases = casesNamed(settings.cases)
// What this process starts is kept where it is itself, but for what is measured.
if (pins) spawnSync('taskset', ['-cp', String(LOAD_CORE), String(process.pid)])
else say('No process can be kept to a core here: load and proxies disturb each other.')
const versions = versionsOf(settings)
for (const needed of ['wrk', 'nginx']) if (versions.versions[needed] === undefined) throw new Error(`${needed} is not installed, and nothing can be measured without it`)
let results = readResults(settings.json)
for (const one of cases) {
  say(`\n${one.name}: ${one.what}`)
  const lab = await openLab({ settings, say })
  try {
    const result = await one.run({ settings, lab, say })
    results = merge(results, one, result, { settings, versions })
    results.targets = judge(results)
    writeResults(settings.json, results)
    printCase(results.cases[one.name])
  } finally {
    await lab.close()
  }
}
printTargets(results.targets.filter(target => cases.some(({ name }) => name === target.case)))
say(`\nAll of it is in ${settings.json}.`)
