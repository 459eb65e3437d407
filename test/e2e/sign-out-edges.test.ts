// What is easily lost at a sign-out: which tokens are taken back, who has not asked for it, and whose fault a refusal is.
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { freePort, startGate } from '../fixtures/gate.ts'
import { startLogoutProvider } from '../fixtures/logout-provider.ts'
import { startRedis } from '../fixtures/redis.ts'
import { Visitor } from '../fixtures/visitor.ts'

const EVENTS = { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }
const HERE = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const HOUR = 3_600_000
const cookies = (visitor: Visitor) => [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')

t.test('a sign-out takes back the tokens that the session has by now, not the spent ones of a cookie that the browser still has', async t => {
  const clock = { now: () => Date.now() }
  const provider = await startLogoutProvider(t, { now: () => clock.now() })
  const { origin, outside } = await startGate(t, { settings: { oauthIssuer: provider.issuer, oauthRefreshTokens: true, passAccessToken: true } })
  clock.now = () => outside.now()
  const visitor = new Visitor()
  t.equal((await visitor.follow(`${origin}/`)).status, 200)
  const before = cookies(visitor)
  outside.advance(HOUR - 1000)
  t.equal((await visitor.ask(`${origin}/data`, { headers: { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' } })).status, 200)
  t.equal(provider.idTokens.length, 2, 'a script had them renewed')
  t.equal(cookies(visitor), before, 'and the browser has no newer cookie')
  t.equal((await visitor.navigate(`${origin}/oauth2/sign_out`, { form: {}, headers: { origin, ...HERE } })).status, 200)
  for (const end = Date.now() + 5000; provider.revoked.length < 2 && Date.now() < end;) await pause(10)
  t.strictSame(provider.revoked.map(({ token }) => token).toSorted(), ['access-2', 'refresh-2'])
  t.equal((await new Visitor().ask(`${origin}/`, { headers: { cookie: before } })).status, 401)
})

t.test('an address that a browser fetches ahead signs nobody out', async t => {
  const { origin } = await startGate(t)
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'ada')
  const typed = { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  for (const ahead of [{ 'sec-purpose': 'prefetch' }, { 'sec-purpose': 'prefetch;prerender' }, { purpose: 'prefetch' }]) {
    t.match(await visitor.ask(`${origin}/oauth2/sign_out`, { headers: { accept: 'text/html', ...typed, ...ahead } }), { status: 204, setCookies: [] })
    t.equal((await visitor.navigate(`${origin}/`)).status, 200, JSON.stringify(ahead))
  }
  t.match(await visitor.navigate(`${origin}/oauth2/sign_out`, { headers: typed }), { status: 200, body: /You are signed out/ }, 'and who goes there is')
  t.equal((await visitor.navigate(`${origin}/`)).status, 302)
})

t.test('of two providers each counts its own tokens: one with the id of the other’s is no repetition', async t => {
  const clock = { now: () => Date.now() }
  const [work, home] = [await startLogoutProvider(t, { now: () => clock.now() }), await startLogoutProvider(t, { now: () => clock.now() })]
  const one = (id: string, issuer: string) => ({ id, label: id, oauthProvider: 'oidc', oauthIssuer: issuer, oauthKey: 'gate', oauthSecret: 'hush' })
  const { origin, outside } = await startGate(t, { settings: { oauthProvider: undefined, oauthIssuer: undefined, oauthKey: undefined, oauthSecret: undefined, providers: [one('work', work.issuer), one('home', home.issuer)] } })
  clock.now = () => outside.now()
  const people = await Promise.all((['work', 'home'] as const).map(async id => {
    const visitor = new Visitor()
    t.equal((await visitor.follow(`${origin}/oauth2/start?provider=${id}&rd=/`)).status, 200, id)
    return visitor
  }))
  outside.advance(1000)
  const tell = async (provider: typeof work) => (await new Visitor().ask(`${origin}/oauth2/backchannel-logout`, { form: { logout_token: await provider.sign({ jti: 'the-same', sub: 'ada', ...EVENTS }) } })).status
  const open = async () => await Promise.all(people.map(async visitor => (await visitor.ask(`${origin}/`)).status))
  t.strictSame(await open(), [200, 200])
  t.equal(await tell(work), 200)
  t.strictSame(await open(), [401, 200])
  t.equal(await tell(home), 200)
  t.strictSame(await open(), [401, 401])
  t.strictSame([await tell(work), await tell(home)], [400, 400], 'and each once')
})

t.test('what a store could not keep is not counted against the provider, which is heard as soon as the store is there', async t => {
  const clock = { now: () => Date.now() }
  const provider = await startLogoutProvider(t, { now: () => clock.now() })
  const port = await freePort()
  const { origin, outside } = await startGate(t, { settings: { oauthIssuer: provider.issuer, revocationStore: `redis://127.0.0.1:${port}` } })
  clock.now = () => outside.now()
  const token = await provider.sign({ jti: 'one', sub: 'ada', ...EVENTS })
  const tell = async () => (await new Visitor().ask(`${origin}/oauth2/backchannel-logout`, { form: { logout_token: token } })).status
  const answers = new Map<number, number>()
  for (let round = 0; round < 14; round++) {
    for (const status of await Promise.all(Array.from({ length: 50 }, tell))) answers.set(status, (answers.get(status) ?? 0) + 1)
  }
  t.strictSame([...answers], [[503, 700]], 'more than anybody may have refused in a minute')
  const redis = await startRedis(t, [], port)
  if (redis === null) return
  for (const end = Date.now() + 10_000; (await new Visitor().ask(`${origin}/ready`)).status !== 200 && Date.now() < end;) await pause(50)
  t.equal(await tell(), 200)
  t.equal(await tell(), 400, 'once')
})
