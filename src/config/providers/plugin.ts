import { readFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { types } from 'node:util'
import { Problem } from '../config-error.ts'

/** What somebody else wrote, as its file exports it: not yet looked at. */
export interface PluginFile {
  readonly path: string
  /** Name and version of the package it belongs to, where there is one. */
  readonly package: string | undefined
  readonly content: unknown
}

export interface Folder { readonly path: string, /** For messages: `the folder of the configuration file`. */ readonly what: string }

/** Nothing of that name is installed. */
export class PluginMissing extends Problem {}

/** Where plugins are looked for, in this order; @param configFile as it was named, if one was */
export function pluginFolders (configFile: string | undefined): readonly Folder[] {
  const folders = [
    ...configFile === undefined ? [] : [{ path: dirname(resolve(configFile)), what: 'the folder of the configuration file' }],
    { path: process.cwd(), what: 'the working directory' },
    { path: dirname(fileURLToPath(import.meta.url)), what: 'the folder of the gate' }
  ]
  return folders.filter(({ path }, index) => folders.findIndex(folder => folder.path === path) === index)
}

/**
 * The only door to code that is not ours: finds a module and runs it, once for the process.
 *
 * @param module a path (`./idp.mjs`) or an npm package, as `require` takes them
 * @throws {PluginMissing} with the folders it was looked for in
 * @throws {Problem} it is there and cannot be loaded
 */
export function readPlugin (module: string, folders: readonly Folder[]): PluginFile {
  const path = locate(module, folders)
  return { path, package: packageOf(path), content: load(path) }
}

function locate (module: string, folders: readonly Folder[]): string {
  const isPath = isAbsolute(module) || /^\.{1,2}[\\/]|\.[cm]?js$/.test(module)
  if (isBuiltin(module)) throw new Problem('is a part of Node and no provider')
  // Where the gate itself is installed nobody keeps files of their own.
  const tried = isPath ? isAbsolute(module) ? folders.slice(0, 1) : folders.filter(({ what }) => what !== 'the folder of the gate') : folders
  for (const folder of tried) {
    const require = createRequire(join(folder.path, 'any.js'))
    try {
      return require.resolve(isPath ? resolve(folder.path, module) : module)
    } catch (error) {
      const { code, path, message } = error as NodeJS.ErrnoException
      if (code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw new Problem(`${message.replace(/^.* in (.*?)(?: imported from .*)?$/s, 'is a package that exports nothing to us ($1)')}`, 'Let its package.json say "exports": "./index.js", or "default" where it says "import".')
      if (code !== 'MODULE_NOT_FOUND') throw new Problem(`cannot be found: ${lineOf(message)}`)
      if (path !== undefined) throw new Problem(`is a package whose main file is not there (${path})`, 'Install it again, or build it.')
    }
  }
  const where = isAbsolute(module) ? '' : `: looked for from ${tried.map(({ path, what }) => `${path} (${what})`).join(', then ')}`
  throw new PluginMissing(`${isPath ? `names a file that is not there (${module})` : `is the package ${module}, which is not installed`}${where}`, isPath ? 'Check the path.' : `Run npm install ${module} in one of these folders.`)
}

function load (path: string): unknown {
  let exported: unknown
  try {
    exported = quietly(() => createRequire(path)(path) as unknown)
  } catch (error) {
    throw unloadable(path, error)
  }
  const isModule = types.isModuleNamespaceObject(exported)
  const members: object = typeof exported === 'object' && exported !== null ? exported : {}
  // CommonJS exports one thing, unless a compiler made it of an ES module.
  if (!isModule && !Object.hasOwn(members, '__esModule')) {
    if (Object.keys(members).length > 0) return exported
  } else if ('default' in members) return members.default
  throw new Problem(`is ${path}, which has no default export`, 'Write export default defineProvider({ … }), or module.exports = … in CommonJS.')
}

// Some versions of Node say that loading an ES module like this is an experiment. It is not the operator's.
function quietly<T> (run: () => T): T {
  const { emitWarning } = process
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (String(rest[0]) !== 'ExperimentalWarning' || !/ES Module/i.test(String(warning))) emitWarning(warning, ...rest)
  }) as typeof emitWarning
  try {
    return run()
  } finally {
    process.emitWarning = emitWarning
  }
}

function unloadable (path: string, error: unknown): Problem {
  const { code, message, stack, name } = error instanceof Error ? error as NodeJS.ErrnoException : { code: undefined, message: String(error), stack: undefined, name: 'it threw' }
  if (code === 'ERR_REQUIRE_ASYNC_MODULE') return new Problem(`is ${path}, which waits at its top level (await), or imports what does`, 'Move the await into a function: a provider is data and one pure function, and must be there at once.')
  if (code === 'ERR_REQUIRE_ESM') return new Problem(`is ${path}, an ES module, which Node ${process.versions.node} cannot load here`, 'Take Node 20.19 or 22.12, or a later one.')
  if (code?.endsWith('MODULE_NOT_FOUND') === true && /'oauth-gate(?:\/[^']*)?'/.test(message)) return new Problem(`is ${path}, which imports oauth-gate where it is not installed`, 'Run npm install oauth-gate there, or export the plain object without defineProvider.')
  const [line = ''] = stack?.split('\n', 1) ?? []
  return new Problem(`is ${path}, which cannot be loaded: ${name}: ${lineOf(message)}${/:\d+$/.test(line) ? ` (${lineOf(line)})` : ''}`, 'Mend that file; node can run it by itself to show more.')
}

/** The first line of foreign words, fit for a terminal. */
function lineOf (words: string): string {
  return (words.split('\n', 1)[0] ?? '').replace(/[\p{Cc}\p{Cf}]+/gu, ' ').slice(0, 300)
}

function packageOf (file: string): string | undefined {
  for (let folder = dirname(file), below = file; folder !== below; below = folder, folder = dirname(folder)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown, version?: unknown }
      // One without a name only says how its folder is to be read.
      if (typeof name === 'string') return lineOf(typeof version === 'string' ? `${name} ${version}` : `${name}, without a version`)
    } catch { /* not there, or not JSON: the one above may be */ }
  }
  return undefined
}
