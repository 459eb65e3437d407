import t from 'tap'
import { createEntry, type EntryOptions } from '../../../src/access/entry/entry.ts'
import type { Identity } from '../../../src/identity/identity.ts'
import { fc } from '../../fixtures/random.ts'

const person = (email?: string, ...groups: string[]): Identity => ({ provider: 'p', subject: '1', user: 'ann', groups, teams: [], organizations: [], claims: {}, ...email === undefined ? {} : { email } })

const file = (...addresses: string[]) => ({ path: 'emails.txt', addresses })
const held = (more: Partial<Identity>): Identity => ({ ...person(), ...more })

t.test('who may enter', async t => {
  const domain: EntryOptions = { allowedDomains: ['example.org'] }
  const both: EntryOptions = { ...domain, allowedEmails: ['Bob@other.org'] }
  const staff: EntryOptions = { allowedGroups: ['staff', 'board'] }
  const all: EntryOptions = { ...both, ...staff }
  const listed: EntryOptions = { allowedEmailsFile: file('eve@file.org') }
  const roles: EntryOptions = { allowedRoles: ['Editor', 'Admin'] }
  const teams: EntryOptions = { teamIds: ['150', 'acme:devs'] }
  const organizations: EntryOptions = { allowedOrganizations: ['acme', 'Beta'] }
  const each: EntryOptions = { ...domain, ...staff, ...roles, ...teams, ...organizations }
  const fits: Identity = { ...person('ann@example.org', 'staff'), role: 'Admin', teams: ['7', '150'], organizations: ['Beta'] }
  const closed: EntryOptions = { ...both, ...listed, allowSignUp: false }
  const closedByOwn: EntryOptions = { ...domain, allowSignUp: false, providers: [{ id: 'p', entry: { allowedEmails: ['bob@other.org'], allowedDomains: ['own.org'] } }, { id: 'q', entry: { allowedDomains: ['example.org'] } }] }
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
    ['group with a wrong email', all, person('x@other.org', 'staff'), false],
    ['the file', listed, person('Eve@File.org'), true],
    ['the file, another at its domain', listed, person('ann@file.org'), false],
    ['the file, without an email', listed, person(), false],
    ['the file, or a domain: the file', { ...domain, ...listed }, person('eve@file.org'), true],
    ['the file, or a domain: the domain', { ...domain, ...listed }, person('ann@example.org'), true],
    ['the file, or the list: the list', { ...listed, allowedEmails: ['bob@other.org'] }, person('bob@other.org'), true],
    ['the file, or the list: neither', { ...listed, allowedEmails: ['bob@other.org'] }, person('ann@other.org'), false],
    ['one of the roles', roles, held({ role: 'Editor' }), true],
    ['a greater role than the one that is named', { allowedRoles: ['Editor'] }, held({ role: 'Admin' }), false],
    ['a lesser role', roles, held({ role: 'Viewer' }), false],
    ['a role in another case, which no mapping gives', roles, held({ role: 'editor' }), false],
    ['a group that is called like the role', roles, held({ groups: ['Editor'], claims: { role: 'Editor' } }), false],
    ['no role to judge', roles, held({}), false],
    ['one of the teams', teams, held({ teams: ['1', '150'] }), true],
    ['a team whose id begins like it', teams, held({ teams: ['1500', '15', '0150', '150.0', ' 150'] }), false],
    ['a team by its name', teams, held({ teams: ['acme:devs'] }), true],
    ['a team in another case', teams, held({ teams: ['Acme:Devs'] }), false],
    ['a group that is called like the team', teams, held({ groups: ['150'], organizations: ['150'] }), false],
    ['no teams to judge', teams, held({}), false],
    ['one of the organizations', organizations, held({ organizations: ['x', 'Beta'] }), true],
    ['an organization in another case', organizations, held({ organizations: ['beta', 'ACME'] }), false],
    ['a group that is called like the organization', organizations, held({ groups: ['acme'], teams: ['acme'] }), false],
    ['no organizations to judge', organizations, held({}), false],
    ['all five', each, fits, true],
    ['all but the email', each, { ...fits, email: 'ann@other.org' }, false],
    ['all but the group', each, { ...fits, groups: [] }, false],
    ['all but the role', each, { ...fits, role: 'Viewer' }, false],
    ['all but the team', each, { ...fits, teams: ['7'] }, false],
    ['all but the organization', each, { ...fits, organizations: ['gamma'] }, false],
    ['without sign-up, the domain', closed, person('ann@example.org'), false],
    ['without sign-up, the list', closed, person('bob@other.org'), true],
    ['without sign-up, the file', closed, person('eve@file.org'), true],
    ['without sign-up and without any list', { ...domain, allowSignUp: false }, person('ann@example.org'), false],
    ['without sign-up, by a provider with a list of its own', closedByOwn, person('bob@other.org'), true],
    ['without sign-up, by that provider, at its domain', closedByOwn, person('ann@own.org'), false],
    ['without sign-up, by a provider without a list', closedByOwn, { ...person('ann@example.org'), provider: 'q' }, false],
    ['with sign-up, which is the default', { ...closed, allowSignUp: true }, person('ann@example.org'), true]
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

t.test('why not, of a role, a team, an organization: what is missing, and for the log where it comes from', async t => {
  const table: readonly (readonly [EntryOptions, Partial<Identity>, string, RegExp])[] = [
    [{ allowedRoles: ['Editor', 'Admin'] }, { role: 'Viewer' }, 'this site is for the role Editor or Admin', /in none of allowed-roles \(Editor, Admin\), but has the role Viewer/],
    [{ allowedRoles: ['Admin'] }, {}, 'the sign-in service gave you no role, and this site is for the role Admin', /has no role, and allowed-roles asks for one \(Admin\); --role-attribute-path/],
    [{ teamIds: ['7', '8', '9'] }, { teams: ['1', '2'] }, 'this site is for the team 7, 8 or 9', /in none of team-ids \(7, 8, 9\), but has the team 1, 2/],
    [{ teamIds: ['7'] }, {}, 'the sign-in service named no team of yours, and this site is for the team 7', /has no team, and team-ids asks for one \(7\);.*--teams-url.*--oauth-scope/],
    [{ allowedOrganizations: ['acme'] }, { organizations: ['beta'] }, 'this site is for the organization acme', /allowed-organizations \(acme\), but has the organization beta/],
    [{ allowedOrganizations: ['acme'] }, {}, 'the sign-in service named no organization of yours, and this site is for the organization acme', /the identity has no organization, and allowed-organizations asks for one \(acme\);/],
    [{ providers: [{ id: 'p', entry: { teamIds: ['7'] } }] }, { teams: ['1'] }, 'this site is for the team 7', /team-ids of provider p/],
    [{ allowedGroups: ['a'] }, { groups: Array.from({ length: 600 }, (_, index) => `g${index}`) }, 'this site is for the group a', /has the group g0, g1, .*g9 and 590 others$/]
  ]
  for (const [options, identity, reason, detail] of table) t.match(createEntry(options).refuse(held(identity)), { reason, detail }, reason)
  t.equal(createEntry({ allowedGroups: ['a'] }).refuse(person())?.lacks, 'groups')
  for (const options of [{ allowedRoles: ['Admin'] }, { teamIds: ['7'] }, { allowedOrganizations: ['a'] }]) t.notOk(createEntry(options).refuse(person())?.lacks, 'and only of groups is it known whether a claim came')
})

t.test('a file’s list is replaced while the gate runs: at once, counted, and a list of nobody lets nobody in', async t => {
  const entry = createEntry({ allowedEmailsFile: file('ann@b.com', 'bob@b.com'), providers: [{ id: 'q', entry: { allowedEmailsFile: { path: 'q.txt', addresses: ['cleo@b.com'] } } }] })
  const enters = (email: string, provider = 'p') => entry.refuse({ ...person(email), provider }) === null
  t.strictSame(entry.files.map(({ path }) => path), ['emails.txt', 'q.txt'])
  const [common, own] = entry.files
  t.strictSame([entry.generation, enters('ann@b.com'), enters('bob@b.com')], [0, true, true])
  t.strictSame(common!.replace(['BOB@b.com', 'cleo@b.com', 'dev@b.com']), { added: 2, removed: 1 })
  t.strictSame([entry.generation, enters('ann@b.com'), enters('bob@b.com'), enters('cleo@b.com')], [1, false, true, true])
  t.strictSame([enters('cleo@b.com', 'q'), enters('bob@b.com', 'q')], [true, false], 'a provider’s own list holds beside it')
  t.strictSame(common!.replace(['cleo@b.com', 'bob@b.com', 'dev@b.com']), { added: 0, removed: 0 })
  t.equal(entry.generation, 1, 'the same people in another order are no change')
  own!.replace(['bob@b.com'])
  t.strictSame([entry.generation, enters('bob@b.com', 'q'), enters('cleo@b.com', 'q'), enters('cleo@b.com')], [2, true, false, true])
  common!.replace([])
  t.strictSame([entry.generation, enters('bob@b.com'), enters('ann@b.com'), enters('bob@b.com', 'q')], [3, false, false, false])
})

t.test('explaining says of every condition, in order, what it wants and how it is met or why not', async t => {
  const options: EntryOptions = { allowedDomains: ['example.org'], allowedEmails: ['bob@other.org'], allowedGroups: ['staff', 'board'], allowedRoles: ['Admin'], teamIds: ['7'], allowedOrganizations: ['acme'],
    providers: [{ id: 'p', allowedTenants: ['T1'], entry: { allowedEmailsFile: file('ann@example.org') } }, { id: 'q', entry: { allowedGroups: ['x'] } }] }
  const explained = createEntry(options).explain({ ...person('ann@example.org', 'board'), role: 'Viewer', teams: ['7'], tenant: 't1' })
  t.strictSame(explained, [
    { setting: 'allowed-tenants', wants: 'of p the tenant t1', met: true, detail: 'the tenant is t1' },
    { setting: 'allowed-emails, allowed-domains', wants: 'anyone at example.org, or bob@other.org', met: true, detail: 'ann@example.org is at example.org' },
    { setting: 'allowed-groups', wants: 'one of the groups staff, board', met: true, detail: 'the identity has the group board' },
    { setting: 'allowed-roles', wants: 'the role Admin', met: false, detail: 'the identity is in none of allowed-roles (Admin), but has the role Viewer' },
    { setting: 'team-ids', wants: 'the team 7', met: true, detail: 'the identity has the team 7' },
    { setting: 'allowed-organizations', wants: 'the organization acme', met: false, detail: createEntry({ allowedOrganizations: ['acme'] }).refuse(person())?.detail },
    { setting: 'allowed-emails-file of provider p', wants: 'those listed in emails.txt (1 address)', met: true, detail: 'ann@example.org is in emails.txt' },
    { setting: 'allowed-groups of provider q', wants: 'the group x', met: true, detail: 'only for those who come by q' }
  ])
  t.strictSame(createEntry({}).explain(person()), [], 'without a condition there is nothing to explain')
  t.match(createEntry({ allowedDomains: ['a.org'], allowSignUp: false }).explain(person('ann@a.org')), [{ setting: 'allow-sign-up', met: false }])
  const entry = createEntry({ allowedEmailsFile: file('a@b.com') })
  entry.files[0]?.replace(['a@b.com', 'c@b.com'])
  t.match(entry.explain(person('c@b.com')), [{ wants: 'those listed in emails.txt (2 addresses)', met: true }], 'a list is told as it is now')
})

t.test('what refuses and what explains agree: who is refused is so by the first condition that is not met', async t => {
  const some = <T>(values: readonly T[]) => fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 }), { nil: undefined })
  const lists = fc.record({
    allowedDomains: some(['a.org', '*.b.org']), allowedEmails: some(['ann@a.org', 'bob@c.org']), allowedEmailsFile: fc.option(some(['cleo@c.org']).map(addresses => file(...addresses ?? [])), { nil: undefined }),
    allowedGroups: some(['g', 'h']), allowedRoles: some(['Admin', 'None']), teamIds: some(['1', '2']), allowedOrganizations: some(['o', 'p'])
  })
  const options = fc.record({ allowSignUp: fc.boolean(), common: lists, own: lists }).map(({ common, own, allowSignUp }): EntryOptions => ({ ...common, allowSignUp, providers: [{ id: 'p', entry: own, allowedTenants: ['t'] }, { id: 'q' }] }))
  const identity = fc.record({
    provider: fc.constantFrom('p', 'q'), tenant: fc.constantFrom('t', 'u'), email: fc.constantFrom('ann@a.org', 'x@y.b.org', 'bob@c.org', 'cleo@c.org', 'nobody', ''), role: fc.constantFrom('Admin', 'Viewer'),
    groups: fc.subarray(['g', 'x']), teams: fc.subarray(['1', '3']), organizations: fc.subarray(['o', 'z'])
  }).map((more): Identity => ({ ...person(), ...more }))
  const seen = { in: 0, out: 0 }
  fc.assert(fc.property(options, identity, (given, who) => {
    const entry = createEntry(given)
    const [refusal, missed] = [entry.refuse(who), entry.explain(who).find(({ met }) => !met)]
    seen[refusal === null ? 'in' : 'out']++
    return refusal?.detail === missed?.detail
  }), { numRuns: 2000 })
  t.ok(seen.in > 20 && seen.out > 20, 'of both there were some')
})

t.test('one sentence says who may enter', async t => {
  const table: readonly (readonly [EntryOptions, string])[] = [
    [{}, 'Anyone with an account at Acme may enter.'],
    [{ allowedDomains: ['@Example.org'] }, 'Anyone at example.org may enter.'],
    [{ allowedDomains: ['a.org', '*.b.org'] }, 'Anyone at a.org or *.b.org may enter.'],
    [{ allowedEmails: ['ann@a.org'] }, 'Only ann@a.org may enter.'],
    [{ allowedDomains: ['example.org'], allowedEmails: ['ann@other.org'], allowedGroups: ['staff'] }, 'Anyone at example.org, or ann@other.org, who is also in the group staff, may enter.'],
    [{ allowedGroups: ['staff', 'board'] }, 'Anyone with an account at Acme who is in one of the groups staff, board may enter.'],
    [{ allowedEmailsFile: file('a@b.com') }, 'Only those listed in emails.txt (1 address) may enter.'],
    [{ allowedDomains: ['b.com'], allowedEmailsFile: file('a@c.com', 'b@c.com') }, 'Anyone at b.com, or those listed in emails.txt (2 addresses) may enter.'],
    [{ allowedRoles: ['Editor', 'Admin'] }, 'Anyone with an account at Acme who has the role Editor or Admin may enter.'],
    [{ teamIds: ['7'], allowedOrganizations: ['acme', 'beta', 'c'] }, 'Anyone with an account at Acme who is in the team 7 and belongs to the organization acme, beta or c may enter.'],
    [{ allowedDomains: ['b.com'], allowedRoles: ['Admin'] }, 'Anyone at b.com who also has the role Admin may enter.'],
    [{ allowedDomains: ['b.com'], allowedGroups: ['g'], allowedRoles: ['Admin'], teamIds: ['7'] }, 'Anyone at b.com who is also in the group g, has the role Admin and is in the team 7 may enter.'],
    [{ allowedDomains: ['b.com'], allowedEmails: ['a@c.com'], allowSignUp: false }, 'Only a@c.com may enter.'],
    [{ allowSignUp: false, providers: [{ id: 'work', entry: { allowedEmails: ['a@c.com'], allowedDomains: ['b.com'] } }] }, 'By work: Only a@c.com may enter.'],
    [{ providers: [{ id: 'work', entry: { allowedGroups: ['staff'] } }, { id: 'gh', entry: { allowedEmails: ['a@c.com'] } }] }, 'By work: Anyone with an account there who is in the group staff may enter. By gh: Only a@c.com may enter.'],
    [{ providers: [{ id: 'work', entry: { allowedGroups: ['staff'] } }, { id: 'gh' }] }, 'By work: Anyone with an account there who is in the group staff may enter. By gh: Anyone with an account there may enter.'],
    [{ allowedDomains: ['b.com'], providers: [{ id: 'work', entry: { allowedGroups: ['staff'] } }, { id: 'gh' }] }, 'Anyone at b.com may enter. By work: Anyone with an account there who is in the group staff may enter.'],
    [{ allowedEmails: [] }, 'Nobody may enter.'],
    [{ allowedEmails: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(name => `${name}@x.org`) }, 'Only a@x.org, b@x.org, c@x.org, d@x.org or 3 others that are listed may enter.']
  ]
  for (const [options, sentence] of table) t.equal(createEntry(options).describe('anyone with an account at Acme'), sentence)
})

t.test('a list that names nobody never means everyone', async t => {
  for (const options of [{ allowedDomains: [] }, { allowedDomains: ['*'] }, { allowedEmails: [] }, { allowedEmails: ['ann'] }, { allowedGroups: [] }, { allowedEmailsFile: file() }, { allowedEmailsFile: file('ann') }, { allowedRoles: [] }, { teamIds: [] }, { allowedOrganizations: [] }, { allowSignUp: false }, { providers: [{ id: 'p', entry: { teamIds: [] } }] }]) {
    t.ok(createEntry(options).refuse({ ...person('ann@b.com', 'x'), role: 'Admin', teams: ['x'], organizations: ['x'] }), JSON.stringify(options))
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
