import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Explanation } from '../../src/explanation.ts'
import { createExplainer } from '../fixtures/explained.ts'
import { runAlone, runCommand } from './run-command.ts'

const CLEO = { sub: '7', email: 'cleo@example.com', email_verified: true, name: 'Cleo', groups: ['staff'] }

function setUp (t: Test) {
  const { file } = createExplainer(t)
  const yaml = (text: string) => file(text)
  return { file, yaml, claims: file(CLEO) }
}

t.test('nothing but claims and an expression is needed to try the expression', async t => {
  const { claims } = setUp(t)
  const { code, out, err } = await runAlone(['explain', `--claims=${claims}`, '--role-attribute-path=contains(groups, \'staff\') && \'Editor\''])
  t.strictSame([code, err], [0, ''])
  t.match(out, /^Where each field comes from\n/)
  t.match(out, / {2}role {10}id_token, role-attribute-path \(contains\(groups, 'staff'\) && 'Editor'\): "Editor"\n/)
  t.match(out, /May they pass\? GET \/\n[^]*\n {2}yes\n/)
  t.match(out, /What the app is told\n[^]*X-Forwarded-Role: Editor\n/)
})

t.test('each question has its answer: who, whether they enter, which rule, what the app is told', async t => {
  const { yaml, claims } = setUp(t)
  const config = yaml('allowed_domains: example.com\nheader: { X-WEBAUTH-USER: name }\nrules:\n  - { path: /open, allow: optional }\n  - { path: /admin, methods: [POST], allow: { groups: [admins] }, reason: Ask Ada. }\n  - { path: /, allow: signed-in }\n')
  const ask = async (...more: string[]) => (await runCommand(['explain', `--config=${config}`, ...more])).out
  t.match(await ask(`--claims=${claims}`, '--path=/admin/x?y=1', '--method=post'), /allowed-domains: anyone at example\.com: yes[^]*May they pass\? POST \/admin\/x\?y=1\n {2}the rule for \/open: not for this path\n {2}the rule for .*\/admin.*: refuses: [^]*no, 403: Ask Ada\./)
  const get = await ask(`--claims=${claims}`, '--path=/admin/x')
  t.match(get, /\/admin.*: not for this method\n[^]*\n {2}yes\n[^]*X-WEBAUTH-USER: Cleo\n/)
  t.match(await ask('--path=/open'), /nobody: no --claims[^]*yes, as anybody may/)
  t.match(await ask('--path=/'), /not yet: they are sent to sign in/)
  t.match(await ask(`--claims=${claims}`, '--path=/x/..%2fadmin', '--method=POST'), /no, 400: /)
})

t.test('the same as JSON, and from an id_token as it is, by standard input', async t => {
  const { claims } = setUp(t)
  const { out } = await runCommand(['explain', `--claims=${claims}`, '--json', '--allowed-groups=board'])
  const explained = JSON.parse(out) as Explanation
  t.match(explained, { identity: { user: 'cleo@example.com', groups: ['staff'] }, conditions: [{ setting: 'allowed-groups', met: false }], refusal: { reason: 'this site is for the group board' }, decision: { verdict: 'denied' }, headers: [] })
  const token = `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${Buffer.from(JSON.stringify(CLEO)).toString('base64url')}.c2ln`
  const { file } = createExplainer(t)
  t.match(JSON.parse((await runCommand(['explain', `--claims=${file(token)}`, '--json'])).out), { identity: { email: 'cleo@example.com' } })
})

t.test('what a provider lists elsewhere is a document, and what is missing is named with its address', async t => {
  const { file } = setUp(t)
  const gitHub = ['explain', '--oauth-provider=github', '--oauth-scope=read:user user:email read:org', '--allowed-groups=acme', `--userinfo=${file({ id: 1, login: 'cleo' })}`]
  t.match((await runCommand(gitHub)).out, /in none of allowed-groups|has no group/)
  t.match((await runCommand([...gitHub, `--document=organizations=${file([{ login: 'acme' }])}`, `--document=emails=${file([{ email: 'c@acme.io', primary: true, verified: true }])}`])).out, /May they enter\?\n {2}allowed-groups: the group acme: yes/)
  const generic = ['explain', '--oauth-provider=generic', '--oauth-authorize-url=https://id.example.com/a', '--oauth-token-url=https://id.example.com/t', '--oauth-user-url=https://id.example.com/me', '--oauth-jwt-user=sub', '--email-attribute-path=mail', `--userinfo=${file({ sub: '7' })}`]
  t.match((await runCommand(generic)).out, /https:\/\/id\.example\.com\/me\/emails: give its answer as --document=emails=FILE/)
  const { out } = await runCommand([...generic, `--document=emails=${file([{ email: 'a@b.io', primary: true }])}`])
  t.match(out, /email {9}userinfo, the claim email: nothing\n[^]*emails, the primary address: "a@b\.io"/)
})

t.test('every file that cannot be used is told at once, and nothing of what is in it', async t => {
  const { file } = setUp(t)
  const secret = 'eyJ-not-a-token-but-secret'
  const folder = join(file('{}'), '..')
  writeFileSync(join(folder, 'empty'), '')
  const { code, out, err } = await runCommand(['explain', `--claims=${join(folder, 'none')}`, `--userinfo=${file(secret)}`, `--access-token=${join(folder, 'empty')}`, `--document=emials=${file('[]')}`, `--document=emails=${file('{')}`])
  t.strictSame([code, out], [1, ''])
  for (const line of [/--claims=.*none cannot be read \(ENOENT\)/, /--userinfo=.* is not JSON/, /--access-token=.*empty is empty/, /--document="?emials=.* names no document/, /--document=emails=.* is not JSON/]) t.match(err, line)
  t.notMatch(err, secret)
  t.match((await runCommand(['explain', `--claims=${file('[1]')}`])).err, /is no JSON object/)
  t.match((await runCommand(['explain', '--clams=x'])).err, /--clams is not a setting of oauth-gate/)
})

t.test('of several providers one must be named', async t => {
  const { yaml, claims } = setUp(t)
  const config = yaml('providers:\n  - { id: work, oauth_provider: oidc, oauth_issuer: "https://a.example.com", oauth_key: k, oauth_secret: s, user_prefix: "w:" }\n  - { id: home, oauth_provider: github, oauth_key: k, oauth_secret: s, user_prefix: "h:" }\n')
  t.match((await runCommand(['explain', `--config=${config}`, `--claims=${claims}`])).err, /There are several providers[^]*--provider=work, or --provider=home/)
  t.match((await runCommand(['explain', `--config=${config}`, `--claims=${claims}`, '--provider=nobody'])).err, /There is no provider "nobody"/)
  t.match((await runCommand(['explain', `--config=${config}`, `--claims=${claims}`, '--provider=work'])).out, /user {10}w:cleo@example\.com/)
})

t.test('for a Panel app it lists the cookies by name and in words, and never a value of them', async t => {
  const { file, claims } = setUp(t)
  const secret = 'the-cookie-secret-of-a-panel-app-0123456789'
  const panel = ['explain', '--upstream-identity=panel-cookies', `--cookie-secret=${secret}`, '--oauth-provider=oidc', '--oauth-issuer=https://id.example.com', '--oauth-key=k', '--oauth-secret=s', '--upstream=http://127.0.0.1:5006', '--cookie-secure=off']
  const ask = async (...more: string[]) => (await runCommand([...panel, ...more])).out
  const cookies = (out: string) => out.split('Which cookies the app gets\n')[1]?.split('\n').map(line => line.trim()).filter(line => line !== '')
  t.strictSame(cookies(await ask(`--claims=${claims}`)), ['user: cleo@example.com', 'id_token: the provider’s id_token', 'access_token: not sent, without --pass-access-token', 'refresh_token: not sent, without --pass-refresh-token'])
  t.strictSame(cookies(await ask(`--userinfo=${claims}`))?.[1], 'id_token: made by the gate: who they are, as JSON')
  t.strictSame(cookies(await ask(`--claims=${file({ sub: '7' })}`, `--userinfo=${claims}`))?.[1], 'id_token: made by the gate: who they are, as JSON', 'where the provider’s does not name the user')
  const key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
  const all = [`--claims=${claims}`, `--oauth-encryption-key=${key}`, '--pass-access-token', '--pass-refresh-token']
  t.strictSame(cookies(await ask(...all)), ['user: cleo@example.com', ...['id_token: the provider’s id_token', 'access_token: the provider’s access token', 'refresh_token: the provider’s refresh token, if it gives one'].map(line => `${line}, encrypted with --oauth-encryption-key`)])
  t.match(JSON.parse(await ask('--json', ...all, '--app-encryption=no')), { cookies: [{ name: 'user', holds: 'cleo@example.com', encrypted: false }, { name: 'id_token', encrypted: false }, { name: 'access_token' }, { name: 'refresh_token' }] })
  t.strictSame(cookies(await ask('--oauth-optional')), ['is_guest: pn.state.user is “guest”'], 'a stranger on a page that is open')
  t.equal(cookies(await ask()), undefined, 'nor anything of whom is sent to sign in')
  t.equal(cookies((await runCommand(['explain', `--claims=${claims}`])).out), undefined, 'nor to another app')
  for (const out of [await ask(...all), await ask('--json', ...all)]) t.notMatch(out, new RegExp(`${secret}|${key.slice(0, -1)}|an access token|2\\|1:0|eyJ`))
})
