// Other sites that a sign-in or sign-out may lead to: those that were named, and nothing that only looks like one.
import t from 'tap'
import { safeReturn, siteMatcher, siteOf } from '../../src/access/return-to.ts'
import { options } from '../../src/config/options.ts'
import { beside, led, NAMED } from './elsewhere.ts'
import { redirectPayloads } from './redirect-payloads.ts'
import { fc } from '../fixtures/random.ts'

const OWN = 'https://app.example'
const isNamed = siteMatcher(options.whitelistDomain.parse(NAMED))
const nothingOurs = () => false
const judged = (value: string, origin = OWN, ours: (target: string) => boolean = nothingOurs) => safeReturn(value, origin, ours, isNamed)

/** Judged by hand, from the very end of a host: where a browser would go. */
function leadsWrong (emitted: string): string | null {
  if (emitted.length > 2_000 || !/^[!-~]+$/.test(emitted) || emitted.includes('#')) return 'is nothing for a header'
  if (/^\/(?![/\\])/.test(emitted)) return new URL(emitted, OWN).origin === OWN ? null : 'leaves'
  const url = new URL(emitted)
  if (url.href !== emitted && `${url.href}?` !== emitted) return 'is not as the parser writes it'
  if (url.username !== '' || url.password !== '') return 'has a name in it'
  const at = `${url.protocol}//${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`
  if (['https://allowed.example:443', 'https://other.example.org:8443', 'http://localhost:5006', 'https://localhost:5006', 'http://127.0.0.1:5007', 'https://127.0.0.1:5007'].includes(at)) return null
  const [com, example, apps, ...below] = url.hostname.split('.').reverse()
  const isBelow = com === 'com' && example === 'example' && apps === 'apps' && below.length > 0 && below.every(label => /^[a-z0-9-]+$/.test(label) && !/^-|-$/.test(label))
  return isBelow && url.protocol === 'https:' && url.port === '' ? null : `leads to ${url.origin}`
}

t.test('suffix match of allowed domains: a site that was named is led to, and none that only ends, begins or looks like one', async t => {
  for (const [asked, emitted] of led) {
    t.equal(judged(asked), emitted, asked)
    t.equal(leadsWrong(emitted), null, `${emitted} is one of them`)
    t.equal(safeReturn(asked, OWN, nothingOurs), '/', `${asked} where none is named`)
  }
  t.ok(beside.length > 200, `${beside.length} that are none`)
  t.strictSame(beside.filter(address => judged(address) !== '/'), [])
})

t.test('suffix match of allowed domains: no payload leads anywhere but here and to what was named', async t => {
  const lookalikes = redirectPayloads.flatMap(payload => ['allowed.example', 'one.apps.example.com', 'localhost:5006'].flatMap(site => [payload.replaceAll('app.example', site), payload.replace('evil.example', site)]))
  let elsewhere = 0
  for (const payload of [...redirectPayloads, ...lookalikes]) {
    const emitted = judged(payload)
    const fault = leadsWrong(emitted)
    if (fault !== null) t.fail(`${JSON.stringify(payload)} became ${JSON.stringify(emitted)}, which ${fault}`)
    if (!emitted.startsWith('/')) elsewhere++
  }
  t.ok(elsewhere > 10 && elsewhere < lookalikes.length / 20, `of ${lookalikes.length} lookalikes ${elsewhere} are what they look like`)
})

t.test('suffix match of allowed domains: nor does anything else, and what is emitted is judged the same again', async () => {
  const piece = fc.constantFrom('https://', 'http://', 'https:', '//', '/', '\\', 'allowed.example', 'allowed', '.apps.example.com', 'apps.example.com', 'one', 'localhost:5006', 'other.example.org:8443', 'evil.example', '.', ':', '@', ':443', ':444', '%2f', '%2e', '%00', '\t', '\r\n', '\0', ' ', '#', '?', '-', '*', '_', '。', '／', 'ａ', '\u00ad', '\ud800', 'xn--', '0x7f.1', '[', ']', ';', 'A')
  const begun = fc.tuple(fc.constantFrom('https://', 'https://one.apps.example.com', 'https://allowed.example', 'http://localhost:5006', ''), fc.array(piece, { maxLength: 6 })).map(([front, pieces]) => front + pieces.join(''))
  fc.assert(fc.property(begun, value => {
    const emitted = judged(value)
    const fault = leadsWrong(emitted)
    if (fault !== null) throw new Error(`${JSON.stringify(value)} became ${JSON.stringify(emitted)}, which ${fault}`)
    if (judged(emitted) !== emitted) throw new Error(`${JSON.stringify(emitted)} became ${judged(emitted)}`)
  }), { numRuns: 10_000 })
})

t.test('an address that is too long loses its query, then leads home', async t => {
  const long = 'a'.repeat(1_970)
  t.equal(judged(`https://allowed.example/${long}?b`), `https://allowed.example/${long}?b`)
  t.equal(judged(`https://allowed.example/${long}?${long}`), `https://allowed.example/${long}`)
  t.equal(judged(`https://allowed.example/${long}${long}?b`), '/')
  t.equal(judged(`https://allowed.example/${'ü'.repeat(400)}`), '/', 'counted as it is emitted')
})

t.test('a loop: an endpoint of ours is no return where our own host is among those named', async t => {
  const ours = (target: string) => /^\/oauth2(?:[/?]|$)/.test(target) || /[?&]state=ours/.test(target)
  for (const own of ['https://one.apps.example.com', 'http://one.apps.example.com', 'https://allowed.example']) {
    const { host } = new URL(own)
    for (const path of ['/oauth2', '/oauth2/start?rd=/', '/x/../oauth2/sign_out', '/oauth2%2fstart', '/%6fauth2/start', '/oauth2;x/start', '/?state=ours&code=1']) t.equal(judged(`https://${host}${path}`, own, ours), '/', `${own} ${path}`)
    t.equal(judged(`https://${host}/page`, own, ours), `https://${host}/page`)
  }
  t.equal(judged('https://allowed.example/oauth2/sign_out', 'https://one.apps.example.com', ours), 'https://allowed.example/oauth2/sign_out', 'another site may have such a page')
})

t.test('a pattern is none of the hosts that it stands for', async t => {
  const matches = siteMatcher(['https://*.apps.example.com', 'https://*.example.org:8443'])
  for (const origin of ['https://*.apps.example.com', 'https://.apps.example.com', 'https://apps.example.com', 'https://a.example.org', 'http://a.apps.example.com', 'https://a/.apps.example.com', 'https://a@b.apps.example.com']) t.notOk(matches(origin), origin)
  for (const origin of ['https://a.apps.example.com', 'https://a.b.apps.example.com', 'https://a.example.org:8443']) t.ok(matches(origin), origin)
  t.strictSame([siteOf('/a//b'), siteOf('/'), siteOf('https://allowed.example/x')], [undefined, undefined, 'https://allowed.example'])
})
