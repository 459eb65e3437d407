import { defineProvider, type ParameterValues } from '../src/provider.ts'
import { openidIdentity } from './openid.ts'

const baseOf = ({ domain, subdomain }: ParameterValues): string | undefined => domain ?? (subdomain === undefined ? undefined : `https://${subdomain}.auth0.com`)

export default defineProvider({
  name: 'auth0',
  label: 'Auth0',
  scopes: ['openid', 'email', 'profile'],
  refresh: { scopes: ['offline_access'] },
  parameters: {
    subdomain: { kind: 'text', example: 'acme.eu', field: 'Domain', doc: 'What stands before .auth0.com, the region included.' },
    domain: { kind: 'origin', example: 'login.example.com', doc: 'A domain of your own, instead of the subdomain.' }
  },
  requires: ['subdomain|domain|oauthIssuer'],
  endpoints (parameters) {
    const base = baseOf(parameters)
    return base === undefined ? {} : { issuer: `${base}/`, authorize: `${base}/authorize`, token: `${base}/oauth/token`, jwks: `${base}/.well-known/jwks.json`, logout: `${base}/oidc/logout`, revocation: `${base}/oauth/revoke` }
  },
  resources: parameters => ({ ...baseOf(parameters) === undefined ? {} : { user: `${baseOf(parameters)}/userinfo` } }),
  advised: { audience: 'without an audience the access token opens Auth0’s userinfo alone; for an API add it to --oauth-extra-params' },
  guide: {
    summary: 'Accounts of an Auth0 tenant, from any of its connections.', page: 'https://manage.auth0.com',
    register: 'Dashboard → Applications → Create Application → Regular Web Application', key: 'Client ID', secret: 'Client Secret', redirectUri: 'Allowed Callback URLs', backchannel: 'Back-Channel Logout URI, on the Enterprise plan', afterSignOut: 'Allowed Logout URLs',
    traps: ['Roles and groups come only as claims that an Action adds, named by an address: https://example.com/groups.', 'The token must be signed with RS256 (Advanced Settings → OAuth).', 'With --oauth-refresh-tokens switch Refresh Token Revocation Deletes Grant off (Settings → Advanced), or a sign-out in one browser ends all of that person’s.']
  },
  identity: openidIdentity
})
