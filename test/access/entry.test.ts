import t from 'tap'
import { createEntry, type EntryOptions } from '../../src/access/entry.ts'
import type { Identity } from '../../src/identity/identity.ts'

const person = (email?: string, ...groups: string[]): Identity => ({ provider: 'p', subject: '1', user: 'ann', groups, teams: [], organizations: [], claims: {}, ...email === undefined ? {} : { email } })

t.test('who may enter', async t => {
  const domain: EntryOptions = { allowedDomains: ['example.org'] }
  const both: EntryOptions = { ...domain, allowedEmails: ['Bob@other.org'] }
  const staff: EntryOptions = { allowedGroups: ['staff', 'board'] }
  const all: EntryOptions = { ...both, ...staff }
  const table: readonly (readonly [string, EntryOptions, Identity, boolean])[] = [
    ['anyone, without a condition', {}, person(), true],
    ['the domain', domain, person('ann@example.org'), true],
    ['the domain in capitals', domain, person('Ann@EXAMPLE.ORG'), true],
    ['another domain', domain, person('ann@example.com'), false],
    ['a subdomain', domain, person('ann@mail.example.org'), false],
    ['a domain that ends like it', domain, person('ann@badexample.org'), false],
    ['a second @', domain, person('ann@evil.example@example.org'), false],
    ['a trailing dot', domain, person('ann@example.org.'), false],
    ['a look-alike', domain, person('ann@еxample.org'), false],
    ['no email to judge', domain, person(), false],
    ['an empty email', domain, person(''), false],
    ['the domain or the list: the domain', both, person('ann@example.org'), true],
    ['the domain or the list: the list', both, person('bob@OTHER.org'), true],
    ['the domain or the list: neither', both, person('ann@other.org'), false],
    ['the list alone', { allowedEmails: ['bob@other.org'] }, person('bob@other.org'), true],
    ['the list alone, another at its domain', { allowedEmails: ['bob@other.org'] }, person('ann@other.org'), false],
    ['below a domain', { allowedDomains: ['*.example.org'] }, person('ann@eu.example.org'), true],
    ['one of the groups', staff, person(undefined, 'x', 'board'), true],
    ['none of the groups', staff, person('ann@example.org', 'x'), false],
    ['a group that only looks like it', staff, person(undefined, 'Staff', 'staff ', 'staff,board'), false],
    ['no groups to judge', staff, person('ann@example.org'), false],
    ['email and group', all, person('bob@other.org', 'staff'), true],
    ['email without group', all, person('bob@other.org'), false],
    ['group without email', all, person(undefined, 'staff'), false],
    ['group with a wrong email', all, person('x@other.org', 'staff'), false]
  ]
  for (const [name, options, identity, enters] of table) t.equal(createEntry(options).refuse(identity) === null, enters, name)
})

t.test('why not: a reason without the lists for the visitor, the setting for the log', async t => {
  const entry = createEntry({ allowedDomains: ['secret.example'], allowedGroups: ['staff'] })
  t.match(entry.refuse(person('ann@b.com')), { reason: 'ann@b.com is not among those who may enter', detail: /allowed-domains/ })
  t.notMatch(entry.refuse(person('ann@b.com'))?.reason, 'secret', 'and strangers do not learn who is allowed')
  t.match(entry.refuse(person()), { reason: 'the sign-in service gave no e-mail address that we can check', detail: /no email/ })
  t.match(entry.refuse(person('a@b@c.com')), { reason: 'your e-mail address is written in a way that we do not accept', detail: /"a@b@c.com"/ })
  t.match(entry.refuse(person('ann@secret.example')), { reason: 'this site is for the group staff', detail: /allowed-groups/ })
})

t.test('one sentence says who may enter', async t => {
  const table: readonly (readonly [EntryOptions, string])[] = [
    [{}, 'Anyone with an account at Acme may enter.'],
    [{ allowedDomains: ['@Example.org'] }, 'Anyone at example.org may enter.'],
    [{ allowedDomains: ['a.org', '*.b.org'] }, 'Anyone at a.org or *.b.org may enter.'],
    [{ allowedEmails: ['ann@a.org'] }, 'Only ann@a.org may enter.'],
    [{ allowedDomains: ['example.org'], allowedEmails: ['ann@other.org'], allowedGroups: ['staff'] }, 'Anyone at example.org, or ann@other.org, who is also in the group staff may enter.'],
    [{ allowedGroups: ['staff', 'board'] }, 'Anyone with an account at Acme who is in one of the groups staff, board may enter.'],
    [{ allowedEmails: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(name => `${name}@x.org`) }, 'Only a@x.org, b@x.org, c@x.org, d@x.org or 3 others that are listed may enter.']
  ]
  for (const [options, sentence] of table) t.equal(createEntry(options).describe('Acme'), sentence)
})

t.test('a list that names nobody never means everyone', async t => {
  for (const options of [{ allowedDomains: [] }, { allowedDomains: ['*'] }, { allowedEmails: [] }, { allowedEmails: ['ann'] }, { allowedGroups: [] }]) {
    t.ok(createEntry(options).refuse(person('ann@b.com', 'x')), JSON.stringify(options))
  }
})

t.test('an account of a tenant that nobody named does not enter, whatever its address; another provider has no tenants', t => {
  const options = { providers: [{ id: 'azure', allowedTenants: ['11111111-2222-3333-4444-55555555555A'] }, { id: 'github' }] }
  const of = (provider: string, tenant?: string) => createEntry(options).refuse({ ...person('ann@b.com'), provider, ...tenant === undefined ? {} : { tenant } })
  t.equal(of('azure', '11111111-2222-3333-4444-55555555555a'), null)
  t.equal(of('github'), null)
  for (const tenant of [undefined, '', '22222222-2222-3333-4444-555555555555']) t.match(of('azure', tenant), { detail: /not in allowed-tenants/ }, String(tenant))
  t.end()
})
