import type { Upstream } from '../../proxy/upstream.ts'
import { Problem } from '../config-error.ts'
import { webUrl } from './addresses.ts'
import { asItems, type Kind } from './kind.ts'
import { readPrefix } from './prefix.ts'
import { items } from './scalars.ts'

/** `[/path=]URL`, where the address is http, https, or `unix:/path/to.sock[:/base]`. */
export const upstreams: Kind<readonly Upstream[], readonly string[] | string> = {
  shape: 'url',
  repeatable: true,
  parse: raw => {
    // A flag or a list holds one upstream an item; only the environment has several in one text.
    const list = items(asItems(raw, /\s+|,(?=\/|https?:|unix:)/)).map(readUpstream)
    const paths = list.map(upstream => upstream.path)
    const double = paths.find((path, index) => paths.indexOf(path) !== index)
    if (double !== undefined) throw new Problem(`has two upstreams for the path ${double}`, 'Give each its own: --upstream=/api=http://localhost:8000.')
    return Object.freeze(list)
  }
}

function readUpstream (item: string): Upstream {
  const [, path = '/', address = ''] = /^(?:(\/[^=]*)=)?([\s\S]*)$/.exec(item) ?? []
  const target = address.toLowerCase().startsWith('unix:') ? readSocket(address.slice('unix:'.length)) : readAddress(address)
  return Object.freeze({ path: readPrefix(path).path, ...target })
}

function readAddress (address: string): Omit<Upstream, 'path'> {
  if (/^wss?:/i.test(address)) throw new Problem('must be http or https', 'Websockets go the same way: write http:// for ws://, https:// for wss://.')
  if (/^[\w.-]+:\d+(?:\/|$)/.test(address)) throw new Problem('must begin with http:// or https://', `Write http://${address}.`)
  const { value, url } = webUrl(address)
  const basePath = value.replace(/^https?:\/\/[^/?#]*/i, '')
  return { origin: url.origin, basePath: readBase(basePath) }
}

function readSocket (address: string): Omit<Upstream, 'path'> {
  const [, file = '', base = ''] = /^(?:\/\/(?=\/))?([\s\S]*?)(?::(\/[\s\S]*))?$/.exec(address) ?? []
  if (!file.startsWith('/') || file.startsWith('//') || /[?#]/.test(file)) throw new Problem('names a unix socket that is not an absolute path', 'Write unix:/run/app.sock, or unix:/run/app.sock:/base.')
  return { origin: 'http://localhost', basePath: readBase(base), socketPath: file }
}

function readBase (path: string): string {
  if (path === '' || path === '/') return ''
  if (/[?#]/.test(path)) throw new Problem('has an address with a query or a fragment', 'An upstream is an origin and, if need be, a path.')
  return encodeURI(readPrefix(path).path) // as it goes over the wire
}
