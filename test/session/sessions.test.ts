import { randomBytes } from 'node:crypto'
import t from 'tap'
import { IdentityTooLarge } from '../../src/errors.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { createCookieJar, type SetCookie } from '../../src/session/cookies.ts'
import { keepInCookies } from '../../src/session/keeping.ts'
import { createKeyring } from '../../src/session/keyring.ts'
import { createLogins } from '../../src/session/login.ts'
import { createRevocations } from '../../src/session/revocations.ts'
import { keepTokens } from '../../src/session/session.ts'
import { createSessions, type SessionOptions } from '../../src/session/sessions.ts'
import type { Window } from '../../src/session/window.ts'
import { TestOutside } from '../fixtures/outside.ts'

const jar = createCookieJar({ port: 1, path: '/', sameSite: 'lax' }, true)
const ada: Identity = { provider: 'oidc', subject: '1', user: 'ada@example.com', email: 'ada@example.com', groups: ['admins'], teams: [], organizations: [], claims: {} }
const key = randomBytes(32)

function setUp (more: Partial<SessionOptions> = {}) {
  const outside = new TestOutside()
  const keyring = createKeyring(undefined, [key], outside)
  const options: SessionOptions = { keeping: keepInCookies({ seal: keyring.session, outside, gate: 'gate-1' }), revocations: createRevocations({ outside, lifetime: 60_000 }), outside, lifetime: 60_000, headers: identity => ['X-Forwarded-User', identity.user], refuse: () => null, ...more }
  return { outside, keyring, options, sessions: createSessions(options), logins: createLogins(keyring, 'gate-1', outside) }
}
const header = (cookies: readonly SetCookie[]) => cookies.filter(({ options }) => options.maxAge > 0).map(({ name, value }) => `${name}=${value}`).join('; ')

t.test('a session comes back as it was started, with its headers ready', async t => {
  const { sessions } = setUp()
  const session = await sessions.open(jar, header(await sessions.start(jar, undefined, ada)))
  t.strictSame(session?.identity, ada)
  t.strictSame(session?.headers, ['X-Forwarded-User', 'ada@example.com'])
  t.equal(await sessions.open(jar, undefined), null)
})

t.test('a session ends at its absolute end, though the cache still has it', async t => {
  const { sessions, outside } = setUp()
  const cookie = header(await sessions.start(jar, undefined, ada))
  outside.advance(59_999)
  t.not(await sessions.open(jar, cookie), null)
  outside.advance(1)
  t.equal(await sessions.open(jar, cookie), null)
})

t.test('replay after sign-out: a kept cookie is void, another session of the same person is not', async t => {
  const { sessions } = setUp()
  const [one, two] = [header(await sessions.start(jar, undefined, ada)), header(await sessions.start(jar, undefined, ada))]
  const session = await sessions.open(jar, one)
  await sessions.end(session!)
  t.equal(await sessions.open(jar, one), null)
  t.equal(sessions.isLive(session!), false)
  t.not(await sessions.open(jar, two), null)
})

t.test('every sign-in has a new id', async t => {
  const { sessions } = setUp()
  const ids = await Promise.all(Array.from({ length: 3 }, async () => (await sessions.open(jar, header(await sessions.start(jar, undefined, ada))))?.id))
  t.equal(new Set(ids).size, 3)
})

t.test('a session of another gate, another cookie or another key is none', async t => {
  const { sessions, options } = setUp()
  const cookie = header(await sessions.start(jar, undefined, ada))
  t.equal(createSessions({ ...options, keeping: keepInCookies({ seal: createKeyring(undefined, [key], options.outside).session, outside: options.outside, gate: 'gate-2' }) }).open(jar, cookie), null)
  const other = createCookieJar({ port: 1, path: '/', sameSite: 'lax', name: 'other' }, true)
  t.equal(await sessions.open(other, cookie.replace('__Host-oauth-gate', 'other')), null)
  t.equal(createSessions({ ...options, keeping: keepInCookies({ seal: createKeyring(undefined, [randomBytes(32)], options.outside).session, outside: options.outside, gate: 'gate-1' }) }).open(jar, cookie), null)
})

t.test('a session that is open under one name of its cookie is none under another', async t => {
  const { sessions } = setUp()
  const [set] = await sessions.start(jar, undefined, ada)
  const http = createCookieJar({ port: 1, path: '/', sameSite: 'lax' }, false)
  t.not(await sessions.open(jar, `${jar.sessionName}=${set?.value}`), null)
  t.equal(await sessions.open(http, `${http.sessionName}=${set?.value}`), null)
  t.equal(await sessions.look(http, set?.value ?? ''), null)
})

t.test('a browser that shows the cookie of a renewed session is heard of at once, and once', async t => {
  const taken: string[] = []
  const window: Window = { find: async () => null, put: async () => {}, taken ({ id, version }) { taken.push(`${id} ${version}`) }, drop: async () => {} }
  const { sessions, options } = setUp({ window, renews: true })
  const session = await sessions.open(jar, header(await sessions.start(jar, undefined, ada)))
  const { keeping } = options
  const cookie = (await keeping.renew(jar, '', { id: session!.id, identity: ada, startedAt: session!.startedAt, expiresAt: session!.expiresAt, version: 1 }))?.cookie ?? ''
  t.strictSame(taken, [], 'the first one is nothing new')
  t.ok(await sessions.look(jar, cookie))
  t.strictSame(taken, [], 'no browser has shown it')
  for (let count = 0; count < 3; count++) await sessions.open(jar, `${jar.sessionName}=${cookie}`)
  t.strictSame(taken, [`${session!.id} 1`])
})

t.test('a browser whose first sight of a renewed session is our own first sight of it is heard of too', async t => {
  const taken: number[] = []
  const window: Window = { find: async () => null, put: async () => {}, taken ({ version }) { taken.push(version) }, drop: async () => {} }
  const { sessions, options: { keeping, outside } } = setUp({ window, renews: true })
  const cookie = (await keeping.renew(jar, '', { id: 'an-id', identity: ada, startedAt: outside.now(), expiresAt: outside.now() + 50_000, version: 3 }))?.cookie
  t.ok(await sessions.open(jar, `${jar.sessionName}=${cookie}`))
  t.strictSame(taken, [3])
})

t.test('cross-use: a login cookie is no session, and a session cookie is no login', async t => {
  const { sessions, logins } = setUp()
  const { login, setCookies } = logins.begin(jar, undefined, { provider: 'oidc', returnTo: '/' })
  const [set] = setCookies
  t.equal(await sessions.open(jar, `${jar.sessionName}=${set?.value}`), null)
  const session = (await sessions.start(jar, undefined, ada))[0]
  t.equal(logins.find(jar, `${set?.name}=${session?.value}`, login.state), null)
})

t.test('who is no longer admitted keeps a session that does not count', async t => {
  const refusal = { reason: 'not you', detail: 'list' }
  const { sessions } = setUp({ refuse: () => refusal })
  t.strictSame((await sessions.open(jar, header(await sessions.start(jar, undefined, ada))))?.refusal, refusal)
})

t.test('tokens are in a session only as settings ask for them, and opened only as headers', async t => {
  const tokens = { accessToken: 'access', idToken: 'id', refreshToken: 'refresh', expiresAt: 5 }
  const kept = (passAccessToken: boolean, passAuthorizationHeader: boolean) => keepTokens({ passAccessToken, passAuthorizationHeader }, tokens)
  t.strictSame([kept(false, false), kept(true, false), kept(false, true), kept(true, true)], [undefined, { access: 'access', expiresAt: 5 }, { id: 'id', expiresAt: 5 }, { access: 'access', id: 'id', expiresAt: 5 }])
  t.equal(keepTokens({ passAccessToken: true, passAuthorizationHeader: true }, undefined), undefined, 'who signs in without OAuth has none')
  t.equal(keepTokens({ passAccessToken: false, passAuthorizationHeader: true }, { accessToken: 'access' }), undefined, 'nor is one kept in place of another')
  const { sessions } = setUp({ headers: (_identity, tokens) => [JSON.stringify(tokens ?? null)] })
  const session = await sessions.open(jar, header(await sessions.start(jar, undefined, ada, { tokens: kept(true, true) })))
  t.strictSame(session?.headers, ['{"access":"access","id":"id","expiresAt":5}'])
  t.notOk('tokens' in (session ?? {}))
  t.strictSame((await sessions.open(jar, header(await sessions.start(jar, undefined, ada))))?.headers, ['null'])
})

t.test('whom no header could describe has no session; one that settings have outgrown since is none', async t => {
  const { sessions, options } = setUp()
  const cookie = header(await sessions.start(jar, undefined, ada))
  const now = createSessions({ ...options, headers: () => { throw new IdentityTooLarge('X-Big') } })
  await t.rejects(() => now.start(jar, undefined, ada), IdentityTooLarge)
  t.equal(await now.open(jar, cookie), null)
  t.not(await sessions.open(jar, cookie), null)
  const broken = createSessions({ ...options, headers: () => { throw new TypeError('a fault of ours') } })
  t.throws(() => broken.open(jar, cookie), TypeError, 'which nobody mistakes for it')
})

t.test('a policy that changed judges a session anew, once, also one that is only held open', async t => {
  let [generation, asked] = [0, 0]
  let refusal: { reason: string, detail: string } | null = null
  const refuse = () => {
    asked++
    return refusal
  }
  const { sessions, outside } = setUp({ generation: () => generation, refuse })
  const cookie = header(await sessions.start(jar, undefined, ada))
  const session = await sessions.open(jar, cookie)
  t.strictSame([session?.refusal, sessions.isLive(session!)], [null, true])
  refusal = { reason: 'not you', detail: 'list' }
  for (let count = 0; count < 5; count++) await sessions.open(jar, cookie)
  t.strictSame([asked, session?.refusal], [1, null], 'without a change nothing is asked twice')
  generation++
  t.equal(sessions.isLive(session!), false, 'a socket that holds it ends')
  t.strictSame((await sessions.open(jar, cookie))?.refusal, refusal)
  await sessions.open(jar, cookie)
  t.equal(asked, 2, 'and no more than once')
  refusal = null
  generation++
  t.equal((await sessions.open(jar, cookie))?.refusal, null, 'the session itself was never ended')
  t.equal(sessions.isLive(session!), true)
  outside.advance(60_000)
  generation++
  t.equal(await sessions.open(jar, cookie), null, 'nor does a new policy bring one back')
  t.equal(sessions.isLive(session!), false)
})

t.test('a usual session is below 1 KiB', async t => {
  const { sessions } = setUp()
  const person: Identity = { ...ada, subject: randomBytes(18).toString('base64url'), name: 'Ada Lovelace', login: 'ada', groups: ['admins', 'staff', 'analysts'] }
  t.ok(header(await sessions.start(jar, undefined, person)).length < 1024)
})

t.test('what does not fit into eight cookies is refused, not cut', async t => {
  const { sessions } = setUp()
  await t.rejects(() => sessions.start(jar, undefined, { ...ada, claims: { big: randomBytes(30_000).toString('base64') } }), { code: 'GATE_SESSION_TOO_LARGE' })
})

t.test('a state is ours by its HMAC alone, and says whether it was restarted', async t => {
  const { logins } = setUp()
  const begin = (restarted: boolean) => logins.begin(jar, undefined, { provider: 'oidc', returnTo: '/', restarted }).login.state
  t.strictSame(logins.readState(begin(false)), { restarted: false })
  t.strictSame(logins.readState(begin(true)), { restarted: true })
  const forged = Buffer.from(begin(false), 'base64url')
  forged[16] = 1
  for (const state of [forged.toString('base64url'), '', 'x', begin(false) + 'A', begin(false).slice(1), randomBytes(33).toString('base64url')]) t.equal(logins.readState(state), null)
  t.equal(setUpOther().readState(begin(false)), null, 'nor is a state of another key')
  function setUpOther () { return createLogins(createKeyring('other', [], new TestOutside()), 'gate-1', new TestOutside()) }
})

t.test('a login is known for ten minutes, in the browser that began it', async t => {
  const { logins, outside } = setUp()
  const { login, setCookies } = logins.begin(jar, undefined, { provider: 'oidc', returnTo: '/deep?link=1' })
  t.strictSame(logins.find(jar, header(setCookies), login.state), login)
  t.match(login, { nonce: /^[\w-]{43}$/, codeVerifier: /^[\w-]{128}$/ })
  t.equal(logins.find(jar, undefined, login.state), null)
  const other = logins.begin(jar, undefined, { provider: 'oidc', returnTo: '/' })
  t.not(other.login.nonce, login.nonce)
  t.not(other.login.codeVerifier, login.codeVerifier)
  t.equal(logins.find(jar, header(other.setCookies).replace(other.login.state, login.state), login.state), null, 'state swap: a login sealed for another state is none')
  outside.advance(11 * 60_000)
  t.equal(logins.find(jar, header(setCookies), login.state), null)
})

t.test('a login is used once', async t => {
  const { logins } = setUp()
  const { login } = logins.begin(jar, undefined, { provider: 'oidc', returnTo: '/' })
  t.equal(await logins.consume(login), true)
  t.equal(await logins.consume(login), false)
})

t.test('a browser carries at most eight logins: the oldest goes, and what does not open goes first', async t => {
  const { logins, outside } = setUp()
  let cookies = new Map<string, string>([[jar.writeLogin('j'.repeat(44), 'x', 1000).name, 'x']])
  const states: string[] = []
  for (let count = 0; count < 10; count++) {
    outside.advance(1000)
    const { login, setCookies } = logins.begin(jar, [...cookies].map(pair => pair.join('=')).join('; '), { provider: 'oidc', returnTo: '/' })
    states.push(login.state)
    for (const { name, value, options } of setCookies) cookies = options.maxAge === 0 ? new Map([...cookies].filter(([other]) => other !== name)) : cookies.set(name, value)
  }
  t.strictSame(jar.loginStates([...cookies].map(pair => pair.join('=')).join('; ')).toSorted(), states.slice(2).toSorted())
})

t.test('a stolen key that is taken away holds nothing open: not by it, nor by another client or cookie name; what was renewed under the key before it stays', async t => {
  const { outside, sessions, options } = setUp()
  const other = randomBytes(32)
  let generation = 0
  /** What counts after a reload. */
  const next = (keys: readonly Buffer[], gate = 'gate-1', ours = jar) => {
    const now = ++generation
    const keeping = keepInCookies({ seal: createKeyring(undefined, keys, outside).session, outside, gate })
    return createSessions({ ...options, keeping, knows: by => keeping.knows(by, [ours]), generation: () => now })
  }
  const cookie = header(await sessions.start(jar, undefined, ada, { tokens: { refresh: 'r', renewAt: 1 } }))
  const open = (await sessions.open(jar, cookie))!
  const rotated = next([other, key])
  t.ok(rotated.isLive(open))
  const renewed = (await rotated.renew(jar, { session: (await rotated.open(jar, cookie))!, token: jar.readSession(cookie)! }, ada, { refresh: 's' }))!.session
  for (const last of [next([other]), next([key], 'gate-2'), next([key], 'gate-1', createCookieJar({ port: 1, path: '/', sameSite: 'lax', name: 'another' }, true))]) {
    t.notOk(last.isLive(open))
    t.equal(last.causeOf(open), 'key')
  }
  t.ok(next([other]).isLive(renewed))
  t.notOk(next([key]).isLive(renewed))
  t.ok(next([key, other]).isLive(open), 'and nobody is out where it is back')
})
