// The one fault that nobody can undo: a provider that takes each refresh token once has answered, and the answer is lost.
import t from 'tap'
import { startRedis } from '../fixtures/redis.ts'
import { until } from './cell.ts'
import { outcomeOf } from './moments.ts'
import { DUE, setStage } from './stage.ts'

t.test('a lost answer of a provider that takes a refresh token once: the session stays until it is asked again, and then has to sign in; nobody else', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const stage = await setStage(t, redis, { rotates: true })
  const { origin, running, links, ada, ben, log } = stage
  const ended = () => log.filter(({ event }) => event === 'session.ended')
  running.outside.advance(DUE)
  await links.provider.set({ kind: 'truncate', after: 100 })
  t.equal(await outcomeOf(ada.navigate(`${origin}/page`), 'ada'), 'served')
  t.match(log.filter(({ event }) => event === 'session.refresh_failed'), [{ code: 'GATE_PROVIDER_UNREACHABLE', again_in_s: 10 }])
  await links.provider.lift()
  t.equal(await outcomeOf(ada.navigate(`${origin}/page`), 'ada'), 'served', 'a fault ends nothing')
  t.strictSame(ended(), [])
  running.outside.advance(10_000)
  await ada.navigate(`${origin}/page`)
  await until(async () => ended().length > 0)
  t.match(ended(), [{ cause: 'refresh-refused', user: 'ada@example.com', code: 'GATE_GRANT_REFUSED' }], 'the provider says that it does not know this sign-in any more, and nobody can tell that from a person who is out')
  t.equal(await outcomeOf(ada.navigate(`${origin}/page`), 'ada'), 'signed out')
  t.equal(await outcomeOf(ben.navigate(`${origin}/page`), 'ben'), 'served')
  t.equal((await ada.signIn(`${origin}/page`, 'ada')).status, 200)
})
