import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { spawnSync } from 'node:child_process'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { enough, load, problems } from './setup.ts'

const good = (name: string, more = '') => `{ name: '${name}', label: 'Custom', scopes: ['openid'], endpoints: { issuer: 'https://id.example' }, ${more} identity: ({ claims }) => ({ subject: claims.text('sub') }) }`
const plain = { 'oauth-issuer': undefined, 'oauth-provider': undefined } as const

/** Files by their path in a new folder, which is then the working directory until the test ends. */
function stand (t: Test, files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'oauth-gate-')))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  const before = process.cwd()
  process.chdir(folder)
  t.teardown(() => {
    process.chdir(before)
    rmSync(folder, { recursive: true })
  })
  return folder
}

function npm (name: string, content: string, version = '1.2.3'): Record<string, string> {
  return { [`node_modules/${name}/package.json`]: JSON.stringify({ name, version, type: 'module', exports: './index.js' }), [`node_modules/${name}/index.js`]: content }
}

const said = (flags: Record<string, string | undefined>) => problems(() => load({ ...plain, ...flags })).map(({ message, fix }) => `${message} ${fix}`)

t.test('a name that is none of ours is an npm package, and path and version are told at start', async t => {
  const folder = stand(t, npm('oauth-gate-provider-custom', `export default ${good('custom')}`))
  const { config: { providers: [settings] }, notices } = load({ ...plain, 'oauth-provider': 'Custom' })
  t.match(settings, { id: 'custom', label: 'Custom', oauthProvider: 'custom', provider: { name: 'custom', flow: 'code', userKey: 'email', secret: 'sent' } })
  t.strictSame(notices, [`the provider custom is a plugin: ${folder}/node_modules/oauth-gate-provider-custom/index.js (oauth-gate-provider-custom 1.2.3)`])
})

t.test('a scope before the name is the scope of the package', async t => {
  stand(t, npm('@acme/oauth-gate-provider-custom', `export default ${good('custom')}`))
  t.equal(load({ ...plain, 'oauth-provider': '@acme/custom' }).config.providers[0].id, 'custom')
})

t.test('a module is a path or a package, and needs no name beside it', async t => {
  stand(t, {
    'idp.mjs': `export default ${good('mine')}`, 'old.cjs': `module.exports = ${good('old')}`, 'compiled.cjs': `exports.__esModule = true; exports.default = ${good('compiled')}`,
    'package.json': '{ "type": "commonjs" }', 'folder/index.js': `module.exports = ${good('folder')}`, ...npm('some-package', `export default ${good('some')}`)
  })
  for (const [module, name] of [['./idp.mjs', 'mine'], ['idp.mjs', 'mine'], [join(process.cwd(), 'idp.mjs'), 'mine'], ['./old.cjs', 'old'], ['./compiled.cjs', 'compiled'], ['./folder', 'folder'], ['some-package', 'some']] as const) {
    const { config: { providers: [settings] }, notices } = load({ ...plain, 'provider-module': module })
    t.match(settings, { id: name, oauthProvider: name, provider: { name } }, module)
    t.match(notices.join('\n'), /the provider \w+ is a plugin: \//)
  }
  t.equal(load({ ...plain, 'provider-module': './idp.mjs', 'oauth-provider': 'mine' }).config.providers[0].id, 'mine')
})

t.test('the folder of the configuration file comes before the working directory, and that before the gate', async t => {
  const elsewhere = (label: string) => `export default ${good('custom').replace('Custom', label)}`
  const folder = stand(t, { ...npm('oauth-gate-provider-custom', elsewhere('of the working directory')), 'idp.mjs': elsewhere('of the working directory') })
  for (const [path, content] of Object.entries({ ...npm('oauth-gate-provider-custom', elsewhere('of the file')), 'idp.mjs': elsewhere('of the file'), 'gate.yaml': 'log_level: silent', '../gate.yaml': 'log_level: silent' })) {
    mkdirSync(dirname(join(folder, 'etc/gate', path)), { recursive: true })
    writeFileSync(join(folder, 'etc/gate', path), content)
  }
  const label = (flags: Record<string, string>) => load({ ...plain, ...flags }).config.providers[0].label
  for (const asked of [{ 'oauth-provider': 'custom' }, { 'provider-module': './idp.mjs' }]) {
    t.equal(label(asked as never), 'of the working directory')
    t.equal(label({ ...asked, config: 'etc/gate/gate.yaml' } as never), 'of the file')
    t.equal(label({ ...asked, config: 'etc/gate.yaml' } as never), 'of the working directory', 'where the file’s own folder has none')
  }
  const [text] = said({ 'oauth-provider': 'nobody', config: 'etc/gate.yaml' })
  t.match(text, /There is no provider “nobody”.*oauth-gate-provider-nobody.*etc \(the folder of the configuration file\), then .* \(the working directory\), then .*src\/config\/providers \(the folder of the gate\)\./)
})

t.test('several providers of a file may be plugins, each by its own setting', async t => {
  const folder = stand(t, { 'idp.mjs': `export default ${good('mine')}`, ...npm('oauth-gate-provider-custom', `export default ${good('custom')}`) })
  writeFileSync(join(folder, 'gate.yaml'), `
upstream: http://localhost:5006
cookie_secret: ${enough['cookie-secret']}
providers:
  - { id: a, provider_module: ./idp.mjs, oauth_key: k, oauth_secret: s }
  - { id: b, label: Other, oauth_provider: custom, oauth_key: k, oauth_secret: s }
  - { id: c, oauth_provider: google, oauth_key: k, oauth_secret: s }
`)
  const { config } = loadConfig({ env: {}, file: 'gate.yaml' })
  t.strictSame(config.providers.map(({ id, provider }) => `${id} ${provider.name}`), ['a mine', 'b custom', 'c google'])
})

t.test('none stands in for a provider of the gate’s own, by name or alias', async t => {
  stand(t, {
    'github.mjs': `export default ${good('github')}`, 'alias.mjs': `export default ${good('mine', 'aliases: [\'entra\'],')}`, 'mine.mjs': `export default ${good('mine')}`,
    ...npm('oauth-gate-provider-github', 'throw new Error(\'was run\')'), ...npm('oauth-gate-provider-other', `export default ${good('mine')}`)
  })
  t.match(said({ 'provider-module': './github.mjs' }), [/github\.mjs: name has github, which is a provider of the gate’s own/])
  t.match(said({ 'provider-module': './alias.mjs' }), [/alias\.mjs: aliases has entra, which is a provider of the gate’s own/])
  t.match(said({ 'provider-module': './mine.mjs', 'oauth-provider': 'Azure' }), [/The provider azure is the gate’s own, and the module \.\/mine\.mjs cannot stand in for it/])
  t.match(said({ 'provider-module': './mine.mjs', 'oauth-provider': 'custom' }), [/name is mine, but --oauth-provider asks for custom.*Set --oauth-provider=mine/])
  t.match(said({ 'oauth-provider': 'other' }), [/name is mine, but --oauth-provider asks for other/])
  const { config } = load({ ...plain, 'oauth-provider': 'github' })
  t.equal(config.providers[0].label, 'GitHub', 'and a package that is called like one is never even run')
})

t.test('what is not there is told with where it was looked for, and the nearest of ours', async t => {
  const folder = stand(t, {})
  t.match(said({ 'oauth-provider': 'gogle' }), [/There is no provider “gogle”. Did you mean google\? Known are .*oauth-gate-provider-gogle, which is not installed: looked for from /])
  t.match(said({ 'provider-module': './idp.mjs' }), [`names a file that is not there (./idp.mjs): looked for from ${folder} (the working directory).`])
  t.match(said({ 'provider-module': join(folder, 'idp.mjs') }), [/--provider-module \(\/.*\) names a file that is not there/])
  t.match(said({ 'provider-module': '@acme/none' }), [/is the package @acme\/none, which is not installed.*npm install @acme\/none/])
  t.match(said({ 'provider-module': 'node:fs' }), [/is a part of Node and no provider/])
  for (const name of ['../x', '@acme/../x', './github', 'a/b', '@acme', '__proto__']) t.match(said({ 'oauth-provider': name }), [/There is no provider/], name)
  t.match(said({ 'oauth-provider': 'pam' }), [/pam is not offered/])
  t.match(said({}), [/There is no --oauth-provider/])
})

t.test('what cannot be loaded is told by its file and the reason, in one line', async t => {
  stand(t, {
    'throws.mjs': 'throw new Error(\'no luck\\nsecond line\')', 'string.cjs': 'throw \'just a text\'', 'syntax.mjs': 'export default {', 'waits.mjs': 'await 1; export default {}', 'imports.mjs': 'import \'not-installed\'; export default {}',
    'gate.mjs': 'import { defineProvider } from \'oauth-gate\'; export default defineProvider({})', 'named.mjs': 'export const provider = {}', 'empty.cjs': '', 'nothing.mjs': 'export default null',
    ...npm('import-only', 'export default {}'), 'node_modules/import-only/package.json': '{ "name": "import-only", "type": "module", "exports": { "import": "./index.js" } }',
    'node_modules/unbuilt/package.json': '{ "name": "unbuilt", "main": "dist/index.js" }'
  })
  const of = (module: string) => said({ 'provider-module': module })
  t.match(of('./throws.mjs'), [/throws\.mjs, which cannot be loaded: Error: no luck\. /])
  t.match(of('./string.cjs'), [/string\.cjs, which cannot be loaded: it threw: just a text/])
  t.match(of('./syntax.mjs'), [/syntax\.mjs, which cannot be loaded: SyntaxError: /])
  t.match(of('./waits.mjs'), [/waits\.mjs, which waits at its top level.*Move the await into a function/])
  t.match(of('./imports.mjs'), [/imports\.mjs, which cannot be loaded: .*not-installed/])
  t.match(of('./gate.mjs'), [/gate\.mjs, which imports oauth-gate where it is not installed.*npm install oauth-gate/])
  for (const module of ['./named.mjs', './empty.cjs']) t.match(of(module), [/which has no default export.*export default defineProvider/], module)
  t.match(of('./nothing.mjs'), [/nothing\.mjs: the default export must be what defineProvider takes, not nothing/])
  t.match(of('import-only'), [/is a package that exports nothing to us.*"exports": "\.\/index\.js"/])
  t.match(of('unbuilt'), [/is a package whose main file is not there/])
})

t.test('every fault of its shape is told at once, with file, field and what was expected', async t => {
  const folder = stand(t, {
    'odd.mjs': `export default {
      name: 'Odd One', scopes: ['openid', 'two words'], lable: 'Odd', aliases: 'x', flow: 'implicit', pkce: 'no',
      parameters: { url: { kind: 'address', doc: 'Where.' } },
      endpoints: { issuer: 'http://id.example', authorise: 'https://id.example/a' },
      resources: { user: { url: 'id.example', next: 'page' }, groups: 7 },
      guide: { register: '', key: 7 }, identity: {}
    }`,
    'needs.mjs': `export default ${good('needs', 'requires: [\'realm|oauthIssuer\'],')}`
  })
  const faults = said({ 'provider-module': './odd.mjs' })
  for (const text of [
    'label is missing Write label: \'Custom\'.', 'name must be a lower-case word of letters, digits, - and _, not "Odd One". Write name: \'custom\'.', 'scopes[1] must be one scope, without spaces (RFC 6749 §3.3), not "two words".',
    'lable is no field of a provider. Did you mean label?', 'aliases must be a list, not "x".', 'flow must be \'code\' or \'password\', not "implicit".', 'pkce must be true or false, not "no".',
    'parameters.url.kind must be \'text\' or \'origin\', not "address".', 'parameters.url.example is missing', 'endpoints.issuer must be an https address', 'endpoints.authorise is no field of a provider. Did you mean authorize?',
    'resources.user.url must be an https address', 'resources.user.next must be an object or \'link\', not "page".', 'resources.groups must be an object or an https address', 'guide.register must be a text on one line', 'guide.key must be a text on one line, not a number.', 'identity must be a function, not an object.'
  ]) t.ok(faults.some(fault => fault.startsWith(`${folder}/odd.mjs: ${text.split('. ')[0]}`) || fault.replace('missing.', 'missing').includes(text)), text)
  t.equal(faults.length, 17, faults.join('\n'))
  t.match(said({ 'provider-module': './needs.mjs' }), [/requires has realm, which is neither a parameter/])
})

t.test('loading one says nothing on its own: no warning of Node', async t => {
  const folder = stand(t, { 'idp.mjs': `process.emitWarning('of the plugin'); export default ${good('mine')}`, 'gate.json': JSON.stringify({ upstream: 'http://localhost:1', provider_module: './idp.mjs', oauth_key: 'k', oauth_secret: 's', cookie_secret: enough['cookie-secret'] }) })
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', `
    const { loadConfig } = await import(${JSON.stringify(new URL('../../src/config/load.js', import.meta.url))})
    console.log(loadConfig({ env: {}, file: 'gate.json' }).config.providers[0].id)
  `], { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'] } })
  t.equal(stdout, 'mine\n')
  t.match(stderr, /Warning: of the plugin/, 'what the plugin itself has to say is said')
  t.notMatch(stderr, /ExperimentalWarning/)
})
