import { fastifyCookie } from '@fastify/cookie'
import { requestKind } from '../access/navigation.ts'
import type { Asked } from './asked.ts'

/** What must not keep an answer that has a session in it: they are replaced by `no-store`. */
const KEEPING = new Set(['cache-control', 'expires', 'pragma', 'surrogate-control', 'cdn-cache-control'])

/**
 * Puts the cookie of a renewed session into an answer of the app: one to a person who follows a link, and gets a page or is sent on. Pictures and
 * scripts go without, since somebody may keep them.
 *
 * @returns what changes the flat header pairs of an answer in place; absent where there is no such cookie, or the request is for something else
 */
export function giveCookie (request: Asked): ((status: number, headers: string[]) => void) | undefined {
  const { renewedCookies } = request
  const kind = renewedCookies == null ? 'other' : requestKind(request.raw.headers, request.method)
  if (renewedCookies == null || (kind !== 'navigation' && kind !== 'framed')) return undefined
  return (status, headers) => {
    if (!isPage(status, headers)) return
    const cookies = renewedCookies()
    if (cookies.length === 0) return
    unkept(status, headers)
    for (const { name, value, options } of cookies) headers.push('Set-Cookie', fastifyCookie.serialize(name, value, { ...options, encode: String }))
  }
}

/** Makes an answer one that nobody keeps. @param headers flat pairs, changed in place */
export function unkept (_status: number, headers: string[]): void {
  for (let at = headers.length - 2; at >= 0; at -= 2) {
    if (KEEPING.has((headers[at] as string).toLowerCase())) headers.splice(at, 2)
  }
  headers.push('Cache-Control', 'no-store')
}

function isPage (status: number, headers: readonly string[]): boolean {
  const type = headers.findIndex((name, at) => at % 2 === 0 && name.toLowerCase() === 'content-type')
  return (status >= 300 && status < 400) || (type !== -1 && /^(?:text\/html|application\/xhtml\+xml)\b/i.test(headers[type + 1] ?? ''))
}
