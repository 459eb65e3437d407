import { isLoopback } from '../../oauth/loopback.ts'
import type { ConfigProblem } from '../config-error.ts'
import { addressChecks } from './address.ts'
import { draftOf, type Draft } from './draft.ts'
import { flagOf } from '../names.ts'
import type { OptionName, Values } from '../options.ts'
import { openChecks } from './open.ts'
import { pathChecks } from './path.ts'
import { belongTogether, openKey } from '../kinds/pem.ts'
import { storeChecks } from './store.ts'
import type { Resolved } from '../resolve.ts'
import { weaknessOfCookieSecret } from '../weak-secrets.ts'

/** What no setting can know by itself; a default that depends on other settings is put into `choices`. */
export function crossCheck (choices: Map<OptionName, Resolved>, problems: ConfigProblem[], notices: string[]): void {
  const draft = draftOf(choices, problems, notices)
  for (const check of [upstream, listening, tls, ...addressChecks, ...pathChecks, ...openChecks, secrets, lifetimes, cookieScope, cookieName, cookieSamesite, ...storeChecks]) check(draft)
}

/** Whether browsers reach the gate by https whatever a request says. */
function isSurelyHttps ({ cookieSecure, publicUrl, sslCertfile }: Partial<Values>): boolean {
  if (cookieSecure !== 'auto') return cookieSecure === 'on'
  return publicUrl === undefined ? sslCertfile !== undefined : publicUrl.protocol === 'https:'
}

function upstream ({ missing, fail }: Draft): void {
  if (missing('upstream')) fail('upstream', 'There is no --upstream: the app that is behind the gate.', 'Add --upstream=http://localhost:5006, with the port of your app.')
}

function tls ({ config: { sslCertfile, sslKeyfile, sslPassword }, missing, fail }: Draft): void {
  if (sslCertfile !== undefined && missing('sslKeyfile')) fail('sslKeyfile', '--ssl-certfile is given without --ssl-keyfile.', 'Add --ssl-keyfile, or leave out both.')
  if (sslKeyfile !== undefined && missing('sslCertfile')) fail('sslCertfile', '--ssl-keyfile is given without --ssl-certfile.', 'Add --ssl-certfile, or leave out both.')
  if (sslKeyfile === undefined) return
  const key = openKey(sslKeyfile, sslPassword)
  if (key === null && missing('sslPassword')) fail('sslPassword', '--ssl-keyfile is encrypted, and there is no --ssl-password.', 'Add --ssl-password-file, BOKEH_SSL_PASSWORD, or a key without a passphrase.')
  else if (key === null && sslPassword !== undefined) fail('sslPassword', '--ssl-password does not open --ssl-keyfile.', 'Give the passphrase that the key was made with.')
  if (key !== null && sslCertfile !== undefined && !belongTogether(sslCertfile, key)) fail('sslKeyfile', '--ssl-keyfile is not the key of the first certificate in --ssl-certfile.', 'Give the two that were made together; the server’s certificate comes first in its file.')
}

function listening ({ config: { unixSocket }, given, fail }: Draft): void {
  const both = (['address', 'port'] as const).filter(given).map(option => `--${flagOf(option)}`)
  if (unixSocket !== undefined && both.length > 0) fail('unixSocket', `--unix-socket is given together with ${both.join(' and ')}, which ${both.length === 1 ? 'is' : 'are'} for another way to listen.`, 'Keep the socket, or what is for TCP.')
}

// The sentence is Panel's.
function secrets ({ config, missing, fail, note }: Draft): void {
  if (missing('cookieSecret') && missing('oauthEncryptionKey')) {
    fail('cookieSecret', 'When enabling an OAuth provider you must supply a valid cookie_secret either using the --cookie-secret CLI argument or the PANEL_COOKIE_SECRET environment variable.', 'Make one with `oauth-gate oauth-secret`, keep it, and give it as --cookie-secret, OAUTH_GATE_COOKIE_SECRET or --cookie-secret-file.')
  }
  for (const weakness of weaknessOfCookieSecret(config.cookieSecret)) note(weakness)
}

function lifetimes ({ config: { oauthExpiryDays = Infinity, sessionIdle = Infinity }, fail }: Draft): void {
  if (sessionIdle !== Infinity && sessionIdle >= oauthExpiryDays * 86_400_000) fail('sessionIdle', '--session-idle is not shorter than --oauth-expiry-days, so it never ends anything.', 'Make it shorter, as 30m or 8h, or leave it out.')
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
