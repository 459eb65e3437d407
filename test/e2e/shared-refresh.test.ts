// Two gates on one Redis, before a provider that gives a new refresh token each time and takes back the whole family when one comes twice.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Settings } from '../../src/config/options.ts'
import { startGate, type LogLine, type Running } from '../fixtures/gate.ts'
import { onlyInCi } from '../fixtures/lacking.ts'
import { startRedis, type TestRedis } from '../fixtures/redis.ts'
import { openInEach, serveGate } from '../fixtures/served.ts'
import { startSlowTokens } from '../fixtures/slow-tokens.ts'
import { cookiesOf, Visitor } from '../fixtures/visitor.ts'

/** Seconds that an access token lasts, and milliseconds after which it is renewed. */
const LIFE = 120
const DUE = 95_000

async function setUp (t: Test, settings: Settings) {
  const log: LogLine[] = []
  let token = ''
  const slow = await startSlowTokens(t, () => token)
  const common: Settings = { cookieName: 'site', oauthRefreshTokens: true, oauthTokenUrl: slow.url, ...settings }
  const one = await startGate(t, { log, settings: common, provider: { refreshTokens: true, accessTokenLife: LIFE } })
  token = one.provider.endpoints.token
  const other = await startGate(t, { log, app: one.app, settings: { ...common, oauthIssuer: one.provider.issuer } })
  const visitor = new Visitor()
  t.equal((await visitor.signIn(`${one.origin}/`, 'ada')).status, 200)
  t.equal((await visitor.navigate(`${other.origin}/`)).status, 200)
  const advance = (milliseconds: number) => { for (const { outside } of [one, other]) outside.advance(milliseconds) }
  return { one, other, slow, visitor, log, advance }
}

/** Fifty scripts and pages of one person at once, to both gates in turn. @param every milliseconds between them, so that no worker takes all */
async function ask (visitor: Visitor, gates: readonly Pick<Running, 'origin'>[], every = 0) {
  const copy = { headers: { cookie: cookiesOf(visitor), accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' } }
  return await Promise.all(Array.from({ length: 50 }, async (_, index) => {
    if (every > 0) await pause(index * every)
    return await new Visitor().ask(`${gates[index % gates.length]?.origin ?? ''}/data/${index}`, copy)
  }))
}

function isNobodyOut (t: Test, log: readonly LogLine[]): void {
  t.strictSame(log.filter(({ event }) => event === 'session.ended'), [])
}

const ways: readonly (readonly [what: string, settings: (redis: TestRedis) => Settings])[] = [
  ['sessions in Redis', ({ url }) => ({ sessionStore: url })],
  ['sessions in cookies, revocations in Redis', ({ url }) => ({ revocationStore: url })]
]

for (const [what, settings] of ways) {
  t.test(`${what}: fifty requests to two gates at the moment of a refresh are one token request and fifty answers`, async t => {
    const redis = await startRedis(t)
    if (redis === null) return
    const { one, other, slow, visitor, log, advance } = await setUp(t, settings(redis))
    slow.milliseconds = 300
    for (let round = 1; round <= 3; round++) {
      advance(DUE)
      const answers = await ask(visitor, [one, other])
      t.strictSame(answers.map(({ status }) => status), Array<number>(50).fill(200))
      t.ok(answers.every(({ body }) => body.includes('"x-forwarded-user":"ada@example.com"')))
      t.equal(slow.refreshes, round)
      await visitor.navigate(`${one.origin}/page`)
    }
    t.equal(log.filter(({ event }) => event === 'session.refreshed').length, 3)
    isNobodyOut(t, log)
  })

  t.test(`${what}: the same with a provider that takes eight seconds`, onlyInCi('a provider that takes eight seconds'), async t => {
    t.setTimeout(60_000)
    const redis = await startRedis(t)
    if (redis === null) return
    const { one, other, slow, visitor, log, advance } = await setUp(t, settings(redis))
    slow.milliseconds = 8_000
    advance(DUE)
    t.strictSame((await ask(visitor, [one, other])).map(({ status }) => status), Array<number>(50).fill(200))
    t.equal(slow.refreshes, 1)
    isNobodyOut(t, log)
  })

  t.test(`${what}: the same with a Redis that is started anew while the provider answers`, async t => {
    const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-redis-'))
    t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
    const redis = await startRedis(t, ['--appendonly', 'yes', '--appendfsync', 'always', '--dir', folder])
    if (redis === null) return
    const { one, other, slow, visitor, log, advance } = await setUp(t, settings(redis))
    slow.milliseconds = 2_000
    advance(DUE)
    const asked = ask(visitor, [one, other])
    await pause(800)
    await redis.restart()
    t.strictSame((await asked).map(({ status }) => status), Array<number>(50).fill(200))
    t.equal(slow.refreshes, 1)
    isNobodyOut(t, log)
    await pause(1_000)
    slow.milliseconds = 0
    t.equal((await visitor.navigate(`${other.origin}/page`)).status, 200, 'and it goes on')
    t.equal(slow.refreshes, 1)
  })
}

t.test('a Redis that is emptied while the provider answers: those who wait do not send the token a second time', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const { one, other, slow, visitor, log, advance } = await setUp(t, { revocationStore: redis.url })
  slow.milliseconds = 3_000
  advance(DUE)
  const asked = ask(visitor, [one, other])
  await pause(800)
  t.equal(slow.refreshes, 1)
  await redis.cli('FLUSHALL')
  t.equal((await ask(visitor, [other])).filter(({ status }) => status === 200).length, 50, 'nor do those who come')
  t.strictSame((await asked).map(({ status }) => status), Array<number>(50).fill(200))
  t.equal(slow.refreshes, 1)
  isNobodyOut(t, log)
})

t.test('one process: fifty requests with a provider that takes its time', async t => {
  const { one, other, slow, visitor, log, advance } = await setUp(t, { sessionStore: 'cookie' })
  await other.gate.close()
  slow.milliseconds = 1_000
  advance(DUE)
  t.strictSame((await ask(visitor, [one])).map(({ status }) => status), Array<number>(50).fill(200))
  t.equal(slow.refreshes, 1)
  isNobodyOut(t, log)
})

for (const store of ['cookie', 'memory']) {
  t.test(`two workers with session-store=${store}: fifty requests at the moment of a refresh are one token request and fifty answers, and what is open stays so`, onlyInCi('waiting for tokens to end'), async t => {
    t.setTimeout(90_000)
    let token = ''
    const slow = await startSlowTokens(t, () => token)
    const gate = await serveGate(t, { workers: 2, provider: { refreshTokens: true, accessTokenLife: 12 }, settings: { session_store: store, oauth_refresh_tokens: true, oauth_token_url: slow.url } })
    token = gate.provider.endpoints.token
    const visitor = new Visitor()
    t.equal((await visitor.signIn(`${gate.origin}/`, 'ada')).status, 200)
    const sockets = await openInEach(gate, visitor)
    slow.milliseconds = 1_000
    const workers = new Set<unknown>()
    for (let round = 1; round <= 2; round++) {
      await pause(10_500) // tokens are used for ten seconds at least
      const before = gate.log('request.finished').length
      const answers = await ask(visitor, [gate], 8)
      t.strictSame(answers.map(({ status }) => status), Array<number>(50).fill(200))
      t.ok(answers.every(({ body }) => body === 'for ada@example.com'))
      const finished = () => gate.log('request.finished').slice(before)
      for (let tries = 0; finished().length < 50 && tries < 100; tries++) await pause(50) // what two processes write arrives when it does
      for (const { worker } of finished()) workers.add(worker)
      t.equal(slow.refreshes, round)
      await visitor.navigate(`${gate.origin}/page`)
    }
    t.strictSame([...workers].sort(), [1, 2], 'each of them was asked')
    t.equal((await gate.logged('session.refreshed', 2)).length, 2)
    t.ok((await Promise.all(sockets.map(socket => socket.echoes()))).every(Boolean))
    isNobodyOut(t, gate.log())
    await visitor.ask(`${gate.origin}/oauth2/sign_out`, { method: 'POST', headers: { origin: gate.origin } })
    t.strictSame(new Set<unknown>(await Promise.race([Promise.all(sockets.map(({ closed }) => closed)), pause(1_000, ['open'])])), new Set<unknown>([4401]), 'until that session ends')
  })
}
