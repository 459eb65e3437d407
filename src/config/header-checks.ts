import { isLoopback } from '../oauth/loopback.ts'
import { normalName } from '../proxy/names.ts'
import type { ConfigProblem } from './config-error.ts'
import { draftOf, type Draft } from './draft.ts'
import { flagOf } from './names.ts'
import type { OptionName, ProviderConfig } from './options.ts'
import type { Resolved } from './resolve.ts'

const TOKENS = [['passAccessToken', 'X-Forwarded-Access-Token'], ['passAuthorizationHeader', 'Authorization']] as const

/** What the app is told, as far as settings contradict each other, or a provider has nothing to tell. */
export function checkHeaders (choices: Map<OptionName, Resolved>, providers: readonly ProviderConfig[], problems: ConfigProblem[], notices: string[]): void {
  const draft = draftOf(choices, problems, notices)
  for (const [option, name] of TOKENS) {
    const same = draft.config.header?.find(header => normalName(header.name) === normalName(name))
    if (draft.config[option] === true && same !== undefined) draft.fail('header', `--header has ${same.name}, which --${flagOf(option)} sends.`, 'Keep one of the two.')
  }
  checkClaims(draft, providers)
  const passed = TOKENS.filter(([option]) => draft.config[option] === true).map(([option]) => `--${flagOf(option)}`)
  if (passed.length > 0) warn(draft, passed.join(' and '), providers)
}

/** What nobody keeps would be a header that never comes. */
function checkClaims ({ config: { header = [] }, fail }: Draft, providers: readonly ProviderConfig[]): void {
  if (providers.some(({ claim }) => (claim as ProviderConfig['claim'] | undefined) === undefined)) return // it was refused, and is complained about already
  const kept = new Set(providers.flatMap(({ claim }) => claim.map(({ name }) => name)))
  for (const { name, expression: { text } } of header) {
    const code = text.replace(/'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/gs, '\'\'')
    const [, bare, quoted] = [...code.matchAll(/(?<![\w.)\]}"])claims\.(?:([A-Za-z_]\w*)|"([^"\\]*)")/g)].find(([, bare, quoted]) => !kept.has(bare ?? quoted ?? '')) ?? []
    const missing = bare ?? quoted
    if (missing !== undefined) fail('header', `--header=${name}=… asks for claims.${missing}, and no --claim keeps that.`, `Add --claim=${missing}=…, with where it is in the claims.`)
  }
}

function warn ({ config: { upstream = [], oauthExpiryDays = 1, oauthRefreshTokens, passAuthorizationHeader }, note }: Draft, passed: string, providers: readonly ProviderConfig[]): void {
  if (oauthRefreshTokens !== true) note(`${passed} keep${passed.includes(' and ') ? '' : 's'} tokens in the session’s cookie, sealed, and they are not refreshed (--oauth-refresh-tokens): a session lasts ${oauthExpiryDays} day${oauthExpiryDays === 1 ? '' : 's'} (--oauth-expiry-days), and after its own end, which is often an hour, the app is sent a token that has expired`)
  const open = upstream.find(({ origin, socketPath }) => socketPath === undefined && origin.startsWith('http:') && !isLoopback(new URL(origin).hostname))
  if (open !== undefined) note(`${passed} send${passed.includes(' and ') ? '' : 's'} tokens to ${open.origin} over plain http: whoever is on the way can use them`)
  for (const settings of providers.filter(({ provider }) => (provider as ProviderConfig['provider'] | undefined) !== undefined)) {
    const { id, provider, oauthScope } = settings
    if (provider.flow === 'handler') note(`${passed}: the provider ${id} has no tokens, so the header is absent for its people`)
    else if (passAuthorizationHeader === true && !(oauthScope ?? provider.scopes).includes('openid')) note(`--pass-authorization-header: openid is not among the scopes of the provider ${id}, so hardly an id_token will come, and without one the header is absent`)
  }
}
