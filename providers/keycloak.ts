import { defineProvider } from '../src/provider.ts'
import { openidIdentity } from './openid.ts'

export default defineProvider({
  name: 'keycloak',
  label: 'Keycloak',
  scopes: ['openid', 'email', 'profile'],
  parameters: {
    url: { kind: 'origin', example: 'sso.example.com', doc: 'Keycloak’s address, with /auth for old versions.' },
    realm: { kind: 'text', example: 'acme', doc: 'The realm.' }
  },
  requires: ['url|oauthIssuer', 'realm|oauthIssuer'],
  endpoints: ({ url, realm }) => url === undefined || realm === undefined ? {} : { issuer: `${url}/realms/${realm}` },
  guide: {
    summary: 'Accounts of a realm of your Keycloak; groups and roles are groups.',
    register: 'Realm → Clients → Create client → OpenID Connect, Client authentication on', key: 'Client ID', secret: 'Credentials → Client secret', redirectUri: 'Valid redirect URIs', backchannel: 'Logout settings → Backchannel logout URL', afterSignOut: 'Valid post logout redirect URIs',
    traps: [
      'Groups need a mapper: Client scopes → the client’s dedicated scope → Add mapper → Group Membership, claim groups. With Full group path on they are called /staff, not staff.',
      'Realm roles are groups named role:NAME, client roles role:CLIENT:NAME; a group whose own name begins with role: is left out.',
      'Where the client has Always use lightweight access token on, groups and roles come only by mappers that add them to the ID token (scope roles → Mappers); Keycloak refuses its userinfo then.',
      'An address counts once its user’s Email verified is on.'
    ]
  },
  identity (sources) {
    const { claims } = sources
    const clients = claims.at('resource_access')
    const ofClients = clients.names().flatMap(client => clients.at(client).texts('roles').map(role => `role:${client}:${role}`))
    const roles = [...claims.at('realm_access').texts('roles').map(role => `role:${role}`), ...ofClients]
    const plain = openidIdentity(sources)
    const isSilent = !['groups', 'realm_access', 'resource_access'].some(claim => claims.has(claim))
    const groups = plain.groups?.filter(group => !group.startsWith('role:')) ?? [] // whoever may name groups may not hand out roles
    return { ...plain, groups: isSilent ? undefined : [...groups, ...roles] }
  }
})
