import { defineProvider } from '../src/provider.ts'
import { openidIdentity } from './openid.ts'

export default defineProvider({
  name: 'password',
  label: 'OAuth 2.0 password',
  flow: 'password', // RFC 9700 §2.4 says this grant must not be used; it is here for setups that begin with it
  scopes: ['openid', 'email', 'profile'],
  requires: ['oauthIssuer|oauthTokenUrl'],
  secret: 'only-if-asked',
  notice: 'The password provider is for testing: people type the password of the provider into a form of this gate. Use code or oidc for anything else.',
  guide: {
    summary: 'A form of the gate itself, for servers that have the password grant; for testing.',
    register: 'The clients, or applications, of that server → a client with the grant “password” (direct access)', key: 'Client ID', secret: 'Client secret', redirectUri: 'Redirect URI',
    traps: [
      'Servers that want a second factor, or a consent, refuse this grant.'
    ]
  },
  identity: openidIdentity
})
