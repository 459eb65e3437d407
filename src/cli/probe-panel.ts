import { appOpens, isForPanel } from '../config/panel-identity.ts'
import type { Config } from '../config/options.ts'
import type { Identity } from '../identity/identity.ts'
import type { Finding } from '../oauth/probe/index.ts'
import type { Outside } from '../outside.ts'
import { isOwnSignIn } from '../plugins/own-sign-in.ts'
import { ask } from '../proxy/ask.ts'
import { openLine, type Line, type Upstream } from '../proxy/upstream.ts'
import { createKeyring } from '../session/keyring.ts'
import { createPanelCookies } from '../session/panel-cookies.ts'

const LONGEST_WAIT = 10_000
/** Of an app with one page, which leads from its index to it. */
const MOST_REDIRECTS = 2

/** Nobody: whoever finds this name in the app's log knows where it is from. */
const SOMEBODY = 'oauth-gate-check'
const somebody: Identity = { provider: SOMEBODY, subject: SOMEBODY, user: SOMEBODY, login: SOMEBODY, groups: [], teams: [], organizations: [], claims: {} }

interface Seen { readonly status: number, readonly toSignIn: boolean }

/** Whether a Panel app takes the cookies that the gate will sign for it, as far as that is seen from outside. Absent for any other app, and where nothing answers. */
export async function probePanel (upstream: Upstream, config: Config, outside: Outside): Promise<Finding | undefined> {
  const { cookieSecret, oauthEncryptionKey, upstreamCa, upstreamSkipVerify, upstreamTimeout, maxHeaderSize } = config
  if (!isForPanel(config) || cookieSecret === undefined) return undefined
  const keyring = createKeyring(cookieSecret, oauthEncryptionKey.map(key => Buffer.from(key, 'base64url')), outside, { opens: appOpens(config) })
  const cookie = createPanelCookies({ ...config, secret: cookieSecret, seal: keyring.app, outside }).of(somebody)()
  const line = openLine({ upstream, ca: upstreamCa, skipVerify: upstreamSkipVerify, timeout: Math.min(upstreamTimeout, LONGEST_WAIT), maxHeaderSize })
  try {
    const path = `${upstream.basePath}${upstream.path === '/' ? config.prefix : upstream.path}`.replace(/\/?$/, '/')
    return { what: upstream.path === '/' ? 'Panel’s cookies' : `Panel’s cookies ${upstream.path}`, ...judge(await see(line, path), await see(line, path, cookie), appOpens(config)) }
  } catch {
    return undefined // the finding about the upstream says why
  } finally {
    line.destroy()
  }
}

async function see (line: Line, path: string, cookie?: string, redirects = 0): Promise<Seen> {
  const { status, headers } = await ask(line, path, ['user-agent', 'oauth-gate', ...cookie === undefined ? [] : ['cookie', cookie]])
  const location = headers.get('location')
  const toSignIn = isOwnSignIn(location)
  if (location === undefined || toSignIn || redirects === MOST_REDIRECTS) return { status, toSignIn }
  const base = line.where.startsWith('unix:') ? 'http://localhost' : line.where
  const next = new URL(location, base + path)
  return next.origin === new URL(base).origin ? await see(line, next.pathname + next.search, cookie, redirects + 1) : { status, toSignIn }
}

/** @param opens whether what the cookies hold is sealed with the encryption key */
function judge (stranger: Seen, known: Seen, opens: boolean): Omit<Finding, 'what'> {
  if (known.toSignIn) return { verdict: 'wrong', text: 'the app sends somebody with cookies of the gate to a sign-in of its own: give both the very same PANEL_COOKIE_SECRET, and the app no PANEL_OAUTH_REFRESH_TOKENS' }
  if (known.status >= 500 && stranger.status < 500) return { verdict: 'wrong', text: `the app fails (${known.status}) with cookies of the gate: ${opens ? 'give both the same PANEL_OAUTH_ENCRYPTION, and the app a provider, or set --app-encryption=no' : 'if the app has a provider and an encryption key, give the gate the same PANEL_OAUTH_ENCRYPTION; its log says more'}` }
  if (stranger.toSignIn) return { verdict: 'ok', text: 'the app asks strangers to sign in, and believes a user that the gate says (oauth-gate-check, for this once); if it cannot open the rest (InvalidToken or UnicodeDecodeError in its log), the encryption keys differ' }
  return { verdict: 'cannot tell', text: `an app without a provider of its own answers the same (${known.status}) to everybody: sign in at the gate and see whether pn.state.user is you; None is another PANEL_COOKIE_SECRET` }
}
