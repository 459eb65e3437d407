import { ProviderAnswerInvalid } from '../errors.ts'
import type { Outside } from '../outside.ts'
import { placesOf } from '../provider-places.ts'
import type { ParameterValues, Provider, Resource } from '../provider.ts'
import { createDiscovery, type Metadata } from './discovery.ts'
import type { ProviderFetch } from './http.ts'

/** Where the provider is, after settings, discovery and the provider's file have had their say, in this order. */
export interface Endpoints {
  /** `{tid}` in it stands for that claim of the id_token. */
  readonly issuer?: string | undefined
  readonly authorize?: string | undefined
  readonly token?: string | undefined
  readonly user?: string | undefined
  /** The user URL is discovery's own, so it keeps OpenID Connect Core §5.3 to the letter. */
  readonly userIsDiscovered: boolean
  readonly jwks?: string | undefined
  readonly authMethods?: readonly string[] | undefined
  readonly prompts?: readonly string[] | undefined
  readonly offeredScopes?: readonly string[] | undefined
  readonly algorithms?: readonly string[] | undefined
  readonly promisesIss: boolean
  /** Where the provider signs people out, and where it revokes tokens: never another server than the one that gave them. */
  readonly logout?: string | undefined
  readonly revocation?: string | undefined
  readonly revocationAuthMethods?: readonly string[] | undefined
  readonly tellsLogouts?: boolean | undefined
  /** What the provider's file wants read beside the userinfo. */
  readonly resources: Readonly<Record<string, Resource>>
}

export interface EndpointsOptions {
  readonly provider: Pick<Provider, 'endpoints' | 'resources'>
  /** The provider's own parameters; none unless given. */
  readonly parameters?: ParameterValues
  readonly scopes: readonly string[]
  readonly issuer?: string | undefined
  readonly authorizeUrl?: string | undefined
  readonly tokenUrl?: string | undefined
  readonly userUrl?: string | undefined
  readonly logoutUrl?: string | undefined
  readonly fetch: ProviderFetch
  readonly outside: Outside
  readonly onFailure?: ((error: unknown) => void) | undefined
}

/** @returns a function that asks discovery at its first call, and never without an issuer */
export function createEndpoints (options: EndpointsOptions): () => Promise<Endpoints> {
  const places = knownPlaces(options)
  const { issuer, isDiscovered } = places
  if (issuer === undefined || !isDiscovered) {
    const fixed = combine(options, places, { promisesIss: false })
    return () => Promise.resolve(fixed)
  }
  const { fetch, outside, onFailure } = options
  const discovery = createDiscovery({ issuer, fetch, outside, onFailure })
  return async () => combine(options, places, await discovery.get())
}

/** The issuer whose discovery document is read, by a setting or by the provider's file; absent where none is. */
export function discoveredIssuer (options: EndpointsOptions): string | undefined {
  const { issuer, isDiscovered } = knownPlaces(options)
  return isDiscovered ? issuer : undefined
}

/** Whose answers they are, as far as that is known before discovery. */
export function knownIssuer (options: EndpointsOptions): string | undefined {
  return knownPlaces(options).issuer
}

/** @throws {ProviderAnswerInvalid} neither a setting nor discovery nor the provider's file names the endpoint */
export function need (url: string | undefined, name: string, flag: string): string {
  if (url === undefined) throw new ProviderAnswerInvalid(`no ${name} is known: the discovery document, if there is one, names none; set ${flag}`)
  return url
}

type Places = ReturnType<typeof placesOf> & { readonly issuer: string | undefined, readonly isDiscovered: boolean }

/**
 * Whose tokens they are: the issuer that a setting names, else the file's own. A token endpoint that a setting puts on another
 * server has an issuer and keys of its own, which nobody told us; and the file's other documents must not be asked with its tokens.
 */
function knownPlaces ({ provider, parameters = {}, scopes, ...settings }: EndpointsOptions): Places {
  const { endpoints, resources } = placesOf(provider, parameters, scopes)
  const { jwks, issuer, authorize, token } = endpoints
  const rest = { ...authorize !== undefined && { authorize }, ...token !== undefined && { token } }
  const isMoved = movedFrom(settings.tokenUrl, endpoints.token) || movedFrom(settings.userUrl, resources['user']?.url)
  const readable = isMoved ? besides(resources, [settings.userUrl, settings.tokenUrl]) : resources
  if (settings.issuer !== undefined) return { endpoints: rest, resources: readable, issuer: settings.issuer, isDiscovered: true }
  if (movedFrom(settings.tokenUrl, endpoints.token)) return { endpoints: rest, resources: readable, issuer: undefined, isDiscovered: false }
  return { endpoints, resources: readable, issuer, isDiscovered: issuer !== undefined && jwks === undefined }
}

function movedFrom (setting: string | undefined, known: string | undefined): boolean {
  return setting !== undefined && known !== undefined && new URL(setting).origin !== new URL(known).origin
}

/** The documents that are on a server which has to do with the token. */
function besides (resources: Places['resources'], servers: readonly (string | undefined)[]): Places['resources'] {
  return Object.fromEntries(Object.entries(resources).filter(([, { url }]) => servers.some(server => server !== undefined && !movedFrom(server, url))))
}

function combine (settings: EndpointsOptions, { endpoints, resources: known, issuer }: Places, found: Metadata): Endpoints {
  // An issuer that a setting names elsewhere moves the token endpoint too, as only its discovery document tells.
  const { user, ...resources } = movedFrom(settings.tokenUrl ?? found.token, endpoints.token) ? besides(known, [settings.userUrl, settings.tokenUrl ?? found.token]) : known
  return {
    issuer,
    authorize: settings.authorizeUrl ?? found.authorize ?? endpoints.authorize,
    token: settings.tokenUrl ?? found.token ?? endpoints.token,
    user: settings.userUrl ?? found.user ?? user?.url,
    userIsDiscovered: settings.userUrl === undefined && found.user !== undefined,
    jwks: found.jwks ?? endpoints.jwks,
    authMethods: found.authMethods,
    prompts: found.prompts,
    offeredScopes: found.scopes,
    algorithms: found.algorithms,
    promisesIss: found.promisesIss,
    logout: settings.logoutUrl ?? found.logout ?? endpoints.logout,
    revocation: movedFrom(settings.tokenUrl, found.token ?? endpoints.token ?? found.revocation) ? undefined : found.revocation ?? endpoints.revocation,
    revocationAuthMethods: found.revocationAuthMethods,
    tellsLogouts: found.tellsLogouts,
    resources
  }
}
