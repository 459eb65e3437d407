import { createHmac, createSecretKey } from 'node:crypto'
import t from 'tap'
import { IdentityTooLarge } from '../../src/errors.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { createKeyring } from '../../src/session/keyring.ts'
import { createPanelCookies, isPanelCookie, signValue, type PanelCookiesOptions } from '../../src/session/panel-cookies.ts'
import { createSeal } from '../../src/session/seal.ts'
import { keepTokens, type KeptTokens } from '../../src/session/session.ts'
import { TestOutside } from '../fixtures/outside.ts'
import { fc } from '../fixtures/random.ts'

const SECRET = 'COOKIE_SECRET'
const TIME = 1_700_000_000_000
const key = createSecretKey(Buffer.from(SECRET))
const ada: Identity = {
  provider: 'github', subject: '42', user: 'ada', login: 'ada', email: 'ada@example.com', name: 'Ada Ω', groups: ['staff'], teams: [], organizations: ['acme'],
  claims: { department: 'R&D', sub: 'another' }
}
const jwt = (claims: object) => `head.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.mac`
const ID = jwt({ sub: '42', email: 'ada@example.com' })
const tokens: KeptTokens = { id: ID, access: 'the-access-token', refresh: 'the-refresh-token' }

function setUp (options: Partial<PanelCookiesOptions> = {}) {
  const outside = new TestOutside(TIME)
  return { outside, cookies: createPanelCookies({ secret: SECRET, seal: undefined, passAccessToken: false, passRefreshToken: false, outside, ...options }) }
}

/** What Tornado's `decode_signed_value` does, written from its format. */
function read (pairs: string): Readonly<Record<string, string>> {
  return Object.fromEntries(pairs.split('; ').map(pair => {
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    const [version, keyVersion, time, signedName, content, mac] = value.split('|') as [string, string, string, string, string, string]
    const field = (text: string) => {
      const [length, value = ''] = text.split(/:(.*)/s)
      if (Number(length) !== Buffer.byteLength(value)) throw new Error(`${text} has another length`)
      return value
    }
    const isSigned = createHmac('sha256', SECRET).update(value.slice(0, -mac.length)).digest('hex') === mac
    if (!isSigned || version !== '2' || field(keyVersion) !== '0' || field(signedName) !== name || !/^\d{10}$/.test(field(time))) throw new Error(`${pair} is not signed so`)
    return [name, Buffer.from(field(content), 'base64').toString()]
  }))
}

const timeOf = (pairs: string) => Number(/\|10:(\d{10})\|/.exec(pairs)?.[1]) * 1000

t.test('a value is signed as Tornado signs it, byte for byte', async t => {
  t.equal(signValue(key, 'user', 'alice@example.com', TIME), '2|1:0|10:1700000000|4:user|24:YWxpY2VAZXhhbXBsZS5jb20=|8d06759558a1f19de9dda58d8e966200c5f0b6d3a64823da8b9732c69a2c443f')
  t.equal(signValue(key, 'user', 'Jürgen', TIME + 999), '2|1:0|10:1700000000|4:user|12:SsO8cmdlbg==|0931f13abd1b7c5ceb5f7b67450b513bc4864dab3416e1f205f38d1f215a2af5')
  t.not(signValue(createSecretKey(Buffer.from('another')), 'user', 'alice@example.com', TIME).slice(-64), signValue(key, 'user', 'alice@example.com', TIME).slice(-64))
})

t.test('a token is sealed as the app’s own key seals it, byte for byte', async t => {
  const outside = new TestOutside(TIME)
  outside.nextRandom = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
  const seal = createSeal([Buffer.from('AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=', 'base64url')], outside)
  t.equal(seal.seal('access-token-1'), 'gAAAAABlU_EAAAECAwQFBgcICQoLDA0ODxuXq_ayf9jE6d37O3WFanCFYAChigt4GqiyXch6cLqhyDsUO33GIN1ty8EGnfwtDg==')
})

t.test('the app gets user and id_token, and other tokens only where a setting passes them on', async t => {
  const told = (options: Partial<PanelCookiesOptions> = {}, kept = tokens) => read(setUp(options).cookies.of(ada, kept)())
  t.strictSame(told(), { user: 'ada', id_token: ID })
  t.strictSame(told({ passAccessToken: true }), { user: 'ada', id_token: ID, access_token: 'the-access-token' })
  t.strictSame(told({ passAccessToken: true, passRefreshToken: true }), { user: 'ada', id_token: ID, access_token: 'the-access-token', refresh_token: 'the-refresh-token' })
  t.strictSame(told({ passAccessToken: true, passRefreshToken: true }, { id: jwt({ login: 'ada' }) }), { user: 'ada', id_token: jwt({ login: 'ada' }) })
  t.notOk('oauth_expiry' in told({ passAccessToken: true, passRefreshToken: true }, { ...tokens, expiresAt: TIME }), 'by which Panel would send people without a refresh token to its own sign-in')
})

t.test('without an id_token it is JSON of the person, as Panel makes one of userinfo', async t => {
  const { id_token: text = '' } = read(setUp().cookies.of(ada)())
  t.match(text, /^[\w-]+$/, 'without a dot, which would make a JWT of it')
  t.strictSame(JSON.parse(Buffer.from(text, 'base64url').toString()), {
    sub: '42', user: 'ada', username: 'ada', preferred_username: 'ada', login: 'ada', email: 'ada@example.com', name: 'Ada Ω', groups: ['staff'], organizations: ['acme'], department: 'R&D'
  }, 'with what settings keep, which is never taken for who they are')
  const bare: Identity = { provider: 'basic', subject: 's', user: 'eve', groups: [], teams: [], organizations: [], claims: {} }
  const { id_token: other = '' } = read(setUp().cookies.of(bare)())
  t.strictSame(JSON.parse(Buffer.from(other, 'base64url').toString()), { sub: 's', user: 'eve', username: 'eve', preferred_username: 'eve', groups: [] })
})

t.test('an id_token that does not name the user is no answer to who they are: Panel would ask userinfo', async t => {
  const of = (idToken: string) => {
    const { id_token: text = '' } = read(setUp().cookies.of(ada, { id: idToken })())
    return text.includes('.') ? text : JSON.parse(Buffer.from(text, 'base64url').toString()) as object
  }
  t.match(of(jwt({ sub: 'x', tid: 'tenant', department: 'other', user: 'eve', email: 'eve@example.com' })), { sub: '42', user: 'ada', email: 'ada@example.com', tid: 'tenant', department: 'R&D' })
  for (const odd of ['a.b.c.d.e', 'x', jwt([1]), 'a.bnVsbA.c', '..']) t.match(of(odd), { user: 'ada', sub: '42' }, odd)
  t.equal(of(jwt({ upn: 'ada' })), jwt({ upn: 'ada' }))
})

t.test('with the app’s key all but user is sealed, under the first of several', async t => {
  const outside = new TestOutside(TIME)
  const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
  const { app } = createKeyring(SECRET, [first, second], outside, { opens: true })
  const told = read(createPanelCookies({ secret: SECRET, seal: app, passAccessToken: true, passRefreshToken: true, outside }).of(ada, tokens)())
  const { user, ...sealed } = told
  t.equal(user, 'ada')
  t.strictSame(Object.fromEntries(Object.entries(sealed).map(([name, value]) => [name, createSeal([first], outside).open(value)?.toString()])), { id_token: ID, access_token: 'the-access-token', refresh_token: 'the-refresh-token' })
  t.equal(createSeal([second], outside).open(sealed['id_token'] ?? ''), null)
  t.notMatch(JSON.stringify(told), /mac|the-access|the-refresh/)
})

t.test('what the app can open or sign is never a session, a login or a state of the gate', async t => {
  const outside = new TestOutside(TIME)
  const own = Buffer.alloc(32, 1)
  for (const opens of [true, false]) {
    const keyring = createKeyring(SECRET, [own], outside, { opens })
    const asApp = createSeal([own], outside)
    for (const seal of [keyring.session, keyring.login]) {
      t.equal(seal.open(asApp.seal('session')), null, 'a session that somebody with the app’s key has made')
      t.equal(asApp.open(seal.seal('session')), null, 'nor does the key open ours')
    }
    t.equal(keyring.app === undefined, !opens)
    t.notOk([...keyring.state, ...keyring.mark].some(key => key.equals(own) || key.toString() === SECRET))
  }
  t.equal(createSeal([own], outside).open(createKeyring(SECRET, [own], outside).session.seal('x'))?.toString(), 'x', 'without an app to share it with, it is the operator’s own key')
})

t.test('replay: what is sent was signed within the last minute, whatever the clock does', async t => {
  const { outside, cookies } = setUp()
  const pairs = cookies.of(ada)
  const first = pairs()
  outside.advance(59_999)
  t.equal(pairs(), first, 'once a minute is enough')
  outside.advance(1)
  t.equal(timeOf(pairs()), TIME + 60_000)
  outside.advance(-3_600_000)
  t.equal(timeOf(pairs()), TIME + 60_000 - 3_600_000, 'nor is it signed for a time to come')
  fc.assert(fc.property(fc.array(fc.integer({ min: -100_000, max: 10_000_000 }), { maxLength: 20 }), steps => {
    for (const step of steps) {
      outside.advance(step)
      const age = outside.now() - timeOf(pairs())
      if (age < 0 || age >= 61_000) return false // Tornado’s clock has seconds
    }
    return true
  }))
})

t.test('whatever a name or claim holds, the pairs stay pairs', async () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.dictionary(fc.string(), fc.jsonValue()), (user, claims) => {
    const pairs = setUp().cookies.of({ ...ada, user, claims })()
    return /^user=[\w|:+/=-]+; id_token=[\w|:+/=-]+$/.test(pairs) && read(pairs)['user'] === Buffer.from(user).toString()
  }))
})

t.test('more than a websocket’s handshake holds is refused at sign-in, naming what is too large', async t => {
  t.throws(() => setUp().cookies.of(ada, { id: jwt({ user: 'ada', x: 'x'.repeat(14_000) }) }), IdentityTooLarge)
  t.throws(() => setUp({ passAccessToken: true }).cookies.of(ada, { access: 'x'.repeat(19_000) }), /access_token with 25\d{3}.*--pass-access-token/)
  t.doesNotThrow(() => setUp().cookies.of(ada, { id: jwt({ user: 'ada', x: 'x'.repeat(12_000) }), access: 'x'.repeat(19_000) }), 'what is not sent does not count')
})

t.test('tokens are kept in the session as far as the cookies are made of them', async t => {
  const came = { accessToken: 'a', idToken: 'i', refreshToken: 'r', expiresAt: 1 }
  const off = { passAccessToken: false, passAuthorizationHeader: false, passRefreshToken: false }
  t.strictSame(keepTokens({ ...off, upstreamIdentity: 'panel-cookies' }, came), { id: 'i', expiresAt: 1 })
  t.strictSame(keepTokens({ ...off, passRefreshToken: true, upstreamIdentity: 'panel-cookies' }, came), { id: 'i', refresh: 'r', expiresAt: 1 })
  t.equal(keepTokens({ ...off, upstreamIdentity: 'panel-cookies' }, { accessToken: 'a' }), undefined)
  t.equal(keepTokens({ ...off, upstreamIdentity: 'headers' }, came), undefined)
})

t.test('names are Panel’s, in their letter case', async t => {
  for (const name of ['user', 'id_token', 'access_token', 'refresh_token', 'oauth_expiry', 'is_guest', 'panel-oauth-state', 'panel-oauth-code']) t.ok(isPanelCookie(name), name)
  for (const name of ['User', 'USER', 'user2', '_user', 'session', '', 'toString', '__proto__']) t.notOk(isPanelCookie(name), name)
})
