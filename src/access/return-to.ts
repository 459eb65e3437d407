import { readings } from './readings.ts'
import { parseUrl } from '../url.ts'

const longest = 2_000

/**
 * Where to send somebody after a sign-in or sign-out: a path of this very site, or `/`. Browsers decide what a
 * Location means by the WHATWG URL Standard, so it is that parser which judges, and only its own output is emitted.
 *
 * @param value what a query, a form or the request line said; believed in nothing
 * @param origin the public origin, `https://app.example.org`
 * @param ours whether a path, with its query if it has one, belongs to the gate; callbacks do
 * @returns a path and a query of at most 2,000 characters: a longer query is dropped, then the path
 */
export function safeReturn (value: string | undefined, origin: string, ours: (target: string) => boolean): string {
  if (value === undefined || !beginsAsPath(value)) return '/'
  const host = new URL(origin).host
  const url = resolve(value, `http://${host}/`)
  const secure = resolve(value, `https://${host}/`)
  if (url === null || secure?.path !== url.path || secure.query !== url.query) return '/'
  if (url.path.startsWith('//') || url.path.length > longest || isOurs(url, ours)) return '/'
  return url.path.length + url.query.length > longest ? url.path : url.path + url.query
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
