import { defineProvider } from '../src/provider.ts'
import { openidIdentity } from './openid.ts'

const baseOf = (url: string, server: string): string => server === '' ? `${url}/oauth2` : `${url}/oauth2/${server}`

export default defineProvider({
  name: 'okta',
  label: 'Okta',
  scopes: ['openid', 'email', 'profile'],
  refresh: { scopes: ['offline_access'] },
  parameters: {
    url: { kind: 'origin', example: 'dev-123456.okta.com', doc: 'Your Okta domain.' },
    server: { kind: 'text', default: 'default', mayBeEmpty: true, example: 'default', doc: 'The authorization server’s id; empty for the one of the organization.' }
  },
  requires: ['url|oauthIssuer'],
  endpoints: ({ url, server = '' }) => url === undefined ? {} : {
    issuer: server === '' ? url : baseOf(url, server),
    authorize: `${baseOf(url, server)}/v1/authorize`,
    token: `${baseOf(url, server)}/v1/token`,
    jwks: `${baseOf(url, server)}/v1/keys`,
    logout: `${baseOf(url, server)}/v1/logout`,
    revocation: `${baseOf(url, server)}/v1/revoke`
  },
  signOut: { idToken: 'always' },
  resources: ({ url, server = '' }) => ({ ...url === undefined ? {} : { user: `${baseOf(url, server)}/v1/userinfo` } }),
  guide: {
    summary: 'Accounts of an Okta organization.',
    register: 'Admin console → Applications → Create App Integration → OIDC → Web Application', key: 'Client ID', secret: 'Client secret', redirectUri: 'Sign-in redirect URIs', afterSignOut: 'Sign-out redirect URIs',
    traps: [
      'The url is the Okta domain without -admin.',
      'Groups need a groups claim: in the app’s sign-on settings with server empty, else on the authorization server, usually with the scope groups in --oauth-scope.',
      'People must be assigned to the app.'
    ]
  },
  identity: openidIdentity
})
