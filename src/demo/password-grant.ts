import type Provider from 'oidc-provider'
import type * as Library from 'oidc-provider'
import type { TokenEndpointGrantContext } from 'oidc-provider'
import type { Person } from './people.ts'

interface Parameters { username?: string, password?: string, scope?: string }

/** Teaches the provider the resource owner password credentials grant (RFC 6749 §4.3). The password is the login name. */
export function addPasswordGrant (provider: Provider, { errors }: typeof Library, people: readonly Person[]): void {
  provider.registerGrantType<Parameters>('password', async ctx => {
    const { username, password, scope } = ctx.oidc.params
    const person = people.find(({ login }) => login === username && login === password)
    if (!person) throw new errors.InvalidGrant('the name or the password is wrong')
    ctx.body = await tokensFor(provider, ctx, person, scope ?? '')
  }, ['username', 'password', 'scope'])
}

/** The token response (RFC 6749 §5.1), with an id_token where `openid` was asked for. */
async function tokensFor (provider: Provider, ctx: TokenEndpointGrantContext, { claims }: Person, scope: string) {
  const { client } = ctx.oidc
  const grant = new provider.Grant({ accountId: claims.sub, clientId: client.clientId })
  grant.addOIDCScope(scope)
  const grantId = await grant.save()
  const token = new provider.AccessToken({ client, accountId: claims.sub, grantId, gty: 'password', scope })
  return {
    access_token: await token.save(),
    token_type: token.tokenType,
    expires_in: token.expiration,
    scope,
    ...scope.split(' ').includes('openid') && { id_token: await idTokenFor(provider, ctx, claims, scope) }
  }
}

async function idTokenFor (provider: Provider, ctx: TokenEndpointGrantContext, claims: Person['claims'], scope: string): Promise<string> {
  const token = Object.assign(new provider.IdToken({ ...claims }, { ctx }), { scope })
  return token.issue({ use: 'idtoken' })
}
