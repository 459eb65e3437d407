import type { RuleConfig } from '../../access/rules/rules.ts'
import { buttonIcons } from '../../pages/button-icons.ts'
import type { ParameterValues, Provider } from '../../provider.ts'
import { weaknesses } from '../kinds/basic-auth.ts'
import type { ConfigProblem } from '../config-error.ts'
import { draftOf, type Draft } from './draft.ts'
import { flagOf, optionNames } from '../names.ts'
import type { OptionName, ProviderConfig } from '../options.ts'
import type { Resolved } from '../resolve.ts'
import { belongTogether, openKey } from '../kinds/pem.ts'
import type { Choices } from '../providers/settle.ts'

/** The settings of one provider, with its file and its parameters if they could be read. */
export interface ProviderDraft extends Draft {
  readonly provider: Provider | undefined
  readonly parameters: ParameterValues
}

/** What the choice of a provider asks of its other settings. */
export function checkProviderSettings (draft: ProviderDraft): void {
  for (const check of [needs, foreign, basic, key, secret, scopes, tls, tenants, roles, picture, advised]) check(draft)
}

/** `a|b` asks for one of the two: parameters of the provider, or settings. */
function needs ({ provider, parameters, missing, fail }: ProviderDraft): void {
  for (const need of provider?.requires ?? []) {
    const names = need.split('|')
    const options = optionNames.filter(option => names.includes(option))
    const own = names.filter(name => provider?.parameters[name] !== undefined)
    if (own.some(name => parameters[name] !== undefined) || !options.every(missing) || names.length === 0) continue
    const ways = [
      ...own.map(name => `--oauth-extra-params="{'${name}': '${provider?.parameters[name]?.example ?? ''}'}"`),
      ...options.map(option => `--${flagOf(option)}=${flagOf(option).endsWith('key') ? '…' : 'https://…'}`)
    ]
    const what = [...own, ...options.map(option => `--${flagOf(option)}`)]
    fail(own.length > 0 ? 'oauthExtraParams' : options.at(-1) ?? 'oauthProvider', `The provider ${provider?.name} needs ${what.join(' or ')}.`, `Add ${ways.join(', or ')}.`)
  }
}

/** What is not OAuth has no use for what is about OAuth alone. */
function foreign ({ provider, config: { oauthExtraParams = {} }, given, from, fail }: ProviderDraft): void {
  if (provider === undefined || isOAuth(provider)) return
  for (const option of ['oauthIssuer', 'oauthAuthorizeUrl', 'oauthTokenUrl', 'oauthUserUrl', 'oauthScope', 'emptyScopes', 'usePkce', 'authStyle', 'idTokenAttributeName', 'tlsClientCa', 'tlsClientCert', 'tlsClientKey', 'tlsSkipVerifyInsecure', 'teamsUrl', 'teamIdsAttributePath', ...provider.flow === 'basic' ? ['oauthKey', 'oauthSecret'] as const : []] as const) {
    if (given(option)) fail(option, `${from(option)} means nothing to the provider ${provider.name}, which is not OAuth.`, from(option).startsWith('--') ? 'Take it out.' : 'Unset it.')
  }
  const left = Object.keys(oauthExtraParams)
  if (left.length > 0) fail('oauthExtraParams', `The provider ${provider.name} has no parameter ${left.join(', ')}.`, `It has ${Object.keys(provider.parameters).join(', ') || 'none'}.`)
}

function isOAuth ({ flow }: Provider): boolean {
  return flow === 'code' || flow === 'password'
}

function basic ({ config: { basicAuth }, note }: ProviderDraft): void {
  for (const sentence of basicAuth === undefined ? [] : weaknesses(basicAuth)) note(sentence)
}

// This sentence and the next are Panel's.
function key ({ provider, config, missing, fail }: ProviderDraft): void {
  const isAsked = provider === undefined ? Object.hasOwn(config, 'basicAuth') : isOAuth(provider) // a password that was refused is not OAuth either
  if (isAsked && missing('oauthKey')) fail('oauthKey', 'When enabling an OAuth provider you must supply a valid oauth_key either using the --oauth-key CLI argument or PANEL_OAUTH_KEY environment variable.', 'Add --oauth-key (or --client-id), which the provider issued when the app was registered there.')
}

function secret ({ provider, config: { authStyle }, missing, fail }: ProviderDraft): void {
  if (provider === undefined || !isOAuth(provider) || authStyle === undefined || !missing('oauthSecret')) return
  const isSent = authStyle === 'auto' ? provider.secret === 'sent' : authStyle !== 'none'
  if (isSent) fail('oauthSecret', 'When enabling an OAuth provider you must supply a valid OAuth secret either using the --oauth-secret CLI argument or PANEL_OAUTH_SECRET environment variable.', 'Add --oauth-secret or, so that it is in no process list, --oauth-secret-file. A client without secret wants --auth-style=none.')
}

function scopes ({ config: { emptyScopes, oauthScope }, fail }: ProviderDraft): void {
  if (emptyScopes === true && oauthScope !== undefined) fail('emptyScopes', `--empty-scopes asks for no scope, and --oauth-scope for ${oauthScope.join(' ')}.`, 'Keep one of --empty-scopes and --oauth-scope.')
}

/** What would fail at each sign-in stops the start instead. */
function tls ({ config: { tlsClientCa, tlsClientCert, tlsClientKey, tlsSkipVerifyInsecure }, missing, fail, note }: ProviderDraft): void {
  if (tlsSkipVerifyInsecure === true && tlsClientCa !== undefined) note('--tls-client-ca means nothing with --tls-skip-verify-insecure: any certificate is accepted')
  if (tlsClientCert !== undefined && missing('tlsClientKey')) fail('tlsClientKey', '--tls-client-cert is given without --tls-client-key.', 'Add --tls-client-key, or leave out both.')
  if (tlsClientKey !== undefined && missing('tlsClientCert')) fail('tlsClientCert', '--tls-client-key is given without --tls-client-cert.', 'Add --tls-client-cert, or leave out both.')
  if (tlsClientKey === undefined) return
  const key = openKey(tlsClientKey, undefined)
  if (key === null) fail('tlsClientKey', '--tls-client-key has a passphrase, and nobody is there to type it.', 'Give a key without one, which only the gate may read: openssl pkey -in KEY -out NEW')
  else if (tlsClientCert !== undefined && !belongTogether(tlsClientCert, key)) fail('tlsClientKey', '--tls-client-key is not the key of the first certificate in --tls-client-cert.', 'Give the two that were made together; the client’s certificate comes first in its file.')
}

function tenants ({ provider, config: { allowedTenants }, fail }: ProviderDraft): void {
  if (allowedTenants === undefined || provider === undefined) return
  if (provider.manyTenants === undefined) fail('allowedTenants', `The provider ${provider.name} has no tenants, so --allowed-tenants would let nobody in.`, 'Take it out.')
  const odd = allowedTenants.find(tenant => !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(tenant))
  if (odd !== undefined) fail('allowedTenants', `--allowed-tenants has ${JSON.stringify(odd)}, which is no tenant’s id.`, 'Write “Directory (tenant) ID” of the Entra admin center: 00000000-0000-0000-0000-000000000000.')
}

function roles ({ config: { roleAttributePath, roleAttributeStrict }, missing, given, fail, note }: ProviderDraft): void {
  if (roleAttributePath !== undefined || !missing('roleAttributePath')) return
  if (roleAttributeStrict === true) fail('roleAttributeStrict', 'With --role-attribute-strict and without --role-attribute-path nobody would have a role.', 'Add --role-attribute-path, or take it out.')
  if (given('defaultRole')) note('--default-role means nothing without --role-attribute-path: nobody is given a role')
}

function picture ({ config: { icon }, note }: ProviderDraft): void {
  if (icon !== undefined && !buttonIcons.includes(icon)) note(`--icon=${icon} is no picture that the gate has: the button shows signin. It has ${buttonIcons.join(', ')}`)
}

function advised ({ provider, config: { oauthExtraParams }, note }: ProviderDraft): void {
  for (const [name, without] of Object.entries(provider?.advised ?? {})) {
    if (oauthExtraParams !== undefined && !Object.hasOwn(oauthExtraParams, name)) note(`${provider?.label}: ${without}`)
  }
}

/** What a stranger's tenant wrote is nobody's word: rules about addresses or groups would believe anybody. */
export function checkTenantRules (all: readonly ProviderConfig[], choices: Choices, problems: ConfigProblem[]): void {
  const lists = ['allowedDomains', 'allowedEmails', 'allowedEmailsFile', 'allowedGroups', 'allowedRoles', 'teamIds', 'allowedOrganizations'] as const
  const byGroup = ((choices.get('rules')?.value ?? []) as readonly RuleConfig[]).some(({ allow }) => typeof allow === 'object' && allow.groups !== undefined)
  for (const { provider, parameters, allowedTenants, entry = {} } of all) {
    const rule = lists.find(option => choices.get(option)?.value !== undefined || entry[option] !== undefined) ?? (byGroup ? 'rules' : undefined)
    if (rule === undefined || (provider as Provider | undefined)?.manyTenants?.(parameters) !== true || allowedTenants !== undefined) continue
    const words = { rules: 'groups', allowedGroups: 'groups', allowedRoles: 'roles', teamIds: 'teams', allowedOrganizations: 'organizations', allowedDomains: 'addresses', allowedEmails: 'addresses', allowedEmailsFile: 'addresses' }[rule]
    problems.push({
      setting: flagOf(rule), message: `${rule === 'rules' ? 'rules' : `--${flagOf(rule)}`} goes by ${words}, but with tenant ${parameters['tenant']} accounts of every tenant may come, and each tenant writes its own ${words}.`,
      fix: 'Set --oauth-extra-params="{\'tenant\': \'YOUR-TENANT-ID\'}", or name the tenants that you trust in --allowed-tenants.'
    })
  }
}

/** The same of settings that are not one provider's own; told and no more, since a lifted app brings them along. */
export function checkOAuthAlone (choices: Map<OptionName, Resolved>, all: readonly ProviderConfig[], problems: ConfigProblem[], notices: string[]): void {
  const { given, note } = draftOf(choices, problems, notices)
  const known = all.filter(({ provider }) => (provider as Provider | undefined) !== undefined)
  if (known.length === 0 || known.some(({ provider }) => isOAuth(provider))) return
  const names = known.map(({ id }) => id).join(' and ')
  for (const option of ['oauthRedirectUri', 'callbackPath', 'passRefreshToken'] as const) {
    if (given(option)) note(`--${flagOf(option)} means nothing here: ${names} ${known.length === 1 ? 'is' : 'are'} not OAuth, so nobody comes back from a provider, and there are no tokens`)
  }
}

/** A rule for a provider that is not there would never admit anybody. */
export function checkRules (all: readonly ProviderConfig[], choices: Choices, problems: ConfigProblem[]): void {
  const ids = all.map(({ id }) => id)
  for (const { path, allow } of (choices.get('rules')?.value ?? []) as readonly RuleConfig[]) {
    const unknown = typeof allow === 'object' ? allow.provider?.find(id => !ids.includes(id)) : undefined
    if (unknown !== undefined) problems.push({ setting: 'rules', message: `rules: the one for ${path} asks for the provider “${unknown}”, and there is none of that id.`, fix: `There is ${ids.filter(id => id !== '').join(', ')}.` })
  }
}

/** A login name is a person only together with its provider; an app that is told the name alone would take two people for one. */
export function checkTogether (all: readonly ProviderConfig[], choices: Choices, problems: ConfigProblem[]): void {
  const isVouched = choices.get('allowUnverifiedEmail')?.value !== true
  const known = all.filter(({ provider }) => (provider as Provider | undefined) !== undefined)
  const prefixes = known.map(({ userPrefix = '' }) => userPrefix)
  const alike = known.find(({ label }, index) => known.findIndex(other => other.label === label) < index)
  if (alike !== undefined) problems.push({ setting: 'providers', message: `Provider ${alike.id}: another has the same label, “${alike.label}”, so nobody can tell the buttons apart.`, fix: 'Give each a label of its own.' })
  for (const { id, provider, userPrefix = '', oauthJwtUser, userKey } of known) {
    const key = oauthJwtUser ?? userKey ?? provider.userKey
    const others = prefixes.filter(prefix => prefix.startsWith(userPrefix) || userPrefix.startsWith(prefix)).length - 1
    if (others === 0 || (isVouched && key === 'email' && namesByEmail(provider, oauthJwtUser ?? userKey))) continue
    problems.push({
      setting: 'providers', message: `Provider ${id}: its users have names that another provider may give to somebody else, and the app would take them for one person.`,
      fix: `Give it ${isVouched && isOAuth(provider) ? 'oauth_jwt_user: email, or ' : ''}a prefix of its own, like user_prefix: '${id}:'${isVouched ? '' : ', or take out --allow-unverified-email, by which anybody has any address'}.`
    })
  }
}

/** A file that says who the user is does so by a name of its own, unless a setting asks for the address. */
function namesByEmail (provider: Provider, chosen: string | undefined): boolean {
  return chosen === 'email' || provider.namesUser !== true
}
