import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { ImageConfig } from './build.ts'

export interface Container {
  /** Process id on this machine of what is process 1 inside. */
  pid (): number
  /** All it has written so far. */
  output (): string
  exec (args: readonly string[]): { readonly code: number | null, readonly out: string }
  signal (name: 'TERM' | 'KILL'): void
  readonly ended: Promise<number | null>
}

export interface Start {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Files from outside, read-only: path inside to path here. */
  readonly files?: Readonly<Record<string, string>>
}

let count = 0

/**
 * `docker run --read-only --cap-drop ALL --security-opt no-new-privileges --network host`, by the runtime that Docker uses:
 * the user, environment and command are what the image says, and nothing is writable.
 */
export function startContainer (t: Test, { config, root }: { config: ImageConfig, root: string }, { args = config.Cmd, env = {}, files = {} }: Start = {}): Container {
  const bundle = mkdtempSync(join(tmpdir(), 'oauth-gate-'))
  const id = `oauth-gate-${process.pid}-${++count}`
  const runc = ['--root', join(bundle, 'state')]
  const [uid, gid] = config.User.split(':').map(Number)
  const specification = {
    ociVersion: '1.0.2',
    process: {
      user: { uid, gid }, cwd: config.WorkingDir || '/', args: [...config.Entrypoint, ...args], noNewPrivileges: true,
      env: [...config.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] }
    },
    root: { path: root, readonly: true },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      ...Object.entries({ '/etc/hosts': '/etc/hosts', ...files }).map(([destination, source]) => ({ destination, type: 'bind', source, options: ['bind', 'ro'] }))
    ],
    linux: { namespaces: ['pid', 'ipc', 'uts', 'mount'].map(type => ({ type })) }
  }
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(specification))
  const child = spawn('runc', [...runc, 'run', '--bundle', bundle, id], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { output += text })
  const ended = new Promise<number | null>((resolve, reject) => { child.on('error', reject).on('close', resolve) })
  t.teardown(async () => {
    spawnSync('runc', [...runc, 'delete', '--force', id])
    await ended
    rmSync(bundle, { recursive: true })
  })
  return {
    ended,
    output: () => output,
    pid: () => (JSON.parse(readFileSync(join(bundle, 'state', id, 'state.json'), 'utf8')) as { init_process_pid: number }).init_process_pid,
    exec (args) {
      const { status, stdout, stderr } = spawnSync('runc', [...runc, 'exec', id, ...args], { encoding: 'utf8' })
      return { code: status, out: stdout + stderr }
    },
    signal (name) { spawnSync('runc', [...runc, 'kill', id, name]) }
  }
}
