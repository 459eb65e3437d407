import { hash } from 'node:crypto'
import { fromApp } from './app-presets.ts'
import { crossCheck } from './checks/index.ts'
import { parseConfigFile } from './config-file.ts'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { discreet } from './discreet.ts'
import { createReader, type FileReader, type Files } from './files.ts'
import { isIni } from './grafana/file.ts'
import { fromGrafana } from './grafana/grafana.ts'
import { checkHeaders } from './checks/header.ts'
import { flagOf, optionNames } from './names.ts'
import { options, type Config, type OptionName, type Settings } from './options.ts'
import { checkPanelIdentity } from './panel-identity.ts'
import { checkOAuthAlone } from './checks/provider.ts'
import { checkRefresh } from './checks/refresh.ts'
import { checkSignOut } from './checks/sign-out.ts'
import { problemsOf, resolve, type Resolved, type Source } from './resolve.ts'
import { pluginFolders } from './providers/plugin.ts'
import { isOfProvider, settleProviders } from './providers/index.ts'
import { fromCode, fromEnvironment, fromFile, fromFlags, together, type Candidate, type Flags, type Gathered } from './sources.ts'

export interface LoadOptions {
  /** By name without dashes, as written: `{ 'oauth-key': 'x', 'client-secret-file': '/run/s', upstream: ['…', '…'] }`. */
  readonly flags?: Flags
  /** The process's own unless given: `{}` reads none. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** A YAML or JSON file, or Grafana's INI, where neither a flag nor the environment names one. */
  readonly file?: string
  /** From code, by camelCase name. As strong as flags, which beat it. */
  readonly settings?: Settings
  /** Where files come from: from the disk, each read once, unless given. */
  readonly reader?: FileReader
}

export interface Loaded {
  readonly config: Config
  readonly sources: Readonly<Record<OptionName, Source>>
  /** Sentences without capital and full stop: what was overridden, ignored, or read differently than it was written. */
  readonly notices: readonly string[]
  /** Everything that was read for it. */
  readonly files: Files
  /** What each setting was made of, as a hash: another one means that somebody gave it another value, or changed its file. */
  readonly prints: Readonly<Record<OptionName, string>>
}

/**
 * The only door to the environment: makes one checked and frozen configuration of everything that was said.
 *
 * @throws {ConfigError} with every problem there is, none of which quotes a secret
 */
export function loadConfig ({ flags = {}, env = process.env, file, settings = {}, reader = createReader() }: LoadOptions = {}): Loaded {
  const said = together([fromFlags(flags), fromCode(settings), fromEnvironment(env)])
  const problems: ConfigProblem[] = [...said.problems]
  const notices: string[] = [...said.notices]
  const written = readConfigFile({ said: said.candidates, file, env, grafanaEnv: asksForGrafana(said.candidates), readFile: reader.read }, problems)
  const candidates = [...said.candidates, ...written.candidates]
  candidates.push(...fromApp(candidates))
  problems.push(...written.problems)
  notices.push(...written.notices)
  const nothingSet = candidates.length === 0 && problems.length === 0
  // What was said and refused is not missing, and no other source stands in for it.
  const refused = new Set(problems.map(problem => problem.setting))

  const resolved = new Map<OptionName, Resolved>()
  const prints = new Map<OptionName, string>()
  for (const option of optionNames) {
    const given = candidates.filter(candidate => candidate.option === option)
    const { readFile, print } = printing(reader, given)
    const decision = resolve(option, given, readFile, problems, notices)
    prints.set(option, print())
    const mayBeInFile = written.failed === true && decision?.source.level === 'default' // what a file that cannot be read may say is not missing
    if (decision !== undefined && !refused.has(flagOf(option)) && !mayBeInFile) resolved.set(option, decision)
  }
  const ofProviders: ConfigProblem[] = [] // told after what the gate itself lacks
  const ofEach = printing(reader, [])
  const { providers, choices } = settleProviders({ choices: resolved, env, readFile: ofEach.readFile, folders: pluginFolders(written.path), problems: ofProviders, notices })
  crossCheck(choices, problems, notices)
  checkHeaders(choices, providers, problems, notices)
  checkPanelIdentity(choices, problems, notices, Object.keys(env).filter(name => env[name] !== undefined))
  checkRefresh(choices, providers, problems, notices)
  checkOAuthAlone(choices, providers, problems, notices)
  checkSignOut(choices, providers, problems, notices)
  problems.push(...ofProviders)
  problems.push(...environmentProblems(env))
  if (problems.length > 0) throw new ConfigError(problems, { nothingSet, notices })
  return Object.freeze({
    config: discreet({ ...Object.fromEntries([...choices].filter(([option]) => !isOfProvider(option)).map(([option, { value }]) => [option, value])), providers: Object.freeze(providers.map(discreet)) }) as unknown as Config,
    sources: Object.freeze(Object.fromEntries([...choices].map(([option, { source }]) => [option, source]))) as Loaded['sources'],
    notices: Object.freeze(notices),
    files: reader.files,
    prints: Object.freeze({ ...Object.fromEntries(prints), providers: `${prints.get('providers') ?? ''} ${ofEach.print()}` }) as Loaded['prints']
  })
}

/** Node would believe any certificate of the provider: whoever sits on the way could sign in as anybody. */
function environmentProblems (env: Readonly<Record<string, string | undefined>>): ConfigProblem[] {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return []
  return [{ setting: 'NODE_TLS_REJECT_UNAUTHORIZED', message: 'NODE_TLS_REJECT_UNAUTHORIZED=0 turns off every certificate check of this process.', fix: 'Unset it; name a private authority in NODE_EXTRA_CA_CERTS instead.' }]
}

interface Asked {
  readonly said: readonly Candidate[]
  readonly file: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly grafanaEnv: boolean
  readonly readFile: FileReader['read']
}

/** The file, and beside it Grafana's variables, which are like a part of Grafana's. */
function readConfigFile ({ said, file, env, grafanaEnv, readFile }: Asked, problems: ConfigProblem[]): Gathered & { readonly path?: string, readonly failed?: true } {
  const named = said.find(candidate => candidate.option === 'config')
  const path = named === undefined ? file : named.raw
  const grafana = { env, readFile, grafanaEnv, said }
  try {
    // An empty name, or one that is no text, is told when the setting itself is read.
    if (typeof path !== 'string' || path.trim() === '') return fromGrafana(grafana)
    const text = readFile(path).toString('utf8')
    if (isIni(path, text)) return { ...fromGrafana({ ...grafana, file: { path, text } }), path }
    const ours = fromFile(parseConfigFile(text), path)
    return { ...together([ours, fromGrafana({ ...grafana, said: [...said, ...ours.candidates] })]), path }
  } catch (error) {
    problems.push(...problemsOf('config', `${named?.from ?? 'the configuration file'} (${String(path)})`, error))
  }
  return { candidates: [], problems: [], notices: [], failed: true }
}

/** What is no yes or no is told when the setting itself is read. */
function asksForGrafana (candidates: readonly Candidate[]): boolean {
  const said = candidates.find(({ option }) => option === 'grafanaEnv')
  try {
    return said !== undefined && options.grafanaEnv.parse(said.raw)
  } catch {
    return false
  }
}

/** Hashes what is read on the way, together with what was written. */
function printing ({ read }: FileReader, given: readonly Candidate[]): { readonly readFile: FileReader['read'], readonly print: () => string } {
  const seen: (string | null)[] = []
  return {
    readFile (path) {
      seen.push(null) // for one that is not there
      const content = read(path)
      seen.push(hash('sha256', content))
      return content
    },
    print: () => hash('sha256', JSON.stringify([given.map(({ from, level, raw }) => [from, level === 'code' ? null : raw]), seen]))
  }
}
