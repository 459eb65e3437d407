/** Where the gate's own endpoints are: paths, to be put after the origin. */
export interface OwnUrls {
  /** `/oauth2`: everything below it is the gate's. */
  readonly proxyPrefix: string
  readonly callback: string
  readonly signOut: string
  /** Shows who is signed in, or how to sign in. */
  signIn (returnTo?: string, options?: { readonly selectAccount?: boolean }): string
  /** Begins a login that ends at `returnTo`. */
  start (returnTo?: string, options?: { readonly selectAccount?: boolean }): string
}

/** @param proxyPrefix an absolute path without a trailing slash */
export function createOwnUrls (proxyPrefix: string): OwnUrls {
  const query = (returnTo: string, selectAccount: boolean) => `${selectAccount ? 'prompt=select_account&' : ''}rd=${encodeURIComponent(returnTo)}`
  return {
    proxyPrefix,
    callback: `${proxyPrefix}/callback`,
    signOut: `${proxyPrefix}/sign_out`,
    signIn: (returnTo = '/', { selectAccount = false } = {}) => `${proxyPrefix}/sign_in?${query(returnTo, selectAccount)}`,
    start: (returnTo = '/', { selectAccount = false } = {}) => `${proxyPrefix}/start?${query(returnTo, selectAccount)}`
  }
}
