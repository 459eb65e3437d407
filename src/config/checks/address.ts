import { isLoopback } from '../../oauth/loopback.ts'
import type { Upstream } from '../../proxy/upstream.ts'
import type { Values } from '../options.ts'
import type { Draft } from './draft.ts'

/** Where the gate listens and where the app does: neither may be taken for the other. */
export const addressChecks: readonly ((draft: Draft) => void)[] = [itself, leadsToApp]

function itself ({ config, fail }: Draft): void {
  for (const upstream of config.upstream ?? []) {
    const { origin, socketPath } = upstream
    if (!isOurs(upstream, config)) continue
    fail('upstream', `--upstream=${socketPath === undefined ? origin : `unix:${socketPath}`} is where the gate itself listens: it would ask itself, for ever.`, 'Let the app listen somewhere else, and name that: --upstream=http://127.0.0.1:5007. Or give the gate another --port.')
  }
}

/** Where a sign-in ends in the app, past the gate, the code is wasted there. */
function leadsToApp ({ config, from, note }: Draft): void {
  const { oauthRedirectUri, publicUrl, upstream = [] } = config
  if (oauthRedirectUri === undefined) return
  const { host } = new URL(oauthRedirectUri)
  const app = upstream.find(({ origin, socketPath }) => socketPath === undefined && samePlace(oauthRedirectUri, origin))
  if (app !== undefined && publicUrl?.host !== host) note(`${from('oauthRedirectUri')} leads to ${host}, which is the app itself (--upstream): sign-ins end there, past the gate. Set it to where people meet the gate, or leave it out, and register that at the provider`)
}

function isOurs ({ origin, socketPath }: Upstream, { address, port, unixSocket }: Partial<Values>): boolean {
  if (unixSocket !== undefined || socketPath !== undefined) return unixSocket === socketPath
  if (address === undefined || port === undefined) return false
  return samePlace(origin, `http://${address.includes(':') ? `[${address}]` : address}:${port}`)
}

/** Whether two URLs lead to one port of one host, by whatever name of this machine. */
function samePlace (one: string, other: string): boolean {
  const [left, right] = [one, other].map(text => new URL(text)) as [URL, URL]
  return portOf(left) === portOf(right) && (left.hostname === right.hostname || (isHere(left.hostname) && isHere(right.hostname)))
}

function portOf ({ port, protocol }: URL): string {
  return port === '' ? (protocol === 'https:' ? '443' : '80') : port
}

function isHere (hostname: string): boolean {
  return isLoopback(hostname) || hostname === '0.0.0.0' || hostname === '[::]'
}
