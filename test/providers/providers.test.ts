import t from 'tap'
import { Claims } from '../../src/claims.ts'
import { findProvider, providers } from '../../providers/index.ts'
import { openidIdentity } from '../../providers/openid.ts'

t.test('a provider is found by name or alias in any case, and by nothing else', t => {
  t.equal(findProvider('OIDC')?.name, 'oidc')
  t.equal(findProvider('auth_code')?.name, 'code')
  t.equal(findProvider('Auth_Code'), findProvider('code'))
  for (const name of ['', 'nope', 'oidc ', '__proto__', 'constructor']) t.equal(findProvider(name), undefined, name)
  t.end()
})

t.test('names and aliases are lower case, and nobody has the same', t => {
  const names = providers.flatMap(({ name, aliases = [] }) => [name, ...aliases])
  t.strictSame(names, [...new Set(names)])
  t.ok(names.every(name => /^[a-z][a-z0-9_]*$/.test(name)))
  t.end()
})

t.test('of the four that work with any server, oidc and generic send the secret unasked, and password has the form', t => {
  const table = [['oidc', 'code', 'sent'], ['generic', 'code', 'sent'], ['code', 'code', 'only-if-asked'], ['password', 'password', 'only-if-asked']] as const
  for (const [name, flow, secret] of table) t.match(findProvider(name), { name, flow, secret, userKey: 'email', scopes: ['openid', 'email', 'profile'] })
  t.match(findProvider('password')?.notice, /for testing/)
  t.end()
})

t.test('standard claims, and the names that plain OAuth servers have for them', t => {
  const of = (claims: unknown): unknown => openidIdentity({ claims: new Claims(claims) })
  t.strictSame(of({ sub: 's', id: 7, email: 'a@example.com', preferred_username: 'p', login: 'l', name: 'N', groups: ['g', 1, {}, ''] }),
    { subject: 's', email: 'a@example.com', login: 'p', name: 'N', groups: ['g', '1'] })
  t.match(of({ id: 7, nickname: 'n' }), { subject: '7', login: 'n', groups: undefined }, 'no groups claim is not the same as no groups')
  t.strictSame((of({ sub: 's', groups: [] }) as { groups?: unknown }).groups, [])
  t.match(of({ username: 'u', nickname: 'n' }), { login: 'u' })
  t.match(of({ email: 'a@example.com', email_verified: 'no' }), { email: undefined })
  t.strictSame(of('not an object'), { subject: undefined, email: undefined, login: undefined, name: undefined })
  t.end()
})

t.test('groups that a tenant nobody chose gives its people are no groups here', t => {
  const tid = '11111111-2222-3333-4444-555555555555'
  const groupsOf = (tenant: string, allowedTenants: readonly string[] = []) => findProvider('azure')?.identity(
    { claims: new Claims({ tid, oid: 'x', preferred_username: 'ceo@victim.example', groups: ['admins'] }), groups: new Claims(undefined) }, { parameters: { tenant }, allowedTenants }).groups
  t.strictSame(['common', 'organizations', 'consumers'].map(tenant => groupsOf(tenant)), [undefined, undefined, undefined])
  t.strictSame([groupsOf(tid), groupsOf('contoso.com'), groupsOf('common', [tid])], [['admins'], ['admins'], ['admins']])
  t.end()
})
