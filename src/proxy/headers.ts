import type { Identity } from '../identity/identity.ts'
import { othersIn, type IsOurs } from './cookies.ts'
import { knownName } from './names.ts'
import { nameSet } from './set-cookie.ts'

/** How a request came to us: what the forwarding headers will say. The caller has decided whom to believe. */
export interface Arrival {
  /** The client's IP address, without brackets; empty when it came over a unix socket. */
  readonly address: string
  /** The whole X-Forwarded-For, where a trusted proxy's list was believed; otherwise it is `address`. */
  readonly forwardedFor?: string | undefined
  readonly proto: 'http' | 'https'
  /** Host as the browser sent it, with its port; empty when there was none. */
  readonly host: string
  /** The Host that the request was judged by, lower case, where a trusted proxy named another than its own. */
  readonly asked?: string | undefined
  readonly port: number
  /** What `arrivalHeaders` makes of it, where that was done already. */
  readonly headers?: readonly string[]
}

/** What the upstream is told beyond the client's own words. All of it but `arrival` can be made once a session. */
export interface Outward {
  /** Flat pairs of names and values, as app-headers.ts makes them; empty for somebody who is not signed in. */
  readonly identity: readonly string[]
  readonly arrival: Arrival
  /** Pairs of ours for the `Cookie` header: a Panel app reads who somebody is there. */
  readonly cookies?: string | undefined
  /** Whether the upstream sees the browser's Host, or its own. */
  readonly passHost: boolean
  /** Cookies of these names belong to the gate: the upstream neither sees nor sets them. */
  readonly isOurCookie: IsOurs
  /** By which it came, where more of the same are likely. */
  readonly connection?: object | undefined
  /** Further header names the gate may set, as `normalName` writes them; a client's are dropped even where we set none. */
  readonly owned?: ReadonlySet<string> | undefined
}

/**
 * The headers for the upstream, from those of the client, as flat pairs. Ours come last, when nothing the client said can
 * remove them (a `Connection: X-Forwarded-User` has been consumed) or stand beside them (the whole class has been dropped).
 *
 * @param raw `request.rawHeaders`
 */
export function outwardHeaders (raw: readonly string[], outward: Outward): string[] {
  const out: string[] = []
  let cookie = ''
  let named = ''
  let host = !outward.passHost
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string
    const value = raw[i + 1] as string
    const known = knownName(name)
    if (known.kind === 'drop' || outward.owned?.has(known.normal)) continue
    if (known.kind === 'cookie') {
      cookie = cookie === '' ? value : `${cookie}; ${value}`
    } else if (known.kind === 'connection') {
      if (nominates(value)) named += `${value},`
    } else if (known.kind === 'keep' || !host) {
      host ||= known.kind === 'host'
      out.push(name, known.kind === 'host' ? judgedHost(value, outward.arrival) : value)
    }
  }
  const kept = cookie === '' ? '' : othersIn(cookie, outward.isOurCookie, outward.connection)
  if (kept !== '') out.push('cookie', kept)
  if (named !== '') strike(out, named)
  if (outward.cookies !== undefined) addCookies(out, outward.cookies)
  for (const part of outward.identity) out.push(part)
  for (const part of outward.arrival.headers ?? arrivalHeaders(outward.arrival)) out.push(part)
  return out
}

/**
 * The headers for the client, from those of the upstream, as flat pairs: the same bytes in the same order, duplicates too,
 * but for what belongs to the connection, cookies of our names, and our own mark.
 *
 * @param raw undici's `controller.rawHeaders`
 */
export function inwardHeaders (raw: readonly (Buffer | string)[], dropCookie: (name: string) => boolean): string[] {
  const out: string[] = []
  let named = ''
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = latin1(raw[i])
    const value = latin1(raw[i + 1])
    const lower = name.toLowerCase()
    if (lower === 'connection') named += nominates(value) ? `${value},` : ''
    else if (!stays.has(lower) && !(lower === 'set-cookie' && dropCookie(nameSet(value)))) out.push(name, value)
  }
  if (named !== '') strike(out, named)
  return out
}

const stays = new Set(['keep-alive', 'proxy-authenticate', 'proxy-authentication-info', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade', 'x-oauth-gate'])

/** The names that `identityHeaders` sends, as `normalName` writes them. */
export const identityNames: readonly string[] = ['user', 'email', 'preferred-username', 'name', 'role', 'groups', 'subject', 'provider'].map(field => `x-forwarded-${field}`)

/** Who somebody is, for the app. What is empty is absent; a value is ASCII, whatever the provider said. */
export function identityHeaders (identity: Identity): string[] {
  const out: string[] = []
  const add = (name: string, value: string) => { if (value) out.push(name, value) }
  add('X-Forwarded-User', encoded(identity.user))
  add('X-Forwarded-Email', encoded(identity.email))
  add('X-Forwarded-Preferred-Username', encoded(identity.login))
  add('X-Forwarded-Name', encoded(identity.name))
  add('X-Forwarded-Role', encoded(identity.role))
  add('X-Forwarded-Groups', identity.groups.filter(group => group !== '').map(encodedInList).join(','))
  add('X-Forwarded-Subject', encoded(identity.subject))
  add('X-Forwarded-Provider', encoded(identity.provider))
  return out
}

// Spaces at either end would be trimmed on the wire (RFC 9110 §5.5), and make one person out of two.
const alone = offending(/[^\x20-\x24\x26-\x7e]+|^ +| +$/)
const inList = offending(/[^\x20-\x24\x26-\x2b\x2d-\x7e]+|^ +| +$/)

/** Printable ASCII: every other byte of the UTF-8 is percent-encoded, and `%` with them. */
export function encoded (value = ''): string {
  return percentEncoded(value, alone)
}

/** The same for one of several that commas stand between. */
export function encodedInList (item: string): string {
  return percentEncoded(item, inList)
}

/** What cannot stay as it is. Whether there is any is asked first: nearly never is there, and to replace nothing costs far more than to find none. */
function offending (what: RegExp): { readonly any: RegExp, readonly each: RegExp } {
  return { any: what, each: new RegExp(what, 'g') }
}

function percentEncoded (value: string, { any, each }: ReturnType<typeof offending>): string {
  return any.test(value) ? value.replace(each, bytes => Buffer.from(bytes).toString('hex').toUpperCase().replace(/../g, '%$&')) : value
}

/** How the request came, for the app: flat pairs. */
export function arrivalHeaders ({ address, forwardedFor, proto, host, port }: Arrival): string[] {
  const out: string[] = []
  const chain = forwardedFor ?? address
  if (chain !== '') out.push('X-Forwarded-For', chain)
  out.push('X-Forwarded-Proto', proto)
  if (host !== '') out.push('X-Forwarded-Host', host)
  out.push('X-Forwarded-Port', String(port))
  out.push('Forwarded', `for=${node(address)}${host === '' || /["\\]/.test(host) ? '' : `;host="${host}"`};proto=${proto}`)
  if (address !== '') out.push('X-Real-IP', address)
  return out
}

/** What was judged is what goes on: many a proxy passes on both its Host and an X-Forwarded-Host of the client's own. */
function judgedHost (value: string, { asked }: Arrival): string {
  return asked === undefined || asked === value.toLowerCase() ? value : asked
}

/** RFC 7239 §6: an IPv6 address stands in brackets, and then in quotes. */
function node (address: string): string {
  if (address === '') return 'unknown'
  return address.includes(':') ? `"[${address}]"` : address
}

/** Behind the client's, in the one header there may be (RFC 9113 §8.2.3 aside): of two pairs with one name most servers take the last. */
function addCookies (out: string[], cookies: string): void {
  const last = out.length - 2
  if (out[last] === 'cookie') out[last + 1] += `; ${cookies}`
  else out.push('cookie', cookies)
}

/** Whether a Connection header names anything that could stand in the message. Nearly none does. */
function nominates (value: string): boolean {
  return value !== 'keep-alive' && value !== 'close' && value !== 'Upgrade'
}

/** Removes, in place, the pairs that a Connection header named. Host and length are the message's own, whoever names them. */
function strike (pairs: string[], named: string): void {
  const names = new Set(named.toLowerCase().split(',').map(name => name.trim()))
  names.delete('host')
  names.delete('content-length')
  let end = 0
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i] as string
    if (names.has(name.toLowerCase())) continue
    pairs[end++] = name
    pairs[end++] = pairs[i + 1] as string
  }
  pairs.length = end
}

function latin1 (bytes: Buffer | string | undefined): string {
  return typeof bytes === 'string' ? bytes : bytes?.toString('latin1') ?? ''
}
