import { isDeepStrictEqual } from 'node:util'
import { CORE_PARAMETERS } from '../../oauth/authorize.ts'
import type { ConfigProblem } from '../config-error.ts'
import type { Params } from '../kinds/extra-params.ts'
import { flagOf } from '../names.ts'
import { options, type OptionName } from '../options.ts'
import { problemsOf, type Resolved, type Source } from '../resolve.ts'

export type Choices = ReadonlyMap<OptionName, Resolved>

// Names with which Panel's extra params set what has a setting of its own.
const settings: readonly (readonly [string, OptionName])[] = [
  ['AUTHORIZE_URL', 'oauthAuthorizeUrl'], ['TOKEN_URL', 'oauthTokenUrl'], ['USER_URL', 'oauthUserUrl'], ['LOGOUT_URL', 'oauthLogoutUrl'], ['USER_KEY', 'userKey'], ['scope', 'oauthScope']
]

/**
 * Moves what extra params say about a setting into that setting, which beats the environment (as in Panel) and must not
 * differ from a flag, code or the file. What is left of them is the provider's: its parameters, and more for the authorization URL.
 */
export function settle (choices: Choices, problems: ConfigProblem[], notices: string[]): Map<OptionName, Resolved> {
  const extra = choices.get('oauthExtraParams')
  if (extra === undefined) return new Map(choices)
  const params = extra.value as Params
  const settled = new Map(choices)
  for (const [param, option] of settings) {
    const text = params[param]
    if (text === undefined) continue
    const choice = override(option, { param, text, extra: extra.source }, choices.get(option), problems, notices)
    if (choice !== undefined) settled.set(option, choice)
  }
  const left = Object.entries(params).filter(([name]) => !settings.some(([param]) => param === name))
  problems.push(...refused(left.map(([name]) => name), 'oauthExtraParams', extra.source.from))
  settled.set('oauthExtraParams', { ...extra, value: Object.freeze(Object.fromEntries(left)) })
  problems.push(...refusedInUrl(settled.get('oauthAuthorizeUrl')))
  return settled
}

interface Override { readonly param: string, readonly text: string, readonly extra: Source }

function override (option: OptionName, { param, text, extra }: Override, before: Resolved | undefined, problems: ConfigProblem[], notices: string[]): Resolved | undefined {
  const written = `${param} in ${extra.from}`
  let value: unknown
  try {
    value = options[option].parse(text)
  } catch (error) {
    problems.push(...problemsOf(option, written, error))
    return undefined
  }
  const differs = before !== undefined && before.value !== undefined && !isDeepStrictEqual(before.value, value)
  if (differs && ['flag', 'code', 'file'].includes(before.source.level)) {
    problems.push({ setting: flagOf(option), message: `${before.source.from} and ${written} are one setting and differ.`, fix: 'Keep one of them.' })
    return undefined
  }
  const overrode = differs && before.source.level !== 'default' ? [before.source.from] : []
  if (overrode.length > 0) notices.push(`${written} overrides ${overrode.join()}`)
  return { value, source: { level: extra.level, from: written, shown: text, overrode } }
}

function refusedInUrl (authorizeUrl: Resolved | undefined): readonly ConfigProblem[] {
  if (typeof authorizeUrl?.value !== 'string') return []
  return refused([...new URL(authorizeUrl.value).searchParams.keys()], 'oauthAuthorizeUrl', authorizeUrl.source.from)
}

function refused (names: readonly string[], option: OptionName, from: string): readonly ConfigProblem[] {
  return names.filter(name => CORE_PARAMETERS.has(name.toLowerCase())).map(name => ({
    setting: flagOf(option),
    message: `${from} has ${name}, which the gate itself sends with each sign-in.`,
    fix: `Take ${name} out.`
  }))
}
