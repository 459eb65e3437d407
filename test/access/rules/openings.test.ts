import t from 'tap'
import { parseGuestEndpoint } from '../../../src/access/rules/guest.ts'
import { createJudge } from '../../../src/access/judge.ts'
import { compileRules, type RuleConfig } from '../../../src/access/rules/rules.ts'
import { parseSkipRoute } from '../../../src/access/rules/skip-route.ts'
import type { Openings } from '../../../src/access/rules/rule.ts'
import { identities } from '../decisions.ts'

const GET = { method: 'GET', host: 'app.example.com' }
const MOVE = { method: 'MOVE', host: 'app.example.com' }
const { ada, cleo } = identities

t.test('a skip-auth-route has to be the whole path, in the syntax of Go', async t => {
  const table: readonly (readonly [expression: string, covered: readonly string[], not: readonly string[]])[] = [
    ['/a|/ab', ['/a', '/ab'], ['/abc', '/', '/a/', 'x/a']],
    ['^/a$', ['/a'], ['/a/', '/ab', '/a\n']],
    ['/a/[^/]+', ['/a/b', '/a/b.c'], ['/a/', '/a/b/c', '/A/b']],
    ['/x/.*', ['/x/', '/x/y/z'], ['/x', '/x/\n', '/y/x/z']],
    ['(?i)/A', ['/a', '/A'], ['/b']],
    ['/\\pL+\\z', ['/größe'], ['/1']],
    ['/a=b', ['/a=b'], ['/a']],
    ['GET=/a=b', ['/a=b'], ['/a']]
  ]
  for (const [text, covered, not] of table) {
    const route = parseSkipRoute(text)
    for (const path of covered) t.ok(route.covers(path), `${text} is ${JSON.stringify(path)}`)
    for (const path of not) t.notOk(route.covers(path), `${text} is not ${JSON.stringify(path)}`)
  }
  t.match(parseSkipRoute('get=/a'), { method: 'GET', negated: false, text: 'get=/a' })
  t.match(parseSkipRoute('M-SEARCH!=/a'), { method: 'M-SEARCH', negated: true })
  t.match(parseSkipRoute('!=/a'), { method: undefined, negated: true })
  t.match(parseSkipRoute('=/a'), { method: undefined, negated: false })
})

t.test('with != whatever looks like what stays closed stays closed', async t => {
  const route = parseSkipRoute('!=^/(admin|account)')
  for (const path of ['/', '/x', '/x/admin', '/adm']) t.ok(route.covers(path), path)
  for (const path of ['/admin', '/admin/x', '/ADMIN', '/admın', '/ａdmin', '/Account.json', '/account\n', '/administer']) t.notOk(route.covers(path), path)
  const exact = parseSkipRoute('!=^/admin$')
  for (const path of ['/admin', '/admin/', '/Admin.json', '/admin.a.b/']) t.notOk(exact.covers(path), path)
  t.ok(exact.covers('/admin/x'), 'and what it does not name does not')
})

t.test('a skip-auth-route that means nothing is refused', async t => {
  for (const [text, message] of [['', /has no expression/], ['GET=', /has no expression/], ['GET=/(', /no expression that RE2 knows: .*missing/i], ['/(?=x)', /no expression that RE2 knows/], ['/(a)\\1', /no expression that RE2 knows/], ['health', /begins with \//], ['^health$', /begins with \//]] as const) t.throws(() => parseSkipRoute(text), { message }, text)
})

t.test('no expression takes more than linear time, whatever a stranger asks for', async t => {
  const route = parseSkipRoute('/(a+)+(b|a*)*$')
  const hostile = `/${'a'.repeat(4_000)}!`
  const began = performance.now()
  t.notOk(route.covers(hostile))
  t.ok(performance.now() - began < 2_000, 'a backtracking engine would need longer than the world is old')
})

t.test('a guest endpoint is a page with its three parts, or by /* all that is below it', async t => {
  const covers = (text: string, ...paths: string[]) => paths.map(path => parseGuestEndpoint(text)?.paths.covers(path))
  t.strictSame(covers('/app', '/app', '/app/ws', '/app/metadata', '/app/autoload.js'), [true, true, true, true])
  t.strictSame(covers('/app/', '/app', '/app/', '/app/x', '/app/ws/', '/app/ws/x', '/App', '/', '/ws'), [true, false, false, false, false, false, false, false])
  t.strictSame(covers('/', '/', '/ws', '/metadata', '/autoload.js', '/x', '/ws/x', '//'), [true, true, true, true, false, false, false])
  t.strictSame(covers('/pub/*', '/pub', '/pub/', '/pub/x/y', '/public', '/PUB'), [true, true, true, false, false])
  t.strictSame(covers('/*', '/', '/x/y'), [true, true])
  for (const text of ['app', '', '*', '/a*', '/*/b', '/a/**', '/a//b', '/%61', '/a;b', '/a?b', '/a/../b']) t.equal(parseGuestEndpoint(text), null, text)
})

function moves (rules: readonly RuleConfig[], openings: Openings, from: string, to: string): string {
  const judge = createJudge({ upstreams: [{ path: '/' }], rules: compileRules(rules, openings) })
  return [null, cleo, ada].map(identity => judge.decideDestination(to, 'https://app.example.com', judge.place(from), MOVE, identity).verdict).join(' ')
}

t.test('a page that is open by itself is nothing to copy or move: what lies below it goes along', async t => {
  const rules: readonly RuleConfig[] = [{ path: '/app/secret', allow: { groups: ['admins'] } }, { path: '/', allow: 'signed-in' }]
  t.equal(moves(rules, { guests: ['/app'] }, '/app', '/app/ws'), 'sign-in denied admitted')
  t.equal(moves(rules, { skips: [parseSkipRoute('/(app|copy)')] }, '/app', '/copy'), 'sign-in denied admitted')
  t.equal(moves(rules, { guests: ['/pub/*'] }, '/pub/a', '/pub/b'), 'admitted admitted admitted', 'a whole folder that is open is')
  t.equal(moves([], { optional: true, guests: ['/app'] }, '/app', '/x'), 'admitted admitted admitted')
})

t.test('what is copied or moved is also read and written: rules for other methods have a say', async t => {
  const rules: readonly RuleConfig[] = [{ path: '/private', methods: ['GET'], allow: { groups: ['admins'] } }, { path: '/kept', methods: ['PUT', 'DELETE'], allow: { groups: ['admins'] } }, { path: '/', allow: 'signed-in' }]
  t.equal(moves(rules, {}, '/private/a', '/b'), 'sign-in denied admitted')
  t.equal(moves(rules, {}, '/a', '/kept/b'), 'sign-in denied admitted')
  t.equal(moves(rules, {}, '/a', '/b'), 'sign-in admitted admitted')
})

t.test('the rules that were tried are told in their order, with why each was passed over and what it said', async t => {
  const judge = createJudge({ upstreams: [{ path: '/' }], rules: compileRules([
    { path: '/api', methods: ['POST'], allow: 'public' }, { host: ['b.example'], allow: 'public' }, { path: '/admin', allow: { groups: ['admins'] } }, { path: '/x', allow: 'signed-in' }, { path: '/', allow: 'signed-in' }
  ], { guests: ['/app'], skips: [parseSkipRoute('GET=/health')] }) })
  const explain = (target: string, identity = cleo) => judge.explain(judge.place(target), GET, identity)
  const before = (api: 'path' | 'method') => [
    { rule: 'the skip-auth-route GET=/health', matched: false, missed: 'path' }, { rule: 'the guest endpoint /app', matched: false, missed: 'path' },
    { rule: 'the rule for POST /api', matched: false, missed: api }, { rule: 'the rule for / at b.example', matched: false, missed: 'host' }
  ]
  t.strictSame(explain('/admin/x'), {
    decision: { verdict: 'denied', reason: 'this page needs the group admins', detail: 'the rule for /admin asks for the group admins' },
    rules: [...before('path'), { rule: 'the rule for /admin', matched: true, said: 'refuses', detail: 'the rule for /admin asks for the group admins' }]
  })
  t.strictSame(explain('/api/x'), { decision: { verdict: 'admitted', anonymous: false }, rules: [...before('method'), { rule: 'the rule for /admin', matched: false, missed: 'path' }, { rule: 'the rule for /x', matched: false, missed: 'path' }, { rule: 'the rule for /', matched: true, said: 'admits' }] })
  t.strictSame(explain('/health', null).rules, [{ rule: 'the skip-auth-route GET=/health', matched: true, said: 'admits' }])
  t.strictSame(explain('/x', null).rules.at(-1), { rule: 'the rule for /x', matched: true, said: 'asks to sign in' })
  t.match(explain('/x/..%2fadmin').rules.slice(-3), [
    { rule: 'the rule for /admin', readings: ['/admin'], said: 'refuses' }, { rule: 'the rule for /x', readings: ['/x/..%2fadmin', '/x/../admin'], said: 'admits' }, { rule: 'the rule for /', readings: ['/'], said: 'admits' }
  ], 'each reading by its rule')
  t.match(explain('/Admin').rules, [{}, {}, {}, {}, { rule: 'the rule for /admin', matched: true, nearly: true, said: 'refuses' }, {}, { rule: 'the rule for /', said: 'admits' }])
  const closed = createJudge({ upstreams: [{ path: '/' }], rules: compileRules([{ path: '/a', allow: 'public' }]) })
  t.match(closed.explain(closed.place('/b'), GET, ada).rules, [{ rule: 'the rule for /a', missed: 'path' }, { rule: 'no rule', matched: true, said: 'refuses', detail: 'no rule covers the path' }])
  t.match(closed.explain(closed.place('/../..'), GET, ada), { decision: { verdict: 'ambiguous' }, rules: [] })
  const alone = createJudge({ upstreams: [{ path: '/' }], rules: compileRules([], { optional: true }) })
  t.strictSame(alone.explain(alone.place('/a%2fb'), GET, null), { decision: { verdict: 'admitted', anonymous: true, optional: true }, rules: [{ rule: 'oauth-optional', matched: true, said: 'admits' }] })
})

t.test('what is open is said in one sentence each', async t => {
  t.strictSame(compileRules([{ path: '/p', allow: 'public' }, { path: '/o', methods: ['GET'], host: ['a.example'], allow: 'optional' }, { path: '/r', allow: { roles: ['Editor', 'Admin'], emails: ['a@b.example'] } }], { optional: true, guests: ['/app', '/pub/*'], skips: [parseSkipRoute('GET=/health'), parseSkipRoute('!=^/admin')] }).describeOpen(), [
    'Open to everyone: GET, HEAD of each path that is /health (skip-auth-route); the app is told who is signed in.',
    'Open to everyone: each path that does not match ^/admin (skip-auth-route); the app is told who is signed in.',
    'Open to everyone: /app itself, and ws, metadata and autoload.js directly below it (guest endpoint); the app is told who is signed in.',
    'Open to everyone: /pub and everything below (guest endpoint); the app is told who is signed in.',
    'Open to everyone: /p and everything below; the app is told of nobody.',
    'Open to everyone: GET, HEAD of /o and everything below at a.example; the app is told who is signed in.',
    '/r and everything below is open to whoever is signed in with the role Editor or Admin as a@b.example.',
    'Open to everyone: everything that no rule above is for; the app is told who is signed in.'
  ])
})

t.test('while nobody can say who asks, a path that some server reads as a page which wants to know is not one that is open to all', async t => {
  const { decide, place } = createJudge({ upstreams: [{ path: '/' }], rules: compileRules([{ path: '/pub', allow: 'public' }, { path: '/', allow: 'optional' }]) })
  const decided = (path: string) => decide(place(path), GET, null)
  t.strictSame(decided('/pub/x'), { verdict: 'admitted', anonymous: true })
  for (const path of ['/opt/x', '/pub/..;/opt', '/opt/..;/pub']) t.strictSame(decided(path), { verdict: 'admitted', anonymous: true, optional: true }, path)
})
