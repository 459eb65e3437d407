import { flagOf, specOf } from './names.ts'
import { groups, options, type OptionName } from './options.ts'

/** One line of `--help`. */
export interface OptionHelp {
  readonly option: OptionName
  /** `--oauth-key <text>`; for what only a file can hold, its key. */
  readonly term: string
  /** The doc and the default. */
  readonly brief: string
  /** That, and what else it is called. */
  readonly text: string
  /** Whether it is in the short help. */
  readonly common: boolean
}

export interface GroupHelp {
  readonly title: string
  readonly lines: readonly OptionHelp[]
}

/** In the order in which somebody needs them. */
const titles: Readonly<Record<keyof typeof groups, string>> = {
  server: 'The gate and the app behind it:',
  provider: 'Who signs people in:',
  signIn: 'The way there and back:',
  access: 'Who may enter:',
  session: 'How long, and in which cookies:',
  identity: 'Who they are:',
  headers: 'What the app is told:',
  pages: 'What its pages look like:',
  run: 'Running it:'
}

/** The whole table as help, group by group, each setting once. */
export function describeOptions (): readonly GroupHelp[] {
  return (Object.keys(titles) as (keyof typeof groups)[]).map(group => ({
    title: titles[group],
    lines: (Object.keys(groups[group]) as OptionName[]).map(option => ({ option, term: termOf(option), ...textsOf(option), common: specOf(option).common === true }))
  }))
}

function termOf (option: OptionName): string {
  const flag = flagOf(option)
  if (specOf(option).only === 'file') return flag.replaceAll('-', '_')
  return options[option].bare === true ? `--${flag} [${options[option].shape}]` : `--${flag} <${options[option].shape}>`
}

function textsOf (option: OptionName): { brief: string, text: string } {
  const { doc, aliases, secret } = specOf(option)
  const others = [...aliases?.flags ?? [], ...secret === true ? [`${flagOf(option)}-file`] : []].map(flag => `--${flag}`)
  const also = others.length > 0 ? ` Also ${others.join(', ')}.` : ''
  const initial = initialOf(option) === '' ? '' : ` [${initialOf(option)}]`
  return { brief: doc + initial, text: doc + also + initial }
}

/** The default as `--help` shows it; empty where there is none to show. */
export function initialOf (option: OptionName): string {
  const initial = specOf(option).default
  if (typeof initial === 'boolean') return initial ? 'yes' : 'no'
  if (initial === Infinity) return 'off'
  if (options[option].shape.startsWith('time')) return `${Number(initial) / 1000}s`
  return typeof initial === 'string' || typeof initial === 'number' ? String(initial) : ''
}
