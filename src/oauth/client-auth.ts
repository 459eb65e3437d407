import { ClientSecretBasic, ClientSecretPost, None, type ClientAuth } from 'oauth4webapi'
import type { Provider } from '../provider.ts'

/** `auto` leaves it to discovery; the others are `auth-style` as the operator wrote it: in the body, in a header, not at all. */
export type AuthStyle = 'auto' | 'params' | 'header' | 'none'

export interface ClientAuthOptions {
  readonly provider: Pick<Provider, 'secret' | 'authStyle'>
  readonly clientSecret?: string | undefined
  readonly authStyle: AuthStyle
}

/**
 * How we say who we are at the token endpoint (RFC 6749 §2.3.1).
 *
 * @param supported discovery's list: in the body where that is listed, else by header; without a list as the provider's file says, in the body if it says nothing, as Panel does
 */
export function chooseClientAuth ({ provider, clientSecret, authStyle }: ClientAuthOptions, supported?: readonly string[]): ClientAuth {
  if (clientSecret === undefined || authStyle === 'none') return None()
  if (authStyle === 'params') return ClientSecretPost(clientSecret)
  if (authStyle === 'header') return ClientSecretBasic(clientSecret)
  if (provider.secret === 'only-if-asked') return None()
  const inBody = supported === undefined ? provider.authStyle !== 'header' : supported.includes('client_secret_post')
  return inBody ? ClientSecretPost(clientSecret) : ClientSecretBasic(clientSecret)
}
