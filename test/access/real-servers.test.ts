// Paths as real servers and libraries read them, those that others write too: what is open is open to all of them, and a path on which they disagree is not plain.
import t, { type Test } from 'tap'
import { createJudge } from '../../src/access/judge.ts'
import { isPlain, readings } from '../../src/access/readings.ts'
import { fold } from '../../src/access/rules/prefix.ts'
import { compileRules } from '../../src/access/rules/rules.ts'
import { has } from '../docs/stage.ts'
import { onlyInCi } from '../fixtures/lacking.ts'
import { python } from '../fixtures/python.ts'
import { identities } from './decisions.ts'
import { readByCaddy, readByGo, readByNginx, readByPython, type Readings } from './real-servers.ts'
import { spellingOf } from './spelling-arbitrary.ts'
import { fc, seed } from '../fixtures/random.ts'

const GET = { method: 'GET', host: 'front.example' }
const judge = createJudge({ upstreams: [{ path: '/' }], rules: compileRules([{ path: '/admin', allow: { groups: ['admins'] } }, { path: '/public', allow: 'public' }, { path: '/', allow: 'signed-in' }]) })
const admits = (target: string, who: 'stranger' | 'cleo') => judge.decide(judge.place(target), GET, identities[who]).verdict === 'admitted'

const paths = ['/admin', '/admin/x', '/public/../admin/users', '/public/x/../../admin/', '/public', '/public/x', '/public/users', '/x/../public/x', '/caf%C3%A9/a%20b', '/a+b,c=(d)!/@x:y']
/** What can stand in a request line. */
const targets = [...new Set(fc.sample(fc.oneof(spellingOf(paths, 1), spellingOf(paths, 2)), { numRuns: 3_000, seed }))].filter(target => /^\/[\x21-\xff]*$/.test(target)).slice(0, 1_000)

function compare (t: Test, found: Readings): void {
  const seen = { admin: 0, public: 0, plain: 0 }
  for (const [index, target] of targets.entries()) {
    const paths = (found[index] ?? []).map(reading => reading.split('?', 1).join())
    const isAdmin = paths.find(path => /^\/+admin(?:\/|$)/i.test(path))
    if (isAdmin !== undefined) {
      seen.admin++
      if (admits(target, 'cleo')) t.fail(`${JSON.stringify(target)} passes and is read as ${JSON.stringify(isAdmin)} (seed ${seed})`)
    }
    if (admits(target, 'stranger') && paths.length > 0) {
      seen.public++
      const other = paths.find(path => !/^\/public(?:\/|$)/.test(path))
      if (other !== undefined) t.fail(`${JSON.stringify(target)} is open and is read as ${JSON.stringify(other)} (seed ${seed})`)
    }
    const path = target.split('?', 1).join()
    if (!isPlain(path) || paths.length === 0) continue
    seen.plain++
    const ours = new Set(readings(path)?.map(bare))
    const isKnown = (path: string) => ours.has(bare(path)) || (path === '/admin' && /^\/admin/i.test(target)) // the file there, or a matcher, says no more
    const other = paths.find(path => !isKnown(path))
    if (other !== undefined) t.fail(`${JSON.stringify(target)} is plain and is read as ${JSON.stringify(other)} (seed ${seed})`)
  }
  t.ok(seen.admin > 30 && seen.public > 30 && seen.plain > 10, `of ${targets.length} read as /admin ${seen.admin}, open ${seen.public}, plain ${seen.plain}`)
}

/** Decoded, as characters, without a slash at the end, and as prefix.ts folds it: what is left is what two servers can disagree on. */
function bare (path: string): string {
  const bytes = Buffer.from(path, 'latin1').toString('utf8')
  const text = /[^\x00-\xff]/.test(path) || bytes.includes('\ufffd') ? path : bytes
  return fold(decodeURIComponent(text).replace(/(?<=.)\/$/, ''))
}

t.test('Python’s own library reads no path as /admin that passes for others, and none as another that is plain', onlyInCi('hundreds of paths'), async t => {
  const interpreter = python(t)
  if (interpreter !== null) compare(t, readByPython(interpreter, targets))
})

t.test('nor does Go’s', onlyInCi('a compiler'), async t => {
  const found = readByGo(t, targets)
  if (found === null) return void t.pass('there is no Go here: test/access/oracles.ts has what it would say', { skip: 'no go' })
  compare(t, found)
})

t.test('nor does a real nginx, by its locations, what it sends on, or its files', onlyInCi('thousands of requests'), async t => {
  if (has(t, 'nginx', 'nginx-light')) compare(t, await readByNginx(t, targets))
})

t.test('nor does a real Caddy', onlyInCi('thousands of requests'), async t => {
  if (has(t, 'caddy', 'caddy')) compare(t, await readByCaddy(t, targets))
})
