import t from 'tap'
import { findProvider, providers } from '../../providers/index.ts'
import { checkProvider, defineProvider, type CheckProviderOptions, type ProviderFile } from '../../src/index.ts'

const tenant = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
const oid = { oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474', tid: tenant, sub: 'AAAA', upn: 'ada@contoso.com', unique_name: 'ada@contoso.com', email: 'ada@contoso.com', name: 'Ada', groups: ['g'], hasgroups: true }
const standard = { sub: 'f3a1', email: 'ada@example.com', email_verified: true, name: 'Ada', preferred_username: 'ada', groups: ['staff'] }
const other = { ...standard, sub: 'f3a2', email: 'ben@example.com', preferred_username: 'ben' }
const ofGithub = (id: number) => ({
  claims: { id, login: 'ada', name: 'Ada' }, user: { id, login: 'ada', name: 'Ada' }, organizations: [{ login: 'acme' }], teams: [{ slug: 'devs', organization: { login: 'acme' } }],
  emails: [{ email: 'old@example.com', primary: false, verified: true }, { email: 'ada@example.com', primary: true, verified: true }]
})

/** What each of ours is asked to tell apart, as its documentation has it. */
const table: Readonly<Record<string, readonly CheckProviderOptions[]>> = {
  auth0: [{ parameters: { subdomain: 'acme.eu' } }, { parameters: { domain: 'https://login.example.com' }, people: [{ claims: standard }, { claims: other }] }],
  azure: [{ parameters: { tenant }, people: [{ claims: oid, groups: [{ '@odata.type': '#microsoft.graph.group', id: 'g' }] }] }, { people: [{ claims: { ...oid, xms_edov: true } }], allowedTenants: [tenant] }],
  azurev1: [{ people: [{ claims: oid }] }],
  bitbucket: [{ people: [{ claims: {}, user: { account_id: '557058:1', uuid: '{1}', username: 'ada', nickname: 'ada', display_name: 'Ada' }, emails: [{ email: 'ada@example.com', is_primary: true, is_confirmed: true }], workspaces: [{ workspace: { slug: 'acme' } }] }] }],
  gitea: [{}, { parameters: { url: 'https://git.example.com/forge' } }],
  github: [{ people: [ofGithub(1), ofGithub(2)] }, { parameters: { url: 'https://github.example.com' }, people: [ofGithub(1)] }],
  gitlab: [{ people: [{ claims: standard, user: { id: 1, username: 'ada' }, groups: [{ full_path: 'acme/devs' }] }, { claims: {}, user: { id: 2, username: 'ben', email: 'ben@example.com', confirmed_at: '2020-01-01' } }] }],
  google: [{}, { parameters: { hd: 'example.com' }, people: [{ claims: { ...standard, hd: 'example.com' } }, { claims: other }] }],
  keycloak: [{ parameters: { url: 'https://sso.example.com', realm: 'acme' }, people: [{ claims: { ...standard, realm_access: { roles: ['a'] }, resource_access: { app: { roles: ['b'] } } } }] }],
  okta: [{ parameters: { url: 'https://dev-1.okta.com' } }, { parameters: { url: 'https://dev-1.okta.com', server: '' } }],
  onelogin: [{ parameters: { subdomain: 'acme' } }],
  centrify: [{ parameters: { url: 'https://acme.my.centrify.com', application: 'app' } }],
  oidc: [{}, { people: [{ claims: standard }, { claims: other }] }],
  generic: [{ people: [{ claims: { id: 1, login: 'ada', email: 'ada@example.com' } }, { claims: { id: 2, login: 'ben' } }] }],
  code: [{}], password: [{}]
}

t.test('every provider of ours is what a plugin would have to be', async t => {
  t.strictSame(Object.keys(table).sort(), providers.map(({ name }) => name).sort(), 'and none is left out')
  for (const [name, rows] of Object.entries(table)) {
    const provider = findProvider(name)
    for (const row of rows) t.strictSame(provider === undefined ? ['missing'] : checkProvider(provider, row), [], `${name} ${JSON.stringify(row.parameters ?? {})}`)
  }
})

const good: ProviderFile = { name: 'custom', label: 'Custom', scopes: ['a'], endpoints: { issuer: 'https://id.example' }, identity: ({ claims }) => ({ subject: claims.text('sub'), email: claims.is('email_verified') ? claims.text('email') : undefined }) }
const found = (more: object, options?: CheckProviderOptions) => checkProvider({ ...good, ...more } as ProviderFile, options).map(({ field, text }) => `${field} ${text}`)

t.test('each mistake is found, by its field', async t => {
  t.strictSame(found({}), [], 'and one without any has none')
  t.strictSame(checkProvider(defineProvider(good)), [])
  const mistakes: readonly (readonly [object, RegExp, CheckProviderOptions?])[] = [
    [{ scopes: 'a' }, /^scopes must be a list/],
    [{ endpoints: () => ({ token: 'http://id.example/token' }) }, /^endpoints\.token must be an https address/],
    [{ endpoints: ({ url }: { url: string }) => ({ token: url.concat('/token') }) }, /^endpoints throw with the parameters \{\}/],
    [{ endpoints: ({ url }: { url?: string }) => ({ token: `https://id.example/${url}/token` }) }, /^endpoints\.token has “undefined” in it/],
    [{ endpoints: () => ({ token: `https://id.example/${Math.random()}` }) }, /^endpoints are others each time/],
    [{ resources: () => ({ user: { url: 'https://id.example/me', nxt: 'link' } }) }, /^resources\.user\.nxt is no field of a provider/],
    [{ identity: async () => ({ subject: '1' }) }, /^identity returns a promise/],
    [{ identity: () => null }, /^identity returns no object/],
    [{ identity: ({ claims }: { claims: { raw (name: string): string } }) => ({ subject: claims.raw('sub').trim() }) }, /^identity throws for claims as nothing/],
    [{ identity: ({ claims }: { claims: { raw (name: string): { x: 1 } } }) => { Object.assign(claims.raw('groups'), { x: 1 }); return {} } }, /^identity throws for a person: TypeError/],
    [{ identity: ({ claims }: { claims: { raw (name: string): unknown } }) => ({ subject: claims.raw('id') }) }, /^identity has a subject that is no text/],
    [{ identity: ({ claims }: { claims: { raw (name: string): unknown } }) => ({ groups: claims.raw('groups') }) }, /^identity has a groups that is no list of texts/],
    [{ identity: ({ claims }: { claims: { text (name: string): string | undefined } }) => ({ subject: claims.text('preferred_username') }) }, /^identity takes a name for the subject/],
    [{ identity: ({ claims }: { claims: { text (name: string): string | undefined } }) => ({ subject: claims.text('sub'), email: claims.text('email') }) }, /^identity believes an address that the provider says is not verified/],
    [{ identity: ({ claims }: { claims: { text (name: string): string | undefined } }) => ({ subject: claims.text('sub'), mail: 'x' }) }, /^identity has mail, which nobody reads/],
    [{ identity: () => ({ subject: 'everybody' }) }, /^identity has a subject or user for nobody/],
    [{ identity: () => ({ name: String(Math.random()) }) }, /^identity says something else each time/],
    [{ identity: () => ({}) }, /^identity has no subject for a person/],
    [{}, /^identity has one subject for two people/, { people: [{ claims: standard }, { claims: { ...standard, name: 'Ben' } }] }]
  ]
  for (const [more, message, options] of mistakes) t.ok(found(more, options).some(text => message.test(text)), `${String(message)}: ${found(more, options).join('; ').slice(0, 300)}`)
})
