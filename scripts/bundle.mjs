// Puts the sources together in dist/: a few files instead of some two hundred, each of which Node would look up, read and link by itself at a start.
// What is imported by a name stays where npm installed it, and what is imported only sometimes is a file of its own. Needs no compiler, and looks at no type.
import { mkdirSync, readdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What is begun from outside: by the launcher, by a process or thread that is started, by whoever imports the package. In one call, so that whatever they share is there once. */
const ENTRIES = ['src/cli/main.ts', 'src/cli/worker.ts', 'src/passwords/worker.ts', 'src/index.ts']
/** As deep as the entries, so that paths beside `import.meta.url` are right in both. */
const SHARED = 'src/shared/'

export async function bundle () {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outbase: '.',
    outdir: 'dist',
    chunkNames: `${SHARED}[name]-[hash]`,
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    charset: 'utf8',
    write: false
  })
  const made = new Map(outputFiles.map(({ path, contents }) => [relative(join(root, 'dist'), path).replaceAll(sep, '/'), contents]))
  // Something may be running from there: first comes what is new, then what leads to it, and what nothing leads to any more goes last.
  for (const isShared of [true, false]) {
    for (const [path, contents] of made) if (path.startsWith(SHARED) === isShared) put(join(root, 'dist', path), contents)
  }
  for (const path of readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })) {
    if (/\.js(?:\.\d+)?$/.test(path) && !made.has(path.replaceAll(sep, '/'))) rmSync(join(root, 'dist', path))
  }
}

/** Nobody finds half a file. */
function put (path, contents) {
  mkdirSync(dirname(path), { recursive: true })
  const unfinished = `${path}.${process.pid}`
  writeFileSync(unfinished, contents)
  renameSync(unfinished, path)
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await bundle()
