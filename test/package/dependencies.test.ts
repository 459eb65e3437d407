import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'

interface Locked { readonly version: string, readonly license?: string, readonly dev?: boolean, readonly integrity?: string, readonly hasInstallScript?: boolean }
interface Component { readonly name: string, readonly version: string, readonly licenses?: readonly { license?: { id?: string }, expression?: string }[], readonly hashes?: readonly { alg: string, content: string }[] }
interface Bom { readonly bomFormat: string, readonly specVersion: string, readonly metadata: { component: Component & { type: string } }, readonly components: readonly Component[], readonly dependencies: readonly { ref: string, dependsOn?: readonly string[] }[] }
interface Manifest { readonly name: string, readonly version: string, readonly dependencies: Record<string, string>, readonly optionalDependencies: Record<string, string> }

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> }
const production = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true).map(([path, locked]) => ({ name: path.replace(/^.*node_modules\//, ''), ...locked }))
/** None of them asks more of whoever uses the gate than to keep its text, or to publish changes of its own files (MPL). */
const PERMISSIVE = new Set(['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'MPL-2.0'])

t.test('every dependency has its reason, and every reason its dependency', async t => {
  const page = readFileSync('docs/dependencies.md', 'utf8')
  const rows = [...page.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].slice(1).map(([, names = '', use = '', why = '']) => ({ names, use, why })).filter(({ names }) => !/^-+$/.test(names))
  const told = rows.flatMap(({ names }) => names.replace(' (optional)', '').split(', '))
  t.strictSame(told.toSorted(), [...Object.keys(manifest.dependencies), ...Object.keys(manifest.optionalDependencies)].toSorted())
  for (const { names, use, why } of rows) t.ok(use.trim().length > 3 && why.trim().length > 3, names)
  t.strictSame(rows.filter(({ names }) => names.includes('(optional)')).map(({ names }) => names.replace(' (optional)', '')), Object.keys(manifest.optionalDependencies))
})

t.test('all that is installed with the gate may be used by anyone, and runs nothing while it is installed', async t => {
  t.strictSame(production.filter(({ license }) => !PERMISSIVE.has(license ?? 'none')).map(({ name, license }) => `${name}: ${license}`), [])
  t.strictSame(production.filter(({ hasInstallScript }) => hasInstallScript === true).map(({ name }) => name), [])
})

t.test('the SBOM is CycloneDX and has exactly what the lock file has for production, each with licence and hash', async t => {
  const bom = JSON.parse(execFileSync(process.execPath, ['scripts/sbom.mjs'], { encoding: 'utf8' })) as Bom
  t.match(bom, { bomFormat: 'CycloneDX', specVersion: /^1\.\d$/, metadata: { component: { type: 'application', name: manifest.name, version: manifest.version } } })
  const named = (list: readonly { name: string, version: string }[]) => [...new Set(list.map(({ name, version }) => `${name}@${version}`))].toSorted()
  t.strictSame(named(bom.components), named(production))
  t.strictSame(bom.components.filter(({ licenses = [] }) => !licenses.some(({ license }) => PERMISSIVE.has(license?.id ?? ''))).map(({ name }) => name), [])
  t.strictSame(bom.components.filter(({ hashes = [] }) => !hashes.some(({ alg, content }) => alg === 'SHA-512' && content.length === 128)).map(({ name }) => name), [])
  const direct = bom.dependencies.find(({ ref }) => ref === `${manifest.name}@${manifest.version}`)?.dependsOn ?? []
  t.strictSame(direct.map(ref => ref.replace(/(?!^)@.*/, '')).toSorted(), [...Object.keys(manifest.dependencies), ...Object.keys(manifest.optionalDependencies)].toSorted(), 'and says which of them are ours')
  t.notMatch(JSON.stringify(bom), /"name":"(?:tap|typescript|eslint|playwright-core)"/)
  t.notMatch(JSON.stringify(bom), /\/tmp\/|file:/, 'nor anything of the machine that made it')
})
