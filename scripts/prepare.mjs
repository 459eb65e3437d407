// Builds dist/ where the compiler is installed. The packed tarball brings its dist/ along, and needs none.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'

let compiler
try {
  compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc')
} catch {
  if (existsSync(new URL('../dist', import.meta.url))) process.exit(0)
  console.error('oauth-gate: dist/ is not built, and without development dependencies there is no compiler. Run npm ci, or install the packed tarball.')
  process.exit(1)
}
execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { stdio: 'inherit', cwd: new URL('..', import.meta.url) })
