import { flagOf } from '../config/names.ts'
import type { Config, OptionName, ProviderConfig } from '../config/options.ts'
import { isForPanel } from '../config/panel-identity.ts'
import { scopesOf } from '../config/providers/scopes.ts'
import { weakSecretsOf } from '../config/weak-secrets.ts'
import { isLoopback } from '../oauth/loopback.ts'
import type { Credentials } from '../passwords/people.ts'
import { placesOf } from '../provider-places.ts'
import { inWords } from '../session/endings.ts'
import { openStoresOf } from './store-lines.ts'
import { isWide } from './wide-networks.ts'

/** Something that makes the gate less safe than it can be. */
export interface Lowering {
  /** What a reviewer looks for, in what a start has printed and in docs/security.md: it never changes. */
  readonly name: `LOWERS_${string}`
  /** By which it is done. Of several, one is enough; none is where something is not set. */
  readonly settings: readonly OptionName[]
  /** @param listening `scheme://address:port`, or `unix:/path` @returns what it gives up here, a sentence or more; nothing where it does not apply */
  readonly says: (config: Config, listening: string) => readonly string[]
}

const isWild = (origin: string): boolean => origin.includes('*')
const when = (applies: boolean, text: string): readonly string[] => applies ? [text] : []

/** Each way there is, in the order in which it is printed. What opens paths is printed as rules (“Open to everyone”). */
export const lowerings: readonly Lowering[] = [
  { name: 'LOWERS_SIGN_IN', settings: ['oauthProvider'], says: ({ providers }) => providers.flatMap(({ provider: { notice } }) => notice ?? []) },
  {
    name: 'LOWERS_ANYONE', settings: ['allowedDomains', 'allowedEmails', 'allowedEmailsFile', 'allowedGroups', 'allowedRoles', 'teamIds', 'allowedOrganizations', 'allowedTenants'],
    says: config => when(!isRestricted(config), `nothing restricts who may enter: ${whoHasAccount(config)} is let in. Set --allowed-domains, --allowed-emails or --allowed-groups.`)
  },
  { name: 'LOWERS_HTTPS', settings: ['publicUrl', 'sslCertfile', 'trustedProxy', 'oauthRedirectUri'], says: (config, listening) => [
    ...when(saysHttpsAlone(config), 'only the redirect URI says https: cookies are not Secure, and websockets of https pages are refused. Set --public-url, or name the proxy that ends TLS in --trusted-proxy.'),
    ...when(isPublicHttp(config.publicUrl?.origin ?? listening) || leadsToHttp(config), 'people reach this address over plain http: passwords and cookies can be read on the way. Set --ssl-certfile and --ssl-keyfile, or --public-url=https://… behind a proxy that ends TLS.')
  ] },
  { name: 'LOWERS_SIGNATURES', settings: ['oauthIssuer'], says: config => when(config.providers.some(settings => believesTls(settings, config)), 'the provider’s keys are unknown, so an id_token is believed because TLS brought it. Set --oauth-issuer to have signatures verified.') },
  {
    name: 'LOWERS_PROVIDER_TLS', settings: ['tlsSkipVerifyInsecure'],
    says: config => when(config.providers.some(({ tlsSkipVerifyInsecure }) => tlsSkipVerifyInsecure), `--tls-skip-verify-insecure is set: no certificate of ${unverified(config)} is checked, so whoever sits between it and the gate learns the client secret and can sign in as anybody. For tests alone; for a private authority there is --tls-client-ca.`)
  },
  { name: 'LOWERS_PKCE', settings: ['usePkce'], says: ({ providers }) => when(providers.some(({ usePkce }) => !usePkce), 'PKCE is off (--use-pkce=false): a stolen code can be used elsewhere.') },
  { name: 'LOWERS_STORE_TLS', settings: ['sessionStore', 'revocationStore'], says: openStoresOf },
  { name: 'LOWERS_APP_TLS', settings: ['upstreamSkipVerify'], says: ({ upstreamSkipVerify }) => when(upstreamSkipVerify, 'certificates of the app are not checked (--upstream-skip-verify): whoever sits between it and the gate sees and changes all that people do. For a private authority there is --upstream-ca.') },
  { name: 'LOWERS_EMAIL', settings: ['allowUnverifiedEmail'], says: ({ allowUnverifiedEmail }) => when(allowUnverifiedEmail, 'addresses that the provider has not verified are believed (--allow-unverified-email): who can write somebody’s address into their own account is let in as them.') },
  { name: 'LOWERS_COOKIE_SECURE', settings: ['cookieSecure'], says: ({ cookieSecure }) => when(cookieSecure === 'off', 'cookies are sent over plain http as well (--cookie-secure=off).') },
  { name: 'LOWERS_COOKIE_SAMESITE', settings: ['cookieSamesite'], says: ({ cookieSamesite }) => when(cookieSamesite === 'none', 'requests that other sites make carry the cookie (--cookie-samesite=none): the app must itself refuse what it was not asked from its own pages.') },
  { name: 'LOWERS_COOKIE_DOMAIN', settings: ['cookieDomain'], says: ({ cookieDomain }) => when(cookieDomain !== undefined, `every host below ${cookieDomain ?? ''} is sent the session cookie, and can set one (--cookie-domain): whoever runs one of them can be each of its visitors here.`) },
  { name: 'LOWERS_ORIGINS', settings: ['allowWebsocketOrigin'], says: ({ allowWebsocketOrigin }) => when(allowWebsocketOrigin.some(isWild), `whatever fits ${allowWebsocketOrigin.filter(isWild).join(', ')} may open websockets in the name of whoever is signed in (--allow-websocket-origin): name single origins if you can.`) },
  { name: 'LOWERS_RETURNS', settings: ['whitelistDomain'], says: ({ whitelistDomain }) => when(whitelistDomain.some(isWild), `a sign-in or sign-out leads to whatever fits ${whitelistDomain.filter(isWild).join(', ')} (--whitelist-domain): whoever gets a host there can have people led to it from here. Name single hosts if you can.`) },
  { name: 'LOWERS_APP_ORIGIN', settings: ['websocketOrigin'], says: ({ websocketOrigin }) => when(websocketOrigin !== 'preserve', `the app is told another Origin than the browser’s (--websocket-origin=${websocketOrigin}): of the two checks of it, the gate’s own is left.`) },
  { name: 'LOWERS_XHEADERS', settings: ['useXheaders'], says: ({ useXheaders }) => when(useXheaders, 'whoever reaches the gate from this machine or a private network is believed about address and scheme (--use-xheaders). Name the proxy in --trusted-proxy instead.') },
  { name: 'LOWERS_PROXIES', settings: ['trustedProxy'], says: ({ trustedProxy }) => when(trustedProxy.some(isWide), `everybody in ${trustedProxy.filter(isWide).join(', ')} is believed about address, scheme and host (--trusted-proxy): name the proxies alone.`) },
  { name: 'LOWERS_SOCKETS', settings: ['wsGrace'], says: ({ wsGrace }) => when(wsGrace > 0, `a websocket stays open after its session has ended, ${wsGrace === Infinity ? 'for as long as it likes' : `for ${inWords(wsGrace)}`} (--ws-grace).`) },
  {
    name: 'LOWERS_TOKENS', settings: ['passAccessToken', 'passRefreshToken', 'passAuthorizationHeader'],
    says: config => given(config, ['passAccessToken', 'passRefreshToken', 'passAuthorizationHeader']).map(flag => `the app gets a token of each person (${flag}), and whoever takes the app over gets them all.`)
  },
  { name: 'LOWERS_SECRETS', settings: ['cookieSecret', 'basicAuth'], says: weakSecretsOf },
  { name: 'LOWERS_ID_TOKEN_HINT', settings: ['idTokenHint'], says: ({ idTokenHint }) => when(idTokenHint, 'the id_token of who signs out stands in an address (--id-token-hint), where histories and logs of the provider keep it.') },
  {
    name: 'LOWERS_KEYS', settings: ['oauthEncryptionKey'],
    says: config => when(config.oauthEncryptionKey.length === 0, `sessions are sealed with a key derived from --cookie-secret: whoever knows it can forge them${isForPanel(config) ? ', as the app could' : ''}. \`oauth-gate oauth-secret\` makes one for --oauth-encryption-key${isForPanel(config) ? '; with --app-encryption=no where the app has none' : ''}.`)
  }
]

/** What lowers security with these settings, each by its name. */
export function loweredBy (config: Config, listening: string): readonly string[] {
  return lowerings.flatMap(({ name, says }) => says(config, listening).map(text => `${name}: ${text}`))
}

/** Who there is to be let in, in words that begin a sentence or not. */
export function whoHasAccount ({ providers }: Config): string {
  const labels = providers.filter(({ basicAuth }) => basicAuth === undefined).map(({ label }) => label)
  const known = providers.flatMap(({ basicAuth }) => basicAuth === undefined ? [] : [whoKnows(basicAuth)])
  return [...labels.length === 0 ? [] : [`anyone with an account at ${labels.join(' or ')}`], ...known].join(' or ')
}

function whoKnows (credentials: Credentials): string {
  if ('password' in credentials) return 'anyone who knows the password'
  const { path, people: { size } } = credentials
  return `the ${size === 1 ? 'one person' : `${size} people`} of ${path}`
}

function isRestricted ({ allowedDomains, allowedEmails, allowedEmailsFile, allowedGroups, allowedRoles, teamIds, allowedOrganizations, providers }: Config): boolean {
  const lists = [allowedDomains, allowedEmails, allowedEmailsFile?.addresses, allowedGroups, allowedRoles, teamIds, allowedOrganizations]
  return lists.some(list => (list?.length ?? 0) > 0) || providers.every(({ entry, allowedTenants, basicAuth }) => entry !== undefined || allowedTenants !== undefined || basicAuth !== undefined)
}

function isPublicHttp (reached: string): boolean {
  return reached.startsWith('http:') && !isLoopback(new URL(reached).hostname)
}

function saysHttpsAlone ({ oauthRedirectUri, publicUrl, sslCertfile, trustedProxy, useXheaders }: Config): boolean {
  return oauthRedirectUri?.startsWith('https:') === true && publicUrl === undefined && sslCertfile === undefined && trustedProxy.length === 0 && !useXheaders
}

/** Where the gate listens on this machine alone, the redirect URI may be all that says how people come, by a proxy in front. */
function leadsToHttp ({ oauthRedirectUri, publicUrl, sslCertfile }: Config): boolean {
  return publicUrl === undefined && sslCertfile === undefined && oauthRedirectUri !== undefined && isPublicHttp(oauthRedirectUri)
}

/** Whether an id_token will come that nobody can verify. */
function believesTls (settings: ProviderConfig, config: Config): boolean {
  const { provider, parameters, oauthIssuer, oauthTokenUrl } = settings
  const scopes = scopesOf(settings, config)
  const { issuer, jwks, token } = placesOf(provider, parameters, scopes).endpoints
  const isMoved = oauthTokenUrl !== undefined && token !== undefined && new URL(oauthTokenUrl).origin !== new URL(token).origin
  return scopes.includes('openid') && oauthIssuer === undefined && (isMoved || (issuer === undefined && jwks === undefined))
}

function unverified ({ providers }: Config): string {
  return providers.filter(({ tlsSkipVerifyInsecure }) => tlsSkipVerifyInsecure).map(({ label }) => label).join(' and ')
}

function given (config: Config, names: readonly ('passAccessToken' | 'passRefreshToken' | 'passAuthorizationHeader')[]): string[] {
  return names.filter(name => config[name]).map(name => `--${flagOf(name)}`)
}
