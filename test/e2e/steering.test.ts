// What a request says beside its target and its method decides nothing: no header, no query, no fragment, no user agent.
import t from 'tap'
import { createJudge } from '../../src/access/judge.ts'
import { compileRules } from '../../src/access/rules/rules.ts'
import { parseSkipRoute } from '../../src/access/rules/skip-route.ts'
import { identities } from '../access/decisions.ts'
import { startGate } from '../fixtures/gate.ts'
import { isCi } from '../fixtures/lacking.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { fc } from '../fixtures/random.ts'

const RULES = [{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/api', methods: ['GET', 'POST'], allow: 'public' }, { path: '/api', allow: { groups: ['admins'] } }, { path: '/', allow: 'signed-in' }] as const

/** By these, proxies and frameworks say which path, method or host was meant. */
const steering: Readonly<Record<string, readonly string[]>> = {
  '/api/open': [
    'X-Forwarded-Uri', 'X-Forwarded-Url', 'X-Forwarded-Path', 'X-Forwarded-Prefix', 'X-Original-URL', 'X-Original-URI', 'X-Original-Path', 'X-Rewrite-URL', 'X-Request-Uri', 'X-Envoy-Original-Path', 'X-Replaced-Path', 'X-Matched-Path',
    'X-Auth-Request-Redirect', 'X-Auth-Request-Uri', 'X-Script-Name', 'Script-Name', 'Path-Info', 'Request-Uri', 'X-Http-Path-Override', 'X-Ingress-Path', 'X-Middleware-Rewrite', 'X-Invoke-Path', 'X_Original_URL', 'X.Rewrite.URL', 'X-Waws-Unencoded-Url', 'X-Accel-Redirect'
  ],
  GET: ['X-Http-Method-Override', 'X-Http-Method', 'X-Method-Override', 'X-Forwarded-Method', 'X-Original-Method', 'X_Http_Method_Override', 'X-Auth-Request-Method']
}
/** What health checks, and requests that are none of a person, call themselves. */
const agents: Readonly<Record<string, readonly string[]>> = {
  'User-Agent': ['GoogleHC/1.0', 'kube-probe/1.29', 'ELB-HealthChecker/2.0', 'Consul Health Check', 'Envoy/HC', 'Mozilla/5.0 (compatible; Googlebot/2.1)', ''],
  'X-Forwarded-For': ['127.0.0.1'], 'X-Real-Ip': ['127.0.0.1'], 'X-Middleware-Subrequest': ['middleware:middleware:middleware'], 'X-Requested-With': ['XMLHttpRequest'], Authorization: ['Bearer x', 'Basic YWRhOmFkYQ=='],
  'Access-Control-Request-Method': ['GET'], Purpose: ['prefetch'], 'X-Forwarded-User': ['ada@example.com'], 'X-Forwarded-Groups': ['admins'], Via: ['1.1 health'], 'X-Health-Check': ['1'], 'Proxy-Authorization': ['Basic YWRhOmFkYQ==']
}
const all = [...Object.entries(steering).flatMap(([value, names]) => names.map(name => [name, value] as const)), ...Object.entries(agents).flatMap(([name, values]) => values.map(value => [name, value] as const))]

/** Each third where nobody has the time for all. */
const headers = all.filter((_, index) => isCi || index % 3 === 0)

const titles = {
  'no header leads past a rule: neither the path, method or host that it names, nor a health check’s user agent': undefined,
  'nor from a trusted proxy': ['127.0.0.1']
}

const asked: readonly (readonly [method: string, path: string])[] = [['GET', '/admin'], ['GET', '/x'], ['DELETE', '/api/open'], ['OPTIONS', '/admin'], ['HEAD', '/admin/x'], ['GET', '/oauth2/userinfo'], ['GET', '/%61dmin']]

for (const [title, trustedProxy] of Object.entries(titles)) {
  t.test(title, async t => {
    const { origin, app } = await startGate(t, { settings: { rules: RULES, ...trustedProxy !== undefined && { trustedProxy } } })
    const [stranger, cleo] = [new Visitor(), new Visitor()]
    await cleo.signIn(`${origin}/oauth2/start`, 'cleo')
    for (const visitor of [stranger, cleo]) {
      for (const [method, path] of asked.slice(0, isCi ? undefined : 3)) {
        const { status } = await visitor.ask(origin + path, { method })
        for (const [name, value] of headers) {
          const before = app.received.length
          const answer = await visitor.ask(origin + path, { method, headers: { [name]: value } })
          if (answer.status !== status) t.fail(`${method} ${path} with ${name}: ${value} is ${answer.status}, not ${status}`)
          const arrived = app.received.slice(before)
          if (arrived.some(({ url, method: seen }) => url !== path || seen !== method)) t.fail(`${name}: ${value} makes another request of ${method} ${path}`)
          if (arrived.some(({ rawHeaders }) => rawHeaders.includes(value) && (steering['/api/open']?.includes(name) === true || steering['GET']?.includes(name) === true))) t.fail(`${name} reaches the app`)
        }
      }
    }
    t.ok(app.received.length > headers.length, 'what is theirs they get all the same')
  })
}

t.test('no query and no fragment is ever part of a rule', async () => {
  const skips = [parseSkipRoute('/open/[^/]*'), parseSkipRoute('GET=.*/health')]
  const judge = createJudge({ upstreams: [{ path: '/' }, { path: '/a' }], rules: compileRules(RULES, { skips, guests: ['/app', '/pub/*'] }) })
  const parts = fc.array(fc.constantFrom('/open/x', '/health', '/api', '/pub/x', '/app', '?', '&', '=', '..', '/', '%2f', 'x', '/a', ';'), { maxLength: 5 }).map(pieces => pieces.join(''))
  const way = { method: 'GET', host: 'app.example.com' }
  fc.assert(fc.property(fc.constantFrom('/admin', '/x', '/a/x', '/api/x', '/admin/..%2fx'), parts, fc.constantFrom('stranger', 'cleo', 'ada'), (path, query, who) => {
    const [bare, asked] = [judge.place(path), judge.place(`${path}?${query}`)]
    if (asked.upstream !== bare.upstream) throw new Error('another app')
    const verdicts = [bare, asked].map(place => JSON.stringify(judge.decide(place, way, identities[who])))
    if (verdicts[0] !== verdicts[1]) throw new Error(verdicts.join(' is not '))
    for (const mark of ['#', '%23', '%3f']) {
      const verdict = judge.decide(judge.place(`${path}${mark}${query}`), way, identities[who]).verdict
      if (verdict === 'admitted' && judge.decide(bare, way, identities[who]).verdict !== 'admitted') throw new Error(`${path}${mark}${query} is admitted, and ${path} is not`)
      const front = judge.decide(judge.place(`/pub/x${mark}/../..${path}`), way, identities[who]).verdict
      if (front === 'admitted' && judge.decide(bare, way, identities[who]).verdict !== 'admitted') throw new Error(`behind ${mark} ${path} is admitted`)
    }
  }), { numRuns: 1_000 })
})
