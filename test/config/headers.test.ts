import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { blamed, enough, file, load, problems, set } from './setup.ts'

const shown = (list: readonly { readonly name: string, readonly expression: { readonly text: string } }[]) => list.map(({ name, expression }) => `${name}=${expression.text}`)
const two = ['X-WEBAUTH-USER=login', 'Remote-Groups=join(\',\', groups)']

t.test('headers are written as flags, as JSON in a variable, and as a list or a map in a file', async t => {
  t.strictSame(shown(load({ header: two }).config.header), two, 'a flag that is given twice')
  t.strictSame(shown(load({ header: 'X-WEBAUTH-USER = login ' }).config.header), ['X-WEBAUTH-USER=login'])
  t.strictSame(shown(load({}, { env: { OAUTH_GATE_HEADER: 'Remote-Groups=join(\',\', groups)' } }).config.header), [two[1]], 'a comma is the expression’s')
  t.strictSame(shown(load({}, { env: { OAUTH_GATE_HEADER: '{"X-WEBAUTH-USER": "login", "Remote-Groups": "join(\',\', groups)"}' } }).config.header), two)
  t.strictSame(shown(load({}, { env: { OAUTH_GATE_HEADERS: JSON.stringify(two) } }).config.header), two)
  t.strictSame(shown(set({ header: { 'X-WEBAUTH-USER': 'login' } }).config.header), ['X-WEBAUTH-USER=login'], 'from code')
  for (const text of ['headers:\n  X-WEBAUTH-USER: login\n  Remote-Groups: join(\',\', groups)\n', 'header:\n  - X-WEBAUTH-USER=login\n  - Remote-Groups=join(\',\', groups)\n']) {
    t.strictSame(shown(load({ config: file(t, 'gate.yaml', text) }).config.header), two, text)
  }
  t.strictSame(load().config.header, [])
  t.equal(Object.isFrozen(load({ header: two }).config.header), true)
})

t.test('a header that cannot be is refused, with the fix', async t => {
  const refused: [string, RegExp][] = [
    ['X-User', /--header has no =/], ['=login', /"" is no name for a header/], ['X User=login', /"X User" is no name for a header/], ['X-User:=login', /"X-User:" is no name/],
    ['Host=login', /"Host" belongs to the message/], ['cookie=login', /"cookie" belongs/], ['Transfer_Encoding=login', /belongs/], ['Connection=login', /belongs/], ['Proxy-Authorization=login', /belongs/],
    ['X-Forwarded-For=login', /belongs/], ['x_real_ip=login', /belongs/], ['Sec-WebSocket-Key=login', /belongs/], ['Content-Length=login', /belongs/],
    ['X-User=', /X-User is empty/], ['X-User=a b', /X-User: at character 3/], ['X-User=nope(login)', /X-User: at character 1[^]*no such function/], ['X-User=username', /X-User asks for username, and an identity has no such member/],
    ['X-User=preferred_username || login', /asks for preferred_username/], ['X-User=group[0]', /asks for group/], ['X-User=join(\',\', grups)', /asks for grups/], ['X-User=contains(groups, \'a\') && \'Admin\' || rol', /asks for rol,/], ['X-User=@.logn', /asks for logn/], ['[1', /begins like JSON/], ['{"X-User": 1}', /X-User must be an expression/], ['{}', /is an empty list/], ['[]', /is an empty list/],
    [`${'X'.repeat(101)}=login`, /longer than any header/]
  ]
  for (const [text, message] of refused) {
    const found = problems(() => load({ header: text }))
    t.match(found, [{ setting: 'header', message, fix: /./ }], text)
    t.equal(found.length, 1)
  }
  t.strictSame(problems(() => load({ header: ['X-A=logn', 'Host=login', 'X-B=groups['] })).length, 3, 'all at once')
  for (const text of ['X-A=groups[?name == \'x\']', 'X-A=sort_by(groups, &name)', 'X-A=claims.* | [0].team', 'X-A={a: login}.a']) t.strictSame(blamed(() => load({ header: text })), [], text)
  t.match(problems(() => load({ header: 'X-User=username' }))[0]?.fix, '--claim=username=username, and then claims.username')
  for (const text of ['X-User=not_null(login, user)', 'X-User="login"', 'X-User=\'text\'', 'X-User=@.login', 'X-User=[login, user]', 'X-User=!login && \'none\' || login', 'X-User=let $x = login in $x']) t.strictSame(blamed(() => load({ header: text })), [], text)
})

t.test('one name is one header, in every spelling that an app may read alike', async t => {
  for (const again of ['x-acme-person', 'X_Acme_Person', 'X.ACME-person']) t.match(problems(() => load({ header: ['X-Acme-Person=login', `${again}=user`] })), [{ setting: 'header', message: new RegExp(`has ${again} twice`) }], again)
  t.match(problems(() => set({ header: { 'X-A': 'login', x_a: 'user' } })), [{ setting: 'header', message: /x_a twice/ }])
  t.strictSame(blamed(() => load({ header: ['X-Acme=login', 'X-Acme2=login'] })), [])
})

t.test('an empty one stops the start: a variable that should have filled it may be unset', async t => {
  t.match(problems(() => load({}, { env: { OAUTH_GATE_HEADER: '' } })), [{ setting: 'header', message: /is empty/ }])
  t.match(problems(() => load({}, { env: { OAUTH_GATE_CLAIM: ' ' } })), [{ setting: 'claim', message: /is empty/ }])
})

t.test('a claim to keep has a name that an expression can use', async t => {
  const { claim } = load({ claim: ['department=org.department', 'cost-center="cost-center"'] }).config.providers[0]
  t.strictSame(shown(claim), ['department=org.department', 'cost-center="cost-center"'])
  const refused: [string, RegExp][] = [
    ['department', /has no =/], ['1st=a', /"1st" is no name for a claim/], ['=a', /"" is no name/], ['a.b=a', /"a.b" is no name/], ['a b=a', /is no name/], ['__proto__=a', /is no name/], ['Ü=a', /is no name/],
    ['a=', /a is empty/], ['a=b c', /: a: at character 3/]
  ]
  for (const [text, message] of refused) t.match(problems(() => load({ claim: text })), [{ setting: 'claim', message, fix: /./ }], text)
  t.match(problems(() => load({ claim: ['a=b', 'a=c'] })), [{ setting: 'claim', message: /has a twice/ }])
  t.strictSame(blamed(() => load({ claim: ['a=b', 'A=c'] })), [], 'another case is another name')
})

t.test('each of several providers keeps claims of its own', async t => {
  const { upstream, 'cookie-secret': cookieSecret } = enough
  const entry = { oauth_provider: 'oidc', oauth_issuer: 'https://login.example', oauth_key: 'id', oauth_secret: 's' }
  const of = (claim: unknown) => loadConfig({ env: {}, settings: { upstream, cookieSecret, providers: [{ id: 'one', ...entry, user_prefix: 'one:', claim }, { id: 'two', label: 'Two', ...entry, user_prefix: 'two:' }] } }).config.providers
  t.strictSame(of({ department: 'dept' }).map(({ claim }) => shown(claim)), [['department=dept'], []])
  t.match(problems(() => of(['x'])), [{ setting: 'claim', message: /claim of provider one has no =/ }])
})

t.test('what a token’s setting sends, no header of the same name does', async t => {
  t.match(problems(() => load({ header: 'authorization=login', 'pass-authorization-header': true })), [{ setting: 'header', message: '--header has authorization, which --pass-authorization-header sends.', fix: /Keep one/ }])
  t.match(problems(() => load({ header: 'X_Forwarded_Access_Token=login', 'pass-access-token': true })), [{ setting: 'header', message: /which --pass-access-token sends/ }])
  t.strictSame(blamed(() => load({ header: ['Authorization=login', 'X-Forwarded-Access-Token=login'] })), [], 'and otherwise they are free')
  t.strictSame(blamed(() => load({ header: 'Authorization=login', 'pass-access-token': true })), [])
})

t.test('a header of a claim that nothing keeps would never come, and stops the start', async t => {
  for (const text of ['X-Dept=claims.department', 'X-Dept=claims."department"', 'X-Dept=login || claims.department', 'X-Dept=upper(claims.department)']) {
    t.match(problems(() => load({ header: text })), [{ setting: 'header', message: '--header=X-Dept=… asks for claims.department, and no --claim keeps that.', fix: /--claim=department=/ }], text)
    t.strictSame(blamed(() => load({ header: text, claim: 'department=org.dept' })), [], text)
  }
  for (const text of ['X-A=\'claims.department\'', 'X-A=claims', 'X-A=keys(claims)', 'X-A=claims.*']) t.strictSame(blamed(() => load({ header: text })), [], text)
  t.strictSame(blamed(() => load({ header: 'X-A=claims.a', claim: 'a=b c' })), ['claim'], 'what was refused is not complained about twice')
})

t.test('that tokens are in the cookie, grow old, or never come is said at start', async t => {
  const notes = (settings: Settings) => set(settings).notices.join('\n')
  t.equal(notes({}), '')
  t.match(notes({ passAccessToken: true }), /^--pass-access-token keeps tokens in the session’s cookie.*not refreshed \(--oauth-refresh-tokens\): a session lasts 1 day \(/)
  t.notMatch(notes({ passAccessToken: true, oauthRefreshTokens: true, oauthScope: ['openid', 'offline_access'] }), /refreshed/)
  t.match(notes({ passAccessToken: true, passAuthorizationHeader: true, oauthExpiryDays: 7 }), /^--pass-access-token and --pass-authorization-header keep tokens.*lasts 7 days/)
  t.notMatch(notes({ passAuthorizationHeader: true }), /openid|plain http/)
  t.match(notes({ passAuthorizationHeader: true, oauthScope: ['email'] }), /openid is not among the scopes of the provider oidc/)
  t.match(notes({ passAuthorizationHeader: true, emptyScopes: true }), /openid is not among the scopes of the provider oidc/)
  t.notMatch(notes({ passAccessToken: true, oauthScope: ['email'] }), /openid/, 'an access token comes without it')
  t.match(load({ 'pass-authorization-header': true, 'oauth-provider': 'github', 'oauth-issuer': undefined }).notices.join('\n'), /openid is not among the scopes of the provider github/)
  const before = (upstream: string) => load({ upstream, 'pass-access-token': true }).notices.join('\n')
  t.match(before('http://app.internal:80'), /sends tokens to http:\/\/app\.internal over plain http/)
  for (const upstream of ['https://app.internal', 'http://127.0.0.1:5006', 'unix:/run/app.sock']) t.notMatch(before(upstream), /plain http/, upstream)
})

t.test('a name that two providers may give to two people is told at start', async t => {
  const alone = { 'oauth-provider': undefined, 'oauth-issuer': undefined, 'oauth-key': undefined, 'oauth-secret': undefined }
  const notices = (header: string) => load({ ...alone, config: file(t, 'gate.yaml', `headers:\n  X-WEBAUTH-USER: "${header}"\nproviders:\n  - { id: one, oauth_provider: github, user_prefix: 'one:', oauth_key: k, oauth_secret: s }\n  - { id: two, oauth_provider: gitlab, user_prefix: 'two:', oauth_key: k, oauth_secret: s }\n`) }).notices.filter(notice => /two people of two providers/.test(notice))
  t.match(notices('login'), [/^--header=X-WEBAUTH-USER=login can be the same/])
  for (const safe of ['user', 'join(\':\', [provider, login])', 'name', '\'login\'']) t.strictSame(notices(safe), [], safe)
  t.notMatch(load({ header: 'X-WEBAUTH-USER=login' }).notices.join(), /two people/, 'nor with one provider')
})

t.test('a join that would let one group look like two is told at start, with what to write instead', async t => {
  t.match(set({ header: ['Remote-Groups=join(\',\', groups)'] }).notices.join('\n'), /Remote-Groups=groups sends them with commas between, and those within a name encoded/)
  t.notMatch(set({ header: ['Remote-Groups=groups', 'X-Acme=join(\' \', [user, login])'] }).notices.join('\n'), /looks like two/)
})
