import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Test } from 'tap'
import { isCi, skipped } from '../fixtures/lacking.ts'

/** What an image says of itself, as Docker writes it. */
export interface ImageConfig {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
  readonly WorkingDir: string
  readonly Labels: Readonly<Record<string, string>>
  readonly ExposedPorts: Readonly<Record<string, object>>
  readonly Healthcheck: { readonly Test: readonly string[] }
}

export interface Image {
  readonly config: ImageConfig
  /** The commands that made it, and their words. */
  readonly history: readonly string[]
  /** Where its files are, ready to be run. */
  readonly root: string
  /** Removes the files, and leaves the base for the next time. */
  remove (): void
}

const FOLDER = resolve('.image')
const BASE = 'localhost/oauth-gate-base'
const IMAGE = 'localhost/oauth-gate-test'
const NEEDED = ['buildah', 'runc', 'mmdebstrap', 'unshare', 'ip']

/**
 * Whether images can be built and run here: as root, with what Debian has for it.
 *
 * @returns false after the test was skipped, which CI does not allow
 */
export function canBuildImages (t: Test): boolean {
  const missing = NEEDED.filter(command => spawnSync('sh', ['-c', `command -v ${command}`]).status !== 0)
  if (process.getuid?.() !== 0) missing.unshift('root')
  if (missing.length === 0 && isCi) return true
  skipped(t, missing.length === 0 ? 'the image takes two minutes: run with CI=true' : `no image without ${missing.join(', ')}`)
  return false
}

/** Builds the repository's own Dockerfile, as `docker build .` does, but for the base: Debian's packages and npm's Node of the versions it names. */
export function buildImage (): Image {
  mkdirSync(FOLDER, { recursive: true })
  const [, node = '', suite = ''] = /^ARG NODE_IMAGE=node:([\d.]+)-(\w+)-slim$/m.exec(readFileSync('Dockerfile', 'utf8')) ?? []
  const base = `${BASE}:${node}-${suite}`
  if (!exists(base)) buildBase(base, node, suite)
  // Where TLS is signed anew on the way to npm, npm itself was told by a variable or finds it in Debian's own list.
  const authority = [process.env['NODE_EXTRA_CA_CERTS'], '/etc/ssl/certs/ca-certificates.crt'].find(file => file !== undefined && existsSync(file))
  buildah('bud', '--quiet', '--format', 'docker', '--pull-never', '--build-arg', `NODE_IMAGE=${base}`, '--tag', IMAGE,
    ...authority === undefined ? [] : ['--volume', `${authority}:/run/authority.pem:ro`, '--build-arg', 'NODE_EXTRA_CA_CERTS=/run/authority.pem'], '.')
  const { Docker: { config, history } } = JSON.parse(buildah('inspect', '--type', 'image', IMAGE)) as { Docker: { config: ImageConfig, history: { created_by: string }[] } }
  const container = buildah('from', IMAGE)
  return {
    config, history: history.map(step => step.created_by), root: buildah('mount', container),
    remove () {
      buildah('rm', container)
      buildah('rmi', '--force', IMAGE)
    }
  }
}

/** Stands in for the official image of Node, which cannot be fetched everywhere: the same places, the same versions. */
function buildBase (name: string, node: string, suite: string): void {
  run('mmdebstrap', '--quiet', '--variant=essential', '--include=libstdc++6', suite, `${FOLDER}/debian.tar`)
  run('npm', 'install', '--silent', '--no-save', '--ignore-scripts', '--prefix', `${FOLDER}/node`, `node-linux-${process.arch}@${node}`, 'npm@11')
  const container = buildah('from', 'scratch')
  buildah('add', container, `${FOLDER}/debian.tar`, '/')
  buildah('add', container, `${FOLDER}/node/node_modules/node-linux-${process.arch}/bin/node`, '/usr/local/bin/node')
  buildah('add', container, `${FOLDER}/node/node_modules/npm`, '/usr/local/lib/node_modules/npm')
  buildah('run', container, 'sh', '-c', 'cd /usr/local/bin && for name in npm npx; do ln -s ../lib/node_modules/npm/bin/$name-cli.js $name; done')
  buildah('config', '--env', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', container)
  buildah('commit', '--quiet', '--rm', container, name)
  rmSync(`${FOLDER}/debian.tar`)
  rmSync(`${FOLDER}/node`, { recursive: true })
}

function exists (image: string): boolean {
  return spawnSync('buildah', [...storage, 'inspect', '--type', 'image', image]).status === 0
}

const storage = ['--storage-driver', 'vfs', '--root', `${FOLDER}/storage`, '--runroot', `${FOLDER}/run`]

function buildah (...args: string[]): string {
  return run('buildah', ...storage, ...args)
}

/** @throws what the command wrote, if it fails */
function run (command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, BUILDAH_ISOLATION: 'chroot' }, maxBuffer: 64 * 1024 * 1024 })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? ''}\n${stdout}\n${stderr}`)
  return stdout.trim()
}
