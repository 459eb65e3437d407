import { Problem, type ConfigProblem } from '../config-error.ts'
import { nearest } from '../names.ts'
import type { Surroundings } from './expand.ts'
import { BLOCK, keys, others } from './keys.ts'
import type { Layer } from './layers.ts'
import { readFlag } from './values.ts'

const PREFIX = nameOf(BLOCK, '')

/** Every variable that is read, and which value it is. */
const known: ReadonlyMap<string, readonly [section: string, key: string]> = new Map([
  ...Object.keys(keys).map(key => [BLOCK, key] as const),
  ...Object.entries(others).flatMap(([section, keys]) => Object.keys(keys).map(key => [section, key] as const))
].map(([section, key]) => [nameOf(section, key), [section, key]]))

/** Grafana's rule: `[auth.generic_oauth] client_id` is `GF_AUTH_GENERIC_OAUTH_CLIENT_ID`. */
function nameOf (section: string, key: string): string {
  return `GF_${section}_${key}`.replace(/[.-]/g, '_').toUpperCase()
}

/** The variables of the block that have a value, whether or not anybody asked for them. */
export function blockVariables (env: Surroundings['env']): readonly string[] {
  return Object.keys(env).filter(name => name.startsWith(PREFIX) && isSet(env[name]))
}

/** What `GF_*` says. A value is meant as it stands, without quotes; a variable that is empty is not set. */
export function readEnvironment ({ env, readFile }: Surroundings, problems: ConfigProblem[], notices: string[]): Layer {
  const sections = new Map<string, Map<string, string>>()
  const strangers: string[] = []
  for (const name of Object.keys(env).filter(name => name.startsWith('GF_') && isSet(env[name]))) {
    const base = name.replace(/__FILE$/, '')
    const [section, key] = known.get(base) ?? []
    if (section === undefined || key === undefined) strangers.push(name)
    else {
      const text = valueOf(name, { env, readFile }, problems)
      if (text !== undefined) sections.set(section, (sections.get(section) ?? new Map<string, string>()).set(key, text))
    }
  }
  problems.push(...strangers.filter(name => name.startsWith(PREFIX)).map(unknown))
  const unused = strangers.filter(name => !name.startsWith(PREFIX))
  if (unused.length > 0) notices.push(`of the variables that are there for Grafana, these say nothing to the gate: ${unused.join(', ')}`)
  const providers = unused.filter(name => /^GF_AUTH_\w+_ENABLED$/.test(name) && isOn(env[name] ?? ''))
  if (providers.length > 0) notices.push(`${providers.join(', ')}: only generic_oauth is taken from Grafana’s configuration, so nobody signs in that way`)
  return { level: 'grafana', sections, say: (section, key) => spelled(env, nameOf(section, key)) }
}

function valueOf (name: string, { env, readFile }: Surroundings, problems: ConfigProblem[]): string | undefined {
  if (!name.endsWith('__FILE')) return env[name]
  const base = name.replace(/__FILE$/, '')
  try {
    if (isSet(env[base])) throw new Problem(`and ${base} are both set`, 'Keep one of them.')
    const text = readFile(env[name] ?? '').toString('utf8').replace(/[\r\n]+$/, '')
    if (text.trim() === '') throw new Problem('names a file that is empty')
    return text
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    problems.push({ setting: name, message: `${name} ${error.message}.`, fix: error.fix ?? 'Put the value into it, or unset the variable.' })
    return undefined
  }
}

function unknown (name: string): ConfigProblem {
  const near = nearest(name, [...known.keys()].filter(other => other.startsWith(PREFIX)))
  return { setting: name, message: `${name} is none of Grafana’s settings of generic_oauth that the gate knows.`, fix: near === undefined ? 'Unset it; docs/grafana.md has those that are read.' : `Did you mean ${near}?` }
}

function spelled (env: Surroundings['env'], name: string): string {
  return isSet(env[name]) ? name : `${name}__FILE`
}

function isSet (value: string | undefined): boolean {
  return value !== undefined && value !== ''
}

export function isOn (text: string): boolean {
  try {
    return readFlag(text)
  } catch {
    return false // told where the value counts
  }
}
