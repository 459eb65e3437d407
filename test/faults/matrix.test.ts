// Nine faults on each of the gate's three ways, at seven moments: every cell with its own expected outcome, and what must hold in all of them.
import t, { type Test } from 'tap'
import { isCi, onlyInCi } from '../fixtures/lacking.ts'
import { startRedis, type TestRedis } from '../fixtures/redis.ts'
import { play, until } from './cell.ts'
import { cells } from './expected.ts'
import { setStage } from './stage.ts'

/** Some of each link and moment, and no fault that only a deadline ends. */
const sample = new Set([
  'app idle reset', 'app login half-close', 'app refresh refuse', 'app download truncate', 'app upload reset', 'app events garbage', 'app websocket reset',
  'provider login reset', 'provider refresh refuse', 'provider events hang',
  'store idle refuse', 'store login garbage', 'store refresh reset', 'store download truncate'
])
const named = cells.map(cell => ({ ...cell, name: `${cell.link} ${cell.moment} ${cell.kind}` }))

async function playAll (t: Test, redis: TestRedis, left: typeof named, stages: number): Promise<void> {
  t.jobs = stages
  await Promise.all(Array.from({ length: stages }, async () => {
    const stage = await setStage(t, redis)
    for (let cell = left.shift(); cell !== undefined; cell = left.shift()) {
      const { name, outcome } = cell
      await t.test(`fault: ${name}`, { buffered: true }, async t => { await play(t, stage, cell as typeof named[number], outcome) })
    }
    await stage.running.gate.close()
    const { app, provider, store } = stage.links
    const open = () => [app.open, provider.open, store.open]
    await until(async () => open().every(count => count === 0))
    t.strictSame(open(), [0, 0, 0], 'a gate that has closed has nothing open')
  }))
}

// CI plays all of them.
if (!isCi) t.test('faults: a sample of all ways and moments', async t => {
  const redis = await startRedis(t)
  if (redis !== null) await playAll(t, redis, named.filter(({ name }) => sample.has(name)), 3)
})

t.test('faults: each on each way at each moment lets nobody in, signs nobody out, mixes up nobody, and is over when it is lifted', onlyInCi('a hundred and eighty-two faults'), async t => {
  t.setTimeout(280_000)
  const redis = await startRedis(t)
  if (redis === null) return
  t.equal(named.length, 182)
  const isSlow = ({ kind }: typeof named[number]) => kind === 'hang' || kind === 'drip'
  await playAll(t, redis, [...named.filter(isSlow), ...named.filter(cell => !isSlow(cell))], 8)
})
