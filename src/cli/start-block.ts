import type { Config, ProviderConfig } from '../config/options.ts'
import { describePanelIdentity, isForPanel } from '../config/panel-identity.ts'
import { scopesOf } from '../config/providers/scopes.ts'
import { isLoopback } from '../oauth/loopback.ts'
import { createOwnUrls } from '../own-urls.ts'
import type { Credentials } from '../passwords/people.ts'
import { createPolicy } from '../policy.ts'
import { placesOf } from '../provider-places.ts'
import { inWords } from '../session/endings.ts'
import { appLines, describeApp } from './app-line.ts'
import { describeSessions, openStoresOf } from './store-lines.ts'

export interface Started {
  readonly config: Config
  readonly version: string
  /** `scheme://address:port` of the listening socket, or `unix:/path`. */
  readonly listening: string
  /** What overrode what, and what was ignored. */
  readonly notices: readonly string[]
}

/** What the operator must know, in one look: where people come in, what to register, who may enter, what is doubtful. */
export function startBlock ({ config, version, listening, notices }: Started): string {
  const labels = config.providers.map(({ label }) => label).join(' or ')
  const origin = config.publicUrl?.origin ?? listening
  const urls = createOwnUrls(config)
  const policy = createPolicy(config)
  const everywhere = config.publicUrl === undefined && /\/\/(?:0\.0\.0\.0|\[::\])/.test(listening)
  // Where a proxy in front is the only way in, its name is the one that counts.
  const nameless = everywhere || (config.publicUrl === undefined && (listening.startsWith('unix:') || config.rootPath !== '/'))
  const below = urls.redirectUri('')
  const rows: [string, string][] = [
    ['Open', everywhere ? `${listening}, which is every address of this machine` : nameless ? listening : origin + urls.home.slice(0, -1)],
    ...config.upstream.map(({ path, origin, basePath, socketPath }): [string, string] => ['App', `${path} → ${socketPath === undefined ? origin : `unix:${socketPath}`}${basePath}`]),
    ...[describeApp(config)].flatMap((kind): [string, string][] => kind === undefined ? [] : [['App kind', kind]]),
    ...appLines(config, listening).map((line): [string, string] => ['Start the app', line]),
    ...config.providers.map(settings => ['Provider', describeProvider(settings)] as [string, string]),
    ...config.providers.some(({ provider }) => provider.flow === 'code') ? [['Redirect URI', config.oauthRedirectUri !== undefined || !nameless ? `${config.oauthRedirectUri ?? urls.redirectUri(origin)}   (register exactly this at the provider)` : `the origin that people type${below === '' ? '' : ` and ${below}`}, whichever that is: set --public-url to have one to register`] as [string, string]] : [],
    ...!nameless && config.providers.some(tellsLogouts) ? [['Back-channel', `${origin}${urls.backchannel}   (register it too, where the provider has back-channel logout)`] as [string, string]] : [],
    ['Who may enter', policy.entry.describe(whoHasAccount(config))],
    ...policy.describeOpen().map((line): [string, string] => ['Rule', line]),
    ...config.header.map(({ name, expression }): [string, string] => ['Header', `${name}=${expression.text}`]),
    ...describePanelIdentity(config).map((line): [string, string] => ['Panel', line]),
    ...config.workers === 1 ? [] : [['Workers', config.workers === 'auto' ? 'one for each core' : String(config.workers)] as [string, string]],
    ['Sign-in lasts', lasts(config)],
    ['Sessions', describeSessions(config)],
    ...config.allowedDomains === undefined && config.allowedEmails === undefined && config.allowedEmailsFile === undefined ? [] : [['Note', `an address counts as far as ${labels} vouches for it; nobody may be able to choose theirs there`] as [string, string]],
    ...notices.map((notice): [string, string] => ['Note', notice]),
    ...warnings(config, listening).map((warning): [string, string] => ['Warning', warning])
  ]
  return `oauth-gate ${version}\n${rows.map(([name, value]) => `  ${name.padEnd(14)} ${value}\n`).join('')}`
}

/** Who there is to be let in, in words that begin a sentence or not. */
function whoHasAccount ({ providers }: Config): string {
  const labels = providers.filter(({ basicAuth }) => basicAuth === undefined).map(({ label }) => label)
  const known = providers.flatMap(({ basicAuth }) => basicAuth === undefined ? [] : [whoKnows(basicAuth)])
  return [...labels.length === 0 ? [] : [`anyone with an account at ${labels.join(' or ')}`], ...known].join(' or ')
}

function whoKnows (credentials: Credentials): string {
  if ('password' in credentials) return 'anyone who knows the password'
  const { path, people: { size } } = credentials
  return `the ${size === 1 ? 'one person' : `${size} people`} of ${path}`
}

function describeProvider ({ id, label, provider, parameters, oauthIssuer }: ProviderConfig): string {
  const own = Object.entries(parameters).map(([name, value]) => `${name} ${value === '' ? '(empty)' : value}`)
  return [`${label}${id === provider.name ? '' : ` (${id})`}`, ...own, ...oauthIssuer === undefined ? [] : [oauthIssuer]].join(', ')
}

/** Whether it may send logout tokens, as far as that is known before it is asked. */
function tellsLogouts ({ provider, oauthIssuer }: ProviderConfig): boolean {
  return provider.guide?.backchannel !== undefined || (oauthIssuer !== undefined && provider.flow === 'code')
}

/** Whether an id_token will come that nobody can verify. */
function believesTls (settings: ProviderConfig, config: Config): boolean {
  const { provider, parameters, oauthIssuer, oauthTokenUrl } = settings
  const scopes = scopesOf(settings, config)
  const { issuer, jwks, token } = placesOf(provider, parameters, scopes).endpoints
  const isMoved = oauthTokenUrl !== undefined && token !== undefined && new URL(oauthTokenUrl).origin !== new URL(token).origin
  return scopes.includes('openid') && oauthIssuer === undefined && (isMoved || (issuer === undefined && jwks === undefined))
}

function warnings (config: Config, listening: string): string[] {
  const reached = config.publicUrl?.origin ?? listening
  const isPublicHttp = reached.startsWith('http:') && !isLoopback(new URL(reached).hostname)
  const { allowedDomains, allowedEmails, allowedEmailsFile, allowedGroups, allowedRoles, teamIds, allowedOrganizations } = config
  const restricted = [allowedDomains, allowedEmails, allowedEmailsFile?.addresses, allowedGroups, allowedRoles, teamIds, allowedOrganizations].some(list => (list?.length ?? 0) > 0) || config.providers.every(({ entry, allowedTenants, basicAuth }) => entry !== undefined || allowedTenants !== undefined || basicAuth !== undefined)
  const said: [boolean, string][] = [
    ...config.providers.map(({ provider: { notice } }): [boolean, string] => [notice !== undefined, notice ?? '']),
    [!restricted, `nothing restricts who may enter: ${whoHasAccount(config)} is let in. Set --allowed-domains, --allowed-emails or --allowed-groups.`],
    [saysHttpsAlone(config), 'only the redirect URI says https: cookies are not Secure, and websockets of https pages are refused. Set --public-url, or name the proxy that ends TLS in --trusted-proxy.'],
    [isPublicHttp, 'people reach this address over plain http: passwords and cookies can be read on the way. Set --ssl-certfile and --ssl-keyfile, or --public-url=https://… behind a proxy that ends TLS.'],
    [config.providers.some(settings => believesTls(settings, config)), 'the provider’s keys are unknown, so an id_token is believed because TLS brought it. Set --oauth-issuer to have signatures verified.'],
    [config.providers.some(({ tlsSkipVerifyInsecure }) => tlsSkipVerifyInsecure), `--tls-skip-verify-insecure is set: no certificate of ${unverified(config)} is checked, so whoever sits between it and the gate learns the client secret and can sign in as anybody. For tests alone; for a private authority there is --tls-client-ca.`],
    [config.providers.some(({ usePkce }) => !usePkce), 'PKCE is off: a stolen code can be used elsewhere.'],
    ...openStoresOf(config).map((text): [boolean, string] => [true, text]),
    [config.upstreamSkipVerify, 'certificates of the app are not checked.'],
    [config.allowUnverifiedEmail, 'addresses that the provider has not verified are believed.'],
    [config.cookieSecure === 'off', 'cookies are sent over plain http as well.'],
    [config.oauthEncryptionKey.length === 0, `sessions are sealed with a key derived from --cookie-secret: whoever knows it can forge them${isForPanel(config) ? ', as the app could' : ''}. \`oauth-gate oauth-secret\` makes one for --oauth-encryption-key${isForPanel(config) ? '; with --app-encryption=no where the app has none' : ''}.`]
  ]
  return said.filter(([applies]) => applies).map(([, text]) => text)
}

function unverified ({ providers }: Config): string {
  return providers.filter(({ tlsSkipVerifyInsecure }) => tlsSkipVerifyInsecure).map(({ label }) => label).join(' and ')
}

function saysHttpsAlone ({ oauthRedirectUri, publicUrl, sslCertfile, trustedProxy, useXheaders }: Config): boolean {
  return oauthRedirectUri?.startsWith('https:') === true && publicUrl === undefined && sslCertfile === undefined && trustedProxy.length === 0 && !useXheaders
}

function lasts ({ oauthExpiryDays, sessionIdle }: Config): string {
  const idle = sessionIdle === Infinity ? '' : `, or until ${inWords(sessionIdle)} without activity`
  return `${inWords(oauthExpiryDays * 86_400_000)}${idle}, then people sign in again`
}
