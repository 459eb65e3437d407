import t from 'tap'
import type { RuleInput } from '../../src/config/kinds/rules.ts'
import type { Settings } from '../../src/config/options.ts'
import { file, load, problems, set } from './setup.ts'

const told = (settings: Settings) => problems(() => set(settings)).map(({ message, fix }) => `${message.replace(/\.$/, '')} ${fix}`).join('\n')
const rules = (...list: unknown[]) => told({ rules: list as RuleInput[] })

t.test('a rule is read from a file with all that it may have', async t => {
  const { config } = load({}, { file: file(t, 'gate.yaml', `
rules:
  - { path: /admin/, host: [Admin.Example.com, '*.a.example', '::1'], methods: [get, POST], allow: { groups: [admins], roles: [editor, GRAFANAADMIN], emails: Ann@Example.com, provider: oidc, condition: "login && role" }, reason: "  Only for people on call. " }
  - { methods: OPTIONS, allow: public }
  - { host: b.example, allow: optional }
  - { path: /, allow: signed-in }
`) })
  const [first, ...rest] = config.rules
  const { allow, ...scope } = first ?? {}
  t.strictSame(scope, { path: '/admin', host: ['admin.example.com', '*.a.example', '[::1]'], methods: ['GET', 'POST'], reason: 'Only for people on call.' })
  t.match(allow, { groups: ['admins'], roles: ['Editor', 'Admin'], emails: ['ann@example.com'], provider: ['oidc'], condition: { text: 'login && role' } })
  t.strictSame(rest, [{ methods: ['OPTIONS'], allow: 'public' }, { host: ['b.example'], allow: 'optional' }, { path: '/', allow: 'signed-in' }])
  t.ok(Object.isFrozen(first) && Object.isFrozen(first?.host) && Object.isFrozen(allow))
})

t.test('a rule that is wrong stops the start, with its number and the fix', async t => {
  const wrong: readonly (readonly [rule: unknown, message: RegExp])[] = [
    [{ allow: 'public' }, /rules: rule 1 needs a path Write path: \/admin/],
    [{ path: 7, allow: 'public' }, /has a path that is not a text/],
    [{ path: '/a', allow: 'public', methos: ['GET'] }, /has the key “methos”, which nobody knows Known are path, host, methods, allow and reason/],
    [{ path: '/a', methods: [], allow: 'public' }, /has an empty list of methods Write methods: \[GET, POST\]/],
    [{ path: '/a', methods: ['GTE'], allow: 'public' }, /has the method “GTE”, which nobody knows/],
    [{ path: '/a', methods: ['TRACE'], allow: 'public' }, /has the method “TRACE”, which is never forwarded/],
    [{ path: '/a', host: [], allow: 'public' }, /has an empty list of hosts/],
    [{ path: '/a', host: 'https://a.example', allow: 'public' }, /has the host “https:\/\/a\.example”, which must have no scheme and no path/],
    [{ path: '/a', host: 'a.example:8443', allow: 'public' }, /which must have no port Write a\.example:/],
    [{ path: '/a', host: '[::1]:80', allow: 'public' }, /which must have no port Write \[::1\]:/],
    [{ path: '/a', host: 'a.*.example', allow: 'public' }, /where \* may only stand in front/],
    [{ path: '/a', host: '*', allow: 'public' }, /where \* may only stand in front/],
    [{ path: '/a', host: 'größe.example', allow: 'public' }, /in ASCII Write xn--gre-6ka8i\.example/],
    [{ path: '/a', host: 'a.example.', allow: 'public' }, /which is none/],
    [{ path: '/a', host: '*.10.0.0.1', allow: 'public' }, /which is none/],
    [{ path: '/a', host: 'a..example', allow: 'public' }, /which is none/],
    [{ path: '/a', host: '[::g]', allow: 'public' }, /which is none/],
    [{ path: '/admin/*', allow: 'signed-in' }, /has the path “\/admin\/\*”, where \* stands for nothing Write \/admin: a rule is for a path and everything below it/],
    [{ path: '/*', allow: 'public' }, /Write \/:/],
    [{ path: '/a', allow: { condition: 'ends_with(emal, \'@b.example\')' } }, /has a condition that asks for emal, and an identity has no such member/],
    [{ path: '/a', allow: { condition: 'claims.team == \'x\'' } }, /the one for \/a asks for claims\.team, and no --claim keeps that Add --claim=team=/],
    [{ path: '/a' }, /needs allow: public, optional, signed-in, or groups/],
    [{ path: '/a', allow: 'everyone' }, /needs allow/],
    [{ path: '/a', allow: {} }, /allows none of groups, roles, emails, provider, condition/],
    [{ path: '/a', allow: { group: ['a'] } }, /has the key “group”, which nobody knows Known are groups, roles, emails, provider and condition/],
    [{ path: '/a', allow: { groups: [] } }, /has an empty list of groups/],
    [{ path: '/a', allow: { groups: ['admins '] } }, /has “admins ” among its groups, with a space at its beginning or end Take the space out/],
    [{ path: '/a', allow: { roles: ['Owner'] } }, /has the role “Owner”, which nobody knows There are None, Viewer, Editor and Admin/],
    [{ path: '/a', allow: { roles: [] } }, /has an empty list of roles/],
    [{ path: '/a', allow: { emails: ['@example.com'] } }, /has “@example\.com” among its emails, which is no email address/],
    [{ path: '/a', allow: { emails: [] } }, /has an empty list of emails/],
    [{ path: '/a', allow: { condition: '' } }, /has a condition that is empty/],
    [{ path: '/a', allow: { condition: 'contains(groups, \'a\'' } }, /has a condition that is not right: at character \d+:\n.*contains\(groups, 'a'\n +\^ ends too early/],
    [{ path: '/a', allow: { condition: 'contian(groups, \'a\')' } }, /\n {4}\^ calls contian\(\), and there is no such function/],
    [{ path: '/a', allow: 'public', reason: 'x' }, /has a reason, but allow: public refuses nobody/],
    [{ path: '/a', allow: { groups: ['a'] }, reason: '' }, /has a reason that is not a text/],
    [{ path: '/a', allow: { groups: ['a'] }, reason: 'a\nb' }, /has a reason with a line break/],
    [{ path: '/a', allow: { groups: ['a'] }, reason: 'x'.repeat(501) }, /of more than 500 characters/],
    [{ path: '/oauth2/userinfo', allow: 'public' }, /rule 1 is for \/oauth2\/userinfo and never asked, because the gate’s own pages are there/]
  ]
  for (const [rule, message] of wrong) t.match(rules(rule), message, JSON.stringify(rule))
  t.match(rules({ path: '/x', allow: 'public' }, { path: '/a', allow: { groups: [] } }), /rule 2 has/)
  t.match(rules({ path: 'x', allow: 'public' }, { path: '/a', allow: { groups: [] } }, { path: '/b', allow: 'all' }), /rule 1 has[^]*\n.*rule 2 has[^]*\n.*rule 3 needs/, 'all at once')
})

t.test('a rule that can never match stops the start', async t => {
  const pairs: readonly (readonly [earlier: unknown, later: unknown, hidden: boolean])[] = [
    [{ path: '/a', allow: 'public' }, { path: '/a/b', allow: 'signed-in' }, true],
    [{ path: '/a', allow: 'public' }, { path: '/a/b', host: 'a.example', methods: ['GET'], allow: 'signed-in' }, true],
    [{ host: 'a.example', allow: 'public' }, { path: '/b', host: 'a.example', allow: 'signed-in' }, true],
    [{ host: '*.example', allow: 'public' }, { host: ['a.example', 'b.a.example'], allow: 'signed-in' }, true],
    [{ host: '*.example', allow: 'public' }, { host: '*.a.example', allow: 'signed-in' }, true],
    [{ host: 'localhost', allow: 'public' }, { host: '127.0.0.1', allow: 'signed-in' }, true],
    [{ methods: ['GET'], allow: 'public' }, { path: '/a', methods: ['HEAD'], allow: 'signed-in' }, true],
    [{ methods: ['GET', 'POST'], allow: 'public' }, { methods: ['POST'], allow: 'signed-in' }, true],
    [{ path: '/a', methods: ['GET'], allow: 'public' }, { path: '/a', allow: 'signed-in' }, false],
    [{ path: '/a', methods: ['HEAD'], allow: 'public' }, { path: '/a', methods: ['GET'], allow: 'signed-in' }, false],
    [{ path: '/a', host: 'a.example', allow: 'public' }, { path: '/a', allow: 'signed-in' }, false],
    [{ host: 'a.example', allow: 'public' }, { host: '*.example', allow: 'signed-in' }, false],
    [{ host: '*.example', allow: 'public' }, { host: ['a.example', 'other'], allow: 'signed-in' }, false],
    [{ host: '*.example', allow: 'public' }, { host: 'example', allow: 'signed-in' }, false],
    [{ path: '/a/b', allow: 'public' }, { path: '/a', allow: 'signed-in' }, false]
  ]
  for (const [earlier, later, hidden] of pairs) {
    const found = rules(earlier, later)
    if (hidden) t.match(found, /rule 2 is for .* and never asked, because rule 1 for .* covers it Put the narrower one first/, JSON.stringify([earlier, later]))
    else t.equal(found, '', JSON.stringify([earlier, later]))
  }
  t.match(rules({ methods: ['POST'], host: 'a.example', allow: 'public' }, { path: '/x', methods: 'POST', host: 'a.example', allow: 'public' }), /is for POST \/x at a\.example and never asked, because rule 1 for POST \/ at a\.example covers it/)
})

t.test('what opens besides the rules hides none of them, and is not hidden', async t => {
  const staff: RuleInput = { path: '/pub/admin', allow: { groups: ['admins'] } }
  t.match(told({ rules: [staff], oauthGuestEndpoints: ['/pub/*'] }), /rule 1 is for \/pub\/admin and never asked, because --oauth-guest-endpoints=\/pub\/\* opens all of it/)
  t.equal(told({ rules: [staff], oauthGuestEndpoints: ['/pub', '/pub/admin', '/x/*'] }), '')
  t.match(told({ rules: [{ path: '/', allow: 'signed-in' }], oauthOptional: true }), /--oauth-optional opens nothing, because rule 1 is for every path/)
  t.equal(told({ rules: [staff, { methods: ['POST'], allow: 'signed-in' }], oauthOptional: true }), '')
  t.match(told({ oauthGuestEndpoints: ['/oauth2/*'] }), /--oauth-guest-endpoints=\/oauth2\/\* opens nothing, because the gate’s own pages are there/)
  t.match(told({ oauthGuestEndpoints: ['/_gate/x'], proxyPrefix: '/_gate' }), /opens nothing/)
  t.equal(told({ oauthGuestEndpoints: ['/oauth2x', '/'] }), '')
})

t.test('guest endpoints are written as in Panel: behind one flag, as a Python list, or with commas', async t => {
  const read = (flags: Record<string, string[]>, env: Record<string, string> = {}) => load(flags, { env }).config.oauthGuestEndpoints
  t.strictSame(read({ 'oauth-guest-endpoints': ['/a', '/b/*'] }), ['/a', '/b/*'])
  t.strictSame(read({ 'oauth-guest-endpoints': ['/a /b,/c'] }), ['/a', '/b', '/c'])
  for (const text of ['["/a", "/b/*"]', '[\'/a\', \'/b/*\']', '(\'/a\', \'/b/*\',)', '/a,/b/*', '/a /b/*']) t.strictSame(read({}, { PANEL_OAUTH_GUEST_ENDPOINTS: text }), ['/a', '/b/*'], text)
  t.strictSame(load({}, { file: file(t, 'gate.yaml', 'oauth_guest_endpoints: [/a/, /größe]\n') }).config.oauthGuestEndpoints, ['/a', '/größe'])
  t.match(told({ oauthGuestEndpoints: [] }), /is an empty list/)
  t.match(problems(() => load({}, { env: { OAUTH_GATE_OAUTH_GUEST_ENDPOINTS: '' } })), [{ setting: 'oauth-guest-endpoints' }], 'an unset variable opens nothing, and is told')
  for (const [path, message] of [['app', /must begin with \//], ['/a/*/b', /where \* is not at the end/], ['/a*', /where \* is not at the end/], ['/a//b', /in more than one way/], ['/a?x', /no query/]] as const) t.match(told({ oauthGuestEndpoints: [path] }), message, path)
  t.match(problems(() => load({}, { env: { PANEL_OAUTH_GUEST_ENDPOINTS: '[/a' } })), [{ setting: 'oauth-guest-endpoints' }])
})

t.test('skip-auth-route is written as for oauth2-proxy, and a comma inside an expression is part of it', async t => {
  const read = (flags: Record<string, string[]>, env: Record<string, string> = {}) => load(flags, { env }).config.skipAuthRoute.map(({ text }) => text)
  t.strictSame(read({ 'skip-auth-route': ['GET=^/a{1,3}$', '/b'] }), ['GET=^/a{1,3}$', '/b'])
  t.strictSame(read({ 'skip-auth-routes': ['GET=^/a,POST!=/b,(/c|/d)'] }), ['GET=^/a', 'POST!=/b', '(/c|/d)'])
  t.strictSame(read({}, { OAUTH_GATE_SKIP_AUTH_ROUTES: 'GET=^/a{1,3}$, /b[x,y]' }), ['GET=^/a{1,3}$', '/b[x,y]'])
  t.strictSame(load({}, { file: file(t, 'gate.yaml', 'skip_auth_route:\n  - GET=^/a,b$\n  - /c\n') }).config.skipAuthRoute.length, 2)
  for (const [text, message] of [['GTE=/a', /has “GTE=\/a”|“GTE=\/a” has the method “GTE”, which nobody knows/], ['/(', /no expression that RE2 knows/], ['health', /begins with \//], ['GET=', /has no expression/]] as const) t.match(told({ skipAuthRoute: [text] }), message, text)
  t.match(told({ skipAuthRoute: [] }), /is an empty list/)
})

t.test('a condition that is true for everybody is told of at start, by the number of its rule; so is what a header or a claim probably means', async t => {
  const notices = (settings: Settings) => set(settings).notices.join('\n')
  t.match(notices({ rules: [{ path: '/a', allow: { condition: '[login==\'ann\']' } }, { path: '/', allow: 'signed-in' }] }), /the setting rules: rule 1 /)
  t.match(notices({ header: ['X-Acme=user == "ann" && \'yes\''] }), /the setting header: X-Acme .*'ann'/)
  t.match(notices({ claim: ['team=not_null(grafana-client.roles)'] }), /the setting claim: team .*"grafana-client"\.roles/)
  t.notMatch(notices({ header: ['X-Acme=login'], claim: ['team=a.b'], rules: [{ path: '/', allow: { condition: 'contains(groups, \'a\')' } }] }), /rules:|header:|claim:/)
})
