import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, type Socket } from 'node:net'
import { perConnection } from '../per-connection.ts'
import { parseUrl } from '../url.ts'
import { arrivalHeaders, type Arrival as Told } from './headers.ts'

/** From where and how a request came, as far as that can be believed. */
export interface Arrival extends Told {
  /** `scheme://host`, lower case: the gate's public origin for this request. */
  readonly origin: string
  /** The `Host` that this very request is for, with a trusted proxy's word counting before its own; lower case. */
  readonly asked: string
}

export interface ArrivalOptions {
  /** Where people reach the gate, when that is known: it then stands above everything a request says. */
  readonly publicUrl?: URL | undefined
  /** Whether the gate itself ends TLS. */
  readonly tls: boolean
  /** Addresses and networks whose forwarding headers are believed, in CIDR notation. */
  readonly trustedProxies: readonly string[]
  /** Panel's `--use-xheaders`: one loopback or private hop is believed, for scheme and client address only. */
  readonly useXheaders: boolean
  /** Whether it is a unix socket that is listened on: who connects has no address, and is on this machine. */
  readonly unixSocket?: boolean
}

const LOOPBACK = '127.0.0.1'
const PRIVATE = ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '::1/128', 'fc00::/7', 'fe80::/10']

/** Whom a connection is with: a proxy whose word counts, one that `--use-xheaders` believes, or anybody else. */
type Nature = 'proxy' | 'near' | 'stranger'

/** What of a request an arrival is made of, besides its Host and its connection. */
const READ: Readonly<Record<Nature, readonly string[]>> = {
  proxy: ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'],
  near: ['x-forwarded-for', 'x-forwarded-proto', 'x-real-ip', 'x-scheme'],
  stranger: []
}

/** That by which more requests may come that say the same. What becomes a websocket brings no second one. */
export function connectionOf ({ headers, socket }: IncomingMessage): Socket | undefined {
  return headers.upgrade === undefined ? socket : undefined
}

/** Reads forwarding headers from trusted peers only, from right to left: what stands left of the first stranger is hearsay. */
export function createArrivals (options: ArrivalOptions): (request: IncomingMessage) => Arrival {
  const { publicUrl, tls, useXheaders } = options
  const [isTrusted, isNear] = [createNetworks(options.trustedProxies), createNetworks(useXheaders ? PRIVATE : [])]
  const own = publicUrl === undefined ? undefined : { proto: publicUrl.protocol.slice(0, -1) as Told['proto'], host: publicUrl.host }
  const peerOf = ({ remoteAddress }: Socket) => plainAddress(remoteAddress ?? (options.unixSocket === true ? LOOPBACK : '')) // a TCP client that has left has none either
  const natureOf = (peer: string): Nature => isTrusted(peer) ? 'proxy' : isNear(peer) ? 'near' : 'stranger'
  /** @param said the Host and what `READ` names, a line each */
  const arrivalOf = perConnection((said, peer: string): Arrival => {
    const [named = '', ...values] = said.split('\n')
    const nature = natureOf(peer)
    const believed = nature === 'proxy' ? fromProxy(values, peer, isTrusted) : nature === 'near' ? fromXheaders(values, peer) : { chain: [peer] }
    const proto = own?.proto ?? believed.proto ?? (tls ? 'https' : 'http')
    const asked = believed.host ?? named
    const host = own?.host ?? asked
    const told = { address: believed.chain[0] as string, forwardedFor: believed.chain.join(', '), proto, host, port: portOf(host, proto) }
    return { ...told, origin: originOf(proto, host), asked: asked.toLowerCase(), headers: arrivalHeaders(told) }
  })

  return request => {
    const { socket, headers } = request
    const peer = peerOf(socket)
    let said = headers.host ?? ''
    for (const name of READ[natureOf(peer)]) said += `\n${String(headers[name] ?? '')}` // no header has a line break in it
    return arrivalOf(said, peer, connectionOf(request))
  }
}

/** @param text an address or a network; @throws {Error} neither */
function addNetwork (list: BlockList, text: string): void {
  const [address = '', bits] = text.split('/')
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family)
}

interface Believed {
  /** Client first, nearest hop last; never empty. */
  readonly chain: readonly string[]
  readonly proto?: Told['proto'] | undefined
  readonly host?: string | undefined
}

function fromProxy ([addresses, proto, host]: readonly string[], peer: string, isTrusted: (address: string) => boolean): Believed {
  const hops = [...list(addresses), peer].map(plainAddress)
  let client = hops.length - 1
  while (client > 0 && isTrusted(hops[client] as string) && isIP(hops[client - 1] as string) !== 0) client--
  return { chain: hops.slice(client), proto: protoOf(list(proto).at(-1)), host: hostOf(list(host).at(-1)) }
}

function fromXheaders ([addresses, proto, address, scheme]: readonly string[], peer: string): Believed {
  // Most proxies set the X-Forwarded-* of each pair and pass the other on as the client wrote it: that counts only where it stands alone.
  const client = plainAddress(list(addresses).at(-1) ?? list(address).at(-1) ?? peer)
  return { chain: isIP(client) === 0 ? [peer] : [client], proto: protoOf(list(proto).at(-1) ?? list(scheme).at(-1)) }
}

/** Addresses whose answers are kept: what makes them anew costs more than all else that is asked about an arrival. */
const KNOWN = 1_000
/** Characters of the longest address there is, as IPv6 writes IPv4. A zone behind it could be of any length. */
const LONGEST = 45

/** @returns whether an address lies in one of them */
function createNetworks (texts: readonly string[]): (address: string) => boolean {
  if (texts.length === 0) return () => false
  const blocks = new BlockList()
  for (const text of texts) addNetwork(blocks, text)
  const known = new Map<string, boolean>()
  const contains = (address: string): boolean => {
    const family = isIP(address)
    return family !== 0 && blocks.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
  return address => {
    const before = known.get(address)
    if (before !== undefined) return before
    const answer = contains(address)
    if (known.size >= KNOWN) known.clear()
    if (address.length <= LONGEST) known.set(Buffer.from(address, 'latin1').toString('latin1'), answer) // by itself: a piece of a header would keep the whole of it
    return answer
  }
}

function list (header = ''): string[] {
  return header.split(',').map(part => part.trim()).filter(part => part !== '')
}

// A dual-stack socket shows an IPv4 peer as ::ffff:127.0.0.1.
function plainAddress (address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

function protoOf (text: string | undefined): Told['proto'] | undefined {
  switch (text?.toLowerCase()) {
    case 'http': case 'ws': return 'http'
    case 'https': case 'wss': return 'https' // Traefik says so of websockets
    default: return undefined
  }
}

/** As a browser writes it: the scheme's own port is left out (RFC 6454 §6.2). */
function originOf (proto: Told['proto'], host: string): string {
  return `${proto}://${host.toLowerCase().replace(proto === 'https' ? /:443$/ : /:80$/, '')}`
}

function portOf (host: string, proto: Told['proto']): number {
  const port = /:(\d+)$/.exec(host)?.[1]
  return port === undefined ? (proto === 'https' ? 443 : 80) : Number(port)
}

function hostOf (text: string | undefined): string | undefined {
  return text !== undefined && isHost(text) ? text : undefined
}

// Nearly every request names the same one.
let lastHost = ''

/** RFC 9112 §3.2 and RFC 3986 §3.2.2, without userinfo: a registered name, an IPv4 or a bracketed IPv6 address, a port; and one that a URL can have. */
export function isHost (text: string): boolean {
  if (text === lastHost && text !== '') return true
  if (!/^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(text) || parseUrl(`http://${text}`) === null) return false
  lastHost = text
  return true
}
