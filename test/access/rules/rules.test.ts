import t from 'tap'
import { fold, parsePrefix } from '../../../src/access/rules/prefix.ts'
import { compileRules, type RuleConfig } from '../../../src/access/rules/rules.ts'
import type { Identity } from '../../../src/identity/identity.ts'

const person = (...groups: string[]): Identity => ({ provider: 'p', subject: '1', user: 'ann', groups, teams: [], organizations: [], claims: {} })
const GET = { method: 'GET', host: 'app.example.com' }
const names = (rules: readonly RuleConfig[], reading: string) => compileRules(rules).match(reading, GET).map(rule => rule.name)

t.test('a prefix covers whole segments', async t => {
  const admin = parsePrefix('/admin')
  for (const path of ['/admin', '/admin/', '/admin/x/y']) t.ok(admin?.covers(path), path)
  for (const path of ['/', '/administer', '/admin.json', '/x/admin', '/Admin']) t.notOk(admin?.covers(path), path)
  t.ok(admin?.coversFolded(fold('/ADMIN/x')))
  t.ok(parsePrefix('/')?.covers('/anything'))
  t.equal(parsePrefix('/admin/')?.path, '/admin', 'a trailing slash means nothing')
})

t.test('a prefix is known in every way in which its own letters are written', async t => {
  const prefix = parsePrefix('/größe der')
  t.equal(parsePrefix('/gr%C3%B6%C3%9Fe%20der')?.path, prefix?.path)
  for (const path of ['/größe der/x', '/gr%C3%B6%C3%9Fe%20der/x', '/gr%c3%b6%c3%9fe%20der', '/grÃ¶Ã\x9fe der']) t.ok(prefix?.covers(path), path)
  t.notOk(prefix?.covers('/gr/x'))
})

t.test('a prefix of several readings is none', async t => {
  for (const text of ['', 'admin', '/a//b', '/a/../b', '/a;b', '/a%2fb', '/a\\b', '/a#b', '/a?b', '/a.', '/\ud800', 'http://x/', '//', '/%61']) t.equal(parsePrefix(text), null, text)
})

t.test('folding forgets what careless servers forget', async t => {
  for (const text of ['/ADMIN', '/admın', '/ADMİN', '/ａｄｍｉｎ', '/ádmin']) t.equal(fold(text), '/admin', text)
  t.equal(fold('/straße'), '/strasse')
  t.equal(fold('/Kaſ'), '/kas')
})

t.test('the first rule that covers a path decides', async t => {
  const rules: readonly RuleConfig[] = [{ path: '/a/open', allow: 'public' }, { path: '/a', allow: { groups: ['x', 'y'] } }]
  t.strictSame(names(rules, '/a/open/z'), ['the rule for /a/open'])
  t.strictSame(names(rules, '/a/opener'), ['the rule for /a'])
  t.strictSame(names(rules, '/b'), ['no rule'])
  t.strictSame(names(rules, '/a/OPEN'), ['the rule for /a', 'the rule for /a/open'], 'in another letter case it falls under both')
  t.strictSame(names(rules, '/A'), ['no rule', 'the rule for /a'])
  t.equal(compileRules(rules).uniform, null)
})

t.test('a suffix does not lead past a rule: /admin.json also asks the rule for /admin', async t => {
  const rules: readonly RuleConfig[] = [{ path: '/admin/open.txt', allow: 'public' }, { path: '/admin', allow: { groups: ['x'] } }, { path: '/admin.b', allow: { groups: ['y'] } }, { path: '/static', allow: 'public' }, { path: '/', allow: 'signed-in' }]
  const both = ['the rule for /', 'the rule for /admin']
  for (const path of ['/admin.json', '/admin.', '/admin.a/b', '/ADMIN.json', '/admin..']) t.strictSame(names(rules, path), both, path)
  t.strictSame(names(rules, '/admin.b.json'), [...both, 'the rule for /admin.b'], 'each rule that it continues')
  t.strictSame(names(rules, '/admin.b'), ['the rule for /admin.b', 'the rule for /admin'])
  for (const path of ['/administer', '/administer.json', '/x/admin.json', '/', '/x.y']) t.strictSame(names(rules, path), ['the rule for /'], path)
  for (const path of ['/static/app.js', '/static/admin.json', '/static.d/../static/a.b']) t.notOk(names(rules, path).includes('the rule for /admin'), path)
  t.strictSame(names(rules, '/static/app.js'), ['the rule for /static'])
  t.strictSame(names([{ path: '/app.js', allow: 'public' }, { path: '/app', allow: { groups: ['x'] } }], '/app.js'), ['the rule for /app.js'], 'a rule of its own, written first, decides')
  t.strictSame(names([{ path: '/App.js', allow: 'public' }, { path: '/app', allow: { groups: ['x'] } }], '/app.js'), ['no rule', 'the rule for /App.js', 'the rule for /app'], 'in its own letter case only')
})

t.test('a rule admits whom it names and gives the others a reason in plain words', async t => {
  const [rule] = compileRules([{ path: '/a', allow: { groups: ['admins'] } }]).match('/a', GET)
  t.equal(rule?.open, false)
  t.equal(rule?.refuse(person('x', 'admins')), null)
  t.strictSame(rule?.refuse(person('admin', 'Admins', ' admins', 'admins,x')), { reason: 'this page needs the group admins', detail: 'the rule for /a asks for the group admins' })
  const [either] = compileRules([{ path: '/', allow: { groups: ['a', 'b'] } }]).match('/', GET)
  t.equal(either?.refuse(person('b')), null)
  t.equal(either?.refuse(person())?.reason, 'this page needs one of the groups a, b')
})

t.test('without rules everything is for those signed in; with rules, what none covers is for nobody', async t => {
  const none = compileRules([])
  t.equal(none.uniform?.open, false)
  t.equal(none.uniform?.refuse(person()), null)
  const [rule] = compileRules([{ path: '/a', allow: 'public' }]).match('/b', GET)
  t.equal(rule?.open, false)
  t.equal(rule?.refuse(person('admins'))?.reason, 'this page is open to nobody')
})

t.test('what is open is said in plain words', async t => {
  t.strictSame(compileRules([]).describeOpen(), ['Everything is open to whoever is signed in.'])
  t.strictSame(compileRules([{ path: '/p', allow: 'public' }, { path: '/a', allow: { groups: ['x'] } }, { path: '/b', allow: { groups: ['x', 'y'] } }]).describeOpen(), [
    'Open to everyone: /p and everything below; the app is told of nobody.',
    '/a and everything below is open to members of x.',
    '/b and everything below is open to members of any of x, y.',
    'Nothing else is open to anyone.'
  ])
  t.strictSame(compileRules([{ path: '/', allow: 'public' }]).describeOpen(), ['Open to everyone: everything; the app is told of nobody.'])
})

t.test('a rule that could mean something else is refused at the start', async t => {
  t.throws(() => compileRules([{ path: '/a//b', allow: 'public' }]), { message: 'the path of a rule must begin with / and have one reading: /a//b' })
  t.throws(() => compileRules([{ path: '/a', allow: { groups: [] } }]), { message: 'the rule for /a has an empty list of groups' })
})
