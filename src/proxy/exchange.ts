import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { GateError } from '../errors.ts'
import { asBytes, cut, hint, mostInterim, type Parsed, rawOf, trailersOf, withoutTrailer } from './answer.ts'
import { inwardHeaders } from './headers.ts'
import { failure, isClosed, type Line } from './upstream.ts'
import type { Upload } from './upload.ts'

/** What is sent on, and where its answer goes. */
export interface Job {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** As `Pool.dispatch` takes them; `body` apart. */
  readonly send: Dispatcher.DispatchOptions & { readonly servername: string }
  readonly upload: Upload | null
  readonly isOurCookie: (name: string) => boolean
  readonly fail: (error: GateError, hasBegun?: boolean) => void
  /** May still change the answer's flat header pairs, in place, before they are sent. */
  readonly answered?: ((status: number, headers: string[]) => void) | undefined
  /** Takes the upstream's socket after its 101. Throws where the switch is not what was asked for. */
  readonly switched?: ((headers: string[], parsed: Parsed, socket: Socket) => void) | undefined
  /** Told first that the upstream has answered 403. @returns whether something else is tried, and the client hears nothing of this */
  readonly refused?: (() => boolean) | undefined
}

type Controller = Dispatcher.DispatchController

/** A first chunk up to this size waits for the end of the tick: most often the answer is then whole, and leaves in one write. */
const small = 16_384

/** One request under way, and its answer: undici's handler, writing straight to the client. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #line: Line
  readonly #job: Job
  readonly #response: ServerResponse
  #controller: Controller | undefined
  #stage: 'asking' | 'answering' | 'over' = 'asking'
  #reused = false
  #begun = false
  #retried = false
  #drains = false
  #interim = 0
  /** What the answer says that its body has, and what has come of it. */
  #length: Parsed[string]
  #bytes = 0
  #head: { readonly status: number, readonly text: string, readonly pairs: string[] } | undefined
  #held: Buffer | undefined

  constructor (line: Line, job: Job) {
    this.#line = line
    this.#job = job
    this.#response = job.response
  }

  start (): void {
    if (this.#response.destroyed) return
    this.#response.on('close', this.#left)
    this.#dispatch()
  }

  #dispatch (): void {
    this.#line.dispatch(this.#job.send, this)
  }

  /** Also when all is well; then there is nothing left to abort. */
  readonly #left = () => {
    if (this.#stage === 'over') return
    this.#stage = 'over'
    this.#controller?.abort(new Error('the client left'))
    this.#job.upload?.destroy()
  }

  onRequestStart (controller: Controller): void {
    if (this.#stage === 'over') throw new Error('the client left')
    this.#controller = controller
    this.#reused = !this.#line.fresh
  }

  onResponseStarted (): void {
    this.#begun = true
  }

  onRequestUpgrade (controller: Controller, _status: number, parsed: Parsed, socket: Duplex): void {
    const { switched, isOurCookie } = this.#job
    if (this.#stage === 'over' || !switched || !(socket instanceof Socket)) return void socket.destroy()
    switched(inwardHeaders(rawOf(controller.rawHeaders), isOurCookie), parsed, socket)
    this.#stage = 'over'
    this.#response.off('close', this.#left)
  }

  onResponseStart (controller: Controller, status: number, parsed: Parsed, text = ''): void {
    if (this.#stage === 'over') return
    if (status < 200) return this.#inform(status, parsed)
    if (status === 403 && this.#job.refused?.() === true) return this.#left()
    this.#length = parsed['content-length']
    const pairs = inwardHeaders(rawOf(controller.rawHeaders), this.#job.isOurCookie)
    const bodiless = this.#job.request.method === 'HEAD' || status === 204 || status === 304
    this.#head = { status, text: asBytes(text), pairs: 'trailer' in parsed && (bodiless || !this.#chunks(parsed)) ? withoutTrailer(pairs) : pairs }
    if (bodiless) {
      // Whole with its head, whatever length that announces (RFC 9110 §8.6). What may come after it is none of the client's business.
      this.#writeHead()
      this.#stage = 'over'
      this.#response.end()
    } else {
      process.nextTick(flush, this)
    }
  }

  onResponseData (controller: Controller, chunk: Buffer): void {
    if (this.#stage === 'over') return
    this.#bytes += chunk.length
    if (this.#stage === 'asking' && this.#held === undefined && chunk.length <= small) {
      this.#held = chunk
      return
    }
    this.flush()
    if (this.#stage === 'answering' && !this.#response.write(chunk)) this.#pause(controller)
  }

  onResponseEnd (controller: Controller): void {
    if (this.#stage === 'over') return
    if (this.#line.broken) return this.onResponseError(controller, new Error('the connection was reset in the middle of the answer'))
    const trailers = rawOf(controller.rawTrailers)
    if (trailers.length > 0) this.#response.addTrailers(trailersOf(inwardHeaders(trailers, this.#job.isOurCookie)))
    const held = this.#held
    this.#held = undefined
    if (this.#stage === 'asking') this.#writeHead()
    this.#stage = 'over'
    if (held) this.#response.end(held.toString('latin1'), 'latin1') // a text goes out with the head, in one write
    else this.#response.end()
  }

  onResponseError (_controller: Controller, error: Error): void {
    if (this.#stage === 'over') return
    const hasBegun = this.#stage === 'answering'
    if (!hasBegun && this.#reused && !this.#retried && !this.#begun && isClosed(error) && this.#canRepeat()) {
      this.#retried = true
      process.nextTick(() => this.#dispatch())
      return
    }
    this.#stage = 'over'
    const { request, upload, fail } = this.#job
    upload?.destroy()
    if (hasBegun) cut(request, this.#response)
    fail(failure(this.#line.where, error, this.#begun), hasBegun)
  }

  /** Sends what is held back. A head that cannot be sent is as bad as one that cannot be read. */
  flush (): void {
    if (this.#stage !== 'asking' || !this.#head) return
    try {
      this.#writeHead()
    } catch (error) {
      return this.#controller?.abort(error as Error)
    }
    this.#stage = 'answering'
    const held = this.#held
    this.#held = undefined
    if (!held) this.#response.flushHeaders()
    else if (!this.#response.write(held) && this.#controller) this.#pause(this.#controller)
  }

  #writeHead (): void {
    if (!this.#head) return
    const { status, text, pairs } = this.#head
    this.#job.answered?.(status, pairs)
    this.#response.writeHead(status, text, pairs)
  }

  #pause (controller: Controller): void {
    if (this.#length === String(this.#bytes)) return // nothing more will come, and while we waited the app could close: undici would take that for an error
    controller.pause()
    if (this.#drains) return
    this.#drains = true
    this.#response.on('drain', () => { process.nextTick(() => controller.resume()) }) // another answer of its pipeline can drain it, within undici's parser, which takes one at a time
  }

  /** RFC 9110 §7.8: nothing but what was asked for may be switched to. §15.2: HTTP/1.0 knows no interim answers. */
  #inform (status: number, parsed: Parsed): void {
    if (status === 101 || ++this.#interim > mostInterim) throw new Error(status === 101 ? 'switched protocols unasked' : 'interim answers without end')
    if (this.#job.request.httpVersionMinor === 0) return
    if (status === 102) this.#response.writeProcessing()
    if (status === 103) hint(this.#response, parsed)
  }

  #canRepeat (): boolean {
    const { send: { method }, upload } = this.#job
    return upload === null && (method === 'GET' || method === 'HEAD')
  }

  #chunks (parsed: Parsed): boolean {
    return this.#job.request.httpVersionMinor === 1 && parsed['content-length'] === undefined
  }
}

function flush (exchange: Exchange): void {
  exchange.flush()
}
