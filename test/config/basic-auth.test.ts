import { chmodSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { startBlock } from '../../src/cli/start-block.ts'
import type { ConfigProblem } from '../../src/config/config-error.ts'
import { loadConfig, type Loaded } from '../../src/config/load.ts'
import type { Flags } from '../../src/config/sources.ts'
import { ARGON2, BCRYPT } from '../fixtures/passwords.ts'
import { file, problems, secret } from './setup.ts'

const flags: Flags = { upstream: 'http://localhost:5006', 'cookie-secret': secret }
const load = (more: Flags, env: Record<string, string> = {}): Loaded => loadConfig({ flags: { ...flags, ...more }, env })
const errors = (more: Flags, env: Record<string, string> = {}): readonly ConfigProblem[] => problems(() => load(more, env))
const block = (loaded: Loaded) => startBlock({ config: loaded.config, notices: loaded.notices, version: '0', listening: 'http://127.0.0.1:4180' })
const credentials = (more: Flags, env: Record<string, string> = {}) => load(more, env).config.providers[0].basicAuth

t.test('a password needs no client, key or secret, in each place a setting can stand, and keeps its case', async t => {
  const is = { password: { kind: 'plain', text: 'SeCret-123' } }
  t.strictSame(credentials({ 'basic-auth': 'SeCret-123' }), is)
  t.strictSame(credentials({}, { PANEL_BASIC_AUTH: 'SeCret-123' }), is, 'checklist 48: Panel would have made it lower case')
  t.strictSame(credentials({}, { OAUTH_GATE_BASIC_AUTH: 'SeCret-123' }), is)
  t.strictSame(credentials({ 'basic-auth-file': file(t, 'password', 'SeCret-123\n') }), is)
  t.strictSame(credentials({ config: file(t, 'gate.yaml', 'basic_auth: SeCret-123\n') }), is)
  t.strictSame(credentials({ 'basic-auth': 'SeCret-123', 'oauth-provider': 'basic' }), is)
  t.match(load({ 'basic-auth': 'SeCret-123' }), { config: { providers: [{ id: 'basic', provider: { flow: 'basic' } }] }, sources: { basicAuth: { shown: '(set)' } } })
  for (const hash of [BCRYPT, ARGON2]) t.match(credentials({ 'basic-auth': hash }), { password: { kind: hash === BCRYPT ? 'bcrypt' : 'argon2id', text: hash } })
  t.doesNotThrow(() => load({ 'basic-auth': 'SeCret-123' }, { PANEL_BASIC_AUTH: 'SeCret-123' }))
  t.match(errors({ 'basic-auth': 'SeCret-123' }, { PANEL_BASIC_AUTH: 'secret-123' }), [{ message: 'Supply basic auth either using environment variable or via explicit argument, not both.', fix: '--basic-auth and PANEL_BASIC_AUTH differ: unset one of them, or make them equal.' }])
})

t.test('a file of people: JSON as Panel has it, or htpasswd, with comments and Windows’ line ends', async t => {
  const json = file(t, 'users.json', `\uFEFF{"ada": "ada-and-lovelace", "ben": ${JSON.stringify(BCRYPT)}, "__proto__": "of-a-prototype"}`)
  t.match(credentials({ 'basic-auth': json }), { path: json, people: new Map([['ada', { kind: 'plain' }], ['ben', { kind: 'bcrypt', cost: 4 }], ['__proto__', { kind: 'plain' }]]) })
  const htpasswd = file(t, 'people', `# those of the office\r\nada:${BCRYPT}\r\n\r\nben:${ARGON2}\njürgen:${BCRYPT}:a comment\n`)
  t.match(credentials({ 'basic-auth': htpasswd }), { people: new Map([['ada', { text: BCRYPT }], ['ben', { text: ARGON2, memory: 64, iterations: 1, parallelism: 1 }], ['jürgen', { text: BCRYPT }]]) })
})

t.test('a missing file is no password, whatever it is called', async t => {
  for (const value of ['/srv/users.jsn', './users', '../users', '~/users', 'users.json', 'USERS.JSON', '.htpasswd', 'people.txt', 'C:\\users', 'a.htpasswd', 'conf/users', 'secrets/htpasswd', 'run/secrets/users', 'users.csv', 'users.db', 'users.json.bak', '$HOME/users', 'etc\\users', 'users.json~', 'users.PASSWORD']) {
    t.match(errors({ 'basic-auth': value }), [{ setting: 'basic-auth', message: '--basic-auth looks like the path of a file, which does not exist.', fix: /--basic-auth-file/ }], value)
    t.notOk(JSON.stringify(errors({ 'basic-auth': value })).includes(value), 'it may be a password, and is not repeated')
  }
  t.match(credentials({ 'basic-auth-file': file(t, 'password', '/srv/a/b') }), { password: { text: '/srv/a/b' } }, 'in a file of its own it is one')
  t.match(credentials({ 'basic-auth-file': file(t, 'password', 'hunter.twelve') }), { password: { text: 'hunter.twelve' } })
  for (const value of ['abc+def+ghi=', 'hunter.12', 'a sentence. And one more.', 'mr.hunter-and-hunter', 'hunter.passwordings', 'p'.repeat(5_000)]) t.match(credentials({ 'basic-auth': value }), { password: { text: value } })
  const folder = dirname(file(t, 'x', ''))
  mkdirSync(join(folder, 'people'))
  t.match(errors({ 'basic-auth': join(folder, 'people') }), [{ message: /names a file that is a folder/ }])
  const closed = file(t, 'closed.json', '{"ada": "ada-and-lovelace"}')
  chmodSync(closed, 0)
  if (process.getuid?.() !== 0) t.match(errors({ 'basic-auth': closed }), [{ message: /may not be read/ }])
})

t.test('a file that cannot be taken stops the start with its line or entry and the fix, and nothing of it is repeated', async t => {
  const table: readonly (readonly [name: string, content: string | Buffer, message: RegExp, fix: RegExp])[] = [
    ['a.json', '{"ada": "hunter22-hunter", }\n"x', /a\.json, line \d, is not proper JSON\.$|a\.json is not proper JSON\.$/, /double quotes/],
    ['b.json', '{"ada": "hunter22-hunter",\n"ada": "other-hunter22"}', /b\.json, line 2, has a name that stands there before\./, /one of the two/],
    ['c.json', '{"ada": "hunter22-hunter", "ben": 7}', /c\.json, entry 2: the password of "ben" is no text\./, /double quotes/],
    ['d.json', '{"ada": ""}', /entry 1: the password of "ada" is empty\./, /double quotes/],
    ['e.json', '{}', /e\.json has nobody in it/, /htpasswd/],
    ['f.json', '{"a\\nb": "hunter22-hunter"}', /entry 1, is for a name that is empty/, /can type/],
    ['g.json', `{"${'n'.repeat(257)}": "hunter22-hunter"}`, /longer than 256/, /can type/],
    ['h.json', '{"ada": "hunter22-hunter", " ada": "hunter22-hunter"}', /entry 2, is the second for "ada"\./, /one of the two/],
    ['i.json', '{\'ada\': \'hunter22-hunter\'}', /i\.json is not proper JSON\./, /double quotes/],
    ['j', 'hunter22-hunter\n', /j, line 1, is not NAME:HASH\./, /--basic-auth-file/],
    ['k', `ada:${BCRYPT}\nben:hunter22-hunter\n`, /k, line 2, has no bcrypt or argon2id hash/, /JSON alone/],
    ['l', 'ada:$apr1$hunter22$abcdefghijklmnopqrstuv\n', /line 1: the password of "ada" is a hash of a kind that is not checked here/, /htpasswd -nB -C 12/],
    ['m', 'ada:{SHA}hunter22hunter22hunter22=\n', /line 1: .* of a kind that is not checked here/, /argon2id/],
    ['n', 'ada:$2y$12$hunter22\n', /line 1: .* not a whole one/, /60 characters/],
    ['o', `ada:${BCRYPT.replace('$04$', '$20$')}\n`, /has the cost 20/, /Use 12/],
    ['p', `ada:${BCRYPT.replace('$04$', '$03$')}\n`, /has the cost 03|has the cost 3/, /Use 12/],
    ['q', `ada:${ARGON2.replace('m=64', 'm=4194304')}\n`, /asks for m=4194304,t=1,p=1/, /m=19456,t=2,p=1/],
    ['r', `ada:${ARGON2.replace('$argon2id$', '$argon2i$')}\n`, /of a kind/, /argon2id/],
    ['s', `ada:${BCRYPT}\nada:${ARGON2}\n`, /line 2, is the second for "ada"/, /one of the two/],
    ['t', '# nobody\n\n', /t has nobody in it/, /NAME:HASH/],
    ['u', Buffer.from([0x61, 0x3a, 0xff, 0xfe]), /is not UTF-8/, /UTF-8/],
    ['v', `:${BCRYPT}\n`, /line 1, is for a name that is empty/, /can type/]
  ]
  for (const [name, content, message, fix] of table) {
    const found = errors({ 'basic-auth': file(t, name, content) })
    t.match(found, [{ setting: 'basic-auth', message, fix }], name)
    t.equal(found.length, 1, 'and it is not said that a provider is missing')
    t.notMatch(JSON.stringify(found), /hunter22|KBCwKx/, name)
  }
})

t.test('a value that was meant for a hash is never taken for the password itself', async t => {
  for (const value of ['$2y$12$short', '$apr1$salt$hunter22', '$argon2id$v=19$m=64$x', '$6$salt$hunter22', '{SSHA}hunter22']) {
    const found = errors({ 'basic-auth': value })
    t.match(found, [{ setting: 'basic-auth', message: /^--basic-auth (?:looks like a hash|is a hash of a kind)/ }], value)
    t.notMatch(JSON.stringify(found), /hunter22/)
  }
  t.match(credentials({ 'basic-auth': '$tarlight-express' }), { password: { kind: 'plain' } })
})

t.test('a file of people does not stand in for a password, and an empty or padded one is none', async t => {
  for (const content of ['{"ada": "x"}', `ada:${BCRYPT}`]) t.match(errors({ 'basic-auth-file': file(t, 'users', content) }), [{ message: /has people in it/, fix: /Name it in --basic-auth/ }])
  for (const value of ['', ' ', 'x ', 'a\nb']) t.match(errors({ 'basic-auth': value }), [{ setting: 'basic-auth' }], JSON.stringify(value))
  t.match(errors({ 'basic-auth-file': '/nowhere/password' }), [{ message: /does not exist/ }])
})

t.test('a provider beside it is an error that names both, and so is what means nothing to it', async t => {
  const [both] = errors({ 'basic-auth': 'SeCret-123', 'oauth-provider': 'github' })
  t.match(both, { setting: 'basic-auth', message: '--basic-auth and --oauth-provider both say how people sign in.', fix: /providers:/ })
  t.match(errors({ 'basic-auth': 'SeCret-123', 'oauth-provider': 'nope' }), [{ message: /both say/ }])
  t.match(errors({ 'basic-auth': 'SeCret-123', 'oauth-key': 'k', 'oauth-issuer': 'https://id.example.com' }).map(({ setting }) => setting).toSorted(), ['oauth-issuer', 'oauth-key'])
  t.match(errors({ 'oauth-provider': 'basic' }), [{ setting: 'oauth-provider', message: 'The provider basic is --basic-auth, and there is none.' }])
  t.match(errors({ 'basic-auth': 'SeCret-123', 'cookie-secret': undefined }), [{ setting: 'cookie-secret' }])
  t.match(errors({}), [{ setting: 'oauth-provider', fix: /--basic-auth asks for a password/ }, {}])
})

t.test('lists that go by what such people do not have would let nobody in, and stop the start', async t => {
  const path = file(t, 'emails.txt', 'ada@b.com')
  const table: readonly Flags[] = [{ 'allowed-domains': 'b.com' }, { 'allowed-emails': 'ada@b.com' }, { 'allowed-emails-file': path }, { 'allowed-groups': 'admins' }, { 'team-ids': '7' }, { 'allowed-organizations': 'acme' }]
  for (const list of table) t.match(errors({ 'basic-auth': 'SeCret-123', ...list }), [{ setting: Object.keys(list)[0] ?? '', message: /lets in nobody who comes by --basic-auth/, fix: /Take it out/ }])
  t.doesNotThrow(() => load({ 'basic-auth': 'SeCret-123', 'allowed-roles': 'Admin', 'role-attribute-path': 'login == \'ada\' && \'Admin\' || \'None\'' }), 'a role can go by the name')
  const several = file(t, 'gate.yaml', 'allowed_domains: [b.com]\nproviders:\n- { id: work, oauth_provider: github, oauth_key: k, oauth_secret: s, user_prefix: \'w:\' }\n- { id: local, basic_auth: SeCret-123, user_prefix: \'l:\' }\n')
  t.match(errors({ config: several }), [{ setting: 'allowed-domains', fix: 'Move it into the providers it is for: work.' }])
})

t.test('what is easily guessed is noted, and the start-up block says in words who may enter', async t => {
  t.match(load({ 'basic-auth': 'hunter2' }).notices, ['the password of --basic-auth is shorter than 8 characters and might be guessed'])
  t.strictSame(load({ 'basic-auth': 'hunter2-and-hunter3' }).notices, [])
  const path = file(t, 'users.json', JSON.stringify({ ada: 'short', ben: BCRYPT, cleo: 'cleo-and-patra', dora: 'brief' }))
  t.match(load({ 'basic-auth': path }).notices, [/users\.json: the password of ada, dora is shorter than 8/, /users\.json: the password of ben is hashed with cost 4/])
  const one = block(load({ 'basic-auth': 'hunter2' }))
  t.match(one, /Provider +a password\n[^]*Who may enter +Anyone who knows the password may enter\.\n/)
  t.notMatch(one, /hunter2|Redirect URI|nothing restricts|account at/)
  t.match(block(load({ 'basic-auth': path })), /Who may enter +Only the 4 people of .*users\.json may enter\.\n/)
  t.match(block(load({ 'basic-auth': file(t, 'one', `ada:${BCRYPT}`) })), /Only the one person of .*one may enter\./)
  t.match(block(load({ 'basic-auth': 'hunter2', 'public-url': 'http://app.example.com' })), /Warning +LOWERS_HTTPS: people reach this address over plain http: passwords and cookies can be read/)
  t.notMatch(block(load({ 'basic-auth': 'hunter2', 'public-url': 'https://app.example.com' })), /plain http:/)
})

t.test('what is about OAuth alone is told: a setting of the provider’s own is refused, any other noted', async t => {
  const password = { 'basic-auth': 'SeCret-123' }
  for (const [flag, value] of [['oauth-scope', 'openid'], ['oauth-key', 'k'], ['oauth-user-url', 'https://id.example.com/me'], ['teams-url', 'https://id.example.com/teams'], ['team-ids-attribute-path', 'id']] as const) {
    t.match(errors({ ...password, [flag]: value }), [{ setting: flag, message: /means nothing to the provider basic, which is not OAuth/ }], flag)
  }
  const notes = (more: Flags) => load({ ...password, ...more }).notices.filter(note => /^--oauth-r|^--callback|^--pass/.test(note))
  t.match(notes({ 'oauth-redirect-uri': 'http://localhost:4180/back' }), [/^--oauth-redirect-uri means nothing here: basic is not OAuth/])
  t.match(notes({ 'callback-path': '/back' }), [/^--callback-path means nothing here/])
  t.match(notes({ 'oauth-refresh-tokens': true }), [/^--oauth-refresh-tokens: the provider basic has no tokens/])
  t.match(notes({ 'pass-access-token': true }).at(-1), /the provider basic has no tokens/)
  t.match(notes({ 'pass-refresh-token': true, 'upstream-identity': 'panel-cookies' }), [/^--pass-refresh-token means nothing here/])
  t.strictSame(notes({}), [], 'nothing of what nobody set')
  const provider = { 'oauth-provider': 'github', 'oauth-key': 'k', 'oauth-secret': 's', 'oauth-redirect-uri': 'http://localhost:4180/back', 'oauth-refresh-tokens': true }
  t.notMatch(load(provider).notices.join('\n'), /means nothing here|has no tokens/, 'nor where there is a provider for it')
})
