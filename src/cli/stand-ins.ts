import { ConfigError } from '../config/config-error.ts'
import type { Loaded } from '../config/load.ts'
import { flagOf } from '../config/names.ts'
import type { Config, OptionName, Settings } from '../config/options.ts'

/** What a gate cannot do without, and a question about one can: stands in where it is not given. Nothing is done with these. */
const STAND_INS: Settings = {
  upstream: 'http://localhost', oauthProvider: 'oidc', oauthIssuer: 'https://localhost', oauthAuthorizeUrl: 'https://localhost', oauthTokenUrl: 'https://localhost',
  oauthUserUrl: 'https://localhost', oauthKey: 'none', oauthSecret: 'none', cookieSecret: 'none'.repeat(8)
}

/**
 * The settings of a gate of which only some are known here, as where it was given flags and this command only those that it needs.
 *
 * @param load reads everything there is, with these settings beside
 * @throws {ConfigError} something is wrong rather than missing
 */
export function loadWhatIsThere (load: (settings: Settings) => Loaded): Config {
  let settings: Settings = {}
  for (;;) {
    try {
      return load(settings).config
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      const blamed = new Set(error.problems.map(problem => problem.setting))
      const missing = (Object.keys(STAND_INS) as OptionName[]).filter(option => blamed.has(flagOf(option)) && settings[option] === undefined)
      if (missing.length === 0) throw error
      settings = { ...settings, ...Object.fromEntries(missing.map(option => [option, STAND_INS[option]])) }
    }
  }
}
