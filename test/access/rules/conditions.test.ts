import t from 'tap'
import { refuseBy, type Conditions } from '../../../src/access/rules/conditions.ts'
import { identityDocument } from '../../../src/identity/identity-document.ts'
import type { Identity } from '../../../src/identity/identity.ts'
import { Expression } from '../../../src/identity/jmespath.ts'
import { identities } from '../decisions.ts'

const ada = identities.ada as Identity
const dev = identities.dev as Identity
const why = (conditions: Conditions, identity: Identity = dev, reason?: string) => refuseBy('the rule for /a', conditions, reason)(identity)
const holds = (condition: string, identity: Identity = ada) => why({ condition: new Expression(condition) }, identity) === null

t.test('who is refused is told in plain words what the page needs; the log is told by which rule', async t => {
  t.strictSame(why({ groups: ['a'] }), { reason: 'this page needs the group a', detail: 'the rule for /a asks for the group a' })
  t.strictSame(why({ roles: ['Editor', 'Admin'] }), { reason: 'this page needs the role Editor or Admin', detail: 'the rule for /a asks for the role Editor or Admin' })
  t.strictSame(why({ emails: ['x@b.example', 'y@b.example'] }), { reason: 'this page needs an address that is on its list', detail: 'the rule for /a asks for one of the 2 addresses of its list' })
  t.strictSame(why({ condition: new Expression('groups') }), { reason: 'this page needs another kind of account', detail: 'the rule for /a asks for the condition groups' })
  t.strictSame(why({ groups: ['a'], roles: ['Admin'], provider: ['oidc'] }), { reason: 'this page needs the group a and the role Admin', detail: 'the rule for /a asks for the group a and the role Admin' })
  t.strictSame(why({ groups: ['a'] }, dev, 'Only for people on call.'), { reason: 'Only for people on call.', detail: 'the rule for /a asks for the group a' })
  t.equal(why({ groups: ['staff'], roles: ['Admin'], emails: ['ADA@example.com'], provider: ['oidc'], condition: new Expression('user') }, ada), null)
  for (const conditions of [{}, { groups: [] }, { roles: [] }, { emails: [] }, { provider: [] }] as const) t.throws(() => why(conditions), { message: /has an empty list of/ })
})

t.test('an address counts in the one strict grammar', async t => {
  const emails = ['ann@example.com']
  for (const email of ['ann@example.com', 'Ann@Example.COM']) t.equal(why({ emails }, { ...dev, email }), null, email)
  for (const email of ['ann@example.com ', '"ann"@example.com', 'ann@example.com@evil.example', 'bob@example.com', '']) t.not(why({ emails }, { ...dev, email }), null, email)
  const nobody: Identity = { provider: 'p', subject: '1', user: 'ann@example.com', groups: [], teams: [], organizations: [], claims: {} }
  t.not(why({ emails }, nobody), null, 'nor does nothing')
})

t.test('a condition sees the identity in our words, each field, and null where there is nothing', async t => {
  for (const condition of ['provider == \'oidc\'', 'subject == \'demo-ada\'', 'user', 'login == \'ada\'', 'email', 'name', 'role == \'Admin\'', 'contains(groups, \'admins\')', 'teams == `[]`', 'organizations == `[]`', 'claims == `{}`']) t.ok(holds(condition), condition)
  const bare: Identity = { provider: 'p', subject: '1', user: 'u', groups: [], teams: [], organizations: [], claims: { department: 'sales', __proto__: { evil: true } } }
  for (const condition of ['login == null', 'email == null', 'name == null', 'role == null', 'claims.department == \'sales\'', 'claims.evil == null', '!tenant']) t.ok(holds(condition, bare), condition)
  t.equal(identityDocument(ada), identityDocument(ada), 'it is made once')
})

t.test('truth is JMESPath’s own, and what fails is not true', async t => {
  for (const condition of ['`0`', '`"a"`', '`[0]`', '`{"a": null}`', '`true`', '!email || email', 'not_null(x, `0`)']) t.ok(holds(condition), condition)
  for (const condition of ['`false`', '`null`', '`""`', '`[]`', '`{}`', 'x.y.z', 'abs(name)', '!abs(name)', 'sum(groups)', 'email && abs(groups)', 'groups[?abs(@) > `0`]']) t.notOk(holds(condition), condition)
  let deep: unknown = 'x'
  for (let level = 0; level < 100; level++) deep = [deep]
  t.notOk(holds('`true`', { ...ada, claims: { deep } }), 'nothing holds of an identity that cannot be looked at')
})

t.test('an identity is judged once by each rule, however many requests it makes', async t => {
  let count = 0
  class Counted extends Expression {
    override asTruth (...args: Parameters<Expression['asTruth']>): boolean {
      count++
      return super.asTruth(...args)
    }
  }
  const refuse = refuseBy('the rule for /a', { condition: new Counted('contains(groups, \'admins\')') }, undefined)
  for (let request = 0; request < 5; request++) t.strictSame([refuse(ada) === null, refuse(dev) === null], [true, false])
  t.equal(count, 2)
  t.equal(refuse({ ...dev, groups: ['admins'] }), null, 'and what was said of one is not said of another')
})
