import t from 'tap'
import { ConfigError } from '../../src/config/config-error.ts'
import { describeOptions } from '../../src/config/describe.ts'
import { loadConfig } from '../../src/config/load.ts'
import { flagNames, gateNames, optionNames, panelNames, specOf } from '../../src/config/names.ts'
import { options, type Config, type ProviderConfig, type Settings } from '../../src/config/options.ts'
import type { Upstream } from '../../src/proxy/upstream.ts'
import { blamed, enough, file, key, load, problems, secret, set } from './setup.ts'

t.test('a few flags make a whole, frozen configuration', async t => {
  const { config, notices, sources } = load()
  t.match(config, { port: 4180, address: '127.0.0.1', upstreamTimeout: 60_000, passHostHeader: true, oauthExpiryDays: 1, cookiePath: '/', proxyPrefix: '/oauth2', oauthEncryptionKey: [] })
  t.strictSame([config.allowedDomains, config.allowedEmails, config.allowedGroups, config.providers[0].oauthScope, config.oauthRedirectUri], [undefined, undefined, undefined, undefined, undefined])
  t.match(config.providers, [{ id: 'oidc', label: 'OpenID Connect', usePkce: true, authStyle: 'auto', parameters: {} }])
  t.strictSame([...new Set([...Object.keys(config), ...Object.keys(config.providers[0])])].filter(name => !['id', 'label', 'provider', 'parameters'].includes(name)).sort(), [...optionNames].sort(), 'and every setting is a member')
  t.ok(Object.isFrozen(config) && Object.isFrozen(config.upstream) && Object.isFrozen(config.providers[0].oauthExtraParams) && Object.isFrozen(sources))
  t.strictSame(notices, [])
  for (const value of [secret, enough['oauth-secret']]) t.notOk(JSON.stringify(sources).includes(value), 'and where things came from shows no secret')
})

t.test('the types of the configuration follow from the table', async t => {
  type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
  const same: [
    Same<Config['port'], number>, Same<ProviderConfig['oauthKey'], string | undefined>, Same<ProviderConfig['oauthProvider'], string>, Same<Config['publicUrl'], URL | undefined>, Same<Config['upstream'], readonly Upstream[]>,
    Same<ProviderConfig['authStyle'], 'auto' | 'params' | 'header' | 'none'>, Same<ProviderConfig['oauthExtraParams'], Readonly<Record<string, string>>>, Same<Config['allowedGroups'], readonly string[] | undefined>, Same<ProviderConfig['usePkce'], boolean>,
    Same<Settings['port'], number | string | undefined>
  ] = [true, true, true, true, true, true, true, true, true, true]
  t.ok(same.every(Boolean))
})

t.test('what was read differently than written is a notice', async t => {
  const { config, notices } = load({ 'allowed-domains': '@b.com', 'oauth-extra-params': '{prompt:login}' })
  t.strictSame(config.allowedDomains, ['b.com'])
  t.match(notices, [/^--oauth-extra-params has no quotes inside/, '--allowed-domains takes @b.com as b.com'])
})

t.test('a flag beats OAUTH_GATE_*, that beats Panel’s name, that the file, that the default', async t => {
  const path = file(t, 'gate.yaml', 'cookie_path: /file\nport: 1\nlog_level: warn\n')
  const flags = { ...enough, config: path }
  const all = loadConfig({ flags: { ...flags, port: '4' }, env: { OAUTH_GATE_PORT: '3' } })
  t.equal(all.config.port, 4)
  t.match(all.sources.port, { level: 'flag', from: '--port', overrode: ['OAUTH_GATE_PORT', `port in ${path}`] })
  t.ok(all.notices.includes(`--port overrides OAUTH_GATE_PORT and port in ${path}`), 'and what was overridden is said')
  t.match(loadConfig({ flags, env: { OAUTH_GATE_PORT: '3' } }), { config: { port: 3, logLevel: 'warn' }, sources: { port: { from: 'OAUTH_GATE_PORT' }, logLevel: { level: 'file' } } })
  t.match(loadConfig({ flags, env: { PANEL_COOKIE_PATH: '/panel' } }), { config: { cookiePath: '/panel', port: 1 }, sources: { cookiePath: { level: 'panel', overrode: [`cookie_path in ${path}`] } } })
  t.match(loadConfig({ flags, env: {} }), { config: { cookiePath: '/file' } })
  t.match(loadConfig({ flags, env: { OAUTH_GATE_CONFIG: '/nowhere' } }).config.cookiePath, '/file', 'a flag names the file before the environment does')
  t.match(loadConfig({ flags: enough, env: {}, file: path }).config.cookiePath, '/file')
  t.equal(loadConfig({ flags: { ...enough, port: '4' }, env: {}, settings: { port: 5 } }).config.port, 4, 'and a flag beats code')
})

t.test('code passes values as it has them', async t => {
  const { config } = set({ port: 0, publicUrl: new URL('https://app.example'), trustedProxy: ['10.0.0.0/8'], rules: [{ path: '/', allow: 'public' }], usePkce: false, oauthExpiryDays: 0.5, oauthExtraParams: { prompt: 'login' }, allowedGroups: ['a,b'] })
  t.match(config, { port: 0, oauthExpiryDays: 0.5, rules: [{ path: '/', allow: 'public' }], allowedGroups: ['a,b'], providers: [{ usePkce: false, oauthExtraParams: { prompt: 'login' } }] })
  t.equal(config.publicUrl?.origin, 'https://app.example')
  t.equal(set({ allowedDomains: undefined }).config.allowedDomains, undefined, 'and undefined is not set')
  t.match(problems(() => set({ prot: 1 } as never)), [{ setting: 'prot', fix: 'Did you mean port?' }])
})

const sentences: [string, string, string, string][] = [
  ['oauth-provider', 'PANEL_OAUTH_PROVIDER', 'generic', 'OAuth provider'],
  ['oauth-key', 'PANEL_OAUTH_KEY', 'other', 'OAuth key'],
  ['client-id', 'PANEL_OAUTH_KEY', 'other', 'OAuth key'],
  ['oauth-secret', 'PANEL_OAUTH_SECRET', 'hunter2', 'OAuth secret'],
  ['oauth-redirect-uri', 'PANEL_OAUTH_REDIRECT_URI', 'https://other.example', 'OAuth redirect URI'],
  ['oauth-jwt-user', 'PANEL_OAUTH_JWT_USER', 'other', 'OAuth JWT user'],
  ['oauth-encryption-key', 'PANEL_OAUTH_ENCRYPTION', 'uhs7jWDNGuE4ZqB5BAO-Q6k-WIzSYdB0e5ZBHoBDnOU=', 'OAuth encryption key'],
  ['oauth-encryption-key', 'PANEL_OAUTH_ENCRYPTION_KEY', 'uhs7jWDNGuE4ZqB5BAO-Q6k-WIzSYdB0e5ZBHoBDnOU=', 'OAuth encryption key'],
  ['cookie-secret', 'PANEL_COOKIE_SECRET', 'hunter2', 'cookie secret'],
  ['cookie-secret', 'BOKEH_COOKIE_SECRET', 'hunter2', 'cookie secret'],
  ['cookie-path', 'PANEL_COOKIE_PATH', '/other', 'cookie path'],
  ['oauth-extra-params', 'PANEL_OAUTH_EXTRA_PARAMS', '{\'a\': 1}', 'OAuth extra params'],
  ['oauth-scope', 'PANEL_OAUTH_SCOPE', 'other', 'OAuth scope'],
  ['oauth-expiry-days', 'PANEL_OAUTH_EXPIRY', '9', 'OAuth expiry days'],
  ['oauth-expiry-days', 'PANEL_OAUTH_EXPIRY_DAYS', '9', 'OAuth expiry days'],
  ['user-key', 'PANEL_USER_KEY', 'other', 'user key'],
  ['oauth-token-url', 'PANEL_OAUTH_TOKEN_URL', 'https://other.example/', 'OAuth token URL'],
  ['oauth-authorize-url', 'PANEL_OAUTH_AUTHORIZE_URL', 'https://other.example/', 'OAuth authorize URL'],
  ['oauth-user-url', 'PANEL_OAUTH_USER_URL', 'https://other.example/', 'OAuth user URL']
]
const ours: Record<string, string> = { ...enough, 'client-id': 'id', 'oauth-redirect-uri': 'https://a.example', 'oauth-jwt-user': 'sub', 'oauth-encryption-key': key, 'cookie-path': '/', 'oauth-extra-params': '{}', 'oauth-scope': 'openid', 'oauth-expiry-days': '1', 'user-key': 'sub', 'oauth-token-url': 'https://a.example', 'oauth-authorize-url': 'https://a.example', 'oauth-user-url': 'https://a.example' }

for (const [flag, name, value, spoken] of sentences) {
  t.test(`${name} that differs from --${flag} is refused in Panel’s words, and one that is equal is fine`, async t => {
    const flags = { ...enough, ...flag === 'client-id' && { 'oauth-key': undefined }, [flag]: ours[flag] }
    const sentence = `Supply ${spoken} either using environment variable or via explicit argument, not both.`
    t.strictSame(problems(() => loadConfig({ flags, env: { [name]: value } })).map(({ message, fix }) => [message, fix]), [[sentence, `--${flag} and ${name} differ: unset one of them, or make them equal.`]])
    t.strictSame(problems(() => loadConfig({ flags, env: { [name]: ours[flag] } })), [])
    const gate = `OAUTH_GATE_${flag.toUpperCase().replaceAll('-', '_')}`
    t.match(problems(() => loadConfig({ flags: { ...flags, [flag]: undefined }, env: { [name]: value, [gate]: ours[flag] } })), [{ message: sentence, fix: new RegExp(`^${gate} and ${name} `) }])
  })
}

t.test('Panel’s names alone set everything', async t => {
  const { config } = loadConfig({ flags: { upstream: 'http://localhost:5006' }, env: {
    PANEL_OAUTH_PROVIDER: 'Generic', PANEL_OAUTH_KEY: 'id', PANEL_OAUTH_SECRET: 's', PANEL_OAUTH_REDIRECT_URI: 'https://a.example/login', PANEL_OAUTH_EXTRA_PARAMS: '{\'prompt\': \'login\'}',
    PANEL_OAUTH_JWT_USER: 'sub', PANEL_OAUTH_SCOPE: 'openid email, profile', PANEL_OAUTH_AUTHORIZE_URL: 'https://i.example/a', PANEL_OAUTH_TOKEN_URL: 'https://i.example/t', PANEL_OAUTH_USER_URL: 'https://i.example/u',
    PANEL_USER_KEY: 'mail', PANEL_OAUTH_ENCRYPTION: key, PANEL_OAUTH_EXPIRY: '0.5', PANEL_COOKIE_PATH: '/app', BOKEH_COOKIE_SECRET: secret
  } })
  t.match(config, { oauthRedirectUri: 'https://a.example/login', oauthEncryptionKey: [key], oauthExpiryDays: 0.5, cookiePath: '/app', cookieSecret: secret, providers: [{ oauthProvider: 'generic', oauthKey: 'id', oauthSecret: 's', oauthExtraParams: { prompt: 'login' }, oauthJwtUser: 'sub', oauthScope: ['openid', 'email', 'profile'], oauthAuthorizeUrl: 'https://i.example/a', oauthTokenUrl: 'https://i.example/t', oauthUserUrl: 'https://i.example/u', userKey: 'mail' }] })
})

t.test('PANEL_COOKIE_SECRET beats BOKEH_COOKIE_SECRET, as in Panel, and an empty one is unset', async t => {
  const flags = { ...enough, 'cookie-secret': undefined }
  t.equal(loadConfig({ flags, env: { BOKEH_COOKIE_SECRET: 'b'.repeat(32), PANEL_COOKIE_SECRET: 'p'.repeat(32) } }).config.cookieSecret, 'p'.repeat(32))
  t.equal(loadConfig({ flags, env: { BOKEH_COOKIE_SECRET: 'b'.repeat(32), PANEL_COOKIE_SECRET: '' } }).config.cookieSecret, 'b'.repeat(32))
})

t.test('two names of one setting in one place must agree', async t => {
  t.strictSame(blamed(() => load({ 'client-id': 'other' })), ['oauth-key'])
  t.strictSame(blamed(() => load({ 'client-id': 'id' })), [])
  t.strictSame(blamed(() => load({}, { env: { OAUTH_GATE_CLIENT_ID: 'a', OAUTH_GATE_OAUTH_KEY: 'b' } })), ['oauth-key'])
  t.strictSame(blamed(() => load({}, { env: { PANEL_OAUTH_EXPIRY: '2', PANEL_OAUTH_EXPIRY_DAYS: '3' } })), ['oauth-expiry-days'])
  t.match(problems(() => load({ port: ['1', '2'] })), [{ message: '--port is given 2 times.' }])
})

t.test('a repeated flag is a list', async t => {
  t.strictSame(load({ upstream: ['http://a:1', '/b=http://b:2'] }).config.upstream.map(upstream => upstream.path), ['/', '/b'])
  t.strictSame(load({ 'allowed-groups': ['a,b', 'c'] }).config.allowedGroups, ['a', 'b', 'c'])
})

t.test('every problem is told at once, each with its fix', async t => {
  const found = problems(() => loadConfig({ flags: { port: 'x', upstream: 'ftp://a', 'use-pkce': 'maybe', 'cookie-name': 'a b', 'log-level': 'loud' }, env: { OAUTH_GATE_PROT: '1', PANEL_OAUTH_KYE: 'x', OAUTH_GATE_ALLOWED_EMAILS: '' } }))
  t.strictSame(found.map(problem => problem.setting).sort(), ['OAUTH_GATE_PROT', 'PANEL_OAUTH_KYE', 'allowed-emails', 'cookie-name', 'cookie-secret', 'log-level', 'oauth-key', 'oauth-provider', 'port', 'upstream', 'use-pkce'])
  t.ok(found.every(({ message, fix }) => message !== '' && fix !== ''))
  t.match(found, [{ fix: 'Did you mean OAUTH_GATE_PORT?' }, { fix: 'Did you mean PANEL_OAUTH_KEY?' }])
})

t.test('an empty value stops the start wherever we are asked', async t => {
  for (const option of ['allowed-domains', 'allowed-emails', 'allowed-groups', 'trusted-proxy', 'oauth-scope', 'oauth-key', 'port', 'use-pkce']) {
    const name = option.replaceAll('-', '_')
    for (const [run, from] of [
      [() => load({ [option]: '' }), `--${option}`], [() => load({ [option]: ['', ''] }), `--${option}`],
      [() => load({ 'oauth-key': undefined, [option]: undefined }, { env: { [`OAUTH_GATE_${name.toUpperCase()}`]: ' ', OAUTH_GATE_CLIENT_ID: 'x' } }), `OAUTH_GATE_${name.toUpperCase()}`],
      [() => load({ 'oauth-key': undefined, [option]: undefined }, { env: { OAUTH_GATE_CLIENT_ID: 'x' }, file: file(t, 'gate.yaml', `${name}:\n`) }), `${name} in`]
    ] as const) t.match(problems(run).find(problem => problem.setting === option)?.message, new RegExp(`^${from.replace('--', '--')}.*is (?:empty|given 2 times)`), `${option} from ${from}`)
  }
  for (const list of ['[]', '[""]', '","']) t.strictSame(blamed(() => load({}, { file: file(t, 'gate.yaml', `allowed_groups: ${list}\n`) })), ['allowed-groups'], list)
  t.strictSame(blamed(() => load({ 'allowed-groups': ',' })), ['allowed-groups'])
  t.strictSame(blamed(() => set({ allowedGroups: [] })), ['allowed-groups'])
  t.strictSame(blamed(() => load({}, { file: file(t, 'gate.yaml', 'rules: []\n') })), ['rules'])
  t.strictSame(load({ 'oauth-extra-params': '' }).config.providers[0].oauthExtraParams, {}, 'but no extra params are none')
})

t.test('what Kubernetes sets for a service called oauth-gate is ignored, and said to be', async t => {
  const env = {
    OAUTH_GATE_PORT: 'tcp://10.0.0.7:80', OAUTH_GATE_SERVICE_HOST: '10.0.0.7', OAUTH_GATE_SERVICE_PORT: '80', OAUTH_GATE_SERVICE_PORT_HTTP: '80', OAUTH_GATE_PORT_80_TCP: 'tcp://10.0.0.7:80', OAUTH_GATE_PORT_80_TCP_ADDR: '10.0.0.7',
    OAUTH_GATE_PORT_80_TCP_PORT: '80', OAUTH_GATE_PORT_80_TCP_PROTO: 'tcp', OAUTH_GATE_REDIS_PORT: 'tcp://10.0.0.8:6379', OAUTH_GATE_REDIS_SERVICE_HOST: '10.0.0.8', OAUTH_GATE_REDIS_PORT_6379_TCP: 'x'
  }
  const { config, notices } = load({}, { env })
  t.equal(config.port, 4180)
  t.strictSame(notices, [`ignored what Kubernetes sets for a service: ${Object.keys(env).join(', ')}`])
  t.strictSame(blamed(() => load({}, { env: { OAUTH_GATE_PORT: 'http://10.0.0.7' } })), ['port'], 'but no other nonsense')
})

t.test('names that only exist elsewhere say where', async t => {
  t.match(problems(() => load({}, { env: { OAUTH_GATE_RULES: '[]' } })), [{ fix: /rules in the file that --config names/ }])
  t.match(problems(() => load({}, { file: file(t, 'gate.yaml', 'config: x\n') })), [{ fix: /--config/ }])
  t.match(problems(() => load({}, { env: { BOKEH_AUTH_MODULE: 'auth.py' } })), [{ message: /setting of Panel that this version/ }])
  t.match(problems(() => load({}, { file: file(t, 'gate.yaml', 'upstrem: x\n') })), [{ message: /^upstrem in .*gate\.yaml is not a setting/, fix: 'Did you mean upstream?' }])
  t.strictSame(blamed(() => load({}, { env: { PANEL_THEME: 'dark', BOKEH_LOG_LEVEL: 'x', HOME: '/' } })), [], 'and what is not about us is left alone')
})

t.test('certificate checks that are off for the whole process stop the start', async t => {
  t.strictSame(blamed(() => load({}, { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } })), ['NODE_TLS_REJECT_UNAUTHORIZED'])
  t.ok(load({}, { env: { NODE_TLS_REJECT_UNAUTHORIZED: '1' } }))
})

t.test('a secret comes from a file by each of its names', async t => {
  const path = file(t, 'secret', 's3cret\n')
  const without = { ...enough, 'oauth-secret': undefined }
  for (const [flags, env] of [
    [{ 'oauth-secret-file': path }, {}], [{ 'client-secret-file': path }, {}], [{}, { OAUTH_GATE_OAUTH_SECRET_FILE: path }], [{}, { OAUTH_GATE_CLIENT_SECRET_FILE: path }], [{}, { PANEL_OAUTH_SECRET_FILE: path }]
  ] as const) t.match(loadConfig({ flags: { ...without, ...flags }, env }), { config: { providers: [{ oauthSecret: 's3cret' }] }, sources: { oauthSecret: { shown: '(set)' } } })
  t.equal(loadConfig({ flags: without, env: {}, file: file(t, 'gate.yaml', `oauth_secret_file: ${path}\n`) }).config.providers[0].oauthSecret, 's3cret')
  t.strictSame(blamed(() => load({ 'oauth-secret-file': path })), ['oauth-secret'], 'a file and a value that differ are refused')
  t.strictSame(blamed(() => loadConfig({ flags: { ...without, 'oauth-secret-file': '/nowhere' }, env: {} })), ['oauth-secret'])
  t.strictSame(blamed(() => loadConfig({ flags: { ...without, 'oauth-secret-file': file(t, 'empty', '\n') }, env: {} })), ['oauth-secret'])
  t.strictSame(blamed(() => loadConfig({ flags: { ...without, 'oauth-secret-file': file(t, 'two', 'a\nb\n') }, env: {} })), ['oauth-secret'])
  t.notOk(flagNames.has('oauth-key-file'), 'and only secrets do')
})

t.test('a file is YAML or JSON, and its values are the text that was written', async t => {
  const yaml = load({ 'oauth-key': undefined, 'oauth-secret': undefined }, { file: file(t, 'gate.yaml', 'oauth_key: 0123\nclient_secret: 1e5\nuse_pkce: off\nport: 8080\nallowed_groups: [CN=a\\,OU=b, yes]\noauth_extra_params: { max_age: 0600, x: true, none: null }\nrules:\n  - path: /admin\n    allow: { groups: [007] }\n') })
  t.match(yaml.config, { port: 8080, rules: [{ path: '/admin', allow: { groups: ['007'] } }], providers: [{ oauthKey: '0123', oauthSecret: '1e5', usePkce: false, oauthExtraParams: { max_age: '0600', x: 'true' } }] })
  t.notOk('none' in yaml.config.providers[0].oauthExtraParams)
  const json = load({ 'oauth-key': undefined }, { file: file(t, 'gate.json', '{\n\t"oauth_key": 123,\n\t"use_pkce": false,\n\t"upstream_timeout": 2,\n\t"allowed_groups": ["a,b", "\\ud83d\\ude00"]\n}') })
  t.match(json.config, { upstreamTimeout: 2000, allowedGroups: ['a,b', '😀'], providers: [{ oauthKey: '123', usePkce: false }] })
})

t.test('a file that cannot be read says where, and quotes nothing', async t => {
  for (const text of ['cookie_secret: *hunter2', 'cookie_secret: !hunter2 x', 'cookie_secret: "hunter2', 'a: &hunter2 x\nb: *hunter2', 'port: 1\nport: 1', 'hunter2', '- hunter2', '{"cookie_secret": "hunter2",,}', '', 'a: b: hunter2', 'cookie_secret: [hunter2', '---\na: 1\n---\nb: hunter2', '? [a]\n: hunter2']) {
    const found = problems(() => load({}, { file: file(t, 'gate.yaml', text) }))
    t.strictSame(found.filter(problem => problem.setting === 'config').length, 1, JSON.stringify(text))
    t.notMatch(JSON.stringify(found), /hunter2/)
  }
  t.match(problems(() => load({ config: '/nowhere/gate.yaml' })), [{ setting: 'config', message: /does not exist/ }])
  t.match(problems(() => load({ config: '/' })), [{ setting: 'config', message: /is a folder/ }])
})

t.test('no text about a problem ever holds the value of a secret', async t => {
  const bad = 'hunter2\nhunter2'
  const env = Object.fromEntries([...gateNames, ...panelNames].filter(([, name]) => specOf(name.option).secret).map(([name]) => [name, bad]))
  const flags = Object.fromEntries([...flagNames].filter(([, name]) => specOf(name.option).secret && !name.inFile).map(([name]) => [name, `${bad}x`]))
  for (const run of [() => loadConfig({ env, flags }), () => loadConfig({ env, flags: {} }), () => loadConfig({ env: { ...env, OAUTH_GATE_OAUTH_SECRET: 'hunter2', PANEL_OAUTH_SECRET: 'hunter2-too', OAUTH_GATE_COOKIE_SECRET: 'hunter2', PANEL_COOKIE_SECRET: 'hunter22' } }), () => set({ cookieSecret: bad, oauthSecret: { a: 'hunter2' } as never, oauthEncryptionKey: ['hunter2'] })]) {
    const told = problems(run).filter(({ message }) => !message.includes('_FILE'))
    t.ok(told.length > 1)
    try { run() } catch (error) {
      t.type(error, ConfigError)
      const lines = `${(error as Error).message}${(error as Error).stack ?? ''}${JSON.stringify(told)}`
      t.notMatch(lines, /hunter2/)
    }
  }
})

t.test('the help has every setting once, in its group', async t => {
  const lines = describeOptions().flatMap(group => group.lines)
  t.strictSame(lines.map(line => line.option).sort(), Object.keys(options).sort())
  t.ok(lines.every(line => line.text.length < 130 && line.text.includes('.')))
})

t.test('of a file that cannot be read nothing is said to be missing, and what was ignored is told with what is wrong', async t => {
  t.strictSame(problems(() => loadConfig({ env: {}, file: file(t, 'gate.yaml', 'upstream: [\n') })).map(({ setting }) => setting), ['config'])
  try {
    loadConfig({ env: { GF_AUTH_GENERIC_OAUTH_CLIENT_ID: 'x', OAUTH_GATE_UPSTREAM: 'http://localhost:5006' } })
    t.fail('it started')
  } catch (error) {
    t.match(error, { notices: [/--grafana-env/] })
  }
})
