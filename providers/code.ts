import { defineProvider } from '../src/provider.ts'
import { openidIdentity } from './openid.ts'

export default defineProvider({
  name: 'code',
  aliases: ['auth_code'],
  label: 'OAuth 2.0 with PKCE',
  scopes: ['openid', 'email', 'profile'],
  refresh: { scopes: ['offline_access'] },
  requires: ['oauthIssuer|oauthAuthorizeUrl', 'oauthIssuer|oauthTokenUrl'],
  secret: 'only-if-asked',
  guide: {
    summary: 'Any OAuth 2.0 or OpenID Connect server, as a public client with PKCE.',
    register: 'The clients, or applications, of that server → a public (native, single-page) client with the authorization code flow and PKCE', key: 'Client ID', secret: 'Client secret', redirectUri: 'Redirect URI',
    traps: [
      'No secret is sent: only PKCE binds the code to this gate, so the server must insist on it.'
    ]
  },
  identity: openidIdentity
})
