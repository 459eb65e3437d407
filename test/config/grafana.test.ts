import t, { type Test } from 'tap'
import { keys } from '../../src/config/grafana/keys.ts'
import { loadConfig, type Loaded, type LoadOptions } from '../../src/config/load.ts'
import { flagOf } from '../../src/config/names.ts'
import type { Expression } from '../../src/identity/jmespath.ts'
import { file, problems, secret } from './setup.ts'

const must = { upstream: 'http://localhost:5006', 'cookie-secret': secret }
const urls = `auth_url = https://id.example/authorize
token_url = https://id.example/token
api_url = https://id.example/me
`
const block = `[auth.generic_oauth]
enabled = true
use_pkce = true
client_id = gate
client_secret = hush
${urls}`

/** A file that ends with the block, so that more of it can be added. */
function load (t: Test, ini: string, more: LoadOptions = {}): Loaded {
  return loadConfig({ env: {}, ...more, flags: { ...must, config: file(t, 'grafana.ini', ini), ...more.flags } })
}

function asVariables (text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/^(\w+) = (.*)$/gm)].map(([, key = '', value = '']) => [`GF_AUTH_GENERIC_OAUTH_${key.toUpperCase()}`, value]))
}

function loadEnv (env: Record<string, string | undefined>, more: LoadOptions = {}): Loaded {
  return loadConfig({ ...more, env: { ...asVariables(block), ...env }, flags: { ...must, 'grafana-env': true, ...more.flags } })
}

const told = (run: () => unknown) => problems(run).map(({ message, fix }) => `${message} ${fix}`)

t.test('a block is a provider, with what Grafana has where it is silent', async t => {
  const { config, notices, sources } = load(t, block)
  const [provider] = config.providers
  t.match(provider, {
    id: 'generic', label: 'OAuth 2.0', oauthKey: 'gate', oauthSecret: 'hush', oauthAuthorizeUrl: 'https://id.example/authorize', oauthTokenUrl: 'https://id.example/token', oauthUserUrl: 'https://id.example/me',
    oauthScope: ['user:email'], emailAttributeName: 'email:primary', loginAttributePath: { text: 'username' }, nameAttributePath: { text: 'name' }, usePkce: true, authStyle: 'auto'
  })
  t.match([config.callbackPath, config.oauthRedirectUri, config.publicUrl], ['/login/generic_oauth', undefined, undefined])
  t.match([sources.oauthKey.level, sources.oauthScope.level, sources.oauthScope.from], ['file', 'preset', 'Grafana’s default'])
  t.match(sources.oauthKey.from, /^\[auth\.generic_oauth\] client_id in .*grafana\.ini$/)
  t.strictSame(notices, [], 'and nothing of it is odd')
})

/** Another value for each key, and what becomes of it. */
const taken: Readonly<Record<string, readonly [written: string, value: unknown]>> = {
  name: ['Some where', 'Some where'], icon: ['lock', 'lock'], client_id: ['other', 'other'], client_secret: ['`a#b`', 'a#b'], scopes: ['a, "b:c" d', ['a', 'b:c', 'd']], empty_scopes: ['t', true],
  auth_url: ['https://b.example/x?y=1', 'https://b.example/x?y=1'], token_url: ['https://b.example/t', 'https://b.example/t'], api_url: ['https://b.example/u', 'https://b.example/u'], auth_style: ['InHeader', 'header'], use_pkce: ['no', false], use_refresh_token: ['true', true], signout_redirect_url: ['https://b.example/out?x=1', 'https://b.example/out?x=1'],
  tls_skip_verify_insecure: ['y', true], id_token_attribute_name: ['access_token', 'access_token'], email_attribute_name: ['mail', 'mail'],
  email_attribute_path: ['a.b', 'a.b'], login_attribute_path: ['preferred_username', 'preferred_username'], name_attribute_path: ['"full name"', 'full name'], groups_attribute_path: ['info.groups', 'info.groups'],
  role_attribute_path: ['"\'Admin\'"', '\'Admin\''], role_attribute_strict: ['True', true], teams_url: ['https://b.example/teams', 'https://b.example/teams'], team_ids_attribute_path: ['values[*].workspace.slug', 'values[*].workspace.slug'],
  team_ids: ['["1", "b c"]', ['1', 'b c']], allowed_domains: ['mycompany.com mycompany.org', ['mycompany.com', 'mycompany.org']], allowed_groups: ['["Admins", "Software Engineers"]', ['Admins', 'Software Engineers']],
  allowed_organizations: ['a,,b', ['a', 'b']], allow_sign_up: ['F', false]
}
/** What goes with them, so that they can be. */
const company: Readonly<Record<string, string>> = {
  role_attribute_strict: 'role_attribute_path = role', team_ids: 'teams_url = https://b.example/teams\nteam_ids_attribute_path = x', team_ids_attribute_path: 'teams_url = https://b.example/teams\nteam_ids = 1',
  teams_url: 'team_ids_attribute_path = x\nteam_ids = 1', allow_sign_up: '', name_attribute_path: '', allowed_groups: 'groups_attribute_path = groups'
}

t.test('each key is a setting, in the file and as a variable', async t => {
  const settings = Object.entries(keys).flatMap(([key, use]) => 'option' in use ? [[key, use.option] as const] : [])
  t.strictSame(settings.map(([key]) => key).filter(key => !key.startsWith('tls_client')).sort(), Object.keys(taken).sort(), 'the table has them all; certificates are files, and tested where they are used')
  for (const [key, option] of settings.filter(([key]) => Object.hasOwn(taken, key))) {
    const [written = '', value] = taken[key] ?? []
    const listed = key === 'allow_sign_up' ? { flags: { 'allowed-emails': 'ada@example.com' } } : {}
    const value_ = (loaded: Loaded): unknown => {
      const found: unknown = { ...loaded.config, ...loaded.config.providers[0] }[option as never]
      return typeof found === 'object' && found !== null && 'text' in found ? (found as Expression).text : found
    }
    const rest = block.split('\n').filter(line => !line.startsWith(`${key} `)).join('\n')
    const ini = `${rest}${company[key] ?? ''}\n${key} = ${key === 'name_attribute_path' ? '`"full name"`' : written}\n`
    t.strictSame(key === 'name_attribute_path' ? '"full name"' : value, value_(load(t, ini, listed)), `${key}: ${flagOf(option)}`)
    const plain = key === 'client_secret' ? 'a#b' : key === 'role_attribute_path' ? '\'Admin\'' : written
    t.strictSame(key === 'name_attribute_path' ? '"full name"' : value, value_(loadEnv({ ...asVariables(company[key] ?? ''), [`GF_AUTH_GENERIC_OAUTH_${key.toUpperCase()}`]: plain }, listed)), `${key} in the environment, where quotes are no quotes`)
  }
})

t.test('the example of Grafana’s page is read as it stands', async t => {
  const example = `[auth.generic_oauth]
name = OAuth
icon = signin
enabled = true
client_id = YOUR_APP_CLIENT_ID
client_secret = YOUR_APP_CLIENT_SECRET
scopes =
empty_scopes = false
auth_url =
token_url =
api_url =
allowed_domains = mycompany.com mycompany.org
allow_sign_up = true
tls_skip_verify_insecure = false
tls_client_cert =
tls_client_key =
tls_client_ca =
use_pkce = true
`
  t.strictSame(problems(() => load(t, example)).map(({ message }) => message), ['The provider generic needs --oauth-issuer or --oauth-authorize-url.', 'The provider generic needs --oauth-issuer or --oauth-token-url.'], 'but for the addresses that it leaves open')
  const { config } = load(t, example.replace(/(auth|token|api)_url =/g, '$1_url = https://id.example/$1'))
  t.match([config, config.providers[0]], [{ allowedDomains: ['mycompany.com', 'mycompany.org'] }, { label: 'OAuth', icon: 'signin', oauthScope: ['user:email'], usePkce: true }])
})

t.test('empty_scopes beats scopes, whether they are written or Grafana’s own', async t => {
  t.match(load(t, `${block}empty_scopes = true\n`).config.providers[0], { oauthScope: undefined, emptyScopes: true })
  const { config, notices } = load(t, `${block}empty_scopes = true\nscopes = openid\n`)
  t.match(config.providers[0], { oauthScope: undefined, emptyScopes: true })
  t.match(notices, [/empty_scopes .* is on: no scope is asked for, and .* scopes .* is not used/])
  t.match(load(t, `${block}empty_scopes = false\nscopes = openid\n`).config.providers[0], { oauthScope: ['openid'], emptyScopes: false })
})

t.test('login_prompt and hosted_domain go with the authorization request', async t => {
  const { config, notices } = load(t, `${block}login_prompt = select_account\nhosted_domain = b.com\n`)
  t.match(config.providers[0].oauthExtraParams, { prompt: 'select_account', hd: 'b.com' })
  t.match(notices, [/hosted_domain .*only asks the provider/])
  t.match(loadEnv({ GF_AUTH_GENERIC_OAUTH_LOGIN_PROMPT: 'login' }, { flags: { config: file(t, 'grafana.ini', '[auth.generic_oauth]\nhosted_domain = b.com\n') } }).config.providers[0].oauthExtraParams, { prompt: 'login', hd: 'b.com' })
  t.match(told(() => load(t, `${block}login_prompt = never\n`)), [/login_prompt .* must be one of login, consent, select_account\./])
})

t.test('an empty value is not set, wherever it stands', async t => {
  const empty = Object.keys(keys).filter(key => !block.includes(`${key} =`)).map(key => `${key} =\n`).join('')
  t.strictSame(load(t, block + empty).config.providers[0], load(t, block).config.providers[0])
  const variables = Object.fromEntries(Object.keys(keys).filter(key => !block.includes(`${key} =`)).map(key => [`GF_AUTH_GENERIC_OAUTH_${key.toUpperCase()}`, '']))
  t.strictSame(loadEnv(variables).config.providers[0], loadEnv({}).config.providers[0])
  t.strictSame(load(t, `${block}allowed_groups = []\n`).config.allowedGroups, undefined, 'as is a JSON list that says so')
  t.strictSame(load(t, `${block}allowed_groups = a\nallowed_groups =\n`).config.allowedGroups, undefined, 'and the last word counts')
})

t.test('a list that is none lets nobody take it for empty, which would let everybody in', async t => {
  for (const list of ['["a"', '[a, b]', '["a", 1]', '["a"] b', '[']) {
    t.match(told(() => load(t, `${block}allowed_groups = ${list}\n`)), [/allowed_groups .*begins like a JSON list and is no list of texts/], list)
    t.match(told(() => loadEnv({ GF_AUTH_GENERIC_OAUTH_ALLOWED_DOMAINS: list })), [/^GF_AUTH_GENERIC_OAUTH_ALLOWED_DOMAINS begins like/], list)
  }
  for (const list of [',', ', ,']) t.match(told(() => load(t, `${block}allowed_groups = ${list}\n`)), [/has separators and no items/])
  t.match(told(() => loadEnv({ GF_AUTH_GENERIC_OAUTH_ALLOWED_GROUPS: ' , ' })), [/has separators and no items/])
  t.match(told(() => load(t, `${block}allowed_groups = [""]\n`)), [/has an empty item/])
})

t.test('a variable that is not set is no empty list either', async t => {
  const domains = (written: string, env: Record<string, string> = {}) => load(t, `${block}allowed_domains = ${written}\n`, { env })
  for (const written of ['${DOMAINS}', '$__env{DOMAINS}', 'a.com ${DOMAINS}']) t.match(told(() => domains(written)), [/allowed_domains .*refers to the variable DOMAINS, which is not set\. Set it/])
  t.match(told(() => domains('${DOMAINS}', { DOMAINS: '' })), [/is empty once what it refers to is put in/])
  t.strictSame(domains('${DOMAINS}', { DOMAINS: 'a.com b.com' }).config.allowedDomains, ['a.com', 'b.com'])
  t.strictSame(domains('$__env{A}, ${B}', { A: 'a.com', B: 'b.com' }).config.allowedDomains, ['a.com', 'b.com'])
  t.match(told(() => domains('$__vault{x}')), [/has \$__vault\{…\}, which the gate does not know/])
  const path = file(t, 'secret', ' hush-hush\n')
  t.equal(load(t, `${block}client_secret = $__file{${path}}\n`).config.providers[0].oauthSecret, 'hush-hush')
  t.equal(loadEnv({ GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET: `$__file{${path}}` }).config.providers[0].oauthSecret, 'hush-hush')
  t.match(told(() => load(t, `${block}client_secret = $__file{/nowhere/x}\n`)), [/client_secret .*names a file that does not exist/])
  for (const twice of ['%(a)s', '%(a)s%(a)s']) t.match(told(() => load(t, `[auth]\na = ${twice.replaceAll('a', 'b')}\nb = ${twice}\n${block}name = %(a)s\n`)), [/name in .*refers to itself/], 'nor do two that name each other go on for ever')
})

t.test('a flag is one of Grafana’s words', async t => {
  for (const word of ['1', 't', 'T', 'true', 'TRUE', 'True', 'yes', 'YES', 'Yes', 'y', 'on', 'ON', 'On']) t.equal(load(t, block.replace('use_pkce = true', `use_pkce = ${word}`)).config.providers[0].usePkce, true, word)
  for (const word of ['0', 'f', 'F', 'false', 'FALSE', 'False', 'no', 'NO', 'No', 'n', 'off', 'OFF', 'Off']) t.equal(load(t, block.replace('use_pkce = true', `use_pkce = ${word}`)).config.providers[0].usePkce, false, word)
  for (const word of ['2', 'tRUE', 'Y', 'enabled', 'oN', 'wahr']) t.match(told(() => load(t, block.replace('use_pkce = true', `use_pkce = ${word}`))), [/use_pkce .*must be true or false/], word)
  for (const key of ['enabled', 'role_attribute_strict', 'allow_sign_up', 'skip_org_role_sync', 'auto_login', 'validate_id_token']) t.match(told(() => load(t, `${block}${key} = maybe\n`)), [new RegExp(`${key} .*must be true or false`)], key)
})

t.test('enabled=false leaves the provider out, and says so; a missing one is taken for true', async t => {
  const off = block.replace('enabled = true', 'enabled = false')
  t.match(problems(() => load(t, off)).find(({ setting }) => setting === 'oauth-provider')?.message, /^\[auth\.generic_oauth\] enabled in .*grafana\.ini is false, and nothing else says who signs people in\.$/)
  t.match(told(() => loadEnv({ GF_AUTH_GENERIC_OAUTH_ENABLED: 'false' })), [/^GF_AUTH_GENERIC_OAUTH_ENABLED is false/, /oauth_key/])
  const other = { 'oauth-provider': 'oidc', 'oauth-issuer': 'https://i.example', 'oauth-key': 'k', 'oauth-secret': 's' }
  const { config, notices } = load(t, off, { flags: other })
  t.match(config, { callbackPath: undefined, providers: [{ oauthProvider: 'oidc', oauthKey: 'k', oauthAuthorizeUrl: undefined, oauthScope: undefined, loginAttributePath: undefined }] })
  t.match(notices, [/enabled in .* is false: nobody signs in by it/], 'and nothing of it is used')
  t.match(load(t, block.replace('enabled = true\n', '')).notices, [/enabled in .* is not written, which to Grafana means false: here it is taken as true/])
  t.match(told(() => load(t, '[server]\nroot_url = https://a.example\n')), [/grafana\.ini has no \[auth\.generic_oauth\], and nothing else says/, /oauth_key/])
  t.match(load(t, '[server]\nroot_url = https://a.example\n', { flags: other }), { config: { publicUrl: new URL('https://a.example') }, notices: [/has no \[auth\.generic_oauth\]: nobody/] })
})

t.test('what held somebody back, or checked something, is never passed over', async t => {
  const refused: Readonly<Record<string, string>> = {
    validate_id_token: 'true', jwk_set_url: 'https://id.example/keys', discovery_url: 'https://id.example/.well-known/openid-configuration', org_mapping: 'a:b:Admin', org_attribute_path: 'orgs',
    client_authentication: 'workload_identity', managed_identity_client_id: 'x', federated_credential_audience: 'x', workload_identity_token_file: '/x', send_client_credentials_via_post: 'true'
  }
  t.strictSame(Object.keys(refused).sort(), Object.entries(keys).filter(([, use]) => 'refused' in use).map(([key]) => key).sort())
  for (const [key, value] of Object.entries(refused)) {
    const [problem, ...more] = problems(() => load(t, `${block}${key} = ${value}\n`))
    t.match(problem, { setting: key, message: new RegExp(`^\\[auth\\.generic_oauth\\] ${key} in `), fix: /\w{3}.*\.$/ })
    t.strictSame(more, [])
    t.strictSame(problems(() => loadEnv({ [`GF_AUTH_GENERIC_OAUTH_${key.toUpperCase()}`]: value })).map(({ setting }) => setting), [key])
    if (value === 'true') t.strictSame(problems(() => load(t, `${block}${key} = false\n`)), [], 'off it asks for nothing')
  }
  const { notices } = load(t, `${block}validate_id_token = true\njwk_set_url = https://id.example/keys\n`, { flags: { 'oauth-issuer': 'https://id.example' } })
  t.match(notices, [/validate_id_token .* is not used: --oauth-issuer does/, /jwk_set_url .* is not used: --oauth-issuer does/])
})

t.test('use_refresh_token renews tokens here as there', async t => {
  const isOn = (text: string) => load(t, `${block}${text}`).config.oauthRefreshTokens
  t.strictSame([isOn('use_refresh_token = true\n'), isOn('use_refresh_token = false\n'), isOn('')], [true, false, false])
  t.equal(loadEnv({ GF_AUTH_GENERIC_OAUTH_USE_REFRESH_TOKEN: 'true' }).config.oauthRefreshTokens, true)
  t.match(load(t, `${block}use_refresh_token = true\n`).notices, [/offline_access is not among the scopes/])
})

t.test('signout_redirect_url is where a sign-out goes on to, by itself as in Grafana', t => {
  const end = 'https://id.example/out?post_logout_redirect_uri=https%3A%2F%2Fapp.example%2F'
  const of = ({ config: { signOutAtProvider, idTokenHint, providers } }: ReturnType<typeof load>) => [signOutAtProvider, idTokenHint, providers[0]?.oauthLogoutUrl]
  const own = load(t, `${block}signout_redirect_url = ${end}\n`)
  t.strictSame(of(own), ['always', false, end])
  t.match(own.notices, [/^\[auth\.generic_oauth\] signout_redirect_url in \S+ gets client_id from the gate, where Grafana adds id_token_hint: --id-token-hint does that too$/])
  t.equal(own.notices.length, 1)
  const everybodys = load(t, `[auth]\nsignout_redirect_url = https://id.example/all\ndisable_login_form = true\n${block}`)
  t.strictSame(of(everybodys), ['always', false, 'https://id.example/all'])
  t.match(everybodys.notices, [/not used is \[auth\] disable_login_form$/])
  t.strictSame(of(load(t, `[auth]\nsignout_redirect_url = https://id.example/all\n${block}signout_redirect_url = https://id.example/own\n`)), ['always', false, 'https://id.example/own'], 'the block’s own comes first')
  t.strictSame(of(load(t, block)), ['offer', false, undefined])
  t.strictSame(of(load(t, `${block}signout_redirect_url =\n`)), ['offer', false, undefined], 'and an empty one is none')
  t.strictSame(of(loadEnv({ GF_AUTH_SIGNOUT_REDIRECT_URL: 'https://id.example/env' })), ['always', false, 'https://id.example/env'])
  t.strictSame(of(load(t, `${block}signout_redirect_url = ${end}\n`, { flags: { 'sign-out-at-provider': 'offer' } })), ['offer', false, end], 'who says otherwise is heard')
  t.end()
})

t.test('what means nothing here is said, each once', async t => {
  const { notices } = load(t, `${block}auto_login = true\nallow_assign_grafana_admin = true\nvalidate_hd = true\n`)
  t.strictSame(notices.map(notice => /^\[auth\.generic_oauth\] (\w+) in \S+ is not used: \S/.exec(notice)?.[1]), ['auto_login', 'allow_assign_grafana_admin', 'validate_hd'])
  t.strictSame(load(t, `${block}auto_login = false\nallow_assign_grafana_admin = false\n`).notices, [])
  t.match(load(t, block.replace('use_pkce = true\n', '')), { notices: [/use_pkce is not written: PKCE is on/], config: { providers: [{ usePkce: true }] } })
  t.match(load(t, `app_mode = production\n[database]\npassword = x\n[auth.github]\nenabled = true\n[auth.google]\nenabled = false\n[security]\n[server]\nhttp_port = 80\n[users]\nallow_sign_up = false\n${block}`).notices, [
    /not used is app_mode, \[database\], \[auth\.github\], \[auth\.google\], \[server\] http_port, \[users\] allow_sign_up$/, /has \[auth\.github\] enabled: only \[auth\.generic_oauth\] is taken/
  ])
})

t.test('skip_org_role_sync gives nobody a role, as in Grafana', async t => {
  const roles = 'role_attribute_path = role\nrole_attribute_strict = true\n'
  const { config, notices } = load(t, `[users]\nauto_assign_org_role = Editor\n${block}${roles}skip_org_role_sync = true\n`)
  t.match(config.providers[0], { roleAttributePath: undefined, roleAttributeStrict: false, defaultRole: undefined })
  t.match(notices, [/skip_org_role_sync .* is on: nobody is given a role/])
  t.match(load(t, `[users]\nauto_assign_org_role = Editor\n${block}${roles}`).config.providers[0], { roleAttributePath: { text: 'role' }, roleAttributeStrict: true, defaultRole: 'Editor' })
  t.match(loadEnv({ ...asVariables(roles), GF_USERS_AUTO_ASSIGN_ORG_ROLE: 'none' }).config.providers[0].defaultRole, 'None')
})

t.test('a name that nobody knows stops the start, with the nearest', async t => {
  t.match(problems(() => load(t, `${block}scope = openid\nRole_Attribute_Path = x\nqqqqqqq = 1\n`)), [
    { setting: 'scope', fix: 'Did you mean scopes?' }, { setting: 'Role_Attribute_Path', fix: 'Did you mean role_attribute_path?' }, { setting: 'qqqqqqq', fix: /docs\/grafana\.md/ }
  ])
  t.match(problems(() => loadEnv({ GF_AUTH_GENERIC_OAUTH_ROLE_ATTRIBUTE_PTAH: 'x' })), [{ setting: 'GF_AUTH_GENERIC_OAUTH_ROLE_ATTRIBUTE_PTAH', fix: 'Did you mean GF_AUTH_GENERIC_OAUTH_ROLE_ATTRIBUTE_PATH?' }])
  for (const name of ['Auth.Generic_OAuth', ' auth.generic_oauth ', 'auth.generic-oauth', 'auth.genericoauth']) t.match(told(() => load(t, block.replace('auth.generic_oauth', name)))[0], /which is not \[auth\.generic_oauth\]/, name)
  t.match(told(() => load(t, `allowed_groups = a\n${block}`)), [/allowed_groups in line 1, before any section/])
  for (const key of ['__proto__', 'constructor', 'toString']) t.equal(problems(() => load(t, `${block}${key} = x\n`)).length, 1, key)
})

t.test('everything that is wrong is told at once, and no secret is in it', async t => {
  const found = problems(() => load(t, '[server]\nroot_url = hunter2\n[auth.generic_oauth]\nenabled = true\nclient_id = some_id\nclient_secret = hunter2 \nscopes = ["a"\nuse_pkce = hunter2\nrole_attribute_path = a[\nauth_url = ftp://hunter2\nauth_style = hunter2\nicno = x\n'))
  t.strictSame(found.map(({ setting }) => setting).sort(), ['auth-style', 'icno', 'oauth-authorize-url', 'oauth-key', 'oauth-scope', 'oauth-token-url', 'public-url', 'role-attribute-path', 'use-pkce'].sort())
  t.match(found.find(({ setting }) => setting === 'oauth-key')?.message, /client_id .*is some_id, which only holds the place/)
  t.notMatch(JSON.stringify(found), 'hunter2')
  t.equal(load(t, block.replace('gate', 'some_id'), { flags: { 'oauth-key': 'k' } }).config.providers[0].oauthKey, 'k', 'and what another names is not missed')
})

t.test('flags, OAUTH_GATE_*, PANEL_* and GF_* beat the file, in this order, and all beat what Grafana has where it is silent', async t => {
  const env = { GF_AUTH_GENERIC_OAUTH_CLIENT_ID: 'variable', PANEL_OAUTH_SCOPE: 'panel', OAUTH_GATE_LOGIN_ATTRIBUTE_PATH: 'ours' }
  const { config, sources, notices } = load(t, `${block}name = File\n`, { env: { ...env, GF_AUTH_GENERIC_OAUTH_NAME: 'Variable' }, flags: { 'grafana-env': true, name: 'Flag' } })
  t.match(config.providers[0], { oauthKey: 'variable', oauthScope: ['panel'], loginAttributePath: { text: 'ours' }, nameAttributePath: { text: 'name' }, label: 'Flag', oauthSecret: 'hush' })
  t.match([sources.oauthKey, sources.oauthSecret], [{ level: 'grafana', from: 'GF_AUTH_GENERIC_OAUTH_CLIENT_ID' }, { level: 'file' }])
  t.match(notices, [/^GF_AUTH_GENERIC_OAUTH_CLIENT_ID overrides \[auth/, /^--name overrides GF_AUTH_GENERIC_OAUTH_NAME and \[auth\.generic_oauth\] name in /])
  const yaml = file(t, 'gate.yaml', 'oauth_scope: openid\nname: Ours\noauth_key: ours\n')
  t.match(loadEnv({}, { flags: { config: yaml } }).config.providers[0], { oauthScope: ['openid'], label: 'Ours', oauthKey: 'gate', loginAttributePath: { text: 'username' } }, 'a file of ours beside the variables')
  t.match(load(t, block, { flags: { 'oauth-provider': 'okta', 'oauth-extra-params': '{"url": "https://x.okta.com"}' } }).config.providers[0], { oauthProvider: 'okta', oauthScope: undefined, loginAttributePath: undefined, oauthKey: 'gate' }, 'another provider keeps its own ways')
})

t.test('without --grafana-env no variable of Grafana is read, and it is said that they are there', async t => {
  const flags = { ...must, 'oauth-provider': 'oidc', 'oauth-issuer': 'https://i.example', 'oauth-key': 'k', 'oauth-secret': 's' }
  const { config, notices } = loadConfig({ flags, env: { ...asVariables(block), GF_SERVER_ROOT_URL: 'https://a.example' } })
  t.match(config, { publicUrl: undefined, callbackPath: undefined, providers: [{ oauthKey: 'k', oauthAuthorizeUrl: undefined }] })
  t.match(notices, [/^GF_AUTH_GENERIC_OAUTH_ENABLED and \d more are not read: --grafana-env would take/])
  t.strictSame(loadConfig({ flags, env: { GF_SERVER_ROOT_URL: 'https://a.example', GF_AUTH_GENERIC_OAUTH_NAME: '' } }).notices, [], 'and of a Grafana beside it nothing')
  t.match(loadConfig({ flags, env: { GF_AUTH_GENERIC_OAUTH_NAME: 'x' } }).notices, [/^GF_AUTH_GENERIC_OAUTH_NAME is not read/])
  t.equal(loadConfig({ flags: must, env: { OAUTH_GATE_GRAFANA_ENV: 'yes', ...asVariables(block) } }).config.providers[0].oauthKey, 'gate')
  t.match(loadConfig({ flags: { ...flags, 'grafana-env': true }, env: {} }).notices, ['--grafana-env found no GF_AUTH_GENERIC_OAUTH_*'])
  t.strictSame(problems(() => loadConfig({ flags: { ...flags, 'grafana-env': 'maybe' }, env: {} })).map(({ setting }) => setting), ['grafana-env'])
})

t.test('each variable may be a file, and never both', async t => {
  const path = file(t, 'secret', '  from a file\n\n'.trimStart())
  t.equal(loadEnv({ GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET: undefined, GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET__FILE: path }).config.providers[0].oauthSecret, 'from a file')
  t.equal(loadEnv({ GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET: '', GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET__FILE: path }).config.providers[0].oauthSecret, 'from a file', 'an empty one is not set')
  t.equal(loadEnv({ GF_SERVER_ROOT_URL__FILE: file(t, 'url', 'https://a.example/\n') }).config.publicUrl?.origin, 'https://a.example')
  t.match(told(() => loadEnv({ GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET__FILE: path })), [/^GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET__FILE and GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET are both set\. Keep one/])
  t.match(told(() => loadEnv({ GF_AUTH_GENERIC_OAUTH_NAME__FILE: '/nowhere/x' })), [/^GF_AUTH_GENERIC_OAUTH_NAME__FILE names a file that does not exist/])
  t.match(told(() => loadEnv({ GF_AUTH_GENERIC_OAUTH_ALLOWED_DOMAINS__FILE: file(t, 'empty', '\n') })), [/names a file that is empty/], 'which would let everybody in')
  t.match(loadEnv({ GF_SECURITY_ADMIN_USER: 'a', GF_AUTH_GITHUB_ENABLED: 'true' }).notices, [/say nothing to the gate: GF_SECURITY_ADMIN_USER, GF_AUTH_GITHUB_ENABLED/, /^GF_AUTH_GITHUB_ENABLED: only generic_oauth/])
})

t.test('root_url is the public URL, and its path is where the app is', async t => {
  const at = (server: string, more: LoadOptions = {}) => {
    const { publicUrl, rootPath, prefix, callbackPath } = load(t, `[server]\n${server}\n${block}`, more).config
    return [publicUrl?.origin, rootPath, prefix, callbackPath]
  }
  const callback = '/login/generic_oauth'
  t.strictSame(at('root_url = https://a.example'), ['https://a.example', '/', '/', callback])
  t.strictSame(at('root_url = https://a.example:8443/tool/'), ['https://a.example:8443', '/tool', '/', callback])
  t.strictSame(at('root_url = https://a.example/tool/x/\nserve_from_sub_path = true'), ['https://a.example', '/', '/tool/x', callback])
  t.strictSame(at('root_url = %(protocol)s://%(domain)s:%(http_port)s/'), ['http://localhost:3000', '/', '/', callback])
  t.strictSame(at('protocol = https\ndomain = a.example\nroot_url = %(protocol)s://%(domain)s/'), ['https://a.example', '/', '/', callback])
  t.strictSame(at('root_url = %(protocol)s://%(domain)s/', { flags: { 'grafana-env': true }, env: { GF_SERVER_DOMAIN: 'b.example', GF_SERVER_PROTOCOL: 'https' } }), ['https://b.example', '/', '/', callback], 'of variables and file together')
  t.strictSame(at('root_url = https://a.example', { flags: { 'public-url': 'https://c.example', 'callback-path': '/cb' } }), ['https://c.example', '/', '/', '/cb'], 'flags beat it')
  t.strictSame(loadEnv({ GF_SERVER_ROOT_URL: '%(protocol)s://%(domain)s:%(http_port)s/g/', GF_SERVER_SERVE_FROM_SUB_PATH: 'true' }).config.prefix, '/g')
  for (const odd of ['a.example', 'ftp://a.example', 'https://a.example/?x', 'https://a.example/#x', 'https://u:p@a.example/']) t.match(problems(() => at(`root_url = ${odd.replace('#', '\\#')}`)).map(({ setting }) => setting), ['public-url'], odd)
  t.match(told(() => at('root_url = https://a.example/a//b/')), [/root_url .*more than one way/])
})

t.test('the client proves itself as a provider of that very token address wants it, unless auth_style says', async t => {
  const bitbucket = block.replace('https://id.example/token', 'https://bitbucket.org/site/oauth2/access_token')
  t.equal(load(t, bitbucket).config.providers[0].authStyle, 'header')
  t.equal(load(t, `${bitbucket}auth_style = AutoDetect\n`).config.providers[0].authStyle, 'header')
  t.equal(load(t, `${bitbucket}auth_style = InParams\n`).config.providers[0].authStyle, 'params')
  t.equal(load(t, block).config.providers[0].authStyle, 'auto')
})

t.test('label and name are one setting of a provider, also of each of several', async t => {
  const entry = { oauth_provider: 'google', oauth_key: 'k', oauth_secret: 's', oauth_jwt_user: 'email' }
  const { providers } = loadConfig({ env: {}, flags: must, settings: { providers: [{ id: 'a', label: 'A', icon: 'lock', ...entry }, { id: 'b', name: 'B', ...entry }] } }).config
  t.match(providers, [{ label: 'A', icon: 'lock' }, { label: 'B', icon: undefined }])
  t.match(told(() => loadConfig({ env: {}, flags: must, settings: { providers: [{ id: 'a', label: 7.5, ...entry }] } })), [/^Provider a|label of provider a/])
  t.match(told(() => loadConfig({ env: {}, flags: must, settings: { providers: [{ id: 'a', label: '', ...entry }] } })), [/label of provider a is empty/])
  t.match(load(t, `${block}icon = rocket\n`).notices, [/--icon=rocket is no picture that the gate has: the button shows signin/])
})
