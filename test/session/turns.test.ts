// What a store forgets must not let two processes do one thing at once: a refresh token that is sent twice signs its person out.
import t from 'tap'
import { StoreUnavailable } from '../../src/errors.ts'
import { createMemoryStore } from '../../src/session/store/memory.ts'
import type { Store } from '../../src/session/store/store.ts'
import { createTurns } from '../../src/session/turns.ts'
import { TestOutside } from '../fixtures/outside.ts'

const pause = async (milliseconds: number): Promise<void> => {
  await new Promise(resolve => { setTimeout(resolve, milliseconds) })
}

/** Two processes on a store that can be emptied. */
function setUp (lease: number) {
  const outside = new TestOutside()
  let memory = createMemoryStore({ outside })
  const store = new Proxy<Store>(memory, { get: (_target, name: keyof Store) => memory[name] })
  const events: string[] = []
  const turns = [createTurns({ store, outside, lease }), createTurns({ store, outside, lease })] as const
  const work = (process: 0 | 1, name: string, milliseconds: number) => turns[process].take('a', async () => {
    events.push(`${name} begins`)
    await pause(milliseconds)
    events.push(`${name} ends`)
  })
  return { outside, store, events, turns, work, flush () { memory = createMemoryStore({ outside }) } }
}

t.test('a store that is emptied while somebody works: neither who waits already nor who comes then works beside them', async t => {
  const { events, work, flush } = setUp(3_000)
  const first = work(0, 'first', 900)
  await pause(50)
  const waiting = work(1, 'waiting', 0)
  await pause(150)
  flush()
  await Promise.all([first, waiting, work(1, 'coming', 0)])
  t.strictSame(events.slice(0, 2), ['first begins', 'first ends'])
  t.equal(events.length, 6, 'and all have had their turn')
})

t.test('a store that was emptied while nobody worked holds up who comes first, and nobody after them', async t => {
  const { work, flush, turns } = setUp(1_500)
  await work(0, 'one', 0)
  flush()
  const start = performance.now()
  await work(1, 'two', 0)
  t.ok(performance.now() - start >= 400, 'as long as who works needs to say so')
  const then = performance.now()
  for (let count = 0; count < 50; count++) await turns[count % 2 as 0 | 1].take(`name-${count}`, async () => {})
  t.ok(performance.now() - then < 50 * 100, 'none of fifty waited for even one more asking')
})

t.test('who waits has their turn as soon as it is free, and a name that is free is nobody’s to wait for', async t => {
  const { work, events } = setUp(30_000)
  const start = performance.now()
  await Promise.all([work(0, 'first', 200), work(1, 'second', 0)])
  await work(0, 'third', 0)
  t.equal(events.length, 6)
  t.ok(performance.now() - start < 10_000, 'not a third of a lease')
})

t.test('a store that is away when somebody has done their work is told when it is back: who comes next does not wait for the lease of who has long left', async t => {
  const outside = new TestOutside()
  const memory = createMemoryStore({ outside })
  let isAway = false
  const store = new Proxy<Store>(memory, { get: (_target, name: keyof Store) => isAway ? async () => { throw new StoreUnavailable('away') } : memory[name] })
  const [one, other] = [createTurns({ store, outside, lease: 60_000 }), createTurns({ store, outside, lease: 60_000 })]
  await one.take('a', async () => { isAway = true })
  isAway = false
  const start = performance.now()
  await other.take('a', async () => {})
  t.ok(performance.now() - start < 15_000)
})
