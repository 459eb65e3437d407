import { fc } from '../fixtures/random.ts'

const hex = (character: string, upper: boolean) => {
  const digits = character.charCodeAt(0).toString(16).padStart(2, '0')
  return '%' + (upper ? digits.toUpperCase() : digits)
}
const fullwidth = (character: string) => encodeURIComponent(String.fromCharCode(character.charCodeAt(0) + 0xfee0))
const overlong2 = (character: string) => '%' + (0xc0 | character.charCodeAt(0) >> 6).toString(16) + '%' + (0x80 | character.charCodeAt(0) & 0x3f).toString(16)
const overlong3 = (character: string) => '%e0' + '%' + (0x80 | character.charCodeAt(0) >> 6).toString(16) + '%' + (0x80 | character.charCodeAt(0) & 0x3f).toString(16)

/** How one character can be written. */
const writings: readonly ((character: string) => string)[] = [
  character => hex(character, false),
  character => hex(character, true),
  character => hex(character, false).replace('%', '%25'),
  character => hex(character, true).replace('%', '%2525'),
  character => [...hex(character, false)].map(each => hex(each, true)).join(''),
  character => '%u00' + hex(character, false).slice(1),
  character => /[!-~]/.test(character) ? fullwidth(character) : character,
  overlong2,
  overlong3,
  character => character.toUpperCase(),
  character => character === '/' ? '\\' : character,
  character => character === '/' ? '%5c' : character,
  character => character === '/' ? '%E2%88%95' : character,
  character => character === 'i' ? '%C4%B1' : character === 'k' ? '%E2%84%AA' : character === 's' ? '%C5%BF' : character
]

/** What can stand before or after a slash, or anywhere, without changing where somebody thinks the path leads. */
const beforeSlash = ['..', '%2e%2e', ';x', ';x=1,2', '%3bx', '.', '. .', '%20', '%2e', '..;', '%00', '%09', ' ', '::$INDEX_ALLOCATION', ':$i30:$INDEX_ALLOCATION', '/index.php', '/App.CGI', '%e2%80%8b', '%c2%ad', '\x85']
const afterSlash = ['/', './', '%2e/', 'x/../', 'x/%2e%2e/', 'x/..;/', 'x%2f..%2f', 'x\\..\\', 'x/.%2e/', 'x//..//', '%2f', '\\', '%5c', '%20', 'x/%252e%252e/', 'x%2f%2e%2e/', '.%00/']
const anywhere = ['%0a', '%0d', '%09', '\t', '%00', '%ff', '%7f', '%e2%80%8d', '\xff', '%80']
const ends = ['#', '#/../x', '%23', '%23/../../x', '%3f', '%3f/../x', ';', ';/../x', '%00', '%00.js', '%2500', '/', '/.', '//', '/x', '/..;/admin', '/%2e', '.', '%20', '%0a', '%0d%0aX:', '?x', '?/../..', '/x/..', '\\', '%5c..%5cadmin', '%2f', '%c0%af', '/%2e%2e%2fadmin']
const fronts = ['/public..', '/public%2e%2e', '/public.%2e', '/x..', '/', '//', '//host', '/\\host', '///host', '\\\\host', '/public/..', '/public/%2e%2e', '/public/..%2f', '/public%2f..', '/public;x/..', '/public\\..', '/./', '/public/..;', '/%2e', '/\t/host', '/%09', '/%00', '//user@host:80', '/public/x/%2e%2e/..', '/public%5c..', '/%2f%2fhost', '/public/.%2e', '/public/%252e%252e', '/public/%c0%ae%c0%ae', '/public/%EF%BC%8E%EF%BC%8E', '/public/%E2%80%A5', '/public/..%00', '/public/.. ', '/public/..%20']

const change = fc.record({
  kind: fc.constantFrom('write', 'write', 'write', 'before', 'after', 'anywhere', 'end', 'front'),
  at: fc.nat({ max: 1_000 }),
  pick: fc.nat({ max: 1_000 })
})

type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never

function pickOf<T> (list: readonly T[], pick: number): T {
  return list[pick % list.length] as T
}

function apply (target: string, { kind, at, pick }: Change): string {
  const place = at % target.length
  const slashes = [...target.matchAll(/\//g)].map(match => match.index)
  const slash = slashes[at % slashes.length] ?? 0
  switch (kind) {
    case 'write': return target.slice(0, place) + pickOf(writings, pick)(target[place] ?? '') + target.slice(place + 1)
    case 'before': return slash === 0 ? target + pickOf(beforeSlash, pick) : target.slice(0, slash) + pickOf(beforeSlash, pick) + target.slice(slash)
    case 'after': return target.slice(0, slash + 1) + pickOf(afterSlash, pick) + target.slice(slash + 1)
    case 'anywhere': return target.slice(0, place) + pickOf(anywhere, pick) + target.slice(place)
    case 'end': return target + pickOf(ends, pick)
    case 'front': return pickOf(fronts, pick) + target
  }
}

/** Targets that were some path once: up to `most` tricks were played on it. Only what Node's parser lets through. */
export function spellingOf (paths: readonly string[], most: number): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...paths), fc.array(change, { minLength: 0, maxLength: most }))
    .map(([path, changes]) => changes.reduce(apply, path))
    .map(target => target.startsWith('/') ? target : '/' + target)
}
