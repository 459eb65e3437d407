import type { Settings } from '../../../src/config/options.ts'

export type Json = Readonly<Record<string, unknown>>

/** What an identity must have; `undefined` says that the field must be absent, a field that is not named is not looked at. */
export interface Fields {
  readonly subject?: string
  readonly user?: string
  readonly email?: string | undefined
  readonly login?: string | undefined
  readonly name?: string | undefined
  readonly role?: string | undefined
  readonly groups?: readonly string[]
  readonly teams?: readonly string[]
  readonly organizations?: readonly string[]
}

/** One person of a made-up provider, and who they are to us. Played against the functions and through a real sign-in. */
export interface IdentityCase {
  readonly what: string
  /** Beside those of `BASIC`; `{origin}` in a text is where the provider is. */
  readonly settings?: Settings
  /** Absent: no id_token came. What every token has (sub, aud, exp, iat, nonce) is added. */
  readonly idToken?: Json
  /** Without a `sub` of its own it has the id_token's, or s-1. */
  readonly userinfo?: Json
  /** The claims of an access token that is a JWT; an opaque one otherwise. */
  readonly accessToken?: Json
  /** What is answered at `/api/user/emails`; at `/teams` (the `teams_url` of these cases) and `/api/user/teams`; at `/api/user/orgs`. A number is an HTTP status, 404 unless said. */
  readonly emails?: unknown
  readonly teams?: unknown
  readonly orgs?: unknown
  /** The paths that are read beside the userinfo, in alphabetical order; not looked at where absent. */
  readonly asked?: readonly string[]
  readonly expected: Fields | `GATE_${string}`
  /** Why the order of keys matters here, which it does nowhere else. */
  readonly ordered?: string
  /** Why it cannot be played through a sign-in. */
  readonly unplayable?: string
}

/** A list over several pages, of which each names the next. */
export class Pages {
  readonly bodies: readonly unknown[]
  /** In the `Link` header (RFC 8288), in the member `next`, or in a `Link` to another server. */
  readonly by: 'link' | 'next' | 'stranger'

  constructor (by: Pages['by'], ...bodies: readonly unknown[]) {
    this.by = by
    this.bodies = bodies
  }
}

/** The user is called by the subject, so that an absent address refuses nobody; `{origin}` as in a case. */
export const BASIC: Settings = {
  oauthProvider: 'generic', oauthKey: 'gate', oauthSecret: 'correct horse battery staple', oauthJwtUser: 'sub',
  oauthAuthorizeUrl: '{origin}/authorize', oauthTokenUrl: '{origin}/token', oauthUserUrl: '{origin}/api/user'
}

export const EMAILS = '/api/user/emails'
export const TEAMS = '/api/user/teams'
export const TEAMS_URL = '/teams'
export const ORGS = '/api/user/orgs'
