import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Outside } from '../outside.ts'
import type { CookieJar, SetCookie } from './cookies.ts'
import { unwrap, wrap } from './envelope.ts'
import type { Keyring } from './keyring.ts'
import { createSeen, type Seen } from './seen.ts'
import type { Store } from './store/store.ts'

/** One attempt to sign in, as it travels in its own cookie. */
export interface Login {
  readonly state: string
  readonly nonce: string
  /** RFC 7636 §4.1: 128 characters. */
  readonly codeVerifier: string
  readonly provider: string
  /** A path of our own origin, or an address of a site that was named: found safe by the settings of then. */
  readonly returnTo: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

/** What a state says by itself, without its cookie. */
export interface State {
  /** This login was already restarted once, because the first came back without its cookie. */
  readonly restarted: boolean
}

export interface LoginStart {
  readonly login: Login
  readonly setCookies: readonly SetCookie[]
}

export interface Logins {
  begin (jar: CookieJar, cookieHeader: string | undefined, attempt: { provider: string, returnTo: string, restarted?: boolean }): LoginStart
  /** @returns null for a state that this gate did not issue: nothing about it can be trusted, it may be the app's */
  readState (state: string): State | null
  /** The login of a state, if this browser began it within the last ten minutes. */
  find (jar: CookieJar, cookieHeader: string | undefined, state: string): Login | null
  /** Marks the login as used; @returns false if it already was. A code is sent to the provider once. @throws {StoreUnavailable} */
  consume (login: Login): Promise<boolean>
  carriesLogins (jar: CookieJar, cookieHeader: string | undefined): boolean
}

const LIFETIME = 10 * 60_000
const MOST_AT_ONCE = 8
const STATE = /^[A-Za-z0-9_-]{44}$/ // 16 random bytes, a flag byte, 16 bytes of HMAC over both

/** The states of logins that have ended. @param store where processes share them */
export function createConsumed (outside: Pick<Outside, 'now'>, store?: Store): Seen {
  return createSeen({ outside, store, life: LIFETIME, prefix: 'login' })
}

export function createLogins (keyring: Keyring, gate: string, outside: Outside, consumed = createConsumed(outside)): Logins {
  const text = (bytes: number) => outside.random(bytes).toString('base64url')
  const envelope = (state: string) => ({ type: 'login', cookie: state, gate }) as const

  function find (jar: CookieJar, cookieHeader: string | undefined, state: string): Login | null {
    const token = jar.readLogin(cookieHeader, state)
    const plain = token === null ? null : keyring.login.open(token, LIFETIME)
    return plain === null ? null : unwrap(envelope(state), plain) as Login | null
  }

  return {
    find,
    begin (jar, cookieHeader, { provider, returnTo, restarted = false }) {
      const state = signState(keyring.state[0] as Buffer, outside.random(16), restarted)
      const login = { state, nonce: text(32), codeVerifier: text(96), provider, returnTo, startedAt: outside.now() }
      const token = keyring.login.seal(wrap(envelope(state), login))
      const surplus = surplusStates(jar.loginStates(cookieHeader), state => find(jar, cookieHeader, state)?.startedAt)
      return { login, setCookies: [...surplus.map(state => jar.clearLogin(state)), jar.writeLogin(state, token, LIFETIME)] }
    },
    readState (state) {
      if (!STATE.test(state)) return null
      const raw = Buffer.from(state, 'base64url')
      const genuine = keyring.state.some(key => timingSafeEqual(stateMac(key, raw.subarray(0, 17)), raw.subarray(17)))
      return genuine ? { restarted: raw[16] === 1 } : null
    },
    consume: login => consumed.add(login.state),
    carriesLogins: (jar, cookieHeader) => jar.loginStates(cookieHeader).length > 0
  }
}

// Room for the new one: those that no longer open go first, then the oldest.
function surplusStates (states: readonly string[], startedAt: (state: string) => number | undefined): string[] {
  const byAge = states.map(state => ({ state, at: startedAt(state) ?? 0 })).sort((a, b) => b.at - a.at)
  return byAge.filter(({ at }, index) => at === 0 || index >= MOST_AT_ONCE - 1).map(({ state }) => state)
}

function signState (key: Buffer, random: Buffer, restarted: boolean): string {
  const body = Buffer.concat([random, Buffer.of(restarted ? 1 : 0)])
  return Buffer.concat([body, stateMac(key, body)]).toString('base64url')
}

function stateMac (key: Buffer, body: Uint8Array): Buffer {
  return createHmac('sha256', key).update(body).digest().subarray(0, 16)
}
