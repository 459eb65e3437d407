// A real gate, in one process and in two, whose Redis is switched off and on again. What it has kept is there afterwards.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { connectToEach } from '../fixtures/connections.ts'
import { onlyInCi } from '../fixtures/lacking.ts'
import { startRedis } from '../fixtures/redis.ts'
import { serveGate } from '../fixtures/served.ts'
import { startSlowTokens } from '../fixtures/slow-tokens.ts'
import { cookiesOf, Visitor } from '../fixtures/visitor.ts'

/** What it has been told is on the disk. */
function lasting (t: Test): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-redis-')) // a test's own folder is the gate's, which begins with an empty one
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  return ['--appendonly', 'yes', '--appendfsync', 'always', '--dir', folder]
}

for (const workers of [1, 2]) {
  t.test(`${workers}: fifty requests at the moment of a refresh are one token request and fifty answers, with a provider that takes eight seconds, and with a Redis that is started anew meanwhile`, onlyInCi('waiting for tokens to end, and for a slow provider'), async t => {
    t.setTimeout(120_000)
    const redis = await startRedis(t, lasting(t))
    if (redis === null) return
    let token = ''
    const slow = await startSlowTokens(t, () => token)
    const gate = await serveGate(t, { workers, provider: { refreshTokens: true, accessTokenLife: 12 }, settings: { session_store: redis.url, oauth_refresh_tokens: true, oauth_token_url: slow.url } })
    token = gate.provider.endpoints.token
    const visitor = new Visitor()
    t.equal((await visitor.signIn(`${gate.origin}/`, 'ada')).status, 200)
    const script = { cookie: cookiesOf(visitor), accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
    for (const [round, restarts] of [false, true].entries()) {
      const [connections] = await Promise.all([connectToEach(t, gate, { count: 50, workers }), pause(10_500)]) // tokens are used for ten seconds at least
      const before = gate.log('request.finished').length
      slow.milliseconds = 8_000
      const asked = Promise.all(connections.map((connection, index) => connection.ask(`/data/${index}`, script)))
      await pause(2_000)
      if (restarts) await redis.restart()
      const answers = await asked
      t.strictSame(answers.filter(({ status, body }) => status !== 200 || body !== 'for ada@example.com').map(({ status }) => status), [])
      t.equal(answers.length, 50)
      t.equal(slow.refreshes, round + 1)
      t.equal(new Set((await gate.logged('request.finished', before + 50)).slice(before).map(({ worker }) => worker)).size, workers)
    }
    t.equal((await gate.logged('session.refreshed', 2)).length, 2)
    t.strictSame(gate.log('session.ended'), [])
  })

  t.test(`${workers}: a Redis that is killed under load and comes back after ten seconds: no session is lost, nobody is taken for somebody else, 503 meanwhile`, onlyInCi('ten seconds without a Redis'), async t => {
    t.setTimeout(120_000)
    const redis = await startRedis(t, lasting(t))
    if (redis === null) return
    const gate = await serveGate(t, { workers, settings: { session_store: redis.url } })
    const people = await Promise.all(Array.from({ length: 20 }, async (_, index) => {
      const [login, visitor] = [index % 2 === 0 ? 'ada' : 'ben', new Visitor()]
      t.equal((await visitor.signIn(`${gate.origin}/`, login)).status, 200)
      return { visitor, own: `for ${login}@example.com`, before: cookiesOf(visitor) }
    }))
    const counts = { own: 0, unavailable: 0 }
    const others: string[] = []
    let running = true
    const load = Promise.all(people.map(async ({ visitor, own }) => {
      for (; running; await pause(50)) {
        const { status, body, headers, setCookies } = await visitor.ask(`${gate.origin}/data`)
        if (status === 200 && body === own) counts.own++
        else if (status === 503 && headers['x-oauth-gate'] === 'GATE_STORE_UNAVAILABLE' && headers['retry-after'] !== undefined && setCookies.length === 0) counts.unavailable++
        else others.push(`${status} ${body}`)
      }
    }))
    await pause(1_000)
    await redis.kill()
    await pause(10_000)
    const meanwhile = { ...counts }
    await redis.restart()
    for (const end = Date.now() + 10_000; (await new Visitor().ask(`${gate.origin}/ready`)).status !== 200 && Date.now() < end;) await pause(50)
    await pause(1_500)
    running = false
    await load
    t.comment(`${counts.own} pages, ${counts.unavailable} times 503`)
    t.strictSame(others, [])
    t.ok(meanwhile.own > 20 && meanwhile.unavailable > 200 && counts.own > meanwhile.own)
    for (const { visitor, own, before } of people) {
      t.match(await visitor.ask(`${gate.origin}/data`), { status: 200, body: own })
      t.equal(cookiesOf(visitor), before)
    }
    t.strictSame(gate.log('session.ended'), [])
    t.strictSame([(await gate.logged('store.lost', workers)).length, (await gate.logged('store.back', workers)).length], [workers, workers], 'each process says it once')
  })
}
