import { createHash } from 'node:crypto'
import t from 'tap'
import { buildAuthorizeUrl, CORE_PARAMETERS } from '../../src/oauth/authorize.ts'
import { attempt, startHostile } from './setup.ts'

const options = { provider: {}, clientId: 'gate', scopes: ['openid', 'email'], usePkce: true, extraParams: {} }

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

t.test('who wants to choose another account is asked to sign in, where the provider cannot let them choose', async t => {
  const prompts: [object, string][] = [
    [{}, 'select_account'], [{ prompt_values_supported: ['none', 'login', 'consent'] }, 'login'],
    [{ prompt_values_supported: ['none', 'login', 'select_account'] }, 'select_account'], [{ prompt_values_supported: ['none'] }, 'select_account']
  ]
  for (const [more, prompt] of prompts) {
    const { client, hostile } = await startHostile(t)
    hostile.discovery = { ...more }
    t.equal(new URL(await client.authorizeUrl(attempt, { prompt: 'select_account' })).searchParams.get('prompt'), prompt)
    t.notOk(new URL(await client.authorizeUrl(attempt)).searchParams.has('prompt'), 'and nobody else is')
  }
})

t.test('what the endpoint\'s query or an extra parameter says about our own parameters does not count', async t => {
  const names = [...CORE_PARAMETERS].flatMap(name => [name, name.toUpperCase()])
  const evil = Object.fromEntries(names.map(name => [name, 'evil']))
  const twice = new URLSearchParams([...Object.entries(evil), ...Object.entries(evil), ['keep', '1']]).toString()
  const url = new URL(buildAuthorizeUrl(`https://p.example/a?${twice}`, { ...options, extraParams: { ...evil, hd: 'x' } }, attempt))
  for (const [name, value] of [['client_id', 'gate'], ['state', attempt.state], ['nonce', attempt.nonce], ['keep', '1'], ['hd', 'x']] as const) t.strictSame(url.searchParams.getAll(name), [value])
  t.strictSame([...url.searchParams.keys()].sort(), ['client_id', 'code_challenge', 'code_challenge_method', 'hd', 'keep', 'nonce', 'redirect_uri', 'response_type', 'scope', 'state'])
  t.notMatch(url.href, /evil/)
})

t.test('without PKCE there is no challenge, and without scopes no scope', async t => {
  const url = new URL(buildAuthorizeUrl('https://p.example/a', { ...options, usePkce: false, scopes: [] }, attempt))
  t.strictSame([...url.searchParams.keys()].sort(), ['client_id', 'nonce', 'redirect_uri', 'response_type', 'state'])
})
