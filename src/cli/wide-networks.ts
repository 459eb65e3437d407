import { BlockList, isIP } from 'node:net'

/** Prefixes of the largest network that one house has: 10.0.0.0/8, fc00::/7 of those that nobody routes, and no more than a /16 of the others. */
const [LARGEST, UNROUTED, ROUTED] = [8, 7, 16]
/** Where IPv6 has the addresses of IPv4, `::ffff:0:0/96`: a network of the one can be written as one of the other. */
const MAPPED = 96

/** Whether strangers are in a network, however it is written. @param network as `--trusted-proxy` takes it */
export function isWide (network: string): boolean {
  const [address = '', prefix] = network.split('/')
  if (prefix === undefined) return false
  const bits = Number(prefix)
  if (isIP(address) === 4) return bits < LARGEST
  const holdsMapped = isIn(network, '::ffff:0:0') || isIn(`::ffff:0:0/${MAPPED}`, address)
  return bits < (/^f[c-e]/i.test(address) ? UNROUTED : holdsMapped ? MAPPED + LARGEST : ROUTED)
}

function isIn (network: string, address: string): boolean {
  const [first = '', bits] = network.split('/')
  const list = new BlockList()
  list.addSubnet(first, Number(bits), 'ipv6')
  return list.check(address, 'ipv6')
}
