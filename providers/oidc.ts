import { defineProvider } from '../src/provider.ts'
import { openidIdentity } from './openid.ts'

export default defineProvider({
  name: 'oidc',
  label: 'OpenID Connect',
  flow: 'code',
  scopes: ['openid', 'email', 'profile'],
  requires: ['oauthIssuer'],
  secret: 'sent',
  userKey: 'email',
  identity: openidIdentity
})
