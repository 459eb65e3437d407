// docs/performance.md has the figures of the last run, and the benchmark that makes them can be asked what there is.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { skipped } from '../fixtures/lacking.ts'
import { read } from './markdown.ts'

interface Results { readonly cases: Readonly<Record<string, object>>, readonly targets: readonly object[] }
interface Names { readonly cases: readonly string[], readonly comparing: readonly string[], readonly peers: readonly string[] }

const at = (path: string) => new URL(`../../../bench/${path}`, import.meta.url).href
const results = JSON.parse(readFileSync('bench/results/speed.json', 'utf8')) as Results
const { cases, comparing, peers } = await import(at('speed/names.mjs')) as Names

function run (...args: string[]): { readonly status: number | null, readonly stdout: string, readonly stderr: string } {
  return spawnSync(process.execPath, args, { encoding: 'utf8' })
}

/** It reads /proc, and keeps to Linux. */
function isLinux (t: Test): boolean {
  if (process.platform !== 'linux') skipped(t, 'the benchmark runs on Linux')
  return process.platform === 'linux'
}

t.test('the tables of the README and of the page, and the picture, are those of the last run', async t => {
  const { status, stderr } = run('scripts/bench-table.mjs', '--check')
  t.equal(stderr, '')
  t.equal(status, 0)
  for (const name of cases) t.ok(read('docs/performance.md').includes(`<!-- bench ${name} -->`), `${name} has its place`)
  t.notMatch(read('docs/performance.md'), 'Not measured yet')
})

t.test('figures of another run are told, and nothing is written', async t => {
  const other = join(t.testdir({ 'other.json': JSON.stringify({ ...results, targets: [] }).replaceAll('CPU µs', 'CPU s') }), 'other.json')
  const files = ['README.md', 'docs/performance.md', 'docs/performance-growth.svg']
  const before = files.map(read)
  const { status, stderr } = run('scripts/bench-table.mjs', '--check', `--json=${other}`)
  t.equal(status, 1)
  t.match(stderr, 'docs/performance.md does not have the figures of the last run')
  t.strictSame(files.map(read), before)
})

t.test('what was to be shown is judged by the figures that were measured', async t => {
  const { judge } = await import(at('speed/targets.mjs')) as { judge: (results: Results) => object[] }
  t.strictSame(JSON.parse(JSON.stringify(judge(results))), results.targets)
  t.strictSame(Object.keys(results.cases).sort(), [...cases].sort())
})

t.test('each case of the benchmark loads, and is the one it is called', async t => {
  if (!isLinux(t)) return
  // In a process of its own: what a benchmark has ready for its own end is nothing for this one.
  const { status, stdout, stderr } = run('--input-type=module', '-e', `
    const { cases } = await import(${JSON.stringify(at('speed/cases/index.mjs'))})
    console.log(JSON.stringify(cases.map(({ name, what, columns, run }) => ({ name, isWhole: what !== '' && columns.length > 0 && typeof run === 'function' }))))`)
  t.equal(status, 0, stderr)
  t.strictSame(JSON.parse(stdout), cases.map(name => ({ name, isWhole: true })))
  t.equal(cases.length, 10)
})

t.test('who asks for help is told each case and each peer, and nothing is built or measured first', async t => {
  const { status, stdout, stderr } = run('bench/speed.mjs', '--help')
  t.equal(status, 0, stderr)
  for (const name of [...cases, ...peers]) t.match(stdout, new RegExp(`[ ,]${name}(?:[, \\n])`), `${name} is there`)
  t.equal(stderr, '')
})

t.test('with --only and no case it is 1k that is measured; else all of them, or those that are named', async t => {
  const program = `console.log(JSON.stringify((await import(${JSON.stringify(at('speed/settings.mjs'))})).readSettings()))`
  const wanted = (...args: string[]) => (JSON.parse(run('--input-type=module', '-e', program, '--', ...args).stdout) as { cases: string[] }).cases
  t.strictSame(wanted('--only=gate,bare'), ['1k'])
  t.strictSame(wanted('--only=gate', 'c2'), ['c2'])
  t.strictSame(wanted('start', '1k'), ['1k', 'start'])
  t.strictSame(wanted(), cases)
})

for (const [what, args, named] of [
  ['a case that is not there', ['2k'], ['2k', ...cases]],
  ['nobody’s name in --only', ['--only=gate,gaet'], ['gaet', ...peers]],
  ['what is no number', ['--rounds=many'], ['--rounds=many', 'a whole number', '--burst=']],
  ['what is a number in part', ['--warm=10x'], ['--warm=10x', 'a whole number']],
  ['a flag that is not there', ['--round=2'], ['--round', '--rounds=']],
  ['a Node that is not there', ['--node=/nowhere/node'], ['/nowhere/node', '--node=']],
  ['a case that does not look at --only', ['--only=gate', '1k', 'start'], ['start', ...comparing]]
] as const) {
  t.test(`${what} is told in a line, with what there is`, async t => {
    const { status, stdout, stderr } = run('bench/speed.mjs', ...args)
    t.equal(status, 1)
    t.match(stderr, /^[^\n]+\n$/, 'one line, and no stack')
    for (const name of named) t.ok(stderr.includes(name), `${name} is named`)
    t.equal(stdout, '')
  })
}
