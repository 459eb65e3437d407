// The same faults before a gate of two processes, as people run it.
import t, { type Test } from 'tap'
import { freePort } from '../fixtures/gate.ts'
import { startInjector, type Fault } from '../fixtures/injector.ts'
import { onlyInCi } from '../fixtures/lacking.ts'
import { startRedis, type TestRedis } from '../fixtures/redis.ts'
import { serveGate } from '../fixtures/served.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { startFaultyApp } from './app.ts'
import { until } from './cell.ts'
import { comeBack, outcomeOf } from './moments.ts'
import type { Link } from './stage.ts'

async function stageOf (t: Test, redis: TestRedis) {
  const [app, providerPort] = [await startFaultyApp(t), await freePort()]
  const links = { app: await startInjector(t, { to: app.port }), provider: await startInjector(t, { to: providerPort }), store: await startInjector(t, { to: redis.port }) }
  const gate = await serveGate(t, {
    workers: 2,
    provider: { address: '127.0.0.1', port: providerPort, issuer: `http://localhost:${links.provider.port}` },
    settings: { upstream: `http://127.0.0.1:${links.app.port}`, session_store: `redis://127.0.0.1:${links.store.port}`, upstream_timeout: '2s' }
  })
  return { app, links, gate }
}

const strikes: readonly { readonly link: Link, readonly fault: Fault, readonly page: string, readonly login: string }[] = [
  { link: 'app', fault: { kind: 'reset', after: 0 }, page: 'GATE_UPSTREAM_UNREACHABLE', login: 'GATE_UPSTREAM_UNREACHABLE' },
  { link: 'app', fault: { kind: 'truncate', after: 400 }, page: 'cut', login: 'cut' },
  { link: 'app', fault: { kind: 'hang', after: 0 }, page: 'GATE_UPSTREAM_TIMEOUT', login: 'GATE_UPSTREAM_TIMEOUT' },
  { link: 'provider', fault: { kind: 'refuse' }, page: 'served', login: 'GATE_PROVIDER_UNREACHABLE' },
  { link: 'provider', fault: { kind: 'garbage', after: 0 }, page: 'served', login: 'GATE_PROVIDER_UNREACHABLE' },
  { link: 'store', fault: { kind: 'refuse' }, page: 'GATE_STORE_UNAVAILABLE', login: 'GATE_STORE_UNAVAILABLE' },
  { link: 'store', fault: { kind: 'hang', after: 0 }, page: 'GATE_STORE_UNAVAILABLE', login: 'GATE_STORE_UNAVAILABLE' }
]

t.test('faults before two workers let nobody in, sign nobody out, and are over when they are lifted', onlyInCi('two processes, and faults that only deadlines end'), async t => {
  t.setTimeout(120_000)
  const redis = await startRedis(t)
  if (redis === null) return
  const { app, links, gate } = await stageOf(t, redis)
  const page = `${gate.origin}/page`
  const ada = new Visitor()
  t.equal((await ada.signIn(page, 'ada')).status, 200)
  const workers = gate.children()
  for (const { link, fault, page: seen, login } of strikes) {
    const [back, visitor] = [new Visitor(), new Visitor()]
    const at = await comeBack(back, gate.origin)
    await new Promise(resolve => { setTimeout(resolve, 1_100) }) // what was found in the store counts for a second
    await links[link].set(fault)
    const what = `${link} ${fault.kind}`
    const many = Array.from({ length: 10 }, () => outcomeOf(ada.navigate(page), 'ada'))
    t.strictSame(new Set(await Promise.all(many)), new Set([seen]), `${what}: whichever worker it is`)
    t.equal(await outcomeOf(back.follow(at), 'ada'), login, `${what}: at a sign-in`)
    t.match(await outcomeOf(visitor.navigate(page), 'nobody'), /^(?:signed out|GATE_STORE_UNAVAILABLE)$/, `${what}: nobody is let in`)
    await links[link].lift()
    let found = ''
    await until(async () => {
      found = links[link].struck > 0 ? '' : (await Promise.all(Array.from({ length: 6 }, () => outcomeOf(ada.navigate(page), 'ada')))).find(outcome => outcome !== 'served') ?? 'served'
      return found === 'served'
    })
    t.equal(found, 'served', `${what}: and all is well again`)
  }
  t.strictSame(gate.children(), workers, 'no process has ended')
  t.strictSame(gate.log('session.ended'), [])
  t.strictSame(gate.log().filter(({ code, event }) => code === 'GATE_UNEXPECTED' || event === 'worker.lost'), [])
  t.strictSame(app.asked.filter(({ user }) => user !== 'ada@example.com'), [])
})
