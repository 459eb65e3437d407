import { readFileSync } from 'node:fs'
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

t.test('a provider\'s file is at most 40 lines and imports nothing but its contract and its kin', t => {
  for (const name of ['openid', ...providers.map(provider => provider.name)]) {
    const source = readFileSync(new URL(`../../../providers/${name}.ts`, import.meta.url), 'utf8')
    t.ok(source.split('\n').length <= 41, name)
    t.strictSame([...source.matchAll(/from '([^']+)'/g)].map(found => found[1]).filter(from => from !== '../src/provider.ts' && from !== './openid.ts'), [], name)
    t.notMatch(source, /\bawait\b|\bprocess\b|\bfetch\b/, name)
  }
  t.end()
})

t.test('only oidc and generic send the secret unasked, and only password takes one from a form', t => {
  t.strictSame(providers.filter(({ secret }) => secret === 'sent').map(({ name }) => name), ['oidc', 'generic'])
  t.strictSame(providers.filter(({ flow }) => flow === 'password').map(({ name }) => name), ['password'])
  t.match(findProvider('password')?.notice, /for testing/)
  t.ok(providers.every(({ userKey, scopes }) => userKey === 'email' && scopes[0] === 'openid'))
  t.end()
})

t.test('standard claims, and the names that plain OAuth servers have for them', t => {
  const of = (claims: unknown): unknown => openidIdentity({ claims: new Claims(claims) })
  t.strictSame(of({ sub: 's', id: 7, email: 'a@example.com', preferred_username: 'p', login: 'l', name: 'N', groups: ['g', 1, {}, ''] }),
    { subject: 's', email: 'a@example.com', login: 'p', name: 'N', groups: ['g', '1'] })
  t.match(of({ id: 7, nickname: 'n' }), { subject: '7', login: 'n', groups: [] })
  t.match(of({ username: 'u', nickname: 'n' }), { login: 'u' })
  t.match(of({ email: 'a@example.com', email_verified: 'no' }), { email: undefined })
  t.strictSame(of('not an object'), { subject: undefined, email: undefined, login: undefined, name: undefined, groups: [] })
  t.end()
})
