import t from 'tap'
import type { Test } from 'tap'
import { redisAddress } from '../../../src/config/kinds/store.ts'
import { StoreUnavailable } from '../../../src/errors.ts'
import { outside } from '../../../src/outside.ts'
import { createRedisStore } from '../../../src/session/store/redis.ts'
import type { Store } from '../../../src/session/store/store.ts'
import { startRedis } from '../../fixtures/redis.ts'
import { behavesAsStore } from './suite.ts'

const pass = (milliseconds: number) => new Promise<void>(resolve => { setTimeout(resolve, milliseconds) })

interface Opened { readonly store: Store, readonly told: string[] }

async function open (t: Test, url: string): Promise<Opened> {
  const told: string[] = []
  const say = (...words: string[]) => { told.push(words.join(' ')) }
  const store = await createRedisStore({ address: redisAddress.parse(url), outside, told: { lost: (where, reason) => say('lost', where, reason), back: where => say('back', where) } })
  t.teardown(() => store.close())
  return { store, told }
}

/** How long it takes to be refused. */
async function refused (t: Test, work: Promise<unknown>, matching: object = {}): Promise<number> {
  const start = performance.now()
  await t.rejects(work, { name: 'StoreUnavailable', ...matching })
  return performance.now() - start
}

/** How long it takes until it works. */
async function works (t: Test, store: Store, within: number): Promise<void> {
  const start = performance.now()
  for (;;) {
    try {
      await store.set('works', 'x', 1000)
      return
    } catch (error) {
      t.ok(error instanceof StoreUnavailable, 'nothing else is thrown meanwhile')
      if (performance.now() - start > within) return void t.fail(`not within ${within} ms: ${String(error)}`)
      await pass(50)
    }
  }
}

t.test('a Redis is a store', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const [{ store: one, told }, { store: other }] = [await open(t, redis.url), await open(t, redis.url)]
  await behavesAsStore(t, { stores: [one, other], pass, now: () => outside.now() })
  t.match(await redis.cli('KEYS', '*'), /^(oauth-gate:\S+\s*)+$/, 'everything is under one prefix')
  t.equal(await redis.cli('TTL', 'oauth-gate:s') === '-1', false, 'and nothing stays for ever')
  t.strictSame(told, [])
})

t.test('a Redis that hangs is noticed within a second, and used again once it answers', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const { store, told } = await open(t, redis.url)
  const heard: string[] = []
  const hear = (word: string) => { heard.push(word) }
  store.listen('topic', hear, () => hear('(missed)'), () => hear('(lost)'))
  redis.freeze()
  const first = await refused(t, store.get('a'), { message: new RegExp(`127.0.0.1:${redis.port}`) })
  t.ok(first < 1200, `${first} ms`)
  await pass(500)
  const later = await refused(t, Promise.all(Array.from({ length: 50 }, () => store.get('a'))))
  t.ok(later < 200, `whoever comes later does not wait: ${later} ms`)
  await pass(2500)
  t.strictSame(heard, ['(missed)', '(lost)'])
  redis.thaw()
  await works(t, store, 4000)
  await pass(1500)
  await store.announce('topic', 'hello')
  await pass(200)
  t.strictSame(heard, ['(missed)', '(lost)', '(missed)', 'hello'])
  t.match(told, [/^lost /, /^back /])
  t.equal(told.length, 2, 'one line for going, one for coming back')
})
