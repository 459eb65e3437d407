import t from 'tap'
import type { Settings } from '../../src/config/options.ts'
import { createAuth0 } from '../fixtures/simulators/auth0.ts'
import { createBitbucket } from '../fixtures/simulators/bitbucket.ts'
import { createCentrify } from '../fixtures/simulators/centrify.ts'
import { CONTOSO, createEntra, groupIds } from '../fixtures/simulators/entra.ts'
import { createGitea } from '../fixtures/simulators/gitea.ts'
import { createGitHub } from '../fixtures/simulators/github.ts'
import { createGitLab } from '../fixtures/simulators/gitlab.ts'
import { createGoogle } from '../fixtures/simulators/google.ts'
import { createKeycloak } from '../fixtures/simulators/keycloak.ts'
import { createOkta } from '../fixtures/simulators/okta.ts'
import { createOneLogin } from '../fixtures/simulators/onelogin.ts'
import { everybody, personCalled, type Person } from '../fixtures/simulators/people.ts'
import { createStandard } from '../fixtures/simulators/standard.ts'
import { simulate, type Outcome, type SimulatedProvider } from './simulation.ts'

type Told = Readonly<Record<string, unknown>>

interface Row {
  readonly simulator: () => Promise<SimulatedProvider> | SimulatedProvider
  readonly settings: Settings
  /** What the app is told of somebody about whom nothing is special. */
  readonly usual: (person: Person) => Told
  /** Of whom else, or what becomes of them; `undefined` members are not told. */
  readonly except?: Readonly<Record<string, Told | string>>
}

const NOBODY = '401 GATE_USER_MISSING'
const withTeams = (groups: readonly string[] = []) => groups.length === 0 ? undefined : [...groups, ...groups.map(name => `${name}:core`)]
const listed = (groups: readonly string[] = [], write = (name: string) => name) => groups.length === 0 ? undefined : groups.map(write)
const roles = ['role:offline_access', 'role:operator', 'role:account:view-profile']
/** By address, as where `user` is one. */
const byAddress = ({ email, login, name }: Person): Told => ({ user: email, 'preferred-username': login, email, name })

const table: Readonly<Record<string, Row>> = {
  github: {
    simulator: () => createGitHub(), settings: { oauthProvider: 'github', oauthScope: ['read:user', 'user:email', 'read:org'] },
    usual: ({ id, login, email, name, groups }) => ({ user: login, 'preferred-username': login, email, name, subject: String(id), groups: withTeams(groups) }),
    except: { unsure: '401 GATE_PROVIDER_REFUSED' } // GitHub gives no token to them
  },
  'github without the scope for organizations': {
    simulator: () => createGitHub(), settings: { oauthProvider: 'github' },
    usual: ({ id, login, email, name }) => ({ user: login, 'preferred-username': login, email, name, subject: String(id), groups: undefined }),
    except: { unsure: '401 GATE_PROVIDER_REFUSED' }
  },
  gitlab: {
    simulator: () => createGitLab(), settings: { oauthProvider: 'gitlab' },
    usual: ({ id, login, email, name, groups }) => ({ user: login, 'preferred-username': login, email, name, subject: String(id), groups: listed(groups, path => `acme/${path}`) }),
    except: { unsure: { email: undefined } }
  },
  'gitlab by its API': {
    simulator: () => createGitLab(), settings: { oauthProvider: 'gitlab', oauthScope: 'read_user read_api' },
    usual: ({ id, login, email, name, groups }) => ({ user: login, 'preferred-username': login, email, name, subject: String(id), groups: listed(groups, path => `acme/${path}`) }),
    except: { unsure: { email: undefined } }
  },
  bitbucket: {
    simulator: () => createBitbucket(), settings: { oauthProvider: 'bitbucket' },
    usual: ({ id, login, email, name, groups }) => ({ user: login, 'preferred-username': login, email, name, subject: `557058:${id}`, groups: listed(groups) }),
    except: { unsure: { email: undefined } }
  },
  google: {
    simulator: () => createGoogle(), settings: { oauthProvider: 'google' },
    usual: ({ id, email, name }) => ({ user: email, email, name, subject: `1000000000000000${id}` }),
    except: { nomail: NOBODY, unsure: NOBODY }
  },
  'azure of one tenant': {
    simulator: () => createEntra(), settings: { oauthProvider: 'azure', oauthExtraParams: { tenant: CONTOSO } },
    usual: entraUsual,
    except: { many: '403 GATE_IDENTITY_TOO_LARGE' } // 250 ids are 9 KB; 221 pass
  },
  'azurev1 of a tenant’s domain': {
    simulator: () => createEntra(), settings: { oauthProvider: 'azurev1', oauthExtraParams: { tenant: 'contoso.example' } },
    usual: entraUsual,
    except: { many: { groups: undefined } } // without resource the token is not one for Graph
  },
  okta: {
    simulator: () => createOkta(), settings: { oauthProvider: 'okta', oauthExtraParams: { url: 'dev-123456.okta.com' }, oauthScope: 'openid email profile groups' },
    usual: person => ({ ...byAddress(person), 'preferred-username': `${person.login}@example.com`, subject: `00u${String(person.id).padStart(17, '0')}`, groups: ['Everyone', ...person.groups ?? []] }),
    except: { nomail: NOBODY, unsure: NOBODY }
  },
  auth0: {
    simulator: () => createAuth0(), settings: { oauthProvider: 'auth0', oauthExtraParams: { subdomain: 'acme.eu' } },
    usual: person => ({ ...byAddress(person), name: person.name ?? person.email, subject: `auth0|${person.id}` }),
    except: { nomail: NOBODY, unsure: NOBODY }
  },
  onelogin: {
    simulator: () => createOneLogin(), settings: { oauthProvider: 'onelogin', oauthExtraParams: { subdomain: 'acme' }, oauthScope: 'openid email profile groups' },
    usual: person => ({ ...byAddress(person), subject: String(person.id), groups: listed(person.groups) }),
    except: { nomail: NOBODY }
  },
  centrify: {
    simulator: () => createCentrify(), settings: { oauthProvider: 'centrify', oauthExtraParams: { url: 'acme.my.centrify.com', application: 'grafana' } },
    usual: person => ({ ...byAddress(person), subject: `c2c7bcc6-9560-44e0-8dff-${String(person.id).padStart(12, '0')}` }),
    except: { nomail: NOBODY, unsure: NOBODY }
  },
  gitea: {
    simulator: () => createGitea(), settings: { oauthProvider: 'gitea' },
    usual: ({ id, login, email, name = login, groups }) => ({ user: login, 'preferred-username': login, email, name, subject: String(id), groups: groups?.flatMap(group => [group, `${group}:owners`]) }),
    except: { unsure: { email: undefined } }
  },
  keycloak: {
    simulator: () => createKeycloak(), settings: { oauthProvider: 'keycloak', oauthExtraParams: { url: 'sso.example.com', realm: 'acme' } },
    usual: person => ({ ...byAddress(person), subject: `f:bbbbbbbb-0000-4000-8000-${String(person.id).padStart(12, '0')}`, groups: [...listed(person.groups, name => `/${name}`) ?? [], ...roles] }),
    except: { nomail: NOBODY, unsure: NOBODY }
  },
  oidc: {
    simulator: () => createStandard(), settings: { oauthProvider: 'oidc', oauthIssuer: 'https://sso.example.com' },
    usual: person => ({ ...byAddress(person), subject: `s-${person.id}`, groups: listed(person.groups) }),
    except: { nomail: NOBODY, unsure: NOBODY }
  }
}

function entraUsual (person: Person): Told {
  const principal = `${person.login}@contoso.example`
  return { user: principal, 'preferred-username': principal, email: person.email, name: person.name, subject: `${CONTOSO}:aaaaaaaa-0000-4000-8000-${String(person.id).padStart(12, '0')}`, groups: person.groups === undefined ? undefined : groupIds(person) }
}

function expected ({ usual, except = {} }: Row, person: Person): Outcome {
  const own = except[person.login] ?? {}
  if (typeof own === 'string') return own
  return Object.fromEntries(Object.entries({ ...usual(person), ...own }).filter(([, value]) => value !== undefined))
}

for (const [name, row] of Object.entries(table)) {
  t.test(`${name}: each of its people comes in as who they are, or is told why not`, async t => {
    const { world, signIn } = await simulate(t, await row.simulator(), row.settings)
    for (const login of everybody) t.strictSame(await signIn(login), expected(row, personCalled(login)), login)
    t.strictSame(world.strangers, [], 'nobody outside was contacted')
  })
}
