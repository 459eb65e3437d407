import type { Config, OptionName } from './options.ts'

/** The settings as far as they could be read: what was refused before is absent, and not complained about again. */
export interface Draft {
  readonly config: Partial<Config>
  /** Whether the setting was left out, as opposed to given and refused. */
  readonly missing: (option: OptionName) => boolean
  /** Whether somebody has set it, as opposed to its default. */
  readonly given: (option: OptionName) => boolean
  /** Replaces a default by what follows from other settings. */
  readonly change: (option: OptionName, value: string) => void
  readonly fail: (option: OptionName, message: string, fix: string) => void
  readonly note: (notice: string) => void
}
