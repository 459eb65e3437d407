import { ProviderAnswerInvalid } from '../errors.ts'
import type { Outside } from '../outside.ts'
import type { Provider } from '../provider.ts'
import { createDiscovery, type Metadata } from './discovery.ts'
import { isSafeUrl, type ProviderFetch } from './http.ts'

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
  readonly provider: Pick<Provider, 'endpoints'>
  readonly issuer?: string | undefined
  readonly authorizeUrl?: string | undefined
  readonly tokenUrl?: string | undefined
  readonly userUrl?: string | undefined
  readonly fetch: ProviderFetch
  readonly outside: Outside
  readonly onFailure?: ((error: unknown) => void) | undefined
}

const SETTINGS = { issuer: '--oauth-issuer', authorizeUrl: '--oauth-authorize-url', tokenUrl: '--oauth-token-url', userUrl: '--oauth-user-url' } as const

/**
 * @returns a function that asks discovery at its first call, and never without an issuer
 * @throws {TypeError} a URL that cannot be used, by the name of its setting
 */
export function createEndpoints (options: EndpointsOptions): () => Promise<Endpoints> {
  const { provider, issuer, fetch, outside, onFailure } = options
  for (const [key, flag] of Object.entries(SETTINGS)) checkSetting(flag, options[key as keyof typeof SETTINGS])
  if (issuer === undefined) {
    const fixed = combine(options, provider, { promisesIss: false })
    return () => Promise.resolve(fixed)
  }
  const discovery = createDiscovery({ issuer, fetch, outside, onFailure })
  return async () => combine(options, provider, await discovery.get())
}

/** @throws {ProviderAnswerInvalid} neither a setting nor discovery names the endpoint */
export function need (url: string | undefined, name: string, flag: string): string {
  if (url === undefined) throw new ProviderAnswerInvalid(`the discovery document names no ${name}; set ${flag}`)
  return url
}

function combine (settings: EndpointsOptions, { endpoints = {} }: Pick<Provider, 'endpoints'>, found: Metadata): Endpoints {
  return {
    issuer: settings.issuer,
    authorize: settings.authorizeUrl ?? found.authorize ?? endpoints.authorize,
    token: settings.tokenUrl ?? found.token ?? endpoints.token,
    user: settings.userUrl ?? found.user ?? endpoints.user,
    userIsDiscovered: settings.userUrl === undefined && found.user !== undefined,
    jwks: found.jwks,
    authMethods: found.authMethods,
    promisesIss: found.promisesIss
  }
}

function checkSetting (flag: string, url: string | undefined): void {
  if (url === undefined) return
  if (!isSafeUrl(url)) throw new TypeError(`${flag} must be an https URL; http is for loopback addresses only`)
  const { hash, search, username, password } = new URL(url)
  if (username !== '' || password !== '') throw new TypeError(`${flag} must not hold a user name or password`)
  if (hash !== '') throw new TypeError(`${flag} must not have a fragment (RFC 6749 §3.1)`)
  if (flag === SETTINGS.issuer && search !== '') throw new TypeError(`${flag} must not have a query (OpenID Connect Discovery §3)`)
}
