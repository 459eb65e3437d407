import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createCookieJar, createOurCookies, fitsCookies, type CookieSettings, type SetCookie } from '../../src/session/cookies.ts'

const settings: CookieSettings = { port: 4180, path: '/', sameSite: 'lax' }
const secure = createCookieJar(settings, true)
const text = (length: number) => randomBytes(length).toString('base64url').slice(0, length)

/** What a browser sends back after these cookies, on top of those it had. */
function browser (set: readonly SetCookie[], before = ''): string {
  const kept = new Map(before.split('; ').filter(Boolean).map(pair => pair.split(/=(.*)/s).slice(0, 2) as [string, string]))
  for (const { name, value, options } of set) {
    if (options.maxAge === 0) kept.delete(name)
    else kept.set(name, value)
  }
  return [...kept].map(([name, value]) => `${name}=${value}`).join('; ')
}

t.test('a cookie is named after how safely it can be kept', async t => {
  const name = (more: Partial<CookieSettings>, isSecure: boolean) => createCookieJar({ ...settings, ...more }, isSecure).sessionName
  t.equal(name({}, true), '__Host-oauth-gate')
  t.equal(name({ path: '/app' }, true), '__Secure-oauth-gate')
  t.equal(name({ domain: 'example.org' }, true), '__Secure-oauth-gate')
  t.equal(name({}, false), 'oauth-gate-4180', 'cookies know no ports, so the name does')
  t.equal(name({ name: 'mine' }, true), 'mine')
})

t.test('a session cookie cannot be read by script, nor sent by another site’s form', async t => {
  const [cookie] = secure.writeSession('token', 90_000, undefined)
  t.strictSame(cookie?.options, { httpOnly: true, secure: true, sameSite: 'lax', path: '/', maxAge: 90 })
})

t.test('a login comes back from the provider even where sessions are strict', async t => {
  const strict = createCookieJar({ ...settings, sameSite: 'strict', path: '/app' }, true)
  const { name, options } = strict.writeLogin('state', 'x', 1000)
  t.match(options, { sameSite: 'lax', path: '/' })
  t.match(name, /^__Host-oauth-gate-login-state$/)
})

t.test('a large session travels in chunks that a browser keeps, and comes back whole', async t => {
  for (const length of [1, 3_900, 3_901, 7_799, 12_345, 31_198]) {
    const token = text(length)
    const set = secure.writeSession(token, 1000, undefined)
    t.ok(set.every(({ name, value }) => name.length + value.length < 4_096), `${length}: every cookie is below 4,096 bytes`)
    t.ok(set.length <= 8)
    t.equal(secure.readSession(browser(set)), token, `${length}: ${set.length} cookies`)
  }
  t.notOk(fitsCookies(text(31_199)), 'one more byte would not fit')
})

t.test('a shorter session after a longer one leaves nothing behind', async t => {
  const long = browser(secure.writeSession(text(20_000), 1000, undefined), 'theirs=1')
  const token = text(100)
  const after = browser(secure.writeSession(token, 1000, long), long)
  t.equal(secure.readSession(after), token)
  t.equal(after, `theirs=1; __Host-oauth-gate=${token}`)
  t.equal(browser(secure.clearSession(long), long), 'theirs=1', 'and signing out removes all of them')
})

t.test('a chunk of an older, longer session that the browser kept is not read', async t => {
  const stale = browser(secure.writeSession('a'.repeat(20_000), 1000, undefined))
  const fresh = secure.writeSession('b'.repeat(5_000), 1000, undefined)
  t.equal(secure.readSession(browser(fresh, stale)), 'b'.repeat(5_000))
})

t.test('a missing chunk is no session, and neither is a count we never write', async t => {
  const [first] = secure.writeSession(text(9_000), 1000, undefined)
  t.equal(secure.readSession(`${first?.name}=${first?.value}`), null)
  t.equal(secure.readSession('__Host-oauth-gate=9.abc'), '9.abc', 'read as it is, which no seal opens')
})

t.test('cookie tossing: two cookies of one name are no session', async t => {
  t.equal(secure.readSession('__Host-oauth-gate=a; __Host-oauth-gate=b'), null)
  t.equal(secure.readSession('__Host-oauth-gate=a; x=1; __Host-oauth-gate=a'), null)
})

t.test('a cookie is found by its exact name only', async t => {
  for (const header of ['x__Host-oauth-gate=a', '__host-oauth-gate=a', 'a=__Host-oauth-gate=b', '"__Host-oauth-gate=a"', '__Host-oauth-gate', '__Host-oauth-gate =a', '\u2000__Host-oauth-gate=a', '%5F_Host-oauth-gate=a', '']) {
    t.equal(secure.readSession(header), null, JSON.stringify(header))
  }
  t.equal(secure.readSession('a=1;__Host-oauth-gate=b '), 'b')
  t.equal(secure.readSession('a="; __Host-oauth-gate=b'), 'b', 'quotes mean nothing')
  t.equal(secure.readSession('__Host-oauth-gate=b\xa0\t '), 'b\xa0', 'only spaces and tabs are around a value')
  t.equal(secure.trace('\xa0__Host-oauth-gate=a; __Host-oauth-gate=b'), 'whole', 'and around a name')
})

t.test('the logins of a browser are listed by their states', async t => {
  const [one, two] = ['1'.repeat(44), '2'.repeat(44)]
  const header = browser([secure.writeLogin(one, 'x', 1000), secure.writeLogin(two, 'y', 1000)], 'theirs=1')
  t.strictSame(secure.loginStates(header), [one, two])
  t.equal(secure.readLogin(header, two), 'y')
  t.strictSame(secure.loginStates(browser([secure.clearLogin(one)], header)), [two])
})

t.test('cookie tossing: login cookies that we cannot have set are not looked at, nor is a flood of those that we might', async t => {
  const name = secure.writeLogin('', '', 0).name
  t.strictSame(secure.loginStates(`${name}a b=1; ${name}é=1; ${name}=1; ${name}${'x'.repeat(43)}=1; ${name}${'x'.repeat(45)}=1`), [])
  t.equal(secure.loginStates(Array.from({ length: 2000 }, (_, index) => `${name}${String(index).padStart(44, 'x')}=1`).join('; ')).length, 16)
})

t.test('our cookies, and those of other gates on this host, are ours; the app’s are not', async t => {
  const isOurs = createOurCookies({ ...settings, name: 'mine' })
  for (const name of ['__Host-oauth-gate', '__Secure-oauth-gate', '__Host-oauth-gate.3', 'oauth-gate-4180', 'oauth-gate-9999', '__Host-oauth-gate-login-abc', 'mine', 'mine.1', 'mine-login-x', '__Host-mine-login-x']) t.ok(isOurs(name), name)
  for (const name of ['session', 'minerva', 'mine2', 'my-oauth-gate', 'user']) t.notOk(isOurs(name), name)
})
