import { knownName } from '../../src/proxy/names.ts'
import t from 'tap'
import type { Identity } from '../../src/identity/identity.ts'
import { identityHeaders, inwardHeaders, outwardHeaders, type Outward } from '../../src/proxy/headers.ts'
import { SPOOFED } from '../fixtures/spoofed.ts'
import { isOurCookie, valuesOf } from './setup.ts'
import { fc } from '../fixtures/random.ts'

const ada: Identity = {
  provider: 'generic', subject: '42', user: 'ada', login: 'ada', email: 'ada@example.com', name: 'Ada', role: 'Editor',
  groups: ['staff', 'math'], teams: [], organizations: [], claims: {}
}
const outward: Outward = {
  identity: identityHeaders(ada), passHost: true, isOurCookie,
  arrival: { address: '192.0.2.7', proto: 'https', host: 'gate.example', port: 443 }
}

t.test('what an app reads as the person is what we said, in whatever spelling a client says otherwise', async t => {
  const spellings = ['X-Forwarded-User', 'x-forwarded-user', 'X_Forwarded_User', 'X.Forwarded.User', 'x-FORWARDED_user', 'X-Forwarded_Preferred.Username']
  for (const name of spellings) {
    const out = outwardHeaders([name, 'mallory', 'Accept', '*/*'], outward)
    t.strictSame(valuesOf(out, 'X-Forwarded-User'), ['ada'], name)
    t.notOk(out.includes('mallory'), `${name}: the client's word is nowhere`)
  }
})

t.test('the headers of other gates, proxies and platforms do not pass, signed in or not', async t => {
  for (const identity of [outward.identity, []]) {
    const out = outwardHeaders(SPOOFED.flatMap(name => [name, 'forged']), { ...outward, identity })
    t.notOk(out.includes('forged'))
  }
})

t.test('what browsers, frameworks and API clients say for themselves passes', async t => {
  const names = `User-Agent Authorization Accept-Language Origin Referer Sec-Fetch-Mode Sec-Websocket-Key X-Requested-With X-CSRF-Token X-XSRF-TOKEN X-API-Key X-Access-Token
    X-Request-Id Traceparent X-Middleware-Prefetch X-Nextjs-Data RSC Next-Router-State-Tree HX-Request X-Inertia X-Amz-Date X-Amz-Content-Sha256 X-MS-Client-Request-Id X-MS-Version
    X-Client-Data X-Grafana-Org-Id X-Hasura-Role X-Upload-Content-Type Tus-Resumable Destination Depth Overwrite If Lock-Token Bokeh-Session-Id Ngrok-Skip-Browser-Warning
    X-GitHub-Event Stripe-Signature DPoP Surrogate-Capability Range Private-Token X-Auth-Token Cache-Control Cf-Ray`.split(/\s+/)
  const out = outwardHeaders(names.flatMap(name => [name, 'theirs']), outward)
  t.strictSame(names.filter(name => valuesOf(out, name)[0] !== 'theirs'), [])
})

t.test('names that no app agrees about do not pass', async t => {
  const names = ['X~Forwarded~User', 'X!A', 'X\'B', 'A|B', 'Host_', 'Content_Length', 'Transfer_Encoding', 'X`C']
  t.notOk(outwardHeaders(names.slice(0, 4).concat(names.slice(5)).flatMap(name => [name, 'odd']), outward).includes('odd'))
})

t.test('what belongs to the connection ends here, and so does what Connection names', async t => {
  const out = outwardHeaders([
    'Connection', 'close, X-Hop, x-forwarded-user, Host, Content-Length', 'X-Hop', '1', 'x-hop', '2', 'Keep-Alive', '5', 'TE', 'trailers', 'Trailer', 'X-T',
    'Upgrade', 'h2c', 'HTTP2-Settings', 'x', 'Expect', '100-continue', 'Transfer-Encoding', 'chunked', 'Host', 'gate.example', 'Content-Length', '3', 'X-Stays', '1'
  ], outward)
  t.strictSame(out.slice(0, 6), ['Host', 'gate.example', 'Content-Length', '3', 'X-Stays', '1'])
  t.strictSame(valuesOf(out, 'x-forwarded-user'), ['ada'], 'a client that names our header has not removed it')
  t.strictSame(valuesOf(out, 'x-hop'), [])
})

t.test('our cookies are cut out, and only ours', async t => {
  const cookies = (...lines: string[]) => valuesOf(outwardHeaders(lines.flatMap(line => ['Cookie', line]), outward), 'cookie')
  t.strictSame(cookies('a=1; oauth-gate=secret; b=2'), ['a=1; b=2'])
  t.strictSame(cookies('oauth-gate=secret'), [], 'nothing left is no header')
  t.strictSame(cookies('oauth-gate-0=s', 'a=1', 'b=2;oauth-gate-1 = s'), ['a=1; b=2'])
  t.strictSame(cookies('a=1;b="x y";  c'), ['a=1;b="x y";  c'], 'what needs no cutting keeps its bytes')
  t.strictSame(cookies('not-oauth-gate=1; OAUTH-GATE=2'), ['not-oauth-gate=1; OAUTH-GATE=2'])
  t.notMatch(cookies('a="; oauth-gate=secret; "').join(), /secret/)
})

t.test('the app learns how the request came from us alone', async t => {
  const told = (arrival: Partial<Outward['arrival']>) => Object.fromEntries(pairs(outwardHeaders([], { ...outward, identity: [], arrival: { ...outward.arrival, ...arrival } })))
  t.strictSame(told({}), {
    'X-Forwarded-For': '192.0.2.7', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'gate.example', 'X-Forwarded-Port': '443',
    Forwarded: 'for=192.0.2.7;host="gate.example";proto=https', 'X-Real-IP': '192.0.2.7'
  })
  t.match(told({ address: '2001:db8::1', forwardedFor: '2001:db8::1, 10.0.0.1' }), { 'X-Forwarded-For': '2001:db8::1, 10.0.0.1', Forwarded: 'for="[2001:db8::1]";host="gate.example";proto=https', 'X-Real-IP': '2001:db8::1' })
  t.equal(told({ address: '', host: 'a"b' }).Forwarded, 'for=unknown;proto=https')
  t.notOk('X-Forwarded-For' in told({ address: '' }))
})

t.test('Host is the browser\'s, once, or left to the upstream', async t => {
  t.strictSame(valuesOf(outwardHeaders(['Host', 'a', 'hOST', 'b'], outward), 'host'), ['a'])
  t.strictSame(valuesOf(outwardHeaders(['Host', 'a'], { ...outward, passHost: false }), 'host'), [])
})

t.test('what the operator has the gate say under a name of their own, no client says', async t => {
  const owned = new Set(['x-acme-person', 'authorization'])
  const out = outwardHeaders(['X_Acme.Person', 'forged', 'Authorization', 'Basic x', 'X-Acme', '1'], { ...outward, identity: [], owned })
  t.strictSame(out.slice(0, 2), ['X-Acme', '1'])
  t.ok(outwardHeaders(['Authorization', 'Basic x'], outward).includes('Basic x'), 'and otherwise it is the app\'s')
})

t.test('whatever a client sends, the class of identity headers holds ours exactly once', async () => {
  const ours = pairs(outward.identity)
  const aliases = fc.constantFrom(...ours.map(([name]) => name)).chain(name => fc.tuple(fc.mixedCase(fc.constant(name)), fc.constantFrom('-', '_', '.', '~')).map(([text, mark]) => text.replaceAll('-', mark)))
  const name = fc.oneof(aliases, fc.constantFrom('Connection', 'connection', 'Cookie', 'Host', 'Accept', 'X-App'), fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/))
  const value = fc.oneof(fc.string(), aliases, fc.array(aliases).map(list => list.join(',')))
  fc.assert(fc.property(fc.array(fc.tuple(name, value), { maxLength: 12 }), headers => {
    const out = outwardHeaders(headers.flat(), outward)
    return out.length % 2 === 0 && ours.every(([name, value]) => {
      const found = valuesOf(out, name)
      return found.length === 1 && found[0] === value
    })
  }), { numRuns: 1_000 })
})

t.test('an identity is said in ASCII, and every value can be read back', async t => {
  const said = (person: Partial<Identity>) => Object.fromEntries(pairs(identityHeaders({ ...ada, ...person })))
  t.strictSame(said({}), {
    'X-Forwarded-User': 'ada', 'X-Forwarded-Email': 'ada@example.com', 'X-Forwarded-Preferred-Username': 'ada', 'X-Forwarded-Name': 'Ada', 'X-Forwarded-Role': 'Editor',
    'X-Forwarded-Groups': 'staff,math', 'X-Forwarded-Subject': '42', 'X-Forwarded-Provider': 'generic'
  })
  t.match(said({ name: 'Jürgen Ω 100%', groups: ['a,b', 'ü', ''], user: 'a,b' }), {
    'X-Forwarded-Name': 'J%C3%BCrgen %CE%A9 100%25', 'X-Forwarded-Groups': 'a%2Cb,%C3%BC', 'X-Forwarded-User': 'a,b'
  })
  t.equal(said({ user: ' admin ' })['X-Forwarded-User'], '%20admin%20', 'spaces that the wire would trim do not make one person of two')
  t.notMatch(JSON.stringify(said({ user: 'a\r\nX-Forwarded-Role: Admin' })), /\\r|\\n/)
  t.notOk('X-Forwarded-Groups' in said({ groups: [] }))
  const plain: Identity = { provider: 'generic', subject: '42', user: 'ada', groups: [], teams: [], organizations: [], claims: {} }
  t.notOk(identityHeaders(plain).some(text => /Email|Role/.test(text)), 'what is empty is absent')
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), user => {
    const value = valuesOf(identityHeaders({ ...ada, user }), 'x-forwarded-user')[0] ?? ''
    return /^[\x21-\x7e]?$|^[\x21-\x7e][\x20-\x7e]*[\x21-\x7e]$/.test(value) && decodeURIComponent(value) === user
  }))
})

t.test('an answer passes as it is, but for the connection\'s, our cookies and our mark', async t => {
  const raw = [
    'Server', 'x', 'Set-Cookie', 'a=1', 'set-cookie', 'oauth-gate=forged; Path=/', 'Set-Cookie', 'b=2', 'Connection', 'close, X-Hop', 'X-Hop', '1', 'Keep-Alive', 'timeout=5',
    'Transfer-Encoding', 'chunked', 'X-OAuth-Gate', 'GATE_OK', 'X-B\u00e9', '\u00fc', 'Vary', 'A', 'vary', 'B', 'Upgrade', 'h2c', 'Trailer', 'X-T', 'WWW-Authenticate', 'Basic'
  ].map(text => Buffer.from(text, 'latin1'))
  t.strictSame(inwardHeaders(raw, isOurCookie), ['Server', 'x', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-B\u00e9', '\u00fc', 'Vary', 'A', 'vary', 'B', 'Trailer', 'X-T', 'WWW-Authenticate', 'Basic'])
})

t.test('a cookie without a name is not one of ours in disguise', async t => {
  const names = (...lines: string[]) => inwardHeaders(lines.flatMap(line => ['Set-Cookie', line]), name => isOurCookie(name) || name === 'user').filter((_, at) => at % 2 === 1)
  for (const disguise of ['=user=C', '==user=C', ' = user=C', '"user"=Q', '=user =C', ';user=F', '; user=F', '= oauth-gate=forged; Path=/', '=oauth-gate', 'oauth-gate; Path=/', '\x00user=x', 'user\x00=x', '\tuser\t=x', '$user=x', '\xa0user=x']) t.strictSame(names(disguise), [], JSON.stringify(disguise))
  const others = ['theme=user=C', '=theme=user', 'theme="user"', 'users=C', 'theme; user=C', '"theme"="dark"', '=', '', 'theme=dark; Path=/; Comment="user=x"']
  t.strictSame(names(...others), others, 'and every other is as it was')
})

function pairs (flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, i) => i % 2 === 0 ? [[name, flat[i + 1] ?? ''] as [string, string]] : [])
}

t.test('a method is overridden by no header, by whichever name', async t => {
  for (const name of ['X-HTTP-Method-Override', 'X_HTTP_Method', 'X-Method-Override', 'X-Method', '_method', 'Method-Override', 'HTTP-Method-Override', 'X-HTTP-Verb', 'X-Tunnel-Method', 'X-Tunneled-Method', 'X-Requested-Method']) t.equal(knownName(name).kind, 'drop', name)
})

t.test('host spoofing: where a proxy that is trusted named another Host than its own, the app gets the one that was judged', async t => {
  const hostsOf = (asked: string) => valuesOf(outwardHeaders(['Host', 'Inner.example'], { ...outward, arrival: { ...outward.arrival, asked } }), 'Host')
  t.strictSame(hostsOf('other.example'), ['other.example'])
  t.strictSame(hostsOf('inner.example'), ['Inner.example'], 'and as it came where it is the same')
})

t.test('flood: names of headers that strangers make up are not remembered where they are long or many', async t => {
  const isKept = (name: string) => knownName(name) === knownName(name)
  t.ok(isKept('Accept-Language'))
  t.notOk(isKept(`X-${'y'.repeat(63)}`), 'one that is long')
  for (let nth = 0; nth < 1_000; nth++) knownName(`X-Made-Up-${nth}`)
  t.notOk(isKept('X-One-More'), 'one more than many')
  t.equal(knownName('X_Remote-User').kind, 'drop', 'and is read all the same')
})
