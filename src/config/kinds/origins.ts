import { webUrl } from './addresses.ts'
import { Problem } from '../config-error.ts'
import { asItems, type Kind } from './kind.ts'
import { items } from './scalars.ts'

const SEPARATOR = /[\s,]+/
const WILD = /^(?:(https?):\/\/)?((?:[a-z0-9_-]+|\*)(?:\.(?:[a-z0-9_-]+|\*))*)(?::(\d{1,5}|\*))?$/i

/** Origins, and Panel's `host[:port]` patterns, which stand for both schemes. Without a port, and with 80, they are for the scheme's own. */
export const origins: Kind<readonly string[], readonly string[] | string> = {
  shape: 'origin',
  repeatable: true,
  parse: raw => items(asItems(raw, SEPARATOR).flatMap(item => item.includes('*') ? readPattern(item) : readOrigins(item)))
}

function readOrigins (item: string): string[] {
  return schemesOf(item).map(candidate => {
    const { url } = webUrl(candidate)
    if (url.pathname !== '/' || /[?#]|\/$/.test(item)) throw new Problem(`has “${item}”, which is more than an origin`, `Write ${item.includes('://') ? url.origin : url.host}.`)
    return url.origin
  })
}

// Panel compares the host of an origin, and takes one without a port for port 80, whatever the scheme.
function schemesOf (item: string): string[] {
  if (item.includes('://')) return [item]
  return [`http://${item}`, `https://${item}`, ...item.endsWith(':80') ? [`https://${item.slice(0, -':80'.length)}`] : []]
}

function readPattern (item: string): string[] {
  const [, scheme, host = '', port] = WILD.exec(item) ?? []
  if (!isNarrow(host.split('.'))) throw new Problem(`has “${item}”: any website could then speak in the name of whoever is signed in`, 'Name each origin, or *.example.com for the hosts of one domain. The gate’s own is always allowed.')
  const schemes = scheme === undefined ? ['http', 'https'] : [scheme.toLowerCase()]
  return schemes.map(name => `${name}://${host.toLowerCase()}${port === undefined || (name === 'http' ? port === '80' : port === '443' || (port === '80' && scheme === undefined)) ? '' : `:${port}`}`)
}

/** The part that its owner cannot give away is written out: the domain of a name, the network of an address. */
function isNarrow (labels: readonly string[]): boolean {
  if (labels.join('') === '') return false
  if (!labels.includes('*')) return true
  const isAddress = labels.every(label => /^(?:\d+|\*)$/.test(label))
  if (isAddress) return labels.length === 4 && !labels.slice(0, 2).includes('*')
  return labels.length > 2 && !labels.slice(-2).includes('*')
}
