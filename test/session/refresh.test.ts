import { randomBytes } from 'node:crypto'
import t from 'tap'
import type { Identity } from '../../src/identity/identity.ts'
import { createCookieJar, type SetCookie } from '../../src/session/cookies.ts'
import { keepInCookies } from '../../src/session/keeping.ts'
import { createKeyring } from '../../src/session/keyring.ts'
import type { Session } from '../../src/session/opened.ts'
import { createRenewals, type Answer, type RenewalsOptions } from '../../src/session/renewals.ts'
import { createRevocations } from '../../src/session/revocations.ts'
import { keepTokens, type KeptTokens } from '../../src/session/session.ts'
import { createSessions, type SessionOptions } from '../../src/session/sessions.ts'
import { createMemoryStore } from '../../src/session/store/memory.ts'
import { createWindow } from '../../src/session/window.ts'
import { TestOutside } from '../fixtures/outside.ts'

const jar = createCookieJar({ port: 1, path: '/', sameSite: 'lax' }, true)
const ada: Identity = { provider: 'oidc', subject: '1', user: 'ada@example.com', email: 'ada@example.com', groups: ['admins'], teams: [], organizations: [], claims: {} }
const settings = { passAccessToken: false, passAuthorizationHeader: false, oauthRefreshTokens: true }
const HOUR = 3_600_000
const DUE = HOUR - 60_000
const key = randomBytes(32)

const header = (cookies: readonly SetCookie[]) => cookies.filter(({ options }) => options.maxAge > 0).map(({ name, value }) => `${name}=${value}`).join('; ')

interface More extends Partial<SessionOptions> { readonly answer?: (session: Session, tokens: KeptTokens, round: number) => Answer | Promise<Answer> }

/** One gate, whose provider gives `refresh-1`, `refresh-2` and so on, and counts. */
function setUp ({ answer, ...more }: More = {}) {
  const outside = new TestOutside()
  const store = createMemoryStore({ outside })
  const window = createWindow({ store, outside, seal: createKeyring(undefined, [key], outside).session })
  const sessions = createSessions({ keeping: keepInCookies({ seal: createKeyring(undefined, [key], outside).session, outside, gate: 'gate' }), revocations: createRevocations({ outside, lifetime: 24 * HOUR }), renews: true, outside, lifetime: 24 * HOUR, headers: identity => ['X-Groups', identity.groups.join()], refuse: () => null, window, ...more })
  const sent: (string | undefined)[] = []
  const events: string[] = []
  const give = (round: number): KeptTokens => keepTokens(settings, { accessToken: 'a', refreshToken: `refresh-${round}`, expiresAt: outside.now() + HOUR }, outside.now()) ?? {}
  const ask: RenewalsOptions['ask'] = async (session, tokens) => {
    sent.push(tokens.refresh)
    await new Promise(resolve => { setImmediate(resolve) })
    return await answer?.(session, tokens, sent.length) ?? { identity: { ...session.identity, groups: [`round-${sent.length}`] }, tokens: give(sent.length) }
  }
  const discarded: (string | undefined)[] = []
  const renewals = createRenewals({ sessions, window, outside, ask, discard (_session, { refresh }) { discarded.push(refresh) }, told: {
    renewed: ({ version }) => { events.push(`renewed ${version}`) },
    failed: (_session, error, again) => { events.push(`failed ${String(error)} ${again}`) },
    ended: (_session, cause) => { events.push(`ended ${cause}`) }
  } })
  const start = async () => header(await sessions.start(jar, undefined, ada, { tokens: give(0) }))
  /** What a request with this cookie gets: the session, and the cookie that comes with a page. */
  const request = async (cookie: string, mayAsk = true) => {
    const session = await sessions.open(jar, cookie)
    if (session === null) return { session, cookie }
    if (!renewals.isDue(session)) return { session, cookie }
    const current = await renewals.current(session, jar, cookie, mayAsk)
    return { session: current.session, cookie: header(current.setCookies?.() ?? []) || cookie }
  }
  return { outside, store, sessions, window, renewals, sent, events, discarded, give, start, request }
}

t.test('a token is renewed a minute before it ends, or a quarter of its life where that is short, and never at every request', t => {
  const now = 1_000_000_000_000
  const after = (life: number, more: object = {}) => ((keepTokens({ ...settings, ...more }, { accessToken: 'a', refreshToken: 'r', expiresAt: now + life, idToken: 'i', idTokenExpiresAt: now + 600_000 }, now)?.renewAt ?? NaN) - now) / 1000
  t.strictSame([HOUR, 300_000, 120_000, 60_000, 20_000, 1000, -5000].map(life => after(life)), [3540, 240, 90, 45, 15, 10, 10])
  t.equal(after(HOUR, { passAuthorizationHeader: true }), 540, 'an id_token that is passed on may end first')
  t.equal(keepTokens(settings, { accessToken: 'a', refreshToken: 'r' }, now), undefined, 'without an end nothing is kept: nobody would know when')
  t.equal(keepTokens(settings, { accessToken: 'a', expiresAt: now + HOUR }, now), undefined, 'nor without a refresh token')
  t.strictSame(keepTokens({ ...settings, oauthRefreshTokens: false, passAccessToken: true }, { accessToken: 'a', refreshToken: 'r', expiresAt: 5 }, now), { access: 'a', expiresAt: 5 }, 'a refresh token is not in a session that does not use it')
  t.end()
})

t.test('a session that needs no renewal asks nobody, and opened it has no refresh token', async t => {
  const { start, request, sent, outside, sessions } = setUp()
  const cookie = await start()
  outside.advance(DUE - 1)
  const { session } = await request(cookie)
  t.equal(session, await sessions.open(jar, cookie))
  t.strictSame(sent, [])
  t.notMatch(JSON.stringify(session), /refresh-/)
})

t.test('fifty requests with one cookie spend its token once, and all have the session of afterwards', async t => {
  const { start, request, sent, outside, events } = setUp()
  const cookie = await start()
  outside.advance(DUE)
  const answers = await Promise.all(Array.from({ length: 50 }, () => request(cookie)))
  t.strictSame(sent, ['refresh-0'])
  t.equal(new Set(answers.map(({ session }) => session)).size, 1)
  t.match(answers[0]?.session, { version: 1, identity: { groups: ['round-1'] }, headers: ['X-Groups', 'round-1'] })
  t.strictSame(events, ['renewed 1'])
})

t.test('the id and the absolute end stay; whoever asks again and again ends with the sign-in all the same', async t => {
  const { start, request, outside, sessions } = setUp()
  let cookie = await start()
  const first = await sessions.open(jar, cookie)
  for (let hour = 1; hour < 24; hour++) {
    outside.advance(HOUR)
    const now = await request(cookie)
    t.match(now.session, { id: first?.id, startedAt: first?.startedAt, expiresAt: first?.expiresAt, version: hour })
    cookie = now.cookie
  }
  outside.advance(HOUR)
  t.equal((await request(cookie)).session, null)
})

t.test('a rotated token: no spent one is ever sent again, though the browser has only ever had the first cookie', async t => {
  const { start, request, outside, sent, events } = setUp()
  const cookie = await start()
  for (let hour = 1; hour <= 5; hour++) {
    outside.advance(HOUR)
    t.match((await request(cookie)).session, { version: hour })
    t.match((await request(cookie)).session, { version: hour })
  }
  t.strictSame(sent, ['refresh-0', 'refresh-1', 'refresh-2', 'refresh-3', 'refresh-4'])
  t.notMatch(events.join(), /ended/)
})

t.test('replay: an old cookie counts for 30 seconds after the browser has shown the next one, then it is a copy and ends the session', async t => {
  const { start, request, outside, sent, events } = setUp()
  const old = await start()
  outside.advance(HOUR)
  const { cookie } = await request(old)
  outside.advance(10 * 60_000)
  t.match((await request(old)).session, { version: 1 }, 'ten minutes without a page: the browser still has nothing else')
  t.match((await request(cookie)).session, { version: 1 })
  outside.advance(29_999)
  t.match((await request(old)).session, { version: 1 })
  outside.advance(1)
  t.equal((await request(old)).session, null)
  t.equal((await request(cookie)).session, null, 'both, since nobody knows whose the copy is')
  t.strictSame(events, ['renewed 1', 'ended replayed'])
  t.strictSame(sent, ['refresh-0'])
})

t.test('replay: the copy is known as one also after the next renewal', async t => {
  const { start, request, outside, events, sent } = setUp()
  const old = await start()
  outside.advance(HOUR)
  const { cookie: second } = await request(old)
  await request(second)
  outside.advance(HOUR)
  t.match((await request(second)).session, { version: 2 })
  t.match((await request(second)).session, { version: 2 }, 'whose next cookie the browser does not have yet')
  t.equal((await request(old)).session, null)
  t.equal(events.at(-1), 'ended replayed')
  t.strictSame(sent, ['refresh-0', 'refresh-1'])
})

t.test('a browser that shows a cookie late, after the next but one was made, has the newest session; no spent token is sent', async t => {
  const { start, request, outside, sent, events } = setUp()
  const first = await start()
  outside.advance(HOUR)
  const { cookie: second } = await request(first)
  outside.advance(HOUR)
  t.match((await request(first)).session, { version: 2 }, 'a script renews again, with the cookie of before')
  for (let count = 0; count < 2; count++) t.match((await request(second)).session, { version: 2 })
  t.strictSame(sent, ['refresh-0', 'refresh-1'])
  t.notMatch(events.join(), /ended/)
})

t.test('where the newer cookie is lost nobody sends the token that made it: what was under way goes on with what it has, and the session ends half a minute later', async t => {
  const { start, request, outside, sent, events, store } = setUp()
  const cookie = await start()
  outside.advance(HOUR)
  const { session } = await request(cookie)
  t.equal(await store.remove(`renewed:${session?.id}`), true)
  for (const wait of [0, 29_999]) {
    outside.advance(wait)
    t.match((await request(cookie)).session, { version: 0 })
  }
  t.strictSame([sent, events], [['refresh-0'], ['renewed 1']])
  outside.advance(1)
  t.equal((await request(cookie)).session, null, 'nobody stays in with groups that nobody asks about any more')
  t.equal((await request(cookie)).session, null)
  t.strictSame([sent, events], [['refresh-0'], ['renewed 1', 'ended lost']])
})

t.test('where the newer cookie is lost in the store but not by the browser, its session goes on', async t => {
  const { start, request, outside, events, store } = setUp()
  const old = await start()
  outside.advance(HOUR)
  const { session, cookie } = await request(old)
  await store.set(`renewed:${session?.id}`, 'what does not open', HOUR)
  t.match((await request(old)).session, { version: 0 }, 'a request that was under way')
  outside.advance(10_000)
  t.match((await request(cookie)).session, { version: 1 })
  outside.advance(HOUR)
  const next = await request(cookie)
  t.match(next.session, { version: 2 }, 'and is renewed')
  await store.remove(`renewed:${session?.id}`)
  t.match((await request(cookie)).session, { version: 1 }, 'half a minute is for each that is lost')
  t.notMatch(events.join(), /ended/)
})

t.test('a sign-out while the provider gives new tokens: they are taken back, and none that a session has', async t => {
  const { start, request, outside, sessions, discarded, sent } = setUp()
  const [cookie, other] = [await start(), await start()]
  outside.advance(HOUR)
  const renewing = request(cookie)
  while (sent.length === 0) await new Promise(resolve => { setImmediate(resolve) })
  await sessions.end(await sessions.open(jar, cookie) as Session)
  t.equal((await renewing).session, null)
  t.match((await request(other)).session, { version: 1 })
  t.strictSame([sent, discarded], [['refresh-0', 'refresh-0'], ['refresh-1']])
})

t.test('what has ended leaves nothing of its cookies in the store', async t => {
  const { start, request, outside, sessions, store } = setUp()
  const cookie = await start()
  outside.advance(HOUR)
  const { session } = await request(cookie)
  const left = async () => await Promise.all(['versions', 'renewed'].map(async name => await store.get(`${name}:${session?.id}`) !== null))
  t.strictSame(await left(), [true, true])
  await sessions.end(session as Session)
  t.strictSame(await left(), [false, false])
})

t.test('replay: of many requests with the copy at once the log tells once', async t => {
  const { start, request, outside, events } = setUp()
  const old = await start()
  outside.advance(HOUR)
  await request((await request(old)).cookie)
  outside.advance(30_000)
  const answers = await Promise.all(Array.from({ length: 5 }, () => request(old)))
  t.ok(answers.every(({ session }) => session === null))
  t.strictSame(events, ['renewed 1', 'ended replayed'])
})

t.test('a refusal ends the session, for every copy of its cookie', async t => {
  const { start, request, outside, sessions, events, sent } = setUp({ answer: () => ({ ended: new Error('invalid_grant') }) })
  const cookie = await start()
  const held = await sessions.open(jar, cookie)
  outside.advance(DUE)
  const answers = await Promise.all([request(cookie), request(cookie)])
  t.strictSame(answers.map(({ session }) => session), [null, null])
  t.equal((await request(cookie)).session, null)
  t.equal(sessions.isLive(held as Session), false, 'what is open ends too')
  t.strictSame([sent.length, events], [1, ['ended refused']])
})

t.test('whatever else fails lets the request pass: with pauses that grow, in which nobody is asked, and after which nobody waits', async t => {
  let isDown = true
  const { start, request, outside, events, sent, give } = setUp({ answer (session) {
    if (isDown) throw new Error('down')
    return { identity: session.identity, tokens: give(9) }
  } })
  const cookie = await start()
  outside.advance(DUE)
  for (const seconds of [10, 20, 40, 80, 160, 300, 300]) {
    const before = sent.length
    t.match((await request(cookie)).session, { version: 0 })
    await request(cookie)
    await new Promise(resolve => { setTimeout(resolve, 5) })
    t.equal(sent.length, before + 1)
    t.equal(events.at(-1), `failed Error: down ${seconds * 1000}`)
    outside.advance(seconds * 1000)
  }
  isDown = false
  t.match((await request(cookie)).session, { version: 0 }, 'this one still does not wait')
  await new Promise(resolve => { setTimeout(resolve, 5) })
  t.match((await request(cookie)).session, { version: 1 })
  t.notMatch(events.join(), /ended/)
  isDown = true
  outside.advance(HOUR)
  await request(cookie)
  t.equal(events.at(-1), 'failed Error: down 10000', 'a success ends the pauses: the next failure begins anew')
})

t.test('tokens that came are kept though nobody could be asked who they are for; that is made good a minute later', async t => {
  const { start, request, outside, events, sent, give } = setUp({ answer: (session, _tokens, round) => round === 1 ? { identity: session.identity, tokens: give(1), failure: new Error('userinfo down') } : { identity: { ...session.identity, groups: ['new'] }, tokens: give(round) } })
  const cookie = await start()
  outside.advance(DUE)
  t.match((await request(cookie)).session, { version: 1, identity: { groups: ['admins'] } })
  outside.advance(59_999)
  await request(cookie)
  t.equal(sent.length, 1)
  outside.advance(1)
  t.match((await request(cookie)).session, { version: 2, identity: { groups: ['new'] } })
  t.strictSame(sent, ['refresh-0', 'refresh-1'], 'the new token, not the spent one')
  t.strictSame(events, ['failed Error: userinfo down 60000', 'renewed 2'])
})

t.test('signing out while it is under way: what comes back is dropped', async t => {
  const { start, request, outside, sessions, events } = setUp()
  const cookie = await start()
  outside.advance(DUE)
  const session = await sessions.open(jar, cookie) as Session
  const waiting = request(cookie)
  await sessions.end(session)
  t.match(await waiting, { session: null, cookie })
  t.equal((await request(cookie)).session, null)
  t.strictSame(events, [])
})

t.test('signing out ends the session of all its cookies, and none of them is handed out any more', async t => {
  const { start, outside, sessions, renewals, request } = setUp()
  const old = await start()
  outside.advance(DUE)
  const session = await sessions.open(jar, old) as Session
  const { setCookies, session: renewed } = await renewals.current(session, jar, old, true)
  const fresh = header(setCookies?.() ?? [])
  t.ok(fresh)
  await sessions.end(renewed as Session)
  t.strictSame(setCookies?.(), [])
  for (const cookie of [old, fresh]) t.equal((await request(cookie)).session, null)
})

t.test('who is only looked up is not renewed: that is for requests that may wait', async t => {
  const { start, request, outside, sent } = setUp()
  const cookie = await start()
  outside.advance(DUE)
  t.match((await request(cookie, false)).session, { version: 0 })
  t.strictSame(sent, [])
  await request(cookie)
  t.match((await request(cookie, false)).session, { version: 1 }, 'but what is known is used')
})

t.test('what an open socket holds goes by who its person is now', async t => {
  const { start, request, outside, sessions } = setUp({ refuse: identity => identity.groups.includes('round-2') ? { reason: 'no', detail: 'no' } : null })
  const cookie = await start()
  const held = await sessions.open(jar, cookie) as Session
  outside.advance(DUE)
  await request(cookie)
  t.equal(sessions.isLive(held), true)
  outside.advance(DUE)
  t.match((await request(cookie)).session, { refusal: { reason: 'no' } })
  t.equal(sessions.isLive(held), false)
  outside.advance(DUE)
  t.match((await request(cookie)).session, { refusal: null }, 'who may again is in again')
  t.equal(sessions.isLive(held), true)
})

t.test('a list that changed counts at once for a session that only its old cookie stands for', async t => {
  let [generation, isListed] = [0, true]
  const { start, request, outside } = setUp({ generation: () => generation, refuse: () => isListed ? null : { reason: 'no', detail: 'no' } })
  const cookie = await start()
  outside.advance(DUE)
  t.match((await request(cookie)).session, { version: 1, refusal: null })
  isListed = false
  generation++
  t.match((await request(cookie)).session, { version: 1, refusal: { reason: 'no' } })
})

t.test('tokens that no longer fit end the session: a new sign-in says why', async t => {
  const { start, request, outside, events } = setUp({ answer: session => ({ identity: session.identity, tokens: { refresh: randomBytes(30_000).toString('base64'), renewAt: Infinity } }) })
  const cookie = await start()
  outside.advance(DUE)
  t.equal((await request(cookie)).session, null)
  t.strictSame(events, ['ended refused'])
})

t.test('a cookie of a process before this one is taken as it is', async t => {
  const before = setUp()
  const first = await before.start()
  before.outside.advance(DUE)
  const { cookie } = await before.request(first)
  const after = setUp()
  after.outside.time = before.outside.time
  t.match(await after.sessions.open(jar, cookie), { version: 1 })
  after.outside.advance(HOUR)
  t.match((await after.request(cookie)).session, { version: 2 })
  t.strictSame(after.sent, ['refresh-1'])
})

t.test('where the setting is off by now a session has nothing to renew', async t => {
  const { start, outside, sessions } = setUp()
  const cookie = await start()
  const off = createSessions({ keeping: keepInCookies({ seal: createKeyring(undefined, [key], outside).session, outside, gate: 'gate' }), revocations: createRevocations({ outside, lifetime: HOUR }), outside, lifetime: HOUR, headers: () => [], refuse: () => null })
  t.equal((await off.open(jar, cookie))?.renewAt, Infinity)
  t.not((await sessions.open(jar, cookie))?.renewAt, Infinity)
})
