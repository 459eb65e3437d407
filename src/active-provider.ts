import type { Config, ProviderConfig } from './config/options.ts'
import { identify } from './identity/identify.ts'
import { mappingOf, namesGroups } from './identity/mapping.ts'
import { createOAuthClient, type OAuthClientOptions } from './oauth/client.ts'
import { createProviderFetch } from './oauth/http.ts'
import type { Outside } from './outside.ts'
import type { ActiveProvider } from './routes/login-flow.ts'

const PROVIDER_TIMEOUT = 10_000

/** Puts one provider of the settings to work. @param onFailure told of what did not end a sign-in */
export function activate (settings: ProviderConfig, config: Config, outside: Outside, onFailure: (error: unknown) => void): ActiveProvider {
  const { id, label, provider, parameters, userPrefix } = settings
  const context = { parameters, allowedTenants: (settings.allowedTenants ?? []).map(tenant => tenant.toLowerCase()) }
  const mapping = mappingOf(settings)
  return {
    id, label,
    icon: settings.icon,
    flow: provider.flow,
    ...provider.handler !== undefined && { handler: { run: provider.handler, parameters, key: settings.oauthKey, secret: settings.oauthSecret } },
    client: createOAuthClient({ ...clientOptions(settings, config, outside), onFailure }),
    namesGroups: ({ sources, documents = [sources.claims] }) => mapping?.groupsPath === undefined ? provider.identity(sources, context).groups !== undefined : namesGroups(mapping.groupsPath, documents),
    identify: ({ sources, documents }) => identify(provider, sources, {
      ...context, documents, ...mapping !== undefined && { mapping }, userPrefix, providerName: id, userKey: settings.oauthJwtUser ?? settings.userKey, allowUnverifiedEmail: config.allowUnverifiedEmail
    })
  }
}

/** What a client of the provider is made of; `check --live` asks the same provider by the same settings. */
export function clientOptions (settings: ProviderConfig, config: Config, outside: Outside): OAuthClientOptions {
  const { provider, parameters } = settings
  return {
    provider, parameters, outside,
    clientId: settings.oauthKey as string, // loadConfig refuses to go on without one
    clientSecret: settings.oauthSecret,
    authStyle: settings.authStyle,
    usePkce: settings.usePkce,
    scopes: settings.oauthScope ?? [...provider.scopes, ...asksForGroups(config, settings) ? provider.groupScopes ?? [] : []],
    extraParams: settings.oauthExtraParams,
    issuer: settings.oauthIssuer,
    authorizeUrl: settings.oauthAuthorizeUrl,
    tokenUrl: settings.oauthTokenUrl,
    userUrl: settings.oauthUserUrl,
    fetch: createProviderFetch({ timeout: PROVIDER_TIMEOUT })
  }
}

function asksForGroups ({ allowedGroups, rules }: Config, own: ProviderConfig): boolean {
  return allowedGroups !== undefined || own.entry?.allowedGroups !== undefined || rules.some(({ allow }) => typeof allow === 'object' && allow.groups !== undefined)
}
