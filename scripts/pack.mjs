// npm run pack [-- FOLDER]: writes the tarball that is published, and its path on standard output. Needs npm run build.
// It differs from what npm pack would make by what only this repository needs: its scripts (npm asks people to review
// a prepare, which has nothing to do for them), its development dependencies, and declarations that no import leads to.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, posix, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * @param {string} destination a folder that exists
 * @returns {{ tarball: string, size: number, unpackedSize: number, files: string[] }} sizes in bytes
 */
export function pack (destination) {
  const stage = mkdtempSync(join(tmpdir(), 'oauth-gate-pack-'))
  try {
    const typed = declarations('dist/src/index.d.ts')
    for (const path of npmPack(root, '--dry-run').files.map(file => file.path)) {
      if (path.startsWith('scripts/') || (path.endsWith('.d.ts') && !typed.has(path))) continue
      mkdirSync(join(stage, dirname(path)), { recursive: true })
      copyFileSync(join(root, path), join(stage, path))
    }
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    for (const own of ['scripts', 'devDependencies', 'overrides', 'files']) delete manifest[own]
    writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
    const { filename, size, unpackedSize, files: packed } = npmPack(stage, `--pack-destination=${resolve(destination)}`)
    return { tarball: join(resolve(destination), filename), size, unpackedSize, files: packed.map(file => file.path) }
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}

function npmPack (folder, ...options) {
  return JSON.parse(execFileSync('npm', ['pack', '--ignore-scripts', '--json', ...options], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))[0]
}

/** The declarations that somebody who imports the package can see. */
function declarations (entry, seen = new Set()) {
  if (seen.has(entry)) return seen
  seen.add(entry)
  for (const [, target] of readFileSync(join(root, entry), 'utf8').matchAll(/(?:from|import\() ?['"](\.[^'"]+)['"]/g)) {
    declarations(posix.join(posix.dirname(entry), target.replace(/\.(?:ts|js)$/, '.d.ts')), seen)
  }
  return seen
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  console.log(pack(process.argv[2] ?? '.').tarball)
}
