import type { Parameter, Provider } from '../../provider.ts'
import { flagOf, optionNames } from '../names.ts'

/** What somebody has to know to sign people in with one provider: for the terminal and the documentation alike. */
export interface ProviderGuide {
  /** Its name, with the label. */
  readonly title: string
  readonly summary: string
  /** `what it is called there → our flag`, and where that is. */
  readonly register: readonly string[]
  /** What to set beside key and secret, one sentence each. */
  readonly needs: readonly string[]
  readonly parameters: readonly ParameterRow[]
  readonly scopes: string
  /** What the app will be told about a person. */
  readonly people: readonly string[]
  readonly traps: readonly string[]
  /** A command line that starts once the words in capitals are filled in; one flag or two a line. */
  readonly command: string
}

export interface ParameterRow {
  readonly name: string
  /** One sentence, with what else it may be called. */
  readonly doc: string
  readonly example: string
  readonly initial: string
}

/** How a plugin is asked for, where its name alone does not find it. */
export interface GuideOptions { readonly module?: string | undefined }

export function guideOf (provider: Provider, { module }: GuideOptions = {}): ProviderGuide {
  return {
    title: `${provider.label} (${[provider.name, ...provider.aliases ?? []].join(', ')})`,
    summary: summaryOf(provider),
    register: registering(provider), needs: needsOf(provider),
    parameters: Object.entries(provider.parameters).map(([name, parameter]) => rowOf(name, parameter)),
    scopes: scopesOf(provider), people: peopleOf(provider),
    traps: [...provider.notice === undefined ? [] : [provider.notice], ...provider.guide?.traps ?? [], ...Object.entries(provider.advised ?? {}).map(([name, without]) => `Set ${name}: ${without}.`)],
    command: commandOf(provider, module)
  }
}

/** One line for a list of providers. */
export function summaryOf ({ guide, label }: Provider): string {
  return guide?.summary ?? `People sign in with ${label}.`
}

/** What it takes besides an address. */
function hintOf ({ label, signOut }: Provider): string {
  if (signOut?.idToken === undefined) return ''
  return signOut.idToken === 'always' ? ` That takes --id-token-hint: without an id_token ${label} signs nobody out, and the gate offers nothing.` : ` That takes --id-token-hint: without an id_token ${label} signs people out and sends nobody back.`
}

function registering (provider: Provider): string[] {
  const { guide, flow, secret } = provider
  const { backchannel, afterSignOut } = guide ?? {}
  const { register, page, key = 'Client ID', secret: secretField = 'Client secret', redirectUri = 'Redirect URI' } = guide ?? {}
  const where = register === undefined ? [] : [`Where: ${register}${page === undefined ? '' : ` (${page})`}.`]
  if (flow === 'handler') return where
  return [
    ...where,
    ...flow === 'password' ? [] : [`${redirectUri}: the address that people type, without a path or a slash at its end: https://app.example.com, or http://localhost:4180 to try it. It is compared byte for byte. The gate prints it at start; another one is --oauth-redirect-uri.`],
    `${key} → --oauth-key.`,
    ...backchannel === undefined ? [] : [`${backchannel}: that address and /oauth2/backchannel-logout, so that signing out there, or being signed out, ends the sessions here.`],
    ...afterSignOut === undefined ? [] : [`${afterSignOut}: that address and /oauth2/signed_out → --post-logout-redirect-uri, so that people come back after signing out there.${hintOf(provider)}`],
    secret === 'sent' ? `${secretField} → --oauth-secret, or --oauth-secret-file so that it is in no process list.` : `${secretField}: only for a client that has one; then --oauth-secret with --auth-style=params or header.`
  ]
}

function needsOf (provider: Provider): string[] {
  return provider.requires.map(need => {
    const ways = need.split('|').map(name => provider.parameters[name] === undefined ? `--${flagOf(optionNames.find(option => option === name) ?? 'oauthIssuer')}` : `${name} in --oauth-extra-params`)
    return `${ways.join(', or ')}.`
  })
}

function rowOf (name: string, { doc, field, aliases = [], environment = [], default: initial, example, sent }: Parameter): ParameterRow {
  const also = [...aliases, ...environment.map(variable => `${variable} in the environment`)]
  return {
    name, example, initial: initial === undefined ? '' : initial === '' ? '(empty)' : initial,
    doc: [doc, ...field === undefined ? [] : [`There it is called ${field}.`], ...also.length === 0 ? [] : [`Also ${also.join(', ')}.`], ...sent === true ? ['Sent to the provider too.'] : []].join(' ')
  }
}

function scopesOf ({ flow, scopes, groupScopes = [] }: Provider): string {
  if (flow === 'handler') return 'nothing: this is not OAuth, and has pages of its own.'
  return `${scopes.join(' ')}${groupScopes.length === 0 ? '' : `, and ${groupScopes.join(' ')} where --allowed-groups, --team-ids, --allowed-organizations or a rule asks for one`}; others with --oauth-scope.`
}

function peopleOf ({ namesUser, userKey }: Provider): string[] {
  if (namesUser === true) return ['The user is called by the name that the provider knows them by; --oauth-jwt-user=email takes the address instead.']
  return [userKey === 'email' ? 'The user is called by the email address, and nobody without one gets in; --oauth-jwt-user takes another claim.' : `The user is called by the claim ${userKey}; --oauth-jwt-user takes another.`]
}

/** Parameters without which the command would not start: required ones, and those that narrow a door for everybody. */
function commandOf (provider: Provider, module: string | undefined): string {
  const defaults = Object.fromEntries(Object.entries(provider.parameters).flatMap(([name, parameter]) => parameter.default === undefined ? [] : [[name, parameter.default]]))
  const first = provider.requires.map(need => need.split('|')[0] ?? '')
  const wide = provider.manyTenants?.(defaults) === true ? Object.keys(provider.parameters) : []
  const own = [...new Set([...first, ...wide])].filter(name => provider.parameters[name] !== undefined)
  const settings = [...new Set(first)].filter(name => provider.parameters[name] === undefined).map(name => `--${flagOf(optionNames.find(option => option === name) ?? 'oauthIssuer')}=${exampleOf(name)}`)
  const isForm = provider.flow === 'password'
  return [
    `oauth-gate serve --upstream=http://localhost:5006${isForm ? '' : ' --public-url=https://app.example.com'}`,
    `${module === undefined ? `--oauth-provider=${provider.name}` : `--provider-module=${module}`}${provider.flow === 'handler' ? '' : ' --oauth-key=CLIENT_ID'}${provider.secret === 'sent' ? ' --oauth-secret=CLIENT_SECRET' : ''}`,
    ...own.length === 0 ? [] : [`--oauth-extra-params="{${own.map(name => `'${name}': '${provider.parameters[name]?.example ?? ''}'`).join(', ')}}"`],
    ...settings,
    '--allowed-domains=example.com --cookie-secret=COOKIE_SECRET'
  ].join(' \\\n  ')
}

function exampleOf (setting: string): string {
  return setting === 'oauthTokenUrl' ? 'https://id.example.com/token' : setting === 'oauthAuthorizeUrl' ? 'https://id.example.com/authorize' : 'https://id.example.com'
}
