import t from 'tap'
import { advise } from '../../src/identity/jmespath-advice.ts'
import { documentOf, Expression } from '../../src/identity/jmespath.ts'
import { load, problems } from '../config/setup.ts'

const advanced = 'contains(info.roles[*], \'admin\') && \'Admin\' || contains(info.roles[*], \'editor\') && \'Editor\' || \'Viewer\''

/** What was written, what was meant, and claims by which the two differ: what is meant has this result. */
const mistakes: readonly (readonly [written: string, meant: string, claims: unknown, result: unknown])[] = [
  ['"Admin"', '\'Admin\'', {}, 'Admin'],
  ['"viewer"', '\'viewer\'', {}, 'viewer'],
  ['"\'Admin\'"', '\'Admin\'', {}, 'Admin'],
  ['"contains(groups, \'a\') && \'Admin\'"', 'contains(groups, \'a\') && \'Admin\'', { groups: ['a'] }, 'Admin'],
  ['"groups[*]"', 'groups[*]', { groups: ['a'] }, ['a']],
  ['"not_null(a, b)"', 'not_null(a, b)', { b: 'x' }, 'x'],
  ['\'email\'', 'email', { email: 'a@b.c' }, 'a@b.c'],
  ['\'contains(groups, \\\'a\\\') && role\'', 'contains(groups, \'a\') && role', { groups: ['a'], role: 'Editor' }, 'Editor'],
  ['contains(groups, "admins") && "Admin"', 'contains(groups, \'admins\') && \'Admin\'', { groups: ['admins'] }, 'Admin'],
  ['contains(groups[*], "team-a") && \'Admin\'', 'contains(groups[*], \'team-a\') && \'Admin\'', { groups: ['team-a'] }, 'Admin'],
  ['contains("cognito:groups", "CN=a,OU=b")', 'contains("cognito:groups", \'CN=a,OU=b\')', { 'cognito:groups': ['CN=a,OU=b'] }, true],
  ['role == "admin" && \'Admin\' || \'Viewer\'', 'role == \'admin\' && \'Admin\' || \'Viewer\'', { role: 'admin' }, 'Admin'],
  ['role == \'admin\' && "Admin" || "Viewer"', 'role == \'admin\' && \'Admin\' || \'Viewer\'', {}, 'Viewer'],
  ['email == "ada@example.com" && \'Admin\'', 'email == \'ada@example.com\' && \'Admin\'', { email: 'ada@example.com' }, 'Admin'],
  ['role != "none" && role', 'role != \'none\' && role', { role: 'none' }, false],
  ['"admin" == role && \'Admin\'', '\'admin\' == role && \'Admin\'', { role: 'admin' }, 'Admin'],
  ['groups[?@ == "admins"]', 'groups[?@ == \'admins\']', { groups: ['admins', 'x'] }, ['admins']],
  ['starts_with(email, "ada") && \'Admin\'', 'starts_with(email, \'ada\') && \'Admin\'', { email: 'ada@b.c' }, 'Admin'],
  ['ends_with(email, "@b.c") ? "Editor" : "Viewer"', 'ends_with(email, \'@b.c\') ? \'Editor\' : \'Viewer\'', { email: 'a@b.c' }, 'Editor'],
  ['join(", ", groups)', 'join(\', \', groups)', { groups: ['a', 'b'] }, 'a, b'],
  ['contains(groups, "it\'s") && \'Admin\'', 'contains(groups, \'it\\\'s\') && \'Admin\'', { groups: ['it\'s'] }, 'Admin'],
  ['contains(groups, "a\\\\b") && \'Admin\'', 'contains(groups, \'a\\\\b\') && \'Admin\'', { groups: ['a\\b'] }, 'Admin'],
  ['active && "Grafana Admin"', 'active && \'Grafana Admin\'', { active: true }, 'Grafana Admin'],
  ['resource_access.grafana-client.roles', 'resource_access."grafana-client".roles', { resource_access: { 'grafana-client': { roles: ['a'] } } }, ['a']],
  ['my-very-long-claim', '"my-very-long-claim"', { 'my-very-long-claim': 'x' }, 'x'],
  ['contains(my-app.roles, \'a\') && other-claim', 'contains("my-app".roles, \'a\') && "other-claim"', { 'my-app': { roles: ['a'] }, 'other-claim': 'x' }, 'x'],
  ['example/roles', '"example/roles"', { 'example/roles': ['a'] }, ['a']],
  ['[login == \'ada\'] && \'Admin\' || \'Viewer\'', '(login == \'ada\') && \'Admin\' || \'Viewer\'', { login: 'eve' }, 'Viewer'],
  ['[login == \'ada\', login == \'bob\'] && \'Admin\' || \'Viewer\'', '(login == \'ada\' || login == \'bob\') && \'Admin\' || \'Viewer\'', { login: 'eve' }, 'Viewer'],
  ['active && [contains(groups, \'a\')] && \'Admin\' || \'Viewer\'', 'active && (contains(groups, \'a\')) && \'Admin\' || \'Viewer\'', { active: true, groups: [] }, 'Viewer'],
  ['![blocked] && \'Editor\'', '!(blocked) && \'Editor\'', { blocked: false }, 'Editor'],
  ['[a] ? \'Admin\' : \'Viewer\'', '(a) ? \'Admin\' : \'Viewer\'', {}, 'Viewer'],
  ['[login == "ada"] && "Admin" || "Viewer"', '(login == \'ada\') && \'Admin\' || \'Viewer\'', { login: 'eve' }, 'Viewer'],
  ['contains(groups, \'a\') && \'Admin\' || contains(roles, \'b\') && \'Editor\'', 'contains(groups || `[]`, \'a\') && \'Admin\' || contains(roles, \'b\') && \'Editor\'', { roles: ['b'] }, 'Editor'],
  ['contains(info.roles[*], \'a\') && \'Admin\' || role', 'contains(info.roles[*] || `[]`, \'a\') && \'Admin\' || role', { role: 'Editor' }, 'Editor'],
  ['contains(groups, "a") && "Admin" || contains(roles, "b") && "Editor"', 'contains(groups || `[]`, \'a\') && \'Admin\' || contains(roles, \'b\') && \'Editor\'', { roles: ['b'] }, 'Editor'],
  ['(contains( groups , \'a\') && \'Admin\') || title', '(contains( groups || `[]` , \'a\') && \'Admin\') || title', { title: 'Editor' }, 'Editor'],
  ['starts_with(department, \'IT\') && \'Admin\' || role', 'starts_with(department || \'\', \'IT\') && \'Admin\' || role', { role: 'Editor' }, 'Editor'],
  ['contains(groups, \'a\') ? \'Admin\' : role', 'contains(groups || `[]`, \'a\') ? \'Admin\' : role', { role: 'Editor' }, 'Editor']
]

t.test('each common mistake is told with what was meant, which then does what was meant', async t => {
  for (const [written, meant, claims, result] of mistakes) {
    const advice = advise(written)
    t.equal(advice?.corrected, meant, written)
    t.ok((advice?.found.length ?? 0) > 0)
    t.equal(advise(meant), undefined, `and nothing is wrong with ${meant}`)
    const [before, after] = [new Expression(written), new Expression(meant)].map(expression => expression.asValue(documentOf(claims)))
    t.same(after, result, `${meant} of ${JSON.stringify(claims)}`)
    t.notSame(before, result, 'which it was not')
  }
})

const sane = [
  'role', advanced, 'info.groups', 'info.roles[*]', 'email', '"email"', '"my claim"', '"cognito:groups"', '"https://ns.example/roles"[0]', '"https://ns.example/roles"', '"grafana-client".roles', 'resource_access."grafana-client".roles[*]',
  'groups', 'groups[*]', 'groups[?@ != \'x\']', 'groups[?starts_with(@, \'team-\')]', 'groups[?contains(@, \'admin\')]', '[group]', '[primary, secondary]', '[a, b][]', 'values[*].workspace.slug', '[*].to_string(id)', 'teams[*].{id: id, "name": name}',
  'not_null(mail, email, upn)', '"mail" || "upn"', 'mail || "user.principal"', 'join(\' \', [given_name, family_name])', 'not_null(groups, `[]`)', 'contains(groups || `[]`, \'a\') && \'Admin\' || contains(roles || `[]`, \'b\') && \'Editor\' || \'Viewer\'',
  'contains(not_null(groups, `[]`), \'a\') && \'Admin\' || role', 'groups && contains(groups, \'a\') && \'Admin\' || role', 'contains(groups, \'admins\') && \'Admin\' || contains(groups, \'editors\') && \'Editor\' || \'Viewer\'', 'contains(groups, \'a\') && email_verified && \'Admin\'',
  'contains(groups[*], \'a\') && \'GrafanaAdmin\'', '\'Admin\'', '\'Viewer\'', 'is_admin && \'Admin\' || \'Viewer\'', 'email == \'ada@example.com\' && \'Admin\' || \'Viewer\'', '"my role" == \'admin\' && \'Admin\'', '"role-name" == `"admin"`', 'sub == "https://ns.example/owner"', 'age - `1`', 'a - b', 'total / count', 'sort_by(groups, &name)[-1].name',
  'let $r = realm_access.roles in contains($r, \'a\') && \'Admin\' || \'Viewer\'', 'contains(groups, \'a\') ? \'Admin\' : \'Viewer\'', 'groups[0:5]', 'groups[?name == \'x\'].id | [0]', 'people[?[0] == \'x\']', 'length(groups || `[]`) > `3` && \'Admin\'', 'merge(@, attributes).role', 'to_string(id)', 'split(\',\', roles)', 'contains(["a-b", c], \'x\')', '{"Admin": a, "b-c": d}.Admin', '@', '*.role | [0]', 'a."Admin"'
]

t.test('a sane expression is not complained about', async t => {
  t.ok(sane.length > 40)
  for (const text of sane) t.same(advise(text), undefined, text)
})

t.test('what is true for everybody is no condition', async t => {
  for (const [written, meant] of [['[contains(groups, \'a\')]', '(contains(groups, \'a\'))'], ['\'is_admin\'', 'is_admin'], ['[a == \'x\', b == \'y\']', '(a == \'x\' || b == \'y\')']] as const) {
    t.equal(advise(written, true)?.corrected, meant)
    t.equal(new Expression(written).asTruth(documentOf({ groups: [] })), true)
    t.equal(new Expression(meant).asTruth(documentOf({ groups: [] })), false)
    t.equal(advise(meant, true), undefined)
  }
  for (const text of ['contains(groups, \'a\')', 'groups', 'email == \'a@b.c\'', '!blocked', '"Admin"', 'groups[?@ == \'a\']']) t.equal(advise(text, true), undefined, text)
})

t.test('the document’s example gives what is right without the claim: no result, and so the next source or the default role', async t => {
  t.equal(new Expression(advanced).asText(documentOf({})), undefined)
  t.equal(new Expression(advanced).asText(documentOf({ info: { roles: [] } })), 'Viewer')
})

t.test('the start says it, and starts', async t => {
  const { config, notices } = load({ 'role-attribute-path': 'contains(groups, "admins") && "Admin"' })
  t.strictSame(notices, ['--role-attribute-path has "admins", which is the name of a claim: the text is \'admins\'; it has "Admin", which is the name of a claim: the text is \'Admin\'; probably meant: contains(groups, \'admins\') && \'Admin\''])
  t.equal(config.providers[0].roleAttributePath?.text, 'contains(groups, "admins") && "Admin"', 'as it was written')
  t.strictSame(load({ 'role-attribute-path': advanced, 'groups-attribute-path': 'info.groups' }).notices, [])
  t.match(problems(() => load({ 'role-attribute-path': 'contains(groups, `SRE`)' })), [{ message: /no JSON \(a text is written 'SRE'\)/ }])
})
