import { once } from 'node:events'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import type { Settings } from '../../src/config/options.ts'
import { startApp, startGate, type GateSetup, type LogLine, type Running } from '../fixtures/gate.ts'
import { personCalled, type Person } from '../fixtures/people.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor, type Answer } from '../fixtures/visitor.ts'

/** Seconds. Renewed a quarter before. */
const LIFE = 120
const DUE = 95_000
const XHR = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' }

/** A page as an app sends one, that says who it is for and wants to be kept. */
async function pages (t: Test) {
  return await startApp(t, (request, response) => {
    response.setHeader('content-type', request.url === '/data' ? 'application/json' : 'text/html').setHeader('cache-control', 'public, max-age=600').end(JSON.stringify(request.headers))
  })
}

type Started = Running & { readonly visitor: Visitor, readonly people: Person[], readonly log: LogLine[], readonly tokenCalls: () => number, readonly change: (claims: Record<string, unknown>) => void }

async function signedIn (t: Test, settings: Settings = {}, more: Partial<GateSetup> = {}): Promise<Started> {
  const log: LogLine[] = []
  const people = [personCalled('ada'), personCalled('ben')]
  const running = await startGate(t, {
    app: await pages(t), log, ...more,
    settings: { oauthRefreshTokens: true, ...settings },
    provider: { refreshTokens: true, accessTokenLife: LIFE, people, ...more.provider }
  })
  const visitor = new Visitor()
  const tokenCalls = () => running.provider.requests.filter(({ path }) => path === '/token').length
  const change = (claims: Record<string, unknown>) => {
    const at = people.findIndex(({ login }) => login === 'ada')
    const ada = people[at] as Person
    people[at] = { ...ada, claims: { ...ada.claims, ...claims } }
  }
  const page = await visitor.signIn(`${running.origin}/`, 'ada')
  t.equal(page.status, 200)
  return { ...running, visitor, people, log, tokenCalls, change }
}

const told = (answer: Answer) => JSON.parse(answer.body) as Record<string, string>
const events = (log: LogLine[], event: string) => log.filter(line => line['event'] === event)
const sessionCookies = ({ setCookies }: Answer) => setCookies.filter(line => /^oauth-gate-\d+(?:\.\d)?=/.test(line))

t.test('checklist 44: with an expired token and no websocket, ten parallel requests refresh it once, and every page is served', async t => {
  const { origin, visitor, outside, tokenCalls, log, app } = await signedIn(t)
  t.equal(tokenCalls(), 1)
  outside.advance(DUE)
  const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => index % 2 === 0 ? visitor.navigate(`${origin}/page/${index}`) : visitor.ask(`${origin}/data`, { headers: XHR })))
  t.strictSame(answers.map(({ status }) => status), Array<number>(10).fill(200))
  t.equal(tokenCalls(), 2, 'one request for all')
  t.strictSame(events(log, 'session.refreshed').map(({ user, version }) => [user, version]), [['ada@example.com', 1]])
  t.strictSame(app.received.slice(-10).map(({ headers }) => headers['x-forwarded-user']), Array<string>(10).fill('ada@example.com'))
  for (const answer of answers.filter((_, index) => index % 2 === 1)) t.match(answer, { setCookies: [], headers: { 'cache-control': 'public, max-age=600' } }, 'data goes without a cookie, and may be kept')
  for (const answer of answers.filter((_, index) => index % 2 === 0)) {
    t.equal(sessionCookies(answer).length, 1)
    t.equal(answer.headers['cache-control'], 'no-store', 'nobody keeps a page with a session in it')
  }
  const next = await visitor.navigate(`${origin}/next`)
  t.strictSame([next.status, next.setCookies, next.headers['cache-control']], [200, [], 'public, max-age=600'], 'which the browser then has')
  t.equal(tokenCalls(), 2)
})

t.test('checklist 45: a refresh that is refused ends the session: back to sign in, without a loop, and 401 for a script', async t => {
  const { origin, visitor, outside, people, tokenCalls, log } = await signedIn(t)
  const [copy, script] = [new Visitor(), new Visitor()]
  for (const other of [copy, script]) for (const [host, jar] of visitor.cookies) other.cookies.set(host, new Map(jar))
  outside.advance(DUE)
  const [ada] = people.splice(0, 1)
  const away = await visitor.navigate(`${origin}/page`)
  t.match(away, { status: 302, location: /\/oauth2\/start/ })
  t.match(sessionCookies(away), [/Max-Age=0/], 'and the cookie goes')
  t.equal(tokenCalls(), 2, 'the token was sent once')
  t.match(events(log, 'session.ended'), [{ cause: 'refresh-refused', code: 'GATE_GRANT_REFUSED' }])
  t.match(await script.ask(`${origin}/data`, { headers: XHR }), { status: 401, setCookies: [], headers: { 'x-oauth-gate': 'GATE_LOGIN_REQUIRED' } })
  t.match(await copy.navigate(`${origin}/page`), { status: 302 }, 'nor does a copy of the cookie help')
  people.push(ada as Person)
  t.equal((await visitor.signIn(`${origin}/page`, 'ada')).status, 200, 'who signs in again is in')
  t.equal((await visitor.navigate(`${origin}/page`)).status, 200)
})

t.test('who they are is asked again: new groups reach the app', async t => {
  const { origin, visitor, outside, change } = await signedIn(t)
  t.equal(told(await visitor.navigate(`${origin}/`))['x-forwarded-groups'], 'admins,staff')
  change({ groups: ['readers'], name: 'Ada King' })
  t.equal(told(await visitor.navigate(`${origin}/`))['x-forwarded-groups'], 'admins,staff', 'not before')
  outside.advance(DUE)
  t.match(told(await visitor.ask(`${origin}/data`, { headers: XHR })), { 'x-forwarded-groups': 'readers', 'x-forwarded-name': 'Ada King' })
})

t.test('who may no longer enter when it is asked again is out, websockets too', async t => {
  const app = await startApp(t)
  const { origin, visitor, outside, change, tokenCalls } = await signedIn(t, { allowedGroups: ['admins'] }, { app })
  change({ groups: ['staff'] })
  outside.advance(DUE)
  const seen = app.received.length
  t.match(await visitor.navigate(`${origin}/page`), { status: 403, headers: { 'x-oauth-gate': 'GATE_ACCESS_DENIED' } })
  t.match(await visitor.ask(`${origin}/data`, { headers: XHR }), { status: 403 })
  t.equal(app.received.length, seen, 'and the app hears nothing of it')
  t.equal(tokenCalls(), 2)
  change({ groups: ['admins'] })
  t.match(await visitor.navigate(`${origin}/page`), { status: 403 }, 'nor is it asked at every request')
  outside.advance(DUE)
  t.match(await visitor.navigate(`${origin}/page`), { status: 200 }, 'who may again is in again')
})

t.test('a provider that rotates its tokens gives the next one each time; one that was used is never sent again', async t => {
  const { origin, visitor, outside, tokenCalls, log } = await signedIn(t)
  for (let round = 1; round <= 4; round++) {
    outside.advance(DUE)
    t.equal((await visitor.ask(`${origin}/data`, { headers: XHR })).status, 200)
    t.equal((await visitor.ask(`${origin}/data`, { headers: XHR })).status, 200)
    t.equal(tokenCalls(), 1 + round, `round ${round}`)
  }
  t.strictSame(events(log, 'session.ended'), [], 'which the provider would have ended it for, though the browser still had the first cookie')
  t.equal(sessionCookies(await visitor.navigate(`${origin}/`)).length, 1, 'until a page brings it the newest')
})

t.test('its absolute end stays where it was', async t => {
  const { origin, visitor, outside } = await signedIn(t, { oauthExpiryDays: 0.0023 })
  outside.advance(DUE)
  const [cookie] = sessionCookies(await visitor.navigate(`${origin}/`))
  t.match(cookie, /Max-Age=10[0-4];/)
  outside.advance(106_000)
  t.match(await visitor.navigate(`${origin}/`), { status: 302 })
})

t.test('a provider that is down is ours to mend: the request passes, the session goes on, and it is tried again with pauses', async t => {
  const { origin, visitor, outside, provider, log } = await signedIn(t)
  await provider.close()
  outside.advance(DUE)
  t.match(await visitor.navigate(`${origin}/page`), { status: 200, setCookies: [] })
  t.match(events(log, 'session.refresh_failed'), [{ code: 'GATE_PROVIDER_UNREACHABLE', again_in_s: 10, hint: /./ }])
  t.match(await visitor.navigate(`${origin}/page`), { status: 200 })
  t.equal(events(log, 'session.refresh_failed').length, 1, 'not at every request')
  outside.advance(10_000)
  t.match(await visitor.navigate(`${origin}/page`), { status: 200 })
  for (let wait = 0; wait < 50 && events(log, 'session.refresh_failed').length < 2; wait++) await new Promise(resolve => { setTimeout(resolve, 20) })
  t.match(events(log, 'session.refresh_failed')[1], { again_in_s: 20 })
  t.strictSame(events(log, 'session.ended'), [])
})

t.test('sign-out drops everything: neither the old cookie nor the new one opens anything', async t => {
  const { origin, visitor, outside, tokenCalls } = await signedIn(t)
  const old = new Map(visitor.cookies.get('127.0.0.1'))
  outside.advance(DUE)
  await visitor.navigate(`${origin}/`)
  const fresh = new Map(visitor.cookies.get('127.0.0.1'))
  t.notSame(old, fresh)
  const out = await visitor.ask(`${origin}/oauth2/sign_out`, { form: {}, headers: { origin } })
  t.match(out, { status: 200 })
  t.match(sessionCookies(out), [/Max-Age=0/])
  const calls = tokenCalls()
  for (const jar of [old, fresh]) {
    const copy = new Visitor()
    copy.cookies.set('127.0.0.1', jar)
    t.match(await copy.ask(`${origin}/data`, { headers: XHR }), { status: 401 })
  }
  t.equal(tokenCalls(), calls, 'and the provider is not asked')
})

t.test('signing out with a cookie that was replaced sets no session, and asks nobody', async t => {
  const { origin, visitor, outside, tokenCalls } = await signedIn(t)
  outside.advance(DUE)
  await visitor.ask(`${origin}/data`, { headers: XHR })
  const out = await visitor.ask(`${origin}/oauth2/sign_out`, { form: {}, headers: { origin } })
  t.match(sessionCookies(out), [/Max-Age=0/])
  t.equal(sessionCookies(out).length, 1)
  t.equal(tokenCalls(), 2)
  t.match(await visitor.navigate(`${origin}/`), { status: 302 })
})

t.test('replay: the old cookie, long after the browser has the new one, ends the session for whoever has a copy', async t => {
  const { origin, visitor, outside, tokenCalls, log } = await signedIn(t)
  const thief = new Visitor()
  thief.cookies.set('127.0.0.1', new Map(visitor.cookies.get('127.0.0.1')))
  outside.advance(DUE)
  await visitor.navigate(`${origin}/`)
  await visitor.navigate(`${origin}/`)
  t.match(await thief.ask(`${origin}/data`, { headers: XHR }), { status: 200 }, 'what was under way passes')
  outside.advance(31_000)
  t.match(await thief.ask(`${origin}/data`, { headers: XHR }), { status: 401 })
  t.match(await visitor.navigate(`${origin}/`), { status: 302 }, 'the safe side')
  t.match(events(log, 'session.ended'), [{ cause: 'replay' }])
  t.equal(tokenCalls(), 2, 'and the token that was spent is not sent again')
})

t.test('an open websocket stays open when tokens are renewed, and closes when its person is out', async t => {
  const server = createServer((_request, response) => { response.setHeader('content-type', 'text/html').end('a page') })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', socket => socket.on('message', data => socket.send(String(data))))
  t.teardown(() => { sockets.close() })
  const { origin, visitor, outside, change, tokenCalls, log } = await signedIn(t, { allowedGroups: ['admins'] }, { app: { url: await startServer(t, server), received: [] } })
  const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
  const open = async () => {
    const socket = new WebSocket(origin.replace('http', 'ws'), { headers: { cookie, origin } })
    await once(socket, 'open')
    return socket
  }
  const socket = await open()
  outside.advance(DUE)
  const other = await open()
  t.equal(tokenCalls(), 2, 'a handshake renews as well')
  await new Promise(resolve => { setTimeout(resolve, 700) }) // longer than it takes to notice an end
  for (const each of [socket, other]) {
    each.send('still here')
    t.equal(String((await once(each, 'message'))[0]), 'still here')
  }
  change({ groups: [] })
  outside.advance(DUE)
  const ends = [socket, other].map(async each => await once(each, 'close') as [number, Buffer])
  t.match(await visitor.navigate(`${origin}/`), { status: 403 })
  for (const end of ends) t.equal((await end)[0], 4401)
  t.strictSame(events(log, 'session.ended'), [])
})

t.test('no token is in any log line, page or address', async t => {
  const { origin, visitor, outside, log, app } = await signedIn(t, { passAccessToken: true })
  const before = app.received.at(-1)?.headers['x-forwarded-access-token']
  outside.advance(DUE)
  const page = await visitor.navigate(`${origin}/page`)
  const after = app.received.at(-1)?.headers['x-forwarded-access-token']
  t.ok(typeof before === 'string' && typeof after === 'string' && before !== after, 'the app has the new one')
  const all = [JSON.stringify(log), visitor.seen.join(' '), JSON.stringify(page.headers)].join(' ')
  for (const token of [before, after]) t.notOk(all.includes(token as string))
  t.notMatch(JSON.stringify(log), /refresh_token|eyJ/)
})
