import { ruleName } from '../../access/rules/listed-rules.ts'
import { isLoopback } from '../../oauth/loopback.ts'
import { normalName } from '../../proxy/names.ts'
import type { ConfigProblem } from '../config-error.ts'
import { draftOf, type Draft } from './draft.ts'
import { flagOf } from '../names.ts'
import type { OptionName, ProviderConfig } from '../options.ts'
import type { Resolved } from '../resolve.ts'
import { scopesOf } from '../providers/scopes.ts'

const TOKENS = [['passAccessToken', 'X-Forwarded-Access-Token'], ['passAuthorizationHeader', 'Authorization']] as const

/** What the app is told, as far as settings contradict each other, or a provider has nothing to tell. */
export function checkHeaders (choices: Map<OptionName, Resolved>, providers: readonly ProviderConfig[], problems: ConfigProblem[], notices: string[]): void {
  const draft = draftOf(choices, problems, notices)
  for (const [option, name] of TOKENS) {
    const same = draft.config.header?.find(header => normalName(header.name) === normalName(name))
    if (draft.config[option] === true && same !== undefined) draft.fail('header', `--header has ${same.name}, which --${flagOf(option)} sends.`, 'Keep one of the two.')
  }
  checkClaims(draft, providers)
  if (providers.length > 1) warnOfNames(draft)
  warnOfJoin(draft)
  const passed = TOKENS.filter(([option]) => draft.config[option] === true).map(([option]) => `--${flagOf(option)}`)
  if (passed.length > 0) warn(draft, passed.join(' and '), providers)
}

/** What nobody keeps would be a header that never comes. */
function checkClaims ({ config: { header = [], rules = [] }, fail }: Draft, providers: readonly ProviderConfig[]): void {
  if (providers.some(({ claim }) => (claim as ProviderConfig['claim'] | undefined) === undefined)) return // it was refused, and is complained about already
  const kept = new Set(providers.flatMap(({ claim }) => claim.map(({ name }) => name)))
  const check = (option: OptionName, who: string, text: string) => {
    const missing = claimsIn(text).find(name => !kept.has(name))
    if (missing !== undefined) fail(option, `${who} asks for claims.${missing}, and no --claim keeps that.`, `Add --claim=${missing}=…, with where it is in the claims.`)
  }
  for (const { name, expression } of header) check('header', `--header=${name}=…`, expression.text)
  for (const rule of rules) if (typeof rule.allow === 'object' && rule.allow.condition !== undefined) check('rules', `rules: the one for ${ruleName(rule)}`, rule.allow.condition.text)
}

function claimsIn (text: string): readonly string[] {
  const code = text.replace(/'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/gs, '\'\'')
  return [...code.matchAll(/(?<![\w.)\]}"])claims\.(?:([A-Za-z_]\w*)|"([^"\\]*)")/g)].map(([, bare, quoted]) => bare ?? quoted ?? '')
}

/** Only `user` and what stands together with `provider` is one person where several bring people; a login may be anybody's with each. */
function warnOfNames ({ config: { header = [] }, note }: Draft): void {
  const alike = header.filter(({ expression: { text } }) => {
    const code = text.replace(/'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/gs, '\'\'')
    return /(?<![\w.)\]}"])(?:login|subject)\b/.test(code) && !/(?<![\w.)\]}"])(?:provider|user)\b/.test(code)
  }).map(({ name, expression }) => `${name}=${expression.text}`)
  if (alike.length > 0) note(`--header=${alike.join(', --header=')} can be the same for two people of two providers, and an app that goes by it takes them for one: send user, or join(':', [provider, login])`)
}

/** A name may hold the separator, and whoever names groups could name two at once. */
function warnOfJoin ({ config: { header = [] }, note }: Draft): void {
  for (const { name, expression: { text } } of header) {
    const [, list] = /^\s*join\(\s*'[^']*'\s*,\s*(groups|teams|organizations)\s*\)\s*$/.exec(text) ?? []
    if (list !== undefined) note(`--header=${name}=${text}: a name with the separator in it looks like two; ${name}=${list} sends them with commas between, and those within a name encoded`)
  }
}

function warn ({ config, note }: Draft, passed: string, providers: readonly ProviderConfig[]): void {
  const { upstream = [], oauthExpiryDays = 1, oauthRefreshTokens, passAuthorizationHeader } = config
  if (oauthRefreshTokens !== true) note(`${passed} keep${passed.includes(' and ') ? '' : 's'} tokens in the session’s cookie, sealed, and they are not refreshed (--oauth-refresh-tokens): a session lasts ${oauthExpiryDays} day${oauthExpiryDays === 1 ? '' : 's'} (--oauth-expiry-days), and after its own end, which is often an hour, the app is sent a token that has expired`)
  const open = upstream.find(({ origin, socketPath }) => socketPath === undefined && origin.startsWith('http:') && !isLoopback(new URL(origin).hostname))
  if (open !== undefined) note(`${passed} send${passed.includes(' and ') ? '' : 's'} tokens to ${open.origin} over plain http: whoever is on the way can use them`)
  for (const settings of providers.filter(({ provider }) => (provider as ProviderConfig['provider'] | undefined) !== undefined)) {
    const { id, provider } = settings
    if (provider.flow === 'handler' || provider.flow === 'basic') note(`${passed}: the provider ${id} has no tokens, so the header is absent for its people`)
    else if (passAuthorizationHeader === true && !scopesOf(settings, config).includes('openid')) note(`--pass-authorization-header: openid is not among the scopes of the provider ${id}, so hardly an id_token will come, and without one the header is absent`)
  }
}
