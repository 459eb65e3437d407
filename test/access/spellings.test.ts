import { spawnSync } from 'node:child_process'
import t from 'tap'
import { createJudge } from '../../src/access/judge.ts'
import { compileRules } from '../../src/access/rules/rules.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { oracles, pythonOracle, readBySeveral } from './oracles.ts'
import { spellingOf } from './spelling-arbitrary.ts'
import { fc } from '../fixtures/random.ts'

const person: Identity = { provider: 'p', subject: '1', user: 'ann', groups: [], teams: [], organizations: [], claims: {} }
const admin: Identity = { ...person, groups: ['admins'] }

const GET = { method: 'GET', host: 'app.example.com' }
const judge = createJudge({
  upstreams: [{ path: '/' }],
  rules: compileRules([{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/public', allow: 'public' }, { path: '/', allow: 'signed-in' }])
})
const isAdmin = (path: string) => /^\/+admin(?:\/|$)/i.test(path)
const isPublic = (path: string) => /^\/public(?:\/|$)/i.test(path)
const runs = { numRuns: Number(process.env['ACCESS_RUNS'] ?? 1_000) }

const adminSpelling = spellingOf(['/admin', '/admin/', '/admin/users', '/public/../admin', '/public/x/../../admin/k'], 3)

t.test('no spelling of /admin reaches it for somebody who is only signed in', async t => {
  let read = 0
  fc.assert(fc.property(adminSpelling, target => {
    const { verdict } = judge.decide(judge.place(target), GET, person)
    for (const [reading, by] of readBySeveral(target, 2)) {
      if (!isAdmin(reading)) continue
      read++
      if (verdict === 'admitted') throw new Error(`${JSON.stringify(target)} is read as ${JSON.stringify(reading)} by${by}`)
    }
  }), runs)
  t.ok(read > runs.numRuns, `and servers read /admin ${String(read)} times, so something was tried`)
})

t.test('nor with heavier spelling, read by three servers in a row', async () => {
  fc.assert(fc.property(spellingOf(['/admin/x', '/public/../admin'], 6), target => {
    if (judge.decide(judge.place(target), GET, person).verdict !== 'admitted') return
    for (const [reading, by] of readBySeveral(target, 3)) {
      if (isAdmin(reading)) throw new Error(`${JSON.stringify(target)} is read as ${JSON.stringify(reading)} by${by}`)
    }
  }), runs)
})

t.test('nor of /admin.json, by a framework to which it is /admin in another format', async t => {
  let read = 0
  fc.assert(fc.property(spellingOf(['/admin.json', '/public/../admin.xml', '/admin.a/b'], 2), target => {
    const { verdict } = judge.decide(judge.place(target), GET, person)
    for (const [reading, by] of readBySeveral(target, 1)) {
      if (!isAdmin(reading.replace(/\.[^./]*(?=\/|$)/, ''))) continue
      read++
      if (verdict === 'admitted') throw new Error(`${JSON.stringify(target)} is read as ${JSON.stringify(reading)} by${by}`)
    }
  }), runs)
  t.ok(read > runs.numRuns / 4, `and ${String(read)} were /admin in another format, so something was tried`)
})

t.test('nor as Python’s own library reads it', { skip: spawnSync('python3', ['-c', '']).status === 0 ? false : 'python3 is not installed' }, async t => {
  const targets = fc.sample(adminSpelling, runs.numRuns)
  const { stdout } = spawnSync('python3', ['-c', pythonOracle], { input: JSON.stringify(targets), encoding: 'utf8', maxBuffer: 1e8 })
  const all = JSON.parse(stdout) as string[][]
  let read = 0
  for (const [index, target] of targets.entries()) {
    const reading = all[index]?.find(isAdmin)
    if (reading === undefined) continue
    read++
    t.not(judge.decide(judge.place(target), GET, person).verdict, 'admitted', `${JSON.stringify(target)} as ${JSON.stringify(reading)}`)
  }
  t.ok(read > targets.length / 4, `and Python read /admin in ${String(read)} of ${String(targets.length)}`)
})

t.test('a stranger is admitted only where every server reads something public', async t => {
  let admitted = 0
  fc.assert(fc.property(spellingOf(['/public', '/public/a.js', '/public/x/../y', '/admin/../public/z', '/public/../p'], 2), target => {
    if (judge.decide(judge.place(target), GET, null).verdict === 'sign-in') return
    admitted++
    for (const [reading, by] of readBySeveral(target, 2)) {
      const path = reading.split('?', 1).join()
      if (isAdmin(path)) throw new Error(`${JSON.stringify(target)} is read as ${JSON.stringify(reading)} by${by}`)
    }
    for (const [name, read] of Object.entries(oracles)) {
      const reading = read(target)?.split('?', 1).join()
      if (reading !== undefined && !isPublic(reading)) throw new Error(`${JSON.stringify(target)} is read as ${JSON.stringify(reading)} by ${name}`)
    }
  }), runs)
  t.ok(admitted > runs.numRuns / 20, `and ${String(admitted)} were admitted, so something was compared`)
})

t.test('no spelling crosses from one upstream to another', async t => {
  const paths = ['/a', '/b', '/a/deep']
  const several = createJudge({ upstreams: [...paths, '/'].map(path => ({ path })), rules: compileRules([]) })
  const expected = (path: string) => path.startsWith('/a/deep/') || path === '/a/deep' ? 2 : /^\/a(?:\/|$)/.test(path) ? 0 : /^\/b(?:\/|$)/.test(path) ? 1 : 3
  let forwarded = 0
  fc.assert(fc.property(spellingOf(['/a/x', '/b/x', '/a/deep/x', '/a/../b/x', '/c', '/a/deep/../x', '/b%2f../a/x'], 3), target => {
    const place = several.place(target)
    if (several.decide(place, GET, person).verdict !== 'admitted') return
    forwarded++
    for (const [reading, by] of readBySeveral(target, 2)) {
      const path = reading.split('?', 1).join()
      if (expected(path) !== place.upstream) throw new Error(`${JSON.stringify(target)} goes to ${String(place.upstream)} and is read as ${JSON.stringify(reading)} by${by}`)
    }
  }), runs)
  t.ok(forwarded > runs.numRuns / 20, `and ${String(forwarded)} were forwarded, so something was compared`)
})

t.test('no spelling climbs out of the base path of an upstream', async t => {
  const confined = createJudge({ upstreams: [{ path: '/', basePath: '/base' }], rules: compileRules([]) })
  let forwarded = 0
  fc.assert(fc.property(spellingOf(['/x', '/a/../x', '/../x', '/a/../../base/x', '/%2e%2e/x'], 3), target => {
    if (confined.decide(confined.place(target), GET, person).verdict !== 'admitted') return
    forwarded++
    for (const [reading, by] of readBySeveral('/base' + target, 2)) {
      if (!/^\/+base(?:$|[^a-z])/i.test(reading)) throw new Error(`${JSON.stringify(target)} is read as ${JSON.stringify(reading)} by${by}`)
    }
  }), runs)
  t.ok(forwarded > runs.numRuns / 20, `and ${String(forwarded)} were forwarded, so something was compared`)
})

t.test('who is admitted everywhere is refused nothing that has few enough readings', async t => {
  for (const target of ['/admin/x;v=1', '/admin/a%2fb', '/x/../admin', '/Admin', '/admin//x', '/a%00b']) {
    t.equal(judge.decide(judge.place(target), GET, admin).verdict, 'admitted', target)
  }
})

t.test('ordinary paths of real apps stay open', async t => {
  const app = createJudge({ upstreams: [{ path: '/' }, { path: '/api' }], rules: compileRules([{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/', allow: 'signed-in' }]) })
  const targets = [
    '/', '/static/js/app.3f2.js', '/a%20b', '/gr%C3%B6%C3%9Fe', '/api/v1/users?next=/admin', '/x?a=//b&c=../admin', '/.well-known/openid-configuration',
    '/administer', '/administration/x', '/user/ann%40example.org/lab/tree/Untitled%201.ipynb', '/%E4%BD%A0%E5%A5%BD%EF%BC%881%EF%BC%89.pdf', '/wiki/C%2B%2B',
    '/x;v=1', '/wiki/C%23', '/proxy/http%3A%2F%2Fexample.org%2Fa%20b%3Fx%3D1%23frag', '/a//b', '/api/v4/projects/group%2Fsub/files/a%2Eb..c/raw', '/a/./b/../c',
    '/100%25', '/q%3Fx', '/files/a%252Fb', '/reports/2024%20Q1.', '/maven/org/x/1.0..1/', '/static/app.js', '/api/v1.json', '/administer.json', '/docs/etc./x', '/what...', '/v1../x', '/odata/Products(1)/$value', '/v1/things:predict', '/a|b{c}', '/file%ff',
    '/~ann/index.html', '/@vite/client', '/_stcore/stream', '/gradio_api/call/predict', '/apps/dash/_dash-update-component', '/cafe%CC%81'
  ]
  for (const target of targets) {
    const place = app.place(target)
    t.equal(app.decide(place, GET, person).verdict, 'admitted', target)
    t.equal(place.target, target, 'as it was written')
    t.equal(place.upstream, target.startsWith('/api') ? 1 : 0)
  }
})
