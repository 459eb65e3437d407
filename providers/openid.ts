import type { ProviderIdentity, Sources } from '../src/provider.ts'

/** The standard claims of OpenID Connect Core §5.1, and the names that plain OAuth servers use in their place. */
export function openidIdentity ({ claims }: Sources): ProviderIdentity {
  const doubted = claims.has('email_verified') && !claims.is('email_verified')
  return {
    subject: claims.text('sub') ?? claims.text('id') ?? claims.text('uuid'),
    email: doubted || typeof claims.raw('email') !== 'string' ? undefined : claims.text('email'), // a number is no address
    login: ['preferred_username', 'login', 'username', 'nickname'].map(name => claims.text(name)).find(Boolean),
    name: claims.text('name'),
    ...claims.has('groups') && { groups: claims.texts('groups') }
  }
}
