import type { Config, ProviderConfig } from '../config/options.ts'
import { describePanelIdentity } from '../config/panel-identity.ts'
import { createOwnUrls } from '../own-urls.ts'
import { createPolicy } from '../policy.ts'
import { inWords } from '../session/endings.ts'
import { appLines, describeApp } from './app-line.ts'
import { loweredBy, whoHasAccount } from './lowered.ts'
import { describeSessions } from './store-lines.ts'

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
  const lowered = loweredBy(config, listening)
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
    ...notices.filter(notice => !lowered.some(warning => warning.endsWith(`: ${notice}`))).map((notice): [string, string] => ['Note', notice]),
    ...lowered.map((warning): [string, string] => ['Warning', warning])
  ]
  return `oauth-gate ${version}\n${rows.map(([name, value]) => `  ${name.padEnd(14)} ${value}\n`).join('')}`
}

function describeProvider ({ id, label, provider, parameters, oauthIssuer }: ProviderConfig): string {
  const own = Object.entries(parameters).map(([name, value]) => `${name} ${value === '' ? '(empty)' : value}`)
  return [`${label}${id === provider.name ? '' : ` (${id})`}`, ...own, ...oauthIssuer === undefined ? [] : [oauthIssuer]].join(', ')
}

/** Whether it may send logout tokens, as far as that is known before it is asked. */
function tellsLogouts ({ provider, oauthIssuer }: ProviderConfig): boolean {
  return provider.guide?.backchannel !== undefined || (oauthIssuer !== undefined && provider.flow === 'code')
}

function lasts ({ oauthExpiryDays, sessionIdle }: Config): string {
  const idle = sessionIdle === Infinity ? '' : `, or until ${inWords(sessionIdle)} without activity`
  return `${inWords(oauthExpiryDays * 86_400_000)}${idle}, then people sign in again`
}
