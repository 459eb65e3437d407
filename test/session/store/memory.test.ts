import t from 'tap'
import { StoreUnavailable } from '../../../src/errors.ts'
import { createMemoryStore } from '../../../src/session/store/memory.ts'
import { TestOutside } from '../../fixtures/outside.ts'
import { behavesAsStore } from './suite.ts'

t.test('the memory of one process is a store', async t => {
  const outside = new TestOutside()
  const store = createMemoryStore({ outside })
  await behavesAsStore(t, { stores: [store, store], now: () => outside.now(), pass: milliseconds => outside.advance(milliseconds) })
})

t.test('when it is full it takes no more, and nobody who is in it is put out', async t => {
  const outside = new TestOutside()
  const store = createMemoryStore({ outside, room: 1000 })
  await store.set('one', 'x'.repeat(900), 120_000)
  await t.rejects(store.set('two', 'x'.repeat(100), 120_000), StoreUnavailable)
  t.equal((await store.get('one'))?.length, 900)
  await store.set('one', 'x'.repeat(100), 120_000)
  await store.set('two', 'x'.repeat(800), 30_000)
  await t.rejects(store.add('three', 'x'.repeat(100), 120_000), StoreUnavailable)
  outside.advance(90_000)
  await store.add('three', 'x'.repeat(800), 120_000)
  t.equal((await store.get('one'))?.length, 100, 'what is over makes room')
})
