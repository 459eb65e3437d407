import type { ConfigProblem } from '../config-error.ts'
import { flagOf } from '../names.ts'
import type { OptionName, Values } from '../options.ts'
import type { Resolved } from '../resolve.ts'

/** The settings as far as they could be read: what was refused before is absent, and not complained about again. */
export interface Draft {
  readonly config: Partial<Values>
  /** Whether the setting was left out, as opposed to given and refused. */
  readonly missing: (option: OptionName) => boolean
  /** Whether somebody has set it, as opposed to its default. */
  readonly given: (option: OptionName) => boolean
  /** By which name it was set: the variable's, where it was one. */
  readonly from: (option: OptionName) => string
  /** Replaces a default by what follows from other settings. */
  readonly change: (option: OptionName, value: string) => void
  readonly fail: (option: OptionName, message: string, fix: string) => void
  readonly note: (notice: string) => void
}

export function draftOf (choices: Map<OptionName, Resolved>, problems: ConfigProblem[], notices: string[]): Draft {
  const values: Partial<Record<OptionName, unknown>> = Object.fromEntries([...choices].map(([option, { value }]) => [option, value]))
  return {
    config: values as Partial<Values>,
    missing: option => choices.has(option) && isNothing(choices.get(option)?.value),
    given: option => choices.has(option) && choices.get(option)?.source.level !== 'default',
    from: option => {
      const { level, from } = choices.get(option)?.source ?? { level: 'default', from: '' }
      return level === 'environment' || level === 'panel' || level === 'bokeh' ? from : `--${flagOf(option)}`
    },
    change: (option, value) => {
      values[option] = value
      choices.set(option, { value, source: { level: 'default', from: 'default', shown: value, overrode: [] } })
    },
    fail: (option, message, fix) => { problems.push({ setting: flagOf(option), message, fix }) },
    note: notice => { notices.push(notice) }
  }
}

function isNothing (value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0)
}
