import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { closeFrame, FrameFollower } from './frames.ts'

/** An open websocket between a client and the app. */
export interface Splice {
  /** Closes both sides: with a close frame each where the stream comes between two frames in time, hard where it does not. */
  end (code: number, reason: string): void
  /** Fulfilled when both sockets are closed. Never rejected. */
  readonly closed: Promise<void>
}

/** Milliseconds a direction has to come between two frames, and both peers to answer our close frames. */
const endWithin = 500
/** Milliseconds one side may stay open after the other has closed. */
const outlives = 30_000

const accept = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const key = /^[+/0-9A-Za-z]{21}[AQgw]==$/

/** Whether a request asks for a websocket as RFC 6455 §4.2.1 wants it. Nothing else is ever upgraded. */
export function isWebsocketUpgrade ({ method, httpVersionMajor, httpVersionMinor, headers }: IncomingMessage): boolean {
  return method === 'GET' && httpVersionMajor === 1 && httpVersionMinor === 1 &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    (headers.connection ?? '').toLowerCase().split(',').some(option => option.trim() === 'upgrade') &&
    headers['sec-websocket-version'] === '13' && key.test(headers['sec-websocket-key'] ?? '') &&
    headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'
}

/** RFC 6455 §4.2.2: only who understood the request can answer its key. */
export function isAnswerTo (request: IncomingMessage, upgrade: unknown, answer: unknown): boolean {
  if (typeof upgrade !== 'string' || upgrade.toLowerCase() !== 'websocket') return false
  return answer === createHash('sha1').update(`${request.headers['sec-websocket-key'] ?? ''}${accept}`).digest('base64')
}

/** One direction: bytes go through as they come, and no faster than they are taken. */
class Direction {
  readonly #from: Socket
  readonly #to: Socket
  readonly #follower: FrameFollower
  #last: Buffer | undefined
  #over = false

  constructor (from: Socket, to: Socket, said?: () => void) {
    this.#follower = new FrameFollower(said)
    this.#from = from
    this.#to = to
    to.on('drain', () => from.resume())
    from.on('end', () => { if (!this.#over) to.end() })
  }

  start (): void {
    this.#from.on('data', chunk => this.pass(chunk)).resume()
  }

  pass (chunk: Buffer): void {
    if (this.#over) return // read and dropped, so that the peer's own close frame and end can still arrive
    const taken = this.#follower.follow(chunk, this.#last !== undefined)
    const part = taken === chunk.length ? chunk : chunk.subarray(0, taken)
    if (this.#to.writable && !this.#to.write(part)) this.#from.pause()
    if (this.#last && this.#follower.between) this.#finish(this.#last)
  }

  endWith (frame: Buffer): void {
    if (this.#last) return
    this.#last = frame
    if (this.#follower.between) this.#finish(frame)
  }

  #finish (frame: Buffer): void {
    this.#over = true
    if (this.#to.writable) this.#to.end(this.#follower.closed ? Buffer.alloc(0) : frame)
    this.#from.resume()
  }
}

/**
 * Joins two sockets that have both switched to the websocket protocol. A client that does not read pauses the app and costs
 * what two sockets buffer; idle sockets stay open.
 *
 * @param early what the client sent ahead of the switch
 * @param said told of each frame by which the client says something
 */
export function splice (client: Socket, upstream: Socket, early: Buffer, said?: () => void): Splice {
  const toUpstream = new Direction(client, upstream, said)
  const toClient = new Direction(upstream, client)
  const closed = Promise.all([settle(client, upstream), settle(upstream, client)]).then(() => undefined)
  if (early.length > 0) toUpstream.pass(early)
  toUpstream.start()
  toClient.start()
  return {
    closed,
    end (code, reason) {
      toClient.endWith(closeFrame(code, reason, false))
      toUpstream.endWith(closeFrame(code, reason, true))
      destroyAfter(endWithin, client, upstream)
    }
  }
}

/** Ties the end of one socket to the other's, whichever way it ends. */
function settle (socket: Socket, other: Socket): Promise<void> {
  socket.setTimeout(0)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 60_000)
  socket.allowHalfOpen = true
  socket.on('error', () => other.destroy())
  socket.once('end', () => destroyAfter(outlives, socket, other))
  return new Promise(resolve => {
    socket.once('close', () => {
      other.destroySoon()
      destroyAfter(outlives, other)
      resolve()
    })
  })
}

function destroyAfter (delay: number, ...sockets: Socket[]): void {
  const timer = setTimeout(() => { for (const socket of sockets) socket.destroy() }, delay).unref()
  let open = sockets.length
  for (const socket of sockets) {
    if (socket.closed) open -= 1
    else socket.once('close', () => { if (--open === 0) clearTimeout(timer) })
  }
  if (open === 0) clearTimeout(timer)
}
