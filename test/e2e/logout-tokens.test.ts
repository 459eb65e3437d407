import { once } from 'node:events'
import { Agent, createServer, request, type IncomingMessage } from 'node:http'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import type { Settings } from '../../src/config/options.ts'
import { startGate, type LogLine, type Running, type TestApp } from '../fixtures/gate.ts'
import { startLogoutProvider, type LogoutProvider } from '../fixtures/logout-provider.ts'
import { startRedis } from '../fixtures/redis.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor, type Answer } from '../fixtures/visitor.ts'

const EVENTS = { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }
const SCRIPT = { accept: 'application/json', 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
const SAME = { sub: 'one', sid: 's-1', email: 'one@example.com' } // at each provider somebody else
let count = 0

const tokenOf = async (provider: LogoutProvider, claims: Record<string, unknown>) => await provider.sign({ jti: `jti-${count++}`, ...EVENTS, ...claims })
const tell = async ({ origin }: Pick<Running, 'origin'>, token: string): Promise<Answer> => await new Visitor().ask(`${origin}/oauth2/backchannel-logout`, { form: { logout_token: token } })
const isIn = async (visitor: Visitor, { origin }: Pick<Running, 'origin'>) => (await visitor.ask(`${origin}/data`, { headers: SCRIPT })).status === 200

interface Entry { readonly id: string, readonly provider: LogoutProvider, readonly key?: string, readonly more?: object }

async function startSeveral (t: Test, entries: readonly Entry[]): Promise<Running & { readonly log: LogLine[] }> {
  const log: LogLine[] = []
  const settings: Settings = {
    oauthProvider: undefined, oauthIssuer: undefined, oauthKey: undefined, oauthSecret: undefined,
    providers: entries.map(({ id, provider, key = 'gate', more }) => ({ id, label: id, oauthProvider: 'oidc', oauthIssuer: provider.issuer, oauthKey: key, oauthSecret: 'hush', ...more }))
  }
  return { ...await startGate(t, { log, settings }), log }
}

async function enter (running: Running, id: string, provider: LogoutProvider, claims: Record<string, unknown> = SAME): Promise<Visitor> {
  const visitor = new Visitor()
  provider.next = claims
  await visitor.follow(`${running.origin}/oauth2/start?provider=${id}&rd=%2F`)
  return visitor
}

t.test('a logout token ends sessions of its own provider, not those of another that has the same sub and sid', async t => {
  const now = () => Date.now()
  const [left, right] = [await startLogoutProvider(t, { now }), await startLogoutProvider(t, { now, clientId: 'second' })]
  const running = await startSeveral(t, [{ id: 'left', provider: left }, { id: 'right', provider: right, key: 'second' }])
  const who = { left: await enter(running, 'left', left), right: await enter(running, 'right', right) }
  const are = async () => [await isIn(who.left, running), await isIn(who.right, running)]
  running.outside.advance(1000)
  t.strictSame(await are(), [true, true])

  for (const [what, token] of [
    ['of the right, signed by the left', await tokenOf(left, { ...SAME, iss: right.issuer, aud: 'second' })],
    ['of the left, for the client of the right', await tokenOf(left, { ...SAME, aud: 'second' })],
    ['of the right, for the client of the left', await tokenOf(right, { ...SAME, aud: 'gate' })]
  ] as const) t.match(await tell(running, token), { status: 400, body: /invalid_request/ }, what)
  t.strictSame(await are(), [true, true], 'nobody was signed out by them')

  t.equal((await tell(running, await tokenOf(left, { sid: 's-1' }))).status, 200)
  t.strictSame(await are(), [false, true], 'by sid')
  t.equal((await tell(running, await tokenOf(right, { sub: 'one' }))).status, 200)
  t.strictSame(await are(), [false, false])
  who.left = await enter(running, 'left', left, { ...SAME, sid: 's-2' })
  running.outside.advance(1000)
  t.equal((await tell(running, await tokenOf(right, { sub: 'one' }))).status, 200)
  t.strictSame(await are(), [true, false], 'by sub')
  t.match(running.log.filter(({ cause }) => cause === 'back-channel'), [{ provider: 'left', by: 'sid' }, { provider: 'right', by: 'sub' }, { provider: 'right', by: 'sub' }])
})

t.test('the same jti of two providers is two tokens', async t => {
  const now = () => Date.now()
  const [left, right] = [await startLogoutProvider(t, { now }), await startLogoutProvider(t, { now, clientId: 'second' })]
  const running = await startSeveral(t, [{ id: 'left', provider: left }, { id: 'right', provider: right, key: 'second' }])
  const visitor = await enter(running, 'right', right)
  running.outside.advance(1000)
  t.equal((await tell(running, await tokenOf(left, { jti: 'same', sid: 's-1' }))).status, 200)
  t.equal((await tell(running, await tokenOf(right, { jti: 'same', sid: 's-1' }))).status, 200)
  t.notOk(await isIn(visitor, running))
})

t.test('where one client of a provider is there twice, its token ends the sessions of both', async t => {
  const provider = await startLogoutProvider(t, { now: () => Date.now() })
  const running = await startSeveral(t, [{ id: 'staff', provider }, { id: 'guests', provider, more: { oauthScope: ['openid', 'email'] } }])
  const [staff, guests] = [await enter(running, 'staff', provider), await enter(running, 'guests', provider)]
  running.outside.advance(1000)
  t.strictSame([await isIn(staff, running), await isIn(guests, running)], [true, true])
  t.equal((await tell(running, await tokenOf(provider, { sid: 's-1' }))).status, 200)
  t.strictSame([await isIn(staff, running), await isIn(guests, running)], [false, false])
})

t.test('a session that the provider ended is told apart from a sign-out: in the log, on the page and in a script’s 401', async t => {
  for (const how of ['sid', 'sub'] as const) {
    for (const sessionStore of ['cookie', 'memory']) {
      await t.test(`by ${how}, with sessions in ${sessionStore}`, async t => {
        const log: LogLine[] = []
        const provider = await startLogoutProvider(t, { now: () => Date.now() })
        const running = await startGate(t, { log, app: await startSocketApp(t), settings: { oauthIssuer: provider.issuer, sessionStore } })
        const [ended, out] = [new Visitor(), new Visitor()]
        for (const [visitor, claims] of [[ended, SAME], [out, { ...SAME, sub: 'two', sid: 's-2', email: 'two@example.com' }]] as const) {
          provider.next = claims
          t.equal((await visitor.follow(`${running.origin}/`)).status, 200)
        }
        running.outside.advance(1000)
        const cookie = [...ended.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
        const copy = [...out.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
        const socket = new WebSocket(`${running.origin.replace('http', 'ws')}/ws`, { headers: { cookie, origin: running.origin } })
        await once(socket, 'open')
        const closed = once(socket, 'close')
        t.equal((await tell(running, await tokenOf(provider, how === 'sid' ? { sid: 's-1' } : { sub: 'one' }))).status, 200)
        await out.navigate(`${running.origin}/oauth2/sign_out`, { form: {}, headers: { origin: running.origin, 'sec-fetch-site': 'same-origin' } })
        t.match((await closed).map(String), ['4401', 'session_ended'])
        t.match(JSON.parse((await ended.ask(`${running.origin}/data`, { headers: SCRIPT })).body), { ended: 'back-channel', reason: /^the sign-in service has signed you out/i })
        t.match((await ended.navigate(`${running.origin}/data`, { form: {}, headers: { origin: running.origin } })).body, /sign-in service has signed you out/i)
        t.match(JSON.parse((await new Visitor().ask(`${running.origin}/data`, { headers: { ...SCRIPT, cookie: copy } })).body), { ended: 'sign-out' })
        t.strictSame(log.filter(({ event }) => event === 'session.ended').map(({ cause }) => cause), ['back-channel', 'sign-out'])
        t.match(log.filter(({ event }) => event === 'connections.closed'), [{ cause: 'back-channel', websockets: 1 }])
      })
    }
  }
})

/** An app with a websocket. */
async function startSocketApp (t: Test): Promise<TestApp> {
  const app = createServer((_request, response) => { response.end('here') })
  const sockets = new WebSocketServer({ server: app })
  t.teardown(() => { for (const client of sockets.clients) client.terminate() })
  return { url: await startServer(t, app), received: [] }
}

t.test('a connection that brought a logout token is not kept: by the gate’s next start the provider would lose a token on it', async t => {
  const provider = await startLogoutProvider(t, { now: () => Date.now() })
  const { origin } = await startGate(t, { settings: { oauthIssuer: provider.issuer } })
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  const send = async (path: string, body: string) => {
    const asked = request(origin + path, { agent, method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } }).end(body)
    const [answer] = await once(asked, 'response') as [IncomingMessage]
    answer.resume()
    await once(answer, 'end')
    return [answer.statusCode, answer.headers.connection]
  }
  t.strictSame(await send('/oauth2/backchannel-logout', `logout_token=${await tokenOf(provider, { sid: 's-1' })}`), [200, 'close'])
  t.strictSame(await send('/oauth2/backchannel-logout', 'logout_token=x'), [400, 'close'])
  t.strictSame((await send('/oauth2/sign_out', ''))[1], 'keep-alive', 'others are')
})

for (const where of ['revocationStore', 'sessionStore'] as const) {
  t.test(`while the Redis of --${where === 'sessionStore' ? 'session' : 'revocation'}-store is stopped a logout token is not said to be done, and the next attempt counts`, async t => {
    const redis = await startRedis(t)
    if (redis === null) return
    const provider = await startLogoutProvider(t, { now: () => Date.now() })
    const log: LogLine[] = []
    const settings: Settings = { cookieName: 'site', oauthIssuer: provider.issuer, [where]: redis.url }
    const here = await startGate(t, { log, app: await startSocketApp(t), settings })
    const there = await startGate(t, { app: here.app, settings })
    const visitor = new Visitor()
    provider.next = SAME
    t.equal((await visitor.follow(`${here.origin}/`)).status, 200)
    for (const { outside } of [here, there]) outside.advance(1000)
    const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
    const socket = new WebSocket(`${here.origin.replace('http', 'ws')}/ws`, { headers: { cookie, origin: here.origin } })
    t.teardown(() => { socket.terminate() })
    await once(socket, 'open')
    const closed = once(socket, 'close')
    t.ok(await isIn(visitor, there))

    redis.freeze()
    const token = await tokenOf(provider, { sid: 's-1' })
    t.match(await tell(here, token), { status: 503, headers: { 'retry-after': /^\d+$/, 'cache-control': 'no-store' }, body: /temporarily_unavailable/ })
    t.match((await closed).map(String), ['4401', 'session_ended'], 'what is open in the gate that heard it closes at once')
    t.notOk(log.some(({ event, cause }) => event === 'session.ended' && cause === 'back-channel'), 'the log does not say that it is done')
    redis.thaw()
    t.ok(await within(10_000, () => isIn(visitor, there)), 'where nobody heard it the session goes on')

    t.ok(await within(10_000, async () => (await tell(here, token)).status === 200), 'the same token once more')
    t.ok(await within(2_000, async () => !await isIn(visitor, there)), 'and it holds everywhere')
    t.match(await tell(here, token), { status: 400, body: /jti has come before/ })
  })
}

async function within (milliseconds: number, holds: () => Promise<boolean>): Promise<boolean> {
  for (const end = Date.now() + milliseconds; Date.now() < end;) {
    if (await holds()) return true
    await new Promise(resolve => { setTimeout(resolve, 50) })
  }
  return false
}
