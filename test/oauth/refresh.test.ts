import t from 'tap'
import { ClientRefused, GrantRefused, IdTokenInvalid, ProviderAnswerInvalid, ProviderRefused, ProviderUnreachable } from '../../src/errors.ts'
import { attempt, startHostile, startPlain } from './setup.ts'
import { clientId, clientSecret, json, nonce, start } from '../fixtures/hostile-provider.ts'

const token = 'refresh/with+odd=characters'

t.test('a refresh token is sent as the client sends everything, and brings tokens (RFC 6749 §6)', async t => {
  const { hostile, client } = await startPlain(t)
  hostile.token = { refresh_token: 'next', id_token: undefined, expires_in: 60 }
  t.match(await client.refresh(token), { accessToken: 'opaque-access-token', refreshToken: 'next', expiresAt: start + 60_000 })
  t.strictSame(Object.fromEntries(hostile.at('/token')[0]?.body ?? []), { grant_type: 'refresh_token', refresh_token: token, client_id: clientId, client_secret: clientSecret })
  t.equal(hostile.requests.length, 1)
})

t.test('where the answer does not say when it ends, a JWT does; an opaque token has no end that we know', async t => {
  const { hostile, client } = await startPlain(t)
  hostile.token = { expires_in: undefined, access_token: await hostile.sign({ exp: start / 1000 + 90 }), id_token: undefined }
  t.equal((await client.refresh(token)).expiresAt, start + 90_000)
  hostile.token = { expires_in: 30, access_token: await hostile.sign({ exp: start / 1000 + 90 }), id_token: undefined }
  t.equal((await client.refresh(token)).expiresAt, start + 30_000)
  for (const exp of ['soon', -1, 0, null]) {
    hostile.token = { expires_in: undefined, access_token: await hostile.sign({ exp }), id_token: undefined }
    t.equal((await client.refresh(token)).expiresAt, undefined, String(exp))
  }
  hostile.token = { expires_in: undefined, id_token: undefined }
  t.notOk('expiresAt' in await client.refresh(token))
})

t.test('only a refusal of the token itself is one; the rest is told apart, and no answer repeats the token', async t => {
  const { hostile, client } = await startPlain(t)
  for (const [answer, status, kind] of [
    ['invalid_grant', 400, GrantRefused], ['invalid_grant', 401, GrantRefused], ['interaction_required', 400, GrantRefused], ['login_required', 400, GrantRefused], ['bad_refresh_token', 200, GrantRefused],
    ['invalid_client', 401, ClientRefused], ['unauthorized_client', 400, ClientRefused], ['invalid_scope', 400, ProviderRefused], ['temporarily_unavailable', 503, ProviderRefused], ['unsupported_grant_type', 400, ProviderRefused]
  ] as const) {
    hostile.answer('/token', json({ error: answer, error_description: `the redirect URI or token ${token} is wrong` }, status))
    const error = await client.refresh(token).catch((error: unknown) => error as Error)
    t.ok(error instanceof kind, `${answer} is ${kind.name}`)
    t.notMatch((error as Error).message, token)
  }
  hostile.answer('/token', response => response.writeHead(500).end('<h1>sorry</h1>'))
  await t.rejects(client.refresh(token), ProviderAnswerInvalid)
  hostile.answer('/token', response => response.destroy())
  await t.rejects(client.refresh(token), ProviderUnreachable)
})

t.test('somebody else’s id_token: one that comes by a refresh is of the same issuer and subject, for this client, and of the same nonce if it has one', async t => {
  const { hostile, client, clock } = await startHostile(t)
  const { idTokenMark: mark } = (await client.signIn('code', attempt)).tokens
  t.match(mark, /^[\w-]{22}\.[\w-]{22}$/)
  clock.pass(3_000_000)
  const again = async (claims: Record<string, unknown>) => {
    hostile.claims = { iat: start / 1000 + 3000, exp: start / 1000 + 6600, ...claims }
    return await client.readAgain(await client.refresh(token), mark)
  }
  for (const claims of [{ nonce }, { nonce: undefined }, { groups: ['new'] }]) t.ok(await again(claims), JSON.stringify(claims))
  hostile.user = { sub: 'm-2' }
  await t.rejects(again({ sub: 'm-2' }), new IdTokenInvalid('iss or sub is not that of the sign-in: the refreshed token is of somebody else'))
  hostile.user = {}
  await t.rejects(again({ nonce: 'another' }), IdTokenInvalid)
  await t.rejects(again({ aud: 'another' }), IdTokenInvalid)
  await t.rejects(again({ iss: 'https://evil.example' }), IdTokenInvalid)
  const { sign } = hostile
  hostile.sign = async claims => `${(await sign(claims)).split('.').slice(0, 2).join('.')}.AAAA`
  await t.rejects(again({}), IdTokenInvalid, 'one that nobody signed')
})

t.test('without a new id_token userinfo is read, and where there is none nothing is said', async t => {
  const discovered = await startHostile(t)
  const { tokens } = await discovered.client.signIn('code', attempt)
  discovered.hostile.token = { id_token: undefined }
  discovered.hostile.user = { name: 'New Name' }
  const said = await discovered.client.readAgain(await discovered.client.refresh(token), tokens.idTokenMark)
  t.equal(said?.sources.claims.text('name'), 'New Name')
  t.notOk(said?.tokens.idTokenMark)
  const plain = await startPlain(t, {}, false)
  plain.hostile.token = { id_token: undefined }
  t.equal(await plain.client.readAgain(await plain.client.refresh(token), 'a.b'), undefined)
})

t.test('offline_access is asked for where it is wished, unless the provider lists its scopes without it', async t => {
  const { hostile, client } = await startHostile(t, { wishedScopes: ['offline_access'] })
  hostile.discovery = { scopes_supported: ['openid', 'email'] }
  const scopeOf = async (one: typeof client) => new URL(await one.authorizeUrl(attempt)).searchParams.get('scope')
  t.equal(await scopeOf(client), 'openid email profile')
  for (const listed of [undefined, ['openid', 'offline_access']]) {
    const other = await startHostile(t, { wishedScopes: ['offline_access'] })
    other.hostile.discovery = { scopes_supported: listed }
    t.equal(await scopeOf(other.client), 'openid email profile offline_access', String(listed))
  }
  t.equal(await scopeOf((await startHostile(t)).client), 'openid email profile', 'and nowhere else')
})

t.test('a consent that is wanted at each sign-in is wanted with another account too', async t => {
  const prompts = async (extraParams: Record<string, string>) => {
    const { client } = await startHostile(t, { extraParams })
    return new URL(await client.authorizeUrl(attempt, { prompt: 'select_account' })).searchParams.get('prompt')
  }
  t.equal(await prompts({ prompt: 'consent' }), 'select_account consent')
  t.equal(await prompts({ prompt: 'login' }), 'select_account')
  t.equal(await prompts({}), 'select_account')
})
