import t from 'tap'
import { createJudge } from '../../src/access/judge.ts'
import { compileRules, type RuleConfig } from '../../src/access/rules/rules.ts'
import type { Identity } from '../../src/identity/identity.ts'

const person: Identity = { provider: 'p', subject: '1', user: 'ann', groups: [], teams: [], organizations: [], claims: {} }
const admin: Identity = { ...person, groups: ['admins'] }
const GET = { method: 'GET', host: 'app.example.com' }
const judge = (rules: readonly RuleConfig[], ...paths: string[]) => createJudge({ upstreams: (paths.length > 0 ? paths : ['/']).map(path => ({ path })), rules: compileRules(rules) })

t.test('one upstream and no path rule: every spelling passes untouched to those signed in', async t => {
  const { place, decide } = judge([])
  for (const target of ['/', '/a?b=c', '/a%2fb', '//x', '/../..', '/a;b', '/%00', '/a#b', '/%25252e', '/' + 'a%2f'.repeat(5_000)]) {
    const found = place(target)
    t.match(found, { target, path: target.split('?', 1).join(), upstream: 0, crosses: false })
    t.strictSame(found.readings, [], 'nothing is read')
    t.strictSame(decide(found, GET, person), { verdict: 'admitted', anonymous: false })
    t.strictSame(decide(found, GET, null), { verdict: 'sign-in' })
  }
})

t.test('one rule for everything is as cheap', async t => {
  const open = judge([{ path: '/', allow: 'public' }, { path: '/never', allow: { groups: ['x'] } }])
  t.strictSame(open.place('/a%2fb').readings, [])
  t.strictSame(open.decide(open.place('/a%2fb'), GET, null), { verdict: 'admitted', anonymous: true })
  const staff = judge([{ path: '/', allow: { groups: ['staff'] } }])
  t.match(staff.decide(staff.place('/a%2fb'), GET, person), { verdict: 'denied', reason: 'this page needs the group staff' })
})

t.test('a target that is no path is refused even then', async t => {
  const { place, decide } = judge([{ path: '/', allow: 'public' }])
  for (const target of ['', '*', '?a', 'a', 'http://h/a', 'h:443']) {
    t.match(decide(place(target), GET, person), { verdict: 'ambiguous' }, target)
    t.match(decide(place(target), GET, null), { verdict: 'sign-in' })
  }
})

t.test('verdicts by path and person', async t => {
  const rules: readonly RuleConfig[] = [{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/public', allow: 'public' }, { path: '/app', allow: 'signed-in' }]
  const { place, decide } = judge(rules)
  const table: readonly (readonly [string, string, string, string])[] = [
    // target, a stranger, somebody, an admin
    ['/public/a', 'admitted', 'admitted', 'admitted'],
    ['/public/a%2fb', 'admitted', 'admitted', 'admitted'],
    ['/public/a%20b?next=/admin', 'admitted', 'admitted', 'admitted'],
    ['/public/../app', 'sign-in', 'ambiguous', 'ambiguous'],
    ['/public/..%2fadmin', 'sign-in', 'ambiguous', 'ambiguous'],
    ['/public/x/../y', 'admitted', 'admitted', 'admitted'],
    ['/public/../public', 'sign-in', 'ambiguous', 'ambiguous'],
    ['/PUBLIC', 'sign-in', 'ambiguous', 'ambiguous'],
    ['/public;x', 'sign-in', 'ambiguous', 'ambiguous'],
    ['/app', 'sign-in', 'admitted', 'admitted'],
    ['/app/%2e', 'sign-in', 'admitted', 'admitted'],
    ['/app/..%2fadmin', 'sign-in', 'ambiguous', 'ambiguous'],
    ['/admin', 'sign-in', 'denied', 'admitted'],
    ['/admin/%61', 'sign-in', 'denied', 'admitted'],
    ['/admin/a%2fb', 'sign-in', 'denied', 'admitted'],
    ['/%61dmin', 'sign-in', 'denied', 'ambiguous'],
    ['/Admin', 'sign-in', 'denied', 'ambiguous'],
    ['/admin/../app', 'sign-in', 'ambiguous', 'ambiguous'],
    ['/admin.json', 'sign-in', 'denied', 'ambiguous'],
    ['/public../admin/x', 'sign-in', 'ambiguous', 'ambiguous'],
    ['/public%2e%2e/admin/x', 'sign-in', 'ambiguous', 'ambiguous'],
    ['/public.txt', 'sign-in', 'ambiguous', 'ambiguous'],
    ['/other', 'sign-in', 'denied', 'denied'],
    ['/other%2fx', 'sign-in', 'denied', 'denied'],
    ['/../../etc', 'sign-in', 'ambiguous', 'ambiguous']
  ]
  for (const [target, ...expected] of table) {
    t.strictSame([null, person, admin].map(identity => decide(place(target), GET, identity).verdict), expected, target)
  }
})

t.test('no script in the way, and no + for a space, leads past a rule', async t => {
  const { place, decide } = judge([{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/my reports', allow: { groups: ['admins'] } }, { path: '/index.php/open', allow: 'public' }, { path: '/open', allow: 'public' }, { path: '/', allow: 'signed-in' }])
  const table: readonly (readonly [string, string, string, string])[] = [
    // target, a stranger, somebody, an admin
    ['/index.php/admin', 'sign-in', 'ambiguous', 'admitted'],
    ['/INDEX.PHP/Admin/x', 'sign-in', 'ambiguous', 'admitted'],
    ['/app.cgi/admin.json', 'sign-in', 'ambiguous', 'admitted'],
    ['/index.php/x', 'sign-in', 'admitted', 'admitted'],
    ['/index.php/open/x', 'admitted', 'admitted', 'admitted'],
    ['/other.php/open', 'sign-in', 'admitted', 'admitted'],
    ['/index.phpx/admin', 'sign-in', 'admitted', 'admitted'],
    ['/admin/index.php', 'sign-in', 'denied', 'admitted'],
    ['/my+reports', 'sign-in', 'ambiguous', 'admitted'],
    ['/my%2breports/x', 'sign-in', 'ambiguous', 'admitted'],
    ['/wiki/C++', 'sign-in', 'admitted', 'admitted']
  ]
  for (const [target, ...expected] of table) {
    t.strictSame([null, person, admin].map(identity => decide(place(target), GET, identity).verdict), expected, target)
  }
})

t.test('a stranger learns nothing but that one has to sign in', async t => {
  const { place, decide } = judge([{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/public', allow: 'public' }], '/admin', '/public')
  for (const target of ['/admin', '/nothing', '/%2e%2e/x', '/public/../admin', '/a//b']) t.strictSame(decide(place(target), GET, null), { verdict: 'sign-in' }, target)
})

t.test('why somebody is not let in: plain words for them, the rule for the log', async t => {
  const { place, decide } = judge([{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/', allow: 'signed-in' }])
  t.strictSame(decide(place('/admin?token=x'), GET, person), { verdict: 'denied', reason: 'this page needs the group admins', detail: 'the rule for /admin asks for the group admins' })
  const refused = decide(place('/x/..%2fadmin?token=x'), GET, person)
  t.strictSame(refused, { verdict: 'ambiguous', detail: '/x/..%2fadmin falls under the rule for / and the rule for /admin: the rule for /admin asks for the group admins' })
  t.notMatch(JSON.stringify(refused), 'token', 'and no query is ever repeated')
})

t.test('the longest prefix has the path, in its own letter case', async t => {
  const { place, decide } = judge([], '/a', '/', '/a/b')
  const table: readonly (readonly [string, number])[] = [['/a', 0], ['/a/', 0], ['/a/x', 0], ['/a/b', 2], ['/a/b/c', 2], ['/a/bc', 0], ['/ab', 1], ['/A', 1], ['/', 1], ['/a/x%2fy', 0], ['/x?/a/b', 1]]
  for (const [target, upstream] of table) {
    t.equal(place(target).upstream, upstream, target)
    t.equal(decide(place(target), GET, person).verdict, 'admitted')
  }
})

t.test('a path that leads to two upstreams leads to none', async t => {
  const { place, decide } = judge([], '/a', '/b')
  for (const target of ['/a/../b', '/a%2f..%2fb', '/a\\..\\b/x', '//b/a', '/a/../a/x', '/a;/b/../../b']) {
    t.match(place(target), { upstream: -1, crosses: true }, target)
    t.equal(decide(place(target), GET, admin).verdict, 'ambiguous')
  }
})

t.test('a path that no upstream has', async t => {
  const { place, decide } = judge([], '/a', '/b')
  t.match(place('/c'), { upstream: -1, crosses: false })
  t.strictSame(decide(place('/c'), GET, person), { verdict: 'nowhere', detail: 'no upstream serves /c' })
  t.strictSame(decide(place('/c'), GET, null), { verdict: 'sign-in' }, 'and strangers are not told')
  const single = judge([], '/app')
  t.equal(single.decide(single.place('/other'), GET, person).verdict, 'nowhere')
  t.equal(single.decide(single.place('/app/../other'), GET, person).verdict, 'ambiguous')
})

t.test('nothing climbs out of the base path of an upstream', async t => {
  const { place, decide } = createJudge({ upstreams: [{ path: '/', basePath: '/base' }], rules: compileRules([]) })
  for (const target of ['/..', '/../x', '/a/../../x', '/%2e%2e/x', '/..%2fx', '/..;/x', '/\\..\\x']) t.equal(decide(place(target), GET, admin).verdict, 'ambiguous', target)
  for (const target of ['/', '/a/../b', '/a%2fb', '/a;b']) t.match(place(target), { target, upstream: 0 })
})

t.test('upstreams whose paths are the same, or no paths, are refused at the start', async t => {
  t.throws(() => judge([], '/a', '/a/'), { message: 'two upstreams have the path /a' })
  t.throws(() => judge([], '/a/../b', '/'), { message: 'the path of an upstream must begin with / and have one reading only: /a/../b' })
})
