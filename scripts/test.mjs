// npm test: types and the built package, then lint and every test file side by side. Ends with the line that CI counts.
// Each file is a plain process. tap's own runner would trace what it and all that it starts import, which takes as long again.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { clearTimeout, setTimeout } from 'node:timers'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Side by side: one more than two processors can do, because many a test waits for something. */
const LANES = 3
/** Seconds. A file that takes longer says where it stands, and soon afterwards is ended. */
const PATIENCE = 300

async function start (command, ...args) {
  const [status] = await once(spawn(command, args, { stdio: 'inherit', cwd: root }), 'exit')
  return status === 0
}

function inTurn () {
  const found = readdirSync(`${root}/build/test`, { recursive: true }).filter(name => name.endsWith('.test.js')).map(name => `build/test/${name}`)
  // Who has much to say mostly takes long, and who takes long should not be the last to begin.
  return found.map(file => [file, statSync(`${root}/${file}`).size]).sort(([, one], [, other]) => other - one).map(([file]) => file)
}

async function runFile (file) {
  const began = Date.now()
  const child = spawn(process.execPath, ['--enable-source-maps', file], { stdio: ['ignore', 'pipe', 'inherit'], cwd: root, env: { ...process.env, TAP: '1', TAP_TIMEOUT: String(PATIENCE) } })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', chunk => { output += chunk })
  const late = setTimeout(() => { child.kill('SIGKILL') }, (PATIENCE + 20) * 1000)
  const [status, signal] = await once(child, 'close')
  clearTimeout(late)
  const counts = countsOf(output)
  const ended = status === 0 || (status === 1 && counts.fail > 0)
  if (!ended || counts.total === 0) {
    output += `not ok - ${file} ended with ${signal ?? status}, after ${counts.total} tests\n`
    counts.fail += 1
  }
  return { file, output, counts, seconds: (Date.now() - began) / 1000 }
}

/** tap's own summary, the last line but one. A process that was cut down wrote none. */
function countsOf (output) {
  const summary = [...output.matchAll(/^# \{(.*)\}$/gm)].at(-1)?.[1]
  const count = name => Number(new RegExp(`\\b${name}: (\\d+)`).exec(summary ?? '')?.[1] ?? 0)
  return { total: count('total'), pass: count('pass'), fail: count('fail'), skip: count('skip') + count('todo') }
}

function tell ({ file, output, counts, seconds }) {
  console.log(`${counts.fail > 0 ? 'FAILED' : 'ok'} ${file}: ${counts.pass} in ${seconds.toFixed(1)} s`)
  if (counts.fail > 0) console.log(output.replace(/^ *(?:ok .*|# Subtest.*|\d+\.\.\d+.*)?\n/gm, ''))
}

async function lintAndThen (lane) {
  const clean = await start('npx', 'eslint', '.')
  await lane()
  return clean
}

async function runAll (files) {
  const results = []
  const waiting = files.values()
  const lane = async () => {
    for (const file of waiting) {
      const result = await runFile(file)
      tell(result)
      results.push(result)
    }
  }
  const [linted] = await Promise.all([lintAndThen(lane), ...Array.from({ length: LANES - 1 }, lane)])
  return { results, linted }
}

rmSync(`${root}/build`, { recursive: true, force: true })
// The types of both are the same, and looked at once.
const [typed, built] = await Promise.all([start('npx', 'tsc', '-p', 'tsconfig.json'), start('node', 'scripts/prepare.mjs', '--noCheck')])
const { results, linted } = await runAll(process.argv.length > 2 ? process.argv.slice(2) : inTurn())

mkdirSync(`${root}/build`, { recursive: true })
writeFileSync(`${root}/build/results.tap`, results.map(({ file, output }) => `# Subtest: ${file}\n${output.replace(/^(?=.)/gm, '    ')}`).join(''))
const written = readFileSync(`${root}/build/results.tap`, 'utf8')
for (const [line] of written.matchAll(/^ *not ok .*$/gm)) console.error(line.replace(/ # time=.*/, ''))
const sound = typed && built && linted
if (!sound) console.error('types, lint or build failed: see above')
const sum = name => results.reduce((total, { counts }) => total + counts[name], 0)
const failed = sum('fail') + (sound ? 0 : 1)
const skipped = sum('skip')
console.log(`\n${sum('pass')} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = failed === 0 && results.length > 0 ? 0 : 1
