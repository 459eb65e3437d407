import { ProviderAnswerInvalid } from '../errors.ts'
import type { Outside } from '../outside.ts'
import type { Provider } from '../provider.ts'
import { createDiscovery, type Metadata } from './discovery.ts'
import type { ProviderFetch } from './http.ts'

/** Where the provider is, after settings, discovery and the provider's file have had their say, in this order. */
export interface Endpoints {
  readonly issuer?: string | undefined
  readonly authorize?: string | undefined
  readonly token?: string | undefined
  readonly user?: string | undefined
  /** The user URL is discovery's own, so it keeps OpenID Connect Core §5.3 to the letter. */
  readonly userIsDiscovered: boolean
  readonly jwks?: string | undefined
  readonly authMethods?: readonly string[] | undefined
  readonly promisesIss: boolean
}

export interface EndpointsOptions {
  readonly provider: Pick<Provider, 'endpoints' | 'resources'>
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
  const { provider, issuer, fetch, outside, onFailure } = options
  if (issuer === undefined) {
    const fixed = combine(options, provider, { promisesIss: false })
    return () => Promise.resolve(fixed)
  }
  const discovery = createDiscovery({ issuer, fetch, outside, onFailure })
  return async () => combine(options, provider, await discovery.get())
}

/** @throws {ProviderAnswerInvalid} neither a setting nor discovery nor the provider's file names the endpoint */
export function need (url: string | undefined, name: string, flag: string): string {
  if (url === undefined) throw new ProviderAnswerInvalid(`no ${name} is known: the discovery document, if there is one, names none; set ${flag}`)
  return url
}

function combine (settings: EndpointsOptions, { endpoints = {}, resources = {} }: EndpointsOptions['provider'], found: Metadata): Endpoints {
  return {
    issuer: settings.issuer,
    authorize: settings.authorizeUrl ?? found.authorize ?? endpoints.authorize,
    token: settings.tokenUrl ?? found.token ?? endpoints.token,
    user: settings.userUrl ?? found.user ?? resources.user,
    userIsDiscovered: settings.userUrl === undefined && found.user !== undefined,
    jwks: found.jwks,
    authMethods: found.authMethods,
    promisesIss: found.promisesIss
  }
}
