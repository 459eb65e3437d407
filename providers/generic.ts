import { defineProvider } from '../src/provider.ts'
import { openidIdentity } from './openid.ts'

export default defineProvider({
  name: 'generic',
  label: 'OAuth 2.0',
  flow: 'code',
  scopes: ['openid', 'email', 'profile'],
  requires: ['oauthIssuer|oauthAuthorizeUrl', 'oauthIssuer|oauthTokenUrl'],
  secret: 'sent',
  userKey: 'email',
  identity: openidIdentity
})
