import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { explain, type ExplainOptions } from '../../src/cli/explain.ts'
import { ConfigError } from '../../src/config/config-error.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { secret } from '../config/setup.ts'

const base: Settings = { upstream: ['http://localhost:5006'], oauthProvider: 'generic', oauthAuthorizeUrl: 'https://id.example/a', oauthTokenUrl: 'https://id.example/t', oauthUserUrl: 'https://id.example/u', oauthKey: 'k', oauthSecret: 's', cookieSecret: secret }

function stage (t: Test, files: Readonly<Record<string, unknown>>) {
  const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-explain-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  const at = (name: string) => join(folder, name)
  const said = (settings: Settings, options: ExplainOptions) => {
    let text = ''
    explain(loadConfig({ env: {}, settings: { ...base, ...settings } }).config, options, written => { text += written })
    return text
  }
  return { at, said }
}

const github: Settings = { oauthAuthorizeUrl: undefined, oauthTokenUrl: undefined, oauthUserUrl: undefined, oauthProvider: 'github', allowedDomains: ['b.example'], allowedOrganizations: ['acme'] }

t.test('what a provider’s file would have read, and was not given, is named', async t => {
  const { at, said } = stage(t, { 'user.json': { id: 7, login: 'cleo' }, 'emails.json': [{ email: 'cleo@b.example', primary: true, verified: true }] })
  const before = said(github, { userinfo: at('user.json') })
  for (const name of ['emails', 'organizations', 'teams']) t.match(before, new RegExp(`--document=${name}=FILE`), name)
  t.notMatch(before, /--document=user=/)
  const after = said(github, { userinfo: at('user.json'), document: [`emails=${at('emails.json')}`] })
  t.notMatch(after, /--document=emails=/)
  t.match(after, /cleo@b\.example is at b\.example/)
})

t.test('an answer that wraps its list is taken as it came, page after page', async t => {
  const page = (address: string, primary: boolean) => ({ values: [{ email: address, is_primary: primary, is_confirmed: true }] })
  const { at, said } = stage(t, { 'user.json': { account_id: 'a', username: 'cleo' }, 'one.json': page('old@b.example', false), 'two.json': page('cleo@b.example', true) })
  t.match(said({ ...github, oauthProvider: 'bitbucket', allowedOrganizations: undefined }, { userinfo: at('user.json'), document: [`emails=${at('one.json')}`, `emails=${at('two.json')}`] }), /cleo@b\.example is at b\.example/)
})

t.test('a token where a file belongs is not repeated', async t => {
  const { said } = stage(t, {})
  const token = `${['{"alg":"RS256"}', '{"sub":"7"}'].map(text => Buffer.from(text).toString('base64url')).join('.')}.c2ln`
  try {
    said({}, { claims: token })
    t.fail('it was taken')
  } catch (error) {
    t.ok(error instanceof ConfigError)
    t.match(error, { problems: [{ message: /takes the name of a file, and this is a token/ }] })
    t.notMatch((error as Error).message, token)
  }
  t.throws(() => said({}, { claims: '-', userinfo: '-' }), { message: /named more than once/ })
})
