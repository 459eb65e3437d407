// npm run bench: what a request costs the gate, and what it costs others that do the same at the same time. docs/performance.md has the figures and how they came about.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { LOAD_CORE, pins } from './speed/machine.mjs'
import { merge, readResults, writeResults } from './speed/results.mjs'
import { readSettings } from './speed/settings.mjs'
import { printCase, printTargets } from './speed/tables.mjs'
import { judge } from './speed/targets.mjs'
import { versionsOf } from './speed/versions.mjs'

const say = line => { console.error(line) }
function giveUp (sentence) {
  say(sentence)
  process.exit(1)
}

const settings = readSettings()
if (process.platform !== 'linux') giveUp('What a process takes is read in /proc, which Linux has alone.')
const versions = versionsOf(settings)
for (const needed of ['wrk', 'nginx']) if (versions.versions[needed] === undefined) giveUp(`${needed} is not installed, and nothing can be measured without it.`)
const root = fileURLToPath(new URL('..', import.meta.url))
for (const script of ['types', 'build']) if (spawnSync('npm', ['run', '--silent', script], { cwd: root, stdio: 'inherit' }).status !== 0) giveUp(`npm run ${script} has failed.`)
// What these are made of is there only now.
const { cases } = await import('./speed/cases/index.mjs')
const { openLab } = await import('./speed/lab.mjs')

// What this process starts is kept where it is itself, but for what is measured.
if (pins) spawnSync('taskset', ['-cp', String(LOAD_CORE), String(process.pid)])
else say('No process can be kept to a core here: load and proxies disturb each other.')
let results = readResults(settings.json)
for (const one of cases.filter(({ name }) => settings.cases.includes(name))) {
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
printTargets(results.targets.filter(target => settings.cases.includes(target.case)))
say(`\nAll of it is in ${settings.json}.`)
