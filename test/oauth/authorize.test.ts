import { createHash } from 'node:crypto'
import t from 'tap'
import { buildAuthorizeUrl, checkExtraParams, createLoginSecrets } from '../../src/oauth/authorize.ts'
import { outside } from '../../src/outside.ts'
import { attempt, createClient, startHostile } from './setup.ts'

const options = { clientId: 'gate', scopes: ['openid', 'email'], usePkce: true, extraParams: {} }

t.test('an authorization request has everything of the code flow, and the endpoint\'s own query', async t => {
  const { client, hostile } = await startHostile(t, { extraParams: { hd: 'example.com', prompt: 'login' } })
  const url = new URL(await client.authorizeUrl(attempt))
  t.equal(url.origin + url.pathname, `${hostile.issuer}/authorize`)
  t.strictSame(Object.fromEntries(url.searchParams), {
    tenant: '1', hd: 'example.com', prompt: 'login', response_type: 'code', client_id: 'gate', redirect_uri: 'https://gate.example',
    scope: 'openid email profile', state: attempt.state, nonce: attempt.nonce, code_challenge_method: 'S256',
    code_challenge: createHash('sha256').update(attempt.codeVerifier).digest('base64url')
  })
  t.equal(new URL(await client.authorizeUrl(attempt, { prompt: 'select_account' })).searchParams.get('prompt'), 'select_account')
  t.notOk(url.href.includes(attempt.codeVerifier), 'the verifier stays here')
})

t.test('what the endpoint\'s query or an extra parameter says about our own parameters does not count', async t => {
  const url = new URL(buildAuthorizeUrl('https://p.example/a?client_id=evil&client_id=evil&state=evil&nonce=evil&request_uri=https%3A%2F%2Fevil.example&keep=1', options, attempt))
  for (const [name, value] of [['client_id', 'gate'], ['state', attempt.state], ['nonce', attempt.nonce], ['keep', '1']] as const) t.strictSame(url.searchParams.getAll(name), [value])
  for (const name of ['client_id', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state', 'nonce', 'code_challenge', 'code_challenge_method', 'request', 'request_uri', 'client_secret']) {
    t.throws(() => checkExtraParams({ [name]: 'x' }), { message: new RegExp(`must not hold ${name}:`) })
  }
  t.notMatch(url.href, /evil/)
})

t.test('without PKCE there is no challenge, and without scopes no scope', async t => {
  const url = new URL(buildAuthorizeUrl('https://p.example/a', { ...options, usePkce: false, scopes: [] }, attempt))
  t.strictSame([...url.searchParams.keys()].sort(), ['client_id', 'nonce', 'redirect_uri', 'response_type', 'state'])
})

t.test('login secrets are long, and never the same twice', async t => {
  const [one, two] = [createLoginSecrets(outside), createLoginSecrets(outside)]
  t.match(one, { nonce: /^[\w-]{43}$/, codeVerifier: /^[\w-]{128}$/ })
  t.not(one.nonce, two.nonce)
  t.not(one.codeVerifier, two.codeVerifier)
})

t.test('settings that cannot work stop the start by the name of their flag', async t => {
  for (const [settings, flag] of [
    [{}, '--oauth-issuer or --oauth-authorize-url'],
    [{ authorizeUrl: 'https://p.example/a' }, '--oauth-token-url'],
    [{ issuer: 'http://p.example' }, '--oauth-issuer must be an https URL'],
    [{ issuer: 'https://p.example?x=1' }, '--oauth-issuer must not have a query'],
    [{ issuer: 'https://p.example', userUrl: 'https://u:p@p.example/me' }, '--oauth-user-url must not hold'],
    [{ issuer: 'https://p.example', tokenUrl: 'https://p.example/t#x' }, '--oauth-token-url must not have a fragment'],
    [{ issuer: 'https://p.example', authStyle: 'header' }, '--auth-style=header needs --oauth-secret'],
    [{ issuer: 'https://p.example', extraParams: { state: 'x' } }, 'must not hold state']
  ] as const) t.throws(() => createClient('generic', settings), { name: 'TypeError', message: new RegExp(flag.replaceAll('?', '\\?')) })
  t.ok(createClient('password', { tokenUrl: 'https://p.example/t' }), 'the password flow has no authorize URL')
})
