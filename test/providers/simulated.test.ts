import t from 'tap'
import { onlyInCi } from '../fixtures/lacking.ts'
import { createAuth0 } from '../fixtures/simulators/auth0.ts'
import { createBitbucket } from '../fixtures/simulators/bitbucket.ts'
import { CONTOSO, createEntra } from '../fixtures/simulators/entra.ts'
import { createGitea } from '../fixtures/simulators/gitea.ts'
import { createGitHub } from '../fixtures/simulators/github.ts'
import { createGitLab } from '../fixtures/simulators/gitlab.ts'
import { createGoogle } from '../fixtures/simulators/google.ts'
import { createKeycloak } from '../fixtures/simulators/keycloak.ts'
import { createOkta } from '../fixtures/simulators/okta.ts'
import { createOneLogin } from '../fixtures/simulators/onelogin.ts'
import { createCentrify } from '../fixtures/simulators/centrify.ts'
import { simulateServe, type SimulatedProvider } from './simulation.ts'

interface Row {
  readonly simulator: () => Promise<SimulatedProvider> | SimulatedProvider
  readonly env: Readonly<Record<string, string>>
  /** Of Jürgen, as the app gets it. */
  readonly told: Readonly<Record<string, unknown>>
}

const name = 'Jürgen Groß'
const email = 'juergen@example.com'
const login = { user: 'juergen', 'preferred-username': 'juergen', email, name }

const table: Readonly<Record<string, Row>> = {
  github: { simulator: () => createGitHub(), env: { PANEL_OAUTH_PROVIDER: 'github' }, told: { ...login, subject: '7006' } },
  'github enterprise': {
    simulator: () => createGitHub({ host: 'github.example.com', api: 'github.example.com' }),
    env: { PANEL_OAUTH_PROVIDER: 'github', PANEL_OAUTH_EXTRA_PARAMS: '{\'url\': \'https://github.example.com\'}', PANEL_OAUTH_SCOPE: 'read:user,user:email,read:org' },
    told: { ...login, subject: '7006', groups: ['Büro', 'a,b', 'Büro:core', 'a,b:core'] }
  },
  gitlab: {
    simulator: () => createGitLab({ host: 'gitlab.example.com' }), env: { PANEL_OAUTH_PROVIDER: 'gitlab', PANEL_OAUTH_EXTRA_PARAMS: '{\'url\': \'gitlab.example.com\'}' },
    told: { ...login, subject: '7006', groups: ['acme/Büro', 'acme/a,b'] }
  },
  bitbucket: { simulator: () => createBitbucket(), env: { PANEL_OAUTH_PROVIDER: 'bitbucket' }, told: { ...login, subject: '557058:7006', groups: ['Büro', 'a,b'] } },
  google: {
    async simulator () {
      const google = await createGoogle()
      google.domains['juergen'] = 'Example.com'
      return google
    },
    env: { PANEL_OAUTH_PROVIDER: 'google', PANEL_OAUTH_EXTRA_PARAMS: '{\'hd\': \'example.com\'}' }, told: { user: email, email, name, subject: '10000000000000007006' }
  },
  azure: {
    simulator: () => createEntra(), env: { PANEL_OAUTH_PROVIDER: 'azure', AAD_TENANT_ID: CONTOSO },
    told: {
      user: 'juergen@contoso.example', 'preferred-username': 'juergen@contoso.example', email, name, subject: `${CONTOSO}:aaaaaaaa-0000-4000-8000-000000007006`,
      groups: ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002']
    }
  },
  okta: {
    simulator: () => createOkta(), env: { PANEL_OAUTH_PROVIDER: 'okta', PANEL_OAUTH_EXTRA_PARAMS: '{\'url\': \'dev-123456.okta.com\'}' },
    told: { user: email, 'preferred-username': email, email, name, subject: '00u00000000000007006' }
  },
  auth0: { simulator: () => createAuth0(), env: { PANEL_OAUTH_PROVIDER: 'auth0', PANEL_OAUTH_EXTRA_PARAMS: '{\'subdomain\': \'acme.eu\'}' }, told: { ...login, user: email, subject: 'auth0|7006' } },
  onelogin: { simulator: () => createOneLogin(), env: { PANEL_OAUTH_PROVIDER: 'onelogin', PANEL_OAUTH_EXTRA_PARAMS: '{\'subdomain\': \'acme\'}' }, told: { ...login, user: email, subject: '7006' } },
  centrify: {
    simulator: () => createCentrify(), env: { PANEL_OAUTH_PROVIDER: 'centrify', PANEL_OAUTH_EXTRA_PARAMS: '{\'url\': \'acme.my.centrify.com\', \'application\': \'grafana\'}' },
    told: { ...login, user: email, subject: 'c2c7bcc6-9560-44e0-8dff-000000007006' }
  },
  gitea: { simulator: () => createGitea(), env: { PANEL_OAUTH_PROVIDER: 'gitea' }, told: { ...login, subject: '7006', groups: ['Büro', 'Büro:owners', 'a,b', 'a,b:owners'] } },
  keycloak: {
    simulator: () => createKeycloak(), env: { PANEL_OAUTH_PROVIDER: 'keycloak', PANEL_OAUTH_EXTRA_PARAMS: '{\'url\': \'sso.example.com\', \'realm\': \'acme\'}', PANEL_OAUTH_JWT_USER: 'preferred_username' },
    told: { ...login, subject: 'f:bbbbbbbb-0000-4000-8000-000000007006', groups: ['/Büro', '/a,b', 'role:offline_access', 'role:operator', 'role:account:view-profile'] }
  }
}

// A process costs a second: on a laptop the first of each family, in CI all.
const families = new Set(['github', 'gitlab', 'bitbucket', 'google', 'azure', 'okta', 'keycloak'])

for (const [provider, { simulator, env, told }] of Object.entries(table)) {
  const options = families.has(provider) ? {} : onlyInCi('a process for each provider')
  t.test(`serve, told by Panel’s variables, signs a person in with ${provider} at its own address`, options, async t => {
    const { world, origin, stop, signIn } = await simulateServe(t, await simulator(), env)
    t.strictSame(await signIn('juergen'), told)
    const output = await stop()
    t.match(output, origin.replace('http://', ''), 'it is the command that speaks')
    t.notMatch(output, 'simulated network: no', 'and nobody outside was contacted')
    t.ok(world.asked.length >= 2)
  })
}

t.test('what Entra says of a wrong secret is in the log of serve, without the secret', async t => {
  const { stop, signIn } = await simulateServe(t, await createEntra(), { PANEL_OAUTH_PROVIDER: 'azure', PANEL_OAUTH_SECRET: 'the-id-of-a-secret' })
  t.equal(await signIn('ada'), '502 GATE_CLIENT_REFUSED')
  const output = await stop()
  t.match(output, /AADSTS7000215: Invalid client secret provided\. Ensure the secret being sent in the request is the client secret value/)
  t.notMatch(output, 'the-id-of-a-secret')
})
