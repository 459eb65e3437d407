import { defineProvider } from '../src/provider.ts'
import { openidIdentity } from './openid.ts'

export default defineProvider({
  name: 'generic',
  label: 'OAuth 2.0',
  scopes: ['openid', 'email', 'profile'],
  refresh: { scopes: ['offline_access'] },
  requires: ['oauthIssuer|oauthAuthorizeUrl', 'oauthIssuer|oauthTokenUrl'],
  guide: {
    summary: 'Any OAuth 2.0 server, by the addresses of its endpoints.',
    register: 'The clients, or applications, of that server → a confidential web client with the authorization code flow', key: 'Client ID', secret: 'Client secret', redirectUri: 'Redirect URI',
    traps: [
      'A server with a discovery document is better off as oidc: its id_tokens are verified.',
      'Where the server has no id_token, --oauth-user-url says who somebody is; it must answer with sub or id, and the address in email.'
    ]
  },
  identity: openidIdentity
})
