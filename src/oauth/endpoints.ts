import { ProviderAnswerInvalid } from '../errors.ts'
import type { Outside } from '../outside.ts'
import { placesOf, type ParameterValues, type Provider, type Resource } from '../provider.ts'
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
  readonly promisesIss: boolean
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

/** @throws {ProviderAnswerInvalid} neither a setting nor discovery nor the provider's file names the endpoint */
export function need (url: string | undefined, name: string, flag: string): string {
  if (url === undefined) throw new ProviderAnswerInvalid(`no ${name} is known: the discovery document, if there is one, names none; set ${flag}`)
  return url
}

type Places = ReturnType<typeof placesOf> & { readonly issuer: string | undefined, readonly isDiscovered: boolean }

/**
 * Whose tokens they are: the issuer that a setting names, else the file's own. A token endpoint that a setting puts on another
 * server has an issuer and keys of its own, which nobody told us.
 */
function knownPlaces ({ provider, parameters = {}, scopes, issuer, tokenUrl }: EndpointsOptions): Places {
  const { endpoints, resources } = placesOf(provider, parameters, scopes)
  const { jwks, ...withoutKeys } = endpoints
  if (issuer !== undefined) return { endpoints: withoutKeys, resources, issuer, isDiscovered: true }
  const moved = tokenUrl !== undefined && endpoints.token !== undefined && new URL(tokenUrl).origin !== new URL(endpoints.token).origin
  if (moved) return { endpoints: withoutKeys, resources, issuer: undefined, isDiscovered: false }
  return { endpoints, resources, issuer: endpoints.issuer, isDiscovered: endpoints.issuer !== undefined && jwks === undefined }
}

function combine (settings: EndpointsOptions, { endpoints, resources: { user, ...resources }, issuer }: Places, found: Metadata): Endpoints {
  return {
    issuer,
    authorize: settings.authorizeUrl ?? found.authorize ?? endpoints.authorize,
    token: settings.tokenUrl ?? found.token ?? endpoints.token,
    user: settings.userUrl ?? found.user ?? user?.url,
    userIsDiscovered: settings.userUrl === undefined && found.user !== undefined,
    jwks: found.jwks ?? endpoints.jwks,
    authMethods: found.authMethods,
    promisesIss: found.promisesIss,
    resources
  }
}
