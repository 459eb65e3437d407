import type { Spec } from './option.ts'
import { options, type OptionName } from './options.ts'

/** One way to write a setting, and whether it names a file that holds the value. */
export interface Name {
  readonly option: OptionName
  readonly inFile: boolean
}

export const optionNames: readonly OptionName[] = Object.freeze(Object.keys(options) as OptionName[])

/** `oauthKey` as `--help` writes it, without dashes: `oauth-key`. */
export function flagOf (option: OptionName): string {
  return option.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

export function specOf (option: OptionName): Spec<unknown> {
  return options[option]
}

const flagsOf = (option: OptionName): string[] => [flagOf(option), ...specOf(option).aliases?.flags ?? []]
const envOf = (flag: string): string => `OAUTH_GATE_${flag.toUpperCase().replaceAll('-', '_')}`

/** Flags without dashes: `oauth-key`, `client-id`, `oauth-secret-file`. */
export const flagNames = index(option => specOf(option).only === 'file' ? [] : flagsOf(option), '-file')
/** Our own environment names: `OAUTH_GATE_OAUTH_KEY`. */
export const gateNames = index(option => specOf(option).only === 'file' ? [] : flagsOf(option).map(envOf), '_FILE')
/** The names of Panel and Bokeh; earlier ones win. */
export const panelNames = index(option => specOf(option).aliases?.env ?? [], '_FILE')
/** Keys of the configuration file: `oauth_key`. */
export const fileKeys = index(option => specOf(option).only === 'command' ? [] : flagsOf(option).map(flag => flag.replaceAll('-', '_')), '_file')

function index (namesOf: (option: OptionName) => readonly string[], suffix: string): ReadonlyMap<string, Name> {
  return new Map(optionNames.flatMap(option => namesOf(option).flatMap((name): [string, Name][] => {
    const secret = specOf(option).secret === true && !name.startsWith('BOKEH_')
    return [[name, { option, inFile: false }], ...secret ? [[name + suffix, { option, inFile: true }] as [string, Name]] : []]
  })))
}

/** How Panel's sentences call a setting: `OAuth key`, `OAuth redirect URI`, `cookie secret`. */
export function spokenName (option: OptionName): string {
  const odd = new Map([['oauth', 'OAuth'], ['uri', 'URI'], ['url', 'URL'], ['jwt', 'JWT'], ['ssl', 'SSL']])
  return flagOf(option).split('-').map(word => odd.get(word) ?? word).join(' ')
}

/** Words of one case, as all names of settings are. */
const NAME = /^(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)(?:[_.-](?:[a-z0-9]+|[A-Z0-9]+)){0,9}$/
const LONGEST = 48

/**
 * A key of a file that is no name here, as it may be shown. One that no name could be may have a value in it, or be one, where a colon, a blank or a
 * line break went wrong: of that only the known name that it begins with.
 */
export function shownKey (key: string, known: Iterable<string>): string {
  const names = [...known]
  if (key.length <= LONGEST && (NAME.test(key) || nearest(key, names) !== undefined)) return key
  const [name = ''] = /^[\w.-]{0,64}/.exec(key) ?? []
  return name !== key && names.includes(name) ? `${name}…` : `(a key of ${key.length} characters)`
}

/** The known name that a mistyped one probably meant. */
export function nearest (name: string, known: Iterable<string>): string | undefined {
  const all = [...known]
  const [begun, ...more] = all.filter(candidate => candidate.startsWith(`${name}-`) || candidate.startsWith(`${name}_`))
  if (begun !== undefined && more.length === 0) return begun // only its last words are missing
  let best: string | undefined
  let least = Math.max(name.length < 5 ? 1 : 2, Math.floor(name.length / 3)) + 1
  for (const candidate of all) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase())
    if (edits < least) [best, least] = [candidate, edits]
  }
  return best
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one to the other. */
function distance (from: string, to: string): number {
  let before: number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let y = 1; y <= from.length; y++) {
    const next = [y]
    for (let x = 1; x <= to.length; x++) {
      const same = from[y - 1] === to[x - 1]
      const swapped = y > 1 && x > 1 && from[y - 1] === to[x - 2] && from[y - 2] === to[x - 1]
      next.push(Math.min((row[x] ?? 0) + 1, (next[x - 1] ?? 0) + 1, (row[x - 1] ?? 0) + (same ? 0 : 1), swapped ? (before[x - 2] ?? 0) + 1 : Infinity))
    }
    [before, row] = [row, next]
  }
  return row[to.length] ?? 0
}
