import { readFileSync } from 'node:fs'
import t from 'tap'
import { createOwnUrls } from '../../src/own-urls.ts'
import { loadConfig, type Loaded } from '../../src/config/load.ts'
import type { Config, OptionName } from '../../src/config/options.ts'
import { certificate, key as tlsKey } from '../oauth/certificate.ts'
import { enough, file, key, load, problems, secret } from './setup.ts'

type Flags = Readonly<Record<string, string | boolean | string[] | undefined>>

/** One setting of Panel that works here: as a flag, and under its name in the environment. */
interface Works {
  readonly flag?: string
  readonly env?: readonly string[]
  readonly value: string
  readonly option: OptionName
  /** What it comes to. */
  readonly is: unknown
  readonly other?: string
  /** Panel's words for it in “Supply … not both.” */
  readonly spoken?: string
}

const fernet = 'uhs7jWDNGuE4ZqB5BAO-Q6k-WIzSYdB0e5ZBHoBDnOU='

/** What of reference/panel.md section 1 has to do with signing in and is here. */
const works: readonly Works[] = [
  { flag: 'oauth-provider', env: ['PANEL_OAUTH_PROVIDER'], value: 'OIDC', option: 'oauthProvider', is: 'oidc', other: 'generic', spoken: 'OAuth provider' },
  { flag: 'oauth-key', env: ['PANEL_OAUTH_KEY'], value: 'k', option: 'oauthKey', is: 'k', other: 'l', spoken: 'OAuth key' },
  { flag: 'oauth-secret', env: ['PANEL_OAUTH_SECRET'], value: 's', option: 'oauthSecret', is: 's', other: 't', spoken: 'OAuth secret' },
  { flag: 'oauth-redirect-uri', env: ['PANEL_OAUTH_REDIRECT_URI'], value: 'https://a.example/login', option: 'oauthRedirectUri', is: 'https://a.example/login', other: 'https://b.example', spoken: 'OAuth redirect URI' },
  { flag: 'oauth-extra-params', env: ['PANEL_OAUTH_EXTRA_PARAMS'], value: '{\'prompt\': \'login\',}', option: 'oauthExtraParams', is: { prompt: 'login' }, other: '{"prompt": "none"}', spoken: 'OAuth extra params' },
  { flag: 'oauth-jwt-user', env: ['PANEL_OAUTH_JWT_USER'], value: 'sub', option: 'oauthJwtUser', is: 'sub', other: 'upn', spoken: 'OAuth JWT user' },
  { flag: 'oauth-encryption-key', env: ['PANEL_OAUTH_ENCRYPTION', 'PANEL_OAUTH_ENCRYPTION_KEY'], value: key, option: 'oauthEncryptionKey', is: [key], other: fernet, spoken: 'OAuth encryption key' },
  { flag: 'oauth-expiry-days', env: ['PANEL_OAUTH_EXPIRY', 'PANEL_OAUTH_EXPIRY_DAYS'], value: '0.5', option: 'oauthExpiryDays', is: 0.5, other: '2', spoken: 'OAuth expiry days' },
  { env: ['PANEL_OAUTH_SCOPE'], value: 'openid email, profile', option: 'oauthScope', is: ['openid', 'email', 'profile'] },
  { env: ['PANEL_OAUTH_AUTHORIZE_URL'], value: 'https://a.example/authorize?x=1', option: 'oauthAuthorizeUrl', is: 'https://a.example/authorize?x=1' },
  { env: ['PANEL_OAUTH_TOKEN_URL'], value: 'https://a.example/token', option: 'oauthTokenUrl', is: 'https://a.example/token' },
  { env: ['PANEL_OAUTH_USER_URL'], value: 'https://a.example/user', option: 'oauthUserUrl', is: 'https://a.example/user' },
  { env: ['PANEL_OAUTH_LOGOUT_URL'], value: 'https://a.example/out?x=1', option: 'oauthLogoutUrl', is: 'https://a.example/out?x=1' },
  { env: ['PANEL_USER_KEY'], value: 'upn', option: 'userKey', is: 'upn' },
  { flag: 'cookie-secret', env: ['PANEL_COOKIE_SECRET', 'BOKEH_COOKIE_SECRET'], value: 'COOKIE_SECRET', option: 'cookieSecret', is: 'COOKIE_SECRET', other: secret, spoken: 'cookie secret' },
  { flag: 'cookie-path', env: ['PANEL_COOKIE_PATH'], value: '/app/', option: 'cookiePath', is: '/app', other: '/b', spoken: 'cookie path' },
  { flag: 'login-endpoint', value: 'signin', option: 'loginEndpoint', is: '/signin' },
  { flag: 'logout-endpoint', value: '/signoff', option: 'logoutEndpoint', is: '/signoff' },
  { flag: 'root-path', value: '/proxy/', option: 'rootPath', is: '/proxy' },
  { flag: 'prefix', value: 'apps/x', option: 'prefix', is: '/apps/x' },
  { flag: 'port', value: '5007', option: 'port', is: 5007 },
  { flag: 'address', value: '0.0.0.0', option: 'address', is: '0.0.0.0' },
  { flag: 'unix-socket', value: '/run/gate.sock', option: 'unixSocket', is: '/run/gate.sock' },
  { flag: 'allow-websocket-origin', env: ['BOKEH_ALLOW_WS_ORIGIN'], value: 'a.example,b.example:5006', option: 'allowWebsocketOrigin', is: ['http://a.example', 'https://a.example', 'http://b.example:5006', 'https://b.example:5006'], other: 'c.example', spoken: 'allow websocket origin' },
  { flag: 'oauth-optional', env: ['PANEL_OAUTH_OPTIONAL'], value: 'TRUE', option: 'oauthOptional', is: true, other: 'no', spoken: 'OAuth optional' },
  { flag: 'oauth-refresh-tokens', env: ['PANEL_OAUTH_REFRESH_TOKENS'], value: '1', option: 'oauthRefreshTokens', is: true, other: 'no', spoken: 'OAuth refresh tokens' },
  { flag: 'oauth-guest-endpoints', env: ['PANEL_OAUTH_GUEST_ENDPOINTS'], value: '[\'/app\', \'/pub/*\']', option: 'oauthGuestEndpoints', is: ['/app', '/pub/*'], other: '/b', spoken: 'OAuth guest endpoints' },
  { flag: 'log-level', value: 'warning', option: 'logLevel', is: 'warn' }
]

const without = (option: OptionName): Flags => {
  const flag = option.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
  return { [flag]: undefined }
}
const valueOf = ({ config }: Loaded, option: OptionName): unknown => ({ ...config, ...config.providers[0] } as unknown as Readonly<Record<string, unknown>>)[option]
const errors = (flags: Flags, env: Record<string, string> = {}) => problems(() => load(flags, { env }))

t.test('what Panel has a flag or a variable for works under that name, odd ones too', async t => {
  for (const { flag, env = [], value, option, is } of works) {
    if (flag !== undefined) t.strictSame(valueOf(load({ ...without(option), [flag]: value }), option), is, `--${flag}`)
    for (const name of env) t.strictSame(valueOf(load(without(option), { env: { [name]: value } }), option), is, name)
    for (const name of env) t.strictSame(problems(() => load({ ...without(option), ...flag !== undefined && { [flag]: value } }, { env: { [name]: value } })), [], `${name} as well, with the same value`)
    for (const name of env) t.doesNotThrow(() => load({}, { env: { [name]: '' } }), `${name} empty is not set`)
  }
})

t.test('a flag and a variable that differ are Panel’s error, which names both and repeats neither', async t => {
  for (const { flag, env = [], value, option, other, spoken } of works.filter(({ other }) => other !== undefined)) {
    for (const name of env) {
      const found = errors({ ...without(option), [flag ?? '']: value }, { [name]: other ?? '' }).find(({ message }) => message.startsWith('Supply '))
      t.match(found, { message: `Supply ${spoken} either using environment variable or via explicit argument, not both.`, fix: `--${flag} and ${name} differ: unset one of them, or make them equal.` })
    }
  }
})

t.test('BOKEH_COOKIE_SECRET alone is enough, and PANEL_COOKIE_SECRET beats it', async t => {
  t.equal(load({ 'cookie-secret': undefined }, { env: { BOKEH_COOKIE_SECRET: secret } }).config.cookieSecret, secret)
  const both = load({ 'cookie-secret': undefined }, { env: { PANEL_COOKIE_SECRET: secret, BOKEH_COOKIE_SECRET: 'another' } })
  t.equal(both.config.cookieSecret, secret)
  t.ok(both.notices.includes('PANEL_COOKIE_SECRET overrides BOKEH_COOKIE_SECRET'))
})

t.test('flags that stand alone, and files', async t => {
  t.equal(load({ 'use-xheaders': true }).config.useXheaders, true)
  const [cert, keyFile] = [file(t, 'cert.pem', certificate), file(t, 'key.pem', tlsKey)]
  const names = { BOKEH_SSL_CERTFILE: cert, BOKEH_SSL_KEYFILE: keyFile }
  t.match(load({}, { env: names }).config, { sslCertfile: certificate, sslKeyfile: tlsKey })
  t.match(load({ 'ssl-certfile': cert, 'ssl-keyfile': keyFile }).config, { sslCertfile: certificate, sslKeyfile: tlsKey })
  t.strictSame(errors({}, { ...names, BOKEH_SSL_PASSWORD: 'x' }), [], 'a passphrase for a key without one does no harm, as in Python')
  const template = file(t, 'page.html', '<p>{{ error }}</p>')
  for (const flag of ['auth-template', 'logout-template', 'oauth-error-template']) {
    t.strictSame(errors({ [flag]: template }), [], `--${flag}`)
    t.match(errors({ [flag]: '/none.html' }), [{ setting: flag }], `--${flag} that is not there`)
  }
  t.match(errors({ 'basic-login-template': '/none.html' }), [{ setting: 'basic-login-template' }])
})

/** What has to do with signing in, is not here, and what is said instead. */
const refused: readonly (readonly [flag: string, env: string, value: string, instead: RegExp])[] = [
  ['auth-module', 'BOKEH_AUTH_MODULE', 'auth.py', /--oauth-provider/]
]

t.test('what of Panel is not here is refused by name in every place, with what to use instead, and never passed over', async t => {
  for (const [flag, env, value, instead] of refused) {
    const camel = flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
    const snake = flag.replaceAll('-', '_')
    const places: readonly (readonly [from: string, run: () => unknown])[] = [
      [`--${flag}`, () => load({ [flag]: value })],
      [env, () => load({}, { env: { [env]: value } })],
      [`OAUTH_GATE_${snake.toUpperCase()}`, () => load({}, { env: { [`OAUTH_GATE_${snake.toUpperCase()}`]: value } })],
      [`${snake} in `, () => load({}, { file: file(t, 'gate.yaml', `${snake}: x\n`) })],
      [`the setting ${camel}`, () => loadConfig({ env: {}, flags: enough, settings: { [camel]: value } })]
    ]
    for (const [from, run] of places) {
      const found = problems(run)
      t.match(found, [{ setting: flag, fix: instead }], from)
      t.ok(found[0]?.message.startsWith(from) && found[0].message.includes('Panel'), from)
      t.equal(found.length, 1)
      t.notOk(JSON.stringify(found).includes('hunter2'))
    }
  }
})

t.test('a switch of Panel is on by its words for that, and off by its words or none', async t => {
  const isOn = (value: string) => load({}, { env: { PANEL_OAUTH_REFRESH_TOKENS: value } }).config.oauthRefreshTokens
  for (const value of ['1', 'true', 'TRUE', 'yes', 'on']) t.equal(isOn(value), true, value)
  for (const value of ['0', 'false', 'False', 'no', 'off', '']) t.equal(isOn(value), false, value)
  for (const name of ['PANEL_OAUTH_OPTIONAL', 'PANEL_OAUTH_REFRESH_TOKENS', 'PANEL_BASIC_AUTH', 'BOKEH_AUTH_MODULE']) t.doesNotThrow(() => load({}, { env: { [name]: '' } }), `${name} empty`)
})

t.test('PANEL_OAUTH_OPTIONAL by a word that is off in Panel opens nothing: the gate does not start, and says what either word would do', async t => {
  for (const value of ['1', 'true', 'TRUE', 'True']) t.equal(load({}, { env: { PANEL_OAUTH_OPTIONAL: value } }).config.oauthOptional, true, value)
  for (const value of ['0', 'false', 'no', 'off', 'NO', '']) t.equal(load({}, { env: { PANEL_OAUTH_OPTIONAL: value } }).config.oauthOptional, false, value)
  for (const value of ['yes', 'on', 'YES', 'On', ' true', '1 ']) {
    for (const flags of [{}, { 'oauth-optional': false }, { 'oauth-optional': true }]) {
      t.match(errors(flags, { PANEL_OAUTH_OPTIONAL: value }).find(({ message }) => message.includes('in Panel')), {
        setting: 'oauth-optional', message: `PANEL_OAUTH_OPTIONAL="${value}" is off in Panel, which knows 1 and true alone; here it would open the app to everyone.`,
        fix: 'Set PANEL_OAUTH_OPTIONAL=true if everyone may pass without a sign-in, PANEL_OAUTH_OPTIONAL=false if not.'
      }, value)
    }
  }
  t.equal(load({ 'oauth-optional': 'yes' }).config.oauthOptional, true, 'under our own name our words count')
  t.equal(load({}, { env: { OAUTH_GATE_OAUTH_OPTIONAL: 'yes' } }).config.oauthOptional, true)
  t.strictSame(load({}, { env: { PANEL_OAUTH_REFRESH_TOKENS: 'yes' } }).notices.filter(notice => notice.includes('in Panel')), ['PANEL_OAUTH_REFRESH_TOKENS="yes" is off in Panel, which knows 1 and true alone, and is on here'], 'what opens nothing is only said')
  t.strictSame(load({}, { env: { PANEL_OAUTH_REFRESH_TOKENS: 'true', PANEL_OAUTH_OPTIONAL: 'no' } }).notices.filter(notice => notice.includes('in Panel')), [])
})

/** Every other flag of `panel serve` 1.9.4. */
const serving = `admin admin-endpoint admin-log-level args autoreload check-unused-sessions dev disable-index disable-index-redirect enable-xsrf-cookies exclude-cookies exclude-headers
glob global-loading-spinner ico-path include-cookies include-headers index index-titles keep-alive liveness liveness-endpoint log-file mem-log-frequency num-procs num-threads plugins profiler
rest-endpoint rest-provider rest-session-info reuse-sessions session-history session-ids session-token-expiration setup show static-dirs stats-log-frequency unused-session-lifetime use-config
warm websocket-compression-level websocket-compression-mem-level websocket-max-message-size`.split(/\s+/)

t.test('a flag of panel serve that is about serving is sent back to it', async t => {
  for (const flag of serving) {
    const found = errors({ [flag]: 'hunter2' })
    t.match(found, [{ setting: flag, message: `--${flag} is a flag of panel serve, and none of oauth-gate.` }])
    t.equal(found.length, 1)
    t.match(found[0]?.fix ?? '', flag === 'log-file' ? /standard output/ : /the app’s own panel serve line/)
    t.notMatch(JSON.stringify(found), /Did you mean|hunter2/)
  }
})

t.test('what the app’s environment has beside stays the app’s, and what concerns sign-in of it is said', async t => {
  const { notices } = load({ app: 'bokeh' }, { env: { AAD_TENANT_ID: 'contoso.com', BOKEH_SIGN_SESSIONS: 'yes', BOKEH_SECRET_KEY: 'hunter3', BOKEH_XSRF_COOKIES: 'yes', BOKEH_RESOURCES: 'cdn', PANEL_ADMIN_ENDPOINT: '/admin', PANEL_NUM_THREADS: '4' } })
  t.strictSame(notices.map(notice => notice.split(' ', 1)[0]).sort(), ['BOKEH_SECRET_KEY', 'BOKEH_SIGN_SESSIONS', 'BOKEH_XSRF_COOKIES'])
  t.notMatch(notices.join(), /hunter/)
  t.equal(load({ 'oauth-provider': 'azure', 'oauth-issuer': undefined }, { env: { AAD_TENANT_ID: 'contoso.com' } }).config.providers[0].parameters['tenant'], 'contoso.com', 'and the provider it is for takes it')
  t.match(errors({}, { PANEL_OAUTH_KEYS: 'x', PANEL_COOKIE_SECRETS: 'y' }), [{ fix: 'Did you mean PANEL_OAUTH_KEY?' }, { fix: 'Did you mean PANEL_COOKIE_SECRET?' }], 'a slip of the pen is no other setting')
})

t.test('each row of the reference is in one of these tables', async t => {
  const inTests = new Set([...works.flatMap(({ flag, env = [] }) => [...flag === undefined ? [] : [flag], ...env]), ...refused.flatMap(([flag, env]) => [flag, env]), ...serving,
    'use-xheaders', 'ssl-certfile', 'ssl-keyfile', 'BOKEH_SSL_CERTFILE', 'BOKEH_SSL_KEYFILE', 'BOKEH_SSL_PASSWORD', 'auth-template', 'basic-login-template', 'logout-template', 'oauth-error-template',
    'AAD_TENANT_ID', 'BOKEH_SIGN_SESSIONS', 'BOKEH_SECRET_KEY', 'BOKEH_XSRF_COOKIES', 'basic-auth', 'PANEL_BASIC_AUTH']) // the last two in basic-auth.test.ts
  // panel serve --help of 1.9.4, and the variables that panel/config.py, panel/auth.py and bokeh/settings.py read about signing in.
  const panels = JSON.parse(readFileSync(new URL('../../../test/config/panel-1.9.4.json', import.meta.url), 'utf8')) as { flags: string[], env: string[] }
  t.ok(panels.flags.length > 70 && panels.env.length > 20)
  for (const name of [...panels.flags, ...panels.env]) t.ok(inTests.has(name) || ['help', 'log-format'].includes(name), `${name} is spoken for`)
})

t.test('Panel’s sentences about what is missing and wrong', async t => {
  const first = (flags: Flags): string => errors(flags)[0]?.message ?? ''
  t.equal(first({ 'root-path': 'proxy' }), '--root-path must start with a leading slash (`/`).')
  t.equal(first({ 'cookie-secret': undefined }), 'When enabling an OAuth provider you must supply a valid cookie_secret either using the --cookie-secret CLI argument or the PANEL_COOKIE_SECRET environment variable.')
  t.match(first({ 'oauth-encryption-key': 'abc' }), /OAuth encryption key was not a valid base64 string\./)
  t.match(first({ 'oauth-encryption-key': Buffer.alloc(16).toString('base64') }), /OAuth encryption key must be 32 url-safe base64-encoded bytes\./)
  t.match(first({ 'oauth-provider': 'pam' }), /The provider pam is not offered/)
  t.match(errors({ 'login-endpoint': 'C:/Program Files/Git/signoff' }), [{ message: /--login-endpoint is no path here/, fix: /Git Bash[^]*leave out its first slash/ }])
})

t.test('the paths of the gate’s own pages do not meet, with a prefix before them', async t => {
  const table: readonly (readonly [Flags, string | undefined])[] = [
    [{ prefix: '/x', 'login-endpoint': '/oauth2/login' }, 'login-endpoint'], [{ 'login-endpoint': '/login', 'logout-endpoint': 'login' }, 'logout-endpoint'], [{ 'login-endpoint': '/ping' }, 'login-endpoint'],
    [{ prefix: '/x', 'login-endpoint': '/ping' }, undefined], [{ prefix: '/x', 'ping-path': '/oauth2/ping' }, undefined], [{ prefix: '/x', 'ping-path': '/x/oauth2/ping' }, 'ping-path'], [{ prefix: '/x', 'ping-path': '/x/bye', 'logout-endpoint': 'bye' }, 'logout-endpoint'],
    [{ 'logout-endpoint': '/bye', 'oauth-redirect-uri': 'https://a.example/bye' }, 'oauth-redirect-uri'], [{ 'login-endpoint': '/login', 'oauth-redirect-uri': 'https://a.example/login' }, undefined],
    [{ 'root-path': '/p', 'oauth-redirect-uri': 'https://a.example/p/oauth2/callback' }, undefined], [{ 'root-path': '/p', 'oauth-redirect-uri': 'https://a.example/p/oauth2/start' }, 'oauth-redirect-uri'],
    [{ prefix: '/x', 'oauth-redirect-uri': 'https://a.example/x/oauth2/x' }, 'oauth-redirect-uri'], [{ prefix: '/:a' }, 'prefix'], [{ prefix: '/a*' }, 'prefix'],
    [{ 'cookie-path': '/app' }, undefined], [{ 'cookie-path': '/a*' }, 'cookie-path'], [{ 'cookie-path': '/app', 'ping-path': '/app/oauth2/ping' }, 'ping-path'], [{ 'cookie-path': '/app', 'proxy-prefix': '/oauth2' }, 'cookie-path'], [{ 'cookie-path': '/app', prefix: '/app' }, undefined], [{ 'cookie-path': '/app', prefix: '/b' }, 'cookie-path'], [{ 'cookie-path': '/p/app', 'root-path': '/p' }, undefined], [{ 'cookie-path': '/app', 'root-path': '/p' }, 'cookie-path']
  ]
  for (const [flags, blamed] of table) t.strictSame(errors(flags).map(({ setting }) => setting), blamed === undefined ? [] : [blamed], JSON.stringify(flags))
  t.equal(load({ 'cookie-path': '/p/app', 'root-path': '/p' }).config.proxyPrefix, '/app/oauth2')
  t.ok(load({ 'root-path': '/p', 'oauth-redirect-uri': 'https://a.example/login' }).notices.some(notice => notice.includes('--root-path=/p')), 'a redirect URI that the proxy in front may not pass on is said')
})

t.test('a unix socket is another way to listen than address and port', async t => {
  t.match(errors({ 'unix-socket': '/s.sock', port: '1', address: '::1' }), [{ setting: 'unix-socket', message: /--address and --port, which are/ }])
  t.match(errors({ 'unix-socket': '/s.sock' }, { OAUTH_GATE_ADDRESS: '0.0.0.0' }), [{ setting: 'unix-socket' }])
  t.match(errors({ 'unix-socket': `/${'s'.repeat(103)}` }), [{ setting: 'unix-socket', message: /longer than the 103 bytes/ }])
  t.match(errors({ 'unix-socket': 'unix:/run/s.sock' }), [{ fix: 'Write /run/s.sock.' }])
})

t.test('the addresses of the gate’s own pages, from the settings', async t => {
  const at = (config: Partial<Config>) => createOwnUrls({ proxyPrefix: '/oauth2', ...config })
  t.match(at({}), { home: '/', signOut: '/oauth2/sign_out', routes: { base: '/oauth2', redirect: '/' } })
  t.equal(at({}).redirectUri('https://h'), 'https://h')
  const urls = at({ rootPath: '/p', prefix: '/a/b' })
  t.match(urls, { home: '/p/a/b/', signOut: '/p/a/b/oauth2/sign_out', routes: { base: '/a/b/oauth2', callback: '/a/b/oauth2/callback', redirect: '/a/b' } })
  t.equal(urls.redirectUri('https://h'), 'https://h/p/a/b')
  t.strictSame(['/p/x', '/p', '/p?x', '/px', '/', '/p/'].map(urls.inward), ['/x', '/', '/?x', '/px', '/', '/'])
  t.equal(at({ oauthRedirectUri: 'https://h/login/' }).routes.redirect, '/login')
})
