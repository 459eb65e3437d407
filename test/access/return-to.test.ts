import t from 'tap'
import { safeReturn } from '../../src/access/return-to.ts'
import { createOwnUrls } from '../../src/own-urls.ts'
import { readBySeveral } from './oracles.ts'
import { redirectPayloads } from './redirect-payloads.ts'
import { spellingOf } from './spelling-arbitrary.ts'
import { fc } from '../fixtures/random.ts'

const origins = ['https://app.example', 'http://app.example:8080', 'https://app.example:80', 'http://127.0.0.1:4180', 'https://[::1]:8443']
const nothingOurs = () => false

/** What browsers, and programs that split by hand, would do with a Location of ours. */
function leaves (location: string, origin: string): string | null {
  if (!/^\/(?![/\\])[!-~]*$/.test(location)) return 'is no plain path'
  for (const scheme of ['http:', 'https:']) {
    const base = origin.replace(/^https?:/, scheme)
    for (const from of [`${base}/`, `${base}/oauth2/callback?code=1`]) {
      if (new URL(location, from).origin !== new URL(base).origin) return `leads to ${new URL(location, from).origin}`
    }
  }
  return location.length > 2_000 ? 'is too long' : null
}

t.test('no payload leads away, by either scheme', async t => {
  t.ok(redirectPayloads.length >= 1_500, `${String(redirectPayloads.length)} payloads`)
  for (const payload of redirectPayloads) {
    for (const origin of origins) {
      const location = safeReturn(payload, origin, nothingOurs)
      const fault = leaves(location, origin)
      if (fault !== null) t.fail(`${JSON.stringify(payload)} became ${JSON.stringify(location)}, which ${fault}`)
    }
  }
})

t.test('nor does anything else', async () => {
  const pieces = fc.constantFrom('/', '\\', '//', '\t', '\n', '\r', ' ', '.', '..', '@', ':', '?', '#', '%2f', '%5c', '%09', '%00', '\0', 'evil.example', 'https:', 'app.example', '[', ']', '。', '／', '\ud800', 'a', ';')
  fc.assert(fc.property(fc.array(pieces, { maxLength: 12 }).map(parts => parts.join('')), fc.boolean(), fc.constantFrom(...origins), (text, slash, origin) => {
    const fault = leaves(safeReturn(slash ? '/' + text : text, origin, nothingOurs), origin)
    if (fault !== null) throw new Error(fault)
  }), { numRuns: 5_000 })
})

t.test('where somebody was is kept', async t => {
  const table: readonly (readonly [string | undefined, string])[] = [
    ['/', '/'], ['/a', '/a'], ['/a/b?c=d&e=%2F#f', '/a/b?c=d&e=%2F'], ['/a//b', '/a//b'], ['/a/../b', '/b'], ['/a b', '/a%20b'], ['/größe?q=ü', '/gr%C3%B6%C3%9Fe?q=%C3%BC'],
    ['/?x=//evil.example', '/?x=//evil.example'], ['/a?rd=https://evil.example', '/a?rd=https://evil.example'], ['/@ann', '/@ann'], ['/a:b', '/a:b'], [' /a', '/a'], ['/\ta', '/a'], ['/a?', '/a'],
    [undefined, '/'], ['', '/'], ['a', '/'], ['?x', '/'], ['https://app.example/a', '/'], ['//app.example/a', '/'], ['/\\app.example/a', '/']
  ]
  for (const [value, expected] of table) t.equal(safeReturn(value, 'https://app.example', nothingOurs), expected, String(value))
})

t.test('a return that is too long loses its query, then its path', async t => {
  const long = 'a'.repeat(1_990)
  t.equal(safeReturn(`/${long}?b`, 'https://app.example', nothingOurs), `/${long}?b`)
  t.equal(safeReturn(`/${long}?${long}`, 'https://app.example', nothingOurs), `/${long}`)
  t.equal(safeReturn(`/${long}${long}?b`, 'https://app.example', nothingOurs), '/')
})

t.test('our own endpoints are no return, however they are spelled', async t => {
  const ours = (target: string) => /^\/oauth2(?:[/?]|$)/.test(target) || /[?&]state=ours/.test(target)
  for (const value of ['/oauth2', '/oauth2/start', '/oauth2/start?rd=/', '/x/../oauth2/start', '/oauth2%2fstart', '/%6fauth2/start', '/oauth2\\start', '/./oauth2/sign_out', '/oauth2;x/start', '/?state=ours&code=1']) {
    t.equal(safeReturn(value, 'https://app.example', ours), '/', value)
  }
  t.equal(safeReturn('/oauth2x?y', 'https://app.example', ours), '/oauth2x?y')
  t.equal(safeReturn('/?state=theirs', 'https://app.example', ours), '/?state=theirs')
})

t.test('a loop: no spelling of an endpoint of ours is a return, as any server would read it', async t => {
  const ours = (target: string) => /^\/oauth2(?:[/?]|$)/.test(target) || /^\/login(?:\?|$)/.test(target)
  let kept = 0
  fc.assert(fc.property(spellingOf(['/oauth2/start', '/oauth2/sign_out?rd=/', '/x/../oauth2/start', '/oauth2/pause?rd=/', '/oauth2', '/page/oauth2/x'], 3), value => {
    const emitted = safeReturn(value, 'https://app.example', ours)
    if (emitted === '/') return
    kept++
    for (const [reading, by] of readBySeveral(emitted, 1)) {
      if (ours(reading)) throw new Error(`${JSON.stringify(value)} became ${emitted}, which is read as ${JSON.stringify(reading)} by${by}`)
    }
  }), { numRuns: 1_000 })
  t.ok(kept > 50, `and ${kept} were kept, so something was compared`)
})

t.test('a request for a page of another host’s name leads to our own: what was asked for is a path, whatever it begins with', async t => {
  const plain = { proxyPrefix: '/oauth2' }
  const all = [createOwnUrls(plain), createOwnUrls({ ...plain, rootPath: '/proxy' }), createOwnUrls({ ...plain, prefix: '/x', rootPath: '/proxy/' })]
  const asked = redirectPayloads.filter(payload => payload.startsWith('/') && /^[\x21-\xff]+$/.test(payload))
  t.ok(asked.length > 300, `${asked.length} targets`)
  for (const { outward } of all) {
    for (const target of asked) {
      for (const base of origins) {
        for (const emitted of [outward(target), outward(safeReturn(target, base, nothingOurs))]) {
          if (new URL(emitted, base).origin !== new URL(base).origin) t.fail(`${JSON.stringify(target)} leads to ${new URL(emitted, base).origin}`)
        }
      }
    }
  }
})
