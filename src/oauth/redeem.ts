import type { Outside } from '../outside.ts'
import { chooseClientAuth, type ClientAuthOptions } from './client-auth.ts'
import { discreetly } from './discreetly.ts'
import { need, type Endpoints } from './endpoints.ts'
import type { ProviderFetch } from './http.ts'
import { requestTokens, type TokenRequest, type Tokens } from './token.ts'

export interface RedeemOptions extends ClientAuthOptions {
  readonly clientId: string
  readonly idTokenName?: string | undefined
  readonly fetch: ProviderFetch
  readonly outside: Outside
}

/** One request for tokens, at the provider's own endpoint. @throws see token.ts */
export async function redeem (options: RedeemOptions, endpoints: Pick<Endpoints, 'token' | 'authMethods'>, grant: TokenRequest['grant'], parameters: Record<string, string>): Promise<Tokens> {
  const { clientId, clientSecret, idTokenName, fetch, outside } = options
  const secrets = [clientSecret, ...secretOf(parameters)].filter(text => text !== undefined)
  return await discreetly(secrets, async () => await requestTokens({
    endpoint: need(endpoints.token, 'token_endpoint', '--oauth-token-url'),
    clientAuth: chooseClientAuth(options, endpoints.authMethods),
    secrets, clientId, grant, parameters, idTokenName, fetch, outside
  }))
}

/** What of the parameters of such a request nobody else may read. */
export function secretOf ({ code, code_verifier: verifier, password, refresh_token: refreshToken }: Readonly<Record<string, string>>): readonly string[] {
  return [code, verifier, password, refreshToken].filter(text => text !== undefined)
}
