// What was measured on, and with what.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
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
      'oauth2-proxy': process.env.OAUTH2_PROXY_BIN && said(process.env.OAUTH2_PROXY_BIN, '--version', /(\S.*)/),
      wrk: said('wrk', '-v', /wrk (\S+)/),
      h2load: said('h2load', '--version', /nghttp2\/(\S+)/),
      redis: said('redis-server', '--version', /v=(\S+)/)
    }
  }
}

function commit () {
  const git = (...args) => execFileSync('git', args, { cwd: fileURLToPath(root), encoding: 'utf8' }).trim()
  try {
    return git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain', '--', 'src', 'providers', 'bin', 'package-lock.json') === '' ? '' : ', changed')
  } catch {
    return undefined
  }
}

function said (command, args, pattern) {
  const { stdout = '', stderr = '' } = spawnSync(command, [args].flat(), { encoding: 'utf8' })
  return pattern.exec(`${stdout}${stderr}`)?.[1]
}
