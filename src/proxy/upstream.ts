import { isIP, type Socket } from 'node:net'
import { buildConnector, type Dispatcher, Pool } from 'undici'
import { type GateError, GateStopping, MalformedRequest, UpstreamAnswerInvalid, UpstreamTimeout, UpstreamUnreachable } from '../errors.ts'
import { createAppConnections, type Question } from './client/connections.ts'
import { intoBuffers } from './client/read-buffer.ts'

/** One app behind us. */
export interface Upstream {
  /** The paths it serves, as the rules know it. The forwarder does not look at it. */
  readonly path: string
  /** `http://host:port` or `https://host:port`; for a unix socket whatever the app should see as Host. */
  readonly origin: string
  /** Joined in front of every path; empty, or with a leading and without a trailing slash. */
  readonly basePath: string
  readonly socketPath?: string | undefined
}

export interface UpstreamOptions {
  readonly upstream: Upstream
  /** PEM certificates that replace the system's. */
  readonly ca?: string | undefined
  /** Believe any certificate of the upstream. */
  readonly skipVerify: boolean
  /** Milliseconds the upstream has to accept a connection, and then to begin its answer. */
  readonly timeout: number
  /** Bytes the head of an answer may have. */
  readonly maxHeaderSize: number
}

/** The connections to one upstream. */
export interface Line {
  /** Sends a request, and has the handler told of its answer. Never throws. @param isAgain whether it was sent before, on a connection that was closed meanwhile */
  dispatch (send: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler, isAgain: boolean): void
  /** Fulfilled when what is under way has its answer. */
  close (): Promise<void>
  /** What is under way fails. */
  destroy (): void
  /** The address, for the log. */
  readonly where: string
  /** Constant, so that what a client writes in Host never chooses the name in TLS, nor costs us the connection. */
  readonly servername: string
  /** True while a connection that has just been made is given its first request. */
  fresh: boolean
  /** True while the end of a connection is told that was a reset: an answer that ends with it is not whole. */
  broken: boolean
}

/**
 * No limit on the number of connections: each belongs to one waiting client, and with a limit that many open event streams
 * would shut everybody else out. No timeout between the bytes of a body: an event stream may be silent for hours, and a client
 * may be as slow as it likes; what is over is told by the connections themselves.
 */
export function openLine ({ upstream, ca, skipVerify, timeout, maxHeaderSize }: UpstreamOptions): Line {
  const { socketPath } = upstream
  const origin = new URL(upstream.origin)
  const address = origin.hostname.replace(/^\[|\]$/g, '')
  // RFC 6066 §3: an IP address is no server name. The certificate is then checked against the address itself.
  const servername = isIP(address) ? '' : address
  const settings = { timeout, rejectUnauthorized: !skipVerify, ...ca !== undefined && { ca }, ...socketPath !== undefined && { socketPath } }
  const connectorOf = (connect: buildConnector.connector): buildConnector.connector => (options, callback) => {
    connect({ ...options, servername }, (...result) => {
      const [, socket] = result
      if (socket) readBeforeFailing(socket)
      if (socket) tellBreaks(socket, socketPath === undefined, now => { line.broken = now })
      // The callback writes the waiting request before it returns. That is how a request knows it is the first on its connection.
      line.fresh = true
      try {
        callback(...result)
      } finally {
        line.fresh = false
      }
    })
  }
  const isPlain = origin.protocol === 'http:'
  const pool = new Pool(upstream.origin, { connect: connectorOf(buildConnector(settings)), pipelining: 1, headersTimeout: timeout, bodyTimeout: 0, maxHeaderSize })
  const connections = createAppConnections({ connect: connectorOf(buildConnector(isPlain ? { ...settings, onread: intoBuffers } : settings)), intoBuffers: isPlain, origin, maxHeaderSize, timeout })
  const line: Line = {
    dispatch (send, handler, isAgain) {
      if (send.method === 'GET' && send.body === null && send.upgrade == null) connections.ask(send as Question, handler, isAgain)
      else pool.dispatch(send, handler)
    },
    async close () { await Promise.all([connections.close(), pool.close()]) },
    destroy () {
      connections.destroy()
      void pool.destroy()
    },
    where: socketPath === undefined ? upstream.origin : `unix:${socketPath}`,
    servername: address,
    fresh: false,
    broken: false
  }
  return line
}

/** In place of ECONNRESET, by which undici would take an answer that ends with its connection for whole, and fall over where its client reads slowly. */
const RESET = 'ERR_UPSTREAM_RESET'

/**
 * undici takes a reset for the end of an answer that has neither length nor chunks, unless it goes by another name. And a reset that comes
 * together with the last bytes is read as an end by Node itself: only that the system knows no other side any more tells them apart.
 *
 * @param told before and after everybody else who is told of the end of the socket
 */
function tellBreaks (socket: Socket, hasAddress: boolean, told: (broken: boolean) => void): void {
  const begin = (error?: Error & { code?: string }): void => {
    if (error?.code === 'ECONNRESET') error.code = RESET
    told(error !== undefined || (hasAddress && socket.remoteAddress === undefined))
  }
  const over = (): void => { told(false) }
  socket.once('error', begin).once('end', begin)
  process.nextTick(() => socket.once('error', over).once('end', over))
}

type Written = (error?: Error | null) => void

/**
 * An app that refuses an upload early answers and hangs up, while we still write. That write fails first, and Node would throw
 * the unread answer away with the socket: so a failed write is only told when everything that had arrived was read.
 */
function readBeforeFailing (socket: Socket): void {
  const patient = (written: Written): Written => error => {
    if (!error || socket.readableEnded || socket.destroyed) written(error)
    else socket.once('close', () => written(error))
  }
  const { _write: write, _writev: writev } = socket
  socket._write = (chunk, encoding, written) => { write.call(socket, chunk, encoding, patient(written)) }
  socket._writev = (chunks, written) => { writev?.call(socket, chunks, patient(written)) }
}

/** The connection was closed under the request: on a reused one usually an idle timeout that met it half way. */
export function isClosed (error: Error): boolean {
  return closed.has(codeOf(error))
}

const closed = new Set(['UND_ERR_SOCKET', 'ECONNRESET', RESET, 'EPIPE'])
const late = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'ETIMEDOUT'])
const refused = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED'])
const garbled = new Set(['ERR_ANSWER_UNREADABLE', 'UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'ERR_SSL_WRONG_VERSION_NUMBER', 'EPROTO'])

/**
 * What a failed attempt is called.
 *
 * @param begun whether a byte of the answer had come
 */
export function failure (where: string, error: Error, begun: boolean): GateError {
  const code = codeOf(error)
  const detail = `${where}: ${reason(error)}`
  if (code === 'UND_ERR_DESTROYED') return new GateStopping(`${where}: still waited for`, { cause: error })
  if (refused.has(code)) return new MalformedRequest(detail, { cause: error })
  if (late.has(code)) return new UpstreamTimeout(detail, { cause: error })
  if (begun || garbled.has(code) || code.startsWith('HPE_')) return new UpstreamAnswerInvalid(detail, { cause: error })
  return new UpstreamUnreachable(detail, { cause: error })
}

function codeOf (error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** A name with several addresses fails with one error for each, and no message of its own. */
function reason (error: Error): string {
  if (error instanceof AggregateError) return error.errors.map(one => one instanceof Error ? one.message : String(one)).join('; ')
  return error.message === '' ? codeOf(error) : error.message
}
