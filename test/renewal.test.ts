import t, { type Test } from 'tap'
import { activate } from '../src/active-provider.ts'
import { loadConfig } from '../src/config/load.ts'
import type { Settings } from '../src/config/options.ts'
import type { Identity } from '../src/identity/identity.ts'
import { createAsker } from '../src/renewal.ts'
import { createProviders } from '../src/routes/providers.ts'
import { tellOfAbsence } from '../src/session-log.ts'
import type { Answer } from '../src/session/renewals.ts'
import { keepTokens, type KeptTokens } from '../src/session/session.ts'
import type { Session } from '../src/session/opened.ts'
import { clientId, clientSecret, json, start, startHostileProvider } from './fixtures/hostile-provider.ts'
import { attempt, createClock } from './oauth/setup.ts'

/** Somebody signed in at a provider that is honest until it is told otherwise, and whose tokens are then renewed. */
async function signedIn (t: Test, { settings = {}, token = {}, claims = {}, user = {} }: { settings?: Settings, token?: object, claims?: object, user?: object } = {}) {
  const hostile = await startHostileProvider()
  t.teardown(() => hostile.close())
  hostile.token = { refresh_token: 'first', ...token }
  hostile.claims = { email: 'mallory@example.com', groups: ['staff'], ...claims }
  hostile.user = { ...user }
  const clock = createClock()
  const { config } = loadConfig({ env: {}, settings: {
    upstream: ['http://127.0.0.1:1'], oauthProvider: 'oidc', oauthIssuer: hostile.issuer, oauthKey: clientId, oauthSecret: clientSecret, cookieSecret: 'x'.repeat(40), oauthRefreshTokens: true, passAuthorizationHeader: true, ...settings
  } })
  const provider = activate(config.providers[0], config, { outside: clock, people: { keys: [], verify: async () => false }, onFailure: () => { /* nothing is optional here */ } })
  const keep = (tokens: Parameters<typeof keepTokens>[1]) => keepTokens(config, tokens, clock.now())
  const said = await provider.learn(await provider.client.signIn('code', attempt))
  const [identity, tokens] = [provider.identify(said), keep(said.tokens) as KeptTokens]
  const ask = createAsker({ providers: createProviders([provider]), keepTokens: keep })
  return { hostile, clock, identity, tokens, renew: async () => await ask({ identity } as Session, tokens) }
}

const renewed = (answer: Answer) => answer as { identity: Identity, tokens: KeptTokens, failure?: Error }
const ended = (answer: Answer) => (answer as { ended?: Error }).ended

t.test('a renewal brings the next tokens, and who somebody is now', async t => {
  const { hostile, renew, tokens } = await signedIn(t)
  t.match(tokens, { refresh: 'first', id: /^ey/, idTokenMark: /^[\w-]+\.[\w-]+$/, renewAt: start + 3_540_000 })
  hostile.token = { refresh_token: 'second', expires_in: 600 }
  hostile.claims = { email: 'new@example.com', groups: ['admins'], nonce: undefined, jti: 'another' }
  const answer = renewed(await renew())
  t.match(answer, { identity: { email: 'new@example.com', groups: ['admins'] }, tokens: { refresh: 'second', renewAt: start + 540_000, idTokenMark: tokens.idTokenMark } })
  t.not(answer.tokens.id, tokens.id)
  t.equal(hostile.at('/user').length, 2, 'userinfo is read again')
})

t.test('a provider that does not rotate sends no refresh token again: the one there is goes on', async t => {
  const { hostile, renew } = await signedIn(t)
  hostile.token = {}
  t.match(renewed(await renew()).tokens, { refresh: 'first' })
})

t.test('what at a sign-in would have been refused ends it', async t => {
  const table: readonly (readonly [what: string, change: (hostile: Awaited<ReturnType<typeof signedIn>>['hostile']) => void, code: string])[] = [
    ['invalid_grant', hostile => hostile.answer('/token', json({ error: 'invalid_grant' }, 400)), 'GATE_GRANT_REFUSED'],
    ['somebody else', hostile => { hostile.claims = { sub: 'm-2', email: 'mallory@example.com' }; hostile.user = { sub: 'm-2' } }, 'GATE_ID_TOKEN_INVALID'],
    ['another client', hostile => { hostile.claims = { aud: 'another' } }, 'GATE_ID_TOKEN_INVALID'],
    ['nobody', hostile => { hostile.claims = {}; hostile.user = { email: undefined } }, 'GATE_USER_MISSING'],
    ['too many groups', hostile => { hostile.claims = { email: 'mallory@example.com', groups: Array.from({ length: 900 }, (_, index) => `group-number-${index}`) } }, 'GATE_IDENTITY_TOO_LARGE']
  ]
  for (const [what, change, code] of table) {
    const { hostile, renew } = await signedIn(t)
    change(hostile)
    t.match(ended(await renew()), { code }, what)
  }
})

t.test('what is ours to mend, or passes, is no end: the old token was not taken, and may be sent again', async t => {
  for (const [what, answer] of [
    ['a wrong secret', json({ error: 'invalid_client' }, 401)], ['an outage', json({}, 503)], ['no JSON', response => response.writeHead(200).end('<p>')], ['a cut line', response => response.destroy()]
  ] as readonly (readonly [string, Parameters<Awaited<ReturnType<typeof signedIn>>['hostile']['answer']>[1]])[]) {
    const { hostile, renew } = await signedIn(t)
    hostile.answer('/token', answer)
    await t.rejects(renew(), { code: /^GATE_(?:CLIENT_REFUSED|PROVIDER_)/ }, what)
  }
})

t.test('the new refresh token is kept though userinfo is down after it came; an id_token that was not looked at beside it is not passed on', async t => {
  const { hostile, renew, identity, tokens } = await signedIn(t)
  hostile.answer('/user', json({}, 500))
  hostile.token = { refresh_token: 'second' }
  hostile.claims = { email: 'new@example.com', jti: 'unseen' }
  const now = renewed(await renew())
  t.match(now, { tokens: { refresh: 'second' }, failure: { code: 'GATE_PROVIDER_ANSWER_INVALID' } })
  t.strictSame(now.identity, identity)
  t.equal(now.tokens.id, tokens.id)
})

t.test('a token under a key that nobody can read is not believed', async t => {
  const { hostile, clock, renew } = await signedIn(t)
  await hostile.rotate()
  hostile.answer('/keys', json({}, 500))
  hostile.token = { refresh_token: 'second' }
  clock.pass(3_500_000)
  hostile.claims = { email: 'evil@example.com', iat: start / 1000 + 3500, exp: start / 1000 + 7000 }
  t.match(ended(await renew()), { code: 'GATE_ID_TOKEN_INVALID' })
})

t.test('where no id_token comes again, what userinfo says counts, and what it says nothing of stays', async t => {
  const full = await signedIn(t, { user: { groups: ['staff'], name: 'Mallory' } })
  full.hostile.token = { id_token: undefined }
  full.hostile.user = { groups: ['readers'], name: 'M.' }
  t.match(renewed(await full.renew()), { identity: { groups: ['readers'], name: 'M.' }, tokens: { id: full.tokens.id, refresh: 'first' } })
  const silent = await signedIn(t)
  silent.hostile.token = { id_token: undefined }
  t.strictSame(renewed(await silent.renew()).identity, silent.identity, 'groups were in the id_token alone')
  const nameless = await signedIn(t)
  nameless.hostile.token = { id_token: undefined }
  nameless.hostile.user = { email: undefined }
  t.strictSame(renewed(await nameless.renew()).identity, nameless.identity)
  const nobody = await signedIn(t)
  nobody.hostile.token = { id_token: undefined }
  nobody.hostile.user = { sub: undefined, groups: ['admins'] }
  t.strictSame(renewed(await nobody.renew()).identity, nobody.identity, 'and it has to say of whom')
  const other = await signedIn(t)
  other.hostile.token = { id_token: undefined }
  other.hostile.user = { sub: 'm-2', groups: [] }
  t.match(ended(await other.renew()), { code: 'GATE_ID_TOKEN_INVALID' }, 'but never somebody else')
})

t.test('rights that are kept by saying less: whose userinfo doubts or has no address any more loses the groups that it says are over', async t => {
  for (const [what, user] of [['no address', { email: undefined }], ['an address without a name', { email: undefined, preferred_username: 'mallory' }]] as const) {
    const { hostile, renew, identity } = await signedIn(t, { settings: { roleAttributePath: 'contains(groups[*], \'staff\') && \'Admin\'', claim: ['dept=dept'] }, claims: { dept: 'it' } })
    t.match(identity, { groups: ['staff'], role: 'Admin' })
    hostile.token = { id_token: undefined }
    hostile.user = { ...user, groups: [] }
    t.strictSame(renewed(await renew()).identity, { ...identity, groups: [], role: 'Viewer' }, what)
  }
  for (const [what, user] of [['not verified any more', { email_verified: false }], ['none at all', { email: 7 }]] as const) {
    const { hostile, renew } = await signedIn(t)
    hostile.token = { id_token: undefined }
    hostile.user = user
    t.match(ended(await renew()), { code: 'GATE_USER_MISSING' }, what)
    const named = await signedIn(t, { settings: { oauthJwtUser: 'sub' } })
    named.hostile.token = { id_token: undefined }
    named.hostile.user = user
    t.match(renewed(await named.renew()).identity, { user: 'm-1', email: undefined, groups: ['staff'] }, what)
  }
})

t.test('token substitution: userinfo of somebody else ends a session though it names nobody, whatever the user key', async t => {
  for (const settings of [{}, { oauthJwtUser: 'department' }, { userKey: 'nickname' }]) {
    const { hostile, renew } = await signedIn(t, { settings, claims: { department: 'it', nickname: 'mal' } })
    hostile.token = { id_token: undefined }
    hostile.user = { sub: 'm-2', email: undefined }
    t.match(ended(await renew()), { code: 'GATE_ID_TOKEN_INVALID', message: /another subject/ }, JSON.stringify(settings))
  }
})

t.test('that no refresh token comes is said once for each provider, not at each sign-in', t => {
  const lines: object[] = []
  const log = { info: () => { /* not of interest */ }, error: () => { /* nor this */ }, warn: (line: object) => { lines.push(line) } }
  const tell = tellOfAbsence(log as Parameters<typeof tellOfAbsence>[0])
  tell('a', { accessToken: 'x', refreshToken: 'secret-r', expiresAt: 1 })
  t.strictSame(lines, [])
  for (let count = 0; count < 3; count++) tell('a', { accessToken: 'secret-a', expiresAt: 1 })
  tell('b', { accessToken: 'secret-a', refreshToken: 'secret-r' })
  tell('c', undefined)
  t.match(lines, [{ event: 'session.not_refreshable', provider: 'a', detail: /no refresh token/, hint: /offline_access/ }, { provider: 'b', detail: /when the access token ends/ }, { provider: 'c' }])
  t.equal(lines.length, 3)
  t.notMatch(JSON.stringify(lines), /secret/)
  t.end()
})
