import { isLoopback } from '../../oauth/loopback.ts'
import { HOST_LABEL, parseUrl } from '../../url.ts'
import { Problem } from '../config-error.ts'
import { asItems, type Kind } from './kind.ts'
import { items } from './scalars.ts'

const ENTRY = new RegExp(`^(\\*?\\.)?((?:${HOST_LABEL}\\.)*${HOST_LABEL})(?::([1-9]\\d{0,4}))?$`)

/**
 * Hosts that people may be sent to, as origins: https ones, of this machine http ones too. As in oauth2-proxy `.example.com` and
 * `*.example.com` are every host below, here as `https://*.example.com`; any port is not to be had.
 */
export const returnHosts: Kind<readonly string[], readonly string[] | string> = {
  shape: 'host',
  repeatable: true,
  parse: raw => items(asItems(raw, /[\s,]+/).flatMap(readHost))
}

function readHost (item: string): string[] {
  if (item.includes('@')) throw new Problem('has an entry with a user name or an address of mail', 'Write the host alone: app.example.com.') // it may hold a password
  if (item.includes('*') && !/^\*\.[^*]+$/.test(item)) throw new Problem(`has “${item}”: any ${item.endsWith(':*') ? 'port' : 'website'} could then be led to`, 'Write each host, and its port where that is not 443: app.example.com:8443; or .example.com for the hosts below one domain.')
  if (item.includes('/')) throw new Problem(`has “${item}”, which is more than a host`, `Write ${parseUrl(item)?.host || 'app.example.com'}: without a scheme, which is https, and without a path, because each page there may be led to.`)
  const [, wild, name = '', port] = ENTRY.exec(item.toLowerCase()) ?? []
  const host = wild === undefined ? name : `x.${name}`
  const url = parseUrl(`https://${host}:${port ?? '443'}`)
  if (url?.hostname !== host) throw new Problem(`has “${item}”, which is not a host`, hintFor(item))
  if (wild !== undefined && !name.includes('.')) throw new Problem(`has “${item}”: any website below it could then be led to`, `Name the domain that is yours, like .example.${name}.`)
  return (isLoopback(host) ? ['http', 'https'] : ['https'])
    .map(scheme => new URL(`${scheme}://${host}${port === undefined ? '' : `:${port}`}`).origin)
    .map(origin => wild === undefined ? origin : origin.replace('://x.', '://*.'))
}

/** A name in other letters has another one that browsers go by. */
function hintFor (item: string): string {
  const ascii = parseUrl(`https://${item.replace(/^\./, '')}`)?.hostname ?? ''
  return `Write app.example.com, app.example.com:8443, or .example.com for the hosts below it${ascii.includes('xn--') ? `; in ASCII, here ${ascii}` : ''}.`
}
