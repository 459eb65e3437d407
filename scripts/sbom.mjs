// npm run sbom [-- FILE]: what the gate stands on, as CycloneDX, from the lock file; on standard output without FILE.
// npm sbom is given a lock without development dependencies: its own --omit=dev also leaves out what both sides need.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)

/** @returns {object} a CycloneDX document */
export function sbom () {
  const manifest = read('package.json')
  const lock = read('package-lock.json')
  for (const own of [manifest, lock.packages['']]) delete own.devDependencies
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (entry.dev === true) delete lock.packages[path]
    else delete entry.devOptional
  }
  const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-sbom-'))
  try {
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
    const written = JSON.parse(execFileSync('npm', ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
    written.metadata.component.name = manifest.name // npm takes the folder's
    return written
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function read (path) {
  return JSON.parse(readFileSync(new URL(path, root), 'utf8'))
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const text = `${JSON.stringify(sbom(), null, 2)}\n`
  if (process.argv[2] === undefined) process.stdout.write(text)
  else writeFileSync(process.argv[2], text)
}
