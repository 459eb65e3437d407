import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { GrantRefused, PasswordRefused, ProviderUnreachable } from '../../src/errors.ts'
import { identify } from '../../src/identity/identify.ts'
import type { OAuthClient, OAuthClientOptions, SignIn } from '../../src/oauth/client.ts'
import { outside } from '../../src/outside.ts'
import { findProvider } from '../../providers/index.ts'
import { alice, redirectUri, startOpenIdProvider, type OpenIdProvider } from '../fixtures/openid-provider.ts'
import { TestOutside } from '../fixtures/outside.ts'
import { createClient } from './setup.ts'

const secret = 'a secret/with:odd+characters'

async function start (port = 0): Promise<OpenIdProvider> {
  const provider = await startOpenIdProvider({ port })
  t.teardown(() => provider.close())
  return provider
}

function newSecrets () {
  return { nonce: outside.random(32).toString('base64url'), codeVerifier: outside.random(96).toString('base64url') }
}

async function goThrough (provider: OpenIdProvider, client: OAuthClient): Promise<SignIn> {
  const attempt = { state: 'state-1', ...newSecrets(), redirectUri }
  const callback = await provider.signIn(await client.authorizeUrl(attempt))
  t.equal(callback.searchParams.get('state'), 'state-1')
  return await client.signIn(await client.readCallback(callback.searchParams), attempt)
}

function identityOf (name: string, { sources }: SignIn): unknown {
  const found = findProvider(name)
  if (found === undefined) throw new Error(name)
  return identify(found, { sources }, { allowUnverifiedEmail: false, providerName: name })
}

function aliceFrom (provider: string): unknown {
  return {
    provider, subject: 'a-1', user: alice.email, login: 'alice', email: alice.email, name: alice.name, groups: alice.groups,
    teams: [], organizations: [], claims: {}
  }
}

function endpointsOf (issuer: string): Partial<OAuthClientOptions> {
  return { authorizeUrl: `${issuer}/auth`, tokenUrl: `${issuer}/token`, userUrl: `${issuer}/me`, outside }
}

t.test('oidc signs alice in with nothing but the issuer, and the code is sent once', async t => {
  const provider = await start()
  const client = createClient('oidc', { issuer: provider.issuer, clientId: 'confidential', clientSecret: secret, outside })
  const before = Date.now()
  const signIn = await goThrough(provider, client)
  t.strictSame(identityOf('oidc', signIn), aliceFrom('oidc'))
  t.type(signIn.tokens.idToken, 'string')
  t.ok((signIn.tokens.expiresAt ?? 0) >= before + 3_600_000 && (signIn.tokens.expiresAt ?? 0) < Date.now() + 3_700_000, 'expires_in became milliseconds since the epoch')
  t.match(provider.tokenCalls[0]?.body, { grant_type: 'authorization_code', redirect_uri: redirectUri, code_verifier: /^[\w-]{128}$/, client_secret: secret })
  t.equal(provider.tokenCalls.length, 1)
})

t.test('a secret of odd characters survives the header, and is not in the body as well', async t => {
  const provider = await start()
  const client = createClient('oidc', { issuer: provider.issuer, clientId: 'by-header', clientSecret: secret, authStyle: 'header', outside })
  t.strictSame(identityOf('oidc', await goThrough(provider, client)), aliceFrom('oidc'))
  t.match(provider.tokenCalls[0]?.authorization, /^Basic /)
  t.notOk(provider.tokenCalls[0]?.body.client_secret)
})

t.test('code is a public client: PKCE, and never the secret it was given', async t => {
  const provider = await start()
  const client = createClient('code', { ...endpointsOf(provider.issuer), clientId: 'public', clientSecret: 'a dummy that old setups were forced to have' })
  t.strictSame(identityOf('code', await goThrough(provider, client)), aliceFrom('code'))
  const [call] = provider.tokenCalls
  t.match(call?.body, { client_id: 'public', code_verifier: /^[\w-]{128}$/ })
  t.notOk(call?.body.client_secret ?? call?.authorization)
})

t.test('generic works by its endpoints alone', async t => {
  const provider = await start()
  const client = createClient('generic', { ...endpointsOf(provider.issuer), clientId: 'confidential', clientSecret: secret })
  t.strictSame(identityOf('generic', await goThrough(provider, client)), aliceFrom('generic'))
  t.equal(provider.tokenCalls[0]?.body.client_secret, secret, 'in the body, as Panel does where there is no discovery')
  t.equal(provider.tokenCalls[0]?.authorization, undefined)
})

t.test('password: the grant, without id_token and without secret; a wrong password has an error of its own', async t => {
  const provider = await start()
  const client = createClient('password', { ...endpointsOf(provider.issuer), clientId: 'typed', clientSecret: 'a dummy' })
  const signIn = await client.signInWithPassword('alice', 'wonderland', redirectUri)
  t.strictSame(identityOf('password', signIn), aliceFrom('password'))
  t.notOk(signIn.tokens.idToken)
  const refused = await client.signInWithPassword('alice', 'looking-glass').catch((error: unknown) => error)
  t.type(refused, PasswordRefused)
  t.notMatch(String(refused), /looking-glass|alice/)
  t.equal(provider.tokenCalls.length, 2, 'one request for each attempt')
  t.notOk(provider.tokenCalls.some(({ body, authorization }) => body.client_secret ?? authorization))
})

t.test('a code that was used before is refused by name, and not sent a third time', async t => {
  const provider = await start()
  const client = createClient('oidc', { issuer: provider.issuer, clientId: 'confidential', clientSecret: secret, outside })
  const attempt = { state: 's', ...newSecrets(), redirectUri }
  const code = await client.readCallback((await provider.signIn(await client.authorizeUrl(attempt))).searchParams)
  await client.signIn(code, attempt)
  const refused = await client.signIn(code, attempt).catch((error: unknown) => error)
  t.type(refused, GrantRefused)
  t.notOk(String(refused).includes(code))
  t.equal(provider.tokenCalls.length, 2)
})

t.test('a verifier of another login redeems nothing', async t => {
  const provider = await start()
  const client = createClient('code', { issuer: provider.issuer, clientId: 'public', outside })
  const attempt = { state: 's', ...newSecrets(), redirectUri }
  const code = await client.readCallback((await provider.signIn(await client.authorizeUrl(attempt))).searchParams)
  await t.rejects(client.signIn(code, { ...attempt, ...newSecrets() }), GrantRefused)
})

t.test('a provider that starts after the gate is found by the next login', async t => {
  const place = createServer().listen(0, '127.0.0.1')
  await once(place, 'listening')
  const { port } = place.address() as AddressInfo
  place.close()
  await once(place, 'close')
  const clock = new TestOutside()
  const client = createClient('oidc', { issuer: `http://127.0.0.1:${port}`, clientId: 'confidential', clientSecret: secret, outside: clock })
  await t.rejects(client.warm(), { constructor: ProviderUnreachable, message: /^GET http:\/\/127\.0\.0\.1:\d+\/\.well-known\/openid-configuration: ECONNREFUSED/ })
  const provider = await start(port)
  await t.rejects(client.warm(), ProviderUnreachable, 'within a second the failure stands, and nobody is asked')
  clock.advance(1000)
  t.strictSame(identityOf('oidc', await goThrough(provider, client)), aliceFrom('oidc'))
})
