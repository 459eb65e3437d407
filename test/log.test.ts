import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { createLogger, createRequestLog } from '../src/log.ts'

const log = new URL('../src/log.js', import.meta.url).href

/** Runs a program that logs by `log`, with its output in a pipe. */
async function run (program: string): Promise<{ lines: string[], code: unknown }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', `import { createLogger } from ${JSON.stringify(log)}\nconst log = createLogger({ level: 'info', format: 'json' })\n${program}`], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return { lines: said.split('\n').slice(0, -1), code }
}

t.test('what was logged is written, also by a process that ends in the middle of it', async t => {
  const numbers = (lines: readonly string[]) => lines.map(line => (JSON.parse(line) as { number: number }).number)
  const all = Array.from({ length: 500 }, (_, index) => index)
  const many = 'for (let number = 0; number < 500; number++) log.info({ number }, "one of many")\n'
  const { lines: inOrder } = await run(many)
  t.strictSame(numbers(inOrder), all)
  for (const [what, end, code] of [['exits', 'process.exit(3)', 3], ['says why it dies', 'log.fatal({ number: 500 }, "the last"); process.exit(1)', 1]] as const) {
    const { lines, code: ended } = await run(many + end)
    // What another thread was writing just then may come behind what is written at the end.
    t.strictSame(numbers(lines).toSorted((one, other) => one - other), code === 1 ? [...all, 500] : all, what)
    t.equal(ended, code)
  }
  const { lines } = await run('log.info({ number: 1 }, "x".repeat(20_000)); log.info({ number: 2 }, "short")')
  t.strictSame(numbers(lines), [1, 2], 'a long line is whole')
})

t.test('each line has its own time', async t => {
  const { lines } = await run('log.info("a"); setTimeout(() => { log.info("b") }, 30)')
  const [one = 0, two = 0] = lines.map(line => Date.parse((JSON.parse(line) as { time: string }).time))
  t.ok(two - one >= 25)
  t.ok(Math.abs(Date.now() - two) < 60_000)
})

t.test('the line of a request is what the logger itself would write, whatever stands in it, and is none where that level is not written', async t => {
  const lines: string[] = []
  const destination = { write: (line: string) => { lines.push(line) } }
  const line = { reqId: 'a-1', method: 'GET', path: '/"\\\n\u2028ß', status: 200, ms: 3, address: '2001:db8::1', user: 'ada "the\n{first}"' }
  for (const worker of [undefined, 2]) {
    const logger = createLogger({ level: 'info', format: 'json', destination, worker })
    for (const more of [{}, { address: undefined }, { user: undefined }, { address: undefined, user: undefined }]) {
      const { reqId, ...fields } = { ...line, ...more }
      lines.length = 0
      createRequestLog(logger)({ reqId, ...fields })
      logger.child({ reqId }).info({ event: 'request.finished', ...fields }, 'request')
      const [ours, theirs] = lines.map(text => text.replace(/"time":"[^"]+"/, '"time"'))
      t.equal(ours, theirs)
      t.equal((JSON.parse(lines[0] ?? '') as typeof line).path, line.path)
    }
  }
  lines.length = 0
  createRequestLog(createLogger({ level: 'warn', format: 'json', destination }))(line)
  t.strictSame(lines, [])
})
