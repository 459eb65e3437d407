/** What a request without a session gets: a sign-in, a page to open in a tab, a page about the form, or 401 JSON. */
export type RequestKind = 'navigation' | 'framed' | 'form' | 'other'

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

const frames = new Set(['iframe', 'frame', 'fencedframe', 'embed', 'object'])
const formTypes = new Set(['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'])

/**
 * Tells people from programs, by Fetch Metadata (W3C) where the browser sends it and by `Accept` where not.
 * Never used to let anyone in.
 *
 * @param headers with lower-case names, as Node gives them
 */
export function requestKind (headers: Headers, method: string): RequestKind {
  if (isPrefetch(headers)) return 'other'
  if (method === 'GET' || method === 'HEAD') return navigationKind(headers)
  return method === 'POST' && isForm(headers) ? 'form' : 'other'
}

function navigationKind (headers: Headers): RequestKind {
  const mode = text(headers, 'sec-fetch-mode')
  const destination = text(headers, 'sec-fetch-dest')
  if (mode === '' && destination === '') return acceptsHtml(headers) ? 'navigation' : 'other'
  if (mode !== '' && mode !== 'navigate' && mode !== 'nested-navigate') return 'other'
  if (mode === 'nested-navigate' || frames.has(destination)) return 'framed'
  return destination === 'document' || destination === '' ? 'navigation' : 'other'
}

function isForm (headers: Headers): boolean {
  const mode = text(headers, 'sec-fetch-mode')
  if (mode !== '') return mode === 'navigate' || mode === 'nested-navigate'
  return formTypes.has(mediaType(text(headers, 'content-type'))) && acceptsHtml(headers)
}

/** A page fetched ahead of a click must start no sign-in. The older names are Safari's and Firefox's. */
export function isPrefetch (headers: Headers): boolean {
  return ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].some(name => /^(?:prefetch|preview|prerender)/.test(text(headers, name)))
}

/** Names `text/html` itself: programs send a bare wildcard. */
function acceptsHtml (headers: Headers): boolean {
  return text(headers, 'accept').split(',').some(range => mediaType(range) === 'text/html' && !/;\s*q=0(?:\.0*)?\s*(?:;|$)/.test(range))
}

function mediaType (value: string): string {
  return value.split(';', 1).join().trim()
}

function text (headers: Headers, name: string): string {
  const value = headers[name]
  return typeof value === 'string' ? value.trim().toLowerCase() : ''
}
