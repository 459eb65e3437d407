import type { Identity } from '../identity/identity.ts'

/** Tokens of the provider that settings have passed on to the app; without such a setting none is kept. */
export interface KeptTokens {
  readonly access?: string
  readonly id?: string
  readonly refresh?: string
  /** The access token's end as the provider said it; nothing renews it. */
  readonly expiresAt?: number
}

/** A sign-in that succeeded, as it travels in the cookie. Times in milliseconds since the epoch. */
export interface SealedSession {
  readonly id: string
  readonly identity: Identity
  readonly startedAt: number
  /** The absolute end: nothing lengthens it. */
  readonly expiresAt: number
  readonly tokens?: KeptTokens
  /** Of the entry that let this person in, where the gate itself knows their password: another entry ends the session. */
  readonly mark?: string
}

/** The settings by which a token goes on to the app. */
export interface TokenSettings {
  readonly passAccessToken: boolean
  readonly passAuthorizationHeader: boolean
  readonly passRefreshToken?: boolean
  /** Panel has the id_token's claims as `user_info`. */
  readonly upstreamIdentity?: 'headers' | 'panel-cookies'
}

/** Of the tokens of a sign-in those that a setting asks for, and no other. */
export function keepTokens (settings: TokenSettings, tokens: { readonly accessToken: string, readonly idToken?: string, readonly refreshToken?: string, readonly expiresAt?: number } | undefined): KeptTokens | undefined {
  const { passAccessToken, passAuthorizationHeader, passRefreshToken, upstreamIdentity } = settings
  const access = passAccessToken ? tokens?.accessToken : undefined
  const id = passAuthorizationHeader || upstreamIdentity === 'panel-cookies' ? tokens?.idToken : undefined
  const refresh = passRefreshToken === true ? tokens?.refreshToken : undefined
  if (access === undefined && id === undefined && refresh === undefined) return undefined
  return { ...access !== undefined && { access }, ...id !== undefined && { id }, ...refresh !== undefined && { refresh }, ...tokens?.expiresAt !== undefined && { expiresAt: tokens.expiresAt } }
}

/** Empty members stay out of the cookie: every byte of it travels with every request. */
export function compact (session: SealedSession): object {
  const { claims, groups, teams, organizations, ...rest } = session.identity
  return {
    ...session,
    identity: {
      ...rest,
      ...groups.length > 0 && { groups },
      ...teams.length > 0 && { teams },
      ...organizations.length > 0 && { organizations },
      ...Object.keys(claims).length > 0 && { claims }
    }
  }
}

/** The inverse of {@link compact}. Believed, because only a holder of the key can have sealed it. */
export function restore (content: unknown): SealedSession {
  const session = content as Omit<SealedSession, 'identity'> & { identity: Partial<Identity> }
  const empty = { groups: [], teams: [], organizations: [], claims: {} }
  return { ...session, identity: { ...empty, ...session.identity } as Identity }
}
