// What somebody may try who reads the Redis, or has it forget, fill up or go away at the right moment.
import t from 'tap'
import { startGate } from '../fixtures/gate.ts'
import { startRedis } from '../fixtures/redis.ts'
import { signOut, startSibling, userIn } from '../fixtures/siblings.ts'
import { cookiesOf, Visitor } from '../fixtures/visitor.ts'

const pass = (milliseconds: number) => new Promise<void>(resolve => { setTimeout(resolve, milliseconds) })

async function within (milliseconds: number, ask: () => Promise<unknown>, wanted: unknown): Promise<unknown> {
  return await whenever(milliseconds, ask, found => found === wanted)
}

async function whenever (milliseconds: number, ask: () => Promise<unknown>, isIt: (found: unknown) => boolean): Promise<unknown> {
  const start = performance.now()
  let found = await ask()
  while (!isIt(found) && performance.now() - start < milliseconds) {
    await pass(50)
    found = await ask()
  }
  return found
}

t.test('who reads the Redis finds no cookie there that opens a renewed session', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const gate = await startGate(t, { settings: { cookieName: 'site', revocationStore: redis.url, oauthRefreshTokens: true }, provider: { refreshTokens: true, accessTokenLife: 120 } })
  const [visitor, thief] = [new Visitor(), new Visitor()]
  t.equal((await visitor.signIn(`${gate.origin}/`, 'ada')).status, 200)
  gate.outside.advance(95_000)
  t.equal((await visitor.ask(`${gate.origin}/data`, { headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' } })).status, 200)
  const keys = (await redis.cli('KEYS', '*')).split('\n')
  const values = await Promise.all(keys.map(async key => await redis.cli('GET', key)))
  t.ok(keys.some(key => key.includes('renewed:')), 'the renewed one waits there for its browser')
  for (const value of values) t.equal(userIn(await thief.ask(`${gate.origin}/`, { headers: { cookie: `site=${value}` } })), 401)
  t.equal(userIn(await visitor.ask(`${gate.origin}/`)), 'ada@example.com', 'and it is there for its own')
})

t.test('a sign-out that a full Redis does not take is told to the others later, though the person does not try again', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const settings = { revocationStore: redis.url }
  const gate = await startGate(t, { settings: { cookieName: 'site', ...settings } })
  const other = await startSibling(t, gate, settings)
  const [ada, thief] = [new Visitor(), new Visitor()]
  await ada.signIn(`${gate.origin}/`, 'ada')
  const copy = { headers: { cookie: cookiesOf(ada) } }
  t.equal(userIn(await thief.ask(`${other.origin}/`, copy)), 'ada@example.com')
  await redis.cli('CONFIG', 'SET', 'maxmemory', '1')
  t.equal((await signOut(ada, gate.origin)).status, 503)
  t.equal(userIn(await thief.ask(`${gate.origin}/`, copy)), 401, 'here it counts at once')
  await redis.cli('CONFIG', 'SET', 'maxmemory', '0')
  t.equal(await within(4_000, async () => userIn(await thief.ask(`${other.origin}/`, copy)), 401), 401)
})

t.test('a Redis that has forgotten everything lets nobody back in who has signed out, not even by a gate that starts afterwards', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const settings = { revocationStore: redis.url }
  const gate = await startGate(t, { settings: { cookieName: 'site', ...settings } })
  const [ada, thief] = [new Visitor(), new Visitor()]
  await ada.signIn(`${gate.origin}/`, 'ada')
  const copy = { headers: { cookie: cookiesOf(ada) } }
  t.equal((await signOut(ada, gate.origin)).status, 200)
  await redis.restart()
  t.equal(await within(6_000, async () => (await new Visitor().ask(`${gate.origin}/ready`)).status, 200), 200)
  await pass(500)
  const later = await startSibling(t, gate, settings)
  t.equal(userIn(await thief.ask(`${later.origin}/`, copy)), 401)
  t.equal(userIn(await thief.ask(`${gate.origin}/`, copy)), 401)
})

t.test('however many have signed out, a gate that starts afterwards learns of all of them, and serves', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const settings = { revocationStore: redis.url }
  const gate = await startGate(t, { settings: { cookieName: 'site', ...settings } })
  const [ada, ben] = [new Visitor(), new Visitor()]
  await ada.signIn(`${gate.origin}/`, 'ada')
  gate.outside.advance(1_000)
  await ben.signIn(`${gate.origin}/`, 'ben')
  const gone = cookiesOf(ada)
  await signOut(ada, gate.origin)
  const set = await redis.cli('KEYS', '*:revoked')
  const [long, until] = [gate.outside.now() - 3_600_000, gate.outside.now() + 3_600_000] // the others began before either
  for (let part = 1; part <= 5; part++) await redis.cli('EVAL', `for i = 1, 100000 do redis.call('ZADD', KEYS[1], ARGV[1], 's ' .. ARGV[2] .. string.rep('a', 33) .. i .. ' ' .. string.rep('b', 43) .. ' ' .. ARGV[3] .. ' ' .. ARGV[1]) end`, '1', set, String(until), String(part), String(long))
  t.equal(await redis.cli('ZCARD', set), '500001')
  const later = await startSibling(t, gate, settings)
  const asked = async (visitor: Visitor, cookie: string) => userIn(await visitor.ask(`${later.origin}/`, { headers: { cookie } }))
  t.equal(await within(10_000, async () => await asked(new Visitor(), cookiesOf(ben)), 'ben@example.com'), 'ben@example.com')
  t.equal(await whenever(10_000, async () => await asked(new Visitor(), gone), found => found !== 503), 401, 'while a store with so much to say is late nobody knows; once it is known, she has signed out')
})
