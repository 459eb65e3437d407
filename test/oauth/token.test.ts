import t from 'tap'
import { ClientRefused, GateError, GrantRefused, PasswordRefused, ProviderAnswerInvalid, ProviderRefused, ProviderUnreachable, RedirectUriRefused } from '../../src/errors.ts'
import { createClient, attempt, startHostile, startPlain } from './setup.ts'
import { clientId, clientSecret, json, start, type Answer } from '../fixtures/hostile-provider.ts'

const code = 'the-code/with+odd=characters'
const html: Answer = response => response.writeHead(200, { 'content-type': 'text/html' }).end(`<h1>${code} secret-token</h1>`)

t.test('a code is sent with its verifier and redirect URI, in the body, and is answered by tokens', async t => {
  const { hostile, client } = await startPlain(t)
  hostile.token = { refresh_token: 'refresh' }
  const { tokens } = await client.signIn(code, attempt)
  t.match(tokens, { accessToken: 'opaque-access-token', refreshToken: 'refresh', idToken: /^ey/, expiresAt: start + 3_600_000 })
  const [seen] = hostile.at('/token')
  t.strictSame(Object.fromEntries(seen?.body ?? []), {
    grant_type: 'authorization_code', code, redirect_uri: attempt.redirectUri, code_verifier: attempt.codeVerifier, client_id: clientId, client_secret: clientSecret
  })
  t.match(seen?.headers, { accept: 'application/json', 'content-type': /^application\/x-www-form-urlencoded/ })
  t.notOk(seen?.headers.authorization)
})

t.test('how the client says who it is: discovery\'s list, the provider\'s file, and the setting above both', async t => {
  const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret.replaceAll(' ', '+')}`).toString('base64')}`
  for (const [name, authStyle, listed, header, body] of [
    ['oidc', 'auto', ['client_secret_basic', 'client_secret_post'], undefined, clientSecret],
    ['oidc', 'auto', ['client_secret_basic', 'private_key_jwt'], basic, null],
    ['oidc', 'auto', undefined, undefined, clientSecret],
    ['oidc', 'params', ['client_secret_basic'], undefined, clientSecret],
    ['oidc', 'header', ['client_secret_post'], basic, null],
    ['oidc', 'none', ['client_secret_post'], undefined, null],
    ['code', 'auto', ['client_secret_post'], undefined, null],
    ['code', 'header', undefined, basic, null],
    ['password', 'params', undefined, undefined, clientSecret]
  ] as const) {
    const { hostile } = await startHostile(t)
    hostile.discovery = { token_endpoint_auth_methods_supported: listed }
    await createClient(name, { issuer: hostile.issuer, clientSecret, authStyle }).signIn(code, attempt)
    const [seen] = hostile.at('/token')
    t.equal(seen?.headers.authorization, header, `${name}, ${authStyle}, ${listed}`)
    t.equal(seen?.body.get('client_secret'), body)
    t.equal(hostile.at('/token').length, 1)
  }
})

t.test('the password grant sends name, password and scopes, and no verifier', async t => {
  const { hostile, client } = await startPlain(t, {}, true)
  hostile.claims = { nonce: undefined }
  await client.signInWithPassword('älice', 'p&ss', 'https://gate.example')
  t.strictSame(Object.fromEntries(hostile.at('/token')[0]?.body ?? []), {
    grant_type: 'password', username: 'älice', password: 'p&ss', scope: 'openid email profile', redirect_uri: 'https://gate.example', client_id: clientId, client_secret: clientSecret
  })
  t.strictSame(hostile.at('/authorize'), [])
})

t.test('an error is told by its code, whatever its status', async t => {
  for (const [error, status, constructor] of [
    ['invalid_client', 401, ClientRefused], ['unauthorized_client', 400, ClientRefused], ['incorrect_client_credentials', 200, ClientRefused],
    ['invalid_grant', 400, GrantRefused], ['bad_verification_code', 200, GrantRefused], ['invalid_grant', 401, GrantRefused],
    ['invalid_scope', 400, ProviderRefused], ['something\nnew', 200, ProviderRefused], ['', 400, ProviderRefused]
  ] as const) {
    const { hostile, client } = await startPlain(t)
    hostile.answer('/token', json({ error, access_token: 'secret-token' }, status))
    await t.rejects(client.signIn(code, attempt), { constructor, message: new RegExp(`the token endpoint ${hostile.issuer}/token answered ${status} `) }, error)
    t.equal(hostile.at('/token').length, 1, 'and is not tried again')
    t.strictSame(hostile.at('/user'), [])
  }
})

t.test('an error about the redirect URI is told as such, with the one that was sent', async t => {
  for (const body of [{ error: 'redirect_uri_mismatch' }, { error: 'invalid_grant', error_description: 'Incorrect redirect_uri' }, { error: 'invalid_grant', error_description: 'AADSTS50011: The redirect URI does not match' }]) {
    const { hostile, client } = await startPlain(t)
    hostile.answer('/token', json(body, 400))
    await t.rejects(client.signIn(code, attempt), { constructor: RedirectUriRefused, message: `; the redirect URI was ${attempt.redirectUri}` }, body.error)
    t.strictSame(hostile.at('/user'), [])
  }
})

t.test('a wrong password has an error of its own', async t => {
  const { hostile, client } = await startPlain(t)
  hostile.answer('/token', json({ error: 'invalid_grant' }, 400))
  await t.rejects(client.signInWithPassword('alice', 'guess'), PasswordRefused)
  t.equal(hostile.at('/token').length, 1, 'one guess stays one')
})

t.test('the provider\'s description is for the log, without what we sent', async t => {
  const { hostile, client } = await startPlain(t)
  hostile.answer('/token', json({ error: 'invalid_client', error_description: `AADSTS7000215:\r\nnot ${clientSecret} or ${encodeURIComponent(code)} or ${attempt.codeVerifier} or ${code}` }, 401))
  await t.rejects(client.signIn(code, attempt), {
    constructor: ClientRefused, reason: undefined,
    message: /\(AADSTS7000215:not \[redacted\] or \[redacted\] or \[redacted\] or \[redacted\]\)$/
  })
})

t.test('what is no token answer is refused, and none of it repeated', async t => {
  const answers: readonly Answer[] = [
    html,
    response => response.writeHead(200, { 'content-type': 'application/x-www-form-urlencoded' }).end('access_token=secret-token&token_type=bearer'),
    response => response.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":"secret-token"'),
    json(null), json([]), json({}), json({ token_type: 'Bearer' }), json({ access_token: '' }), json({ access_token: 7 }),
    json({ access_token: 'secret-token\r\nx: y' }), json({ access_token: 'secret-token', token_type: 'DPoP' }),
    json({ access_token: 'secret-token', id_token: { a: 1 } }), json({ access_token: 'secret-token' }, 500), json({ access_token: 'secret-token' }, 201)
  ]
  for (const [index, answer] of answers.entries()) {
    const { hostile, client } = await startPlain(t)
    hostile.answer('/token', answer)
    const error = await client.signIn(code, attempt).then(() => undefined, (error: unknown) => error)
    t.match(error, { constructor: ProviderAnswerInvalid }, `answer ${index}`)
    t.notMatch(inspect(error), /secret-token/)
    t.notOk(inspect(error).includes(code))
    t.equal(hostile.at('/token').length, 1)
    t.strictSame(hostile.at('/user'), [], 'no token was used')
  }
})

t.test('a redirect, a silence and a broken connection send the code nowhere else', async t => {
  for (const [answer, constructor] of [
    [(response => response.writeHead(307, { location: '/stolen' }).end()) as Answer, ProviderAnswerInvalid],
    [(response => response.destroy()) as Answer, ProviderUnreachable]
  ] as const) {
    const { hostile, client } = await startPlain(t)
    hostile.answer('/token', answer)
    const error = await client.signIn(code, attempt).then(() => undefined, (error: unknown) => error)
    t.match(error, { constructor })
    t.notOk(inspect(error).includes(code))
    t.equal(hostile.requests.length, 1)
  }
})

t.test('expires_in may be text or nonsense, and becomes a moment or nothing', async t => {
  for (const [value, expiresAt] of [['3600', start + 3_600_000], [60.5, start + 60_500], [1e300, start + 10 * 365 * 86_400_000], [-1, undefined], [0, undefined], ['soon', undefined], [null, undefined], [{}, undefined], [true, undefined]] as const) {
    const { hostile, client } = await startPlain(t)
    hostile.token = { expires_in: value }
    t.equal((await client.signIn(code, attempt)).tokens.expiresAt, expiresAt, JSON.stringify(value))
  }
})

function inspect (error: unknown): string {
  return error instanceof GateError ? [error.message, error.reason, error.stack, String(error.cause)].join('\n') : String(error)
}
