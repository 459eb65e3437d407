import { Agent, fetch, type Dispatcher, type Response as UndiciResponse } from 'undici'
import { ProviderAnswerInvalid, ProviderTimeout, ProviderUnreachable } from '../errors.ts'
import { isLoopback } from './loopback.ts'
import { parseUrl } from '../url.ts'
import { connectOptions, whyTls, type ProviderTls } from './tls.ts'

const LARGEST_ANSWER = 1024 * 1024
const NO_BODY = new Set([101, 204, 205, 304])
/** What undici says of the transfer itself: neither the status nor the type belongs to the body any more. */
const SPENT_HEADERS = ['content-encoding', 'content-length', 'transfer-encoding']

export interface ProviderRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: URLSearchParams | string | null | undefined
  readonly signal?: AbortSignal
  /** A redirect is an error, unless where it leads is what is asked. It is never followed. */
  readonly redirects?: 'refused' | 'told'
}

/** oauth4webapi's `customFetch`. The answer is whole: its body was read before the promise settled. */
export type ProviderFetch = (url: string, request: ProviderRequest) => Promise<Response>

export interface ProviderFetchOptions {
  /** Milliseconds for the whole exchange, the last byte of the body included. */
  readonly timeout?: number
  readonly tls?: ProviderTls
}

/**
 * The one door to a provider's HTTP. Follows no redirect (RFC 9700 §4.12: one would carry our credentials along),
 * repeats nothing, and reads at most 1 MiB, counted after decompression.
 *
 * @throws {ProviderTimeout} from the returned function: no whole answer in time
 * @throws {ProviderUnreachable} from the returned function: no answer; the detail has address and cause
 * @throws {ProviderAnswerInvalid} from the returned function: a redirect, or more than 1 MiB
 */
export function createProviderFetch ({ timeout = 10_000, tls = {} }: ProviderFetchOptions = {}): ProviderFetch {
  const dispatcher = new Agent({ connect: connectOptions(tls) })
  return async function providerFetch (url, { method = 'GET', headers = {}, body, signal, redirects = 'refused' }) {
    if (!isSafeUrl(url)) throw new ProviderUnreachable(`${method} ${address(url)}: http is for loopback addresses only`)
    const deadline = AbortSignal.timeout(timeout)
    try {
      const answer = await fetch(url, {
        method, body: body ?? null, redirect: 'manual', dispatcher: dispatcher.compose(once(url)),
        headers: { ...headers, 'user-agent': 'oauth-gate' }, // GitHub refuses requests without one
        signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal])
      })
      if (redirects === 'refused') await refuseRedirect(answer, url)
      return await whole(answer, url)
    } catch (error) {
      const refused = [error, error instanceof Error ? error.cause : undefined].find(reason => reason instanceof ProviderAnswerInvalid)
      if (refused !== undefined) throw refused
      if (deadline.aborted) throw new ProviderTimeout(`${method} ${address(url)}: no whole answer within ${timeout} ms`)
      throw unreachable(`${method} ${address(url)}`, error, tls)
    }
  }
}

/**
 * The JSON of an answer, if its content type says so (`application/json`, or any `+json`).
 *
 * @param from names the answer in errors: what and where, never a secret
 * @throws {ProviderAnswerInvalid} another content type, or not JSON
 */
export async function readJson (answer: Response, from: string): Promise<unknown> {
  const type = answer.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (!/^application\/(?:[\w.-]+\+)?json$/.test(type)) {
    throw new ProviderAnswerInvalid(`${from} answered ${answer.status} with ${/^[\w./+-]{1,80}$/.test(type) ? type : 'no content type'} instead of JSON`)
  }
  const text = await answer.text()
  try {
    return JSON.parse(text) as unknown
  } catch { // the cause would quote the body, which may hold tokens
    throw new ProviderAnswerInvalid(`${from} answered ${answer.status} with text that is not JSON`)
  }
}

/** Whether secrets may travel to this URL: https, or http that never leaves the machine. */
export function isSafeUrl (url: string): boolean {
  if (parseUrl(url) === null) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}

/** An URL as a log may hold it: without credentials, query and fragment. */
export function address (url: string): string {
  if (parseUrl(url) === null) return 'an address that is no URL'
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

/** Fetch asks a second time by itself after a 421 (Fetch Standard, HTTP-network-or-cache fetch): a code would be sent twice. */
function once (url: string): Dispatcher.DispatcherComposeInterceptor {
  return dispatch => {
    let isSent = false
    return (options, handler) => {
      if (isSent) throw new ProviderAnswerInvalid(`${address(url)} answered 421, to be asked again on another connection: nothing is sent twice`)
      isSent = true
      return dispatch(options, handler)
    }
  }
}

async function refuseRedirect (answer: UndiciResponse, url: string): Promise<void> {
  if (answer.status < 300 || answer.status > 399 || answer.status === 304) return
  await answer.body?.cancel()
  const location = answer.headers.get('location') ?? ''
  const target = parseUrl(location, url)
  throw new ProviderAnswerInvalid(`${address(url)} answered ${answer.status}, a redirect${target === null ? '' : ` to ${address(target.href)}`}`)
}

async function whole (answer: UndiciResponse, url: string): Promise<Response> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body ?? []) {
    chunks.push(chunk)
    size += chunk.byteLength
    if (size > LARGEST_ANSWER) throw new ProviderAnswerInvalid(`${address(url)} answered more than 1 MiB`)
  }
  const headers = new Headers([...answer.headers])
  for (const name of SPENT_HEADERS) headers.delete(name)
  const body = NO_BODY.has(answer.status) ? null : Buffer.concat(chunks)
  return new Response(body, { status: answer.status, headers })
}

/** `TypeError: fetch failed` says nothing, its cause does; a TypeError without one may quote a header, and so a token. */
function unreachable (request: string, error: unknown, tls: ProviderTls): ProviderUnreachable {
  const cause = error instanceof Error ? error.cause : undefined
  if (!(cause instanceof Error)) return new ProviderUnreachable(`${request}: the request was not possible`)
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') return new ProviderUnreachable(`${request}: what listens there does not speak TLS; is it http://?`, { cause })
  const what = cause.message.replace(/^[0-9A-F]+:error:[^:]*:[^:]*:[^:]*:([^:]*):.*$/s, '$1') // of OpenSSL's lines only what they say
  return new ProviderUnreachable(`${request}: ${[code, what, / https:/.test(request) ? whyTls(code, tls) : undefined].filter(Boolean).join(': ')}`, { cause })
}
