// Whoever has several processes must not thereby let somebody try several times as many passwords.
import t, { type Test } from 'tap'
import { createBrake, createTries } from '../../src/routes/throttle.ts'
import { createMemoryStore } from '../../src/session/store/memory.ts'
import { StoreUnavailable } from '../../src/errors.ts'
import { startGate } from '../fixtures/gate.ts'
import { TestOutside } from '../fixtures/outside.ts'
import { startRedis } from '../fixtures/redis.ts'
import { serveGate } from '../fixtures/served.ts'
import { Visitor } from '../fixtures/visitor.ts'

const nobody = { oauth_provider: undefined, oauth_issuer: undefined, oauth_key: undefined, oauth_secret: undefined }

async function attempt (origin: string, username: string, password: string): Promise<number> {
  const visitor = new Visitor()
  const { body } = await visitor.follow(`${origin}/page`)
  const state = /name="state" value="([^"]+)"/.exec(body)?.[1] ?? ''
  return (await visitor.navigate(`${origin}/oauth2/sign_in`, { form: { state, username, password } })).status
}

t.test('brute force: two workers let nobody try more often than one', async t => {
  const gate = await serveGate(t, { workers: 2, files: { 'people.json': '{"ada": "of-ada-alone"}' }, settings: { ...nobody, basic_auth: 'people.json' } })
  const statuses: number[] = []
  const workers = () => new Set(gate.log('request.finished').filter(({ status }) => status === 401 || status === 429).map(({ worker }) => worker)).size
  while (statuses.length < 14 || (workers() < 2 && statuses.length < 28)) statuses.push(await attempt(gate.origin, 'ada', 'wrong'))
  t.equal(workers(), 2, 'both were asked')
  t.strictSame(statuses, [...Array<number>(10).fill(401), ...Array<number>(statuses.length - 10).fill(429)])
  t.equal(await attempt(gate.origin, 'ada', 'of-ada-alone'), 429, 'nor does the right one help then')
})

/** Two gates of one site, which know each other by their store. */
async function startTwo (t: Test, url: string): Promise<readonly string[]> {
  const settings = { basicAuth: 'SeCret-of-all', oauthProvider: undefined, oauthIssuer: undefined, oauthKey: undefined, oauthSecret: undefined, cookieName: 'site', revocationStore: url }
  return (await Promise.all([startGate(t, { settings }), startGate(t, { settings })])).map(({ origin }) => origin)
}

t.test('brute force: nor do two gates on one Redis; while it is away each counts by itself, and nobody is let in or kept out by that', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const [one = '', other = ''] = await startTwo(t, redis.url)
  const statuses = await Promise.all(Array.from({ length: 16 }, (_, index) => attempt(index % 2 === 0 ? one : other, 'ada', 'wrong')))
  t.strictSame(statuses.toSorted(), [...Array<number>(10).fill(401), ...Array<number>(6).fill(429)], 'all at once')
  t.equal(await attempt(other, 'ben', 'SeCret-of-all'), 303, 'nobody else')
  t.notMatch(await redis.cli('KEYS', '*'), /\bada\b/)
  await redis.kill()
  const alone: number[] = []
  for (let count = 0; count < 12; count++) alone.push(await attempt(one, 'cleo', 'wrong'))
  t.strictSame(alone.map(status => status === 429), [...Array<boolean>(10).fill(false), true, true], 'this one still counts')
})

t.test('tries that are counted in a store end with their minute, and one that is away is no reason to refuse', async t => {
  const outside = new TestOutside()
  const store = createMemoryStore({ outside })
  const [one, other] = [createTries({ store, prefix: 'a:', outside }), createTries({ store, prefix: 'a:', outside })]
  t.strictSame([await one.isOver('x', 3), await other.isOver('x', 3), await one.isOver('x', 3), await other.isOver('x', 3)], [false, false, false, true])
  outside.advance(50_000)
  t.ok(await one.isOver('x', 3))
  t.notOk(await one.isOver('y', 3))
  t.notOk(await createTries({ store, prefix: 'b:', outside }).isOver('x', 3), 'another site')
  outside.advance(10_001)
  t.notOk(await one.isOver('x', 3))
  const away = { ...store, get: () => Promise.reject(new StoreUnavailable('away')) }
  for (let count = 0; count < 5; count++) t.notOk(await createTries({ store: away, prefix: 'a:', outside }).isOver('x', 1))
})

t.test('logout tokens that cannot be believed are counted for all who hear of them, each once', async t => {
  const outside = new TestOutside()
  const store = createMemoryStore({ outside })
  const others = { store, topic: 'failed', outside }
  const limits = { perAddress: 4, inAll: 6 }
  const [one, other, stranger] = [createBrake({ limits, others }), createBrake({ limits, others }), createBrake({ limits })]
  for (const brake of [one, other, one]) brake.failed('10.0.0.1')
  t.notOk(one.isOver('10.0.0.1') || other.isOver('10.0.0.1'))
  other.failed('10.0.0.1')
  t.ok(one.isOver('10.0.0.1') && other.isOver('10.0.0.1'))
  t.notOk(one.isOver('10.0.0.2'))
  one.failed('10.0.0.3')
  one.failed('10.0.0.4')
  t.ok(other.isOver('10.0.0.2'), 'in all')
  t.notOk(stranger.isOver('10.0.0.1'))
})
