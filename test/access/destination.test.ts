import t from 'tap'
import { destinationTarget, reachesBelow } from '../../src/access/destination.ts'
import { createJudge } from '../../src/access/judge.ts'
import { compileRules, type RuleConfig } from '../../src/access/rules/rules.ts'
import type { Identity } from '../../src/identity/identity.ts'

const ORIGIN = 'https://files.example.org'
const person: Identity = { provider: 'p', subject: '1', user: 'ann', groups: [], teams: [], organizations: [], claims: {} }
const admin: Identity = { ...person, groups: ['admins'] }
const RULES: readonly RuleConfig[] = [{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/public', allow: 'public' }, { path: '/files/own', allow: { groups: ['admins'] } }, { path: '/files', allow: 'signed-in' }]

function verdicts (from: string, to: string | readonly string[], rules = RULES, upstreams: readonly { path: string, basePath?: string }[] = [{ path: '/' }]): string {
  const judge = createJudge({ upstreams, rules: compileRules(rules) })
  return [null, person, admin].map(identity => judge.decideDestination(to, ORIGIN, judge.place(from), { method: 'MOVE', host: 'app.example.com' }, identity).verdict).join(' ')
}

t.test('a Destination is a path here: absolute, or with our own origin', async t => {
  const table: Readonly<Record<string, string | null>> = {
    '/a': '/a', '/a%2fb;c': '/a%2fb;c', '/\xc3\xa9': '/\xc3\xa9', '/a,b': '/a,b',
    'https://files.example.org/a': '/a', 'HTTPS://Files.Example.ORG:443/a': '/a', 'https://files.example.org': '/', 'https://files.example.org//a': '//a',
    'http://files.example.org/a': null, 'https://files.example.org:8443/a': null, 'https://evil.example/a': null, 'https://u@files.example.org/a': null, 'https://files.example.org@evil.example/a': null,
    'https://files.example.org\\a': null, 'https:/files.example.org/a': null, '//files.example.org/a': null, '': null, a: null, '../a': null, '/a?b': null, '/a#b': null, '/a, /b': null, '/a ': null, '/a\tb': null, '/a\x7f': null
  }
  for (const [value, target] of Object.entries(table)) t.equal(destinationTarget(value, ORIGIN), target, JSON.stringify(value))
  t.equal(destinationTarget(['/a', '/b'], ORIGIN), null)
  t.equal(destinationTarget('http://localhost/a', 'http://localhost:80'), '/a')
  t.equal(destinationTarget('http://localhost:443/a', 'http://localhost'), null)
  t.equal(destinationTarget('https://localhost/a', 'http://localhost'), '/a', 'TLS may end before us')
})

t.test('what a Destination names is judged for this person like what the request names', async t => {
  const table: readonly (readonly [string, string | readonly string[], string])[] = [
    // from, to, a stranger, somebody, an admin
    ['/public/a', '/public/b', 'admitted admitted admitted'],
    ['/public/a', `${ORIGIN}/public/b%20c`, 'admitted admitted admitted'],
    ['/public/a', '/admin/config', 'sign-in denied admitted'],
    ['/public/a', '/admin.json', 'sign-in denied ambiguous'],
    ['/public/a', `${ORIGIN}/admin/config`, 'sign-in denied admitted'],
    ['/public/a', '/files/a', 'sign-in admitted admitted'],
    ['/public/a', '/public/../admin/x', 'sign-in ambiguous ambiguous'],
    ['/public/a', '/public/..%2fadmin/x', 'sign-in ambiguous ambiguous'],
    ['/public/a', '/public../admin/x', 'sign-in ambiguous ambiguous'],
    ['/public/a', '/public/x?/../../admin', 'sign-in ambiguous ambiguous'],
    ['/public/a', 'https://evil.example/public/b', 'sign-in ambiguous ambiguous'],
    ['/public/a', '/public/a, /admin/b', 'sign-in ambiguous ambiguous'],
    ['/public/a', ['/public/a', '/public/b'], 'sign-in ambiguous ambiguous'],
    ['/public/a', '', 'sign-in ambiguous ambiguous'],
    ['/public/a', '/elsewhere', 'sign-in denied denied']
  ]
  for (const [from, to, expected] of table) t.equal(verdicts(from, to), expected, `${from} to ${JSON.stringify(to)}`)
})

t.test('a folder is copied whole: what lies in it must be theirs too', async t => {
  t.equal(verdicts('/files/', '/public/x'), 'sign-in denied admitted')
  t.equal(verdicts('/FILES', '/public/x', [{ path: '/files/own', allow: { groups: ['admins'] } }, { path: '/', allow: 'public' }]), 'sign-in denied admitted')
  t.equal(verdicts('/', '/x', [{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/', allow: 'public' }]), 'sign-in denied admitted')
  t.equal(verdicts('/public/x', '/files'), 'sign-in denied admitted', 'and so must what it may replace')
  t.equal(verdicts('/files/a', '/files/b'), 'sign-in admitted admitted')
})

t.test('a folder is removed whole, and listed and locked as deep as Depth says', async t => {
  const deep = [['DELETE'], ['DELETE', '0'], ['PROPFIND'], ['LOCK'], ['PROPFIND', 'infinity'], ['REPORT', 'Infinity'], ['PROPFIND', '1, infinity'], ['PROPFIND', '2'], ['PROPFIND', '']] as const
  const shallow = [['GET'], ['PROPFIND', '0'], ['PROPFIND', '1'], ['PROPFIND', '1,noroot'], ['LOCK', '0'], ['PUT'], ['PROPPATCH']] as const
  for (const [method, depth] of deep) t.ok(reachesBelow(method, depth), `${method} ${depth}`)
  for (const [method, depth] of shallow) t.notOk(reachesBelow(method, depth), `${method} ${depth}`)
  t.ok(reachesBelow('PROPFIND', ['0', 'infinity']))
  const below = (path: string, rules = RULES) => {
    const judge = createJudge({ upstreams: [{ path: '/' }], rules: compileRules(rules) })
    return [null, person, admin].map(identity => judge.decideBelow(judge.place(path), { method: 'DELETE', host: 'app.example.com' }, identity).verdict).join(' ')
  }
  t.equal(below('/files'), 'sign-in denied admitted')
  t.equal(below('/x/..%2fFILES/'), 'sign-in denied admitted')
  t.equal(below('/files/a'), 'admitted admitted admitted', 'nothing below has a rule of its own')
  t.equal(below('/x', [{ path: '/x/y', methods: ['PUT'], allow: { groups: ['admins'] } }, { path: '/', allow: 'public' }]), 'sign-in denied admitted', 'whatever the method was')
  t.equal(below('/', []), 'admitted admitted admitted')
})

t.test('a Destination leads to the same app, and not out of its base path', async t => {
  const apps = [{ path: '/' }, { path: '/api' }, { path: '/based', basePath: '/base' }]
  t.equal(verdicts('/a', '/b', [], apps), 'sign-in admitted admitted')
  t.equal(verdicts('/a', '/api/b', [], apps), 'sign-in ambiguous ambiguous')
  t.equal(verdicts('/api/a', '/b', [], apps), 'sign-in ambiguous ambiguous')
  t.equal(verdicts('/api/a', '/api/b', [], apps), 'sign-in admitted admitted')
  t.equal(verdicts('/based/a', '/based/b', [], apps), 'sign-in ambiguous ambiguous')
  t.equal(verdicts('/api/a', '/b', [], [{ path: '/api' }]), 'sign-in nowhere nowhere')
})

t.test('one app and no path rule: it is the app’s own affair', async t => {
  for (const to of ['/a', '/a?b', 'https://other.example/a', '/..%2f', '', '/a, /b']) t.equal(verdicts('/a', to, []), 'sign-in admitted admitted', to)
})

t.test('behind a proxy that takes a prefix off each path a Destination, which it leaves alone, is somewhere else than it seems', async t => {
  const moved = (rootPath: string, to: string) => {
    const judge = createJudge({ upstreams: [{ path: '/' }], rules: compileRules([{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/', allow: 'signed-in' }]), rootPath })
    return judge.decideDestination(to, ORIGIN, judge.place('/a'), { method: 'MOVE', host: 'app.example.com' }, person).verdict
  }
  t.strictSame([moved('/', '/b'), moved('/prefix', '/b'), moved('/prefix', '/prefix/admin')], ['admitted', 'ambiguous', 'ambiguous'])
})
