/** What one kind of failure is: one row of the table that this file is, and that docs/troubleshooting.md is made from. */
export interface ErrorKind {
  /** A promise: never renamed, never used for something else. Sent as `x-oauth-gate`. */
  readonly code: string
  /** The HTTP status. Set nowhere else. */
  readonly status: number
  /** What happened, for the visitor: one plain sentence. */
  readonly title: string
  /** What the visitor can do about it. */
  readonly advice: string
  /** The usual cause and its fix, for the operator's log. Never sent to a browser. */
  readonly hint: string
}

export interface ErrorOptions {
  readonly cause?: unknown
  /** One more sentence for the visitor, shown escaped: the reason in this very case. */
  readonly reason?: string
  /** What ended the session that is missing. */
  readonly ended?: string
  /** More for the line in the log. */
  readonly log?: Readonly<Record<string, unknown>>
}

/** Why somebody who is signed in is not let in. */
export interface Refusal {
  /** Plain words for the visitor, without a capital or a full stop. */
  readonly reason: string
  /** For the log. */
  readonly detail: string
  /** What could not be judged because nothing was said of it. */
  readonly lacks?: 'groups'
}

/** A failure with a name. `message` is for the log and may hold internals, but never a secret. */
export abstract class GateError extends Error {
  readonly kind: ErrorKind
  readonly reason: string | undefined
  readonly ended: string | undefined
  readonly log: Readonly<Record<string, unknown>> | undefined

  constructor (kind: ErrorKind, detail: string, options: ErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.kind = kind
    this.reason = options.reason
    this.ended = options.ended
    this.log = options.log
  }

  get code (): string { return this.kind.code }
}

type ErrorClass = (new (detail: string, options?: ErrorOptions) => GateError) & { readonly kind: ErrorKind }

function define (code: string, status: number, title: string, advice: string, hint: string): ErrorClass {
  const kind: ErrorKind = Object.freeze({ code, status, title, advice, hint })
  return class extends GateError {
    static readonly kind = kind
    constructor (detail: string, options?: ErrorOptions) { super(kind, detail, options) }
  }
}

const again = 'Sign in again.'
const tellThem = 'Tell whoever runs this site, with the request id below.'

// The request itself
export class MalformedRequest extends define('GATE_MALFORMED_REQUEST', 400, 'Your browser sent something we do not understand.', 'Go back and try again.', 'The request was not unambiguous HTTP/1.1; the message names the part. Seen often from scanners.') {}
export class HeadersTooMany extends define('GATE_HEADERS_TOO_MANY', 431, 'Your browser sent too many headers.', 'Delete the cookies of this site, and try again.', 'A request may have 200 header lines, whatever --max-header-size says of their bytes. No browser sends as many; a chain of proxies that adds to each could.') {}
export class AmbiguousPath extends define('GATE_AMBIGUOUS_PATH', 400, 'This address can be read in more than one way.', 'Follow a link from the site instead of this address.', 'The path has an encoded slash, dot segment or the like, and not all its readings are allowed to this person. Applications that need such paths want one rule for the whole of them.') {}
export class MethodRefused extends define('GATE_METHOD_REFUSED', 405, 'This address cannot be used that way.', 'Go back and try again.', 'TRACE and CONNECT are never forwarded; our own endpoints take GET or POST only.') {}
export class NotFound extends define('GATE_NOT_FOUND', 404, 'There is nothing at this address.', 'Check the address.', 'Everything under the proxy prefix belongs to the gate; it has no such endpoint.') {}
export class HostUnknown extends define('GATE_HOST_UNKNOWN', 421, 'This site does not answer by the name in your address.', 'Check the address.', 'The Host in the message is neither that of --public-url nor one that a rule names. If it should be: name it in a rule, or have the proxy in front pass the Host on that people typed, or X-Forwarded-Host, with that proxy in --trusted-proxy.') {}
export class UpgradeRefused extends define('GATE_UPGRADE_REFUSED', 400, 'This connection cannot be switched to another protocol.', 'Go back and try again.', 'Only a GET that asks for a version 13 websocket may be upgraded.') {}
export class OriginRefused extends define('GATE_ORIGIN_REFUSED', 403, 'Another website tried to open a connection in your name.', 'Open this site directly.', 'The Origin of a websocket is not the public origin. If it is yours, add it to --allow-websocket-origin, or set --public-url.') {}

export class PageTokenRefused extends define('GATE_PAGE_TOKEN_REFUSED', 403, 'This page was made for somebody else, or before you signed in.', 'Reload the page.', 'A websocket of a Bokeh or Panel app brought a token that is not of a page of this person’s; the message says by what. Usually a page that was open through a new sign-in; otherwise somebody has another’s token, or wrote one.') {}

// Who is asking
export class LoginRequired extends define('GATE_LOGIN_REQUIRED', 401, 'You need to sign in.', again, 'No session, or one that ended. Nothing is wrong.') {}
export class FormNotSent extends define('GATE_FORM_NOT_SENT', 401, 'Your form was not sent: you are no longer signed in.', 'Sign in, go back, and send it again.', 'A form was posted without a session. Nothing is wrong; a longer --oauth-expiry-days makes it rarer.') {}
export class FramedLogin extends define('GATE_FRAMED_LOGIN', 401, 'You need to sign in, which cannot be done inside a frame.', 'Open the page in a tab of its own.', 'A page in a frame has no session, and providers refuse to be framed.') {}
export class AccessDenied extends define('GATE_ACCESS_DENIED', 403, 'You are signed in, but this is not open to you.', 'Use another account, or ask for access.', 'The message names the condition that was not met. See the allow settings and rules.') {}

// One login
export class LoginMismatch extends define('GATE_LOGIN_MISMATCH', 400, 'This sign-in did not begin here, or began too long ago.', again, 'The login of this state is not in this browser. Usually an old tab or a bookmarked sign-in page; if it is everyone, check --cookie-domain, and that all replicas have the same --cookie-secret.') {}
export class CookiesRefused extends define('GATE_COOKIES_REFUSED', 400, 'Your browser did not keep our cookie, and signing in needs one.', 'Allow cookies for this site, then sign in again.', 'Twice in a row no login cookie came back. Behind TLS termination set --public-url=https://…; over plain http no Secure cookie is kept; check --cookie-domain.') {}
export class LoginReplayed extends define('GATE_LOGIN_REPLAYED', 400, 'This sign-in was already used.', again, 'A callback came a second time without a session. Usually a reload; otherwise somebody kept an address.') {}
export class IssuerMismatch extends define('GATE_ISSUER_MISMATCH', 400, 'The answer came from another sign-in service than we asked.', again, 'The iss parameter of the callback (RFC 9207) is not the issuer of this login, or is missing though the provider promises it.') {}
export class SignInLoop extends define('GATE_SIGN_IN_LOOP', 400, 'You signed in, and this site asked you to sign in again and again.', 'Try again. If that does not help, tell whoever runs this site, with the request id below.', 'Three redirects to sign in, each within a minute after a sign-in that succeeded: the session cookie does not come back. The message says which cause is likely and its fix: --cookie-path, --cookie-domain, --cookie-samesite or --cookie-secure, a session that is too large for a proxy, replicas with other keys or clocks, an app that links to the sign-in.') {}
export class LoginCancelled extends define('GATE_LOGIN_CANCELLED', 401, 'The sign-in was cancelled, or you may not use this site.', 'Sign in again, or use another account.', 'The provider answered access_denied: the person cancelled or gave no consent, or is not assigned to this client there. The message has the provider’s own words.') {}
export class RedirectUriRefused extends define('GATE_REDIRECT_URI_REFUSED', 502, 'The sign-in service does not know this site by the address you use.', tellThem, 'The redirect URI is not what is registered, byte for byte. Register the one in the message at the provider, or set --oauth-redirect-uri (or --public-url) to what is registered. oauth-gate check --live sees this before anybody signs in.') {}
export class ProviderRefused extends define('GATE_PROVIDER_REFUSED', 401, 'The sign-in service did not let you in.', 'Try again, or use another account.', 'The provider answered with an error; the message has its code. invalid_scope wants --oauth-scope; unauthorized_client wants the authorization code flow enabled for this client; temporarily_unavailable passes.') {}
export class ProviderUnreachable extends define('GATE_PROVIDER_UNREACHABLE', 502, 'The sign-in service cannot be reached.', 'Wait a moment, then try again.', 'The message says which address and why. Check the provider URLs, DNS, outgoing firewall and TLS from this machine.') {}
export class ProviderTimeout extends define('GATE_PROVIDER_TIMEOUT', 504, 'The sign-in service takes too long to answer.', 'Wait a moment, then try again.', 'No whole answer within ten seconds from the address in the message. The provider is slow, or a firewall or proxy on the way swallows what is sent.') {}
export class DiscoveryMismatch extends define('GATE_DISCOVERY_MISMATCH', 502, 'This site is set up for another sign-in service than the one that answers.', tellThem, 'The provider calls itself by another name than --oauth-issuer has, and the two must be equal byte for byte, also in a trailing slash. Set --oauth-issuer to the name in the message, if that is the provider you mean.') {}
export class ProviderAnswerInvalid extends define('GATE_PROVIDER_ANSWER_INVALID', 502, 'The sign-in service gave an answer we cannot use.', tellThem, 'The message says what was wrong with which answer. Often a URL that leads to a web page instead of the endpoint.') {}
export class ClientRefused extends define('GATE_CLIENT_REFUSED', 502, 'The sign-in service does not accept this site.', tellThem, 'The provider refused our credentials. Check --oauth-key and --oauth-secret (the value, not its id), and --auth-style.') {}
export class GrantRefused extends define('GATE_GRANT_REFUSED', 401, 'The sign-in service did not accept this sign-in.', again, 'The provider refused the code (invalid_grant): it expired, was used before, or the redirect URI in the message is not the one that the sign-in began with. Behind a proxy set --public-url, so that both are the same.') {}
export class IdTokenInvalid extends define('GATE_ID_TOKEN_INVALID', 401, 'The proof of who you are could not be verified.', again, 'The message names the claim of the id_token. iss: compare --oauth-issuer byte for byte. aud: check --oauth-key. A signature: the provider’s key set and its tokens do not fit.') {}
export class LogoutTokenInvalid extends define('GATE_LOGOUT_TOKEN_INVALID', 400, 'This word from the sign-in service about a sign-out cannot be believed.', tellThem, 'A back-channel logout did not verify; the message names the claim. iss and aud: compare --oauth-issuer and --oauth-key with what the provider sends; signature: somebody else sent it; jti: it came a second time. No session has ended.') {}
export class ClockOff extends define('GATE_CLOCK_OFF', 502, 'The clocks of this site and of the sign-in service disagree.', tellThem, 'A new id_token is not valid yet, or has ended already. The message says by how much, and whose clock is ahead. Have this machine’s clock set by NTP; oauth-gate check --live compares the two.') {}
export class UserMissing extends define('GATE_USER_MISSING', 401, 'The sign-in service did not say who you are.', tellThem, 'The claim that names the user is empty. Choose another with --oauth-jwt-user, ask for more with --oauth-scope, or have the provider release it.') {}
export class GroupsMissing extends define('GATE_GROUPS_MISSING', 403, 'The sign-in service did not say which groups you are in.', 'This site is for members of certain groups, so nobody can be let in until it does. Tell whoever runs this site, with the request id below.', 'Groups are asked for (--allowed-groups), and the provider sent no groups claim: that is not the same as being in none. Ask for it with --oauth-scope (many providers call the scope groups), or have the provider send it: a group mapper in Keycloak, a groups claim in Okta, Entra, Auth0 and others.') {}
export class IdentityTooLarge extends define('GATE_IDENTITY_TOO_LARGE', 403, 'The sign-in service says more about you than we can pass on.', tellThem, 'The groups exceed 8 KiB, what --claim keeps 2 KiB each or 8 KiB together, or the headers for the app 16 KiB: the message says which. Have the provider send fewer groups, or --claim and --header choose less; tokens that are passed on (--pass-access-token, --pass-authorization-header) count too.') {}
export class SessionTooLarge extends define('GATE_SESSION_TOO_LARGE', 500, 'Your sign-in is too large to be kept in cookies.', tellThem, 'A session may fill eight cookies. Have the provider send fewer claims or --claim keep less; with --pass-access-token and --pass-authorization-header the tokens are kept in them too, so leave one out or have the provider make them smaller.') {}
export class StoreUnavailable extends define('GATE_STORE_UNAVAILABLE', 503, 'Your sign-in cannot be looked up right now.', 'Wait a moment, then try again: nobody is signed out by this.', 'The store of --session-store or --revocation-store does not answer, or is full; the message says which. Nobody is signed out by that, and it is used again as soon as it answers.') {}

// Our own forms
export class PasswordRefused extends define('GATE_PASSWORD_REFUSED', 401, 'That name or password is not right.', 'Check both and try again.', 'The provider refused the password grant with invalid_grant, or --basic-auth has no such name, or another password: the message says which. A bcrypt hash is right for no password above 72 bytes.') {}
export class FormForged extends define('GATE_FORM_FORGED', 403, 'This form was not ours, or was open for too long.', 'Reload the page and try again.', 'The form token or the Origin did not match. Usually an old tab.') {}
export class TooManyAttempts extends define('GATE_TOO_MANY_ATTEMPTS', 429, 'Too many attempts.', 'Wait a minute, then try again.', 'The sign-in form is throttled per name and per address, where --basic-auth is one password over all, and when more passwords wait to be checked than can be.') {}

// The application behind us
export class GateStopping extends define('GATE_STOPPING', 503, 'This site is being restarted.', 'Wait a moment, then try again.', 'The gate was told to stop, and the application had not answered within the seconds that requests under way are given. Nothing else is wrong with either.') {}
export class UpstreamUnreachable extends define('GATE_UPSTREAM_UNREACHABLE', 502, 'The application is not answering.', 'It may be starting: this page tries again by itself, every 20 seconds.', 'Start the app, or set --upstream to where it listens. If it is https, its certificate has to be trusted (--upstream-ca). The message has the address and the cause.') {}
export class UpstreamTimeout extends define('GATE_UPSTREAM_TIMEOUT', 504, 'The application takes too long to answer.', 'Wait a moment, then try again.', 'No answer within --upstream-timeout.') {}
export class UpstreamAnswerInvalid extends define('GATE_UPSTREAM_ANSWER_INVALID', 502, 'The application gave an answer we cannot pass on.', tellThem, 'The upstream did not speak proper HTTP/1.1. Is it https, or another port?') {}

export class Unexpected extends define('GATE_UNEXPECTED', 500, 'Something went wrong here.', tellThem, 'A fault of the gate itself: please report it, with the stack from this log line.') {}
