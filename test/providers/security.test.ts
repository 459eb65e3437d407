import t from 'tap'
import { createAuth0 } from '../fixtures/simulators/auth0.ts'
import { createBitbucket } from '../fixtures/simulators/bitbucket.ts'
import { createCentrify } from '../fixtures/simulators/centrify.ts'
import { CONTOSO, createEntra } from '../fixtures/simulators/entra.ts'
import { createGitea } from '../fixtures/simulators/gitea.ts'
import { createGitHub } from '../fixtures/simulators/github.ts'
import { createGitLab } from '../fixtures/simulators/gitlab.ts'
import { createGoogle } from '../fixtures/simulators/google.ts'
import { json, type Simulator } from '../fixtures/simulators/http.ts'
import { createKeycloak } from '../fixtures/simulators/keycloak.ts'
import { createOkta } from '../fixtures/simulators/okta.ts'
import { createOneLogin } from '../fixtures/simulators/onelogin.ts'
import { personCalled } from '../fixtures/simulators/people.ts'
import { createStandard } from '../fixtures/simulators/standard.ts'
import { simulate } from './simulation.ts'

const INVALID = '502 GATE_PROVIDER_ANSWER_INVALID'
/** A server of somebody else’s, which would take a token gladly. */
const elsewhere: Simulator = { hosts: ['elsewhere.example'], routes: { 'GET elsewhere.example/more': () => json([]) } }
const graph: Simulator = { hosts: ['graph.microsoft.com'], routes: { 'GET graph.microsoft.com/v1.0/me/transitiveMemberOf': () => json({ value: [] }) } }

t.test('a next page on another server does not get the token', async t => {
  const next = 'https://elsewhere.example/more'
  const link = { link: `<${next}>; rel="next"` }
  const table = [
    [createGitHub(), { oauthProvider: 'github' }, 'GET api.github.com/user/emails', json([], 200, link)],
    [createGitHub(), { oauthProvider: 'github', oauthScope: 'read:user read:org' }, 'GET api.github.com/user/teams', json([], 200, link)],
    [await createGitLab(), { oauthProvider: 'gitlab', oauthScope: 'read_user read_api' }, 'GET gitlab.com/api/v4/groups', json([], 200, link)],
    [createBitbucket(), { oauthProvider: 'bitbucket' }, 'GET api.bitbucket.org/2.0/user/workspaces', json({ values: [], next })],
    [createBitbucket(), { oauthProvider: 'bitbucket' }, 'GET api.bitbucket.org/2.0/user/emails', json({ values: [], next: 'http://api.bitbucket.org/2.0/user/emails?page=2' })],
    [await createEntra(), { oauthProvider: 'azure', oauthExtraParams: { tenant: CONTOSO } }, 'GET graph.microsoft.com/v1.0/me/transitiveMemberOf', json({ value: [], '@odata.nextLink': next })]
  ] as const
  for (const [simulator, settings, at, answer] of table) {
    const { world, signIn } = await simulate(t, simulator, settings, [elsewhere])
    world.replace(at, () => answer)
    t.equal(await signIn('many'), INVALID, at)
    t.notOk(world.asked.some(asked => asked.at.includes('elsewhere.example')))
    t.strictSame(world.strangers, [])
  }
})

t.test('pages that never end end the sign-in', async t => {
  const { world, signIn } = await simulate(t, createGitHub(), { oauthProvider: 'github' })
  world.replace('GET api.github.com/user/emails', () => json([], 200, { link: '<https://api.github.com/user/emails?page=2>; rel="next"' }))
  t.equal(await signIn('ada'), INVALID)
  t.equal(world.asked.filter(({ at }) => at === 'GET api.github.com/user/emails').length, 100)
})

t.test('where settings put the token or user URL on another server, github.com is asked nothing', async t => {
  const user = { hosts: ['sso.example.com'], routes: { 'GET sso.example.com/user': () => json({ id: 7, login: 'moved' }) } }
  const moved = await simulate(t, createGitHub(), { oauthProvider: 'github', oauthUserUrl: 'https://sso.example.com/user' }, [user])
  t.strictSame(await moved.signIn('ada'), { user: 'moved', 'preferred-username': 'moved', subject: '7' })
  t.notOk(moved.world.asked.some(({ at }) => at.includes('api.github.com')), 'the token of another server’s user is not shown to it')

  const token = { hosts: ['sso.example.com'], routes: { 'POST sso.example.com/token': () => json({ access_token: 'of-another-server', token_type: 'bearer' }), ...user.routes } }
  const both = await simulate(t, createGitHub(), { oauthProvider: 'github', oauthTokenUrl: 'https://sso.example.com/token', oauthUserUrl: 'https://sso.example.com/user' }, [token])
  t.match(await both.signIn('ada'), { user: 'moved' })
  t.strictSame(both.world.asked.map(({ at }) => at), ['POST sso.example.com/token', 'GET sso.example.com/user'])

  const alone = await simulate(t, createGitHub(), { oauthProvider: 'github', oauthTokenUrl: 'https://sso.example.com/token' }, [token])
  t.type(await alone.signIn('ada'), 'string', 'nobody comes in')
  t.notOk(alone.world.asked.some(({ at }) => at.includes('github.com')), 'the token of another server is not sent to github.com')
})

t.test('an unverified address is no address, and one verified beside it does not take its place', async t => {
  const { signIn } = await simulate(t, createBitbucket(), { oauthProvider: 'bitbucket', allowedDomains: ['example.com'] })
  t.equal(await signIn('unsure'), '403 GATE_ACCESS_DENIED')
  t.equal(await signIn({ ...personCalled('twomails'), isVerified: false }), '403 GATE_ACCESS_DENIED')
  t.equal(await signIn('nomail'), '403 GATE_ACCESS_DENIED')
  t.match(await signIn('twomails'), { email: 'main@example.com' }, 'the primary one counts')
  const gitea = await simulate(t, await createGitea(), { oauthProvider: 'gitea', allowedEmails: ['ceo@example.com'] })
  t.equal(await gitea.signIn('unsure'), '403 GATE_ACCESS_DENIED', 'what Gitea does not call verified')
})

t.test('a userinfo that speaks of somebody else is refused', async t => {
  const okta = await createOkta()
  const signedIn = await simulate(t, okta, { oauthProvider: 'okta', oauthExtraParams: { url: 'dev-123456.okta.com' } })
  okta.alterUser = claims => ({ ...claims, sub: '00u0somebodyelse', email: 'admin@example.com' })
  t.equal(await signedIn.signIn('ada'), INVALID)
  const gitlab = await simulate(t, await createGitLab(), { oauthProvider: 'gitlab' })
  gitlab.world.replace('GET gitlab.com/oauth/userinfo', () => json({ sub: '1', preferred_username: 'root' }))
  t.equal(await gitlab.signIn('ada'), INVALID)
})

t.test('an id_token of another sign-in, client or issuer is refused, at each provider that sends one', async t => {
  const table = [
    [await createGoogle(), { oauthProvider: 'google' }],
    [await createEntra(), { oauthProvider: 'azure', oauthExtraParams: { tenant: CONTOSO } }],
    [await createOkta(), { oauthProvider: 'okta', oauthExtraParams: { url: 'dev-123456.okta.com' } }],
    [await createAuth0(), { oauthProvider: 'auth0', oauthExtraParams: { subdomain: 'acme.eu' } }],
    [await createOneLogin(), { oauthProvider: 'onelogin', oauthExtraParams: { subdomain: 'acme' } }],
    [await createKeycloak(), { oauthProvider: 'keycloak', oauthExtraParams: { url: 'sso.example.com', realm: 'acme' } }],
    [await createCentrify(), { oauthProvider: 'centrify', oauthExtraParams: { url: 'acme.my.centrify.com', application: 'grafana' } }],
    [await createGitea(), { oauthProvider: 'gitea' }]
  ] as const
  for (const [simulator, settings] of table) {
    const { signIn } = await simulate(t, simulator, settings)
    const { oauthProvider } = settings
    const knowsIssuer = !['centrify', 'gitea'].includes(oauthProvider) // whose issuer nobody told us, and which RFC 6749 alone binds to this sign-in
    const forgeries = { nonce: { nonce: 'of-another-sign-in' }, aud: { aud: 'another-client' }, azp: { azp: 'another-client' }, exp: { exp: 1_700_000_000 }, sub: { sub: '' }, ...knowsIssuer && { 'no nonce': { nonce: undefined }, iss: { iss: 'https://elsewhere.example' } } }
    for (const [name, forged] of Object.entries(forgeries)) {
      simulator.alter = claims => ({ ...claims, ...forged })
      t.equal(await signIn('ada'), '401 GATE_ID_TOKEN_INVALID', `${oauthProvider}: ${name}`)
    }
    simulator.alter = claims => claims
    t.type(await signIn('ada'), 'object', `${oauthProvider}: an honest one`)
  }
})

t.test('the simulators refuse what their providers refuse', async t => {
  const github = createGitHub()
  const { world, signIn } = await simulate(t, github, { oauthProvider: 'github' })
  await signIn('ada')
  const authorization = world.asked.find(({ at }) => at === 'GET api.github.com/user')?.headers.authorization ?? ''
  const ask = async (simulator: Simulator, at: string, headers: Record<string, string>, query = '') => {
    const answer = await simulator.routes[at]?.({ at, headers, query: new URLSearchParams(query), form: new URLSearchParams() })
    return `${answer?.status} ${answer?.body.slice(0, 100)}`
  }
  const agent = { 'user-agent': 'x' }
  t.match(await ask(github, 'GET api.github.com/user', { authorization }), /^403 Request forbidden by administrative rules/, 'GitHub without User-Agent')
  t.match(await ask(github, 'GET api.github.com/user', { ...agent, authorization }), /^200 /)
  t.match(await ask(github, 'GET api.github.com/user', { ...agent, authorization: authorization.replace('Bearer', 'token') }), /^200 /)
  t.match(await ask(github, 'GET api.github.com/user', agent), /^401 /)
  t.match(await ask(github, 'GET api.github.com/user/orgs', { ...agent, authorization }), /^404 /, 'without read:org')
  t.match(await ask(github, 'POST github.com/login/oauth/access_token', {}), /^200 error=incorrect_client_credentials&/, 'as a form without Accept')
  t.match(await ask(createBitbucket(), 'GET api.bitbucket.org/2.0/user', {}, 'access_token=x'), /^401 .*query string/, 'Bitbucket’s query-string token')

  const gitlab = await createGitLab()
  const granted = await simulate(t, gitlab, { oauthProvider: 'gitlab' })
  await granted.signIn('ada')
  const token = granted.world.asked.find(({ at }) => at.endsWith('/oauth/userinfo'))?.headers.authorization ?? ''
  t.match(await ask(gitlab, 'GET gitlab.com/api/v4/user', { authorization: token }), /^403 \{"error":"insufficient_scope"/, 'GitLab’s openid-only token at the API')
})

t.test('the simulated network reaches nobody else', async t => {
  const { world } = await simulate(t, createGitHub(), { oauthProvider: 'github' })
  await t.rejects(fetch('https://example.com/'))
  await t.rejects(fetch('http://203.0.113.7/'))
  await t.rejects(fetch('https://github.com:8443/'))
  t.strictSame(world.strangers, ['example.com:443', '203.0.113.7:80', 'github.com:8443'])
})

t.test('an issuer that a setting names on another server is not shown to the provider’s own documents', async t => {
  const standard = await createStandard()
  const { world, signIn } = await simulate(t, standard, { oauthProvider: 'azure', oauthExtraParams: { tenant: CONTOSO }, oauthIssuer: 'https://sso.example.com', authStyle: 'header', oauthJwtUser: 'email' }, [graph])
  standard.alterUser = claims => ({ ...claims, tid: CONTOSO, hasgroups: true })
  t.match(await signIn('ada'), { user: 'ada@example.com' })
  t.notOk(world.asked.some(({ at }) => at.includes('graph.microsoft.com')), 'Graph does not get a token of sso.example.com')
})

t.test('a list of half a million items is too many, and not a fault of the gate', async t => {
  const { world, signIn } = await simulate(t, createGitHub(), { oauthProvider: 'github' })
  world.replace('GET api.github.com/user/emails', () => json(Array<number>(500_000).fill(0)))
  t.equal(await signIn('ada'), INVALID)
})
