import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import t from 'tap'

// Packed and unpacked as npm does, beside the packages that are installed here: no network is needed.
function unpack () {
  const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const packed = spawnSync('npm', ['pack', '--ignore-scripts', '--json', `--pack-destination=${folder}`], { encoding: 'utf8' })
  const [{ filename, files }] = JSON.parse(packed.stdout) as [{ filename: string, files: { path: string }[] }]
  const home = join(folder, 'node_modules', 'oauth-gate')
  mkdirSync(home, { recursive: true })
  spawnSync('tar', ['-xzf', join(folder, filename), '-C', home, '--strip-components=1'])
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> }
  mkdirSync(join(home, 'node_modules'))
  // Only what a user would get: a development dependency that slipped into the sources is not found.
  for (const name of Object.keys(dependencies)) {
    mkdirSync(join(home, 'node_modules', name, '..'), { recursive: true })
    symlinkSync(resolve('node_modules', name), join(home, 'node_modules', name))
  }
  return { folder, home, files: files.map(({ path }) => path) }
}

t.test('the package holds what it needs and nothing else', async t => {
  const { files } = unpack()
  t.ok(['bin/oauth-gate.js', 'dist/src/index.js', 'dist/src/index.d.ts', 'dist/providers/index.js', 'LICENSE', 'README.md'].every(path => files.includes(path)))
  t.strictSame(files.filter(path => !/^(?:bin|dist\/(?:src|providers))\/|^(?:LICENSE|README\.md|package\.json|scripts\/prepare\.mjs)$/.test(path)), [])
})

t.test('the command and the public API run from the package, with its own dependencies alone', async t => {
  const { folder, home } = unpack()
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  const run = (...args: string[]) => spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'] } })
  t.equal(run(join(home, 'bin', 'oauth-gate.js'), '--version').stdout.trim(), version)
  t.equal(Buffer.from(run(join(home, 'bin', 'oauth-gate.js'), 'oauth-secret').stdout.trim(), 'base64url').length, 32)
  t.match(run(join(home, 'bin', 'oauth-gate.js'), 'serve', '--help').stdout, /--oauth-provider/)
  writeFileSync(join(folder, 'use.mjs'), `
    import { createGate, defineProvider, loadConfig } from 'oauth-gate'
    const { config } = loadConfig({ env: {}, settings: { upstream: ['http://127.0.0.1:9'], oauthProvider: 'oidc', oauthIssuer: 'https://id.example', oauthKey: 'k', oauthSecret: 's', cookieSecret: 'c'.repeat(32), logLevel: 'silent' } })
    const gate = await createGate(config)
    console.log((await gate.inject({ url: '/', headers: { host: 'a' } })).headers['x-oauth-gate'], typeof defineProvider)
    await gate.close()
  `)
  const used = run('use.mjs')
  t.equal(used.stdout.trim(), 'GATE_LOGIN_REQUIRED function', used.stderr)
})

t.test('without its build the launcher says what to do', async t => {
  const { home } = unpack()
  const prepare = () => spawnSync(process.execPath, [join(home, 'scripts', 'prepare.mjs')]).status
  t.equal(prepare(), 0, 'npm install in an unpacked package has nothing to build')
  rmSync(join(home, 'dist'), { recursive: true })
  const { status, stderr } = spawnSync(process.execPath, [join(home, 'bin', 'oauth-gate.js')], { encoding: 'utf8' })
  t.not(status, 0)
  t.match(stderr, /npm run build/)
  t.equal(prepare(), 1, 'and says so instead of leaving it for later')
})
