import { defineProvider, type ParameterValues } from '../src/provider.ts'
import { openidIdentity } from './openid.ts'

const baseOf = ({ domain, subdomain }: ParameterValues): string | undefined => domain ?? (subdomain === undefined ? undefined : `https://${subdomain}.onelogin.com`)

export default defineProvider({
  name: 'onelogin',
  label: 'OneLogin',
  scopes: ['openid', 'email', 'profile'],
  groupScopes: ['groups'],
  parameters: {
    subdomain: { kind: 'text', example: 'acme', doc: 'What stands before .onelogin.com.' },
    domain: { kind: 'origin', example: 'login.example.com', doc: 'A domain of your own, instead of the subdomain.' }
  },
  requires: ['subdomain|domain|oauthIssuer'],
  endpoints (parameters) {
    const base = baseOf(parameters)
    return base === undefined ? {} : { issuer: `${base}/oidc/2`, authorize: `${base}/oidc/2/auth`, token: `${base}/oidc/2/token`, logout: `${base}/oidc/2/logout`, revocation: `${base}/oidc/2/token/revocation`, jwks: `${base}/oidc/2/certs` }
  },
  signOut: { idToken: 'to-return' },
  resources: parameters => ({ ...baseOf(parameters) === undefined ? {} : { user: `${baseOf(parameters)}/oidc/2/me` } }),
  guide: {
    summary: 'Accounts of a OneLogin organization.',
    register: 'Administration → Applications → Add App → OpenId Connect (OIDC)', key: 'Client ID', secret: 'Client Secret', redirectUri: 'Redirect URIs', afterSignOut: 'Post Logout Redirect URIs',
    traps: ['Set the Token Endpoint Authentication Method to POST, or --auth-style=header.', 'Groups are sent by the app’s groups parameter and the scope groups.']
  },
  identity: openidIdentity
})
