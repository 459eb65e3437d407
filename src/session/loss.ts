import type { CookieJar } from './cookies.ts'

/** A request that asks for a sign-in, as far as it tells why. */
export interface SignInRequest {
  readonly jar: CookieJar
  readonly headers: { readonly cookie?: string | undefined, readonly 'sec-fetch-site'?: string | string[] | undefined }
  readonly arrival: { readonly proto: 'http' | 'https', readonly host: string }
  readonly session: object | null
}

/** Why somebody who signed in is not recognised: the likeliest cause. */
export interface Loss {
  /** For the visitor, without a capital or a full stop. */
  readonly reason: string
  /** For the operator: what was seen, and the fix. */
  readonly detail: string
}

export interface Evidence extends SignInRequest {
  /** The page that was asked for, as requests have it, or an address of another site. */
  readonly target: string
  /** Milliseconds between the clocks that signed in and that judge now; within a minute they are one. */
  readonly clocksApart: number
  readonly signedInBy: 'http' | 'https'
  /** How many cookies the session had. */
  readonly cookies: number
  /** Whether the app is one of Panel's, which learns who somebody is by cookies of its own. */
  readonly forPanel?: boolean | undefined
}

type Suspicion = (evidence: Evidence) => Loss | false

const LARGE = 3 // cookies: more than the 8 KiB that proxies take as a header unless they are told

/** Surest first: what is seen in the request, then what the settings make likely. */
const suspicions: readonly Suspicion[] = [
  ({ session, forPanel }) => session !== null && forPanel === true && {
    reason: 'you are signed in, but the application keeps asking you to do it again',
    detail: 'the session is there, and something leads to the sign-in all the same, most likely the Panel app, which does not take the cookies that the gate signs for it: give both the very same PANEL_COOKIE_SECRET ($(panel secret) is another each time it runs), and the app no PANEL_OAUTH_REFRESH_TOKENS'
  },
  ({ session }) => session !== null && {
    reason: 'you are signed in, but the application keeps asking you to do it again',
    detail: 'the session is there, and something leads to the sign-in all the same: find the redirect or link in the app or the proxy, which may want another header or role than it gets'
  },
  ({ jar, headers }) => jar.trace(headers.cookie) === 'twice' && {
    reason: 'your browser has two sign-ins of the same name, and one of them is not ours',
    detail: `two cookies are called ${jar.sessionName}: another app of this domain or an earlier --cookie-domain or --cookie-path set one; choose another --cookie-name`
  },
  ({ jar, headers, cookies }) => jar.trace(headers.cookie) === 'part' && tooLarge(`of the ${cookies} cookies of the session some came back and some did not`),
  ({ jar, headers, clocksApart }) => jar.trace(headers.cookie) === 'whole' && (clocksApart > 60_000
    ? { reason: 'the clocks of this site disagree', detail: `the session comes back, but was made by a clock that is ${Math.round(clocksApart / 1000)} s away from this one: have every replica’s clock set by NTP` }
    : { reason: 'the sign-in comes back in a form that this site cannot read', detail: 'the session comes back and does not open: give all replicas of this gate the same --cookie-secret and --oauth-encryption-key, and two gates on one host a --cookie-name each' }),
  ({ jar, arrival: { proto }, signedInBy }) => proto === 'http' && (signedInBy === 'https' || jar.kept.secure) && {
    reason: 'you signed in over https, and came back by an address with http, where the sign-in is not shown',
    detail: 'the session cookie is for https, and this request came by http: have the proxy send http to https, look for redirects of the app to http, and check --cookie-secure'
  },
  ({ jar: { kept }, target }) => target.startsWith('/') && !isBelow(target, kept.path) && {
    reason: `the sign-in counts for ${kept.path} and what is below it only, and the page you asked for is not there`,
    detail: `--cookie-path=${kept.path} does not cover ${pathOf(target)}: browsers send the session cookie below that path only`
  },
  ({ jar: { kept }, arrival: { host } }) => kept.domain !== undefined && !isWithin(host, kept.domain) && {
    reason: 'the sign-in is made for another domain than the one in the address bar',
    detail: `--cookie-domain=${kept.domain ?? ''} does not cover ${host}: no browser keeps such a cookie`
  },
  ({ jar: { kept }, headers }) => kept.sameSite === 'strict' && headers['sec-fetch-site'] === 'cross-site' && {
    reason: 'your browser does not show the sign-in to pages that you reach from the sign-in service',
    detail: '--cookie-samesite=strict: browsers leave the session cookie out when people come from the provider; use lax'
  },
  ({ jar: { kept } }) => kept.sameSite === 'none' && !kept.secure && {
    reason: 'your browser does not keep this kind of sign-in over http',
    detail: '--cookie-samesite=none is for https only: browsers drop such a cookie over http'
  },
  ({ cookies }) => cookies >= LARGE && tooLarge(`none of the ${cookies} cookies of the session came back`)
]

/** @returns a cause even where nothing points to one */
export function whyLost (evidence: Evidence): Loss {
  for (const suspicion of suspicions) {
    const loss = suspicion(evidence)
    if (loss !== false) return loss
  }
  return {
    reason: 'your browser does not send back what it was given when you signed in',
    detail: 'the session cookie does not come back, though a small one beside it does: look for a proxy that removes or rewrites Set-Cookie, a browser that refuses it, and another app of this host that sets its name'
  }
}

function tooLarge (seen: string): Loss {
  return {
    reason: 'your sign-in is too large for your browser or for something between it and this site',
    detail: `${seen}: a browser keeps only so many cookies of a host, and proxies limit headers; have the provider send fewer claims and groups, and raise the header limits of the proxy in front`
  }
}

// RFC 6265 §5.1.4
function isBelow (target: string, path: string): boolean {
  const pathname = pathOf(target)
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
}

function pathOf (target: string): string {
  return target.split(/[?#]/, 1).join()
}

// RFC 6265 §5.1.3
function isWithin (host: string, domain: string): boolean {
  const [name, parent] = [host.replace(/:\d+$/, ''), domain.replace(/^\./, '')].map(text => text.toLowerCase()) as [string, string]
  return name === parent || name.endsWith(`.${parent}`)
}
