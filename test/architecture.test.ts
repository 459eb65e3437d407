import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'

// Reads the sources as they are in the repository, not the compiled copies this file runs among.
const files = ['src', 'providers'].flatMap(folder => readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts')).map(name => join(folder, name)))
const sources = files.map(path => ({ path, text: readFileSync(path, 'utf8') }))

/** The house from the roof down. What stands in one row may not lean on another of the same row. */
const LAYERS: readonly (readonly string[])[] = [
  ['src/cli', 'src/index.ts'],
  ['src/demo', 'src/fastify.ts', 'src/front.ts', 'src/conformance'],
  ['src/gate.ts', 'src/explanation.ts'],
  ['src/parts.ts', 'src/server.ts', 'src/successor.ts'],
  ['src/lasting.ts'],
  ['src/active-provider.ts', 'src/policy.ts', 'src/renewal.ts', 'src/session-log.ts', 'src/stores.ts'],
  ['src/plugins', 'src/routes'],
  ['src/config'],
  ['src/proxy', 'src/oauth', 'src/session', 'src/access', 'src/passwords', 'src/pages', 'src/log.ts', 'src/own-urls.ts'],
  ['src/identity'],
  ['providers', 'src/provider-places.ts'],
  ['src/provider.ts', 'src/outside.ts'],
  ['src/claims.ts'],
  ['src/errors.ts', 'src/url.ts', 'src/per-connection.ts', 'src/on-demand.ts']
]

/** The one way to each outside thing. */
const DOORS: readonly { readonly what: RegExp, readonly only: readonly string[] }[] = [
  { what: /URL\.canParse/, only: [] },
  { what: /process\.env\b/, only: ['src/config/load.ts'] },
  { what: /from 'node:fs/, only: ['src/config/files.ts', 'src/config/watched-file.ts', 'src/config/providers/plugin.ts', 'src/log.ts', 'src/cli/version.ts', 'src/cli/listen.ts', 'src/cli/explain-input.ts'] },
  { what: /from 'node:module'|createRequire|\bimport\((?!'[^']*'\))/, only: ['src/config/providers/plugin.ts', 'src/on-demand.ts'] },
  { what: /process\.exit\b|process\.exitCode/, only: ['src/cli/'] },
  { what: /Date\.now\(|new Date\(\)|randomBytes|randomUUID|Math\.random/, only: ['src/outside.ts'] },
  { what: /createCipheriv|createDecipheriv/, only: ['src/session/seal.ts'] },
  { what: /from 'undici'/, only: ['src/oauth/http.ts', 'src/proxy/'] },
  { what: /\bhtml`/, only: ['src/pages/', 'src/demo/'] },
  { what: /from '(?:fastify|fastify-plugin|@fastify\/[a-z-]+)'/, only: ['src/gate.ts', 'src/fastify.ts', 'src/parts.ts', 'src/server.ts', 'src/successor.ts', 'src/front.ts', 'src/index.ts', 'src/plugins/', 'src/routes/', 'src/cli/'] },
  { what: /from 'hash-wasm'/, only: ['src/passwords/worker.ts'] },
  { what: /from 'node:worker_threads'/, only: ['src/passwords/'] },
  { what: /'ioredis'/, only: ['src/session/store/'] },
  { what: /from 'jose['/]|from 'oauth4webapi'/, only: ['src/oauth/'] },
  // each of the two costs a start what only few of its parts are worth
  { what: /^import (?!type ).*from '(?:node:http|jose)'/m, only: ['src/demo/'] },
  { what: /from '@jmespath-community\/jmespath'/, only: ['src/identity/jmespath-engine.ts'] },
  { what: /from 're2js'/, only: ['src/access/rules/skip-route.ts', 'src/on-demand.ts'] },
  // what sends a code that nobody issued is for the one command that says so
  { what: /from '[^']*\/probe\//, only: ['src/cli/check.ts', 'src/cli/reach-upstream.ts', 'src/cli/probe-panel.ts', 'src/cli/probe-store.ts', 'src/oauth/probe/'] },
  { what: /__Host-|__Secure-/, only: ['src/session/cookies.ts', 'src/config/'] }
]

function layerOf (path: string): number {
  return LAYERS.findIndex(row => row.some(name => path === name || path.startsWith(`${name}/`)))
}

function importsOf ({ path, text }: { path: string, text: string }): string[] {
  return [...text.matchAll(/(?:from|import\() ?'(\.[^']+)'/g)].map(([, target]) => normalize(join(dirname(path), target as string)))
}

t.test('imports go downwards only', async t => {
  for (const source of sources) {
    t.not(layerOf(source.path), -1, `${source.path} has a place in the house`)
    for (const target of importsOf(source)) {
      const [from, to] = [layerOf(source.path), layerOf(target)]
      const sameRoom = LAYERS[from]?.some(name => [source.path, target].every(path => path === name || path.startsWith(`${name}/`)))
      if (!(sameRoom === true || from < to)) t.fail(`${source.path} imports ${target}`)
    }
  }
})

t.test('imports lead in no circle, not of types either', async t => {
  const targets = new Map(sources.map(source => [source.path, importsOf(source)]))
  const done = new Set<string>()
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) t.fail([...way.slice(way.indexOf(path)), path].join(' → '))
    if (way.includes(path) || done.has(path)) return
    for (const target of targets.get(path) ?? []) visit(target, [...way, path])
    done.add(path)
  }
  for (const path of targets.keys()) visit(path, [])
})

t.test('the page about it shows the same house', async t => {
  const [, shown = ''] = /## Layers.*?```text\n(.*?)```/s.exec(readFileSync('docs/architecture.md', 'utf8')) ?? []
  t.strictSame(shown.trim().split('\n'), LAYERS.map(row => row.map(name => name.replace('src/', '')).join(', ')))
})

t.test('a provider knows the words for providers and nothing else', async t => {
  for (const source of sources.filter(({ path }) => path.startsWith('providers/'))) {
    for (const target of importsOf(source)) t.ok(target === 'src/provider.ts' || target.startsWith('providers/'), `${source.path} imports ${target}`)
    t.ok(source.text.split('\n').length <= 41, `${source.path} has at most 40 lines`)
    t.notMatch(source.text, /\bawait\b|fetch\(|process\./, `${source.path} is data and one pure function`)
  }
})

t.test('every outside thing has one door', async t => {
  for (const { what, only } of DOORS) {
    for (const { path, text } of sources) {
      if (what.test(withoutComments(text)) && !only.some(door => path.startsWith(door))) t.fail(`${path} uses ${what.source}`)
    }
  }
})

t.test('files stay small enough to be read at once', async t => {
  for (const { path, text } of sources) {
    const lines = text.split('\n').length - 1
    if (lines > 200) t.fail(`${path} has ${lines} lines`)
  }
  const gate = sources.find(({ path }) => path === 'src/gate.ts')
  t.ok((gate?.text.split('\n').length ?? 99) <= 61, 'gate.ts tells the whole story in 60 lines')
})

t.test('nothing is waved through', async t => {
  for (const { path, text } of sources) t.notMatch(text, /\bas any\b|: any(?:\[|[,)>;\n]| \||$)|<any>|@ts-|eslint-disable|\bTODO\b|\bFIXME\b/, path)
})

function withoutComments (text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
}
