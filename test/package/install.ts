import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Test } from 'tap'
import { isCi, skipped } from '../fixtures/lacking.ts'

export interface Installed {
  /** Where the package is in node_modules, as somebody's project has it. */
  readonly folder: string
  readonly tarball: string
  /** Runs Node with the environment of nobody in particular. */
  run (...args: string[]): { status: number | null, stdout: string, stderr: string }
  /** Writes a module beside the package, and runs it. */
  use (source: string): { status: number | null, stdout: string, stderr: string }
  /** Starts something that goes on; ends with the test. @returns what it has said when `ready` matched */
  start (ready: RegExp, ...args: string[]): Promise<{ child: ChildProcess, said: string }>
}

const PLAIN = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
export const NPM = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']

/** The tarball as `npm run pack` makes it. */
export function packed (t: Test): string {
  const folder = temporary(t)
  return execFileSync(process.execPath, ['scripts/pack.mjs', folder], { encoding: 'utf8' }).trim()
}

/**
 * The package in an empty folder, as a user gets it: with its own dependencies alone.
 *
 * @param node which Node runs it
 * @returns null after the test was skipped: npm needs a network and half a minute, which only CI has. @throws where npm cannot install it
 */
export function installed (t: Test, { node = process.execPath, beside = [] as readonly string[] } = {}): Installed | null {
  if (!isCi) {
    skipped(t, 'npm installs the package: run with CI=true')
    return null
  }
  const tarball = packed(t)
  const folder = temporary(t)
  execFileSync('npm', ['install', tarball, ...beside, ...NPM], { cwd: folder, encoding: 'utf8' })
  return { folder, tarball, ...runner(t, folder, node) }
}

export function runner (t: Test, folder: string, node = process.execPath): Pick<Installed, 'run' | 'use' | 'start'> {
  const run = (...args: string[]) => spawnSync(node, args, { cwd: folder, encoding: 'utf8', env: PLAIN })
  return {
    run,
    use (source) {
      writeFileSync(join(folder, 'use.mjs'), source)
      return run('use.mjs')
    },
    async start (ready, ...args) {
      const child = spawn(node, args, { cwd: folder, env: PLAIN })
      t.teardown(async () => {
        if (child.exitCode !== null || child.signalCode !== null) return
        child.kill()
        await once(child, 'exit')
      })
      let said = ''
      await new Promise<void>((resolve, reject) => {
        const hear = (text: Buffer) => {
          said += text.toString()
          if (ready.test(said)) resolve()
        }
        child.stdout.on('data', hear)
        child.stderr.on('data', hear)
        child.on('exit', code => reject(new Error(`ended with ${code}: ${said}`)))
      })
      return { child, said }
    }
  }
}

/** What TypeScript needs beside it, from what is installed here. */
export function addTypes (folder: string, ...names: string[]): void {
  for (const name of names) {
    mkdirSync(join(folder, 'node_modules', name, '..'), { recursive: true })
    symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name))
  }
}

export function temporary (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
