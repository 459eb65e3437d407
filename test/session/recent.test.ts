import t from 'tap'
import { recent } from '../../src/session/recent.ts'

t.test('the latest are kept, as many as it was told, and nothing beyond', async t => {
  const gone: object[] = []
  const kept = recent<{ n: number }>(3, { dispose: value => { gone.push(value) } })
  for (const n of [1, 2, 3]) kept.set(`${n}`, { n })
  kept.get('1')
  kept.set('4', { n: 4 })
  kept.set('4', { n: 5 })
  t.strictSame([...kept.keys()], ['4', '1', '3'])
  t.strictSame(gone, [{ n: 2 }, { n: 4 }], 'who was asked for last is not who goes')
})

t.test('what has a life is gone after it, by the clock that is given', async t => {
  let now = 5_000
  const kept = recent<true>(10, { life: 1_000, now: () => now })
  kept.set('a', true)
  now += 1_000
  t.equal(kept.has('a'), true)
  now += 1
  t.equal(kept.has('a'), false)
})

t.test('an empty one takes no room, however much it may keep', async t => {
  const before = process.memoryUsage().heapUsed
  const all = Array.from({ length: 50 }, () => recent<true>(100_000, { life: 60_000, now: () => 0 }))
  t.ok(process.memoryUsage().heapUsed - before < 10_000_000, 'where a million slots are eight megabytes')
  t.equal(all.every(({ size }) => size === 0), true)
})
