// Builds dist/ where the compiler is installed. `npm ci --omit=dev` of a packed tarball has no compiler and needs none.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'

let compiler
try {
  compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc')
} catch {
  if (!existsSync(new URL('../dist', import.meta.url))) console.error('oauth-gate: no compiler installed, dist/ was not built')
  process.exit(0)
}
execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { stdio: 'inherit', cwd: new URL('..', import.meta.url) })
