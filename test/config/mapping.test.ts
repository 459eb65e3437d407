import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { blamed, enough, file, load, problems, secret } from './setup.ts'

const PATHS = ['email-attribute-path', 'login-attribute-path', 'name-attribute-path', 'groups-attribute-path', 'role-attribute-path'] as const

t.test('an expression that is none stops the start, each with the place marked', async t => {
  for (const setting of PATHS) {
    t.match(problems(() => load({ [setting]: 'contains(groups, \'a\') && contans(b)' })), [{ setting, message: `--${setting}: at character 26:\n    contains(groups, 'a') && contans(b)\n    ${' '.repeat(25)}^ calls contans(), and there is no such function.` }])
    for (const bad of ['a b', 'contains(a)', '\'a', '', ' ', 'a &&']) t.strictSame(blamed(() => load({ [setting]: bad })), [setting], `${setting}=${bad}`)
  }
  t.strictSame(blamed(() => load({ 'role-attribute-path': 'a b', 'groups-attribute-path': 'c d' })), ['groups-attribute-path', 'role-attribute-path'], 'all at once')
})

t.test('an expression may stand on several lines of a file', async t => {
  const path = file(t, 'gate.yaml', `upstream: http://localhost:5006\noauth_provider: oidc\noauth_issuer: https://login.example\noauth_key: id\noauth_secret: s\ncookie_secret: ${secret}\nrole_attribute_path: |\n  contains(groups, 'a')\n  && 'Admin'\n`)
  t.equal(loadConfig({ env: {}, file: path }).config.providers[0].roleAttributePath?.text, 'contains(groups, \'a\')\n&& \'Admin\'')
})

t.test('default-role is one of four, in any case', async t => {
  const role = (word: string) => load({ 'role-attribute-path': 'role', 'default-role': word }).config.providers[0].defaultRole
  for (const [word, meant] of [['viewer', 'Viewer'], ['NONE', 'None'], ['Editor', 'Editor'], ['admin', 'Admin'], ['GrafanaAdmin', 'Admin']] as const) t.equal(role(word), meant)
  t.strictSame(blamed(() => role('Owner')), ['default-role'])
})

t.test('what means nothing without a path is said', async t => {
  t.strictSame(blamed(() => load({ 'role-attribute-strict': 'yes' })), ['role-attribute-strict'])
  t.match(load({ 'default-role': 'editor' }).notices, ['--default-role means nothing without --role-attribute-path: nobody is given a role'])
  t.strictSame(load({ 'default-role': 'editor', 'role-attribute-path': 'role', 'role-attribute-strict': 'yes' }).notices, [])
})

t.test('each of several providers has its own', async t => {
  const entry = { oauth_provider: 'oidc', oauth_issuer: 'https://login.example', oauth_key: 'id', oauth_secret: 's' }
  const { upstream, 'cookie-secret': cookieSecret } = enough
  const of = (second: Record<string, unknown>) => loadConfig({ env: {}, settings: { upstream, cookieSecret, providers: [{ id: 'one', ...entry, role_attribute_path: 'role', default_role: 'none', user_prefix: 'one:' }, { id: 'two', label: 'Two', ...entry, user_prefix: 'two:', ...second }] } }).config.providers
  t.match(of({}).map(({ roleAttributePath, defaultRole }) => [roleAttributePath?.text, defaultRole]), [['role', 'None'], [undefined, undefined]])
  t.match(problems(() => of({ groups_attribute_path: 'a b' })), [{ setting: 'groups-attribute-path', message: /groups_attribute_path of provider two: at character 3/ }])
})
