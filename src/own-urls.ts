/** The settings that say where the gate's own pages are: absolute paths without a trailing slash, `/` for none. */
export interface OwnPaths {
  readonly proxyPrefix: string
  /** What all of it, and the app, is below. */
  readonly prefix?: string | undefined
  /** What a proxy in front takes off each path, so that only browsers know it. */
  readonly rootPath?: string | undefined
  readonly loginEndpoint?: string | undefined
  readonly logoutEndpoint?: string | undefined
  readonly oauthRedirectUri?: string | undefined
  /** Where providers send people back to below the app, where no redirect URI is set; and where a sign-in begins. */
  readonly callbackPath?: string | undefined
  /** Whether providers send people back to the callback itself, where no redirect URI is set. */
  readonly returnToCallback?: boolean
}

/** Below which path the gate's own endpoints are, as requests have it. */
export interface OwnRoutes {
  /** `/oauth2`: everything below it is the gate's. */
  readonly base: string
  readonly callback: string
  /** The redirect URI's path, which the app may use too; a slash at its end makes no difference. */
  readonly redirect: string
  /** `callbackPath` as requests have it. */
  readonly door: string | undefined
  /** Panel's names for two of them, where they were asked for: from that path to the route's. */
  readonly aliases: ReadonlyMap<string, string>
}

export interface SignInOptions {
  readonly selectAccount?: boolean
  /** Where a person was asked first, which is no loop. */
  readonly uncounted?: boolean
  /** The login before came back without its cookie. */
  readonly restarted?: boolean
  /** One of several, by its id. */
  readonly provider?: string | undefined
}

/** Where the gate's own endpoints are: paths as browsers have them, to be put after the origin. */
export interface OwnUrls {
  readonly routes: OwnRoutes
  /** Where people go who wanted nothing else: `/`, or what the app is below. */
  readonly home: string
  readonly signOut: string
  /** The same, with where it leads. */
  signOutTo (returnTo: string): string
  readonly logo: string
  /** What a provider tells of sign-outs. */
  readonly backchannel: string
  /** What the password form is sent to. */
  readonly form: string
  /** Shows who is signed in, or how to sign in. */
  signIn (returnTo?: string, options?: SignInOptions): string
  /** Begins a login that ends at `returnTo`. */
  start (returnTo?: string, options?: SignInOptions): string
  /** The same for a link that a person sees: by the name that was asked for, where one was. */
  login (returnTo?: string): string
  /** The pages that a provider of its own kind has below the gate's; @param path with a slash in front, or empty */
  handler (id: string, path: string, state: string): string
  /** Where a page that tries again by itself leads those who want it to stop. */
  pause (returnTo: string): string
  /** What is to be registered at the provider where no redirect URI is set; @param origin `scheme://host` */
  redirectUri (origin: string): string
  /** A path as requests have it → as browsers have it. */
  outward (target: string): string
  /** And back. What is not below the root path stays as it is, and so does an address of another site: no browser of ours has written it. */
  inward (target: string): string
  /** Where to end, when `asked` was found safe as `safe`: below the root path once, home where nothing was asked for, another site as it is. */
  landing (safe: string, asked: unknown): string
}

export function createOwnUrls (paths: OwnPaths): OwnUrls {
  const root = bare(paths.rootPath)
  const routes = ownRoutes(paths)
  const home = `${root}${bare(paths.prefix)}/`
  // To a browser //host is another host, and /\host too (WHATWG URL Standard §4.4); /. is nothing, and makes either a path again.
  const outward = (target: string) => (root === '' && /^\/[/\\]/.test(target) ? '/.' : root) + target
  const query = (returnTo: string, { selectAccount = false, uncounted = false, restarted = false, provider }: SignInOptions) =>
    `${provider === undefined ? '' : `provider=${encodeURIComponent(provider)}&`}${selectAccount ? 'prompt=select_account&' : uncounted ? 'prompt=again&' : ''}${restarted ? 'restarted=1&' : ''}rd=${encodeURIComponent(returnTo)}`
  const start = (returnTo = home, options: SignInOptions = {}) => outward(`${routes.base}/start?${query(returnTo, options)}`)
  return {
    routes, home, outward, start,
    signOut: outward(`${routes.base}/sign_out`),
    signOutTo: returnTo => outward(`${routes.base}/sign_out${returnTo === home ? '' : `?rd=${encodeURIComponent(returnTo)}`}`),
    logo: outward(`${routes.base}/logo`),
    backchannel: outward(`${routes.base}/backchannel-logout`),
    form: outward(`${routes.base}/sign_in`),
    signIn: (returnTo = home, options = {}) => outward(`${routes.base}/sign_in?${query(returnTo, options)}`),
    login: (returnTo = home) => paths.loginEndpoint === undefined ? start(returnTo) : outward(`${bare(paths.prefix)}${paths.loginEndpoint}?next=${encodeURIComponent(returnTo)}`),
    handler: (id, path, state) => outward(`${routes.base}/with/${id}${path}${path.includes('?') ? '&' : '?'}state=${state}`),
    pause: returnTo => outward(`${routes.base}/pause?rd=${encodeURIComponent(returnTo)}`),
    redirectUri: origin => origin + root + (routes.door ?? (paths.returnToCallback === true ? routes.callback : bare(paths.prefix))),
    inward: target => target.startsWith('/') && isBelow(root, target) ? rooted(target.slice(root.length)) : target,
    landing (safe, asked) {
      if (safe === '/' && asked !== '/') return home
      return !safe.startsWith('/') || isBelow(root, safe) ? safe : outward(safe)
    }
  }
}

/** Also for the checks of the settings, which ask before there is a gate. */
export function ownRoutes ({ proxyPrefix, prefix, rootPath, loginEndpoint, logoutEndpoint, oauthRedirectUri, callbackPath }: OwnPaths): OwnRoutes {
  const below = bare(prefix)
  const root = bare(rootPath)
  const base = below + proxyPrefix
  const door = callbackPath === undefined ? undefined : below + callbackPath
  const registered = oauthRedirectUri === undefined ? door ?? rooted(below) : new URL(oauthRedirectUri).pathname
  const redirect = oauthRedirectUri !== undefined && isBelow(root, registered) ? rooted(registered.slice(root.length)) : registered
  const aliases = [[loginEndpoint, 'start'], [logoutEndpoint, 'sign_out']].flatMap(([path, route]): [string, string][] => path === undefined ? [] : [[below + path, `${base}/${route}`]])
  return { base, callback: `${base}/callback`, redirect: withoutSlash(redirect), door, aliases: new Map(aliases) }
}

/** `/a/` as `/a`; `/` stays. */
export function withoutSlash (path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

function bare (path: string | undefined): string {
  return path === undefined || path === '/' ? '' : path
}

function rooted (target: string): string {
  return target.startsWith('/') ? target : `/${target}`
}

function isBelow (root: string, target: string): boolean {
  return target.startsWith(root) && (root === '' || target.length === root.length || /[/?#]/.test(target.charAt(root.length)))
}
