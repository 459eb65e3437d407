import t from 'tap'
import { createCookieJar, createOurCookies, type CookieJar, type CookieSettings, type SetCookie } from '../../src/session/cookies.ts'
import { createKeyring } from '../../src/session/keyring.ts'
import { createLoopBreaker, type LoopBreaker } from '../../src/session/loop.ts'
import { whyLost, type Evidence } from '../../src/session/loss.ts'
import { TestOutside } from '../fixtures/outside.ts'

const settings: CookieSettings = { port: 4180, path: '/', sameSite: 'lax' }
const jar = createCookieJar(settings, false)
const DAY = 86_400_000

function setUp ({ secret = 'secret', gate = 'gate-1', lifetime = DAY, time = Date.now() } = {}): { loops: LoopBreaker, outside: TestOutside } {
  const outside = new TestOutside(time)
  return { loops: createLoopBreaker({ keyring: createKeyring(secret, [], outside), outside, gate, lifetime }), outside }
}

/** A browser that keeps this one cookie. */
function cookieOf ([cookie]: readonly SetCookie[], before = ''): string {
  if (cookie === undefined) return before
  return cookie.options.maxAge === 0 ? '' : `${cookie.name}=${cookie.value}`
}

function asking (cookie: string, more: Partial<Evidence> = {}, through: CookieJar = jar): Evidence {
  return { jar: through, headers: { cookie }, arrival: { proto: 'http', host: 'app.example' }, session: null, target: '/page', clocksApart: 0, signedInBy: 'http', cookies: 1, ...more }
}

t.test('the third redirect after a success is one too many; the two before it count, and the next begins anew', async t => {
  const { loops } = setUp()
  let cookie = cookieOf([loops.succeeded(jar, undefined, 'http', 1)])
  for (const last of [false, false, true]) {
    const { setCookies, loss } = loops.redirected(asking(cookie), '/page', 'guard')
    t.equal(loss !== undefined, last)
    cookie = cookieOf(setCookies, cookie)
  }
  t.equal(cookie, '')
  t.strictSame(loops.redirected(asking(cookie), '/page', 'guard'), { setCookies: [] }, 'and whoever did not sign in is never counted')
})

t.test('successes in between do not begin the count anew', async t => {
  const { loops } = setUp()
  let cookie = ''
  for (const last of [false, false, true]) {
    cookie = cookieOf([loops.succeeded(jar, cookie, 'http', 1)])
    const { setCookies, loss } = loops.redirected(asking(cookie), '/page', 'guard')
    t.equal(loss !== undefined, last)
    cookie = cookieOf(setCookies)
  }
})

t.test('a link to the sign-in counts once after each success, and not what the guard counted', async t => {
  const { loops } = setUp()
  const success = cookieOf([loops.succeeded(jar, '', 'http', 1)])
  const once = cookieOf(loops.redirected(asking(success), '/page', 'link').setCookies)
  for (let count = 0; count < 5; count++) t.strictSame(loops.redirected(asking(once), '/page', 'link'), { setCookies: [] })
  const guarded = cookieOf(loops.redirected(asking(success), '/page', 'guard').setCookies)
  t.strictSame(loops.redirected(asking(guarded), '/page', 'link'), { setCookies: [] })
})

t.test('the mark lives for a minute from the success, whatever was counted meanwhile', async t => {
  const { loops, outside } = setUp()
  const success = loops.succeeded(jar, '', 'http', 1)
  t.match(success, { name: 'oauth-gate-4180-arrived', options: { maxAge: 60, httpOnly: true, secure: false, sameSite: 'lax', path: '/' } })
  outside.advance(20_000)
  t.match(loops.redirected(asking(cookieOf([success])), '/page', 'guard'), { setCookies: [{ options: { maxAge: 40 } }] })
  outside.advance(-3_600_000)
  t.match(loops.redirected(asking(cookieOf([success])), '/page', 'guard'), { setCookies: [{ options: { maxAge: 60 } }] }, 'a clock that disagrees does not end it')
})

t.test('sessions that end within the minute are no loop', async t => {
  const { loops } = setUp({ lifetime: 10_000 })
  let cookie = cookieOf([loops.succeeded(jar, '', 'http', 1)])
  for (let count = 0; count < 5; count++) {
    const { setCookies, loss } = loops.redirected(asking(cookie), '/page', 'guard')
    t.equal(loss, undefined)
    cookie = cookieOf(setCookies, cookie)
  }
})

t.test('a mark that is forged, another gate’s or of another path counts nothing', async t => {
  const { loops } = setUp()
  const { name, value } = loops.succeeded(jar, '', 'http', 1)
  const [text = '', mac = ''] = value.split('.')
  const forged = [`${text.replace('0', '2')}.${mac}`, `${text}.`, text, `.${mac}`, `${text}.${mac}x`, 'x', '', `${text}.${mac.slice(0, -4)}`]
  const foreign = [setUp({ secret: 'other' }), setUp({ gate: 'gate-2' })].map(({ loops }) => loops.succeeded(jar, '', 'http', 1).value)
  const elsewhere = loops.succeeded(createCookieJar({ ...settings, path: '/app' }, false), '', 'http', 1).value
  for (const wrong of [...forged, ...foreign, elsewhere]) t.strictSame(loops.redirected(asking(`${name}=${wrong}`), '/page', 'guard'), { setCookies: [] }, wrong)
  t.strictSame(loops.redirected(asking(`${name}=${value}; ${name}=${value}`), '/page', 'guard'), { setCookies: [] }, 'nor one that is there twice')
})

t.test('the mark is seen over http and https alike, stays away from the app, and goes with the session', async t => {
  const secure = createCookieJar({ ...settings, domain: 'example.org', path: '/app', sameSite: 'strict' }, true)
  t.strictSame(secure.writeMark('x', 1000), jar.writeMark('x', 1000))
  t.ok(createOurCookies(settings)('oauth-gate-4180-arrived'))
  const named = { ...settings, name: '__Host-mine' }
  t.equal(createCookieJar(named, true).writeMark('x', 1000).name, 'mine-arrived')
  t.ok(createOurCookies(named)('mine-arrived'))
  t.match(jar.clearSession('a=b; oauth-gate-4180-arrived=x'), [{ name: 'oauth-gate-4180-arrived', options: { maxAge: 0 } }])
  t.strictSame(jar.clearSession('a=b'), [])
})

t.test('the likeliest cause is named, with its fix', async t => {
  const token = 'x'.repeat(9_000)
  const chunks = jar.writeSession(token, 1000, undefined).map(({ name, value }) => `${name}=${value}`)
  const kept = (more: Partial<CookieSettings>, secure = false) => createCookieJar({ ...settings, ...more }, secure)
  const known: [string, Evidence, RegExp][] = [
    ['signed in all the same', asking('', { session: {} }), /find the redirect or link in the app/],
    ['two of a name', asking('oauth-gate-4180=a; oauth-gate-4180=b'), /choose another --cookie-name/],
    ['two of a chunk', asking(`${chunks.join('; ')}; oauth-gate-4180.1=x`), /choose another --cookie-name/],
    ['a chunk is missing', asking(chunks.slice(0, 2).join('; '), { cookies: 3 }), /^of the 3 cookies .* header limits/],
    ['the first chunk is missing', asking(chunks.slice(1).join('; '), { cookies: 3 }), /^of the 3 cookies/],
    ['comes back and does not open', asking(chunks.join('; ')), /same --cookie-secret and --oauth-encryption-key/],
    ['made by another clock', asking('oauth-gate-4180=x', { clocksApart: 90_000 }), /90 s away from this one: .*NTP/],
    ['https before, http now', asking('', { signedInBy: 'https' }), /have the proxy send http to https/],
    ['Secure over http', asking('', {}, kept({}, true)), /check --cookie-secure/],
    ['another path', asking('', { target: '/application?x=/app' }, kept({ path: '/app' })), /^--cookie-path=\/app does not cover \/application:/],
    ['the path itself', asking('', { target: '/app?x' }, kept({ path: '/app' })), /^the session cookie does not come back/],
    ['another domain', asking('', {}, kept({ domain: 'example.org' })), /^--cookie-domain=example\.org does not cover app\.example:/],
    ['a domain above', asking('', { arrival: { proto: 'http', host: 'A.Example.org:4180' } }, kept({ domain: '.example.org' })), /^the session cookie does not come back/],
    ['strict', asking('', { headers: { 'sec-fetch-site': 'cross-site' } }, kept({ sameSite: 'strict' })), /use lax$/],
    ['strict, from the site itself', asking('', { headers: { 'sec-fetch-site': 'same-origin' } }, kept({ sameSite: 'strict' })), /^the session cookie does not come back/],
    ['none over http', asking('', {}, kept({ sameSite: 'none' })), /^--cookie-samesite=none is for https only/],
    ['large', asking('', { cookies: 3 }), /^none of the 3 cookies/],
    ['nothing to see', asking(''), /look for a proxy that removes or rewrites Set-Cookie/]
  ]
  for (const [what, evidence, detail] of known) {
    const loss = whyLost(evidence)
    t.match(loss.detail, detail, what)
    t.notMatch(loss.reason, /--|^[A-Z]|\.$/, 'and the visitor gets words, not flags')
  }
})
