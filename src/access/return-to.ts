import { readings } from './readings.ts'
import { HOST_LABEL, parseUrl } from '../url.ts'

const longest = 2_000
const labels = new RegExp(`^${HOST_LABEL}(?:\\.${HOST_LABEL})*$`)
/** An address that begins as one, up to the end of its host and port. */
const whole = /^https?:\/\/([a-z0-9.-]+)(?::\d{1,5})?(?![^/?#])/i
/** What some parsers drop, or take for a slash. */
const doubtful = /[\x00-\x1f\x7f\\]/

/**
 * Where to send somebody after a sign-in or sign-out: a path of this very site, an address of another that was named, or `/`. Browsers
 * decide what a Location means by the WHATWG URL Standard, so it is that parser which judges, and only its own output is emitted.
 *
 * @param value what a query, a form or the request line said; believed in nothing
 * @param origin the public origin, `https://app.example.org`
 * @param ours whether a path, with its query if it has one, belongs to the gate; callbacks do
 * @param isNamed whether an origin is one that may be led to; `siteMatcher` makes it
 * @returns a path and a query, or a whole address without a fragment, of at most 2,000 characters: a longer query is dropped, then the path
 */
export function safeReturn (value: string | undefined, origin: string, ours: (target: string) => boolean, isNamed: (origin: string) => boolean = () => false): string {
  if (value === undefined) return '/'
  const { host } = new URL(origin)
  if (!beginsAsPath(value)) return elsewhere(value, host, ours, isNamed)
  const url = resolve(value, `http://${host}/`)
  const secure = resolve(value, `https://${host}/`)
  if (url === null || secure?.path !== url.path || secure.query !== url.query) return '/'
  return url.path.startsWith('//') || isOurs(url, ours) ? '/' : shortened('', url)
}

/**
 * Whether somebody may be led to an origin.
 *
 * @param patterns `scheme://host[:port]` as `URL.origin` writes it; with `*.` before the host it is any host below that one
 */
export function siteMatcher (patterns: readonly string[]): (origin: string) => boolean {
  const isWild = (pattern: string) => pattern.includes('*') // a browser takes it for a letter like any
  const exact = new Set(patterns.filter(pattern => !isWild(pattern)))
  const wild = patterns.filter(isWild).map(pattern => pattern.split('*') as [front: string, back: string])
  return origin => exact.has(origin) || wild.some(([front, back]) => origin.startsWith(front) && origin.endsWith(back) && labels.test(origin.slice(front.length, -back.length)))
}

/** The origin of a return target on another site; undefined for a path of ours. @param target from `safeReturn` */
export function siteOf (target: string): string | undefined {
  return target.startsWith('/') ? undefined : new URL(target).origin
}

/** Only what every reader takes for the same host: no name that has to be translated first, no number in disguise, nobody's name before it. */
function elsewhere (value: string, own: string, ours: (target: string) => boolean, isNamed: (origin: string) => boolean): string {
  const host = whole.exec(value)?.[1]?.toLowerCase()
  const url = host === undefined || doubtful.test(value) ? null : parseUrl(value)
  if (url === null || url.hostname !== host || !isNamed(url.origin)) return '/'
  const resolved = { path: url.pathname, query: url.search }
  return url.host === own && isOurs(resolved, ours) ? '/' : shortened(url.origin, resolved)
}

function shortened (site: string, { path, query }: Resolved): string {
  return [site + path + query, site + path].find(({ length }) => length <= longest) ?? '/'
}

/** The parser drops TAB, CR and LF anywhere and control characters and spaces in front. */
function beginsAsPath (value: string): boolean {
  const read = value.replace(/[\t\r\n]/g, '').replace(/^[\x00-\x20]+/, '')
  return read.startsWith('/') && read[1] !== '/' && read[1] !== '\\'
}

interface Resolved { readonly path: string, readonly query: string }

function resolve (value: string, base: string): Resolved | null {
  if (parseUrl(value, base) === null) return null
  const url = new URL(value, base)
  const same = url.origin === new URL(base).origin && url.username === '' && url.password === ''
  return same ? { path: url.pathname, query: url.search } : null
}

/** A path that our own router might take for one of ours leads round in a circle, however it is spelled. */
function isOurs ({ path, query }: Resolved, ours: (target: string) => boolean): boolean {
  const all = readings(path)
  return all === null || ours(path + query) || all.some(reading => ours(reading + query))
}
