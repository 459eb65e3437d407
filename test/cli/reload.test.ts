import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startReloading } from '../../src/cli/reload.ts'
import { loadConfig, type Loaded } from '../../src/config/load.ts'
import { COOKIE_SECRET } from '../fixtures/gate.ts'

/** Settings in a file, which are taken as slowly as a test wants. */
function setUp (t: Test) {
  const path = join(t.testdir({}), 'gate.json')
  const write = (title: string, more: object = {}) => { writeFileSync(path, JSON.stringify({ upstream: 'http://127.0.0.1:1', oauth_provider: 'github', oauth_key: 'x', oauth_secret: 'y', cookie_secret: COOKIE_SECRET, title, ...more })) }
  write('first')
  const flags = { config: path }
  const [taken, said]: [string[], string[]] = [[], []]
  const ends: (() => void)[] = []
  const lowered: string[] = []
  const log = (line: unknown) => {
    const { event, lowers = [] } = line as { event: string, lowers?: string[] }
    said.push(event)
    lowered.push(...lowers)
  }
  const reloading = startReloading(loadConfig({ flags, env: {} }), {
    flags, log: { info: log, warn: log, error: log },
    apply: async ({ config }: Loaded) => {
      taken.push(String(config.title))
      await new Promise<void>(resolve => { ends.push(resolve) })
    }
  })
  t.teardown(() => { reloading.close() })
  const until = async (is: () => boolean) => { for (const end = Date.now() + 5000; !is() && Date.now() < end;) await pause(10) }
  return { write, taken, said, lowered, ends, reloading, until }
}

t.test('who asks for a reload while one is under way is not forgotten: all is read again after it, once', async t => {
  const { write, taken, said, ends, reloading, until } = setUp(t)
  write('second')
  reloading.now()
  await until(() => ends.length === 1)
  reloading.now()
  reloading.now()
  await pause(300)
  t.strictSame(taken, ['second'], 'not before the other is through')
  ends[0]?.()
  await until(() => ends.length === 2)
  t.strictSame(taken, ['second', 'second'], 'though no file tells of a change')
  ends[1]?.()
  await until(() => said.length === 2)
  await pause(500)
  t.strictSame(taken, ['second', 'second'])
  t.strictSame(said, ['config.reloaded', 'config.reloaded'], 'and whoever asked is told')
})

t.test('nothing is read any more once it is closed, also where somebody has just asked', async t => {
  const { write, taken, ends, reloading, until } = setUp(t)
  write('second')
  reloading.now()
  await until(() => ends.length === 1)
  write('third')
  reloading.now()
  reloading.close()
  ends[0]?.()
  await pause(500)
  t.strictSame(taken, ['second'])
})

t.test('a reload that lowers security says by what, and one that leaves it as it was says nothing', async t => {
  const { write, said, lowered, ends, reloading, until } = setUp(t)
  write('second', { allow_unverified_email: true })
  reloading.now()
  await until(() => ends.length === 1)
  ends[0]?.()
  await until(() => said.length === 2)
  t.strictSame(said, ['config.reloaded', 'config.lowers'])
  t.match(lowered, [/^LOWERS_EMAIL: /])
  t.equal(lowered.length, 1, 'what was so before is not said again')
  write('third', { allow_unverified_email: true })
  reloading.now()
  await until(() => ends.length === 2)
  ends[1]?.()
  await until(() => said.length === 3)
  t.strictSame(said.slice(2), ['config.reloaded'])
})
