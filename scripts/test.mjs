// npm test: types, lint, the built package, then every test file. Ends with the line that CI counts.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'

const root = new URL('..', import.meta.url)
const results = 'build/results.tap'

function run (command, ...args) {
  return spawnSync(command, args, { stdio: 'inherit', cwd: root }).status === 0
}

async function start (command, ...args) {
  const [status] = await once(spawn(command, args, { stdio: 'inherit', cwd: root }), 'exit')
  return status === 0
}

rmSync(new URL('build', root), { recursive: true, force: true })
const sound = [
  run('npx', 'tsc', '-p', 'tsconfig.json'),
  ...await Promise.all([start('npx', 'eslint', '.'), start('npm', 'run', '--silent', 'build')])
].every(Boolean)
const tested = run('npx', 'tap', '--reporter=terse', `--output-file=${results}`, ...process.argv.slice(2))

const written = readFileSync(new URL(results, root), 'utf8')
for (const [line] of written.matchAll(/^ *not ok .*$/gm)) console.error(line.replace(/ # time=.*/, ''))
const summary = [...written.matchAll(/^# \{(.*)\}$/gm)].at(-1)?.[1] ?? ''
const count = name => Number(new RegExp(`\\b${name}: (\\d+)`).exec(summary)?.[1] ?? 0)
const failed = count('fail') + (sound ? 0 : 1) + (!tested && count('fail') === 0 ? 1 : 0)
if (!sound) console.error('types, lint or build failed: see above')
const skipped = count('skip') + count('todo')
console.log(`\n${count('pass')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = failed === 0 ? 0 : 1
