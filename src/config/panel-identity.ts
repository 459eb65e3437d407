import { isLoopback } from '../oauth/loopback.ts'
import type { ConfigProblem } from './config-error.ts'
import { draftOf } from './checks/draft.ts'
import type { Config, OptionName } from './options.ts'
import type { Resolved } from './resolve.ts'

/** Whether the app is told who somebody is as Panel tells itself. */
export function isForPanel ({ upstreamIdentity }: Pick<Config, 'upstreamIdentity'>): boolean {
  return upstreamIdentity === 'panel-cookies'
}

/** Whether the app is one to which a client could say which Bokeh session is its own, and by a token whatever is in it. */
export function isOfBokeh (config: Pick<Config, 'app' | 'upstreamIdentity'>): boolean {
  return config.app !== undefined || isForPanel(config)
}

/** Whether the app opens with our key what is in its cookies: with `auto` the key is taken for the app's own, which it is where it was lifted from there. */
export function appOpens ({ appEncryption, oauthEncryptionKey }: Pick<Config, 'appEncryption' | 'oauthEncryptionKey'>): boolean {
  return appEncryption === 'auto' ? oauthEncryptionKey.length > 0 : appEncryption === 'yes'
}

/** What Panel's cookies want of other settings, and what is assumed about the app. */
export function checkPanelIdentity (choices: Map<OptionName, Resolved>, problems: ConfigProblem[], notices: string[]): void {
  const { config, missing, given, fail, note } = draftOf(choices, problems, notices)
  const { upstreamIdentity, appEncryption, upstream = [] } = config
  if (upstreamIdentity === undefined) return
  if (upstreamIdentity !== 'panel-cookies') {
    if (config.passRefreshToken === true) fail('passRefreshToken', '--pass-refresh-token is given without --upstream-identity=panel-cookies, and there is no header for it.', 'Leave it out, or let a Panel app read its cookies with --upstream-identity=panel-cookies.')
    if (given('appEncryption')) note('--app-encryption says nothing without --upstream-identity=panel-cookies: a header is never encrypted')
    return
  }
  if (config.passRefreshToken === true && config.oauthRefreshTokens === true) fail('passRefreshToken', '--pass-refresh-token is given together with --oauth-refresh-tokens: the gate would spend the token that it gives away.', 'Leave out --pass-refresh-token: the gate renews the tokens, and --pass-access-token sends the app the current one.')
  if (missing('cookieSecret')) fail('cookieSecret', '--upstream-identity=panel-cookies is given without --cookie-secret, with which the app’s cookies are signed.', 'Give the gate and the app the same secret: PANEL_COOKIE_SECRET, or --cookie-secret on both lines.')
  if (appEncryption === 'yes' && missing('oauthEncryptionKey')) fail('oauthEncryptionKey', '--app-encryption=yes is given without --oauth-encryption-key.', 'Give the gate the key that the app has: PANEL_OAUTH_ENCRYPTION, or --oauth-encryption-key on both lines.')
  const open = upstream.find(({ origin, socketPath }) => socketPath === undefined && origin.startsWith('http:') && !isLoopback(new URL(origin).hostname))
  if (open !== undefined) note(`--upstream-identity=panel-cookies sends ${open.origin} signed cookies over plain http: for a day and more, whoever is on the way can be those people to the app itself`)
}

/** For the start-up block: what is signed for the app, and what the app must have to read it. */
export function describePanelIdentity (config: Config): readonly string[] {
  if (!isForPanel(config)) return []
  const { appEncryption, passAccessToken, passRefreshToken } = config
  const tokens = [...passAccessToken ? ['access_token'] : [], ...passRefreshToken ? ['refresh_token'] : []]
  const names = ['user', 'id_token', ...tokens].join(', ').replace(/, (?=[^,]*$)/, ' and ')
  const opens = 'it has a provider of its own, and this very --oauth-encryption-key'
  const plain = 'it has no encryption key, or no provider of its own'
  const assumed = appOpens(config) ? `${opens}${appEncryption === 'auto' ? '; if it has not, set --app-encryption=no' : ''}` : plain
  return [`the app is sent ${names} as cookies, signed with --cookie-secret, which must be its own; assumed: ${assumed}`]
}
