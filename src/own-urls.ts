/** Where the gate's own endpoints are: paths, to be put after the origin. */
export interface OwnUrls {
  /** `/oauth2`: everything below it is the gate's. */
  readonly proxyPrefix: string
  readonly callback: string
  readonly signOut: string
  /** Shows who is signed in, or how to sign in. */
  signIn (returnTo?: string): string
  /** Begins a login that ends at `returnTo`. */
  start (returnTo?: string, options?: { readonly selectAccount?: boolean }): string
}

/** @param proxyPrefix an absolute path without a trailing slash */
export function createOwnUrls (proxyPrefix: string): OwnUrls {
  const back = (returnTo: string) => `rd=${encodeURIComponent(returnTo)}`
  return {
    proxyPrefix,
    callback: `${proxyPrefix}/callback`,
    signOut: `${proxyPrefix}/sign_out`,
    signIn: (returnTo = '/') => `${proxyPrefix}/sign_in?${back(returnTo)}`,
    start: (returnTo = '/', { selectAccount = false } = {}) => `${proxyPrefix}/start?${selectAccount ? 'prompt=select_account&' : ''}${back(returnTo)}`
  }
}
