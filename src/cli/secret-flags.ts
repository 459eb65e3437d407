import { each } from '../access/wording.ts'
import type { Config, OptionName } from '../config/options.ts'
import type { Loaded } from '../config/load.ts'
import { flagNames, specOf } from '../config/names.ts'
import type { Flags } from '../config/sources.ts'

/** A secret may be a flag, and is then said to be one: whoever is on this machine can list what runs with all its flags. */
export function secretsInFlags ({ config }: Pick<Loaded, 'config'>, flags: Flags): readonly string[] {
  const seen = Object.keys(flags).filter(flag => {
    const { option, inFile } = flagNames.get(flag) ?? {}
    return option !== undefined && inFile === false && specOf(option).secret === true && isSecret(valueOf(config, option))
  })
  if (seen.length === 0) return []
  const [what, them] = seen.length === 1 ? ['is', 'it'] : ['are', 'them']
  return [`${each(seen.map(flag => `--${flag}`))} ${what} on the command line, which everybody on this machine can read (ps): have ${them} in a file (${each(seen.map(flag => `--${flag}-file`))}) or in the environment`]
}

/** What concerns one provider is with it, and a flag concerns the only one. */
function valueOf (config: Config, option: OptionName): unknown {
  return { ...config.providers[0], ...config }[option]
}

/** Where what counts is a place, the name of a file, or an address without a password, there is nothing to hide. */
function isSecret (value: unknown): boolean {
  if (value === 'cookie' || value === 'memory') return false
  return typeof value !== 'object' || value === null || Array.isArray(value) || 'password' in value || 'sentinelPassword' in value
}
