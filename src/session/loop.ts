import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Outside } from '../outside.ts'
import type { CookieJar, SetCookie } from './cookies.ts'
import type { Keyring } from './keyring.ts'
import { whyLost, type Loss, type SignInRequest } from './loss.ts'

export interface Counted {
  readonly setCookies: readonly SetCookie[]
  /** Why the session was probably lost, where this is one redirect too many. */
  readonly loss?: Loss
}

/**
 * Breaks the circle of somebody who signs in, is not recognised, and is sent to sign in again. What is counted is kept in the
 * browser, in a small cookie that lives for a minute: a gate of several replicas counts as one does.
 */
export interface LoopBreaker {
  /** Beside a new session. @param cookies how many the session has */
  succeeded (jar: CookieJar, cookieHeader: string | undefined, proto: 'http' | 'https', cookies: number): SetCookie
  /**
   * One redirect to sign in, of which nothing is counted for who did not succeed within the last minute.
   *
   * @param target the page that was asked for
   * @param by the guard, which found no session; or a link to the sign-in, of which only the first after a success counts: tabs
   * that begin together are no loop, and what the guard sends there was counted before
   */
  redirected (request: SignInRequest, target: string, by: 'guard' | 'link'): Counted
}

export interface LoopBreakerOptions {
  readonly keyring: Pick<Keyring, 'mark'>
  readonly outside: Outside
  readonly gate: string
  /** Of a session, in milliseconds: those that end within the minute are renewed often, with nothing wrong. */
  readonly lifetime: number
  /** Whether the app has a sign-in of Panel's. */
  readonly forPanel?: boolean
}

/** What the cookie holds. */
interface Mark {
  readonly redirects: number
  /** Whether a redirect was counted since the last success. */
  readonly counted: boolean
  /** Milliseconds since the epoch, by the clock of the replica that signed in. */
  readonly at: number
  readonly proto: 'http' | 'https'
  readonly cookies: number
}

const MINUTE = 60_000
const ONE_TOO_MANY = 3
const MARK = /^([0-9])-([01])-([0-9]{1,16})-(https?)-([1-8])$/

export function createLoopBreaker ({ keyring, outside, gate, lifetime, forPanel }: LoopBreakerOptions): LoopBreaker {
  const context = (jar: CookieJar) => `mark 1 ${jar.kept.path} ${gate}\n`
  const write = (jar: CookieJar, mark: Mark, maxAge = MINUTE) => {
    const text = `${mark.redirects}-${mark.counted ? 1 : 0}-${mark.at}-${mark.proto}-${mark.cookies}`
    return jar.writeMark(`${text}.${sign(keyring.mark[0] as Buffer, context(jar) + text).toString('base64url')}`, maxAge)
  }
  // Not sealed, and of no age to us: clocks that disagree are one of the things it is there to tell.
  const read = (jar: CookieJar, cookieHeader: string | undefined): Mark | null => {
    const [text = '', mac = ''] = jar.readMark(cookieHeader)?.split('.') ?? []
    const given = Buffer.from(mac, 'base64url')
    const genuine = keyring.mark.some(key => given.length === 16 && timingSafeEqual(sign(key, context(jar) + text), given))
    const [, redirects, counted, at, proto, cookies] = (genuine ? MARK.exec(text) : null) ?? []
    return redirects === undefined ? null : { redirects: Number(redirects), counted: counted === '1', at: Number(at), proto: proto as Mark['proto'], cookies: Number(cookies) }
  }

  return {
    succeeded: (jar, cookieHeader, proto, cookies) =>
      write(jar, { redirects: read(jar, cookieHeader)?.redirects ?? 0, counted: false, at: outside.now(), proto, cookies }),
    redirected (request, target, by) {
      const { jar, headers } = request
      const mark = read(jar, headers.cookie)
      if (mark === null || lifetime <= MINUTE || (by === 'link' && mark.counted)) return { setCookies: [] }
      const redirects = mark.redirects + 1
      const age = outside.now() - mark.at
      const left = age < 0 || age > MINUTE ? MINUTE : MINUTE - age // the browser knows that it is not over, so the clocks disagree
      if (redirects < ONE_TOO_MANY) return { setCookies: [write(jar, { ...mark, redirects, counted: true }, Math.max(left, 1000))] }
      // The next attempt counts from nothing, whatever begins it: nobody is locked out.
      return { setCookies: [jar.writeMark('', 0)], loss: whyLost({ jar, headers, target, arrival: request.arrival, session: request.session, clocksApart: Math.abs(age), signedInBy: mark.proto, cookies: mark.cookies, forPanel }) }
    }
  }
}

function sign (key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest().subarray(0, 16)
}
