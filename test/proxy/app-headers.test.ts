import t from 'tap'
import { IdentityTooLarge } from '../../src/errors.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { Expression } from '../../src/identity/jmespath.ts'
import { createAppHeaders, headerValue, type AppHeaderSettings, type TokensToPass } from '../../src/proxy/app-headers.ts'
import { identityHeaders, outwardHeaders } from '../../src/proxy/headers.ts'
import { whyNotOurs } from '../../src/proxy/names.ts'
import { isOurCookie, valuesOf } from './setup.ts'
import { fc } from '../fixtures/random.ts'

const ada: Identity = {
  provider: 'oidc', subject: '42', user: 'ada@example.com', login: 'ada', email: 'ada@example.com', name: 'Ada', groups: ['staff', 'a,b'], teams: [], organizations: ['acme'],
  claims: { department: 'R&D', level: 7, admin: true, nested: { a: [1, 'ü'] } }
}
const none: AppHeaderSettings = { header: [], passAccessToken: false, passAuthorizationHeader: false }
const arrival = { address: '192.0.2.7', proto: 'https', host: 'gate.example', port: 443 } as const

function told (header: Readonly<Record<string, string>>, person: Partial<Identity> = {}, tokens?: TokensToPass, more: Partial<AppHeaderSettings> = {}): Readonly<Record<string, string>> {
  const list = Object.entries(header).map(([name, text]) => ({ name, expression: new Expression(text) }))
  const flat = createAppHeaders({ ...none, header: list, ...more }).of({ ...ada, ...person }, tokens)
  return Object.fromEntries(flat.flatMap((name, at) => at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : []))
}

t.test('without a setting the app is told what it always is', async t => {
  const headers = createAppHeaders(none)
  t.strictSame(headers.of(ada, { access: 'a', id: 'b' }), identityHeaders(ada))
  t.equal(headers.owned.size, 0)
})

t.test('a header has what its expression finds in the identity', async t => {
  const { 'X-Forwarded-Groups': groups, ...said } = told({
    'X-WEBAUTH-USER': 'login', 'Remote-Groups': 'join(\',\', groups)', 'X-Groups': 'groups', 'X-Level': 'claims.level', 'X-Admin': 'claims.admin', 'X-Staff': 'contains(groups, \'staff\')',
    'X-Dept': 'claims.department', 'X-Nested': 'claims.nested', 'X-Mixed': '[login, claims.level, claims.admin, role, teams[0]]', 'X-Objects': '[claims.nested]'
  })
  t.equal(groups, 'staff,a%2Cb')
  t.match(said, {
    'X-WEBAUTH-USER': 'ada', 'Remote-Groups': 'staff,a,b', 'X-Groups': 'staff,a%2Cb', 'X-Level': '7', 'X-Admin': 'true', 'X-Staff': 'true',
    'X-Dept': 'R&D', 'X-Nested': '{"a":[1,"%C3%BC"]}', 'X-Mixed': 'ada,7,true', 'X-Objects': '[{"a":[1,"%C3%BC"]}]'
  })
})

t.test('what is nothing is no header, and no expression fails for want of a member', async t => {
  const said = told({ 'X-A': 'role', 'X-B': 'teams', 'X-C': 'claims.missing', 'X-D': 'join(\',\', teams)', 'X-E': '[role, teams[0]]', 'X-F': '\'\'', 'X-G': 'to_number(name)', 'X-H': 'avg(groups)', 'X-I': 'role || name' })
  t.strictSame(Object.keys(said).filter(name => /^X-[A-I]$/.test(name)), ['X-I'])
  t.equal(said['X-I'], 'Ada')
})

t.test('a name of ours means what the setting says, or nothing', async t => {
  t.strictSame(told({ 'x_forwarded.user': 'login' })['x_forwarded.user'], 'ada')
  t.notOk('X-Forwarded-User' in told({ 'x_forwarded.user': 'login' }), 'and not what it otherwise would, beside it')
  t.notOk('X-Forwarded-User' in told({ 'X-Forwarded-User': 'role' }), 'also where the setting’s has no value')
  t.equal(told({ 'X-Forwarded-User': 'login' })['X-Forwarded-Email'], 'ada@example.com', 'the others stay')
})

t.test('header injection: no claim can end a header and begin another', async t => {
  for (const nick of ['a\r\nX-Forwarded-Role: Admin', 'a\nb', 'a\rb', 'a\0b', '\u2028', 'a\u0085b', '\ud800']) {
    for (const text of ['claims.nick', '[claims.nick]', '{ n: claims.nick }', 'join(\'\', [claims.nick])']) {
      const value = told({ 'X-Nick': text }, { claims: { nick } })['X-Nick'] ?? ''
      t.match(value, /^[\x20-\x7e]+$/, `${Buffer.from(nick).toString('hex')} by ${text}`)
    }
  }
  t.equal(told({ 'X-Nick': 'claims.nick' }, { claims: { nick: 'a\r\nX-Forwarded-Role: Admin' } })['X-Nick'], 'a%0D%0AX-Forwarded-Role: Admin')
})

t.test('every value is ASCII, and can be read back', async () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), text => {
    const value = headerValue(text)
    return /^[\x21-\x7e]?$|^[\x21-\x7e][\x20-\x7e]*[\x21-\x7e]$/.test(value) && decodeURIComponent(value) === text
  }))
  fc.assert(fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 1 })), texts => {
    const value = headerValue(texts)
    return /^[\x20-\x7e]*$/.test(value) && (texts.length === 0 ? value === '' : value.split(',').map(decodeURIComponent).join('\0') === texts.join('\0'))
  }))
  fc.assert(fc.property(fc.jsonValue(), json => /^[\x20-\x7e]*$/.test(headerValue(json))))
})

t.test('tokens go only where a setting sends them, and only as visible ASCII', async t => {
  const tokens = { access: 'the.access', id: 'the.id' }
  const both = { passAccessToken: true, passAuthorizationHeader: true }
  t.match(told({}, {}, tokens, both), { 'X-Forwarded-Access-Token': 'the.access', Authorization: 'Bearer the.id' })
  const one = told({}, {}, tokens, { passAccessToken: true })
  t.equal(one['X-Forwarded-Access-Token'], 'the.access')
  t.notOk('Authorization' in one)
  t.notOk('Authorization' in told({}, {}, { access: 'x' }, both), 'no id_token, no header')
  for (const odd of ['a b', 'a\r\nX-Forwarded-Role: Admin', 'ü', '', 'a\tb']) {
    const said = told({}, {}, { access: odd, id: odd }, both)
    t.notOk('Authorization' in said || 'X-Forwarded-Access-Token' in said, JSON.stringify(odd))
  }
  t.notMatch(JSON.stringify(told({ 'X-All': '@' }, {}, tokens, both)['X-All']), /the\.(?:access|id)/, 'and no expression sees them')
})

t.test('a client’s own Authorization is dropped where the gate sends one, with and without somebody there', async t => {
  for (const passAuthorizationHeader of [true, false]) {
    const { owned, of } = createAppHeaders({ ...none, passAuthorizationHeader })
    for (const identity of [of(ada, { id: 'ours' }), []]) {
      const out = outwardHeaders(['authorization', 'Basic theirs'], { identity, arrival, passHost: true, isOurCookie, owned })
      t.equal(out.includes('Basic theirs'), !passAuthorizationHeader)
      t.strictSame(valuesOf(out, 'Authorization').length, identity.length > 0 || !passAuthorizationHeader ? 1 : 0)
    }
  }
})

t.test('whatever the spelling, an app finds the header of the setting once, and ours', async () => {
  const { owned, of } = createAppHeaders({ ...none, header: [{ name: 'X-Acme-Person', expression: new Expression('login') }, { name: 'Ticket', expression: new Expression('role') }] })
  const spelled = (name: string) => fc.tuple(fc.mixedCase(fc.constant(name)), fc.constantFrom('-', '_', '.', '~')).map(([text, mark]) => text.replaceAll('-', mark))
  const header = fc.tuple(fc.oneof(spelled('X-Acme-Person'), spelled('Ticket'), fc.constant('Connection')), fc.constantFrom('mallory', 'X-Acme-Person', 'ticket, x-acme-person'))
  fc.assert(fc.property(fc.array(header), fc.boolean(), (headers, isSignedIn) => {
    const out = outwardHeaders(headers.flat(), { identity: isSignedIn ? of(ada) : [], arrival, passHost: true, isOurCookie, owned })
    return valuesOf(out, 'X-Acme-Person').join() === (isSignedIn ? 'ada' : '') && valuesOf(out, 'Ticket').length === 0 && !out.includes('mallory')
  }))
})

t.test('more than 16 KiB of headers are refused, and the message names setting and header', async t => {
  const fits = { claims: { big: 'x'.repeat(15_000) } }
  t.equal(told({ 'X-Big': 'claims.big' }, fits)['X-Big']?.length, 15_000)
  t.throws(() => told({ 'X-Big': 'claims.big', 'X-Again': 'claims.big' }, fits), { constructor: IdentityTooLarge, message: /30\d{3} bytes, and 16384 are sent; the largest are X-Again with 15011, X-Big with 15009, .*--header/ })
  t.throws(() => told({}, {}, { access: 'x'.repeat(17_000) }, { passAccessToken: true }), { constructor: IdentityTooLarge, message: /--pass-access-token/ })
  t.doesNotThrow(() => told({}, { groups: ['ü'.repeat(4_000)] }), 'and without such a setting the limit is that of the groups')
  t.throws(() => told({}, { name: 'x'.repeat(17_000) }), { constructor: IdentityTooLarge, message: /X-Forwarded-Name with 17\d{3}, .*--name-attribute-path/ }, 'whatever the app would answer with 431 at each request')
})

t.test('names that are the message’s own are none for a setting', async t => {
  const refused = `Host Cookie cookie COOKIE Connection Keep-Alive TE Trailer Transfer-Encoding Transfer_Encoding Upgrade Expect HTTP2-Settings Content-Length content.length Content-Type
    Proxy Proxy-Authorization Proxy-Connection Forwarded X-Forwarded-For X_Forwarded_For X-Forwarded-Proto X-Forwarded-Host X-Forwarded-Port X-Real-IP x.real.ip Sec-WebSocket-Key Sec-WebSocket-Protocol
    Sec-Fetch-Site X-OAuth-Gate`.split(/\s+/)
  t.strictSame(refused.filter(name => whyNotOurs(name) === undefined), [])
  for (const name of ['', 'X User', 'X-Üser', 'X:User', 'X-User\r\nX-Role', 'X-User\0', '"X"', 'X(1)', 'X/Y', 'X@Y']) t.match(whyNotOurs(name), /is no name for a header/, JSON.stringify(name))
  const taken = ['X-WEBAUTH-USER', 'Remote-User', 'REMOTE_USER', 'X-Forwarded-User', 'X-Forwarded-Groups', 'Authorization', 'X-Acme', 'From', 'X-Forwarded-Access-Token', 'X-Original-User', 'Hostess']
  t.strictSame(taken.filter(name => whyNotOurs(name) !== undefined), [])
})
