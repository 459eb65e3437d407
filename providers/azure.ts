import { defineProvider } from '../src/provider.ts'
import { entraIdentity, hasManyTenants, memberships, tenantId, tenantParameter } from './entra.ts'

const host = 'https://login.microsoftonline.com'

export default defineProvider({
  name: 'azure',
  aliases: ['entra', 'azurev2'],
  label: 'Microsoft',
  namesUser: true,
  scopes: ['openid', 'email', 'profile'],
  refresh: { scopes: ['offline_access'] },
  parameters: { tenant: tenantParameter },
  endpoints: ({ tenant = '' }) => ({
    issuer: `${host}/${tenantId({ tenant })}/v2.0`,
    authorize: `${host}/${tenant}/oauth2/v2.0/authorize`,
    token: `${host}/${tenant}/oauth2/v2.0/token`,
    jwks: `${host}/${tenant}/discovery/v2.0/keys`,
    logout: `${host}/${tenant}/oauth2/v2.0/logout`
  }),
  signOut: { sidHint: false }, // it takes the optional claim login_hint alone
  resources: { groups: memberships },
  manyTenants: hasManyTenants,
  guide: {
    summary: 'Work, school and personal accounts of Microsoft Entra ID, formerly Azure AD.', page: 'https://entra.microsoft.com',
    register: 'Microsoft Entra admin center → App registrations → New registration → Web', key: 'Application (client) ID', secret: 'Certificates & secrets → Client secrets → Value (not the Secret ID)', redirectUri: 'Redirect URI', afterSignOut: 'Redirect URI, a second one',
    traps: [
      'The tenant is “Directory (tenant) ID”. Without it everybody’s tenant may sign in: set tenant, or --allowed-tenants.',
      'Groups come as object ids, after Token configuration → Add groups claim; more than 200 are read from Graph, which needs the permission GroupMember.Read.All.',
      'An address counts only if the tenant is yours, or the optional claim xms_edov is true.',
      'Signing out there, people with several accounts are asked which one.',
      'These endpoints take no resource: ask for a scope like api://id/.default, or take azurev1.'
    ]
  },
  identity: entraIdentity
})
