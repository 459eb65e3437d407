/**
 * What single steps servers take when they read a path, right or wrong. Each is tried on every result of the
 * others, in every order: see readings.ts. All take time linear in the length of the path.
 */

const encoded = /%u[0-9a-f]{4}|(?:%[0-9a-f]{2})+/gi
const encodedOctets = /(?:%[0-9a-f]{2})+/gi
const notAscii = /[^\x00-\x7f]/
const looseUtf8 = /[\xc0-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf7][\x80-\xbf]{3}|[\xf8-\xfb][\x80-\xbf]{4}|[\xfc\xfd][\x80-\xbf]{5}/g
const unmarkedUtf8 = /[\xc0\xc1][\x00-\xff]|\xe0[\x00\x01\x40\x41\x80\x81\xc0\xc1][\x00-\xff]/g
const strictUtf8 = /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g
const unseen = /[\x00-\x1f\x7f-\x9f]|\p{Default_Ignorable_Code_Point}/gu
const slashLike = /[\u2044\u2215\u29f8]/g
const backslashLike = /[\xa5\u20a9\u2216\u29f5\u29f9]/g
const dotLike = /\u3002/g

/** A step; null where no server can be trusted with the path at all. */
export type Step = (path: string) => string | null

/** Decodes one layer, one character a byte; what `kept` lists stays as it is. `%uXXXX` is what IIS took. */
function decodeBut (kept: RegExp, written = encoded): Step {
  const one = (code: string, whole: string) => {
    const character = String.fromCharCode(Number.parseInt(code, 16))
    return kept.test(character) ? whole : character
  }
  const run = (octets: string) => {
    if (octets.startsWith('%u') || octets.startsWith('%U')) return one(octets.slice(2), octets)
    let text = ''
    for (let at = 0; at < octets.length; at += 3) text += one(octets.slice(at + 1, at + 3), octets.slice(at, at + 3))
    return text
  }
  return path => path.includes('%') ? path.replace(written, run) : path
}

/** Reads bytes as UTF-8 as loosely as decoders ever did: overlong forms, five and six bytes, bytes without their mark. */
function readUtf8 (sequences: RegExp): Step {
  return path => path.replace(sequences, bytes => {
    let code = bytes.charCodeAt(0) & (0xff >> (bytes.length + 1))
    for (let index = 1; index < bytes.length; index++) code = code * 64 + (bytes.charCodeAt(index) & 0x3f)
    return String.fromCodePoint(code > 0x10ffff ? 0xfffd : code)
  })
}

/** Compatibility forms (fullwidth letters, one character for two dots), and the look-alikes that code page tables map. */
export function compatible (path: string): string {
  if (!notAscii.test(path)) return path
  return path.normalize('NFKC').replace(slashLike, '/').replace(backslashLike, '\\').replace(dotLike, '.')
}

/** Without control characters and those that are never seen. */
export function seen (path: string): string {
  return /[^\x20-\x7e]/.test(path) ? path.replace(unseen, '') : path
}

function eachSegment (worthIt: RegExp, change: (segment: string) => string): Step {
  return path => worthIt.test(path) ? path.split('/').map(change).join('/') : path
}

function withoutDotTail (segment: string): string {
  return segment === '.' || segment === '..' ? segment : withoutDots(segment)
}

function withoutDots (segment: string): string {
  let end = segment.length
  while (end > 0 && (segment[end - 1] === '.' || segment[end - 1] === ' ')) end--
  return segment.slice(0, end)
}

function dotsAndSpaces (segment: string): string {
  const bare = segment.replaceAll(' ', '')
  return bare.length > 1 && bare.replaceAll('.', '') === '' ? '..' : segment
}

/** `:$i30:$INDEX_ALLOCATION` and `::$DATA` name the thing itself on NTFS. */
export function withoutStream (segment: string): string {
  const colon = segment.indexOf(':')
  return colon >= 0 && segment.includes('$', colon) ? segment.slice(0, colon) : segment
}

/** A server that swaps a prefix for a folder (`alias`) reads `/public../x` as `../x` in that folder. One prefix at a time. */
function afterPrefix (path: string): string {
  return path.replace(/([^/.])(\.*?)(\.\.?)(?=\/|$)/, '$1$2/$3')
}

function cutAt (mark: RegExp): Step {
  return path => {
    const at = path.search(mark)
    return at < 0 ? path : path.slice(0, at)
  }
}

/** Where `..` leads, and the highest place it passes: a prefix that was left and entered again was still left. */
function climb (path: string): { end: string, top: string } | null {
  const kept: string[] = []
  let top = Infinity
  for (const segment of path.split('/').slice(1)) {
    if (segment === '.') continue
    if (segment !== '..') {
      kept.push(segment)
    } else {
      if (kept.pop() === undefined) return null // above the root: above an upstream's base path as well
      top = Math.min(top, kept.length)
    }
  }
  return { end: '/' + kept.join('/'), top: top === Infinity ? path : '/' + kept.slice(0, top).join('/') }
}

const hasDotSegment = /\/\.\.?(?:\/|$)/

export const steps: readonly Step[] = [
  decodeBut(/^$/),
  decodeBut(/^$/, encodedOctets),
  decodeBut(/[/\\]/),
  decodeBut(/[;/?:@&=+$,#]/), // decodeURI
  readUtf8(looseUtf8),
  readUtf8(unmarkedUtf8),
  path => path.replace(strictUtf8, bytes => bytes.length > 1 ? bytes : ''), // what is no UTF-8 is left out, and what is stays
  path => path.replace(/[\x80-\xff\ufffd]/g, ''),
  path => path.replace(/[\x00-\x1f\x7f]/g, ''), // and what stands between the bytes of a character is none of it
  compatible,
  path => path.replace(/[^\x00-\xff]+/g, compatible), // where the rest are still bytes
  path => path.replaceAll('\\', '/'),
  path => path.replace(/\/{2,}/g, '/'),
  path => path.replace(/;[^/]*/g, ''),
  cutAt(/#/),
  cutAt(/\?/),
  cutAt(/;/),
  cutAt(/\0/),
  cutAt(/[\x00-\x1f\x7f]/),
  path => hasDotSegment.test(path) ? climb(path)?.end ?? null : path,
  path => hasDotSegment.test(path) ? climb(path)?.top ?? null : path,
  seen,
  eachSegment(/[\s\x85]/, segment => segment.replaceAll('\x85', ' ').trim()),
  eachSegment(/[. ](?:\/|$)/, withoutDotTail),
  withoutDots, // Caddy's matchers: at the very end, before they look for `..`
  eachSegment(/\.[. ]/, dotsAndSpaces),
  afterPrefix,
  eachSegment(/\$/, withoutStream),
  path => path.replace(/^[/\\]{2,}[^/\\?#]*/, ''), // `//host/path`: the host is not part of the path
  path => path.replace(/^[/\\]{2,}[^/\\?#%;'"{}|^`<>\s]*/, '') // and to Node's older parser it ends with what no host can have
]
