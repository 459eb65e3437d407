import { Claims } from './claims.ts'
import type { Config, ProviderConfig } from './config/options.ts'
import { scopesOf } from './config/providers/scopes.ts'
import { createIdentifier, type Identifier } from './identity/identifier.ts'
import { createOAuthClient, type OAuthClientOptions, type SignIn } from './oauth/client.ts'
import { createProviderFetch } from './oauth/http.ts'
import type { Outside } from './outside.ts'
import { createPeople, type People, type PeopleOptions } from './passwords/people.ts'
import type { ActiveProvider, Confirmed } from './routes/providers.ts'

const PROVIDER_TIMEOUT = 10_000

export interface ActivateOptions {
  readonly outside: Outside
  /** For people whom the gate itself knows. */
  readonly people: PeopleOptions
  /** Told of what did not end a sign-in. */
  readonly onFailure: (error: unknown) => void
}

/** Puts one provider of the settings to work. */
export function activate (settings: ProviderConfig, config: Config, { outside, onFailure, ...options }: ActivateOptions): ActiveProvider {
  const { id, label, provider, parameters, basicAuth } = settings
  const people = basicAuth === undefined ? undefined : createPeople(basicAuth, options.people)
  const client = createOAuthClient({ ...clientOptions(settings, config, outside), onFailure })
  const { wants, identify, namesGroups } = identifierOf(settings, config)
  return {
    id, label, client, identify, namesGroups,
    icon: settings.icon,
    flow: provider.flow,
    ...provider.handler !== undefined && { handler: { run: provider.handler, parameters, key: settings.oauthKey, secret: settings.oauthSecret } },
    learn,
    ...provider.flow === 'password' && { askPassword: async (name, password, { redirectUri }) => await learn(await client.signInWithPassword(name, password, redirectUri)) },
    ...people !== undefined && { people, askPassword: async (name, password, { network }) => saidOf(await people.signIn(name, password, network)) }
  }

  async function learn (signIn: SignIn): Promise<SignIn> {
    const read = Object.entries(wants(signIn)).map(async ([name, resource]) => [name, await client.readMore(resource, signIn.tokens)] as const)
    return { ...signIn, more: Object.fromEntries(await Promise.all(read)) }
  }
}

/** Of whom we know but the name. */
function saidOf ({ name, mark }: Awaited<ReturnType<People['signIn']>>): Confirmed {
  return { sources: { claims: new Claims({ subject: name, user: name, login: name }) }, mark }
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
    scopes: scopesOf(settings, config),
    ...settings.oauthScope === undefined && !settings.emptyScopes && { wishedScopes: refresh.scopes ?? [] },
    extraParams: { ...refresh.params, ...settings.oauthExtraParams },
    issuer: settings.oauthIssuer,
    authorizeUrl: settings.oauthAuthorizeUrl,
    tokenUrl: settings.oauthTokenUrl,
    userUrl: settings.oauthUserUrl,
    logoutUrl: settings.oauthLogoutUrl,
    idTokenName: settings.idTokenAttributeName,
    fetch: createProviderFetch({ timeout: PROVIDER_TIMEOUT, tls: { ca: settings.tlsClientCa, cert: settings.tlsClientCert, key: settings.tlsClientKey, skipVerify: settings.tlsSkipVerifyInsecure } })
  }
}
