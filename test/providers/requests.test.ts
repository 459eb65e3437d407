import t from 'tap'
import type { Settings } from '../../src/config/options.ts'
import { createAuth0 } from '../fixtures/simulators/auth0.ts'
import { CLIENT } from '../fixtures/simulators/authorization-server.ts'
import { createBitbucket } from '../fixtures/simulators/bitbucket.ts'
import { createCentrify } from '../fixtures/simulators/centrify.ts'
import { CONTOSO, createEntra } from '../fixtures/simulators/entra.ts'
import { createGitea } from '../fixtures/simulators/gitea.ts'
import { createGitHub } from '../fixtures/simulators/github.ts'
import { createGitLab } from '../fixtures/simulators/gitlab.ts'
import { createGoogle } from '../fixtures/simulators/google.ts'
import { createKeycloak } from '../fixtures/simulators/keycloak.ts'
import { createOkta } from '../fixtures/simulators/okta.ts'
import { createOneLogin } from '../fixtures/simulators/onelogin.ts'
import { createStandard } from '../fixtures/simulators/standard.ts'
import { comparable, simulate, type SimulatedProvider } from './simulation.ts'

interface Row {
  readonly simulator: () => Promise<SimulatedProvider> | SimulatedProvider
  readonly settings: Settings
  /** Where the browser is sent, the scope it asks for, and what else is in the query beside what each has. */
  readonly authorize: string
  readonly scope: string
  readonly query?: Readonly<Record<string, string>>
  readonly token: string
  /** How the secret is sent. */
  readonly secret: 'params' | 'header' | 'none'
  /** What is read after that, in any order: with the access token and this `Accept`, or without a token. */
  readonly read: readonly (readonly [at: string, accept?: string])[]
}

const openid = 'openid email profile'
const keySet = 'application/json, application/jwk-set+json'
const microsoft = 'login.microsoftonline.com'

const table: Readonly<Record<string, Row>> = {
  github: {
    simulator: () => createGitHub(), settings: { oauthProvider: 'github' },
    authorize: 'github.com/login/oauth/authorize', scope: 'read:user user:email', token: 'github.com/login/oauth/access_token', secret: 'params',
    read: [['api.github.com/user', 'application/vnd.github+json'], ['api.github.com/user/emails?per_page=100', 'application/vnd.github+json']]
  },
  'github with groups': {
    simulator: () => createGitHub(), settings: { oauthProvider: 'github', oauthScope: 'read:user user:email read:org' },
    authorize: 'github.com/login/oauth/authorize', scope: 'read:user user:email read:org', token: 'github.com/login/oauth/access_token', secret: 'params',
    read: [
      ['api.github.com/user', 'application/vnd.github+json'], ['api.github.com/user/emails?per_page=100', 'application/vnd.github+json'],
      ['api.github.com/user/orgs?per_page=100', 'application/vnd.github+json'], ['api.github.com/user/teams?per_page=100', 'application/vnd.github+json']
    ]
  },
  'github with a rule about groups, for which it needs one scope more': {
    simulator: () => createGitHub(), settings: { oauthProvider: 'github', allowedGroups: ['engines:core'] },
    authorize: 'github.com/login/oauth/authorize', scope: 'read:user user:email read:org', token: 'github.com/login/oauth/access_token', secret: 'params',
    read: [
      ['api.github.com/user', 'application/vnd.github+json'], ['api.github.com/user/emails?per_page=100', 'application/vnd.github+json'],
      ['api.github.com/user/orgs?per_page=100', 'application/vnd.github+json'], ['api.github.com/user/teams?per_page=100', 'application/vnd.github+json']
    ]
  },
  'github enterprise server': {
    simulator: () => createGitHub({ host: 'github.example.com', api: 'github.example.com' }), settings: { oauthProvider: 'github', oauthExtraParams: '{\'url\': \'github.example.com\'}' },
    authorize: 'github.example.com/login/oauth/authorize', scope: 'read:user user:email', token: 'github.example.com/login/oauth/access_token', secret: 'params',
    read: [['github.example.com/api/v3/user', 'application/vnd.github+json'], ['github.example.com/api/v3/user/emails?per_page=100', 'application/vnd.github+json']]
  },
  'github below ghe.com': {
    simulator: () => createGitHub({ host: 'acme.ghe.com', api: 'api.acme.ghe.com' }), settings: { oauthProvider: 'github', oauthExtraParams: '{\'url\': \'https://acme.ghe.com/\'}' },
    authorize: 'acme.ghe.com/login/oauth/authorize', scope: 'read:user user:email', token: 'acme.ghe.com/login/oauth/access_token', secret: 'params',
    read: [['api.acme.ghe.com/user', 'application/vnd.github+json'], ['api.acme.ghe.com/user/emails?per_page=100', 'application/vnd.github+json']]
  },
  gitlab: {
    simulator: () => createGitLab(), settings: { oauthProvider: 'gitlab' },
    authorize: 'gitlab.com/oauth/authorize', scope: openid, token: 'gitlab.com/oauth/token', secret: 'params',
    read: [['gitlab.com/oauth/discovery/keys'], ['gitlab.com/oauth/userinfo', 'application/json']]
  },
  'gitlab of one’s own, as Panel’s setups ask it': {
    simulator: () => createGitLab({ host: 'gitlab.example.com' }), settings: { oauthProvider: 'gitlab', oauthExtraParams: '{\'url\': \'gitlab.example.com\', \'scope\': [\'read_user\', \'read_api\']}' },
    authorize: 'gitlab.example.com/oauth/authorize', scope: 'read_user read_api', token: 'gitlab.example.com/oauth/token', secret: 'params',
    read: [['gitlab.example.com/api/v4/user', 'application/json'], ['gitlab.example.com/api/v4/groups?min_access_level=10&per_page=100', 'application/json']]
  },
  bitbucket: {
    simulator: () => createBitbucket(), settings: { oauthProvider: 'bitbucket' },
    authorize: 'bitbucket.org/site/oauth2/authorize', scope: 'account email', token: 'bitbucket.org/site/oauth2/access_token', secret: 'header',
    read: [['api.bitbucket.org/2.0/user', 'application/json'], ['api.bitbucket.org/2.0/user/emails?pagelen=100', 'application/json'], ['api.bitbucket.org/2.0/user/workspaces?pagelen=100', 'application/json']]
  },
  google: {
    simulator: () => createGoogle(), settings: { oauthProvider: 'google' },
    authorize: 'accounts.google.com/o/oauth2/v2/auth', scope: openid, token: 'oauth2.googleapis.com/token', secret: 'params',
    read: [['www.googleapis.com/oauth2/v3/certs']]
  },
  'google with a domain': {
    async simulator () {
      const google = await createGoogle()
      google.domains['ada'] = 'example.com'
      return google
    },
    settings: { oauthProvider: 'google', oauthExtraParams: '{\'hd\': \'example.com\', \'prompt\': \'select_account\'}' },
    authorize: 'accounts.google.com/o/oauth2/v2/auth', scope: openid, query: { hd: 'example.com', prompt: 'select_account' }, token: 'oauth2.googleapis.com/token', secret: 'params',
    read: [['www.googleapis.com/oauth2/v3/certs']]
  },
  azure: {
    simulator: () => createEntra(), settings: { oauthProvider: 'azure' },
    authorize: `${microsoft}/common/oauth2/v2.0/authorize`, scope: openid, token: `${microsoft}/common/oauth2/v2.0/token`, secret: 'params',
    read: [[`${microsoft}/common/discovery/v2.0/keys`]]
  },
  'azure by an alias, with a tenant': {
    simulator: () => createEntra(), settings: { oauthProvider: 'AzureV2', oauthExtraParams: `{'tenant_id': '${CONTOSO}'}` },
    authorize: `${microsoft}/${CONTOSO}/oauth2/v2.0/authorize`, scope: openid, token: `${microsoft}/${CONTOSO}/oauth2/v2.0/token`, secret: 'params',
    read: [[`${microsoft}/${CONTOSO}/discovery/v2.0/keys`]]
  },
  'azurev1 with a resource': {
    simulator: () => createEntra(), settings: { oauthProvider: 'azurev1', oauthExtraParams: '{\'tenant\': \'contoso.example\', \'resource\': \'https://graph.microsoft.com\'}' },
    authorize: `${microsoft}/contoso.example/oauth2/authorize`, scope: openid, query: { resource: 'https://graph.microsoft.com' }, token: `${microsoft}/contoso.example/oauth2/token`, secret: 'params',
    read: [[`${microsoft}/contoso.example/discovery/keys`]]
  },
  okta: {
    simulator: () => createOkta(), settings: { oauthProvider: 'okta', oauthExtraParams: '{\'url\': \'dev-123456.okta.com\'}' },
    authorize: 'dev-123456.okta.com/oauth2/default/v1/authorize', scope: openid, token: 'dev-123456.okta.com/oauth2/default/v1/token', secret: 'params',
    read: [['dev-123456.okta.com/oauth2/default/v1/keys'], ['dev-123456.okta.com/oauth2/default/v1/userinfo', 'application/json']]
  },
  'okta, the organization’s own server': {
    simulator: () => createOkta({ server: '' }), settings: { oauthProvider: 'okta', oauthExtraParams: '{\'url\': \'dev-123456.okta.com\', \'server\': \'\'}', oauthScope: 'openid email profile groups' },
    authorize: 'dev-123456.okta.com/oauth2/v1/authorize', scope: `${openid} groups`, token: 'dev-123456.okta.com/oauth2/v1/token', secret: 'params',
    read: [['dev-123456.okta.com/oauth2/v1/keys'], ['dev-123456.okta.com/oauth2/v1/userinfo', 'application/json']]
  },
  auth0: {
    simulator: () => createAuth0(), settings: { oauthProvider: 'auth0', oauthExtraParams: '{\'subdomain\': \'acme.eu\', \'audience\': \'https://api.example.com\'}' },
    authorize: 'acme.eu.auth0.com/authorize', scope: openid, query: { audience: 'https://api.example.com' }, token: 'acme.eu.auth0.com/oauth/token', secret: 'params',
    read: [['acme.eu.auth0.com/.well-known/jwks.json'], ['acme.eu.auth0.com/userinfo', 'application/json']]
  },
  'auth0 with a domain of one’s own': {
    simulator: () => createAuth0('login.example.com'), settings: { oauthProvider: 'auth0', oauthExtraParams: '{\'domain\': \'login.example.com\'}' },
    authorize: 'login.example.com/authorize', scope: openid, token: 'login.example.com/oauth/token', secret: 'params',
    read: [['login.example.com/.well-known/jwks.json'], ['login.example.com/userinfo', 'application/json']]
  },
  onelogin: {
    simulator: () => createOneLogin(), settings: { oauthProvider: 'onelogin', oauthExtraParams: '{\'subdomain\': \'acme\'}' },
    authorize: 'acme.onelogin.com/oidc/2/auth', scope: openid, token: 'acme.onelogin.com/oidc/2/token', secret: 'params',
    read: [['acme.onelogin.com/oidc/2/certs'], ['acme.onelogin.com/oidc/2/me', 'application/json']]
  },
  'onelogin with a rule about groups': {
    simulator: () => createOneLogin(), settings: { oauthProvider: 'onelogin', oauthExtraParams: '{\'subdomain\': \'acme\'}', allowedGroups: ['staff'] },
    authorize: 'acme.onelogin.com/oidc/2/auth', scope: `${openid} groups`, token: 'acme.onelogin.com/oidc/2/token', secret: 'params',
    read: [['acme.onelogin.com/oidc/2/certs'], ['acme.onelogin.com/oidc/2/me', 'application/json']]
  },
  centrify: {
    simulator: () => createCentrify(), settings: { oauthProvider: 'centrify', oauthExtraParams: '{\'url\': \'acme.my.centrify.com\', \'application\': \'grafana\'}' },
    authorize: 'acme.my.centrify.com/OAuth2/Authorize/grafana', scope: openid, token: 'acme.my.centrify.com/OAuth2/Token/grafana', secret: 'params',
    read: [['acme.my.centrify.com/OAuth2/UserInfo/grafana', 'application/json']]
  },
  gitea: {
    simulator: () => createGitea(), settings: { oauthProvider: 'gitea' },
    authorize: 'gitea.com/login/oauth/authorize', scope: openid, token: 'gitea.com/login/oauth/access_token', secret: 'params',
    read: [['gitea.com/login/oauth/keys'], ['gitea.com/login/oauth/userinfo', 'application/json']]
  },
  'gitea of one’s own': {
    simulator: () => createGitea('git.example.com'), settings: { oauthProvider: 'forgejo', oauthExtraParams: '{\'url\': \'git.example.com\'}' },
    authorize: 'git.example.com/login/oauth/authorize', scope: openid, token: 'git.example.com/login/oauth/access_token', secret: 'params',
    read: [['git.example.com/login/oauth/keys'], ['git.example.com/login/oauth/userinfo', 'application/json']]
  },
  keycloak: {
    simulator: () => createKeycloak(), settings: { oauthProvider: 'keycloak', oauthExtraParams: '{\'url\': \'sso.example.com\', \'realm\': \'acme\'}' },
    authorize: 'sso.example.com/realms/acme/protocol/openid-connect/auth', scope: openid, token: 'sso.example.com/realms/acme/protocol/openid-connect/token', secret: 'params',
    read: [['sso.example.com/realms/acme/protocol/openid-connect/certs'], ['sso.example.com/realms/acme/protocol/openid-connect/userinfo', 'application/json']]
  },
  oidc: {
    simulator: () => createStandard(), settings: { oauthProvider: 'oidc', oauthIssuer: 'https://sso.example.com' },
    authorize: 'sso.example.com/authorize', scope: openid, token: 'sso.example.com/token', secret: 'header',
    read: [['sso.example.com/keys'], ['sso.example.com/userinfo', 'application/json']]
  },
  generic: {
    simulator: () => createStandard({ clientAuth: ['params'] }),
    settings: { oauthProvider: 'generic', oauthAuthorizeUrl: 'https://sso.example.com/authorize', oauthTokenUrl: 'https://sso.example.com/token', oauthUserUrl: 'https://sso.example.com/userinfo' },
    authorize: 'sso.example.com/authorize', scope: openid, token: 'sso.example.com/token', secret: 'params',
    read: [['sso.example.com/userinfo', 'application/json']]
  },
  code: {
    simulator: () => createStandard({ clientAuth: ['none'] }),
    settings: { oauthProvider: 'code', oauthSecret: undefined, oauthExtraParams: '{\'AUTHORIZE_URL\': \'https://sso.example.com/authorize\', \'TOKEN_URL\': \'https://sso.example.com/token\', \'USER_URL\': \'https://sso.example.com/userinfo\'}' },
    authorize: 'sso.example.com/authorize', scope: openid, token: 'sso.example.com/token', secret: 'none',
    read: [['sso.example.com/userinfo', 'application/json']]
  }
}

for (const [name, row] of Object.entries(table)) {
  t.test(`${name}: the authorize request, the token request and what is read are those of the table, and nothing else is asked`, async t => {
    const { world, origin, authorizeRequests, signIn } = await simulate(t, await row.simulator(), row.settings)
    t.type(await signIn('ada'), 'object', 'she is in')
    const [request = ''] = authorizeRequests
    const { host, pathname, searchParams } = new URL(request)
    t.strictSame(comparable({ at: `GET ${host}${pathname}`, query: searchParams }, origin), {
      at: `GET ${row.authorize}`,
      query: {
        ...row.query, response_type: 'code', client_id: CLIENT.id, redirect_uri: 'ORIGIN', scope: row.scope, state: '*', nonce: '*', code_challenge: '*', code_challenge_method: 'S256'
      }
    })
    t.equal(authorizeRequests.length, 1)
    const asked = world.asked.filter(({ at }) => !at.endsWith('/.well-known/openid-configuration')).map(one => comparable(one, origin))
    const [first, ...rest] = asked
    t.strictSame(first, {
      at: `POST ${row.token}`,
      headers: { accept: 'application/json', ...row.secret === 'header' && { authorization: `Basic ${CLIENT.id} ${CLIENT.secret}` }, 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8', 'user-agent': 'oauth-gate' },
      form: {
        code: '*', redirect_uri: 'ORIGIN', code_verifier: '*', grant_type: 'authorization_code',
        ...row.secret !== 'header' && { client_id: CLIENT.id }, ...row.secret === 'params' && { client_secret: CLIENT.secret }
      }
    })
    const byAddress = (one: { at?: unknown }, other: { at?: unknown }) => String(one.at).localeCompare(String(other.at))
    t.strictSame(rest.toSorted(byAddress), row.read.map(([address, accept]) => {
      const { host, pathname, searchParams } = new URL(`https://${address}`)
      return {
        at: `GET ${host}${pathname}`, ...searchParams.size > 0 && { query: Object.fromEntries(searchParams) },
        headers: accept === undefined ? { accept: keySet, 'user-agent': 'oauth-gate' } : { accept, authorization: 'Bearer *', 'user-agent': 'oauth-gate' }
      }
    }).toSorted(byAddress))
    t.strictSame(world.strangers, [], 'nobody outside was contacted')
  })
}

t.test('password: the token request and the user call are those of the table, and the person is in', async t => {
  const settings = { oauthProvider: 'password', oauthSecret: undefined, oauthTokenUrl: 'https://sso.example.com/token', oauthUserUrl: 'https://sso.example.com/userinfo' }
  const { world, origin } = await simulate(t, await createStandard({ clientAuth: ['none'] }), settings)
  const visitor = world.browser()
  const { body } = await visitor.follow(`${origin}/page`)
  const state = /name="state" value="([^"]+)"/.exec(body)?.[1] ?? ''
  const send = (password: string) => visitor.navigate(`${origin}/oauth2/sign_in`, { form: { state, username: 'obrien', password } })
  t.match(await send('wrong'), { status: 401, headers: { 'x-oauth-gate': 'GATE_PASSWORD_REFUSED' } })
  world.forget()
  t.match(await send('wonderland'), { status: 303, location: '/page' })
  t.strictSame(world.asked.map(one => comparable(one, origin)), [
    {
      at: 'POST sso.example.com/token',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8', 'user-agent': 'oauth-gate' },
      form: { username: 'obrien', password: 'wonderland', scope: openid, redirect_uri: 'ORIGIN', grant_type: 'password', client_id: CLIENT.id }
    },
    { at: 'GET sso.example.com/userinfo', headers: { accept: 'application/json', authorization: 'Bearer *', 'user-agent': 'oauth-gate' } }
  ])
  t.strictSame(world.strangers, [], 'nobody outside was contacted')
})
