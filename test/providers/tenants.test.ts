import t from 'tap'
import azure from '../../providers/azure.ts'
import { Claims } from '../../src/claims.ts'
import { loadConfig } from '../../src/config/load.ts'
import { COOKIE_SECRET } from '../fixtures/gate.ts'
import { CONTOSO, createEntra, FABRIKAM, groupIds } from '../fixtures/simulators/entra.ts'
import { createGoogle } from '../fixtures/simulators/google.ts'
import { personCalled } from '../fixtures/simulators/people.ts'
import { simulate } from './simulation.ts'

const many = personCalled('many')
const manyEnough = { ...many, groups: many.groups?.slice(0, 210) ?? [] } // more than a token holds, less than headers hold
const graph = 'GET graph.microsoft.com/v1.0/me/transitiveMemberOf'

t.test('an address that a foreign tenant wrote is no address, unless the tenant owns its domain', async t => {
  const entra = await createEntra()
  Object.assign(entra.accounts, {
    ada: { tenant: FABRIKAM }, unsure: { tenant: FABRIKAM, edov: false }, obrien: { tenant: FABRIKAM, edov: true }, tanaka: { tenant: FABRIKAM, edov: '1' }
  })
  const { signIn } = await simulate(t, entra, { oauthProvider: 'azure' })
  t.match(await signIn('ada'), { user: 'ada@contoso.example', email: undefined, subject: `${FABRIKAM}:aaaaaaaa-0000-4000-8000-000000001815` }, 'a tenant may write what it likes')
  t.match(await signIn('unsure'), { email: undefined })
  t.match(await signIn('obrien'), { email: 'o\'brien@example.com' }, 'xms_edov')
  t.match(await signIn('tanaka'), { email: 'tanaka@example.com' }, 'as text')
  t.match(await signIn('juergen'), { email: undefined }, 'with common nobody’s tenant is ours')
})

t.test('with allowed-tenants the addresses of those tenants count, a guest’s in ours too, and nobody else’s do', async t => {
  const entra = await createEntra()
  Object.assign(entra.accounts, { obrien: { tenant: FABRIKAM, guestOf: CONTOSO }, unsure: { tenant: FABRIKAM } })
  const { signIn } = await simulate(t, entra, { oauthProvider: 'azure', allowedTenants: [CONTOSO], allowedDomains: ['example.com'] })
  t.match(await signIn('ada'), { email: 'ada@example.com' })
  t.match(await signIn('obrien'), { email: 'o\'brien@example.com', subject: new RegExp(`^${CONTOSO}:`) }, 'a guest is of the tenant that invited')
  t.equal(await signIn('unsure'), '403 GATE_ACCESS_DENIED', 'another tenant')
})

t.test('with allowed-tenants alone nobody of another tenant comes in', async t => {
  const entra = await createEntra()
  Object.assign(entra.accounts, { unsure: { tenant: FABRIKAM }, obrien: { tenant: FABRIKAM, edov: true } })
  const { signIn } = await simulate(t, entra, { oauthProvider: 'azure', allowedTenants: [CONTOSO] })
  t.match(await signIn('nomail'), { user: 'nomail@contoso.example' })
  for (const login of ['unsure', 'obrien']) t.equal(await signIn(login), '403 GATE_ACCESS_DENIED', login)
})

t.test('a tenant of one’s own lets its guests in, and Entra stops everybody else', async t => {
  const entra = await createEntra()
  Object.assign(entra.accounts, { obrien: { tenant: FABRIKAM, guestOf: CONTOSO }, unsure: { tenant: FABRIKAM } })
  const { signIn } = await simulate(t, entra, { oauthProvider: 'azure', oauthExtraParams: { tenant: CONTOSO } })
  t.match(await signIn('obrien'), { email: 'o\'brien@example.com' })
  t.match(await signIn('unsure'), /^400 login\.microsoftonline\.com: AADSTS50020/)
})

t.test('a token for another tenant is refused: the issuer is ours, or that of the tid it names', async t => {
  const issuer = (tenant: string) => `https://login.microsoftonline.com/${tenant}/v2.0`
  for (const tenant of [CONTOSO, 'common', 'contoso.example']) {
    const entra = await createEntra()
    const { signIn } = await simulate(t, entra, { oauthProvider: 'azure', oauthExtraParams: { tenant } })
    entra.alter = claims => ({ ...claims, iss: 'https://login.microsoftonline.com/evil/v2.0', tid: 'evil' })
    t.equal(await signIn('ada'), '401 GATE_ID_TOKEN_INVALID', `${tenant}: a tid that is no tenant’s id`)
    entra.alter = claims => ({ ...claims, iss: issuer('{tid}'), tid: undefined })
    t.equal(await signIn('ada'), '401 GATE_ID_TOKEN_INVALID', `${tenant}: our own pattern`)
    entra.alter = claims => ({ ...claims, iss: issuer(FABRIKAM), tid: FABRIKAM })
    if (tenant === CONTOSO) t.equal(await signIn('ada'), '401 GATE_ID_TOKEN_INVALID', 'another tenant altogether')
    entra.alter = claims => ({ ...claims, tid: FABRIKAM })
    if (tenant !== CONTOSO) t.equal(await signIn('ada'), '401 GATE_ID_TOKEN_INVALID', `${tenant}: a tid that is not the issuer’s`)
  }
})

t.test('more groups than a token holds are read from Graph, page after page, roles left out', async t => {
  const entra = await createEntra()
  entra.accounts['juergen'] = { hasGroups: true }
  const { world, signIn } = await simulate(t, entra, { oauthProvider: 'azure', oauthExtraParams: { tenant: CONTOSO } })
  t.match(await signIn(manyEnough), { groups: groupIds(manyEnough) })
  const pages = world.asked.filter(({ at }) => at === graph)
  t.strictSame(pages.map(({ query }) => query.toString()), ['%24select=id&%24top=999', '%24select=id&%24top=999&%24skiptoken=100', '%24select=id&%24top=999&%24skiptoken=200'])
  t.ok(pages.every(({ headers }) => headers.authorization?.startsWith('Bearer ')))
  world.forget()
  t.match(await signIn('ada'), { groups: groupIds(personCalled('ada')) })
  t.notOk(world.asked.some(({ at }) => at === graph), 'and nobody is asked what the token says')
  t.match(await signIn('juergen'), { groups: groupIds(personCalled('juergen')) }, 'hasgroups')
  entra.graphIsGranted = false
  t.strictSame((await signIn(manyEnough) as Record<string, unknown>)['groups'], undefined, 'without the permission there are none')
})

t.test('a Graph token never goes where _claim_sources points', async t => {
  const entra = await createEntra()
  const elsewhere = { hosts: ['elsewhere.example'], routes: {} }
  const { world, signIn } = await simulate(t, entra, { oauthProvider: 'azure', oauthExtraParams: { tenant: CONTOSO } }, [elsewhere])
  entra.alter = claims => ({ ...claims, _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://elsewhere.example/groups', access_token: 'x' } } })
  t.match(await signIn(manyEnough), { groups: groupIds(manyEnough) })
  t.notOk(world.asked.some(({ at }) => at.includes('elsewhere.example')))
  t.strictSame(world.strangers, [])
})

t.test('v1 endpoints read Graph with a token that was asked for Graph', async t => {
  const entra = await createEntra()
  const { signIn } = await simulate(t, entra, { oauthProvider: 'azurev1', oauthExtraParams: { tenant: CONTOSO, resource: 'https://graph.microsoft.com' } })
  t.match(await signIn(manyEnough), { groups: groupIds(manyEnough) })
})

t.test('hd is checked in the id_token, whatever the request said', async t => {
  const google = await createGoogle()
  Object.assign(google.domains, { ada: 'example.com', obrien: 'other.example', tanaka: 'EXAMPLE.com', juergen: 'sub.example.com' })
  const { signIn } = await simulate(t, google, { oauthProvider: 'google', oauthExtraParams: { hd: 'example.com' } })
  t.match(await signIn('ada'), { email: 'ada@example.com' })
  t.match(await signIn('tanaka'), { email: 'tanaka@example.com' })
  for (const login of ['obrien', 'juergen', 'twomails']) t.equal(await signIn(login), '403 GATE_ACCESS_DENIED', login)
  const any = await createGoogle()
  any.domains['obrien'] = 'other.example'
  const workspaces = await simulate(t, any, { oauthProvider: 'google', oauthExtraParams: { hd: '*' } })
  t.match(await workspaces.signIn('obrien'), { email: 'o\'brien@example.com' })
  t.equal(await workspaces.signIn('ada'), '403 GATE_ACCESS_DENIED', 'no Workspace at all')
})

t.test('a personal account is of nobody’s tenant, however its tenant is written', t => {
  const tid = '9188040d-6c67-4c5b-b112-36a304b66dad'
  const emailOf = (tenant: string, more: object = {}, allowedTenants: readonly string[] = []) =>
    azure.identity({ claims: new Claims({ tid, oid: 'o', email: 'ceo@example.com', ...more }), groups: new Claims(undefined) }, { parameters: { tenant }, allowedTenants }).email
  for (const tenant of ['common', 'consumers', tid, tid.toUpperCase(), 'outlook.com']) {
    t.equal(emailOf(tenant), undefined, tenant)
    t.equal(emailOf(tenant, { xms_edov: true }), 'ceo@example.com', `${tenant} with xms_edov`)
    t.equal(emailOf(tenant, {}, [tid]), 'ceo@example.com', `${tenant}, allowed`)
  }
  t.equal(emailOf('common', { tid: undefined }, ['undefined']), undefined)
  const load = (tenant: string) => loadConfig({ env: {}, settings: { upstream: 'http://127.0.0.1:1', cookieSecret: COOKIE_SECRET, oauthProvider: 'azure', oauthKey: 'k', oauthSecret: 's', allowedDomains: 'example.com', oauthExtraParams: { tenant } } })
  t.throws(() => load(tid), { message: /accounts of every tenant may come/ })
  t.doesNotThrow(() => load(CONTOSO))
  t.end()
})
