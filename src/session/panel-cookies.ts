import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto'
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

/** Those of them that we sign: who somebody is, and their tokens. */
export type SignedCookie = 'user' | 'id_token' | 'access_token' | 'refresh_token'
const SIGNED: ReadonlySet<string> = new Set<SignedCookie>(['user', 'id_token', 'access_token', 'refresh_token'])

export function isSignedCookie (name: string): name is SignedCookie {
  return SIGNED.has(name)
}

/** What makes a visitor Panel's guest: `pn.state.user` is then `guest`, whether or not the app itself can sign people in. */
export const GUEST = 'is_guest=1'

/** Which tokens go on to the app. */
export interface PassedTokens {
  readonly passAccessToken: boolean
  readonly passRefreshToken: boolean
}

export interface PanelCookiesOptions extends PassedTokens {
  /** The app's own, as it is: Tornado derives nothing from it. */
  readonly secret: string
  /** Under the app's own key, where it has one: an app then opens everything but `user`. */
  readonly seal: Seal | undefined
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
  /** What is in a value that was signed, and sealed, here; `at` is when, in milliseconds since the epoch, down to the second. Null for any other text. */
  open (name: SignedCookie, signed: string): { readonly value: string, readonly at: number } | null
}

const FRESH = 60_000
/** Bytes. Bokeh makes a token of about the same size of them, and its server takes 64 KiB for the headers of a websocket's handshake with both. */
const LARGEST = 24 * 1024

export function createPanelCookies ({ secret, seal, passAccessToken, passRefreshToken, outside }: PanelCookiesOptions): PanelCookies {
  const key = createSecretKey(Buffer.from(secret))
  return {
    of (identity, tokens) {
      const told = cookiesFor(identity, tokens, { passAccessToken, passRefreshToken })
      const sign = (at: number) => told.map(([name, value]) => `${name}=${signValue(key, name, name === 'user' ? value : seal?.seal(value) ?? value, at)}`)
      let signedAt = outside.now()
      let pairs = checkSize(sign(signedAt)).join('; ')
      return () => {
        const now = outside.now()
        if (now - signedAt < FRESH && now >= signedAt) return pairs
        signedAt = now
        pairs = sign(now).join('; ')
        return pairs
      }
    },
    open (name, signed) {
      const { value, at } = readSigned(key, name, signed) ?? {}
      if (value === undefined || at === undefined) return null
      const opened = name === 'user' || seal === undefined ? value : seal.open(value)?.toString()
      return opened === undefined ? null : { value: opened, at }
    }
  }
}

/** What an app is told of somebody in cookies, before it is sealed and signed. `user` comes first. */
export function cookiesFor (identity: Identity, { id, access, refresh }: KeptTokens = {}, { passAccessToken, passRefreshToken }: PassedTokens): readonly (readonly [name: SignedCookie, value: string])[] {
  return [
    ['user', identity.user], ['id_token', userInfo(identity, id)],
    ...passAccessToken && access !== undefined ? [['access_token', access] as const] : [],
    ...passRefreshToken && refresh !== undefined ? [['refresh_token', refresh] as const] : []
  ]
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

const SIGNED_VALUE = /^2\|1:0\|\d{1,2}:(\d{1,15})\|[^|]+\|\d{1,6}:([A-Za-z0-9+/]*={0,2})\|[0-9a-f]{64}$/

/** Takes what `signValue` writes and no other spelling: what is read is signed anew, and must come to the same text. */
function readSigned (key: KeyObject, name: string, signed: string): { readonly value: string, readonly at: number } | undefined {
  const [, seconds, content] = SIGNED_VALUE.exec(signed) ?? []
  if (seconds === undefined || content === undefined) return undefined
  const [value, at] = [Buffer.from(content, 'base64').toString(), Number(seconds) * 1000]
  const [given, ours] = [Buffer.from(signed), Buffer.from(signValue(key, name, value, at))]
  return given.length === ours.length && timingSafeEqual(given, ours) ? { value, at } : undefined
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
