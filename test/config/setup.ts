import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { ConfigError, type ConfigProblem } from '../../src/config/config-error.ts'
import { loadConfig, type Loaded, type LoadOptions } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'

export const secret = 'a cookie secret of more than 32 bytes'
export const key = 'cJFOwZcXaPTg5BVQ-sTjMl1Ji4kCLtWkMlbPG8xLJno='

/** What starts, and complains about nothing. */
export const enough = {
  upstream: 'http://localhost:5006', 'oauth-provider': 'oidc', 'oauth-issuer': 'https://login.example', 'oauth-key': 'id', 'oauth-secret': 's3cret-of-the-client', 'cookie-secret': secret
} as const

/** Enough flags with some replaced; `undefined` takes one away. No environment but the one given. */
export function load (flags: LoadOptions['flags'] = {}, more: LoadOptions = {}): Loaded {
  return loadConfig({ env: {}, ...more, flags: { ...enough, ...flags } })
}

/** One setting from code, on top of enough flags without that one. */
export function set (settings: Settings): Loaded {
  return loadConfig({ env: {}, flags: enough, settings })
}

export function problems (run: () => unknown): readonly ConfigProblem[] {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

/** The settings that are complained about. */
export function blamed (run: () => unknown): readonly string[] {
  return problems(run).map(problem => problem.setting)
}

/** A file in a folder that goes with the test. */
export function file (t: Test, name: string, content: string | Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
