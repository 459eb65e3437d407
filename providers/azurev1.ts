import { defineProvider } from '../src/provider.ts'
import { entraIdentity, hasManyTenants, memberships, tenantId, tenantParameter } from './entra.ts'

const host = 'https://login.microsoftonline.com'

export default defineProvider({
  name: 'azurev1',
  label: 'Microsoft',
  namesUser: true,
  scopes: ['openid', 'email', 'profile'],
  parameters: { tenant: tenantParameter },
  endpoints: ({ tenant = '' }) => ({
    issuer: `https://sts.windows.net/${tenantId({ tenant })}/`,
    authorize: `${host}/${tenant}/oauth2/authorize`,
    token: `${host}/${tenant}/oauth2/token`,
    jwks: `${host}/${tenant}/discovery/keys`,
    logout: `${host}/${tenant}/oauth2/logout`
  }),
  signOut: { sidHint: false },
  resources: { groups: memberships },
  manyTenants: hasManyTenants,
  guide: {
    summary: 'Microsoft Entra ID by its old endpoints.', page: 'https://entra.microsoft.com',
    register: 'Microsoft Entra admin center → App registrations → New registration → Web', key: 'Application (client) ID', secret: 'Certificates & secrets → Client secrets → Value (not the Secret ID)', redirectUri: 'Redirect URI', afterSignOut: 'Redirect URI, a second one',
    traps: ['For apps that still need the old endpoints, which know work and school accounts only. Anything new takes azure.']
  },
  identity: entraIdentity
})
