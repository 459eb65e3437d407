import { SignJWT, UnsecuredJWT, generateKeyPair } from 'jose'
import t, { type Test } from 'tap'
import type { Settings } from '../../src/config/options.ts'
import { CLIENT, startGate, type LogLine } from '../fixtures/gate.ts'
import { startLogoutProvider } from '../fixtures/logout-provider.ts'
import { Visitor, type Answer } from '../fixtures/visitor.ts'

const EVENTS = { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }
const MINUTE = 60_000
const HERE = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

/** Four browsers: two of Ada's sessions at the provider, a second one in the first of these, and Ben. */
const BROWSERS = { ada: { sub: 'ada', sid: 's-1' }, adasOther: { sub: 'ada', sid: 's-2' }, ben: { sub: 'ben', sid: 's-3', email: 'ben@example.com' } } as const
type Browser = keyof typeof BROWSERS

async function setUp (t: Test, settings: Settings = {}) {
  const log: LogLine[] = []
  const clock = { now: () => Date.now() }
  const provider = await startLogoutProvider(t, { now: () => clock.now(), more: { backchannel_logout_supported: true } })
  const running = await startGate(t, { log, settings: { oauthIssuer: provider.issuer, ...settings } })
  clock.now = () => running.outside.now()
  const browsers = { ada: new Visitor(), adasOther: new Visitor(), ben: new Visitor() }
  for (const name of Object.keys(BROWSERS) as Browser[]) {
    provider.next = BROWSERS[name]
    t.equal((await browsers[name].follow(`${running.origin}/`)).status, 200, `${name} is signed in`)
  }
  running.outside.advance(1000)
  const url = `${running.origin}/oauth2/backchannel-logout`
  const tell = async (token: string) => await new Visitor().ask(url, { form: { logout_token: token } })
  const ended = async () => {
    const answers = await Promise.all((Object.keys(BROWSERS) as Browser[]).map(async name => [name, await browsers[name].navigate(`${running.origin}/`)] as const))
    return answers.filter(([, { status }]) => status !== 200).map(([name]) => name)
  }
  const now = () => Math.floor(running.outside.now() / 1000)
  return { ...running, op: provider, browsers, url, tell, ended, now, log }
}

type Set = Awaited<ReturnType<typeof setUp>>
let count = 0
const jti = () => `jti-${count++}`
const good = async ({ op }: Pick<Set, 'op'>, claims: Record<string, unknown> = {}, header?: Record<string, unknown>) => await op.sign({ jti: jti(), ...EVENTS, ...claims }, header)

interface Row {
  readonly what: string
  readonly send: (set: Set) => Promise<Answer>
  readonly status: number
  readonly ended?: readonly Browser[]
  readonly says?: RegExp
}

const tells = (claims: Record<string, unknown>, header?: Record<string, unknown>) => async (set: Set) => await set.tell(await good(set, claims, header))
const signedBy = (key: Parameters<SignJWT['sign']>[0], alg: string) => async (set: Set) => await set.tell(await new SignJWT({ iss: set.op.issuer, aud: 'gate', iat: set.now(), jti: jti(), sid: 's-1', ...EVENTS }).setProtectedHeader({ alg, kid: 'first' }).sign(key))
const bytes = (text: string) => new TextEncoder().encode(text)

const table: readonly Row[] = [
  { what: 'by sid', send: tells({ sid: 's-1' }), status: 200, ended: ['ada'] },
  { what: 'by sid and sub', send: tells({ sid: 's-1', sub: 'ada' }), status: 200, ended: ['ada'] },
  { what: 'by sub alone', send: tells({ sub: 'ada' }), status: 200, ended: ['ada', 'adasOther'] },
  { what: 'typ logout+jwt', send: tells({ sid: 's-1' }, { typ: 'logout+jwt' }), status: 200, ended: ['ada'] },
  { what: 'typ application/LOGOUT+JWT', send: tells({ sid: 's-1' }, { typ: 'application/LOGOUT+JWT' }), status: 200, ended: ['ada'] },
  { what: 'typ JWT', send: tells({ sid: 's-1' }, { typ: 'JWT' }), status: 200, ended: ['ada'] },
  { what: 'for several, as azp says', send: tells({ sid: 's-1', aud: ['gate', 'other'], azp: 'gate' }), status: 200, ended: ['ada'] },
  { what: 'with an exp', send: async set => await set.tell(await good(set, { sid: 's-1', exp: set.now() + 60 })), status: 200, ended: ['ada'] },
  { what: 'a minute ahead', send: async set => await set.tell(await good(set, { sid: 's-1', iat: set.now() + 60 })), status: 200, ended: ['ada'] },
  { what: 'ten minutes old', send: async set => await set.tell(await good(set, { sid: 's-1', iat: set.now() - 599 })), status: 200, ended: ['ada'] },
  { what: 'with another parameter beside', send: async set => await new Visitor().ask(set.url, { form: { logout_token: await good(set, { sid: 's-1' }), more: 'x' } }), status: 200, ended: ['ada'] },
  { what: 'an unknown sid', send: tells({ sid: 's-9' }), status: 200 },
  { what: 'an unknown sub', send: tells({ sub: 'nobody' }), status: 200 },
  { what: 'a sid that is somebody’s sub', send: tells({ sid: 'ada' }), status: 200 },
  { what: 'a sub that is somebody’s sid', send: tells({ sub: 's-1' }), status: 200 },
  { what: 'another audience', send: tells({ sid: 's-1', aud: 'other' }), status: 400, says: /no provider here/ },
  { what: 'no audience', send: tells({ sid: 's-1', aud: undefined }), status: 400, says: /no provider here/ },
  { what: 'for several, without azp', send: tells({ sid: 's-1', aud: ['gate', 'other'] }), status: 400, says: /^azp is missing/ },
  { what: 'for another, as azp says', send: tells({ sid: 's-1', azp: 'other' }), status: 400, says: /^azp is/ },
  { what: 'another issuer', send: tells({ sid: 's-1', iss: 'https://id.example.com' }), status: 400, says: /no provider here/ },
  { what: 'no issuer', send: tells({ sid: 's-1', iss: undefined }), status: 400, says: /no provider here/ },
  { what: 'with a nonce', send: tells({ sid: 's-1', nonce: 'n' }), status: 400, says: /^nonce/ },
  { what: 'with an empty nonce', send: tells({ sid: 's-1', nonce: null }), status: 400, says: /^nonce/ },
  { what: 'expired', send: async set => await set.tell(await good(set, { sid: 's-1', exp: set.now() - 61 })), status: 400, says: /^exp is in the past/ },
  { what: 'an exp that is a text', send: tells({ sid: 's-1', exp: 'soon' }), status: 400, says: /^exp/ },
  { what: 'too old', send: async set => await set.tell(await good(set, { sid: 's-1', iat: set.now() - 602 })), status: 400, says: /^iat is 60\d s ago/ },
  { what: 'of the future', send: async set => await set.tell(await good(set, { sid: 's-1', iat: set.now() + 63 })), status: 400, says: /^iat is in the future/ },
  { what: 'no iat', send: tells({ sid: 's-1', iat: undefined }), status: 400, says: /^iat is missing/ },
  { what: 'not yet valid', send: async set => await set.tell(await good(set, { sid: 's-1', nbf: set.now() + 100 })), status: 400, says: /^nbf/ },
  { what: 'no events', send: tells({ sid: 's-1', events: undefined }), status: 400, says: /^events/ },
  { what: 'another event', send: tells({ sid: 's-1', events: { 'https://example.com/other': {} } }), status: 400, says: /^events/ },
  { what: 'an event that is no object', send: tells({ sid: 's-1', events: { 'http://schemas.openid.net/event/backchannel-logout': true } }), status: 400, says: /^events/ },
  { what: 'events as a list', send: tells({ sid: 's-1', events: ['http://schemas.openid.net/event/backchannel-logout'] }), status: 400, says: /^events/ },
  { what: 'an inherited event', send: tells({ sid: 's-1', events: { ['__proto__']: EVENTS.events } }), status: 400, says: /^events/ },
  { what: 'no jti', send: tells({ sid: 's-1', jti: undefined }), status: 400, says: /^jti is missing/ },
  { what: 'an empty jti', send: tells({ sid: 's-1', jti: '' }), status: 400, says: /^jti/ },
  { what: 'neither sid nor sub', send: tells({}), status: 400, says: /sid and sub are missing/ },
  { what: 'a sid that is a number', send: tells({ sid: 1 }), status: 400, says: /^sid/ },
  { what: 'a sub that is an object', send: tells({ sub: { $ne: 1 } }), status: 400, says: /^sub/ },
  { what: 'typ at+jwt', send: tells({ sid: 's-1' }, { typ: 'at+jwt' }), status: 400, says: /^typ is/ },
  { what: 'typ that is no text', send: tells({ sid: 's-1' }, { typ: 7 }), status: 400, says: /^typ is/ },
  { what: 'with crit', send: tells({ sid: 's-1' }, { crit: ['b64'], b64: true }), status: 400, says: /crit/ },
  { what: 'alg none', send: async set => await set.tell(new UnsecuredJWT({ jti: jti(), sid: 's-1', ...EVENTS }).setIssuer(set.op.issuer).setAudience('gate').setIssuedAt(set.now()).encode()), status: 400, says: /^the algorithm 'none'/ },
  { what: 'HS256 by the client secret', send: signedBy(bytes(CLIENT.secret), 'HS256'), status: 400, says: /^the algorithm 'HS256'/ },
  { what: 'HS256 by the public key', send: async set => await signedBy(bytes(JSON.stringify(set.op.publicKey)), 'HS256')(set), status: 400, says: /^the algorithm/ },
  { what: 'another key under the same name', send: async set => await signedBy((await generateKeyPair('RS256')).privateKey, 'RS256')(set), status: 400, says: /signature/ },
  { what: 'changed after it was signed', send: async set => {
    const [head, , signature] = (await good(set, { sid: 's-9' })).split('.')
    const [, body] = (await good(set, { sid: 's-1' })).split('.')
    return await set.tell([head, body, signature].join('.'))
  }, status: 400, says: /signature/ },
  { what: 'the id_token of the very session', send: async set => await set.tell(set.op.idTokens[0] as string), status: 400, says: /^events/ },
  { what: 'an access token', send: async set => await set.tell(await set.op.sign({ sub: 'ada', sid: 's-1', jti: jti(), scope: 'openid', client_id: 'gate' }, { typ: 'at+jwt' })), status: 400, says: /^typ/ },
  { what: 'no JSON Web Token', send: async set => await set.tell('x.y.z'), status: 400, says: /^it is no JSON Web Token/ },
  { what: 'empty', send: async set => await set.tell(''), status: 400, says: /no JSON Web Token/ },
  { what: 'none', send: async set => await new Visitor().ask(set.url, { form: {} }), status: 400, says: /0 values/ },
  { what: 'two', send: async set => await raw(set, `logout_token=${await good(set, { sid: 's-1' })}&logout_token=${await good(set, { sid: 's-1' })}`), status: 400, says: /2 values/ },
  { what: 'in JSON', send: async set => await raw(set, JSON.stringify({ logout_token: await good(set, { sid: 's-1' }) }), 'application/json'), status: 400 },
  { what: 'in the query', send: async set => await new Visitor().ask(`${set.url}?logout_token=${await good(set, { sid: 's-1' })}`, { form: {} }), status: 400, says: /0 values/ },
  { what: 'as GET', send: async set => await new Visitor().ask(`${set.url}?logout_token=${await good(set, { sid: 's-1' })}`), status: 405 },
  { what: 'as PUT', send: async set => await new Visitor().ask(set.url, { method: 'PUT', form: { logout_token: await good(set, { sid: 's-1' }) } }), status: 405 },
  { what: 'fifteen KiB', send: async set => await new Visitor().ask(set.url, { form: { more: 'x'.repeat(14 * 1024), logout_token: await good(set, { sid: 's-1' }) } }), status: 200, ended: ['ada'] },
  { what: 'more than sixteen KiB', send: async set => await new Visitor().ask(set.url, { form: { more: 'x'.repeat(16 * 1024), logout_token: await good(set, { sid: 's-1' }) } }), status: 400 }
]

async function raw ({ url }: Pick<Set, 'url'>, body: string, type = 'application/x-www-form-urlencoded'): Promise<Answer> {
  const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': type } })
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text(), location: '', setCookies: answer.headers.getSetCookie() }
}

t.test('back-channel logout, by the table', async t => {
  const shared = await setUp(t) // for those that end nothing
  for (const { what, send, status, ended = [], says } of table) {
    await t.test(`a logout token: ${what}`, async t => {
      const set = ended.length === 0 ? shared : await setUp(t)
      const answer = await send(set)
      t.equal(answer.status, status, answer.body)
      t.match(answer.headers, { 'cache-control': 'no-store' })
      t.strictSame(answer.setCookies, [], 'it is between two machines')
      if (status === 200) t.equal(answer.body, '')
      else t.match(JSON.parse(answer.body), { error: 'invalid_request', error_description: says ?? /./ })
      t.strictSame(await set.ended(), ended, `ended: ${ended.join() || 'nobody'}`)
    })
  }
})

t.test('a logout token counts once, for as long as it could count', async t => {
  const set = await setUp(t)
  const token = await good(set, { sub: 'ada' })
  t.equal((await set.tell(token)).status, 200)
  t.match(await set.tell(token), { status: 400, body: /jti has come before/ })
  set.op.next = BROWSERS.ada
  set.outside.advance(1)
  t.match(await set.browsers.ada.follow(`${set.origin}/`), { status: 200 }, 'who signs in again')
  set.outside.advance(9 * MINUTE)
  t.match(await set.tell(token), { status: 400, body: /jti has come before/ })
  set.outside.advance(2 * MINUTE)
  t.match(await set.tell(token), { status: 400, body: /iat is 66\d s ago/ })
  t.strictSame(await set.ended(), ['adasOther'], 'is not signed out by a copy of it')
})

t.test('two at once with one token are one', async t => {
  const set = await setUp(t)
  const token = await good(set, { sid: 's-1' })
  const answers = await Promise.all([set.tell(token), set.tell(token)])
  t.ok(answers.some(({ status }) => status === 200))
  t.strictSame(await set.ended(), ['ada'])
})

t.test('a session that begins with a sign-in which was under way as the provider ended it, ends too', async t => {
  const set = await setUp(t)
  t.equal((await set.tell(await good(set, { sid: 's-7' }))).status, 200, 'nobody knows that session')
  set.outside.advance(20_000)
  set.op.next = { sub: 'cleo', sid: 's-7', email: 'cleo@example.com' }
  const late = new Visitor()
  t.not((await late.navigate((await late.navigate((await late.navigate(`${set.origin}/`)).location.replace(/^\//, `${set.origin}/`))).location)).status, 200)
  const cleo = new Visitor()
  set.op.next = { sub: 'cleo', sid: 's-8', email: 'cleo@example.com' }
  t.equal((await cleo.follow(`${set.origin}/`)).status, 200, 'another session of the same person counts')
})

t.test('where sessions are in a store it holds too', async t => {
  const set = await setUp(t, { sessionStore: 'memory' })
  t.equal((await set.tell(await good(set, { sid: 's-1', sub: 'ada' }))).status, 200)
  t.strictSame(await set.ended(), ['ada'])
  t.match(await set.tell(await good(set, { sub: 'ben' })), { status: 200 })
  t.strictSame(await set.ended(), ['ada', 'ben'])
})

t.test('a session keeps its ties to the provider when its tokens are renewed', async t => {
  const set = await setUp(t, { oauthRefreshTokens: true })
  set.op.next = BROWSERS.ada
  set.outside.advance(3590_000)
  t.equal((await set.browsers.ada.navigate(`${set.origin}/`)).status, 200)
  t.ok(set.log.some(({ event }) => event === 'session.refreshed'))
  t.equal((await set.tell(await good(set, { sid: 's-1' }))).status, 200)
  t.match(await set.browsers.ada.navigate(`${set.origin}/`), { status: 302 })
})

t.test('the log says who was signed out by whom, and why a token was refused; no token is in it', async t => {
  const set = await setUp(t)
  const tokens = [await good(set, { sid: 's-1', sub: 'ada' }), await good(set, { sub: 'ben' }), await good(set, { sid: 's-1', aud: 'other' })]
  for (const token of tokens) await set.tell(token)
  t.match(set.log.filter(({ cause }) => cause === 'back-channel'), [{ provider: 'oidc', by: 'sid', subject: 'ada' }, { provider: 'oidc', by: 'sub', subject: 'ben' }])
  t.match(set.log.filter(({ code }) => code === 'GATE_LOGOUT_TOKEN_INVALID'), [{ level: 'warn', detail: /no provider here has the issuer .* among \["other"\]/, hint: /--oauth-issuer/ }])
  for (const token of tokens) t.notOk(JSON.stringify(set.log).includes(token.split('.')[1] as string))
})

t.test('without an issuer nobody can end anything', async t => {
  const set = await setUp(t)
  const running = await startGate(t, { settings: { oauthProvider: 'generic', oauthIssuer: undefined, oauthAuthorizeUrl: `${set.op.issuer}/authorize`, oauthTokenUrl: `${set.op.issuer}/token` } })
  const visitor = new Visitor()
  set.op.next = BROWSERS.ada
  t.equal((await visitor.follow(`${running.origin}/`)).status, 200)
  t.match(await new Visitor().ask(`${running.origin}/oauth2/backchannel-logout`, { form: { logout_token: await good(set, { sid: 's-1' }) } }), { status: 400, body: /no provider here/ })
  t.equal((await visitor.navigate(`${running.origin}/`)).status, 200)
})

t.test('flood: whoever sends nothing but rubbish is held up, and then the provider alone is heard again', async t => {
  const set = await setUp(t)
  for (let sent = 0; sent < 600; sent += 50) await Promise.all(Array.from({ length: 50 }, async () => await set.tell('x.y.z')))
  t.match(await set.tell('x.y.z'), { status: 429, headers: { 'retry-after': '5' }, body: /temporarily_unavailable/ })
  const calm = await setUp(t)
  for (let sent = 0; sent < 700; sent += 50) {
    const answers = await Promise.all(Array.from({ length: 50 }, async () => await calm.tell(await good(calm, { sid: `s-${jti()}` }))))
    if (answers.some(({ status }) => status !== 200)) t.fail('a provider that signs out many people is not held up')
  }
  t.strictSame(await calm.ended(), [], 'and none of the others')
})

t.test('signing out has the tokens of the session taken back, in the background', async t => {
  const set = await setUp(t, { oauthRefreshTokens: true, passAccessToken: true })
  const out = async (browser: Browser) => await set.browsers[browser].navigate(`${set.origin}/oauth2/sign_out`, { form: {}, headers: { origin: set.origin, ...HERE } })
  const settled = async (count: number) => {
    for (let wait = 0; set.op.revoked.length < count && wait < 100; wait++) await new Promise(resolve => { setTimeout(resolve, 50) })
  }
  t.match((await out('ada')).body, /You are signed out/)
  await settled(2)
  t.match(set.op.revoked.toSorted((one, other) => String(other.token_type_hint).localeCompare(String(one.token_type_hint))), [
    { token: 'refresh-1', token_type_hint: 'refresh_token', client_id: CLIENT.id, client_secret: CLIENT.secret }, { token: 'access-1', token_type_hint: 'access_token' }
  ])
  set.op.answers.push(503, 503)
  const before = Date.now()
  t.match((await out('ben')).body, /You are signed out/)
  t.ok(Date.now() - before < 1500, 'nobody waits for it')
  await settled(6)
  t.strictSame(set.op.revoked.slice(4).map(({ token }) => token).toSorted(), ['access-3', 'refresh-3'], 'and each was tried once more')
  set.op.answers.push(400, 400, 400, 400)
  await out('adasOther')
  await settled(10)
  await new Promise(resolve => { setTimeout(resolve, 100) })
  t.equal(set.log.filter(({ event }) => event === 'token.not_revoked').length, 2, 'what did not succeed is told')
  t.equal(set.op.revoked.length, 10, 'and not tried for ever')
  t.notMatch(JSON.stringify(set.log), /(?:access|refresh)-\d/)
  t.strictSame(await set.ended(), ['ada', 'adasOther', 'ben'])
})
