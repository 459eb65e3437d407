import { BlockList, isIP } from 'node:net'
import { parseDomain, parseEmail } from '../../access/email.ts'
import { isLoopback } from '../../oauth/loopback.ts'
import { HOST_LABEL, parseUrl } from '../../url.ts'
import { Problem } from '../config-error.ts'
import { asItems, type Kind } from './kind.ts'
import { items, text } from './scalars.ts'

const hostLabel = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?'
const hostName = new RegExp(`^(?=.{1,253}$)${hostLabel}(?:\\.${hostLabel})*\\.?$`)
export function isHostName (text: string): boolean {
  return hostName.test(text)
}

/** Without the underscore, which is fine in a host's name and not in a cookie's `Domain` (RFC 6265 §4.1.1). */
const domainName = new RegExp(`^(?=.{1,253}$)(?:${HOST_LABEL}\\.)+${HOST_LABEL}$`)

/** The gate's own address as browsers see it. */
export const origin: Kind<URL, string | URL> = {
  shape: 'url',
  parse: raw => {
    const { url } = webUrl(raw instanceof URL ? raw.href : raw)
    if (url.pathname !== '/') throw new Problem('must not have a path', `Write ${url.origin}: the gate answers for a whole origin.`)
    if (url.search !== '' || url.hash !== '') throw new Problem('must have no query and no fragment', `Write ${url.origin}.`)
    return url
  }
}

/** An address at the provider, as it was written. */
export const providerUrl: Kind<string, string> = {
  shape: 'url',
  parse: raw => {
    const { value, url } = webUrl(raw)
    if (value.includes('#')) throw new Problem('must have no fragment')
    if (url.protocol === 'http:' && !isLoopback(url.hostname)) throw new Problem('must be https, because secrets and tokens go there', 'Plain http is taken on this machine only: localhost, 127.0.0.1, [::1].')
    return value
  }
}

/** Kept byte for byte, and compared that way (OpenID Connect Discovery §4.3). It has no query (RFC 8414 §2). */
export const issuer: Kind<string, string> = {
  shape: 'url',
  parse: raw => {
    const value = providerUrl.parse(raw)
    if (/\/\.well-known\/openid-configuration\/?$/.test(value)) throw new Problem('is the address of the discovery document', 'Take /.well-known/openid-configuration off its end: what is before it is the issuer.')
    if (value.includes('?')) throw new Problem('must have no query', 'Take the ? and what follows out; what the provider needs beside goes into --oauth-extra-params.')
    return value
  }
}

/** Sent to the provider as it is written (RFC 6749 §3.1.2). */
export const redirectUri: Kind<string, string> = {
  shape: 'url',
  parse: raw => {
    const { value, url } = webUrl(raw)
    if (value.includes('#')) throw new Problem('must have no fragment')
    if (/[%\\;]|\/\/|\/\.{1,2}(?:\/|$)/.test(value.replace(/^https?:\/\//i, '').replace(/\?.*$/, ''))) throw new Problem('has a path that can be read in more than one way')
    const ours = ['code', 'state', 'error', 'iss'].find(name => url.searchParams.has(name))
    if (ours !== undefined) throw new Problem(`has the parameter ${ours}, which the provider adds`)
    return value
  }
}

/** Addresses and networks in CIDR notation. */
export const networks: Kind<readonly string[], readonly string[] | string> = {
  shape: 'ip,cidr',
  repeatable: true,
  parse: raw => items(asItems(raw, /[\s,]+/).map(readNetwork))
}

export const listenAddress: Kind<string, string> = {
  shape: 'ip',
  parse: raw => {
    const value = text.parse(raw)
    if (isIP(value) === 0 && !hostName.test(value)) throw new Problem('must be an IP address or a host name', 'Write 127.0.0.1 for this machine only, 0.0.0.0 or :: for everybody.')
    return value
  }
}

/** Domains of email addresses, lower case; `*.b.com` is what is below `b.com`. */
export const domains: Kind<readonly string[], readonly string[] | string> = {
  shape: 'a,b',
  repeatable: true,
  parse: raw => items(asItems(raw, /[\s,]+/).map(readDomain)),
  remark: raw => {
    const at = asItems(raw, /[\s,]+/).filter(item => item.startsWith('@'))
    return at.length > 0 ? `takes ${at.join(', ')} as ${at.map(item => item.slice(1)).join(', ')}` : undefined
  }
}

/** Email addresses, lower case. */
export const emails: Kind<readonly string[], readonly string[] | string> = {
  shape: 'a,b',
  repeatable: true,
  parse: raw => items(asItems(raw, /[\s,]+/).map(item => (item.includes('*') ? undefined : parseEmail(item)?.address) ?? refuse(item, 'an email address', 'A whole domain goes to --allowed-domains.')))
}

export const cookieDomain: Kind<string, string> = {
  shape: 'domain',
  parse: raw => {
    const value = text.parse(raw).replace(/^\./, '').toLowerCase()
    if (isIP(value) !== 0) throw new Problem('must be a domain, not an IP address', 'Leave it out: the cookie then belongs to this host alone.')
    if (!domainName.test(value)) throw new Problem('must be a domain with at least one dot, without scheme and port', 'Write example.com, or leave it out: the cookie then belongs to this host alone.')
    return value
  }
}

/** An http or https address whose host is beyond doubt, as written and as parsed. Its problems never quote it: it may hold a password. */
export function webUrl (raw: unknown): { value: string, url: URL } {
  const value = text.parse(raw)
  const authority = /^https?:\/\/([^/?#]*)/i.exec(value)?.[1]
  if (authority === undefined || authority === '' || parseUrl(value) === null) throw new Problem('must be an address that begins with http:// or https://', 'Write it whole, like https://app.example.com.')
  if (authority.includes('@')) throw new Problem('must not hold a user name or password')
  if (/[\s\\]/.test(value)) throw new Problem('must not hold spaces or backslashes')
  const url = new URL(value)
  if (!/^\[[0-9a-f:.]+\]$/.test(url.hostname) && !hostName.test(url.hostname)) throw new Problem('has no proper host name')
  return { value, url }
}

function readNetwork (item: string): string {
  const [, address = item, bits] = /^(.*)\/(\d{1,3})$/.exec(item) ?? []
  const version = isIP(address)
  if (version === 0 || Number(bits ?? 0) > (version === 4 ? 32 : 128)) throw new Problem(`has “${item}”, which is no IP address and no network`, 'Write 10.0.0.7, 10.0.0.0/8 or fd00::/8.')
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  if (bits === undefined) list.addAddress(address, family)
  else list.addSubnet(address, Number(bits), family)
  return item
}

function readDomain (item: string): string {
  if (item === '*') throw new Problem('has *, which would let everybody in', 'Leave the setting out if that is what you want.')
  return parseDomain(item)?.text ?? refuse(item, 'a domain', 'Write example.com, or *.example.com for what is below it; in ASCII.')
}

function refuse (item: string, what: string, fix: string): never {
  throw new Problem(`has “${item}”, which is not ${what}`, fix)
}
