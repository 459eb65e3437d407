import { defineProvider } from '../src/provider.ts'
import { openidIdentity } from './openid.ts'

export default defineProvider({
  name: 'oidc',
  label: 'OpenID Connect',
  scopes: ['openid', 'email', 'profile'],
  refresh: { scopes: ['offline_access'] },
  requires: ['oauthIssuer'],
  guide: {
    summary: 'Any OpenID Connect server, by its issuer.',
    register: 'The clients, or applications, of that server → a confidential web client with the authorization code flow', key: 'Client ID', secret: 'Client secret', redirectUri: 'Redirect URI', backchannel: 'backchannel_logout_uri, where the server has that', afterSignOut: 'post_logout_redirect_uris',
    traps: [
      'The issuer is compared byte for byte, a slash at its end too; --oauth-issuer plus /.well-known/openid-configuration must answer with JSON.',
      'Groups are read from the claim groups, which most servers send only once a mapper or a scope is set up.'
    ]
  },
  identity: openidIdentity
})
