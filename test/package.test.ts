import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import t from 'tap'
import { blocksOf } from './docs/markdown.ts'
import { Visitor } from './fixtures/visitor.ts'
import { addTypes, installed, temporary } from './package/install.ts'

/** Bytes, packed and unpacked: more of either is to be noticed. */
const BUDGET = { packed: 420_000, unpacked: 1_400_000 }
/** What the launcher, Node and whoever imports the package begin with: all else is led to by these. */
const BEGUN = ['dist/src/index.js', 'dist/src/cli/main.js', 'dist/src/cli/worker.js', 'dist/src/passwords/worker.js']
const BIN = 'node_modules/oauth-gate/bin/oauth-gate.js'

interface Manifest { readonly version: string, readonly dependencies: Readonly<Record<string, string>>, readonly [key: string]: unknown }
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
const home = installed(t)

if (home !== null) {
  const settings = `{ upstream: ['http://127.0.0.1:9'], port: 0, oauthProvider: 'oidc', oauthIssuer: 'https://id.example', oauthKey: 'k', oauthSecret: 's', cookieSecret: 'c'.repeat(32), logLevel: 'silent' }`

  t.test('the tarball holds what runs, and nothing else', async t => {
    const files = execFileSync('tar', ['-tzf', home.tarball], { encoding: 'utf8' }).trim().split('\n').map(path => path.replace(/^package\//, ''))
    const needed = ['bin/oauth-gate.js', 'dist/src/index.d.ts', 'dist/src/fastify.d.ts', ...BEGUN, 'docs/options.schema.json', 'LICENSE', 'README.md', 'CHANGELOG.md', 'package.json']
    t.strictSame(needed.filter(path => !files.includes(path)), [])
    t.strictSame(files.filter(path => !/^bin\/oauth-gate\.js$|^dist\/src\/[\w/-]+\.js$|^dist\/src\/[\w/-]+\.d\.ts$|^docs\/options\.schema\.json$|^(?:LICENSE|README\.md|CHANGELOG\.md|package\.json)$/.test(path)), [], 'no test, fixture, source map or build information')
    const sources = files.filter(path => path.startsWith('dist/') && path.endsWith('.js'))
    t.strictSame(sources.toSorted(), [...ledTo(BEGUN, path => readFileSync(join(home.folder, 'node_modules/oauth-gate', path), 'utf8'))].sort(), 'nothing that an earlier build left behind')
    for (const path of sources) t.notMatch(readFileSync(join(home.folder, 'node_modules/oauth-gate', path), 'utf8'), /sourceMappingURL|from ["']tap["']/, path)
    t.ok(statSync(home.tarball).size <= BUDGET.packed, `${statSync(home.tarball).size} bytes`)
    const unpacked = files.filter(path => !path.endsWith('/')).reduce((sum, path) => sum + statSync(join(home.folder, 'node_modules/oauth-gate', path)).size, 0)
    t.ok(unpacked <= BUDGET.unpacked, `${unpacked} bytes`)
  })

  t.test('its manifest is about using it, not about working on it', async t => {
    const published = JSON.parse(readFileSync(join(home.folder, 'node_modules/oauth-gate/package.json'), 'utf8')) as Manifest
    t.strictSame(Object.keys(published).sort(), ['bin', 'dependencies', 'description', 'engines', 'exports', 'license', 'name', 'optionalDependencies', 'type', 'version'])
    for (const key of ['bin', 'dependencies', 'engines', 'exports', 'optionalDependencies']) t.strictSame(published[key], manifest[key])
    const nothing = spawnSync('npm', ['ls', '--omit=dev', '--all', '--parseable'], { cwd: home.folder, encoding: 'utf8' })
    t.equal(nothing.status, 0, nothing.stderr)
    t.notMatch(nothing.stdout, /node_modules\/(?:tap|typescript|eslint|fernet|playwright-core)$/m)
  })

  t.test('each command runs from it', async t => {
    t.equal(home.run(BIN, '--version').stdout.trim(), manifest.version)
    t.equal(Buffer.from(home.run(BIN, 'oauth-secret').stdout.trim(), 'base64url').length, 32)
    t.match(home.run(BIN, 'serve', '--help').stdout, /--oauth-provider/)
    const checked = home.run(BIN, 'check', '--oauth-provider=oidc')
    t.equal(checked.status, 1)
    t.match(checked.stdout + checked.stderr, /--oauth-issuer/)
    t.equal(home.run(BIN, 'healthcheck', '--port=9').status, 1, 'nothing listens there')
    const flags = ['--upstream=http://127.0.0.1:9', '--oauth-provider=oidc', '--oauth-issuer=http://127.0.0.1:9', '--oauth-key=k', '--oauth-secret=s', `--cookie-secret=${'c'.repeat(32)}`]
    const { said } = await home.start(/http:\/\/127\.0\.0\.1:(?!9\b)\d+/, BIN, 'serve', '--port=0', ...flags)
    const port = /http:\/\/127\.0\.0\.1:(?!9\b)(\d+)/.exec(said)?.[1] ?? ''
    t.equal(home.run(BIN, 'healthcheck', `--port=${port}`).status, 0, 'the gate that serves answers')
    const demo = await home.start(/Open {2}http:\/\/127\.0\.0\.1:\d+/, BIN, 'demo', '--port=0')
    const landed = await new Visitor().signIn(/http:\/\/127\.0\.0\.1:\d+\//.exec(demo.said)?.[0] ?? '', 'ada')
    t.match(landed, { status: 200, body: /ada@example\.com/ }, 'the demo signs a person in')
  })

  t.test('createGate makes a gate that listens where it is told, and closes', async t => {
    const { stdout, stderr } = home.use(`
      import { createGate, loadConfig } from 'oauth-gate'
      const gates = []
      for (const cookieName of ['one', 'other']) {
        const { config } = loadConfig({ env: {}, settings: { ...${settings}, cookieName } })
        gates.push(await createGate(config))
      }
      const origins = await Promise.all(gates.map(gate => gate.listen({ host: '127.0.0.1', port: 0 })))
      for (const origin of origins) console.log((await fetch(origin)).headers.get('x-oauth-gate'))
      console.log(origins[0] === origins[1])
      await Promise.all(gates.map(gate => gate.close()))
      console.log(await fetch(origins[0]).catch(() => 'closed'))
    `)
    t.strictSame(stdout.trim().split('\n'), ['GATE_LOGIN_REQUIRED', 'GATE_LOGIN_REQUIRED', 'false', 'closed'], stderr)
  })

  t.test('loadConfig takes camelCase, gives a frozen configuration, and tells all that is wrong at once', async t => {
    const { stdout, stderr } = home.use(`
      import { ConfigError, loadConfig } from 'oauth-gate'
      const { config, sources } = loadConfig({ env: { OAUTH_GATE_COOKIE_NAME: 'env' }, settings: { ...${settings}, oauthExpiryDays: 0.5 } })
      console.log(config.oauthExpiryDays, config.cookieName, sources.cookieName.from, Object.isFrozen(config))
      try { loadConfig({ env: {}, settings: { oauthProvider: 'oidc', oauthSecert: 'hush' } }) } catch (error) {
        console.log(error instanceof ConfigError, error.problems.length > 2, /oauthSecret/.test(error.message), /hush/.test(error.message))
      }
    `)
    t.strictSame(stdout.trim().split('\n'), ['0.5 env OAUTH_GATE_COOKIE_NAME true', 'true true true false'], stderr)
  })

  t.test('defineProvider completes a provider and freezes it', async t => {
    const { stdout, stderr } = home.use(`
      import { defineProvider } from 'oauth-gate'
      const provider = defineProvider({ name: 'mine', label: 'Mine', scopes: ['openid'], identity: ({ claims }) => ({ subject: claims.text('sub') }) })
      console.log(provider.flow, provider.secret, provider.userKey, Object.isFrozen(provider), provider.identity({ claims: { text: name => name } }).subject)
    `)
    t.equal(stdout.trim(), 'code sent email true sub', stderr)
  })

  t.test('oauthGate is a plugin of a Fastify app', async t => {
    const { stdout, stderr } = home.use(`
      import fastify from 'fastify'
      import { oauthGate } from 'oauth-gate'
      const app = fastify()
      await app.register(oauthGate, { env: {}, oauthProvider: 'oidc', oauthIssuer: 'https://id.example', oauthKey: 'k', oauthSecret: 's', cookieSecret: 'c'.repeat(32), rules: [{ path: '/public', allow: 'public' }, { path: '/', allow: 'signed-in' }] })
      app.get('/', async () => 'secret')
      app.get('/public', async request => String(request.identity) + request.headers['x-forwarded-user'])
      const headers = { host: 'a', 'x-forwarded-user': 'root' }
      for (const url of ['/', '/none', '/oauth2/sign_in', '/public']) {
        const answer = await app.inject({ url, headers })
        console.log(answer.statusCode, answer.headers['x-oauth-gate'], url === '/public' ? answer.body : '')
      }
      await app.close()
    `)
    t.strictSame(stdout.trim().split('\n').map(line => line.trim()), ['401 GATE_LOGIN_REQUIRED', '401 GATE_LOGIN_REQUIRED', '200 GATE_OK', '200 undefined nullundefined'], stderr)
  })

  t.test('the examples of docs/api.md run as they stand', async t => {
    const examples = blocksOf('docs/api.md').filter(({ language }) => language === 'js')
    t.equal(examples.length, 3)
    for (const { line, text } of examples) {
      const { status, stderr } = home.use(`${text.replace(/port: (?:3000|config\.port)/, 'port: 0')}\nprocess.exit()\n`)
      t.equal(status, 0, `docs/api.md:${line} ${stderr}`)
    }
  })

  t.test('a strict TypeScript project compiles against it, with all declarations checked', async t => {
    addTypes(home.folder, '@types/node', 'undici-types')
    writeFileSync(join(home.folder, 'tsconfig.json'), JSON.stringify({
      compilerOptions: { target: 'es2023', lib: ['es2023'], module: 'nodenext', types: ['node'], strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false, noEmit: true },
      files: ['use.mts']
    }))
    writeFileSync(join(home.folder, 'use.mts'), `
      import fastify from 'fastify'
      import { ConfigError, GateError, createGate, defineProvider, loadConfig, oauthGate, type Config, type Identity, type Loaded, type OAuthGateOptions, type Provider, type Settings } from 'oauth-gate'
      const settings: Settings = { upstream: 'http://localhost:5006', oauthProvider: 'oidc', oauthExpiryDays: 0.5, allowedDomains: ['example.com'], rules: [{ path: '/', allow: { groups: ['a'] } }] }
      const loaded: Loaded = loadConfig({ settings, env: {} })
      const config: Config = loaded.config
      const days: number = config.oauthExpiryDays
      const gate = await createGate(config)
      await gate.listen({ host: '127.0.0.1', port: 0 })
      const provider: Provider = defineProvider({ name: 'a', label: 'A', scopes: [], resources: { user: 'https://a.example' }, identity: ({ user, claims }) => ({ subject: user.text('id') ?? claims.text('sub') }) })
      const app = fastify({ logger: true })
      const options: OAuthGateOptions = { oauthProvider: provider.name, oauthIssuer: 'https://id.example', oauthKey: 'k', cookieSecret: 's' }
      await app.register(oauthGate, options)
      app.get('/', async request => {
        const identity: Identity | null = request.identity
        return { user: identity?.user, groups: identity?.groups.map(group => group.length), days }
      })
      const told = (error: unknown) => error instanceof ConfigError ? error.problems.map(problem => problem.fix) : error instanceof GateError ? [error.code] : []
      export { told }
      // @ts-expect-error a setting nobody knows
      export const mistyped: Settings = { oauthExpiryDay: 0.5 }
      // @ts-expect-error the port is the app's
      export const misplaced: OAuthGateOptions = { port: 80 }
      // @ts-expect-error may be nobody
      app.get('/unsure', async request => request.identity.user)
      // @ts-expect-error may not be set
      export const secret: string = config.cookieSecret
      // @ts-expect-error what the gate knows of a request inside is its own
      app.get('/inner', async request => request.session)
    `)
    const { status, stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', home.folder], { encoding: 'utf8' })
    t.equal(status, 0, stdout)
  })
}

t.test('without its build the launcher says what to do, and prepare too', async t => {
  const folder = temporary(t)
  for (const path of ['bin', 'scripts', 'package.json']) cpSync(path, join(folder, path), { recursive: true })
  const launched = spawnSync(process.execPath, [join(folder, 'bin/oauth-gate.js')], { encoding: 'utf8' })
  t.not(launched.status, 0)
  t.match(launched.stderr, /npm run build/)
  const prepare = () => spawnSync(process.execPath, [join(folder, 'scripts/prepare.mjs')]).status
  t.equal(prepare(), 1, 'no compiler, no build')
  mkdirSync(join(folder, 'dist'))
  t.equal(prepare(), 0, 'a build that is there needs no compiler')
  rmSync(folder, { recursive: true })
})

function ledTo (paths: readonly string[], read: (path: string) => string, seen = new Set<string>()): Set<string> {
  for (const path of paths) {
    if (seen.has(path)) continue
    seen.add(path)
    ledTo([...read(path).matchAll(/(?:from|import) ?\(?"(\.\.?\/[\w/.-]+\.js)"/g)].map(([, target = '']) => posix.join(posix.dirname(path), target)), read, seen)
  }
  return seen
}
