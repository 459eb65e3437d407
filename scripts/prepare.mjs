// Builds dist/ where the compiler is installed: what runs by bundle.mjs, and the declarations. The packed tarball brings its dist/ along, and needs none.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
let compiler
try {
  const { resolve } = createRequire(import.meta.url)
  compiler = resolve('typescript/bin/tsc')
  resolve('esbuild')
} catch {
  if (existsSync(join(root, 'dist'))) process.exit(0)
  console.error('oauth-gate: dist/ is not built, and without development dependencies there is nothing to build with. Run npm ci, or install the packed tarball.')
  process.exit(1)
}
const { bundle } = await import('./bundle.mjs')
await bundle()
execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', ...process.argv.slice(2)], { stdio: 'inherit', cwd: root })
// Declarations of sources that are gone would be packed.
for (const path of readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })) {
  if (path.endsWith('.d.ts') && !existsSync(join(root, path.replace(/\.d\.ts$/, '.ts')))) rmSync(join(root, 'dist', path))
}
