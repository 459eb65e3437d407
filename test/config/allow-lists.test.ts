import { spawnSync } from 'node:child_process'
import { appendFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { Problem } from '../../src/config/config-error.ts'
import { readAddresses } from '../../src/config/kinds/emails-file.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { watchFile } from '../../src/config/watched-file.ts'
import { blamed, enough, file, load, problems } from './setup.ts'

const addresses = (content: string | Buffer) => readAddresses('emails.txt', Buffer.from(content))

t.test('a file of addresses: one a line, with comments and blank lines, as any editor writes it', async t => {
  const table: readonly (readonly [string, string | Buffer, readonly string[]])[] = [
    ['a line', 'ada@b.com', ['ada@b.com']],
    ['several', 'ada@b.com\nben@b.com\n', ['ada@b.com', 'ben@b.com']],
    ['Windows', '\uFEFFada@b.com\r\n\r\nben@b.com\r\n', ['ada@b.com', 'ben@b.com']],
    ['an old Mac', 'ada@b.com\rben@b.com\r', ['ada@b.com', 'ben@b.com']],
    ['comments', '# all\n  # of us\nada@b.com # the boss\nben@b.com\t#\n#cleo@b.com\n', ['ada@b.com', 'ben@b.com']],
    ['spaces around', '  ada@b.com\t\n', ['ada@b.com']],
    ['an address with a number sign', 'a#b@b.com\n', ['a#b@b.com']],
    ['in any case, and twice', 'Ada@B.com\nada@b.COM\n', ['ada@b.com']]
  ]
  for (const [name, content, expected] of table) t.strictSame(addresses(content), expected, name)
})

t.test('a bad line is told by its number and never repeated, and a list of nobody is refused', async t => {
  const table: readonly (readonly [string, string | Buffer, RegExp])[] = [
    ['no address', 'ada@b.com\nhunter2\n', /^: emails\.txt, line 2 is no email address\.$/],
    ['several, counted with blanks and comments', '#\n\nhunter2\nada@b.com\nhunter2', /lines 3, 5 are no email address/],
    ['many', 'x\n'.repeat(14), /lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 4 others are/],
    ['two on a line', 'ada@b.com, ben@b.com', /line 1 is/],
    ['two on a line, by a space', 'ada@b.com ben@b.com', /line 1 is/],
    ['a name beside it', 'Ada <ada@b.com>', /line 1 is/],
    ['a domain', '@b.com', /line 1 is/],
    ['everybody', '*', /line 1 is/],
    ['a pattern', '*@b.com', /line 1 is/],
    ['a look-alike', 'ada@ехample.com', /line 1 is/],
    ['nothing', '', /has no address in it/],
    ['comments alone', '# ada@b.com\n\n', /has no address in it/],
    ['a byte order mark alone', '\uFEFF', /has no address in it/],
    ['UTF-16', Buffer.from('\uFEFFada@b.com\n', 'utf16le'), /not UTF-8/],
    ['something else', Buffer.from([0xff, 0, 0x80]), /not UTF-8/]
  ]
  for (const [name, content, message] of table) {
    const error = t.throws(() => addresses(content), { name: 'Problem', message, fix: /\w/ }, name) as Problem
    t.notMatch(error.message + (error.fix ?? ''), /hunter2/)
  }
})

t.test('the file is read at start, beside the list', t => {
  const path = file(t, 'emails.txt', 'Ada@B.com\n')
  t.match(load({ 'allowed-emails-file': path, 'allowed-emails': 'ben@b.com' }).config, { allowedEmailsFile: { path, addresses: ['ada@b.com'] }, allowedEmails: ['ben@b.com'] })
  t.ok(Object.isFrozen(load({ 'allowed-emails-file': path }).config.allowedEmailsFile?.addresses))
  t.match(problems(() => load({ 'allowed-emails-file': file(t, 'empty.txt', '\n') })), [{ setting: 'allowed-emails-file', message: /^--allowed-emails-file: .*empty\.txt has no address in it, so nobody would be listed\.$/, fix: /one address a line/ }])
  t.match(problems(() => load({ 'allowed-emails-file': file(t, 'bad.txt', 'a@b.com\nx\n') })), [{ message: /bad\.txt, line 2 is no email address\./, fix: /--allowed-domains/ }])
  t.match(problems(() => load({ 'allowed-emails-file': '/nowhere/emails.txt' })), [{ setting: 'allowed-emails-file', message: /names a file that does not exist/ }])
  t.strictSame(blamed(() => load({ 'allowed-emails-file': '' })), ['allowed-emails-file'])
  t.end()
})

t.test('roles, teams and organizations are read or refused, all at once', t => {
  const { config } = load({ 'allowed-roles': 'editor, ADMIN GrafanaAdmin none', 'role-attribute-path': 'role', 'team-ids': '150, 300 acme:devs', 'allowed-organizations': 'My Org, other' })
  t.match(config, { allowedRoles: ['Editor', 'Admin', 'None'], teamIds: ['150', '300', 'acme:devs'], allowedOrganizations: ['My Org', 'other'], allowSignUp: true })
  t.strictSame(blamed(() => load({ 'allowed-roles': 'Owner', 'role-attribute-path': 'role', 'team-ids': '', 'allowed-organizations': ',', 'allow-sign-up': 'perhaps', 'allowed-emails-file': '/nowhere' })).toSorted(), ['allow-sign-up', 'allowed-emails-file', 'allowed-organizations', 'allowed-roles', 'team-ids'])
  t.match(problems(() => load({ 'allowed-roles': 'Admin,Owner', 'role-attribute-path': 'role' })), [{ message: '--allowed-roles must be one of None, Viewer, Editor, Admin.' }])
  for (const empty of ['', ' ', ',', '[]']) t.strictSame(blamed(() => load({ 'allowed-roles': empty, 'role-attribute-path': 'role' })), ['allowed-roles'], `“${empty}” is not everybody`)
  t.strictSame(load({}, { env: {}, file: file(t, 'gate.yaml', 'team_ids: [150, "a b"]\nallowed_organizations: acme\n') }).config.teamIds, ['150', 'a b'], 'a number of a file is text')
  t.end()
})

t.test('roles that nobody would have stop the start; that everybody has one of them is said', t => {
  t.match(problems(() => load({ 'allowed-roles': 'Admin' })), [{ setting: 'allowed-roles', message: /--allowed-roles asks for a role, and without --role-attribute-path nobody has one/, fix: /^Add --role-attribute-path/ }])
  t.strictSame(blamed(() => load({ 'allowed-roles': 'Admin', 'role-attribute-path': 'a b' })), ['role-attribute-path'], 'a path that is refused is not missing as well')
  const notices = (more: Record<string, string>) => load({ 'role-attribute-path': 'role', ...more }).notices
  t.match(notices({ 'allowed-roles': 'Viewer,Admin' }), [/--allowed-roles has Viewer, which is the role of everybody to whom --role-attribute-path gives none: --role-attribute-strict or --default-role=none keeps those out/])
  t.match(notices({ 'allowed-roles': 'None', 'default-role': 'none' }), [/has None/])
  for (const more of [{ 'allowed-roles': 'Admin' }, { 'allowed-roles': 'Viewer', 'default-role': 'none' }, { 'allowed-roles': 'Viewer', 'role-attribute-strict': 'yes' }]) t.strictSame(notices(more), [])
  t.end()
})

t.test('without sign-up there must be a list, and domains that open nothing are said', t => {
  const off = { 'allow-sign-up': 'no' }
  t.match(problems(() => load(off)), [{ setting: 'allow-sign-up', message: /With --allow-sign-up=no a list must say who may enter, and there is none: nobody could/, fix: /--allowed-emails or --allowed-emails-file/ }])
  t.strictSame(blamed(() => load({ ...off, 'allowed-domains': 'b.com', 'allowed-groups': 'g' })), ['allow-sign-up'], 'a domain or a group is no list')
  t.strictSame(blamed(() => load({ ...off, 'allowed-emails': 'nobody' })), ['allowed-emails'], 'one that is refused is not missing as well')
  t.strictSame(load({ ...off, 'allowed-emails': 'a@b.com' }).notices, [])
  t.match(load({ ...off, 'allowed-emails-file': file(t, 'emails', 'a@b.com'), 'allowed-domains': 'b.com' }).notices, ['--allowed-domains means nothing with --allow-sign-up=no: only addresses that are listed may enter'])
  t.end()
})

t.test('each of several providers may have lists of its own', t => {
  const entry = { oauth_provider: 'oidc', oauth_issuer: 'https://login.example', oauth_key: 'id', oauth_secret: 's' }
  const { upstream, 'cookie-secret': cookieSecret } = enough
  const path = file(t, 'emails', 'A@b.com')
  const of = (first: Record<string, unknown>, settings: Settings = {}) => loadConfig({ env: {}, settings: { upstream, cookieSecret, ...settings, providers: [{ id: 'one', ...entry, user_prefix: 'one:', ...first }, { id: 'two', label: 'Two', ...entry, user_prefix: 'two:' }] } })
  t.match(of({ allowed_roles: 'admin', role_attribute_path: 'role', team_ids: [7], allowed_organizations: ['o'], allowed_emails_file: path }).config.providers.map(provider => provider.entry), [{ allowedRoles: ['Admin'], teamIds: ['7'], allowedOrganizations: ['o'], allowedEmailsFile: { path, addresses: ['a@b.com'] } }, undefined])
  t.match(problems(() => of({ allowed_roles: 'admin' })), [{ setting: 'allowed-roles', message: /^Provider one: .*without role_attribute_path/ }])
  t.match(problems(() => of({ role_attribute_path: 'role' }, { allowedRoles: ['Admin'] })), [{ message: /^Provider two: / }], 'a list for all asks it of each')
  t.match(problems(() => of({ allowed_emails: ['a@b.com'] }, { allowSignUp: false })), [{ setting: 'allow-sign-up', message: /nobody who comes by two could/ }])
  t.strictSame(blamed(() => of({ allow_sign_up: false })), ['allow_sign_up'], 'sign-up is for all of them')
  t.match(problems(() => of({ allowed_emails_file: '/nowhere' })), [{ setting: 'allowed-emails-file', message: /allowed_emails_file of provider one names a file that does not exist/ }])
  t.end()
})

t.test('where every tenant’s accounts may come, no list counts that a tenant writes itself', t => {
  const azure = { 'oauth-provider': 'azure', 'oauth-issuer': undefined, 'oauth-extra-params': '{"tenant": "common"}' }
  const lists = { 'allowed-emails-file': file(t, 'emails', 'a@b.com'), 'allowed-roles': 'Admin', 'team-ids': '7', 'allowed-organizations': 'o' }
  for (const [setting, value] of Object.entries(lists)) {
    const flags = { ...azure, 'role-attribute-path': 'role', [setting]: value }
    t.match(problems(() => load(flags)), [{ setting, message: /each tenant writes its own (?:addresses|roles|teams|organizations)/ }])
    t.strictSame(blamed(() => load({ ...flags, 'allowed-tenants': '00000000-0000-0000-0000-000000000001' })), [])
  }
  t.end()
})

t.test('a watched file is told at its beginning and whenever it changed, once it is quiet; its absence once', async t => {
  const path = file(t, 'list', 'one')
  const told: string[] = []
  const watch = watchFile(path, content => { told.push(content instanceof Problem ? content.message : content.toString()) }, 100)
  t.teardown(() => { watch.close() })
  const until = async (count: number) => { for (const end = Date.now() + 3000; told.length < count && Date.now() < end;) await wait(5) }
  await until(1)
  writeFileSync(path, '')
  for (let count = 0; count < 60; count++) {
    appendFileSync(path, 'x')
    await wait(5)
  }
  await until(2)
  t.strictSame(told.map(content => content.slice(0, 60)), ['one', 'x'.repeat(60)], 'and never half written')
  rmSync(path)
  await until(3)
  await wait(400)
  t.strictSame(told.slice(2), ['names a file that does not exist'])
  writeFileSync(path, 'two')
  await until(4)
  watch.close()
  writeFileSync(path, 'three')
  await wait(400)
  t.strictSame(told.slice(3), ['two'], 'and after the watch is closed nothing is')
})

t.test('a watch keeps no process alive', t => {
  const module = new URL('../../src/config/watched-file.js', import.meta.url).href
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', `import { watchFile } from '${module}'; watchFile('/nowhere', () => {}); console.log('watched')`], { timeout: 20_000, encoding: 'utf8' })
  t.strictSame([status, stdout], [0, 'watched\n'])
  t.end()
})
