import { readings } from '../readings.ts'

/** A path and everything below it, on segment bounds: `/admin` covers `/admin/x`, not `/administer`. */
export interface Prefix {
  readonly path: string
  /** How it can look in a reading. */
  readonly forms: readonly string[]
  /** What a reading, or a reading after `fold`, begins with where any of the following could be true of it; absent where it could be of each. */
  readonly begins?: { readonly plain: readonly string[], readonly folded: readonly string[] } | undefined
  /** @param reading as `readings` gives it; letter case counts */
  covers (reading: string): boolean
  /** @param folded a reading after `fold` */
  coversFolded (folded: string): boolean
  /** Whether the last segment goes on with a dot: frameworks that take a suffix for a format serve `/admin.json` as `/admin`. */
  continuesFolded (folded: string): boolean
  /** Whether it lies within what a reading names. */
  isBelowFolded (folded: string): boolean
}

export const everyPath: Prefix = { path: '/', forms: ['/'], covers: () => true, coversFolded: () => true, continuesFolded: () => false, isBelowFolded: () => false }

/**
 * @param text as a person writes it in a setting: `/my app` and `/my%20app` are the same, a trailing slash means nothing
 * @returns null where the text is no path or could be read in more than one way
 */
export function parsePrefix (text: string): Prefix | null {
  const path = canonical(text)
  if (path === null) return null
  const forms = spelled(path)
  const folded = [...new Set(forms.map(fold))]
  return {
    path,
    forms,
    begins: path === '/' ? undefined : { plain: forms, folded },
    covers: path === '/' ? () => true : reading => forms.some(form => isWithin(form, reading)),
    coversFolded: path === '/' ? () => true : reading => folded.some(form => isWithin(form, reading)),
    continuesFolded: path === '/' ? () => false : reading => folded.some(form => reading[form.length] === '.' && reading.startsWith(form)),
    isBelowFolded: reading => folded.some(form => isWithin(reading.replace(/\/+$/, ''), form))
  }
}

/** In `/index.php/admin` a script that serves `/admin`: what follows it is a path of its own (RFC 3875 §4.1.5). */
const script = /\/[^/]+\.(?:php\d?|phtml|f?cgi|wsgi|pl|aspx?|cfm)(?=\/)/

/** As a server sees it to which letter case, accents and width are nothing, a script in the way neither, and `+` is a space. */
export function fold (reading: string): string {
  const folded = caseless(reading).replaceAll('+', ' ')
  return folded.includes('.') ? folded.replace(script, '') : folded
}

function caseless (reading: string): string {
  if (!/[^\x00-\x7f]/.test(reading)) return reading.toLowerCase()
  return reading.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase().toLowerCase() // upper first: ı, ſ and ß
}

function canonical (text: string): string | null {
  if (/\p{Cs}/u.test(text)) return null // half a character has no encoding
  const found = readings(text.replace(/[^\x21-\x7e]+/g, encodeURIComponent))
  const path = found?.length === 1 ? found[0] ?? null : null
  return path !== null && path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

/** The path and, since an ambiguous request path also counts as read without decoding or byte by byte, how it looks then. */
function spelled (path: string): readonly string[] {
  const escaped = encodeURI(path)
  const lower = escaped.replace(/%../g, octet => octet.toLowerCase())
  return [...new Set([path, escaped, lower, Buffer.from(path, 'utf8').toString('latin1')])]
}

function isWithin (prefix: string, reading: string): boolean {
  return reading.startsWith(prefix) && (reading.length === prefix.length || reading[prefix.length] === '/')
}
