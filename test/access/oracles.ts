import { posix, win32 } from 'node:path'
import legacy from 'node:url'

/**
 * What servers make of a target, each written from what that server does and none from src/access: a reading is
 * another target, or null where that server refuses. Cut at `?` by whoever reads first.
 */
export type Oracle = (target: string) => string | null

function unless (read: () => string | null): string | null {
  try {
    return read()
  } catch {
    return null
  }
}

const rooted = (path: string) => path.startsWith('/') ? path : '/' + path

function octets (path: string): Buffer {
  return Buffer.from(path.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), 'latin1')
}

/** Old C decoders: no check for the shortest form (Unicode corrigendum 1), nor, in two bytes, for the mark of the second. */
function overlong (bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; at++) {
    const lead = bytes[at] ?? 0
    const length = lead >= 0xfc ? 6 : lead >= 0xf8 ? 5 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1
    const rest = [...bytes.subarray(at + 1, at + length)]
    if (rest.length < length - 1 || (lead > 0xc1 && rest.some(byte => byte >> 6 !== 2))) {
      text += '\ufffd'
    } else {
      const code = rest.reduce((sum, byte) => sum * 64 + (byte & 0x3f), length === 1 ? lead : lead & (0xff >> (length + 1)))
      text += code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd'
      at += rest.length
    }
  }
  return text
}

/** Go: url.Parse refuses control characters and bad escapes; ServeMux cleans the decoded path. */
function goUnescape (path: string): string | null {
  if (/[\x00-\x1f\x7f]/.test(path) || /%(?![0-9a-fA-F]{2})/.test(path)) return null
  return octets(path).toString('utf8')
}

function goClean (path: string): string {
  const out: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') out.pop()
    else if (part !== '' && part !== '.') out.push(part)
  }
  return '/' + out.join('/')
}

/** nginx with `location /name { alias …/name/; }`: dots are resolved first, and what then follows the name is joined to the folder. */
function nginxAlias (target: string): string | null {
  const path = rooted(octets(target.split(/[?#]/, 1).join()).toString('utf8').replace(/\/+/g, '/'))
  const [, location = '', rest = ''] = /^(\/(?:public|admin|base|a|b|c|x))(\.\.?(?:\/.*)?)$/s.exec(posix.normalize(path)) ?? []
  return location === '' ? posix.normalize(path) : posix.normalize(`${location}/${rest}`)
}

export const oracles: Readonly<Record<string, Oracle>> = {
  whatwg: target => unless(() => new URL(target, 'http://front.example').pathname),
  whatwgDecoded: target => unless(() => decodeURIComponent(new URL(target, 'http://front.example').pathname)),
  legacyUrl: target => unless(() => legacy.parse(target).pathname),
  legacyUrlWithHost: target => unless(() => legacy.parse(target, false, true).pathname),
  express: target => unless(() => posix.normalize(decodeURIComponent(target.split(/[?#]/, 1).join()))),
  expressTwice: target => unless(() => posix.normalize(decodeURIComponent(decodeURIComponent(target.split('?', 1).join())))),
  router: target => unless(() => decodeURI(target.split('?', 1).join())),
  servlet: target => unless(() => posix.normalize(decodeURIComponent(target.split('?', 1).join().replace(/;[^/]*/g, '')))),
  servletLate: target => unless(() => posix.normalize(decodeURIComponent(target.split('?', 1).join()).split('/').map(part => part.split(';', 1).join()).join('/'))),
  windows: target => {
    const path = octets(target.split('?', 1).join()).toString('utf8').replaceAll('/', '\\')
    const clean = win32.normalize(path).split('\\').map(part => part.replace(/[. ]+$/, '').replace(/:.*\$.*$/, ''))
    return rooted(clean.filter(part => part !== '').join('/'))
  },
  iis: target => rooted(overlong(octets(target.replace(/%u00([0-9a-f]{2})/gi, '%$1'))).replaceAll('\\', '/')),
  go: target => {
    const path = goUnescape(target.split('?', 1).join())
    return path === null ? null : goClean(path)
  },
  goTwice: target => {
    const once = goUnescape(target.split('?', 1).join())
    const twice = once === null ? null : goUnescape(Buffer.from(once, 'utf8').toString('latin1'))
    return twice === null ? null : goClean(twice)
  },
  cString: target => octets(target).toString('latin1').split('\0', 1).join(),
  php: target => rooted(octets(target.split(/[?#]/, 1).join()).toString('utf8').replace(/\0.*$/s, '').trim()),
  /** Caddy's matchers: dots and spaces at the end go first, because Windows ignores them. */
  caddy: target => {
    const path = goUnescape(target.split('?', 1).join())
    return path === null ? null : goClean(path.replace(/[. ]+$/, ''))
  },
  mergeSlashes: target => rooted(octets(target.split('?', 1).join()).toString('utf8').replace(/\/+/g, '/')),
  nginxAlias,
  latin1: target => rooted(octets(target.split('?', 1).join()).toString('latin1')),
  ignoringBadBytes: target => rooted(octets(target.split('?', 1).join()).toString('utf8').replaceAll('\ufffd', '')),
  compatibility: target => rooted(octets(target.split('?', 1).join()).toString('utf8').normalize('NFKC')),
  withoutControls: target => rooted(octets(target.split('?', 1).join()).toString('utf8').replace(/[\x00-\x1f\x7f]/g, ''))
}

/** Those that hand on bytes; the others hand on characters, which come to the next server as UTF-8. */
const ofBytes = new Set(['whatwg', 'legacyUrl', 'legacyUrlWithHost', 'cString', 'latin1'])

/** Every reading by one server, by one behind another, and so on to the given depth. */
export function readBySeveral (target: string, depth: number): ReadonlyMap<string, string> {
  const found = new Map<string, string>([[target, 'as it is']])
  let edge: [string, string][] = [[target, '']]
  for (let level = 0; level < depth; level++) {
    const next: [string, string][] = []
    for (const [path, by] of edge) {
      for (const [name, read] of Object.entries(oracles)) {
        const characters = read(path)
        if (characters === null) continue
        const reading = ofBytes.has(name) ? characters : Buffer.from(characters, 'utf8').toString('latin1')
        if (found.has(reading)) continue
        found.set(reading, `${by} > ${name}`)
        next.push([reading, `${by} > ${name}`])
      }
    }
    edge = next
  }
  return found
}

/** For the comparison with Python, whose own library then reads the targets. Prints a JSON list of readings a target. */
export const pythonOracle = `
import json, posixpath, sys
from http.server import SimpleHTTPRequestHandler
from urllib.parse import unquote, unquote_plus, unquote_to_bytes, urlsplit, urljoin
files = SimpleHTTPRequestHandler.__new__(SimpleHTTPRequestHandler)
files.directory = '/srv'
def read(target):
    seen = {target}
    for attempt in (
        lambda: urlsplit(target).path,
        lambda: unquote(urlsplit(target).path),
        lambda: posixpath.normpath(unquote(urlsplit(target).path)),
        lambda: posixpath.normpath(unquote_plus(urlsplit(target).path)),
        lambda: files.translate_path(target)[4:] or '/',
        lambda: unquote(target.split('?')[0], 'iso-8859-1').encode('iso-8859-1').decode('utf-8', 'replace'), # PEP 3333
        lambda: posixpath.normpath(unquote(unquote(urlsplit(target).path))),
        lambda: urlsplit(urljoin('http://front.example/', target)).path,
        lambda: unquote(urlsplit(urljoin('http://front.example/', target)).path),
        lambda: posixpath.normpath(unquote(target.split('?')[0]).strip()),
        lambda: unquote_to_bytes(target.split('?')[0]).decode('latin-1'),
        lambda: unquote_to_bytes(target.split('?')[0]).decode('utf-8', 'ignore'),
        lambda: posixpath.normpath(unquote_to_bytes(target.split('?')[0]).decode('utf-8', 'ignore').replace('\\\\', '/')),
    ):
        try:
            seen.add(attempt())
        except ValueError:
            pass
    return sorted(path.encode('utf-8', 'replace').decode('utf-8') for path in seen)
print(json.dumps([read(target) for target in json.load(sys.stdin)]))
`
