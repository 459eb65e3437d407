import type { ConfigProblem } from '../config-error.ts'
import { draftOf } from './draft.ts'
import type { OptionName, ProviderConfig } from '../options.ts'
import type { Resolved } from '../resolve.ts'

/** Whether refresh tokens will come, as far as it can be known before anybody has signed in. */
export function checkRefresh (choices: Map<OptionName, Resolved>, providers: readonly ProviderConfig[], problems: ConfigProblem[], notices: string[]): void {
  const { config, note } = draftOf(choices, problems, notices)
  if (config.oauthRefreshTokens !== true) return
  for (const { id, provider, oauthScope, emptyScopes } of providers.filter(({ provider }) => (provider as ProviderConfig['provider'] | undefined) !== undefined)) {
    const { scopes = [], remark } = provider.refresh ?? {}
    const lacking = scopes.find(scope => emptyScopes || oauthScope?.includes(scope) === false)
    if (provider.flow === 'handler' || provider.flow === 'basic') note(`--oauth-refresh-tokens: the provider ${id} has no tokens, so its sessions are not refreshed`)
    if (remark !== undefined) note(`--oauth-refresh-tokens: ${provider.label}: ${remark}`)
    if (lacking !== undefined) note(`--oauth-refresh-tokens: ${lacking} is not among the scopes of the provider ${id}, and most servers send no refresh token without it: sessions are then not refreshed. Add it to --oauth-scope`)
  }
}
