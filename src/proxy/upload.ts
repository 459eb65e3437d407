import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

/** How long, in milliseconds, the rest of a body nobody wants is read and thrown away before the connection is cut. */
const linger = 30_000

/**
 * The body of a request on its way to the upstream. Not the request itself, because undici destroys what it does not need to the
 * end, and with the request goes the connection on which the client still waits for the answer (413, say). Request trailers end here.
 */
export class Upload extends Readable {
  readonly #request: IncomingMessage
  readonly #wanted: () => void
  #begun = false

  /** @param wanted called once, when the upstream is there to take the body: the moment for `100 Continue` */
  constructor (request: IncomingMessage, wanted: () => void) {
    super()
    this.#request = request
    this.#wanted = wanted
  }

  readonly #data = (chunk: Buffer) => { if (!this.push(chunk)) this.#request.pause() }
  readonly #end = () => { this.push(null) }

  override _read (): void {
    if (!this.#begun) {
      this.#begun = true
      this.#request.on('data', this.#data).on('end', this.#end)
      this.#wanted()
    }
    this.#request.resume()
  }

  override _destroy (error: Error | null, done: (error?: Error | null) => void): void {
    const request = this.#request
    request.off('data', this.#data).off('end', this.#end)
    if (!request.complete && !request.destroyed) {
      const timer = setTimeout(() => request.socket.destroy(), linger).unref()
      request.once('close', () => clearTimeout(timer)).resume()
    }
    done(error)
  }
}

/** RFC 9112 §6.3: a request has a body when it says so, and not otherwise. */
export function hasBody (raw: readonly string[]): boolean {
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length === 14 && raw[i + 1] !== '0' && name.toLowerCase() === 'content-length') return true
    if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') return true
  }
  return false
}
