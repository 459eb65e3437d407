// Between a browser's old cookie and its new one there may be another configuration, and another process.
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { createFront } from '../../src/front.ts'
import type { Store } from '../../src/session/store/store.ts'
import { createMemoryStore } from '../../src/session/store/memory.ts'
import { CLIENT, COOKIE_SECRET, freePort, startApp, startGate, type Running } from '../fixtures/gate.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { farAway } from '../session/store/far.ts'

const LIFE = 120
const DUE = 95_000
const WINDOW = 30_000

/** What listens as `serve` has it, and can take another configuration. */
async function startFront (t: Test, { provider, app, outside }: Running, port: number, shared?: Store) {
  const origin = `http://127.0.0.1:${port}`
  const configOf = (more: Settings) => loadConfig({ env: {}, settings: { upstream: [app.url], port, cookieName: 'site', oauthProvider: 'oidc', oauthIssuer: provider.issuer, oauthKey: CLIENT.id, oauthSecret: CLIENT.secret, cookieSecret: COOKIE_SECRET, oauthRefreshTokens: true, logLevel: 'silent', ...more } }).config
  const front = await createFront(configOf({}), { outside, ...shared !== undefined && { shared } })
  const reload = async (more: Settings) => { (await front.prepare(configOf(more))).begin() }
  await reload({})
  await front.app.listen({ host: '127.0.0.1', port })
  t.teardown(() => front.drain(0))
  return { origin, reload }
}

for (const count of [1, 2]) {
  t.test(`with ${count}: the cookie of before a refresh counts for half a minute, and ends the session after that, whatever was reloaded in between`, async t => {
    const app = await startApp(t, (_request, response) => response.setHeader('content-type', 'text/html').end('a page'))
    const running = await startGate(t, { app, provider: { refreshTokens: true, accessTokenLife: LIFE } })
    const ports = await Promise.all(Array.from({ length: count }, freePort))
    running.provider.setRedirectUris(CLIENT.id, ports.map(port => `http://127.0.0.1:${port}`))
    const shared = count > 1 ? farAway(createMemoryStore({ outside: running.outside })) : undefined
    const fronts = await Promise.all(ports.map(port => startFront(t, running, port, shared)))
    const calls = () => running.provider.requests.filter(({ path }) => path === '/token').length
    const reload = async (title: string) => { for (const front of fronts) await front.reload({ title }) }
    const visitor = new Visitor()
    const [first] = fronts as [typeof fronts[number]]
    t.equal((await visitor.signIn(`${first.origin}/`, 'ada')).status, 200)
    const copy = { headers: { cookie: [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ') } }
    const old = async () => await Promise.all(fronts.map(async ({ origin }) => (await new Visitor().ask(`${origin}/data`, copy)).status))
    const all = (status: number) => Array<number>(count).fill(status)

    running.outside.advance(DUE)
    t.equal((await visitor.navigate(`${first.origin}/page`)).status, 200)
    t.equal(calls(), 2)
    await reload('Second')
    t.strictSame(await old(), all(200), 'the newer cookie was not shown yet')
    for (const { origin } of fronts) t.equal((await visitor.navigate(`${origin}/page`)).status, 200)
    await reload('Third')
    running.outside.advance(WINDOW - 1_000)
    t.strictSame(await old(), all(200))
    t.equal(calls(), 2, 'nobody renewed anew what was renewed')
    await reload('Fourth')
    running.outside.advance(1_001)
    t.equal((await visitor.navigate(`${first.origin}/page`)).status, 200)
    t.strictSame(await old(), all(401))
    for (const { origin } of fronts) t.equal((await visitor.ask(`${origin}/page`)).status, 401, 'and with it the whole session')
    t.equal(calls(), 2)
  })
}
