import type { Socket } from 'node:net'
import { errors } from 'undici'
import type { AnswerHead } from './answer-head.ts'
import { type AnswerListener, AnswerReader } from './answer-reader.ts'
import type { Lent } from '../source.ts'
import { Controller, type Controlled, type Handler } from './controller.ts'
import { BUFFER, giveBack, type Hearer, takeBuffer } from './read-buffer.ts'

/** What its owner hears of a connection. */
export interface ConnectionOwner {
  /** Bytes that a head may have. */
  readonly maxHeaderSize: number
  /** Milliseconds in which an answer must begin. */
  readonly timeout: number
  /** It may be asked again. */
  free (connection: AppConnection): void
  gone (connection: AppConnection): void
}

/** Bytes that an answer announces and that are worth a buffer of its own, from which they are written as they lie there; out of the one in common what has to wait is copied, and fewer are cheaply. */
const LARGE_BODY = 32_768
/** Bytes that come at once and are worth one too: how long an answer in chunks is nobody says, but an app that fills half a buffer meanwhile has much to say. */
const LARGE_PIECE = BUFFER / 2
/** Milliseconds for which a connection that nobody asks is kept, unless the app wants less: fewer than most servers wait. Who waits less closes it under a GET, which is asked once more. */
const IDLE = 4_000

/** One connection to an app, on which one GET after the other is asked and answered. What comes unasked ends it. */
export class AppConnection implements AnswerListener, Hearer, Controlled {
  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  readonly #reader: AnswerReader
  /** One for all its answers: a timer of its own for each would cost more than the rest of waiting. */
  readonly #timer: NodeJS.Timeout
  #current: Controller | undefined
  /** Of its own, where answers are large. */
  buffer: Buffer | undefined
  #isLarge = false
  #isTaken = false
  /** How far what was read may be kept. */
  lent: Lent
  #usableUntil = 0

  /** @param intoBuffers whether the socket was made with what read-buffer.ts gives for it */
  constructor (socket: Socket, owner: ConnectionOwner, intoBuffers: boolean) {
    this.lent = intoBuffers ? 'now' : 'no'
    if (intoBuffers) socket.hearer = this
    else socket.on('data', chunk => { this.hear(chunk) })
    this.#socket = socket
    this.#owner = owner
    this.#reader = new AnswerReader(this, owner.maxHeaderSize)
    this.#timer = setTimeout(() => { this.#late() }, owner.timeout).unref()
    socket.on('end', () => { this.#ended() })
      .on('error', error => { this.fail(error) })
      .on('close', () => {
        clearTimeout(this.#timer)
        this.fail(new errors.SocketError('other side closed'))
        owner.gone(this)
      })
  }

  /** @param text the request as it goes out, its bytes as latin1 @returns whether the handler still wanted it asked */
  ask (text: string, handler: Handler): boolean {
    const controller = new Controller(handler, this)
    try {
      handler.onRequestStart?.(controller, null)
    } catch {
      return false
    }
    this.#current = controller
    this.#reader.begin()
    this.#timer.refresh()
    this.#socket.ref()
    this.#socket.write(text, 'latin1')
    return true
  }

  /** Whether it may be asked. Of one that was closed its owner hears only after everything else that waits in this turn. @param now by `performance.now` */
  isUsable (now: number): boolean { return this.#usableUntil > now && !this.#socket.destroyed }

  destroy (): void { this.#socket.destroy() }

  /** @param controller of what this is about; nothing happens where it is over */
  fail (error: Error, controller = this.#current): void {
    if (controller === undefined || controller !== this.#current) return
    this.#current = undefined
    this.#socket.destroy()
    controller.handler.onResponseError?.(controller, error)
  }

  flow (controller: Controller, goes: boolean): void {
    if (controller !== this.#current || controller.paused === !goes) return
    controller.paused = !goes
    if (goes) this.#socket.resume()
    else this.#socket.pause()
  }

  head ({ status, text, pairs, length, hasTrailer, links }: AnswerHead): void {
    const controller = this.#current
    if (controller === undefined) return
    if (status < 200) this.#timer.refresh()
    else {
      controller.hasHead = true
      this.#isLarge = Number(length) > LARGE_BODY
    }
    controller.rawHeaders = pairs as string[]
    const told: Record<string, string | string[]> = {}
    if (length !== undefined) told['content-length'] = length
    if (hasTrailer) told['trailer'] = ''
    if (links.length > 0) told['link'] = links as string[]
    controller.handler.onResponseStart?.(controller, status, told, asText(text))
  }

  data (chunk: Buffer): void {
    this.#current?.handler.onResponseData?.(this.#current, chunk)
  }

  end (trailers: readonly string[]): void {
    const controller = this.#current
    if (controller === undefined) return
    this.#current = undefined
    controller.rawTrailers = trailers as string[]
    try {
      controller.handler.onResponseEnd?.(controller, {})
    } catch (error) {
      this.#socket.destroy()
      controller.handler.onResponseError?.(controller, error as Error)
    }
    if (controller.paused) this.#socket.resume()
  }

  hear (chunk: Buffer): void {
    const controller = this.#current
    if (controller === undefined) return this.destroy() // nobody has asked
    this.#read(chunk, controller)
    if (this.lent === 'no') return
    if (this.#isTaken && this.buffer !== undefined) this.buffer = takeBuffer()
    this.#isTaken = false
    this.#isLarge ||= chunk.length > LARGE_PIECE
    if (this.#isLarge !== (this.buffer !== undefined)) this.#chooseBuffer()
  }

  /** What was read last is with the system now, which has not sent it yet: it is not read into any more. */
  takeOver (): void { this.#isTaken = true }

  /** After a large answer another may come: it finds the buffer still there. */
  #chooseBuffer (): void {
    if (this.buffer !== undefined) giveBack(this.buffer)
    this.buffer = this.#isLarge ? takeBuffer() : undefined
    this.lent = this.#isLarge ? 'own' : 'now'
  }

  #read (chunk: Buffer, controller: Controller): void {
    if (!controller.hasBegun) {
      controller.hasBegun = true
      controller.handler.onResponseStarted?.()
    }
    try {
      const isTooMuch = this.#reader.read(chunk)
      if (this.#current === controller || this.#socket.destroyed) return
      if (isTooMuch || !this.#reader.mayRepeat) this.destroy()
      else this.#rest()
    } catch (error) {
      this.fail(error as Error)
    }
  }

  #rest (): void {
    const kept = Math.min(IDLE, this.#reader.keepAlive ?? IDLE)
    if (kept <= 0) return this.destroy()
    this.#usableUntil = performance.now() + kept
    this.#socket.unref()
    this.#owner.free(this)
  }

  #ended (): void {
    if (this.#current !== undefined && !this.#reader.finish()) this.fail(new errors.SocketError('other side closed'))
    this.destroy()
  }

  #late (): void {
    if (this.#current?.hasHead === false) this.fail(new errors.HeadersTimeoutError())
  }
}

/** undici gives the words of a status line as UTF-8, and so do we; nearly all are ASCII. */
function asText (bytes: string): string {
  return /^[\x20-\x7e]*$/.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString()
}
