// A gate that loses its Redis for a while hears nothing of what happens at the others: it has to look for itself once the Redis is back.
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { freePort, startGate, type LogLine, type Running } from '../fixtures/gate.ts'
import { personCalled } from '../fixtures/people.ts'
import { startRedis } from '../fixtures/redis.ts'
import { openSocket, startBusyApp } from '../fixtures/served.ts'
import { Visitor } from '../fixtures/visitor.ts'

/** The way of one gate to the Redis, which can be cut. */
async function startWay (t: Test, to: number) {
  const port = await freePort()
  const sockets = new Set<Socket>()
  let open = true
  const server = createServer(here => {
    if (!open) return here.destroy()
    const there = connect(to, '127.0.0.1')
    for (const [one, other] of [[here, there], [there, here]] as const) {
      sockets.add(one)
      one.on('error', () => {}).on('close', () => {
        sockets.delete(one)
        other.destroy()
      }).pipe(other)
    }
  })
  await new Promise<void>(resolve => { server.listen(port, '127.0.0.1', resolve) })
  const cut = () => {
    open = false
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(() => {
    cut()
    server.close()
  })
  return { url: `redis://127.0.0.1:${port}`, cut, mend () { open = true } }
}

/** The gates' clocks go as the real one does. */
function letTimePass (t: Test, ...gates: readonly Running[]): void {
  const timer = setInterval(() => { for (const { outside } of gates) outside.time = Date.now() }, 20)
  t.teardown(() => { clearInterval(timer) })
}

const ways = [['sessions in Redis', 'sessionStore'], ['sessions in cookies', 'revocationStore']] as const

for (const [what, setting] of ways) {
  t.test(`${what}: who signed out elsewhere while this gate heard nothing is out as soon as it hears again, with what is open`, async t => {
    const redis = await startRedis(t)
    if (redis === null) return
    const way = await startWay(t, redis.port)
    const log: LogLine[] = []
    const app = { url: (await startBusyApp(t)).url, received: [] }
    const one = await startGate(t, { app, settings: { cookieName: 'site', [setting]: redis.url } })
    const other = await startGate(t, { app, log, settings: { cookieName: 'site', oauthIssuer: one.provider.issuer, [setting]: way.url } })
    letTimePass(t, one, other)
    const [ada, ben] = [new Visitor(), new Visitor()]
    await ada.signIn(`${one.origin}/`, 'ada')
    await ben.signIn(`${one.origin}/`, 'ben')
    const [ofAda, ofBen] = [await openSocket(other.origin, ada), await openSocket(other.origin, ben)]
    way.cut()
    while (!log.some(({ event }) => event === 'store.lost')) await sleep(10)
    t.equal((await ada.navigate(`${one.origin}/oauth2/sign_out`, { method: 'POST', headers: { origin: one.origin, 'sec-fetch-site': 'same-origin' } })).status, 200)
    t.equal(await Promise.race([ofAda.closed, sleep(1_000, 'open')]), 'open', 'nobody could know')
    way.mend()
    while (!log.some(({ event }) => event === 'store.back')) await sleep(10)
    const back = Date.now()
    t.equal(await Promise.race([ofAda.closed, sleep(2_000, 'open')]), 4401)
    t.comment(`closed ${Date.now() - back} ms after the store was back`)
    t.ok(ofBen.socket.readyState === ofBen.socket.OPEN, 'and nobody else’s')
  })
}

for (const [what, setting] of ways) {
  t.test(`${what}: whom a refresh elsewhere has shut out while this gate heard nothing is out as soon as it hears again, with what is open`, async t => {
    const redis = await startRedis(t)
    if (redis === null) return
    const way = await startWay(t, redis.port)
    const log: LogLine[] = []
    const people = [personCalled('ada'), personCalled('ben')]
    const app = { url: (await startBusyApp(t)).url, received: [] }
    const settings = { cookieName: 'site', oauthRefreshTokens: true, rules: [{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/', allow: 'signed-in' }] } as const
    const one = await startGate(t, { app, settings: { ...settings, [setting]: redis.url }, provider: { refreshTokens: true, accessTokenLife: 120, people } })
    const other = await startGate(t, { app, log, settings: { ...settings, oauthIssuer: one.provider.issuer, [setting]: way.url } })
    const ada = new Visitor()
    t.equal((await ada.signIn(`${one.origin}/admin`, 'ada')).status, 200)
    const [inAdmin, elsewhere] = [await openSocket(other.origin, ada, '/admin/ws'), await openSocket(other.origin, ada)]
    way.cut()
    while (!log.some(({ event }) => event === 'store.lost')) await sleep(10)
    const [before] = people as [typeof people[number]]
    people[0] = { ...before, claims: { ...before.claims, groups: ['staff'] } }
    for (const { outside } of [one, other]) outside.advance(95_000)
    t.equal((await ada.navigate(`${one.origin}/admin`)).status, 403)
    t.equal(await Promise.race([inAdmin.closed, sleep(1_000, 'open')]), 'open', 'nobody could know')
    way.mend()
    while (!log.some(({ event }) => event === 'store.back')) await sleep(10)
    t.equal(await Promise.race([inAdmin.closed, sleep(2_000, 'open')]), 4401)
    t.equal(elsewhere.socket.readyState, elsewhere.socket.OPEN, 'but not from where everybody may be')
  })
}
