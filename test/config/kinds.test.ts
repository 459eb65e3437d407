import t from 'tap'
import { createJudge } from '../../src/access/judge.ts'
import { compileRules } from '../../src/access/rules/rules.ts'
import { Problem } from '../../src/config/config-error.ts'
import type { OptionName } from '../../src/config/options.ts'
import { options } from '../../src/config/options.ts'
import { Repeated } from '../../src/config/kinds/kind.ts'
import { fc } from '../fixtures/random.ts'

type Case = readonly [raw: unknown, value: unknown]

/** Every value is read as said and frozen where it could be changed; every other is refused with words of our own. */
function reads (option: OptionName, good: readonly Case[], bad: readonly unknown[]): void {
  t.test(`${option} is read or refused`, async t => {
    for (const [raw, value] of good) {
      const read = options[option].parse(raw)
      t.strictSame(read, value, `takes ${JSON.stringify(raw)}`)
      if (Array.isArray(read)) t.ok(Object.isFrozen(read) && read.every(item => typeof item !== 'object' || Object.isFrozen(item)), 'and freezes it')
    }
    for (const raw of bad) t.throws(() => options[option].parse(raw), { name: 'Problem' }, `refuses ${JSON.stringify(raw)}`)
  })
}

reads('usePkce', [['1', true], ['TRUE', true], ['Yes', true], ['on', true], [true, true], ['0', false], ['false', false], ['NO', false], ['Off', false], [false, false], [1, true], [0, false]],
  ['2', 'maybe', 'y', 'truee', null, [], {}])

reads('port', [['0', 0], [0, 0], ['65535', 65_535], [' 4180 ', 4180]], ['-1', '65536', '1.5', '1e3', '0x10', 'abc', 1.5, NaN, true, '9'.repeat(30)])

reads('upstreamTimeout', [['30', 30_000], [30, 30_000], ['30s', 30_000], ['500ms', 500], ['2m', 120_000], ['1.5s', 1500], ['1h', 3_600_000], ['0.5', 500]],
  ['0', '0s', '-1', '30d', '30 s s', 'fast', '1e3', '25000h', null, true])

reads('sessionIdle', [['30m', 1_800_000], [30, 30_000], ['1h', 3_600_000], ['off', Infinity], [' OFF ', Infinity], ['never', Infinity], [false, Infinity]], ['0', '0s', '-1', '30 minutes', 'on', '', null, true])

reads('wsGrace', [['0', 0], [0, 0], ['0s', 0], ['5m', 300_000], ['off', Infinity], ['no', Infinity]], ['-1', 'on', '25000h', null, true])

reads('oauthExpiryDays', [['1', 1], ['0.5', 0.5], ['.5', 0.5], [0.25, 0.25], [7, 7]], ['0', '-1', '1d', 'one', 'Infinity', 'NaN', '1e1', '40000', true])

reads('authStyle', [['auto', 'auto'], ['Params', 'params'], ['AutoDetect', 'auto'], ['INPARAMS', 'params'], ['inheader', 'header'], ['none', 'none']], ['basic', '__proto__', 'constructor', 1, null])
reads('cookieSecure', [['auto', 'auto'], ['ON', 'on'], ['true', 'on'], [true, 'on'], ['0', 'off'], [false, 'off']], ['maybe'])

reads('oauthKey', [['id', 'id'], ['with space', 'with space'], [123_456, '123456']], ['a\nb', ' a', 'a\t', 'a ', '  ', null, {}, [], 1e21, 1.5])
reads('oauthProvider', [['GitHub', 'github'], ['oidc', 'oidc']], ['', 3.5])

reads('oauthScope', [['openid email', ['openid', 'email']], ['openid,email, profile', ['openid', 'email', 'profile']], [['a', 'b'], ['a', 'b']], ['["a","b"]', ['a', 'b']], [new Repeated(['a,b', 'c']), ['a', 'b', 'c']], ['a,a', ['a']]],
  ['', ',', [], [''], [1.5], '["a"', '[1.5]', '[x]'])
reads('allowedGroups', [['platform team,admins', ['platform team', 'admins']], [['CN=a,OU=b'], ['CN=a,OU=b']], ['["CN=a,OU=b"]', ['CN=a,OU=b']], ['a,,b', ['a', 'b']]], [[], [''], [' '], ',', [{}], 'a\u0000b'])

reads('allowedDomains', [['B.com', ['b.com']], ['@b.com', ['b.com']], ['b.com, c.org', ['b.com', 'c.org']], ['*.b.com', ['*.b.com']]], ['*', 'b', 'b.com.', 'https://b.com', 'a@b.com', 'b com/', 'bü.com', []])
reads('allowedEmails', [['A@B.com,c@d.org', ['a@b.com', 'c@d.org']]], ['b.com', '@b.com', 'a@b@c.com', '*@b.com', 'a@localhost', 'ä@b.com'])

reads('publicUrl', [['https://app.example.com', new URL('https://app.example.com')], ['http://localhost:4180/', new URL('http://localhost:4180')], [new URL('https://a.example'), new URL('https://a.example')]],
  ['app.example.com', 'https://a/b', 'https://a?x', 'https://a#x', 'https://u:p@a', 'https://u@a', 'ftp://a', 'https://', 'https://a b', 'https:\\\\a', '//a', 'https://a\\b'])

reads('oauthIssuer', [['https://login.example/realms/x/', 'https://login.example/realms/x/'], ['http://localhost:8080', 'http://localhost:8080'], ['http://127.1.2.3/x', 'http://127.1.2.3/x'], ['http://[::1]:9', 'http://[::1]:9']],
  ['https://id.example.com/?x=1', 'https://id.example.com?', 'http://login.example', 'http://127.0.0.1.example', 'http://10.0.0.1', 'http://localhost.example', 'https://u:p@login.example', 'https://login.example#x', 'login.example', 'javascript:alert(1)'])

reads('oauthTokenUrl', [['https://login.example/t?tenant=1', 'https://login.example/t?tenant=1'], ['http://a.localhost/t', 'http://a.localhost/t']], ['http://login.example/t', 'https://u:p@login.example/t', 'https://login.example/t#x', '/t'])

reads('oauthRedirectUri', [['https://app.example', 'https://app.example'], ['http://app.lan/login', 'http://app.lan/login'], ['https://app.example/a?b=c', 'https://app.example/a?b=c']],
  ['/login', 'https://app.example/#x', 'https://app.example/a%2fb', 'https://app.example/../x', 'https://app.example//x', 'https://app.example/?state=1', 'https://app.example/?code', 'https://u@app.example'])

reads('upstream', [
  ['http://localhost:5006', [{ path: '/', origin: 'http://localhost:5006', basePath: '' }]],
  ['HTTP://Localhost:80/', [{ path: '/', origin: 'http://localhost', basePath: '' }]],
  ['/api=https://[::1]:8443/base/', [{ path: '/api', origin: 'https://[::1]:8443', basePath: '/base' }]],
  ['/api/=http://a/b=c', [{ path: '/api', origin: 'http://a', basePath: '/b=c' }]],
  ['/my%20app=http://a/my%20base/ü/', [{ path: '/my app', origin: 'http://a', basePath: '/my%20base/%C3%BC' }]],
  ['unix:/run/app.sock', [{ path: '/', origin: 'http://localhost', basePath: '', socketPath: '/run/app.sock' }]],
  ['/x=unix:///run/app.sock:/base', [{ path: '/x', origin: 'http://localhost', basePath: '/base', socketPath: '/run/app.sock' }]],
  ['/=http://a:1 /api=http://b:2', [{ path: '/', origin: 'http://a:1', basePath: '' }, { path: '/api', origin: 'http://b:2', basePath: '' }]],
  ['http://a:1,/api=http://b:2', [{ path: '/', origin: 'http://a:1', basePath: '' }, { path: '/api', origin: 'http://b:2', basePath: '' }]],
  [new Repeated(['http://a:1', '/s=unix:/s.sock:/b']), [{ path: '/', origin: 'http://a:1', basePath: '' }, { path: '/s', origin: 'http://localhost', basePath: '/b', socketPath: '/s.sock' }]],
  [['/x=unix:/run/my app.sock'], [{ path: '/x', origin: 'http://localhost', basePath: '', socketPath: '/run/my app.sock' }]]
], [
  'localhost:5006', 'ftp://a', 'ws://a', 'http://u:p@a', 'http://a?x=1', 'http://a/?', 'http://a#x', 'http://a/%2e', 'http://a/../b', 'http://a//b', 'http://a/b;c', 'http://a\\b', 'http://', 'http:///x',
  '/:$=http://a', '/a:$b=http://a', 'http://a/:$', 'unix:/s.sock:/a:$b', '/my%20app=http://a /my%20app/=http://b', '/api%2f=http://a', '/a/../b=http://a', '//x=http://a', '/a;b=http://a', 'api=http://a', 'unix:run/app.sock', 'unix:', 'unix:/s.sock:/a/../b', 'unix://host/s.sock', 'http://a http://b', '/a=http://x /a/=http://y', [], [''], 5006
])

reads('trustedProxy', [['10.0.0.0/8, 192.168.1.7', ['10.0.0.0/8', '192.168.1.7']], [['fd00::/8', '::1'], ['fd00::/8', '::1']], ['0.0.0.0/0', ['0.0.0.0/0']]], ['proxy.example', '10.0.0.0/33', '::/129', '10.0.0/8', '10.0.0.1/', '10.0.0.1/-1', '*', '300.1.1.1'])

reads('allowWebsocketOrigin', [['https://A.example', ['https://a.example']], ['localhost:5006', ['http://localhost:5006', 'https://localhost:5006']], ['https://a.example:443', ['https://a.example']]],
  ['*', '*.example', 'https://a.example/', 'https://a.example/x', 'https://a.example?x', 'https://u@a.example', 'ws://a'])

reads('whitelistDomain', [
  ['app2.example.com', ['https://app2.example.com']], ['App2.Example.com:8443,.apps.example.com', ['https://app2.example.com:8443', 'https://*.apps.example.com']], ['*.apps.example.com:8443', ['https://*.apps.example.com:8443']], [['intranet', 'a.example:443'], ['https://intranet', 'https://a.example']],
  ['localhost:5006', ['http://localhost:5006', 'https://localhost:5006']], ['127.0.0.1', ['http://127.0.0.1', 'https://127.0.0.1']], ['.dev.localhost', ['http://*.dev.localhost', 'https://*.dev.localhost']], ['10.0.0.7:8443', ['https://10.0.0.7:8443']], ['xn--bcher-kva.example', ['https://xn--bcher-kva.example']],
  [new Repeated(['a.example', 'b.example,c.example']), ['https://a.example', 'https://b.example', 'https://c.example']]
], [
  '*', '.', '*.', '.com', '*.com', '.localhost', '.org:8443', '*.*.example.com', 'a.*.example.com', '*a.example.com', 'a.example.com:*', '*.example.com:*', '**.example.com', 'https://a.example.com', '//a.example.com', 'a.example.com/', 'a.example.com/x', 'u@a.example.com', 'a.example.com.', '..example.com', 'a..example.com',
  'a_b.example.com', '-a.example.com', 'a-.example.com', 'bücher.example', 'a。example', 'a.example:0', 'a.example:65536', 'a.example:', 'a.example:x', '0x7f.1', '127.1', '2130706433', '1.2.3', '.0.0.1', '.2.3.4', '300.1.1.1', '[::1]:5006', '::1', 'xn--a', 'a%2eexample.com', 'a.example?x', 'a.example#x', 'a;b.example', `${'a'.repeat(64)}.example.com`, [], [''], 5006.5, null
])

t.test('a host that people may be led to is refused with its fix', async t => {
  const table: readonly (readonly [string, RegExp, RegExp])[] = [
    ['a.example:*', /has “a.example:\*”: any port/, /Write each host, and its port/], ['*', /any website could then be led to/, /or .example.com for the hosts below one domain/], ['.com', /has “.com”: any website below it/, /like .example.com\./],
    ['https://a.example:8443/x', /more than a host/, /Write a.example:8443: without a scheme/], ['bücher.example', /not a host/, /in ASCII, here xn--bcher-kva.example\./], ['me:hunter2@a.example', /^(?!.*hunter2)/, /Write the host alone/]
  ]
  for (const [entry, message, fix] of table) t.throws(() => options.whitelistDomain.parse(entry), { message, fix }, entry)
})

reads('cookieDomain', [['.Example.com', 'example.com'], ['a.example.com', 'a.example.com']], ['localhost', 'a_b.example.com', '-a.example.com', '127.0.0.1', 'https://example.com', 'example.com:443', 'example.com.', '..example.com', '*.example.com'])
reads('cookiePath', [['/', '/'], ['/app/', '/app'], ['/app/x', '/app/x']], ['app', '/a;b', '/a/../b', '/a%20', '//'])
for (const option of ['proxyPrefix', 'pingPath', 'readyPath'] as const) reads(option, [['/oauth2', '/oauth2'], ['/_gate/', '/_gate'], ['/a/b-c.d', '/a/b-c.d']], ['/', 'oauth2', '/a?b', '', '/a*b', '/*', '/:a', '/a/:b', '/a//', '/a%20b'])
reads('address', [['0.0.0.0', '0.0.0.0'], ['::', '::'], ['localhost', 'localhost']], ['http://a', 'a b', '[::]', '127.0.0.1:80'])

const key = 'cJFOwZcXaPTg5BVQ-sTjMl1Ji4kCLtWkMlbPG8xLJno='
const other = 'uhs7jWDNGuE4ZqB5BAO+Q6k-WIzSYdB0e5ZBHoBDnOU='
reads('oauthEncryptionKey', [[key, [key]], [`${key}, ${other}`, [key, other.replace('+', '-')]], [[key], [key]]], ['abc', key.slice(0, -1), key + '=', key.slice(4), 'not base64 at all!', [], [key, '']])

t.test('bad encryption keys get Panel’s two sentences', async t => {
  t.throws(() => options.oauthEncryptionKey.parse('abc'), { message: ': OAuth encryption key was not a valid base64 string.', fix: 'Generate an encryption key with `oauth-gate oauth-secret` and ensure you did not truncate the returned string.' })
  for (const nothing of ['', '\n', []]) t.throws(() => options.oauthEncryptionKey.parse(nothing), { message: 'is empty', fix: /oauth-gate oauth-secret/ })
  t.throws(() => options.oauthEncryptionKey.parse(Buffer.alloc(16).toString('base64')), { message: ': OAuth encryption key must be 32 url-safe base64-encoded bytes.' })
})

reads('rules', [
  [[{ path: '/admin', allow: { groups: ['admin', 'root'] } }, { path: '/', allow: 'signed-in' }], [{ path: '/admin', allow: { groups: ['admin', 'root'] } }, { path: '/', allow: 'signed-in' }]],
  [[{ path: '/administer', allow: 'public' }, { path: '/admin', allow: 'signed-in' }], [{ path: '/administer', allow: 'public' }, { path: '/admin', allow: 'signed-in' }]],
  ...[['/admin/', '/admin'], ['/my app', '/my app'], ['/my%20app', '/my app'], ['/größe', '/größe'], ['/gr%C3%B6%C3%9Fe/', '/größe'], ['/a:b', '/a:b'], ['/$a', '/$a'], ['/a*', '/a*']].map(([written, path]): Case => [[{ path: written, allow: 'public' }], [{ path, allow: 'public' }]])
], [
  '/admin', {}, [], [null], [[]], ['/admin'], [{ path: '/admin' }], [{ allow: 'public' }], [{ path: '/admin', allow: 'everyone' }], [{ path: '/admin', allow: 'public', allows: 1 }],
  [{ path: '/admin', allow: { groups: [] } }], [{ path: '/admin', allow: { groups: 'admin' } }], [{ path: '/admin', allow: { groups: [' admin'] } }], [{ path: '/admin', allow: { groups: [''] } }], [{ path: '/admin', allow: { groups: [1] } }],
  [{ path: '/admin', allow: { groups: ['a'], group: 'a' } }], [{ path: '/admin', allow: { emails: ['a'] } }],
  [{ path: 'admin', allow: 'public' }], [{ path: '/:$', allow: 'public' }], [{ path: '/a:$b', allow: 'public' }], [{ path: '/admin//', allow: 'public' }], [{ path: '/a//b', allow: 'public' }], [{ path: '/a/../b', allow: 'public' }], [{ path: '/%61', allow: 'public' }], [{ path: '/a;b', allow: 'public' }], [{ path: '/a\\b', allow: 'public' }], [{ path: '/a?b', allow: 'public' }],
  [{ path: '/', allow: 'signed-in' }, { path: '/admin', allow: { groups: ['admin'] } }], [{ path: '/a', allow: 'public' }, { path: '/a/b', allow: 'signed-in' }], [{ path: '/a', allow: 'public' }, { path: '/a', allow: 'public' }],
  [{ path: '/a', allow: 'public' }, { path: '/a/', allow: 'public' }], [{ path: '/my app', allow: 'public' }, { path: '/my%20app/x', allow: 'public' }]
])

t.test('the guard takes every path that a rule or an upstream may have, as the same one', async () => {
  const path = fc.array(fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom(...'aZ0.-_~!$&\'()*+,=:@%2;\\ ?#"é\u00aa/') })).map(parts => `/${parts.join('/')}`).filter(path => !/\/\*+(?:\/|$)/.test(path)) // no rule has such a star
  const accepted = <T>(parse: () => T): T | undefined => {
    try { return parse() } catch (error) {
      if (error instanceof Problem) return undefined
      throw error
    }
  }
  fc.assert(fc.property(path, path => {
    const rules = accepted(() => options.rules.parse([{ path, allow: 'public' }])) ?? []
    const upstreams = accepted(() => options.upstream.parse([`${path}=http://a${path}`])) ?? []
    createJudge({ upstreams, rules: compileRules(rules) })
    return [...rules, ...upstreams].every(one => options.rules.parse([{ path: one.path, allow: 'public' }])[0]?.path === one.path)
  }), { numRuns: 1000 })
})

t.test('extra params are read as Python, as JSON, and as what a shell leaves of them', async t => {
  const same = (raw: unknown, value: Record<string, string>) => {
    const read = options.oauthExtraParams.parse(raw)
    t.strictSame({ ...read }, value, JSON.stringify(raw))
    t.ok(Object.isFrozen(read) && Object.getPrototypeOf(read) === null)
  }
  same('{\'tenant\': \'T\'}', { tenant: 'T' })
  same('{"tenant": "T"}', { tenant: 'T' })
  same('{\'tenant\':\'T\',}', { tenant: 'T' })
  same('{\'a\': True, \'b\': None, \'c\': (1, 2)}', { a: 'true', c: '1 2' })
  same('{"a": true, "b": null, "c": "a\\/b"}', { a: 'true', c: 'a/b' })
  same('{\'claims\': {\'userinfo\': {\'email\': None}}}', { claims: '{"userinfo":{"email":null}}' })
  same('{\'n\': 12345678901234567890, \'f\': 0.5, \'i\': 7}', { n: '12345678901234567890', f: '0.5', i: '7' })
  same('{tenant:X}', { tenant: 'X' })
  same('{tenant: X, AUTHORIZE_URL: https://a/b?c=d }', { tenant: 'X', AUTHORIZE_URL: 'https://a/b?c=d' })
  same('', {})
  same({ tenant: 'T', on: true }, { tenant: 'T', on: 'true' })
  same('{"__proto__": "x"}', JSON.parse('{"__proto__": "x"}') as Record<string, string>)
  for (const raw of ['__import__(\'os\')', '[1]', '"x"', '{tenant', '{tenant}', '{a:b:{c}}', '{tenant:X', 'tenant=X', '{\'a\': b\'x\'}', '{"": "x"}', '{"a": 12345678901234567890}', '{"a": [{}]}', '{"a": [[1]]}', '{"a": "\\ud800"}', [], null, 1, ['a']]) {
    t.throws(() => options.oauthExtraParams.parse(raw), { name: 'Problem' }, `refuses ${JSON.stringify(raw)}`)
  }
  t.match(options.oauthExtraParams.remark?.('{tenant:X}'), /no quotes/)
  t.equal(options.oauthExtraParams.remark?.('{"tenant":"X"}'), undefined)
})

t.test('what was read differently than written is remarked upon', async t => {
  t.match(options.allowedDomains.remark?.('@b.com,c.com'), /takes @b\.com as b\.com/)
  t.equal(options.allowedDomains.remark?.('b.com'), undefined)
})

t.test('no refusal of an address quotes a password in it', async t => {
  for (const option of ['upstream', 'publicUrl', 'oauthIssuer', 'oauthTokenUrl', 'oauthRedirectUri', 'allowWebsocketOrigin'] as const) {
    t.throws(() => options[option].parse('http://user:hunter2@app.example/%2f'), { message: /^(?!.*hunter2)/ }, option)
  }
})

t.test('what may be a word instead of a number is said with it', t => {
  t.throws(() => options.workers.parse('x' as never), { message: 'must be a whole number from 1 to 256, or auto' })
  t.throws(() => options.wsGrace.parse('bla'), { message: 'must be a time, or off' })
  t.end()
})
