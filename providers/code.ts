import { defineProvider } from '../src/provider.ts'
import { openidIdentity } from './openid.ts'

export default defineProvider({
  name: 'code',
  aliases: ['auth_code'],
  label: 'OAuth 2.0 with PKCE',
  flow: 'code',
  scopes: ['openid', 'email', 'profile'],
  requires: ['oauthIssuer|oauthAuthorizeUrl', 'oauthIssuer|oauthTokenUrl'],
  secret: 'only-if-asked',
  userKey: 'email',
  identity: openidIdentity
})
