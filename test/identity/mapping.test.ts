import t from 'tap'
import { openidIdentity } from '../../providers/openid.ts'
import github from '../../providers/github.ts'
import azure from '../../providers/azure.ts'
import { Claims } from '../../src/claims.ts'
import { AccessDenied } from '../../src/errors.ts'
import { identify } from '../../src/identity/identify.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { Expression } from '../../src/identity/jmespath.ts'
import { namesGroups } from '../../src/identity/mapping.ts'
import type { Role } from '../../src/identity/role.ts'
import type { ProviderFile } from '../../src/provider.ts'
import { fc } from '../fixtures/random.ts'

interface Paths { readonly email?: string, readonly emailName?: string, readonly login?: string, readonly name?: string, readonly groups?: string, readonly role?: string, readonly strict?: true, readonly defaultRole?: Role, readonly unverified?: true }
type Json = Record<string, unknown>

// What is about generic claims alone is in cases.test.ts.
const compiled = (text: string | undefined) => text === undefined ? undefined : new Expression(text)

function mapped (documents: readonly Json[], paths: Paths, provider: Pick<ProviderFile, 'identity'> = { identity: openidIdentity }, more: Record<string, unknown> = {}): Identity {
  const mapping = {
    emailAttributePath: compiled(paths.email), emailAttributeName: paths.emailName, loginAttributePath: compiled(paths.login), nameAttributePath: compiled(paths.name),
    groupsAttributePath: compiled(paths.groups), roleAttributePath: compiled(paths.role), roleAttributeStrict: paths.strict ?? false, defaultRole: paths.defaultRole
  }
  const list = documents.map(document => new Claims({ sub: 's-1', ...document }))
  const doubted = list.some(claims => claims.has('email_verified') && !claims.is('email_verified')) ? [new Claims({ email_verified: false })] : []
  const others = Object.fromEntries(Object.entries(more).map(([name, json]) => [name, new Claims(json)]))
  const said = { sources: { ...others, claims: Claims.merge([...doubted, ...list]) }, documents: list.map(claims => ({ name: 'a document', claims })) }
  return identify({ identity: provider.identity, userKey: 'sub' }, said, { providerName: 'p', parameters: { tenant: 'common' }, allowUnverifiedEmail: paths.unverified ?? false, mapping })
}

const basic: Paths = { role: 'role' }

t.test('strict refuses whom no source gives a valid role, whatever the default', t => {
  for (const documents of [[{}], [{ role: 'Owner' }, { role: '' }], [{ role: ['Admin'] }], [{ role: 5 }]]) {
    t.throws(() => mapped(documents, { ...basic, strict: true, defaultRole: 'Admin' }), { constructor: AccessDenied, kind: { status: 403 }, reason: /people with a role/, message: /role-attribute-strict/ }, JSON.stringify(documents))
  }
  t.throws(() => mapped([{ role: 'Admin', deep: JSON.parse('['.repeat(200) + ']'.repeat(200)) as unknown }], { ...basic, strict: true }), AccessDenied, 'and of claims beyond any size nothing is believed')
  t.end()
})

t.test('an address that the provider’s file withholds does not come by another way', t => {
  const tenant = '11111111-2222-3333-4444-555555555555'
  const written = { tid: tenant, oid: 'o-1', email: 'Ceo@victim.example' }
  for (const email of ['email', 'mail', 'lower(email)', 'not_null(mail, email)']) t.equal(mapped([written], { email }, azure, { groups: [] }).email, undefined, email)
  t.equal(mapped([written], { email: 'mail', unverified: true }, azure, { groups: [] }).email, 'Ceo@victim.example', 'unless the operator says so')
  t.end()
})

t.test('a setting overrides the file of every provider, and what it does not find is the file’s', t => {
  const user = { id: 7, login: 'ada', email: 'public@x.io', name: 'Ada', company: 'Engines' }
  const resources = { user, emails: [{ email: 'main@x.io', primary: true, verified: true }], organizations: [], teams: [] }
  t.match(mapped([user], { email: 'nowhere', name: 'company', role: 'login == \'ada\' && \'Admin\'' }, github, resources), { email: 'main@x.io', name: 'Engines', role: 'Admin', login: 'ada', groups: [] })
  t.end()
})

t.test('a list where the path leads is something said of groups, even an empty one', t => {
  const path = new Expression('info.groups')
  const of = (...documents: Json[]) => namesGroups(path, documents.map(document => ({ name: 'a document', claims: new Claims(document) })))
  t.ok(of({ info: { groups: [] } }))
  t.ok(of({}, { info: { groups: ['a'] } }))
  t.notOk(of({ groups: ['a'] }, { info: { groups: 'a' } }))
  t.notOk(of())
  t.end()
})

t.test('whatever the claims are, nothing throws but a refusal, and nobody is given a role that no source names', t => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom('Admin', 'admin', ['Admin'], { Admin: 'Admin' }, 'a@x.io'))
  const document = fc.dictionary(fc.constantFrom('role', 'email', 'email_verified', 'attributes', 'upn', 'login', 'groups', '__proto__', 'constructor'), value)
  const paths = { role: 'role', strict: true, email: 'constructor', emailName: '__proto__', login: 'groups[0]', name: 'role', groups: 'groups' } as const
  fc.assert(fc.property(fc.array(document, { minLength: 1, maxLength: 3 }), documents => {
    const named = documents.map(({ role }) => role).find(role => typeof role === 'string' && /^(?:none|viewer|editor|(?:grafana)?admin)$/i.test(role))
    try {
      return mapped(documents as Json[], paths).role === 'Admin' ? /admin$/i.test(String(named)) : named !== undefined
    } catch (error) {
      return error instanceof AccessDenied && named === undefined
    }
  }), { numRuns: 500 })
  t.end()
})

t.test('a provider that is not OAuth has its claims mapped like any other', t => {
  const mapping = { roleAttributePath: new Expression('job'), roleAttributeStrict: true }
  t.equal(identify({ identity: openidIdentity, userKey: 'sub' }, { sources: { claims: new Claims({ sub: 's', job: 'editor' }) } }, { providerName: 'p', allowUnverifiedEmail: false, mapping }).role, 'Editor')
  t.end()
})
