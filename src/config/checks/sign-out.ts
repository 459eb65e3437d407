import type { ConfigProblem } from '../config-error.ts'
import { draftOf } from './draft.ts'
import type { OptionName, ProviderConfig } from '../options.ts'
import type { Resolved } from '../resolve.ts'

/** What settings about the provider's own sign-out mean together. */
export function checkSignOut (choices: Map<OptionName, Resolved>, providers: readonly ProviderConfig[], problems: ConfigProblem[], notices: string[]): void {
  const { config: { signOutAtProvider, postLogoutRedirectUri, idTokenHint, sessionStore }, note } = draftOf(choices, problems, notices)
  const idle = [postLogoutRedirectUri !== undefined && '--post-logout-redirect-uri', idTokenHint === true && '--id-token-hint', providers.some(({ oauthLogoutUrl }) => oauthLogoutUrl !== undefined) && '--oauth-logout-url'].filter(flag => flag !== false)
  if (signOutAtProvider === 'never' && idle.length > 0) note(`--sign-out-at-provider=never: nobody is sent there, so ${idle.join(' and ')} ${idle.length === 1 ? 'does' : 'do'} nothing`)
  else if (idTokenHint === true) note(`--id-token-hint keeps the id_token with each session${sessionStore === 'cookie' ? ', one to two KiB more in its cookie' : ''}, and has it in an address: what it says of somebody is then in the browser’s history and in logs on the way`)
  else if (signOutAtProvider !== 'never') for (const provider of providers) warn(provider)

  /** Told where somebody has asked for what the provider does not do so. */
  function warn ({ oauthLogoutUrl, provider }: Partial<ProviderConfig>): void { // without one where its name is wrong
    if (oauthLogoutUrl !== undefined || provider?.signOut?.idToken === undefined) return
    const { label, signOut: { idToken } } = provider
    if (idToken === 'always' && (signOutAtProvider === 'always' || postLogoutRedirectUri !== undefined)) note(`${label} signs nobody out without their id_token: as long as --id-token-hint is off, nobody is sent there to sign out`)
    if (idToken === 'to-return' && postLogoutRedirectUri !== undefined) note(`${label} sends nobody back without their id_token: as long as --id-token-hint is off, whoever signs out there stays there`)
  }
}
