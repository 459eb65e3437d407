// What was measured on, and with what.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pins } from './machine.mjs'

const root = new URL('../../', import.meta.url)
const packages = ['fastify', 'undici', '@fastify/http-proxy', 'ws']

export function versionsOf ({ nodes }) {
  const [core] = cpus()
  return {
    machine: { cpu: core.model, cores: cpus().length, kernel: release(), pinned: pins },
    versions: {
      'oauth-gate': commit(),
      node: nodes.map(({ version }) => version).join(', '),
      ...Object.fromEntries(packages.map(name => [name, JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, root), 'utf8')).version])),
      nginx: said('nginx', '-v', /nginx\/(\S+)/),
      apache: said('apache2', '-v', /Apache\/(\S+)/),
      mod_auth_openidc: said('dpkg-query', ['-W', 'libapache2-mod-auth-openidc'], /\s(\S+)/),
      'oauth2-proxy': oauth2Proxy(process.env.OAUTH2_PROXY_BIN),
      wrk: said('wrk', '-v', /wrk (\S+)/),
      h2load: said('h2load', '--version', /nghttp2\/(\S+)/),
      redis: said('redis-server', '--version', /v=(\S+)/)
    }
  }
}

/** As it says itself, or, of one that was built without being told its version, by the repository it lies in or beside. */
function oauth2Proxy (program) {
  if (program === undefined) return undefined
  const [words, version] = /oauth2-proxy (\S+).*/.exec(said(program, '--version', /(\S.*)/) ?? '') ?? []
  if (version !== 'undefined') return words
  const around = dirname(realpathSync(program))
  const folder = [around, join(around, 'src'), join(around, '..')].find(folder => existsSync(join(folder, '.git')))
  const built = words.replace(`oauth2-proxy ${version} `, '')
  return folder === undefined ? `unknown ${built}` : `${git(folder, 'describe', '--tags', '--always')} ${built}`
}

function commit () {
  const here = fileURLToPath(root)
  try {
    return git(here, 'rev-parse', '--short=12', 'HEAD') + (git(here, 'status', '--porcelain', '--', 'src', 'providers', 'bin', 'package-lock.json') === '' ? '' : ', changed')
  } catch {
    return undefined
  }
}

function git (cwd, ...args) {
  return execFileSync('git', args, { cwd, encoding: 'utf8' }).trim()
}

function said (command, args, pattern) {
  const { stdout = '', stderr = '' } = spawnSync(command, [args].flat(), { encoding: 'utf8' })
  return pattern.exec(`${stdout}${stderr}`)?.[1]
}
