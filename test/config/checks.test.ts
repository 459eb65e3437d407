import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ConfigError } from '../../src/config/config-error.ts'
import { loadConfig, type LoadOptions } from '../../src/config/load.ts'
import { blamed, enough, file, key, load, problems } from './setup.ts'

t.test('nothing at all is told from something wrong', async t => {
  const nothingSet = (options: LoadOptions) => {
    try {
      loadConfig(options)
    } catch (error) {
      return error instanceof ConfigError && error.nothingSet
    }
    return undefined
  }
  t.equal(nothingSet({ env: {} }), true)
  t.equal(nothingSet({ env: { OAUTH_GATE_SERVICE_HOST: '10.0.0.1' } }), true, 'even in a cluster')
  t.equal(nothingSet({ env: { OAUTH_GATE_PROT: '1' } }), false)
  t.equal(nothingSet({ env: {}, flags: { port: '1' } }), false)
  t.equal(nothingSet({ env: {}, file: '/nowhere' }), false)
})

t.test('what is missing is told in Panel’s sentences', async t => {
  const missing = (flags: Parameters<typeof load>[0]) => problems(() => load(flags)).map(problem => problem.message)
  t.strictSame(missing({ 'oauth-key': undefined }), ['When enabling an OAuth provider you must supply a valid oauth_key either using the --oauth-key CLI argument or PANEL_OAUTH_KEY environment variable.'])
  t.strictSame(missing({ 'oauth-secret': undefined }), ['When enabling an OAuth provider you must supply a valid OAuth secret either using the --oauth-secret CLI argument or PANEL_OAUTH_SECRET environment variable.'])
  t.strictSame(missing({ 'cookie-secret': undefined }), ['When enabling an OAuth provider you must supply a valid cookie_secret either using the --cookie-secret CLI argument or the PANEL_COOKIE_SECRET environment variable.'])
  t.match(problems(() => load({ 'cookie-secret': undefined })), [{ fix: /oauth-gate oauth-secret/ }])
  t.match(missing({ upstream: undefined }), [/--upstream/])
  t.match(missing({ 'oauth-provider': undefined }), [/--oauth-provider/])
})

t.test('either secret is enough, and a short one is remarked upon without being shown', async t => {
  t.strictSame(load({ 'cookie-secret': undefined, 'oauth-encryption-key': key }).notices, [])
  const { notices } = load({ 'cookie-secret': 'hunter2' })
  t.match(notices, [/shorter than 32 bytes/])
  t.notMatch(notices.join(), /hunter2/)
})

t.test('a provider that nobody knows is refused with those there are', async t => {
  t.match(problems(() => load({ 'oauth-provider': 'nope' })), [{ message: /“nope”/, fix: /Known are .*generic.*auth_code/ }])
  t.match(problems(() => load({ 'oauth-provider': 'genric' })), [{ fix: /Did you mean generic\?/ }])
  t.match(problems(() => load({ 'oauth-provider': 'pam' })), [{ message: /not offered/, fix: /^Use password for a form that asks a provider’s token endpoint\./ }])
  t.equal(load({ 'oauth-provider': 'OIDC' }).config.providers[0].oauthProvider, 'oidc')
})

t.test('an issuer that is the address of its document is told what to leave out, and is not missing as well', async t => {
  t.match(problems(() => load({ 'oauth-issuer': 'https://id.example.com/.well-known/openid-configuration' })), [{ setting: 'oauth-issuer', message: /discovery document/, fix: /Take \/.well-known\/openid-configuration off/ }])
  t.strictSame(blamed(() => load({ 'oauth-issuer': 'https://id.example.com/.well-known/openid-configuration' })), ['oauth-issuer'])
})

t.test('a provider asks for what it needs, and for a secret only if it sends one', async t => {
  const generic = { 'oauth-provider': 'generic', 'oauth-issuer': undefined }
  t.strictSame(blamed(() => load(generic)), ['oauth-authorize-url', 'oauth-token-url'])
  t.match(problems(() => load(generic)), [{ message: 'The provider generic needs --oauth-issuer or --oauth-authorize-url.', fix: 'Add --oauth-issuer=https://…, or --oauth-authorize-url=https://….' }])
  t.strictSame(blamed(() => load({ 'oauth-issuer': undefined })), ['oauth-issuer'])
  t.strictSame(blamed(() => load({ ...generic, 'oauth-extra-params': '{"AUTHORIZE_URL": "https://a.example", "TOKEN_URL": "https://b.example"}' })), [], 'extra params count')
  for (const provider of ['code', 'auth_code', 'password']) t.strictSame(blamed(() => load({ 'oauth-provider': provider, 'oauth-secret': undefined })), [], provider)
  t.strictSame(blamed(() => load({ 'oauth-provider': 'code', 'oauth-secret': undefined, 'auth-style': 'header' })), ['oauth-secret'])
  t.strictSame(blamed(() => load({ 'oauth-secret': undefined, 'auth-style': 'none' })), [])
})

t.test('what was refused is not called missing as well', async t => {
  for (const flag of ['oauth-issuer', 'oauth-provider', 'oauth-key', 'oauth-secret', 'cookie-secret']) {
    t.match(problems(() => load({ [flag]: ['one', 'two'] })), [{ setting: flag, message: `--${flag} is given 2 times.` }], flag)
    t.strictSame(blamed(() => load({ [flag]: ['one', 'two'] })), [flag])
  }
  t.strictSame(blamed(() => load({ upstream: 'ftp://x', 'cookie-secret': 'a\nb', 'oauth-key': 'a\nb', 'oauth-secret': 'a\nb', 'oauth-issuer': 'x', 'oauth-provider': 'a\nb' })).toSorted(), ['cookie-secret', 'oauth-issuer', 'oauth-key', 'oauth-provider', 'oauth-secret', 'upstream'])
})

t.test('extra params beat the variables, and must not differ from a flag', async t => {
  const params = '{"AUTHORIZE_URL": "https://x.example/a", "TOKEN_URL": "https://x.example/t", "USER_URL": "https://x.example/u", "USER_KEY": "nick", "scope": "read_user api", "prompt": "login"}'
  const { config, notices, sources } = load({ 'oauth-extra-params': params }, { env: { PANEL_OAUTH_AUTHORIZE_URL: 'https://panel.example', OAUTH_GATE_USER_KEY: 'mail', PANEL_OAUTH_SCOPE: 'openid' } })
  t.match(config, { providers: [{ oauthAuthorizeUrl: 'https://x.example/a', oauthTokenUrl: 'https://x.example/t', oauthUserUrl: 'https://x.example/u', userKey: 'nick', oauthScope: ['read_user', 'api'] }] })
  t.strictSame(config.providers[0].oauthExtraParams, { prompt: 'login' }, 'what is left goes on the authorization URL')
  t.match(sources.userKey, { from: 'USER_KEY in --oauth-extra-params', overrode: ['OAUTH_GATE_USER_KEY'] })
  t.ok(notices.includes('AUTHORIZE_URL in --oauth-extra-params overrides PANEL_OAUTH_AUTHORIZE_URL'))
  t.match(problems(() => load({ 'oauth-extra-params': params, 'user-key': 'mail' })), [{ setting: 'user-key', message: '--user-key and USER_KEY in --oauth-extra-params are one setting and differ.' }])
  t.strictSame(blamed(() => load({ 'oauth-extra-params': params, 'user-key': 'nick' })), [])
  t.match(problems(() => load({ 'oauth-extra-params': '{"TOKEN_URL": "http://x.example"}' })), [{ setting: 'oauth-token-url', message: /must be https/ }])
})

t.test('what Panel keeps from the provider is not sent either, and said not to be', async t => {
  const { config, notices } = load({ 'oauth-extra-params': '{\'tenant\': \'T\', \'prompt\': \'login\', \'LOGOUT_URL\': \'https://x.example\'}' })
  t.strictSame(config.providers[0].oauthExtraParams, { prompt: 'login' })
  t.match(notices, [/has tenant, which means nothing/])
  t.equal(config.providers[0].oauthLogoutUrl, 'https://x.example', 'which the gate goes by itself')
})

t.test('nothing can replace what a login fills in for itself', async t => {
  for (const name of ['client_id', 'state', 'redirect_uri', 'response_type', 'response_mode', 'code_challenge', 'code_challenge_method', 'nonce', 'request', 'request_uri', 'client_secret', 'client_assertion', 'code', 'State', 'Scope']) {
    t.match(problems(() => load({ 'oauth-extra-params': JSON.stringify({ [name]: 'hunter2' }) })), [{ setting: 'oauth-extra-params', message: new RegExp(` has ${name}, `) }])
    t.match(problems(() => load({ 'oauth-authorize-url': `https://a.example/?${name}=hunter2` })), [{ setting: 'oauth-authorize-url', message: /^(?!.*hunter2)/ }])
  }
  t.strictSame(blamed(() => load({ 'oauth-authorize-url': 'https://a.example/?scope=openid' })), ['oauth-authorize-url'])
  t.strictSame(blamed(() => load({ 'oauth-authorize-url': 'https://a.example/?audience=x' })), [])
})

t.test('cookies that no browser would keep are refused', async t => {
  const https = { 'public-url': 'https://app.example.com' }
  t.strictSame(blamed(() => load({ 'cookie-name': 'my.cookie_1' })), [])
  for (const name of ['a b', 'a;b', 'a=b', 'ä', 'a'.repeat(65), 'a,b']) t.strictSame(blamed(() => load({ 'cookie-name': name })), ['cookie-name'], name)
  t.strictSame(blamed(() => load({ 'cookie-name': '__Host-a' })), ['cookie-name'])
  t.strictSame(blamed(() => load({ 'cookie-name': '__host-a', 'cookie-secure': 'off', ...https })), ['cookie-name'])
  t.strictSame(blamed(() => load({ 'cookie-name': '__Host-a', ...https })), [])
  t.strictSame(blamed(() => load({ 'cookie-name': '__Host-a', 'cookie-path': '/x', ...https })), ['cookie-name'])
  t.strictSame(blamed(() => load({ 'cookie-name': '__Host-a', 'cookie-domain': 'example.com', ...https })), ['cookie-name'])
  t.strictSame(blamed(() => load({ 'cookie-name': '__Secure-a', 'cookie-domain': 'example.com', 'cookie-path': '/x', ...https })), [])
  t.strictSame(blamed(() => load({ 'cookie-name': '__Secure-a' })), ['cookie-name'])
  t.strictSame(blamed(() => load({ 'cookie-samesite': 'none' })), ['cookie-samesite'])
  t.strictSame(blamed(() => load({ 'cookie-samesite': 'none', 'cookie-secure': 'on' })), [])
  t.strictSame(blamed(() => load({ 'cookie-samesite': 'none', 'cookie-secure': 'off', ...https })), ['cookie-samesite'])
  t.strictSame(blamed(() => load({ 'cookie-samesite': 'none', ...https })), [])
  t.strictSame(blamed(() => load({ 'cookie-domain': 'other.com', ...https })), ['cookie-domain'])
  t.strictSame(blamed(() => load({ 'cookie-domain': 'ple.com', ...https })), ['cookie-domain'])
  t.equal(load({ 'cookie-domain': '.example.com', ...https }).config.cookieDomain, 'example.com')
  t.strictSame(blamed(() => load({ 'cookie-secure': 'on', 'public-url': 'http://app.example.com' })), ['cookie-secure'])
  t.strictSame(blamed(() => load({ 'cookie-secure': 'on', 'public-url': 'http://localhost:4180' })), [])
})

t.test('our own paths do not overlap, and the redirect URI is none of them', async t => {
  t.strictSame(blamed(() => load({ 'ping-path': '/ready' })), ['ready-path'])
  t.strictSame(blamed(() => load({ 'ping-path': '/oauth2/ping' })), ['ping-path'])
  t.strictSame(blamed(() => load({ 'proxy-prefix': '/ping' })), ['ping-path'])
  for (const path of ['', '/', '/login', '/oauth2/callback']) t.strictSame(blamed(() => load({ 'oauth-redirect-uri': `https://a.example${path}` })), [], path)
  for (const path of ['/ping', '/ready', '/oauth2', '/oauth2/start']) t.strictSame(blamed(() => load({ 'oauth-redirect-uri': `https://a.example${path}` })), ['oauth-redirect-uri'], path)
  t.match(load({ 'oauth-redirect-uri': 'https://a.example', 'public-url': 'https://b.example' }).notices, [/leads to a\.example/])
})

t.test('a certificate and its key are read, and must belong together', async t => {
  const folder = t.testdir({ 'no.pem': 'hello' })
  const make = (name: string) => {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`), '-subj', `/CN=${name}`, '-days', '1'], { stdio: 'ignore' })
    return { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) }
  }
  const [one, other] = [make('one'), make('other')]
  const { config, sources } = load({ 'ssl-certfile': one.cert, 'ssl-keyfile': one.key, 'upstream-ca': other.cert })
  t.equal(config.sslKeyfile, readFileSync(one.key, 'utf8'))
  t.equal(config.upstreamCa, readFileSync(other.cert, 'utf8'))
  t.equal(sources.sslKeyfile.shown, one.key, 'and only its name is shown')
  t.strictSame(blamed(() => load({ 'ssl-certfile': one.cert })), ['ssl-keyfile'])
  t.strictSame(blamed(() => load({ 'ssl-keyfile': one.key })), ['ssl-certfile'])
  t.strictSame(blamed(() => load({ 'ssl-certfile': one.cert, 'ssl-keyfile': other.key })), ['ssl-keyfile'])
  t.strictSame(blamed(() => load({ 'ssl-certfile': one.key, 'ssl-keyfile': one.cert })), ['ssl-certfile', 'ssl-keyfile'])
  t.strictSame(blamed(() => load({ 'upstream-ca': join(folder, 'no.pem') })), ['upstream-ca'])
  t.strictSame(blamed(() => load({ 'upstream-ca': join(folder, 'nowhere.pem') })), ['upstream-ca'])
  t.strictSame(blamed(() => load({ 'upstream-ca': file(t, 'broken.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n') })), ['upstream-ca'])
  t.strictSame(load({ 'cookie-name': '__Host-a', 'ssl-certfile': one.cert, 'ssl-keyfile': one.key }).config.cookieName, '__Host-a', 'own TLS is https')
})

t.test('enough is really just enough', async t => {
  for (const flag of Object.keys(enough)) t.ok(blamed(() => load({ [flag]: undefined })).length > 0, flag)
})

t.test('an end without activity that would never come before the absolute one', async t => {
  t.strictSame(blamed(() => load({ 'session-idle': '24h' })), ['session-idle'])
  t.strictSame(blamed(() => load({ 'session-idle': '23h' })), [])
  t.strictSame(blamed(() => load({ 'session-idle': '23h', 'oauth-expiry-days': '0.5' })), ['session-idle'])
  t.strictSame(blamed(() => load({ 'session-idle': 'off', 'oauth-expiry-days': '0.5' })), [])
})

t.test('a provider that wants an id_token to sign out is told of where somebody counts on it', async t => {
  const notices = (provider: string, params: string, more: Record<string, string> = {}) => load({ 'oauth-provider': provider, 'oauth-extra-params': params, 'public-url': 'https://app.example.com', ...more }).notices.filter(notice => notice.includes('id_token'))
  const [okta, onelogin] = [['okta', '{\'url\': \'acme.okta.com\'}'], ['onelogin', '{\'subdomain\': \'acme\'}']] as const
  const back = { 'post-logout-redirect-uri': 'https://app.example.com/oauth2/signed_out' }
  for (const more of [back, { 'sign-out-at-provider': 'always' }]) t.match(notices(...okta, more), [/^Okta signs nobody out without their id_token: as long as --id-token-hint is off/])
  t.match(notices(...onelogin, back), [/^OneLogin sends nobody back without their id_token/])
  for (const more of [{}, { ...back, 'sign-out-at-provider': 'never' }, { ...back, 'oauth-logout-url': 'https://acme.okta.com/login/signout' }]) t.strictSame(notices(...okta, more), [])
  t.strictSame(notices(...onelogin, { 'sign-out-at-provider': 'always' }), [], 'it signs out')
  t.match(notices(...okta, { ...back, 'id-token-hint': 'yes' }), [/^--id-token-hint keeps the id_token/])
})
