import type { IncomingHttpHeaders } from 'node:http'
import { parseUrl } from '../url.ts'
import { mayOpenWebsocket } from './origins.ts'
import { readings } from './readings.ts'

/** What stands for the dot is any one character to the app's router, which writes it into an expression as it is. */
const AUTOLOAD = /\/autoload.{1,4}js$/s

/**
 * Whether some server could take a path for the script by which Bokeh embeds an app: in it is the token of the visitor's session, and so who they are.
 *
 * @param path as it came, without its query
 */
export function isAutoload (path: string): boolean {
  return readings(path)?.some(reading => AUTOLOAD.test(reading)) ?? true
}

/**
 * Whether a page of ours asks, or one of an origin that was named. Any page may load a script, and SameSite does not keep our cookie from another port or a
 * sibling host. Something must say so: on plain http browsers send no Fetch Metadata (§2.4 there: only to trustworthy addresses), and with a script no `Origin`.
 *
 * @param headers `Sec-Fetch-Site`, `Origin`, or else `Referer`: no page can write one of another's
 * @param own the request's own origin, lower case
 */
export function isForOurPage ({ 'sec-fetch-site': site, origin, referer }: IncomingHttpHeaders, own: string, admits: (origin: string) => boolean): boolean {
  return site === 'same-origin' || site === 'none' || mayOpenWebsocket(origin ?? originOf(referer), own, admits)
}

function originOf (referer: string | undefined): string | undefined {
  return referer === undefined ? undefined : parseUrl(referer)?.origin
}
