import fc from 'fast-check'
import t from 'tap'
import { openidIdentity } from '../../providers/openid.ts'
import github from '../../providers/github.ts'
import azure from '../../providers/azure.ts'
import { Claims } from '../../src/claims.ts'
import { AccessDenied } from '../../src/errors.ts'
import { identify } from '../../src/identity/identify.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { Expression } from '../../src/identity/jmespath.ts'
import { namesGroups, type Role } from '../../src/identity/mapping.ts'
import type { ProviderFile } from '../../src/provider.ts'

interface Paths { readonly email?: string, readonly emailName?: string, readonly login?: string, readonly name?: string, readonly groups?: string, readonly role?: string, readonly strict?: true, readonly defaultRole?: Role, readonly unverified?: true }
type Json = Record<string, unknown>
type Fields = { readonly [Name in 'email' | 'login' | 'name' | 'role' | 'groups']?: Identity[Name] | undefined }

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
const advanced: Paths = { role: 'contains(info.roles[*], \'admin\') && \'Admin\' || contains(info.roles[*], \'editor\') && \'Editor\' || \'Viewer\'' }
const roles = (...names: string[]): Json => ({ info: { roles: names } })

const cases: readonly (readonly [what: string, documents: readonly Json[], paths: Paths, expected: Fields])[] = [
  // email: reference 2.3
  ['without a setting the file of the provider decides', [{ email: 'a@x.io' }], {}, { email: 'a@x.io' }],
  ['the field comes before the path', [{ email: 'a@x.io', mail: 'b@x.io' }], { email: 'mail' }, { email: 'a@x.io' }],
  ['the path where there is no field', [{ mail: 'b@x.io' }], { email: 'mail' }, { email: 'b@x.io' }],
  ['the path where the field is empty', [{ email: '', mail: 'b@x.io' }], { email: 'mail' }, { email: 'b@x.io' }],
  ['the path where the field is a number', [{ email: 5, mail: 'b@x.io' }], { email: 'mail' }, { email: 'b@x.io' }],
  ['the path where the field is blank', [{ email: ' ', mail: 'b@x.io' }], { email: 'mail' }, { email: 'b@x.io' }],
  ['all steps of the id_token come before userinfo', [{ mail: 'b@x.io' }, { email: 'a@x.io' }], { email: 'mail' }, { email: 'b@x.io' }],
  ['userinfo where the id_token has nothing', [{}, { email: 'a@x.io' }], { email: 'mail' }, { email: 'a@x.io' }],
  ['userinfo where the id_token’s field is empty', [{ email: '' }, { email: 'a@x.io' }], { email: 'mail' }, { email: 'a@x.io' }],
  ['the access token comes last', [{}, {}, { mail: 'c@x.io' }], { email: 'mail' }, { email: 'c@x.io' }],
  ['a path to a list is none', [{ mails: ['b@x.io'] }], { email: 'mails' }, { email: undefined }],
  ['a path into a list', [{ mails: [{ v: 'b@x.io' }] }], { email: 'mails[0].v' }, { email: 'b@x.io' }],
  ['a path with a control character is none', [{ mail: 'b@x.io\n' }, { mail: 'c@x.io' }], { email: 'mail' }, { email: 'c@x.io' }],
  ['the attributes under their usual name', [{ attributes: { 'email:primary': ['d@x.io', 'e@x.io'] } }], { email: 'mail' }, { email: 'd@x.io' }],
  ['the attributes under another name', [{ attributes: { mail: ['d@x.io'] } }], { emailName: 'mail' }, { email: 'd@x.io' }],
  ['the path before the attributes', [{ mail: 'b@x.io', attributes: { 'email:primary': ['d@x.io'] } }], { email: 'mail' }, { email: 'b@x.io' }],
  ['attributes that are a text and no list', [{ attributes: { 'email:primary': 'd@x.io' } }], { email: 'mail' }, { email: undefined }],
  ['attributes of the wrong type do not hide the rest', [{ attributes: 7, upn: 'u@x.io' }], { email: 'mail' }, { email: 'u@x.io' }],
  ['an empty attribute ends the source before upn', [{ attributes: { 'email:primary': [''] }, upn: 'u@x.io' }], { email: 'mail' }, { email: undefined }],
  ['and the next source goes on', [{ attributes: { 'email:primary': [''] }, upn: 'u@x.io' }, { upn: 'v@x.io' }], { email: 'mail' }, { email: 'v@x.io' }],
  ['an empty list of attributes does not', [{ attributes: { 'email:primary': [] }, upn: 'u@x.io' }], { email: 'mail' }, { email: 'u@x.io' }],
  ['upn', [{ upn: 'u@x.io' }], { email: 'mail' }, { email: 'u@x.io' }],
  ['upn with a name', [{ upn: 'Ada L <u@x.io>' }], { email: 'mail' }, { email: 'u@x.io' }],
  ['upn without a dot', [{ upn: 'a@b' }], { email: 'mail' }, { email: 'a@b' }],
  ['upn of a domain', [{ upn: 'DOMAIN\\user' }], { email: 'mail' }, { email: undefined }],
  ['upn that is two', [{ upn: 'a@b, c@d' }], { email: 'mail' }, { email: undefined }],
  ['upn with two dots', [{ upn: 'a@b..c' }], { email: 'mail' }, { email: undefined }],
  ['an unverified field', [{ email: 'a@x.io', email_verified: false }], { email: 'mail' }, { email: undefined }],
  ['a path around the doubt', [{ email: 'a@x.io', email_verified: false }], { email: 'not_null(mail, email)' }, { email: undefined }],
  ['one source doubts, the other has the address', [{ email_verified: 'false' }, { mail: 'b@x.io' }], { email: 'mail' }, { email: undefined }],
  ['a doubt that the operator overrules', [{ email: 'a@x.io', email_verified: false }], { email: 'mail', unverified: true }, { email: 'a@x.io' }],
  ['a verified one', [{ mail: 'b@x.io', email_verified: true }], { email: 'mail' }, { email: 'b@x.io' }],
  // login: 2.4
  ['the field login before the path', [{ login: 'ada', nick: 'a' }], { login: 'nick' }, { login: 'ada' }],
  ['the path before username', [{ username: 'ada', nick: 'a' }], { login: 'nick' }, { login: 'a' }],
  ['username after the path', [{ username: 'ada' }], { login: 'nick' }, { login: 'ada' }],
  ['preferred_username only where a path names it', [{ preferred_username: 'ada', email: 'a@x.io' }], { login: 'nick' }, { login: 'a@x.io' }],
  ['where a path names it', [{ preferred_username: 'ada', email: 'a@x.io' }], { login: 'preferred_username' }, { login: 'ada' }],
  ['the id_token’s username before userinfo’s login', [{ username: 'u' }, { login: 'l' }], { login: 'nick' }, { login: 'u' }],
  ['neither login nor address', [{}], { login: 'nick' }, { login: undefined }],
  ['a login that is a number', [{ login: 7, nick: 'a' }], { login: 'nick' }, { login: 'a' }],
  // name: 2.5
  ['the path before the field name', [{ name: 'Ada', full: 'Ada L' }], { name: 'full' }, { name: 'Ada L' }],
  ['the field name after the path', [{ name: 'Ada', display_name: 'A' }], { name: 'full' }, { name: 'Ada' }],
  ['display_name last', [{ display_name: 'A' }], { name: 'full' }, { name: 'A' }],
  ['a joined name', [{ given: 'Ada', family: 'L' }], { name: 'join(\' \', [given, family])' }, { name: 'Ada L' }],
  ['a path that fails', [{ given: 'Ada' }, { given: 'Ada', family: 'L' }], { name: 'join(\' \', [given, family])' }, { name: 'Ada L' }],
  // groups: 2.7
  ['groups by the path, in order, with doubles', [{ info: { groups: ['b', 'a', 'b'] } }], { groups: 'info.groups' }, { groups: ['b', 'a', 'b'] }],
  ['other than texts are dropped', [{ g: ['a', 7, null, {}, ''] }], { groups: 'g' }, { groups: ['a'] }],
  ['a lone text is no list', [{ g: 'a' }], { groups: 'g' }, { groups: [] }],
  ['unless it is made one', [{ g: 'a' }], { groups: '[g]' }, { groups: ['a'] }],
  ['an empty list tries the next source', [{ g: [] }, { g: ['a'] }], { groups: 'g' }, { groups: ['a'] }],
  ['groups are not merged', [{ g: ['a'] }, { g: ['b'] }], { groups: 'g' }, { groups: ['a'] }],
  ['the path replaces the claim groups', [{ groups: ['x'] }], { groups: 'g' }, { groups: [] }],
  ['a dynamic name', [{ 'https://ns/groups': ['a'] }], { groups: '"https://ns/groups"' }, { groups: ['a'] }],
  // role: 2.6
  ['without a path no role', [{ role: 'Admin' }], {}, { role: undefined }],
  ['nor by a default alone', [{ role: 'Admin' }], { defaultRole: 'Editor' }, { role: undefined }],
  ['the document’s first example', [{ role: 'Editor' }], basic, { role: 'Editor' }],
  ['the document’s second example', [roles('engineer', 'admin')], advanced, { role: 'Admin' }],
  ['its second role', [roles('editor')], advanced, { role: 'Editor' }],
  ['its last', [roles('engineer')], advanced, { role: 'Viewer' }],
  ['and its third, of groups', [{ info: { groups: ['engineers', 'analysts'] } }], { groups: 'info.groups' }, { groups: ['engineers', 'analysts'] }],
  ['any case', [{ role: 'aDMIN' }], basic, { role: 'Admin' }],
  ['None', [{ role: 'none' }], basic, { role: 'None' }],
  ['GrafanaAdmin', [{ role: 'grafanaADMIN' }], basic, { role: 'Admin' }],
  ['an unknown role is the default', [{ role: 'Owner' }], basic, { role: 'Viewer' }],
  ['a space is no part of a role', [{ role: 'Admin ' }], basic, { role: 'Viewer' }],
  ['no role is the default that was set', [{}], { ...basic, defaultRole: 'Editor' }, { role: 'Editor' }],
  ['a list of one is no role', [{ role: ['Admin'] }], basic, { role: 'Viewer' }],
  ['true is no role', [{ role: true }], basic, { role: 'Viewer' }],
  ['an unknown role tries the next source', [{ role: 'Owner' }, { role: 'Editor' }], basic, { role: 'Editor' }],
  ['the first valid one wins', [{ role: 'Viewer' }, { role: 'Admin' }], basic, { role: 'Viewer' }],
  ['an expression that fails on the id_token tries userinfo', [{}, { groups: ['admin'] }], { role: 'contains(groups[*], \'admin\') && \'Admin\' || \'Viewer\'' }, { role: 'Admin' }],
  ['strict with a role', [{ role: 'editor' }], { ...basic, strict: true }, { role: 'Editor' }],
  ['strict with a role in the access token', [{}, {}, { role: 'editor' }], { ...basic, strict: true }, { role: 'Editor' }],
  ['a quoted word is the name of a claim', [{}], { role: '"Admin"' }, { role: 'Viewer' }],
  // each on its own
  ['each field from its own source', [{ role: 'Editor' }, { g: ['a'], nick: 'n' }, { mail: 'b@x.io' }], { role: 'role', groups: 'g', login: 'nick', email: 'mail' }, { role: 'Editor', groups: ['a'], login: 'n', email: 'b@x.io' }],
  ['a setting leaves the other fields to the file', [{ name: 'Ada', preferred_username: 'ada', email: 'a@x.io', groups: ['x'], role: 'Admin' }], basic, { name: 'Ada', login: 'ada', email: 'a@x.io', groups: ['x'], role: 'Admin' }]
]

t.ok(cases.length >= 40)
for (const [what, documents, paths, expected] of cases) {
  t.test(what, t => {
    const identity = mapped(documents, paths)
    for (const [field, value] of Object.entries(expected)) t.strictSame(identity[field as keyof Identity], value, field)
    const turned = documents.map(document => Object.fromEntries(Object.entries(document).toReversed()))
    t.strictSame(mapped(turned, paths), identity, 'and the order of keys does not matter')
    t.end()
  })
}

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
