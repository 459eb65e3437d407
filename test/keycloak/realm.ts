/** What the tests sign in with; Keycloak has them from the realm's file. */
export const REALM = 'acme'
export const PASSWORD = 'pass word+ÄÖ&"<'
export const SECRET = 'hush-the-keycloak-secret'

/** Clients of the realm. Each has the same secret, and PKCE by S256 is required of all. */
export const CLIENTS = {
  /** With a mapper for groups, as the traps of providers/keycloak.ts have it. */
  mapped: 'gate',
  /** As Keycloak makes one: roles, and no groups. */
  plain: 'gate-plain',
  /** Its access tokens say next to nothing. */
  lightweight: 'gate-light',
  /** The same, with mappers that put the roles into the ID token; Keycloak refuses the userinfo to such access tokens. */
  mended: 'gate-light-mended',
  /** No scope with roles, no groups: nothing is said of either. */
  silent: 'gate-silent',
  /** Told of sign-outs, and with a place to come back to. */
  told: 'gate-told',
  /** Of an administrator’s script: it may do what it likes to users, and signs nobody in. */
  keeper: 'keeper'
} as const

export interface Somebody {
  readonly username: string
  readonly firstName: string
  readonly lastName: string
  readonly email?: string
  readonly emailVerified?: boolean
  readonly groups?: readonly string[]
  readonly realmRoles?: readonly string[]
  readonly clientRoles?: Readonly<Record<string, readonly string[]>>
}

export const PEOPLE = {
  ada: { username: 'ada', firstName: 'Ada', lastName: 'Lovelace', email: 'ada@example.com', emailVerified: true, groups: ['/staff', '/Vertrieb/Süd, 100%'], realmRoles: ['admin'], clientRoles: { editor: ['editor'] } },
  ben: { username: 'ben', firstName: 'Ben', lastName: 'O\'Brien', email: 'ben@example.com', emailVerified: true, groups: ['/role:admin'] },
  mailless: { username: 'mailless', firstName: 'No', lastName: 'Mail' },
  unverified: { username: 'unverified', firstName: 'Not', lastName: 'Verified', email: 'admin@example.com', emailVerified: false, groups: ['/staff'] },
  zofia: { username: 'žofia', firstName: 'Žofia', lastName: 'Łącka 山田', email: 'zofia@example.com', emailVerified: true, groups: ['/管理者'], realmRoles: ['admin'] }
} as const satisfies Record<string, Somebody>

/** The realm as Keycloak imports it. @param redirectUri the only one that its clients may use */
export function realm (redirectUri: string): { readonly realm: string } & Readonly<Record<string, unknown>> {
  return {
    realm: REALM, enabled: true,
    passwordPolicy: 'hashAlgorithm(pbkdf2-sha256) and hashIterations(1)', // there is nothing to protect, and time to save
    roles: { realm: [{ name: 'admin' }], client: { editor: [{ name: 'editor' }] } },
    groups: [{ name: 'staff' }, { name: 'Vertrieb', subGroups: [{ name: 'Süd, 100%' }] }, { name: '管理者' }, { name: 'role:admin' }],
    // Keycloak asks at each sign-in for what a profile lacks, unless told not to.
    requiredActions: [{ alias: 'VERIFY_PROFILE', name: 'Verify Profile', providerId: 'VERIFY_PROFILE', enabled: false, defaultAction: false, priority: 90 }],
    users: [
      ...Object.values(PEOPLE).map(person => ({ ...person, enabled: true, credentials: [{ type: 'password', value: PASSWORD, temporary: false }] })),
      { username: `service-account-${CLIENTS.keeper}`, enabled: true, serviceAccountClientId: CLIENTS.keeper, clientRoles: { 'realm-management': ['manage-users', 'view-users'] } }
    ],
    clients: [
      client(CLIENTS.mapped, redirectUri, { protocolMappers: [groupMapper] }),
      client(CLIENTS.plain, redirectUri, {}),
      client(CLIENTS.lightweight, redirectUri, { protocolMappers: [groupMapper] }, { 'client.use.lightweight.access.token.enabled': 'true' }),
      client(CLIENTS.mended, redirectUri, { protocolMappers: roleMappers }, { 'client.use.lightweight.access.token.enabled': 'true' }),
      client(CLIENTS.silent, redirectUri, { defaultClientScopes: ['basic', 'profile', 'email'] }),
      client(CLIENTS.told, redirectUri, {}, {
        'backchannel.logout.url': `${redirectUri}/oauth2/backchannel-logout`, 'backchannel.logout.session.required': 'true', 'post.logout.redirect.uris': `${redirectUri}/oauth2/signed_out`
      }),
      { clientId: CLIENTS.keeper, secret: SECRET, publicClient: false, serviceAccountsEnabled: true, standardFlowEnabled: false },
      { clientId: 'editor', publicClient: true, standardFlowEnabled: false }
    ]
  }
}

const groupMapper = {
  name: 'groups', protocol: 'openid-connect', protocolMapper: 'oidc-group-membership-mapper',
  config: { 'claim.name': 'groups', 'full.path': 'false', 'id.token.claim': 'true', 'access.token.claim': 'true', 'userinfo.token.claim': 'true' }
}

const roleMappers = [['realm', 'realm_access.roles'], ['client', 'resource_access.${client_id}.roles']].map(([kind, claim]) => ({
  name: `${kind} roles`, protocol: 'openid-connect', protocolMapper: `oidc-usermodel-${kind}-role-mapper`,
  config: { 'claim.name': claim, 'jsonType.label': 'String', multivalued: 'true', 'id.token.claim': 'true' }
}))

function client (clientId: string, redirectUri: string, more: object, attributes: Readonly<Record<string, string>> = {}): object {
  return {
    clientId, secret: SECRET, publicClient: false, standardFlowEnabled: true, directAccessGrantsEnabled: false, redirectUris: [redirectUri],
    attributes: { 'pkce.code.challenge.method': 'S256', ...attributes }, ...more
  }
}
