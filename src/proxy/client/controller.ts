import type { Dispatcher } from 'undici'
import type { Lent, Source } from '../source.ts'

export type Handler = Dispatcher.DispatchHandler

/** What an answer's handler can have a connection do; nothing happens where that is over. */
export interface Controlled {
  readonly lent: Lent
  takeOver (): void
  flow (controller: Controller, goes: boolean): void
  fail (error: Error, controller: Controller): void
}

/** One question and its answer, as the handler controls them; undici's word. */
export class Controller implements Dispatcher.DispatchController, Source {
  readonly handler: Handler
  readonly #connection: Controlled
  aborted = false
  paused = false
  reason: Error | null = null
  rawHeaders: string[] = []
  rawTrailers: string[] = []
  /** Whether a byte of the answer has come, and whether its own head has, behind those of interim ones. */
  hasBegun = false
  hasHead = false

  constructor (handler: Handler, connection: Controlled) {
    this.handler = handler
    this.#connection = connection
  }

  abort (reason: Error): void {
    this.aborted = true
    this.reason = reason
    this.#connection.fail(reason, this)
  }

  get lent (): Lent { return this.#connection.lent }

  takeOver (): void { this.#connection.takeOver() }

  pause (): void { this.#connection.flow(this, false) }

  resume (): void { this.#connection.flow(this, true) }
}
