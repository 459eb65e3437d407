import { createOwnUrls, ownRoutes, type OwnPaths } from '../../own-urls.ts'
import type { Draft } from './draft.ts'
import { flagOf } from '../names.ts'
import type { OptionName, Values } from '../options.ts'
import { covers } from '../kinds/plain-path.ts'

/** Where the gate's own pages are: none may be in another's place, and the cookies must reach them. */
export const pathChecks: readonly ((draft: Draft) => void)[] = [cookiePath, ownPaths, redirectUri]

/** Without their cookie, `sign_out` could not end a session and `sign_in` would not know one. */
function cookiePath ({ config, given, note, fail, change }: Draft): void {
  const { cookiePath } = config
  const paths = ownPathsIn(config)
  if (cookiePath === undefined || paths === undefined) return
  const urls = createOwnUrls(paths)
  const seen = urls.outward(urls.routes.base)
  if (covers(cookiePath, seen)) return
  const above = urls.home.slice(0, -1)
  // Not every path of a cookie can be one of a route.
  if (given('proxyPrefix') || !covers(above === '' ? '/' : above, cookiePath) || /[:*]/.test(cookiePath)) return fail('cookiePath', `--cookie-path=${cookiePath} keeps the session from ${seen}, where people sign out.`, `Set --cookie-path to ${above === '' ? '/' : above}, or to a path that ${seen} is below.`)
  const moved = cookiePath.slice(above.length) + paths.proxyPrefix
  change('proxyPrefix', moved)
  note(`the gate’s own pages are at ${above}${moved}, because --cookie-path=${cookiePath} would keep the session from ${seen}`)
}

function ownPaths ({ config, fail }: Draft): void {
  const paths = ownPathsIn(config)
  if (paths === undefined) return
  const { base } = ownRoutes(paths)
  const below = (path: string | undefined): string | undefined => path === undefined || config.prefix === undefined || config.prefix === '/' ? path : config.prefix + path
  const single: readonly (readonly [OptionName, string | undefined])[] = [['pingPath', config.pingPath], ['readyPath', config.readyPath], ['loginEndpoint', below(config.loginEndpoint)], ['logoutEndpoint', below(config.logoutEndpoint)], ['callbackPath', below(config.callbackPath)]]
  for (const [index, [option, path]] of single.entries()) {
    if (path === undefined) continue
    if (covers(base, path)) fail(option, `--${flagOf(option)}=${path} lies below --proxy-prefix=${base}.`, 'Choose a path outside of it.')
    const other = single.slice(0, index).find(([, before]) => before === path)
    if (other !== undefined) fail(option, `--${flagOf(other[0])} and --${flagOf(option)} are both ${path}.`, 'Give each its own.')
  }
}

function redirectUri ({ config, fail, note }: Draft): void {
  const { oauthRedirectUri, publicUrl, pingPath, readyPath, rootPath = '/', logoutEndpoint } = config
  const paths = ownPathsIn(config)
  if (oauthRedirectUri === undefined || paths === undefined) return
  const { pathname, host } = new URL(oauthRedirectUri)
  const { base, callback, redirect, aliases } = ownRoutes(paths)
  const isSignOut = logoutEndpoint !== undefined && aliases.get(redirect)?.endsWith('/sign_out') === true
  if (redirect === pingPath || redirect === readyPath || isSignOut || (covers(base, redirect) && redirect !== callback)) fail('oauthRedirectUri', `The path ${pathname} of --oauth-redirect-uri belongs to the gate, for something else.`, `Use the origin alone, or ${createOwnUrls(paths).outward(callback)}.`)
  if (!covers(rootPath, pathname)) note(`--oauth-redirect-uri has the path ${pathname}, which is not below --root-path=${rootPath}: sign-ins end there only if that path reaches the gate as it is`)
  if (publicUrl !== undefined && publicUrl.host !== host) note(`--oauth-redirect-uri leads to ${host}, but people come to ${publicUrl.host}: sign-ins end there only if another gate answers there that shares cookies and keys, or a rule names that host`)
}

function ownPathsIn ({ proxyPrefix, prefix, rootPath, loginEndpoint, logoutEndpoint, oauthRedirectUri, callbackPath }: Partial<Values>): OwnPaths | undefined {
  return proxyPrefix === undefined ? undefined : { proxyPrefix, prefix, rootPath, loginEndpoint, logoutEndpoint, oauthRedirectUri, callbackPath }
}
