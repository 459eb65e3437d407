/** Who has one IPv6 address has a network of them: a household is given a /56 (RFC 6177 §2). An IPv4 address is one household's, or a whole office's. */
export function householdOf (address: string): string {
  return address.includes(':') ? networkOf(address) : address
}

/** What one party may well have, and whose turns are counted together: an IPv4 /24, an IPv6 /56. */
export function networkOf (address: string): string {
  if (!address.includes(':')) return address.split('.').slice(0, 3).join('.')
  const [head = '', tail] = address.split('::')
  const [before, after] = [head, tail ?? ''].map(part => part === '' ? [] : part.split(':'))
  const zeros = tail === undefined ? [] : Array<string>(8 - (before?.length ?? 0) - (after?.length ?? 0)).fill('0')
  const bits = [...before ?? [], ...zeros, ...after ?? []].slice(0, 4).map(group => group.padStart(4, '0')).join('')
  return bits.slice(0, 56 / 4).toLowerCase()
}
