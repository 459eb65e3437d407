import type { Config, ProviderConfig } from './config/options.ts'
import { createIdentifier, type Identifier } from './identity/identifier.ts'
import { createOAuthClient, type OAuthClientOptions } from './oauth/client.ts'
import { createProviderFetch } from './oauth/http.ts'
import type { Outside } from './outside.ts'
import type { ActiveProvider } from './routes/login-flow.ts'

const PROVIDER_TIMEOUT = 10_000

/** Puts one provider of the settings to work. @param onFailure told of what did not end a sign-in */
export function activate (settings: ProviderConfig, config: Config, outside: Outside, onFailure: (error: unknown) => void): ActiveProvider {
  const { id, label, provider, parameters } = settings
  const client = createOAuthClient({ ...clientOptions(settings, config, outside), onFailure })
  const { wants, identify, namesGroups } = identifierOf(settings, config)
  return {
    id, label, client, identify, namesGroups,
    icon: settings.icon,
    flow: provider.flow,
    ...provider.handler !== undefined && { handler: { run: provider.handler, parameters, key: settings.oauthKey, secret: settings.oauthSecret } },
    async learn (signIn) {
      const read = Object.entries(wants(signIn)).map(async ([name, resource]) => [name, await client.readMore(resource, signIn.tokens)] as const)
      return { ...signIn, more: Object.fromEntries(await Promise.all(read)) }
    }
  }
}

/** Who the people of one provider are; `explain` asks the same. */
export function identifierOf (settings: ProviderConfig, config: Config): Identifier {
  const needs = (option: 'teamIds' | 'allowedOrganizations') => config[option] !== undefined || settings.entry?.[option] !== undefined
  return createIdentifier(settings, { allowUnverifiedEmail: config.allowUnverifiedEmail, teams: needs('teamIds'), organizations: needs('allowedOrganizations') })
}

/** What a client of the provider is made of; `check --live` asks the same provider by the same settings. */
export function clientOptions (settings: ProviderConfig, config: Config, outside: Outside): OAuthClientOptions {
  const { provider, parameters } = settings
  const { refresh = {} } = config.oauthRefreshTokens ? provider : {}
  return {
    provider, parameters, outside,
    clientId: settings.oauthKey as string, // loadConfig refuses to go on without one
    clientSecret: settings.oauthSecret,
    authStyle: settings.authStyle,
    usePkce: settings.usePkce,
    scopes: settings.emptyScopes ? [] : settings.oauthScope ?? [...provider.scopes, ...asksForGroups(config, settings) ? provider.groupScopes ?? [] : []],
    ...settings.oauthScope === undefined && !settings.emptyScopes && { wishedScopes: refresh.scopes ?? [] },
    extraParams: { ...refresh.params, ...settings.oauthExtraParams },
    issuer: settings.oauthIssuer,
    authorizeUrl: settings.oauthAuthorizeUrl,
    tokenUrl: settings.oauthTokenUrl,
    userUrl: settings.oauthUserUrl,
    idTokenName: settings.idTokenAttributeName,
    fetch: createProviderFetch({ timeout: PROVIDER_TIMEOUT, tls: { ca: settings.tlsClientCa, cert: settings.tlsClientCert, key: settings.tlsClientKey, skipVerify: settings.tlsSkipVerifyInsecure } })
  }
}

function asksForGroups ({ rules, ...lists }: Config, { entry = {} }: ProviderConfig): boolean {
  return [lists, entry].some(list => [list.allowedGroups, list.teamIds, list.allowedOrganizations].some(names => names !== undefined)) || rules.some(({ allow }) => typeof allow === 'object' && allow.groups !== undefined)
}
