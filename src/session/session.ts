import type { Identity } from '../identity/identity.ts'

/** Tokens of the provider that settings have passed on to the app, or renewed; without such a setting none is kept. */
export interface KeptTokens {
  readonly access?: string
  readonly id?: string
  /** The access token's end as the provider said it. */
  readonly expiresAt?: number
  readonly refresh?: string
  /** When to ask for new ones; there with `refresh` alone. */
  readonly renewAt?: number
  /** Of the id_token at sign-in, to which a later one is held. */
  readonly idTokenMark?: string
  /** The end that the provider has set to the session itself. */
  readonly endsAt?: number
}

/** What of a provider's answer is of interest here. */
export interface GivenTokens {
  readonly accessToken: string
  readonly idToken?: string
  readonly refreshToken?: string
  readonly expiresAt?: number
  readonly idTokenExpiresAt?: number
  readonly idTokenMark?: string
  readonly endsAt?: number
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
  readonly entryMark?: string
  /** How often its tokens were renewed; absent for never. */
  readonly version?: number
  /** The provider's own session, as its id_token called it: forty bytes or so, by which the provider ends it from its side. */
  readonly sid?: string
  /** The id_token's subject, where the identity has another. */
  readonly sub?: string
  /** Whether the provider said when it ends, and not the setting. */
  readonly isCapped?: true
  /** When its person had last been seen, as this was sealed; absent for the sign-in, or where nobody asks. */
  readonly seenAt?: number
}

/** The settings by which a token goes on to the app, or is renewed. */
export interface TokenSettings {
  readonly passAccessToken: boolean
  readonly passAuthorizationHeader: boolean
  readonly passRefreshToken?: boolean
  readonly oauthRefreshTokens?: boolean
  /** The provider is told by it who signs out. */
  readonly idTokenHint?: boolean
  /** Panel has the id_token's claims as `user_info`. */
  readonly upstreamIdentity?: 'headers' | 'panel-cookies'
}

/** Milliseconds before its end in which a token is renewed, and those that it is used at the least. */
const SKEW = 60_000
const LEAST_USE = 10_000

/** Of the tokens of a sign-in those that a setting asks for, and no other. @param now milliseconds since the epoch */
export function keepTokens (settings: TokenSettings, tokens: GivenTokens | undefined, now = 0): KeptTokens | undefined {
  const { passAccessToken, passAuthorizationHeader, passRefreshToken, upstreamIdentity, idTokenHint = false } = settings
  const access = passAccessToken ? tokens?.accessToken : undefined
  const id = passAuthorizationHeader || idTokenHint || upstreamIdentity === 'panel-cookies' ? tokens?.idToken : undefined
  const passed = passRefreshToken === true && tokens?.refreshToken !== undefined ? { refresh: tokens.refreshToken } : {}
  const renewal: Partial<Pick<KeptTokens, 'refresh' | 'renewAt' | 'idTokenMark'>> = { ...passed, ...settings.oauthRefreshTokens === true ? renewalOf(tokens, passAuthorizationHeader, now) : {} }
  if (access === undefined && id === undefined && renewal.refresh === undefined) return undefined
  return { ...access !== undefined && { access }, ...id !== undefined && { id }, ...tokens?.expiresAt !== undefined && { expiresAt: tokens.expiresAt }, ...tokens?.endsAt !== undefined && { endsAt: tokens.endsAt }, ...renewal }
}

/** Whether a session may have any. */
export function keepsTokens ({ passAccessToken, passAuthorizationHeader, passRefreshToken, oauthRefreshTokens, upstreamIdentity, idTokenHint }: TokenSettings): boolean {
  return passAccessToken || passAuthorizationHeader || passRefreshToken === true || oauthRefreshTokens === true || idTokenHint === true || upstreamIdentity === 'panel-cookies'
}

/** Nothing for tokens that cannot be renewed, or of which nobody knows when they end. */
function renewalOf (tokens: GivenTokens | undefined, passesIdToken: boolean, now: number): Partial<Pick<KeptTokens, 'refresh' | 'renewAt' | 'idTokenMark'>> {
  const end = Math.min(tokens?.expiresAt ?? Infinity, passesIdToken ? tokens?.idTokenExpiresAt ?? Infinity : Infinity)
  if (tokens?.refreshToken === undefined || end === Infinity) return {}
  // A quarter of a short life: a token for a minute must not be renewed at every request.
  const renewAt = Math.round(Math.max(end - Math.min(SKEW, (end - now) / 4), now + LEAST_USE))
  return { refresh: tokens.refreshToken, renewAt, ...tokens.idTokenMark !== undefined && { idTokenMark: tokens.idTokenMark } }
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
