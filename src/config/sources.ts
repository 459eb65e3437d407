import type { ConfigProblem } from './config-error.ts'
import { Repeated } from './kinds/kind.ts'
import { fileKeys, flagNames, flagOf, gateNames, nearest, optionNames, panelNames, shownKey, specOf, type Name } from './names.ts'
import { options, type OptionName } from './options.ts'
import { passedOver, readOtherwise, refusedFlag, refusedVariable } from './panel-names.ts'

/** Where a value comes from; what stands earlier beats what stands later. */
export const levels = ['flag', 'code', 'environment', 'panel', 'bokeh', 'grafana', 'file', 'preset'] as const
export type Level = typeof levels[number]

/** A value somebody gave to a setting, not yet read. */
export interface Candidate extends Name {
  readonly level: Level
  /** The name as it was written: `--port`, `OAUTH_GATE_PORT`, `port in gate.yaml`. */
  readonly from: string
  readonly raw: unknown
}

/** What one source holds, and what is wrong with its names. */
export interface Gathered {
  readonly candidates: readonly Candidate[]
  readonly problems: readonly ConfigProblem[]
  readonly notices: readonly string[]
}

/** Flags by name without dashes; a flag that stood alone is `true`, one given several times a list. */
export type Flags = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>

// Kubernetes sets these in every pod for each service, and one called oauth-gate is likely.
const serviceName = /^OAUTH_GATE_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/
const serviceAddress = /^(?:tcp|udp|sctp):\/\//

export function fromFlags (flags: Flags): Gathered {
  return gather(given(flags), flagNames, 'flag', name => `--${name}`, name => unknownName(`--${name}`, name, flagNames, '--'))
}

/** Settings by their camelCase names, as code passes them. */
export function fromCode (settings: Readonly<Record<string, unknown>>): Gathered {
  const names = new Map(optionNames.map(option => [option as string, { option, inFile: false }]))
  return gather(given(settings), names, 'code', name => `the setting ${name}`, name => unknownName(`the setting ${name}`, name, names, ''))
}

export function fromFile (content: Readonly<Record<string, unknown>>, file: string): Gathered {
  return gather(Object.entries(content), fileKeys, 'file', name => `${name} in ${file}`, name => unknownName(`${shownKey(name, fileKeys.keys())} in ${file}`, name, fileKeys, ''))
}

export function fromEnvironment (environment: Readonly<Record<string, string | undefined>>): Gathered {
  const ours = given(environment).filter(([name]) => name.startsWith('OAUTH_GATE_'))
  const services = ours.filter(([name, value]) => isService(name, String(value)))
  const gate = gather(ours.filter(entry => !services.includes(entry)), gateNames, 'environment', name => name, name => unknownName(name, name, gateNames, ''))
  const others = given(environment).map(([name]) => [name, passedOver(name)] as const).flatMap(([name, why]) => why === undefined ? [] : [{ name, why }])
  const theirs = given(environment).filter(([name]) => isPanels(name) && !others.some(other => other.name === name))
  const filled = theirs.filter(([, value]) => value !== '') // Panel takes an empty variable as unset
  const odd = filled.map(([name, value]) => readOtherwise(name, String(value)))
  const panel = gather(filled.filter(([name]) => !name.startsWith('BOKEH_')), panelNames, 'panel', name => name, unknownPanel)
  const bokeh = gather(filled.filter(([name]) => name.startsWith('BOKEH_')), panelNames, 'bokeh', name => name, unknownPanel)
  const empty = theirs.flatMap(([name, value]) => value === '' && isSecret(name) ? [`${name} is set but empty, which is as if it were not set`] : [])
  const notice = `ignored what Kubernetes sets for a service: ${services.map(([name]) => name).join(', ')}`
  return together([gate, panel, bokeh, { candidates: [], problems: odd.flatMap(({ problem }) => problem ?? []), notices: [...services.length > 0 ? [notice] : [], ...empty, ...others.map(({ why }) => why), ...odd.flatMap(({ notice }) => notice ?? [])] }])
}

export function together (parts: readonly Gathered[]): Gathered {
  return { candidates: parts.flatMap(part => part.candidates), problems: parts.flatMap(part => part.problems), notices: parts.flatMap(part => part.notices) }
}

function gather (entries: readonly (readonly [string, unknown])[], names: ReadonlyMap<string, Name>, level: Level, say: (name: string) => string, unknown: (name: string) => readonly ConfigProblem[]): Gathered {
  const candidates: Candidate[] = []
  const problems: ConfigProblem[] = []
  for (const [key, value] of entries) {
    const name = names.get(key)
    if (name === undefined) problems.push(...unknown(key))
    else if (level === 'flag' && Array.isArray(value) && value.length !== 1 && (name.inFile || options[name.option].repeatable !== true)) {
      problems.push({ setting: flagOf(name.option), message: `${say(key)} is given ${value.length} times.`, fix: 'Give it once.' })
    } else candidates.push({ ...name, level, from: say(key), raw: level === 'flag' ? fromFlag(name.option, name.inFile, value) : value })
  }
  return { candidates, problems, notices: [] }
}

function fromFlag (option: OptionName, inFile: boolean, value: unknown): unknown {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (inFile || options[option].repeatable !== true) return list[0]
  const texts = list.map(String)
  return texts.every(text => text.trim() === '') ? '' : new Repeated(texts)
}

function given (record: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(record).filter(([, value]) => value !== undefined)
}

function isService (name: string, value: string): boolean {
  return (name.endsWith('_PORT') && serviceAddress.test(value)) || (!gateNames.has(name) && serviceName.test(name))
}

function unknownName (written: string, name: string, known: ReadonlyMap<string, Name>, dashes: string): readonly ConfigProblem[] {
  const refused = refusedFlag(written, flagLike(name))
  if (refused !== undefined) return [refused]
  const near = nearest(name, known.keys())
  return [{ setting: shownKey(name, known.keys()), message: `${written} is not a setting of oauth-gate.`, fix: elsewhere(name, known) ?? (near === undefined ? 'See oauth-gate serve --help-all for all settings.' : `Did you mean ${dashes}${near}?`) }]
}

function elsewhere (name: string, known: ReadonlyMap<string, Name>): string | undefined {
  const flag = flagLike(name)
  const option = optionNames.find(option => flagOf(option) === flag)
  if (option === undefined) return undefined
  const here = flag.replaceAll('-', '_')
  if (known.has(here)) return `Write it as ${here}.`
  return specOf(option).only === 'file' ? `Write it as ${flag.replaceAll('-', '_')} in the file that --config names.` : `Write it as --${flag} or in the environment.`
}

function unknownPanel (name: string): readonly ConfigProblem[] {
  const refused = refusedVariable(name)
  if (refused !== undefined) return [refused]
  const near = nearest(name, [...panelNames.keys()].filter(known => !known.startsWith('BOKEH_')))
  return [{ setting: name, message: `${name} is not a setting of Panel or oauth-gate.`, fix: near === undefined ? 'Unset it.' : `Did you mean ${near}?` }]
}

function isSecret (name: string): boolean {
  const known = panelNames.get(name)
  return known !== undefined && specOf(known.option).secret === true
}

// The rest of PANEL_* and BOKEH_* is about apps, and none of ours.
function isPanels (name: string): boolean {
  return panelNames.has(name) || /^PANEL_(?:OAUTH|COOKIE)_/.test(name) || refusedVariable(name) !== undefined
}

/** `OAUTH_GATE_OAUTH_KEY`, `oauth_key` and `oauthKey` as `oauth-key`. */
function flagLike (name: string): string {
  const bare = name.replace(/^OAUTH_GATE_/, '')
  return (/[a-z]/.test(bare) ? bare.replace(/[A-Z]/g, letter => `-${letter}`) : bare).toLowerCase().replaceAll('_', '-')
}
