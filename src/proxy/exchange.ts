import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { GateError } from '../errors.ts'
import { asBytes, cut, hint, mostInterim, type Parsed, rawOf, trailersOf, withoutTrailer } from './answer.ts'
import { inwardHeaders } from './headers.ts'
import { Outlet } from './outlet.ts'
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

/** One request under way, and its answer: undici's handler, writing straight to the client. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #line: Line
  readonly #job: Job
  readonly #response: ServerResponse
  #controller: Controller | undefined
  #isOver = false
  #reused = false
  #begun = false
  #retried = false
  #interim = 0
  /** Bytes that are still to come by what the answer says; not a number where it says nothing. */
  #left = NaN
  #outlet: Outlet | undefined

  constructor (line: Line, job: Job) {
    this.#line = line
    this.#job = job
    this.#response = job.response
  }

  start (): void {
    if (this.#response.destroyed) return
    this.#response.on('close', this.#leave)
    this.#dispatch()
  }

  #dispatch (): void {
    this.#line.dispatch(this.#job.send, this, this.#retried)
  }

  /** Also when all is well; then there is nothing left to abort. */
  readonly #leave = () => {
    if (this.#isOver) return
    this.#isOver = true
    this.#outlet?.stop()
    this.#controller?.abort(new Error('the client left'))
    this.#job.upload?.destroy()
  }

  onRequestStart (controller: Controller): void {
    if (this.#isOver) throw new Error('the client left')
    this.#controller = controller
    this.#reused = !this.#line.fresh
  }

  onResponseStarted (): void {
    this.#begun = true
  }

  onRequestUpgrade (controller: Controller, _status: number, parsed: Parsed, socket: Duplex): void {
    const { switched, isOurCookie } = this.#job
    if (this.#isOver || !switched || !(socket instanceof Socket)) return void socket.destroy()
    switched(inwardHeaders(rawOf(controller.rawHeaders), isOurCookie), parsed, socket)
    this.#isOver = true
    this.#response.off('close', this.#leave)
  }

  onResponseStart (controller: Controller, status: number, parsed: Parsed, text = ''): void {
    if (this.#isOver) return
    if (status < 200) return this.#inform(status, parsed)
    if (status === 403 && this.#job.refused?.() === true) return this.#leave()
    this.#left = Number(parsed['content-length'])
    const pairs = inwardHeaders(rawOf(controller.rawHeaders), this.#job.isOurCookie)
    const bodiless = this.#job.request.method === 'HEAD' || status === 204 || status === 304
    const outlet = this.#outlet = new Outlet(this.#response, controller, this.#job.answered, error => { controller.abort(error) })
    outlet.begin({ status, text: asBytes(text), pairs: 'trailer' in parsed && (bodiless || !this.#chunks(parsed)) ? withoutTrailer(pairs) : pairs })
    if (!bodiless) return
    // Whole with its head, whatever length that announces (RFC 9110 §8.6). What may come after it is none of the client's business.
    outlet.end()
    this.#isOver = true
  }

  onResponseData (_controller: Controller, chunk: Buffer): void {
    if (this.#isOver) return
    this.#left -= chunk.length
    this.#outlet?.write(chunk, this.#left === 0)
  }

  onResponseEnd (controller: Controller): void {
    if (this.#isOver) return
    if (this.#line.broken) return this.onResponseError(controller, new Error('the connection was reset in the middle of the answer'))
    const trailers = rawOf(controller.rawTrailers)
    this.#outlet?.end(trailers.length === 0 ? [] : trailersOf(inwardHeaders(trailers, this.#job.isOurCookie)))
    this.#isOver = true
  }

  onResponseError (_controller: Controller, error: Error): void {
    if (this.#isOver) return
    const hasBegun = this.#outlet?.hasBegun === true
    if (!hasBegun && this.#reused && !this.#retried && !this.#begun && isClosed(error) && this.#canRepeat()) {
      this.#retried = true
      process.nextTick(() => this.#dispatch())
      return
    }
    this.#isOver = true
    this.#outlet?.stop()
    const { request, upload, fail } = this.#job
    upload?.destroy()
    if (hasBegun) cut(request, this.#response)
    fail(failure(this.#line.where, error, this.#begun), hasBegun)
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
