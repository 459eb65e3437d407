import { spawnSync } from 'node:child_process'
import t from 'tap'
import { findProvider, providers } from '../../providers/index.ts'
import { ConfigError } from '../../src/config/config-error.ts'
import { loadConfig } from '../../src/config/load.ts'
import { guideOf } from '../../src/config/providers/guide.ts'
import { describeProviders } from '../../src/cli/providers.ts'
import { file, problems, secret } from '../config/setup.ts'
import { runCommand as run } from './run-command.ts'

function said (options: Parameters<typeof describeProviders>[0]): string {
  let out = ''
  describeProviders({ ...options, write: text => { out += text } })
  return out
}

/** As a shell splits it, with the words in capitals filled in. */
function flagsOf (command: string): Record<string, string> {
  const filled = command.replace('COOKIE_SECRET', secret.replaceAll(' ', '-')).replace(/^oauth-gate serve/, 'printf \'%s\\0\'')
  const { stdout } = spawnSync('sh', ['-c', filled], { encoding: 'utf8' })
  return Object.fromEntries(stdout.split('\0').filter(word => word !== '').map(word => /^--([^=]+)=(.*)$/s.exec(word)?.slice(1) as [string, string]))
}

t.test('the list has each provider on a line of its own, with aliases, label and whose accounts these are', async t => {
  const { code, out } = await run(['providers'])
  t.equal(code, 0)
  const lines = out.split('\n')
  for (const { name, aliases = [], label, guide } of providers) {
    const own = lines.filter(line => line.startsWith([name, ...aliases].join(', ') + ' '))
    t.equal(own.length, 1, name)
    t.ok(own[0]?.includes(label) === true && own[0].endsWith(guide?.summary ?? 'none'), name)
    t.ok((own[0]?.length ?? 0) <= 140)
  }
  t.match(lines[providers.length + 1], /oauth-gate providers NAME/)
})

t.test('the ready command of every provider starts', async t => {
  for (const provider of providers) {
    const { config } = loadConfig({ env: {}, flags: flagsOf(guideOf(provider).command) })
    t.equal(config.providers[0].provider, provider, provider.name)
  }
})

t.test('a page says what to register where, which field is which flag, and what must be set', async t => {
  for (const provider of providers) {
    const page = said({ name: provider.name }).replace(/\s+/g, ' ')
    const { guide = { register: '' }, flow, scopes, parameters } = provider
    const { register, key = 'none', secret = 'none', redirectUri = 'none', traps = [] } = guide
    for (const words of [register, `${key} → --oauth-key`, secret, ...traps, scopes.join(' '), ...Object.entries(parameters).flatMap(([name, { doc, example }]) => [`${name}: ${doc}`, example])]) t.ok(page.includes(words), `${provider.name}: ${words}`)
    t.equal(page.includes('http://localhost:4180'), flow === 'code', `${provider.name} says which redirect URI to register`)
    t.equal(page.includes(`${redirectUri}: the address`), flow === 'code')
    t.notMatch(page, /undefined|\[object/)
  }
  t.match(said({ name: 'Entra' }), /azure[^]*Directory \(tenant\) ID[^]*AAD_TENANT_ID/, 'an alias in any case, and what the tenant is called there')
  t.match(said({ name: 'keycloak' }), /url in --oauth-extra-params, or --oauth-issuer\.\n +realm in --oauth-extra-params/)
  t.ok(said({ name: 'okta' }).split('\n').every(line => line.length <= 102), 'and it fits a terminal')
})

t.test('a plugin has its page too', async t => {
  const module = file(t, 'idp.mjs', `export default { name: 'mine', label: 'Mine', scopes: ['a'], identity: () => ({}), requires: ['url'], parameters: { url: { kind: 'origin', doc: 'Where.', example: 'x.example' } } }`)
  const { code, out } = await run(['providers', `--provider-module=${module}`])
  t.equal(code, 0)
  for (const text of ['Mine (mine)', `--provider-module=${module} --oauth-key=CLIENT_ID`, '{\'url\': \'x.example\'}', 'url: Where. Like x.example.', `a plugin: ${module}`]) t.ok(out.replace(/\s+/g, ' ').includes(text), text)
  t.equal(said({ module, name: 'mine' }), out)
  const { command } = guideOf(findProvider('oidc') ?? providers[0]!)
  t.notMatch(command, /provider-module/)
})

t.test('a mistyped name is met with what was meant, and nothing is printed as if it were there', async t => {
  t.match(await run(['providers', 'gogle']), { code: 1, out: '', err: /^oauth-gate: There is no provider “gogle”\.\n {2}Did you mean google\?/ })
  t.throws(() => said({ name: '' }), ConfigError)
  t.match(problems(() => said({ module: './none.mjs' })), [{ setting: 'provider-module', message: /not there/ }])
})
