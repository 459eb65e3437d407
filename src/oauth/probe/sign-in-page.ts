import { buildAuthorizeUrl } from '../authorize.ts'
import { errorCode } from '../callback.ts'
import type { OAuthClientOptions } from '../client.ts'
import type { Endpoints } from '../endpoints.ts'
import { address } from '../http.ts'
import { cannotTell, ok, said, wrong, type Finding } from './finding.ts'
import type { Witness } from './witness.ts'
import { parseUrl } from '../../url.ts'

const what = 'redirect URI'

/** The names under which providers refuse an address, on pages that say 200 too: Google, node-oidc-provider, Cognito, Entra. */
const NAMED = /redirect_uri_mismatch|invalid_redirect_uri|redirect_mismatch|AADSTS50011\b|AADSTS900971\b/
const SPOKEN = /(?:invalid|mismatch(?:ing|ed)?|unregistered|illegal)\b[^.<>]{0,30}\b(?:redirect|callback)[\s_-]*ur[il]|(?:redirect|callback)[\s_-]*ur[il]\b[^.<>]{0,60}\b(?:mismatch|must|invalid|not (?:\w+ )?(?:match|valid|registered|allowed))/i
/** On an error page the mention is enough, but not as a parameter of the address that it repeats. */
const MENTIONED = /(?:redirect|callback)[\s_-]*ur[il]s?\b(?!\s*(?:=|%3d))/i
/** OpenID Connect Core §3.1.2.6: nobody is signed in, which is what we are. */
const NOBODY = new Set(['login_required', 'interaction_required', 'consent_required', 'account_selection_required'])
const OURS = new Map([
  ['invalid_scope', 'check --oauth-scope'],
  ['unauthorized_client', 'enable the authorization code flow for this client at the provider'],
  ['unsupported_response_type', 'enable the authorization code flow at the provider']
])

export interface Page {
  readonly status: number
  /** Where it leads, if it is a redirect. */
  readonly location?: URL | undefined
  readonly body: string
}

/** Asks for the page that a person without a session would get (RFC 6749 §4.1.1), and follows nothing. */
export async function probeSignInPage (options: OAuthClientOptions, { authorize }: Endpoints, witness: Witness, redirectUri: string): Promise<readonly Finding[]> {
  if (authorize === undefined) return [wrong(what, 'no authorization endpoint is known; set --oauth-authorize-url')]
  const random = (): string => options.outside.random(64).toString('base64url')
  // Who is asked not to ask must answer at the redirect URI, and only at one that is registered (OpenID Connect Core §3.1.2.6, RFC 6749 §4.1.2.1).
  const prompt = options.scopes.includes('openid') ? 'none' : undefined
  const url = buildAuthorizeUrl(authorize, options, { state: random(), nonce: random(), codeVerifier: random(), redirectUri }, prompt)
  try {
    const answer = await witness.fetch(url, { redirects: 'told', headers: { accept: 'text/html', 'accept-language': 'en' } })
    return judgePage({ status: answer.status, location: leadsTo(answer, url), body: await answer.text() }, redirectUri)
  } catch (error) {
    return [wrong(what, `${said(error)}; check that this machine reaches ${address(url)}`)]
  }
}

/** What the answer to a sign-in request without a session says about the redirect URI, and about the request itself. */
export function judgePage ({ status, location, body }: Page, redirectUri: string): readonly Finding[] {
  const refused = wrong(what, `the provider refuses ${redirectUri}; register exactly this there, or set --oauth-redirect-uri (or --public-url) to what is registered`)
  if (location !== undefined) return isAt(location, redirectUri) ? judgeReturn(location, redirectUri) : [namesIt(location) ? refused : judgeElsewhere(location, redirectUri)]
  const text = body.replace(/<(script|style)\b[\s\S]*?<\/\1\s*>/gi, ' ').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')
  if (NAMED.test(body) || SPOKEN.test(text) || (status >= 400 && status < 500 && MENTIONED.test(text))) return [refused]
  if (status >= 400) return [cannotTell(what, `the provider answered ${status} to a sign-in, with a page that does not speak of the redirect URI; sign in once with a browser to read it`)]
  return [cannotTell(what, `${redirectUri} is accepted so far: the provider shows a page of its own; some look at the address only after the sign-in, so sign in once to know`)]
}

function judgeReturn ({ searchParams, hash }: URL, redirectUri: string): readonly Finding[] {
  const error = searchParams.get('error') ?? new URLSearchParams(hash.slice(1)).get('error')
  const accepted = ok(what, `${redirectUri} is registered: the provider sends people back to it`)
  if (error === null || NOBODY.has(error)) return [accepted]
  const fix = OURS.get(error)
  const answered = `the provider answered ${errorCode(error)}`
  return [accepted, fix === undefined ? cannotTell('sign-in request', `${answered} where nobody is signed in; sign in once with a browser to read more`) : wrong('sign-in request', `${answered}; ${fix}`)]
}

function judgeElsewhere (location: URL, redirectUri: string): Finding {
  const error = location.searchParams.get('error')
  if (error !== null) return cannotTell(what, `the provider leads to a page about ${errorCode(error)}, which does not speak of the redirect URI; sign in once with a browser to read it`)
  return cannotTell(what, `${redirectUri} is accepted so far: the provider leads on to ${address(location.href)}; some look at the address only after the sign-in, so sign in once to know`)
}

function isAt ({ origin, pathname }: URL, redirectUri: string): boolean {
  const wanted = new URL(redirectUri)
  return origin === wanted.origin && pathname === wanted.pathname
}

/** A sign-in page's address often has our redirect URI in it, so only parameters about an error are read as words; Google's is base64. */
function namesIt ({ href, searchParams }: URL): boolean {
  const errors = [...searchParams].filter(([name]) => /err|desc|reason|message/i.test(name)).map(([, value]) => value)
  const decoded = errors.map(value => Buffer.from(value, 'base64').toString('latin1'))
  return NAMED.test(href) || errors.some(value => SPOKEN.test(value)) || [...errors, ...decoded].some(value => NAMED.test(value))
}

function leadsTo ({ status, headers }: Response, url: string): URL | undefined {
  const location = headers.get('location') ?? ''
  return status >= 300 && status < 400 && location !== '' ? parseUrl(location, url) ?? undefined : undefined
}
