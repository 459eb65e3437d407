import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type GateError, MalformedRequest, MethodRefused, UpgradeRefused } from '../errors.ts'
import { proceed } from './continue.ts'
import { Exchange } from './exchange.ts'
import { type Outward, outwardHeaders } from './headers.ts'
import { type Splice, isAnswerTo, isWebsocketUpgrade, splice } from './splice.ts'
import { hasBody, Upload } from './upload.ts'
import { type Line, openLine, type UpstreamOptions } from './upstream.ts'
import { originsToTry, type WebsocketOrigin, withOrigin } from './websocket-origin.ts'

export interface ForwardExchange {
  readonly request: IncomingMessage
  /** Nothing may have been sent on it; headers already set on it are sent where the upstream's do not replace them. */
  readonly response: ServerResponse
  /** The raw target with its query: forwarded byte for byte, behind the upstream's base path. */
  readonly path: string
  readonly outward: Outward
  /**
   * Told, at most once, why there is no whole answer. Unless it had begun, and is cut, nothing has been sent by then: the page is the caller's.
   */
  readonly fail: (error: GateError, hasBegun?: boolean) => void
  /** May still change the answer's flat header pairs, in place, before they are sent. */
  readonly answered?: ((status: number, headers: string[]) => void) | undefined
}

export interface UpgradeExchange extends ForwardExchange {
  /** Of the server's `upgrade` event; `response` is assigned to it. Node leaves it without an `error` listener, so it needs one until it is handed over. */
  readonly socket: Duplex
  readonly head: Buffer
  /** Whether the client's Origin was found to be one that may open websockets. Only then may the app be told another. */
  readonly originChecked?: boolean
  /** Told of each frame by which the client says something: no ping, pong or close. */
  readonly said?: (() => void) | undefined
  /** Told when both sides have switched. Where the upstream answers otherwise, its answer is relayed and this is never called. */
  readonly opened: (channel: Splice) => void
}

export interface Forwarder {
  /** Sends one request on and its answer back, streaming both. Never throws; a client that has left is told nothing. */
  forward (exchange: ForwardExchange): void
  upgrade (exchange: UpgradeExchange): void
  /** Ends the websockets that are open, and those that open from now on: the gate stops. */
  hangUp (): void
  /** Nothing is waited for any more: what has no answer yet gets one that says so, what has begun is cut. */
  cut (): void
  /** Hangs up, waits up to five seconds for requests under way, then closes every connection. */
  close (): Promise<void>
}

/** Milliseconds that requests under way get when the forwarder closes. */
const grace = 5_000

/** The hot path to one upstream. */
export function createForwarder (options: UpstreamOptions & { readonly websocketOrigin?: WebsocketOrigin }): Forwarder {
  const line = openLine(options)
  const { basePath } = options.upstream
  const origins = originsToTry(options.websocketOrigin ?? 'preserve', options.upstream)
  const channels = new Set<Splice>()
  let closing: Promise<void> | undefined
  let leaving = false
  const hangUp = (): void => {
    leaving = true
    for (const channel of channels) channel.end(1001, 'the gate is closing')
  }

  /** By itself, so that what waits for its end holds on to nothing else of the request. */
  const keep = (channel: Splice): void => {
    channels.add(channel)
    void channel.closed.then(() => channels.delete(channel))
  }

  function exchange ({ request, response, path, outward, fail, answered }: ForwardExchange, upload: Upload | null, upgrade?: Attempt): Exchange {
    const { switched, origin, refused } = upgrade ?? {}
    const headers = outwardHeaders(request.rawHeaders, outward)
    const send = {
      path: basePath + path,
      method: request.method ?? 'GET',
      headers: origin === undefined ? headers : withOrigin(headers, origin),
      body: upload,
      servername: line.servername,
      ...(switched && { upgrade: 'websocket' })
    }
    return new Exchange(line, { request, response, send, upload, isOurCookie: outward.isOurCookie, fail, answered, switched, refused })
  }

  /** One Origin after the other, until the app does not refuse. What it took comes first from then on. */
  function attempt (job: UpgradeExchange, switched: Switched, [origin, ...others]: readonly (string | undefined)[]): void {
    exchange(job, null, {
      origin,
      switched: (...answer) => {
        switched(...answer)
        if (job.originChecked === true) origins.prefer(origin)
      },
      refused () {
        if (others.length > 0) attempt(job, switched, others)
        return others.length > 0
      }
    }).start()
  }

  return {
    forward (job) {
      const refusal = refuse(job)
      if (refusal) return job.fail(refusal)
      const upload = hasBody(job.request.rawHeaders) ? new Upload(job.request, () => proceed(job.request, job.response)) : null
      exchange(job, upload).start()
    },
    upgrade (job) {
      const refusal = isWebsocketUpgrade(job.request) ? refuse(job) : new UpgradeRefused('neither GET nor websocket version 13 with a key')
      if (refusal) return job.fail(refusal)
      const switched = awaitSwitch(job, channel => {
        keep(channel)
        job.opened(channel)
        if (leaving) hangUp()
      })
      attempt(job, switched, job.originChecked === true ? origins.all : [undefined])
    },
    hangUp,
    cut () { line.destroy() },
    close () {
      hangUp()
      return closing ??= closeWithin(grace, line)
    }
  }
}

async function closeWithin (delay: number, line: Line): Promise<void> {
  const timer = setTimeout(() => { line.destroy() }, delay)
  await line.close()
  clearTimeout(timer)
}

/** What `Pool.dispatch` would refuse in a target is refused here, and what would never be answered. */
function refuse ({ request: { method }, path }: ForwardExchange): GateError | undefined {
  if (!/^\/[\x21-\xff]*$/.test(path)) return new MalformedRequest('the target is not a path, or holds a space or a control character')
  if (method === 'TRACE' || method === 'CONNECT') return new MethodRefused(`${method} is not forwarded`)
  return undefined
}

interface Attempt {
  readonly switched: Switched
  /** Instead of the browser's. */
  readonly origin: string | undefined
  readonly refused: () => boolean
}

type Switched = NonNullable<ConstructorParameters<typeof Exchange>[1]['switched']>

/**
 * Watches the client until the upstream has switched, keeping what it sends ahead; then joins the two sockets.
 * An ordinary answer of the upstream ends the connection, which no HTTP parser reads any more.
 */
function awaitSwitch ({ request, response, socket, head, answered, said }: UpgradeExchange, opened: (channel: Splice) => void): Switched {
  const early = [head]
  const hold = (chunk: Buffer) => {
    early.push(chunk)
    socket.pause()
  }
  const leave = () => { response.destroy() }
  const drain = () => { response.emit('drain') }
  const end = () => { (socket as Socket).destroySoon() }
  socket.on('data', hold).on('end', leave).on('error', leave).on('drain', drain).resume()
  response.shouldKeepAlive = false
  response.on('finish', end)
  return (headers, parsed, upstream) => {
    if (!isAnswerTo(request, parsed.upgrade, parsed['sec-websocket-accept'])) {
      throw new Error('the answer to the upgrade is not one to this request')
    }
    answered?.(101, headers)
    response.off('finish', end)
    socket.off('data', hold).off('end', leave).off('error', leave).removeAllListeners('drain') // whoever else waited there did so for an answer
    response.detachSocket(socket as Socket)
    socket.write(switching(headers), 'latin1')
    opened(splice(socket as Socket, upstream, Buffer.concat(early), said))
  }
}

function switching (headers: readonly string[]): string {
  let head = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
  for (let i = 0; i + 1 < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`
  return `${head}\r\n`
}
