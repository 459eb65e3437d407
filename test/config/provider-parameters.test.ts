import t from 'tap'
import type { Settings } from '../../src/config/options.ts'
import { load, problems } from './setup.ts'

const of = (provider: string, params: Readonly<Record<string, string>>) =>
  load({ 'oauth-provider': provider, 'oauth-issuer': undefined }, { settings: { oauthExtraParams: params } satisfies Settings })

t.test('a parameter leads nowhere but where its provider is', t => {
  const texts = ['../common', 'a/b', 'a\\b', 'a%2fb', 'a@evil.example', 'a#b', 'a?b', 'a:8443', 'a b', 'a..b', '.a', 'a.', 'évil', 'a\u202eb', 'a\nb', '{tid}']
  for (const [provider, name] of [['azure', 'tenant'], ['auth0', 'subdomain'], ['onelogin', 'subdomain'], ['google', 'hd']] as const) {
    for (const text of texts) t.match(problems(() => of(provider, { [name]: text })), [{ setting: 'oauth-extra-params' }], `${provider} ${JSON.stringify(text)}`)
  }
  const origins = ['http://id.example.com', 'ftp://id.example.com', 'https://a@id.example.com', 'id.example.com@evil.example', 'id.example.com#a', 'id.example.com?a', 'id.example.com/{tid}', 'id.example.com/%61', 'javascript:alert(1)', 'https://', '//']
  for (const text of origins) t.match(problems(() => of('github', { url: text })), [{ setting: 'oauth-extra-params' }], text)
  t.end()
})

t.test('an empty parameter, which a variable that was not set leaves, stops the start: it would be another tenant than the one meant', t => {
  for (const [provider, params] of [['azure', { tenant: '' }], ['azure', { tenant_id: ' ' }], ['auth0', { subdomain: '' }], ['google', { hd: '' }], ['github', { url: '' }], ['keycloak', { url: 'sso.example.com', realm: '' }]] as const) {
    t.match(problems(() => of(provider, params))[0], { setting: 'oauth-extra-params', message: / is empty\.$/, fix: /^Write it like / }, JSON.stringify(params))
  }
  t.doesNotThrow(() => of('okta', { url: 'dev-1.okta.com', server: '' }), 'Okta’s organization has a server without an id')
  t.doesNotThrow(() => load({ 'oauth-provider': 'azure', 'oauth-issuer': undefined }, { env: { AAD_TENANT_ID: '' } }), 'an empty variable is not set')
  t.end()
})
