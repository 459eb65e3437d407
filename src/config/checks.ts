import { isLoopback } from '../oauth/loopback.ts'
import type { ConfigProblem } from './config-error.ts'
import type { Draft } from './draft.ts'
import { flagOf } from './names.ts'
import type { Config } from './options.ts'
import { belongTogether } from './pem.ts'
import { covers } from './plain-path.ts'
import { providerChecks } from './provider-checks.ts'
import type { Choices } from './settle.ts'

/** What no setting can know by itself. */
export function crossCheck (choices: Choices, problems: ConfigProblem[], notices: string[]): void {
  const draft: Draft = {
    config: Object.fromEntries([...choices].map(([option, { value }]) => [option, value])) as Partial<Config>,
    missing: option => choices.has(option) && isNothing(choices.get(option)?.value),
    fail: (option, message, fix) => { problems.push({ setting: flagOf(option), message, fix }) },
    note: notice => { notices.push(notice) }
  }
  for (const check of [upstream, tls, ownPaths, secrets, cookieScope, cookieName, cookieSamesite, redirectUri, ...providerChecks]) check(draft)
}

/** Whether browsers reach the gate by https whatever a request says. */
function isSurelyHttps ({ cookieSecure, publicUrl, sslCertfile }: Partial<Config>): boolean {
  if (cookieSecure !== 'auto') return cookieSecure === 'on'
  return publicUrl === undefined ? sslCertfile !== undefined : publicUrl.protocol === 'https:'
}

function isNothing (value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0)
}

function upstream ({ missing, fail }: Draft): void {
  if (missing('upstream')) fail('upstream', 'There is no --upstream: the app that is behind the gate.', 'Add --upstream=http://localhost:5006, with the port of your app.')
}

function tls ({ config: { sslCertfile, sslKeyfile }, missing, fail }: Draft): void {
  if (sslCertfile !== undefined && missing('sslKeyfile')) fail('sslKeyfile', '--ssl-certfile is given without --ssl-keyfile.', 'Add --ssl-keyfile, or leave out both.')
  if (sslKeyfile !== undefined && missing('sslCertfile')) fail('sslCertfile', '--ssl-keyfile is given without --ssl-certfile.', 'Add --ssl-certfile, or leave out both.')
  if (sslCertfile !== undefined && sslKeyfile !== undefined && !belongTogether(sslCertfile, sslKeyfile)) fail('sslKeyfile', '--ssl-keyfile is not the key of the first certificate in --ssl-certfile.', 'Give the two that were made together; the server’s certificate comes first in its file.')
}

function ownPaths ({ config: { proxyPrefix, pingPath, readyPath }, fail }: Draft): void {
  if (pingPath !== undefined && pingPath === readyPath) fail('readyPath', `--ping-path and --ready-path are both ${pingPath}.`, 'Give each its own.')
  for (const [option, path] of [['pingPath', pingPath], ['readyPath', readyPath]] as const) {
    if (path !== undefined && proxyPrefix !== undefined && covers(proxyPrefix, path)) fail(option, `--${flagOf(option)}=${path} lies below --proxy-prefix=${proxyPrefix}.`, 'Choose a path outside of it.')
  }
}

// The sentence is Panel's.
function secrets ({ config, missing, fail, note }: Draft): void {
  if (missing('cookieSecret') && missing('oauthEncryptionKey')) {
    fail('cookieSecret', 'When enabling an OAuth provider you must supply a valid cookie_secret either using the --cookie-secret CLI argument or the PANEL_COOKIE_SECRET environment variable.', 'Make one with `oauth-gate oauth-secret`, keep it, and give it as --cookie-secret, OAUTH_GATE_COOKIE_SECRET or --cookie-secret-file.')
  }
  if (config.cookieSecret !== undefined && Buffer.byteLength(config.cookieSecret) < 32) note('the cookie secret is shorter than 32 bytes and might be guessed: make one with `oauth-gate oauth-secret`')
}

function cookieScope ({ config: { cookieDomain, publicUrl, cookieSecure }, fail }: Draft): void {
  if (cookieDomain !== undefined && publicUrl !== undefined && publicUrl.hostname !== cookieDomain && !publicUrl.hostname.endsWith(`.${cookieDomain}`)) {
    fail('cookieDomain', `--cookie-domain=${cookieDomain} is no part of --public-url=${publicUrl.origin}, so browsers refuse the cookie.`, 'Leave it out, or give the domain that the public host lies in.')
  }
  if (cookieSecure === 'on' && publicUrl?.protocol === 'http:' && !isLoopback(publicUrl.hostname)) {
    fail('cookieSecure', `--cookie-secure=on does not work with --public-url=${publicUrl.origin}: browsers keep no such cookie over plain http.`, 'Set --public-url=https://…, or --cookie-secure=auto.')
  }
}

/** RFC 6265 §4.1.1 and the prefixes of RFC 6265bis §4.1.3, which browsers compare without case. */
function cookieName ({ config, fail }: Draft): void {
  const { cookieName: name, cookiePath, cookieDomain } = config
  if (name === undefined) return
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/.test(name)) fail('cookieName', `--cookie-name=${JSON.stringify(name)} is not a cookie name.`, 'Use up to 64 letters, digits and -_.')
  if (/^__(?:Host|Secure)-/i.test(name) && !isSurelyHttps(config)) fail('cookieName', `--cookie-name=${name} works over https only, and that is not certain here.`, 'Set --public-url=https://…, or take the prefix out.')
  if (/^__Host-/i.test(name) && (cookieDomain !== undefined || cookiePath !== '/')) fail('cookieName', `--cookie-name=${name} works only without --cookie-domain and with --cookie-path=/.`, 'Begin it with __Secure- instead.')
}

function cookieSamesite ({ config, fail }: Draft): void {
  if (config.cookieSamesite === 'none' && !isSurelyHttps(config)) fail('cookieSamesite', '--cookie-samesite=none works over https only, and that is not certain here.', 'Set --public-url=https://…, or --cookie-secure=on.')
}

function redirectUri ({ config: { oauthRedirectUri, publicUrl, proxyPrefix, pingPath, readyPath }, fail, note }: Draft): void {
  if (oauthRedirectUri === undefined) return
  const { pathname, host } = new URL(oauthRedirectUri)
  const taken = pathname === pingPath || pathname === readyPath || (proxyPrefix !== undefined && covers(proxyPrefix, pathname) && pathname !== `${proxyPrefix}/callback`)
  if (taken) fail('oauthRedirectUri', `The path ${pathname} of --oauth-redirect-uri belongs to the gate, for something else.`, `Use the origin alone, or ${proxyPrefix ?? '/oauth2'}/callback.`)
  if (publicUrl !== undefined && publicUrl.host !== host) note(`--oauth-redirect-uri leads to ${host}, but people come to ${publicUrl.host}: sign-ins end there only if cookies and gate are shared`)
}
