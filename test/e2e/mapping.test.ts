import t from 'tap'
import { startGate } from '../fixtures/gate.ts'
import { Visitor } from '../fixtures/visitor.ts'

const person = (login: string, claims: Record<string, unknown>) => ({ login, about: login, claims: { sub: `m-${login}`, preferred_username: login, name: login, ...claims } })
const people = [
  person('eve', { groups: ['engineers', 'analysts'], email: 'eve@example.com', email_verified: true }),
  person('rob', { groups: ['admins'], email: 'rob@example.com', email_verified: true }),
  person('out', { groups: ['others'], email: 'out@example.com', email_verified: true })
]
const settings = {
  loginAttributePath: 'sub', nameAttributePath: 'join(\' of \', [name, groups[0]])', groupsAttributePath: 'groups[?@ != \'analysts\']', emailAttributePath: 'not_null(mail, email)',
  roleAttributePath: 'contains(groups, \'admins\') && \'grafanaadmin\' || contains(groups, \'engineers\') && \'EDITOR\''
}

t.test('paths find role, groups, address, login and name in a real sign-in, and the app is told', async t => {
  const { origin, app } = await startGate(t, { provider: { people }, settings })
  const visitor = new Visitor()
  t.match(await visitor.signIn(`${origin}/page`, 'eve'), { status: 200, address: `${origin}/page` })
  t.match(app.received.at(-1)?.headers, { 'x-forwarded-role': 'Editor', 'x-forwarded-groups': 'engineers', 'x-forwarded-email': 'eve@example.com', 'x-forwarded-preferred-username': 'm-eve', 'x-forwarded-name': 'eve of engineers' })
  const { body } = await visitor.ask(`${origin}/oauth2/userinfo`)
  t.match(JSON.parse(body), { role: 'Editor', groups: ['engineers'], email: 'eve@example.com', login: 'm-eve', name: 'eve of engineers' })
  await new Visitor().signIn(`${origin}/`, 'rob')
  t.match(app.received.at(-1)?.headers, { 'x-forwarded-role': 'Admin', 'x-forwarded-groups': 'admins' })
  await new Visitor().signIn(`${origin}/`, 'out')
  t.match(app.received.at(-1)?.headers, { 'x-forwarded-role': 'Viewer' }, 'and whom the path gives none has the default')
})

t.test('strict refuses with 403 and a reason, and makes no session', async t => {
  const { origin, app } = await startGate(t, { provider: { people }, settings: { ...settings, roleAttributeStrict: true } })
  const visitor = new Visitor()
  const page = await visitor.signIn(`${origin}/`, 'out')
  t.match(page, { status: 403, body: /this site is for people with a role, and the sign-in service gave you none/i })
  t.notMatch(page.body, /grafanaadmin|engineers/, 'the expression is the operator’s')
  t.equal((await visitor.ask(`${origin}/oauth2/userinfo`, { headers: { accept: 'application/json' } })).status, 401)
  await new Visitor().signIn(`${origin}/`, 'eve')
  t.match(app.received.map(({ headers }) => headers['x-forwarded-role']), ['Editor'], 'and nothing of whom it refused reached the app')
})

t.test('groups that a path finds are those that allowed-groups is about; none found is said to be missing', async t => {
  const { origin, app } = await startGate(t, { provider: { people }, settings: { groupsAttributePath: 'realm.groups', allowedGroups: ['engineers'] } })
  t.match(await new Visitor().signIn(`${origin}/`, 'eve'), { status: 403, body: /GATE_GROUPS_MISSING/ })
  t.equal(app.received.length, 0)
})
