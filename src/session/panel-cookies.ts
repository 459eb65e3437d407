import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { IdentityTooLarge } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { Outside } from '../outside.ts'
import type { Seal } from './seal.ts'
import type { KeptTokens } from './session.ts'

/** From these Panel learns who somebody is, and in these it keeps what it needs for that: no client may say them, and no answer set them. */
const NAMES = new Set(['user', 'id_token', 'access_token', 'refresh_token', 'oauth_expiry', 'is_guest', 'panel-oauth-state', 'panel-oauth-code'])

/** Letter case counts, as it does to Tornado: `User` is another cookie, and the app's own. */
export function isPanelCookie (name: string): boolean {
  return NAMES.has(name)
}

/** What makes a visitor Panel's guest: `pn.state.user` is then `guest`, whether or not the app itself can sign people in. */
export const GUEST = 'is_guest=1'

export interface PanelCookiesOptions {
  /** The app's own, as it is: Tornado derives nothing from it. */
  readonly secret: string
  /** Under the app's own key, where it has one: an app then opens everything but `user`. */
  readonly seal: Seal | undefined
  readonly passAccessToken: boolean
  readonly passRefreshToken: boolean
  readonly outside: Outside
}

export interface PanelCookies {
  /**
   * The pairs of a `Cookie` header by which Panel knows somebody, signed anew where they are older than a minute.
   *
   * There is no `oauth_expiry` among them. Panel looks at it only where it renews tokens itself, and would send people without a refresh token
   * to its own sign-in by it; `user` counts for as long as the app's `oauth-expiry-days` after it was signed.
   *
   * @throws {IdentityTooLarge} they have more than 24 KiB
   */
  of (identity: Identity, tokens?: KeptTokens): () => string
}

const FRESH = 60_000
/** Bytes. Bokeh makes a token of about the same size of them, and its server takes 64 KiB for the headers of a websocket's handshake with both. */
const LARGEST = 24 * 1024

export function createPanelCookies ({ secret, seal, passAccessToken, passRefreshToken, outside }: PanelCookiesOptions): PanelCookies {
  const key = createSecretKey(Buffer.from(secret))
  return {
    of (identity, { id, access, refresh } = {}) {
      const tokens: [name: string, value: string][] = [['id_token', userInfo(identity, id)]]
      if (passAccessToken && access !== undefined) tokens.push(['access_token', access])
      if (passRefreshToken && refresh !== undefined) tokens.push(['refresh_token', refresh])
      const sign = (at: number) => [['user', identity.user] as const, ...tokens.map(([name, value]) => [name, seal?.seal(value) ?? value] as const)]
        .map(([name, value]) => `${name}=${signValue(key, name, value, at)}`)
      let signedAt = outside.now()
      let pairs = checkSize(sign(signedAt)).join('; ')
      return () => {
        const now = outside.now()
        if (now - signedAt < FRESH && now >= signedAt) return pairs
        signedAt = now
        pairs = sign(now).join('; ')
        return pairs
      }
    }
  }
}

/**
 * A value as Tornado signs it, version 2 of `create_signed_value`: each field with its length, then HMAC-SHA256 in hexadecimal over all that is before it.
 *
 * @param at milliseconds since the epoch; Tornado counts a value's age from it
 */
export function signValue (key: KeyObject, name: string, value: string, at: number): string {
  const fields = ['0', String(Math.floor(at / 1000)), name, Buffer.from(value).toString('base64')] // the first is the key's version: there is one key
  const text = `2|${fields.map(field => `${Buffer.byteLength(field)}:${field}|`).join('')}`
  return text + createHmac('sha256', key).update(text).digest('hex')
}

/**
 * What Panel shows as `user_info`: the id_token as it came where it names the user, as Panel takes it then. Otherwise JSON in base64url, as Panel makes of
 * userinfo: who somebody is, what settings had kept, and the claims of the id_token.
 */
function userInfo (identity: Identity, idToken: string | undefined): string {
  const said = idToken === undefined ? {} : payloadOf(idToken)
  const { claims, subject, user, login, email, name, role, groups, teams, organizations } = identity
  if (idToken !== undefined && Object.values(said).some(value => value === user || (email !== undefined && value === email))) return idToken
  const person = { ...said, ...claims, sub: subject, user, username: login ?? user, preferred_username: login ?? user, login, email, name, role, groups, ...teams.length > 0 && { teams }, ...organizations.length > 0 && { organizations } }
  return Buffer.from(JSON.stringify(person)).toString('base64url')
}

/** Verified when it came, and kept sealed since. */
function payloadOf (idToken: string): object {
  try {
    const json: unknown = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString())
    return typeof json === 'object' && json !== null ? json : {}
  } catch {
    return {} // encrypted, say: Panel could not read it either
  }
}

function checkSize (pairs: readonly string[]): readonly string[] {
  const size = pairs.join('; ').length
  if (size <= LARGEST) return pairs
  const each = pairs.map(pair => `${pair.slice(0, pair.indexOf('='))} with ${pair.length}`).join(', ')
  throw new IdentityTooLarge(`the cookies for the Panel app have ${size} bytes, and ${LARGEST} are sent: ${each}. Have the provider put less into its tokens, or leave out --pass-access-token or --pass-refresh-token`)
}
