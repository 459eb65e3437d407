/** An address in the one strict grammar that is believed; lower-cased, A–Z only. */
export interface Email {
  readonly address: string
  readonly domain: string
}

const local = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const label = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/

/**
 * An ASCII dot-atom, one `@`, letter-digit-hyphen labels (RFC 5321 §4.1.2 without quotes, comments and literals).
 * Anything else is no address: what two programs may read differently must not open a door.
 */
export function parseEmail (text: string): Email | null {
  const address = lower(text)
  const [name, domain, ...more] = address.split('@')
  if (address.length > 254 || name === undefined || domain === undefined || more.length > 0) return null
  return name.length <= 64 && local.test(name) && isDomain(domain) ? { address, domain } : null
}

/** A domain as a setting lists it: `b.com` and `@b.com` are that domain alone, `*.b.com` what is below it and not itself. */
export function parseDomain (text: string): { readonly text: string, covers (domain: string): boolean } | null {
  const whole = lower(text)
  const below = whole.startsWith('*.')
  const domain = below ? whole.slice(2) : whole.replace(/^@/, '')
  if (!isDomain(domain)) return null
  return below
    ? { text: whole, covers: other => other.endsWith('.' + domain) }
    : { text: domain, covers: other => other === domain }
}

/** Two labels or more, 253 characters at most, no trailing dot (RFC 1035 §2.3.1, RFC 1123 §2.1). */
function isDomain (domain: string): boolean {
  const labels = domain.split('.')
  return domain.length <= 253 && labels.length > 1 && labels.every(part => part.length <= 63 && label.test(part))
}

/** `toLowerCase` also maps the Kelvin sign and its like into ASCII. */
function lower (text: string): string {
  return text.replace(/[A-Z]/g, letter => letter.toLowerCase())
}
