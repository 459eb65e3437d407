import t from 'tap'
import { lowerings } from '../../src/cli/lowered.ts'
import { startBlock } from '../../src/cli/start-block.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'

function block (settings: Settings = {}, listening = 'http://127.0.0.1:4180'): string {
  const { config, notices } = loadConfig({
    env: {},
    settings: { upstream: ['http://localhost:5006'], oauthProvider: 'oidc', oauthIssuer: 'https://id.example.com', oauthKey: 'k', oauthSecret: 'the-client-secret', cookieSecret: 'the-cookie-secret-of-this-test-0123', ...settings }
  })
  return startBlock({ config, version: '1.2.3', listening, notices })
}

t.test('it says where to open the app, what to register, who may enter and for how long', async t => {
  const text = block({ allowedDomains: ['example.org'], oauthExpiryDays: 0.5 })
  t.match(text, /Open +http:\/\/127\.0\.0\.1:4180\n/)
  t.match(text, /App +\/ → http:\/\/localhost:5006\n/)
  t.match(text, /Redirect URI +http:\/\/127\.0\.0\.1:4180 +\(register exactly this/)
  t.match(text, /Who may enter +Anyone at example\.org may enter\./)
  t.match(text, /Sign-in lasts +12 hours/)
  t.match(block({ sessionIdle: '30m' }), /Sign-in lasts +1 day, or until 30 minutes without activity, then people sign in again/)
  t.notMatch(text, /nothing restricts|plain http|secret-of|the-client-secret/)
})

t.test('prefix and root path are part of what people open and of what is registered; behind a proxy in front only its name counts', async t => {
  t.match(block({ prefix: '/apps/x' }), /Open +http:\/\/127\.0\.0\.1:4180\/apps\/x\n[^]*Redirect URI +http:\/\/127\.0\.0\.1:4180\/apps\/x +\(register exactly/)
  t.match(block({ prefix: '/x', rootPath: '/proxy', publicUrl: 'https://a.example' }), /Redirect URI +https:\/\/a\.example\/proxy\/x +\(register exactly/)
  for (const text of [block({ rootPath: '/proxy' }), block({ rootPath: '/proxy', unixSocket: '/run/gate.sock' }, 'unix:/run/gate.sock')]) {
    t.match(text, /Redirect URI +the origin that people type and \/proxy, whichever that is: set --public-url/)
    t.notMatch(text, /register exactly/)
  }
  t.match(block({ unixSocket: '/run/gate.sock' }, 'unix:/run/gate.sock'), /Open +unix:\/run\/gate\.sock\n/)
})

t.test('a public URL is what people open and what is registered', async t => {
  const text = block({ publicUrl: 'https://apps.example.com' }, 'http://0.0.0.0:4180')
  t.match(text, /Open +https:\/\/apps\.example\.com\n/)
  t.match(text, /Redirect URI +https:\/\/apps\.example\.com /)
  t.notMatch(text, /plain http/)
})

t.test('an address that is every address is no redirect URI', async t => {
  for (const listening of ['http://0.0.0.0:4180', 'http://[::]:4180']) {
    const text = block({}, listening)
    t.match(text, /Redirect URI +the origin that people type[^\n]*--public-url/)
    t.notMatch(text, new RegExp(`Redirect URI +${listening.replace(/[[\]]/g, '\\$&')}`))
  }
})

t.test('what is open to everyone is said, a sentence each', async t => {
  const text = block({ rules: [{ path: '/status', allow: 'public' }, { path: '/admin', allow: { roles: 'Admin' } }], oauthGuestEndpoints: ['/', '/pub/*'], skipAuthRoute: ['GET=^/health$'], oauthOptional: true })
  for (const what of ['GET, HEAD of each path that is \\^/health\\$ \\(skip', '/ itself, and ws', '/pub and everything below \\(guest', '/status and everything below; the app is told of nobody', 'everything that no rule above is for']) t.match(text, new RegExp(`Rule +Open to everyone: ${what}`), what)
  t.match(text, /Rule +\/admin and everything below is open to whoever is signed in with the role Admin\.\n/)
  t.notMatch(block(), /Open to everyone/, 'and of nothing else')
})

t.test('what lowers security is said at the start, by a name that can be looked for', async t => {
  const warned: [string, RegExp, Settings, string?][] = [
    ['ANYONE', /anyone with an account at OpenID Connect is let in/, {}],
    ['HTTPS', /plain http/, {}, 'http://10.0.0.1:4180'],
    ['HTTPS', /plain http/, { trustedProxy: ['10.0.0.1'] }, 'http://0.0.0.0:4180'],
    ['HTTPS', /plain http/, { publicUrl: 'http://apps.example.com' }],
    ['HTTPS', /plain http/, { oauthRedirectUri: 'http://apps.example.com/' }],
    ['HTTPS', /only the redirect URI says https/, { oauthRedirectUri: 'https://apps.example.com/' }],
    ['PKCE', /PKCE is off/, { usePkce: false }],
    ['PROVIDER_TLS', /no certificate of OpenID Connect is checked/, { tlsSkipVerifyInsecure: true }],
    ['APP_TLS', /certificates of the app are not checked/, { upstream: ['https://localhost:5006'], upstreamSkipVerify: true }],
    ['STORE_TLS', /password of --session-store goes to cache:6379/, { sessionStore: 'redis://:hunter2@cache' }],
    ['EMAIL', /addresses that the provider has not verified/, { allowUnverifiedEmail: true }],
    ['COOKIE_SECURE', /over plain http as well/, { cookieSecure: 'off' }],
    ['COOKIE_SAMESITE', /other sites make carry the cookie/, { cookieSamesite: 'none', publicUrl: 'https://apps.example.com' }],
    ['COOKIE_DOMAIN', /every host below example\.com/, { cookieDomain: 'example.com', publicUrl: 'https://apps.example.com' }],
    ['ORIGINS', /fits https:\/\/\*\.example\.com may open/, { allowWebsocketOrigin: ['https://one.example.com', 'https://*.example.com'] }],
    ['RETURNS', /leads to whatever fits https:\/\/\*\.apps\.example\.com \(--whitelist-domain\)/, { whitelistDomain: ['one.example.com', '.apps.example.com'] }],
    ['APP_ORIGIN', /--websocket-origin=rewrite/, { websocketOrigin: 'rewrite' }],
    ['XHEADERS', /from this machine or a private network/, { useXheaders: true }],
    ['PROXIES', /everybody in ::\/0 is believed/, { trustedProxy: ['10.0.0.1', '::/0'] }],
    ['PROXIES', /everybody in 0\.0\.0\.0\/1, 128\.0\.0\.0\/1 is believed/, { trustedProxy: ['0.0.0.0/1', '10.0.0.0/8', '128.0.0.0/1'] }],
    ['SOCKETS', /session has ended, for 5 minutes/, { wsGrace: '5m' }],
    ['SOCKETS', /as long as it likes/, { wsGrace: 'off' }],
    ['TOKENS', /--pass-access-token/, { passAccessToken: true }],
    ['TOKENS', /--pass-authorization-header/, { passAuthorizationHeader: true }],
    ['ID_TOKEN_HINT', /stands in an address/, { idTokenHint: true }],
    ['KEYS', /derived from --cookie-secret/, {}],
    ['SECRETS', /the cookie secret is shorter than 32 bytes/, { cookieSecret: 'hunter2' }],
    ['SECRETS', /the password of --basic-auth is shorter than 8 characters/, { oauthProvider: undefined, oauthIssuer: undefined, oauthKey: undefined, oauthSecret: undefined, basicAuth: 'hunter2', allowedGroups: undefined }],
    ['SIGN_IN', /for testing/, { oauthProvider: 'password', oauthTokenUrl: 'https://id.example.com/token', oauthUserUrl: 'https://id.example.com/me' }],
    ['SIGNATURES', /keys are unknown/, { oauthProvider: 'generic', oauthIssuer: undefined, oauthAuthorizeUrl: 'https://id.example.com/auth', oauthTokenUrl: 'https://id.example.com/token' }]
  ]
  const strict: Settings = { publicUrl: 'https://a.example', allowedGroups: ['staff'], oauthEncryptionKey: ['cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4='] }
  for (const [name, words, settings, listening] of warned) {
    t.match(block(settings, listening), new RegExp(`Warning +LOWERS_${name}: [^\\n]*${words.source}`), name)
    if (name !== 'HTTPS' && Object.keys(settings).length > 0) t.equal(block({ ...strict, ...settings }, listening).match(/LOWERS_/g)?.length, 1, `${name}: one line, and nothing else`)
  }
  t.strictSame([...new Set(warned.map(([name]) => `LOWERS_${name}`))].sort(), lowerings.map(({ name }) => name).sort(), 'each has a case here')
  t.equal(block({ cookieSecret: 'hunter2' }).match(/might be guessed/g)?.length, 1, 'what is a warning is no note beside')
  t.notMatch(block({ cookieSecret: 'hunter2' }), /hunter2/)
  t.notMatch(block(strict), /Warning|LOWERS/, 'with none of them nothing is said')
  for (const settings of [{ teamIds: ['7'] }, { allowedOrganizations: ['acme'] }, { allowedRoles: ['Admin'], roleAttributePath: 'role' }]) t.notMatch(block(settings), /nothing restricts/, JSON.stringify(settings))
})
