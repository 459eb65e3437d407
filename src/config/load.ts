import { readFileSync } from 'node:fs'
import { fromApp } from './app-presets.ts'
import { crossCheck } from './checks/index.ts'
import { parseConfigFile } from './config-file.ts'
import { ConfigError, unreadable, type ConfigProblem } from './config-error.ts'
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
}

export interface Loaded {
  readonly config: Config
  readonly sources: Readonly<Record<OptionName, Source>>
  /** Sentences without capital and full stop: what was overridden, ignored, or read differently than it was written. */
  readonly notices: readonly string[]
}

/**
 * The only door to the environment, and to files while the gate starts: makes one checked and frozen configuration of everything that was said.
 *
 * @throws {ConfigError} with every problem there is, none of which quotes a secret
 */
export function loadConfig ({ flags = {}, env = process.env, file, settings = {} }: LoadOptions = {}): Loaded {
  const said = together([fromFlags(flags), fromCode(settings), fromEnvironment(env)])
  const problems: ConfigProblem[] = [...said.problems]
  const notices: string[] = [...said.notices]
  const written = readConfigFile({ said: said.candidates, file, env, grafanaEnv: asksForGrafana(said.candidates) }, problems)
  const candidates = [...said.candidates, ...written.candidates]
  candidates.push(...fromApp(candidates))
  problems.push(...written.problems)
  notices.push(...written.notices)
  const nothingSet = candidates.length === 0 && problems.length === 0
  // What was said and refused is not missing, and no other source stands in for it.
  const refused = new Set(problems.map(problem => problem.setting))

  const resolved = new Map<OptionName, Resolved>()
  for (const option of optionNames) {
    const decision = resolve(option, candidates.filter(candidate => candidate.option === option), readFile, problems, notices)
    const mayBeInFile = written.failed === true && decision?.source.level === 'default' // what a file that cannot be read may say is not missing
    if (decision !== undefined && !refused.has(flagOf(option)) && !mayBeInFile) resolved.set(option, decision)
  }
  const ofProviders: ConfigProblem[] = [] // told after what the gate itself lacks
  const { providers, choices } = settleProviders({ choices: resolved, env, readFile, folders: pluginFolders(written.path), problems: ofProviders, notices })
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
    config: Object.freeze({ ...Object.fromEntries([...choices].filter(([option]) => !isOfProvider(option)).map(([option, { value }]) => [option, value])), providers }) as unknown as Config,
    sources: Object.freeze(Object.fromEntries([...choices].map(([option, { source }]) => [option, source]))) as Loaded['sources'],
    notices: Object.freeze(notices)
  })
}

/** Node would believe any certificate of the provider: whoever sits on the way could sign in as anybody. */
function environmentProblems (env: Readonly<Record<string, string | undefined>>): ConfigProblem[] {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return []
  return [{ setting: 'NODE_TLS_REJECT_UNAUTHORIZED', message: 'NODE_TLS_REJECT_UNAUTHORIZED=0 turns off every certificate check of this process.', fix: 'Unset it; name a private authority in NODE_EXTRA_CA_CERTS instead.' }]
}

interface Files {
  readonly said: readonly Candidate[]
  readonly file: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly grafanaEnv: boolean
}

/** The file, and beside it Grafana's variables, which are like a part of Grafana's. */
function readConfigFile ({ said, file, env, grafanaEnv }: Files, problems: ConfigProblem[]): Gathered & { readonly path?: string, readonly failed?: true } {
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

function readFile (path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw unreadable(error)
  }
}
