import t, { type Test } from 'tap'
import { findProvider, providers } from '../../providers/index.ts'
import type { ProviderRequest } from '../../src/oauth/http.ts'
import { ProviderAnswerInvalid, ProviderRefused } from '../../src/errors.ts'
import { createClient } from './setup.ts'

const BACK = 'https://app.example.com/oauth2/signed_out'
const everything = { sid: 'the-sid', returnUri: BACK, state: 'the-state' }

interface Row { readonly provider: string, readonly parameters?: Readonly<Record<string, string>>, readonly logoutUrl?: string, readonly at: string | undefined, readonly sends?: object, /** Where an id_token goes along. */ readonly withToken?: object }

const usual = { client_id: 'gate', logout_hint: 'the-sid', post_logout_redirect_uri: BACK, state: 'the-state' }

/** As their own documentation has it. */
const table: readonly Row[] = [
  { provider: 'auth0', parameters: { subdomain: 'acme.eu' }, at: 'https://acme.eu.auth0.com/oidc/logout', sends: usual, withToken: { ...usual, id_token_hint: 'x.y.z' } },
  { provider: 'auth0', parameters: { domain: 'https://login.example.com' }, at: 'https://login.example.com/oidc/logout', sends: usual },
  { provider: 'azure', parameters: { tenant: 'acme' }, at: 'https://login.microsoftonline.com/acme/oauth2/v2.0/logout', sends: { client_id: 'gate', post_logout_redirect_uri: BACK, state: 'the-state' } },
  { provider: 'azurev1', parameters: { tenant: 'acme' }, at: 'https://login.microsoftonline.com/acme/oauth2/logout', sends: { client_id: 'gate', post_logout_redirect_uri: BACK, state: 'the-state' } },
  { provider: 'okta', parameters: { url: 'https://acme.okta.com', server: 'default' }, at: undefined, withToken: { ...usual, id_token_hint: 'x.y.z' } },
  { provider: 'okta', parameters: { url: 'https://acme.okta.com', server: '' }, logoutUrl: 'https://acme.okta.com/login/signout?fromURI=x', at: 'https://acme.okta.com/login/signout', sends: { fromURI: 'x', ...usual } },
  { provider: 'onelogin', parameters: { subdomain: 'acme' }, at: 'https://acme.onelogin.com/oidc/2/logout', sends: { client_id: 'gate', logout_hint: 'the-sid' }, withToken: { ...usual, id_token_hint: 'x.y.z' } },
  { provider: 'google', at: undefined },
  { provider: 'gitlab', parameters: { url: 'https://gitlab.com' }, at: undefined },
  { provider: 'github', parameters: { url: 'https://github.com' }, at: undefined }
]

for (const { provider, parameters = {}, logoutUrl, at, sends, withToken } of table) {
  t.test(`where people sign out of ${provider} too${logoutUrl === undefined ? '' : ', by --oauth-logout-url'} (${JSON.stringify(parameters)})`, async t => {
    const client = createClient(provider, { parameters, ...logoutUrl !== undefined && { logoutUrl } })
    const asked = async (idToken?: string) => {
      const url = await client.logoutUrl({ ...everything, idToken })
      return url === undefined ? [undefined] : [url.split('?')[0], Object.fromEntries(new URL(url).searchParams)]
    }
    t.strictSame(await asked(), at === undefined ? [undefined] : [at, sends])
    if (withToken !== undefined) t.strictSame((await asked('x.y.z'))[1], withToken)
    t.equal(await client.logoutUrl() === undefined, at === undefined && withToken === undefined, 'and the place is known where there is one')
  })
}

t.test('an id_token that fits no address is none, also where the provider wants one', async t => {
  const okta = createClient('okta', { parameters: { url: 'https://acme.okta.com', server: '' } })
  t.equal(await okta.logoutUrl({ ...everything, idToken: 'x'.repeat(6001) }), undefined)
  t.match(await okta.logoutUrl({ ...everything, idToken: 'x'.repeat(6000) }), /id_token_hint=x{6000}&/)
})

/** A client whose requests are written down, and answered as a test says. */
function revoking (provider: string, parameters: Readonly<Record<string, string>>, status: number, body: object = {}, more: object = {}) {
  const asked: (ProviderRequest & { readonly url: string })[] = []
  const fetch = (url: string, request: ProviderRequest) => {
    asked.push({ ...request, url })
    return Promise.resolve(new Response(status === 204 ? null : JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } }))
  }
  return { asked, client: createClient(provider, { parameters, clientSecret: 'hush', fetch, ...more }) }
}

async function places (t: Test, provider: string, parameters: Readonly<Record<string, string>> = {}, more: object = {}): Promise<(string | undefined)[]> {
  const { asked, client } = revoking(provider, parameters, findProvider(provider)?.signOut?.revokes === 'by-delete' ? 204 : 200, {}, more)
  for (const kind of ['refresh_token', 'access_token'] as const) await client.revoke('the-token', kind)
  t.notOk(asked.some(({ url }) => url.includes('the-token')), 'no token is in an address')
  return asked.map(({ method = 'GET', url }) => `${method} ${url}`)
}

t.test('tokens are taken back where the provider has a place for it, and nowhere else', async t => {
  const twice = (url: string) => [`POST ${url}`, `POST ${url}`]
  t.strictSame(await places(t, 'auth0', { subdomain: 'acme' }), twice('https://acme.auth0.com/oauth/revoke'))
  t.strictSame(await places(t, 'okta', { url: 'https://acme.okta.com', server: 'default' }), twice('https://acme.okta.com/oauth2/default/v1/revoke'))
  t.strictSame(await places(t, 'onelogin', { subdomain: 'acme' }), twice('https://acme.onelogin.com/oidc/2/token/revocation'))
  t.strictSame(await places(t, 'gitlab', { url: 'https://git.example.com' }), twice('https://git.example.com/oauth/revoke'))
  for (const [provider, parameters] of [['google', {}], ['azure', { tenant: 'acme' }], ['azurev1', { tenant: 'acme' }], ['bitbucket', {}], ['gitea', { url: 'https://gitea.com' }]] as const) t.strictSame(await places(t, provider, parameters), [], provider)
})

t.test('a token of another server is never sent to the one in the provider’s file', async t => {
  t.strictSame(await places(t, 'gitlab', { url: 'https://gitlab.com' }, { tokenUrl: 'https://elsewhere.example/token' }), [])
  t.strictSame(await places(t, 'github', { url: 'https://github.com' }, { tokenUrl: 'https://elsewhere.example/token' }), [])
  t.strictSame(await places(t, 'github', { url: 'https://github.com' }, { tokenUrl: 'https://github.com/login/oauth/access_token' }), ['DELETE https://api.github.com/applications/gate/token'], 'but GitHub’s own API is another host than its token endpoint')
})

t.test('GitHub takes an access token back by its own API', async t => {
  for (const [url, api] of [['https://github.com', 'https://api.github.com'], ['https://github.example.com', 'https://github.example.com/api/v3']] as const) {
    const { asked, client } = revoking('github', { url }, 204)
    await client.revoke('the-token', 'access_token')
    await client.revoke('the-refresh-token', 'refresh_token')
    t.match(asked, [{ method: 'DELETE', url: `${api}/applications/gate/token`, body: '{"access_token":"the-token"}', headers: { authorization: `Basic ${btoa('gate:hush')}` } }])
    t.equal(asked.length, 1, 'it knows no refresh tokens')
  }
  await t.resolves(revoking('github', { url: 'https://github.com' }, 404).client.revoke('gone', 'access_token'), 'one that is not there any more')
  await t.rejects(revoking('github', { url: 'https://github.com' }, 422).client.revoke('the-token', 'access_token'), { constructor: ProviderAnswerInvalid, message: /answered 422$/ })
  const { asked, client } = revoking('github', { url: 'https://github.com' }, 204, {}, { clientSecret: undefined })
  await client.revoke('the-token', 'access_token')
  t.strictSame(asked, [], 'nor does it hear who has no secret')
})

t.test('a kind of token that the provider never takes back is no failure; any other refusal is', async t => {
  const okta = { url: 'https://acme.okta.com', server: '' }
  await t.resolves(revoking('okta', okta, 400, { error: 'unsupported_token_type' }).client.revoke('x', 'access_token'))
  await t.rejects(revoking('okta', okta, 400, { error: 'invalid_client' }).client.revoke('x', 'access_token'), { constructor: ProviderRefused, message: /invalid_client/ })
})

t.test('every provider with a sign-out says where people come back to is registered', t => {
  const having = providers.filter(({ flow, endpoints, guide }) => flow === 'code' && typeof endpoints === 'function' && guide?.afterSignOut === undefined && endpoints(Object.fromEntries(['subdomain', 'url', 'tenant', 'domain'].map(name => [name, 'https://x.example']))).logout !== undefined)
  t.strictSame(having.map(({ name }) => name), [])
  t.end()
})
