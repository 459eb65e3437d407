import { Agent, request } from 'node:http'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { startGate } from '../fixtures/gate.ts'
import { cookiesOf, Visitor } from '../fixtures/visitor.ts'

type Headers = Readonly<Record<string, string>>

/** All that is asked goes by one connection, as a proxy in front has it. */
function shareConnection (t: Test): (url: string, headers: Headers, method?: string) => Promise<{ status: number | undefined, body: string, reused: boolean }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  return async (url, headers, method = 'GET') => {
    const sent = request(url, { agent, headers, method }).end()
    const [answer] = await once(sent, 'response')
    return { status: answer.statusCode, body: await text(answer), reused: sent.reusedSocket }
  }
}

t.test('mix-up: of several people on one connection each is who their own cookie says', async t => {
  const { origin, app } = await startGate(t)
  const [ada, ben] = [new Visitor(), new Visitor()]
  await ada.signIn(`${origin}/`, 'ada')
  await ben.signIn(`${origin}/`, 'ben')
  const ask = shareConnection(t)
  const people = [[cookiesOf(ada), 'ada@example.com'], [cookiesOf(ben), 'ben@example.com'], [`${cookiesOf(ada)}; a=1`, 'ada@example.com'], ['a=1', undefined], ['', undefined]] as const
  for (const [cookie, user] of [...people, ...people.toReversed(), ...people]) {
    const before = app.received.length
    const { status } = await ask(`${origin}/page`, cookie === '' ? {} : { cookie })
    t.equal(status, user === undefined ? 401 : 200)
    t.equal(app.received.length - before, user === undefined ? 0 : 1)
    if (user !== undefined) t.equal(app.received.at(-1)?.headers['x-forwarded-user'], user)
    if (user !== undefined) t.equal(app.received.at(-1)?.headers['cookie'], cookie.includes('a=1') ? 'a=1' : undefined, 'and the app sees the other cookies of that very request')
  }
  t.ok((await ask(`${origin}/page`, {})).reused)
})

t.test('a session that has ended is over on the connection by which it was used, too', async t => {
  const { origin } = await startGate(t)
  const ada = new Visitor()
  await ada.signIn(`${origin}/`, 'ada')
  const ask = shareConnection(t)
  const headers = { cookie: cookiesOf(ada) }
  t.equal((await ask(`${origin}/page`, headers)).status, 200)
  t.equal((await ask(`${origin}/oauth2/sign_out`, { ...headers, origin }, 'POST')).status, 200)
  t.match(await ask(`${origin}/page`, headers), { status: 401, reused: true })
})

t.test('spoofing: each request of a connection is from where it says itself, where its proxy is trusted', async t => {
  const { origin, app } = await startGate(t, { settings: { trustedProxy: ['127.0.0.1'] } })
  const ada = new Visitor()
  await ada.signIn(`${origin}/`, 'ada')
  const ask = shareConnection(t)
  const cookie = cookiesOf(ada)
  const from = (address: string, host?: string): Headers => ({ cookie, 'x-forwarded-for': address, ...host !== undefined && { 'x-forwarded-host': host } })
  for (const [headers, address, host] of [
    [from('203.0.113.1'), '203.0.113.1', undefined], [from('203.0.113.2'), '203.0.113.2', undefined], [from('203.0.113.2', 'b.example'), '203.0.113.2', 'b.example'],
    [from('203.0.113.2', 'c.example'), '203.0.113.2', 'c.example'], [{ cookie }, '127.0.0.1', undefined], [from('203.0.113.1'), '203.0.113.1', undefined]
  ] as const) {
    t.equal((await ask(`${origin}/page`, headers)).status, 200)
    t.match(app.received.at(-1)?.headers, { 'x-real-ip': address, 'x-forwarded-host': host ?? new URL(origin).host })
  }
})

t.test('hosts: one connection may ask for several, and each is judged by itself', async t => {
  const { origin, app } = await startGate(t, { settings: { rules: [{ host: 'open.example', path: '/', allow: 'public' }, { host: 'shut.example', path: '/', allow: 'signed-in' }] } })
  const ask = shareConnection(t)
  for (const [host, status] of [['open.example', 200], ['shut.example', 401], ['open.example', 200], ['shut.example', 401]] as const) {
    t.equal((await ask(`${origin}/page`, { host })).status, status, host)
  }
  t.equal(app.received.length, 2)
})
