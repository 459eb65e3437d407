import type { ServerResponse } from 'node:http'
import type { Source } from './source.ts'
import { atTurnsEnd, type Flushed } from './turn-end.ts'

export interface Head {
  readonly status: number
  /** Bytes as latin1. */
  readonly text: string
  /** Flat. */
  readonly pairs: string[]
}

/** A text goes out with its head in one write. What is longer is not worth being copied. */
const SMALL = 16_384
/** Bytes that are read before some are written. */
const MOST = 262_144

/**
 * Where an answer goes: what has come of it in one turn of the event loop leaves together, and most often that is all of it. Reading stops while the
 * system takes nothing more for the client.
 */
export class Outlet implements Flushed {
  readonly #response: ServerResponse
  readonly #source: Source
  /** Told what goes out just before it does; may change the pairs. */
  readonly #answered: ((status: number, pairs: string[]) => void) | undefined
  readonly #failed: (error: Error) => void
  #head: Head | undefined
  #held: Buffer[] = []
  #size = 0
  #isWhole = false
  #isOver = false
  #isPaused = false
  /** Whether `write` said that it is enough: then the client's connection says when it has taken that. */
  #isFull = false
  #drains = false
  /** Whether something was sent: then it is too late for a page of ours. */
  hasBegun = false

  /** @param failed told of a head that cannot be sent */
  constructor (response: ServerResponse, source: Source, answered: ((status: number, pairs: string[]) => void) | undefined, failed: (error: Error) => void) {
    this.#response = response
    this.#source = source
    this.#answered = answered
    this.#failed = failed
  }

  begin (head: Head): void {
    this.#head = head
    atTurnsEnd(this)
  }

  /** @param isLast whether nothing will come behind it but the end, which is told in the same breath */
  write (chunk: Buffer, isLast: boolean): void {
    const { lent = 'no' } = this.#source
    this.#isWhole = isLast
    this.#size += chunk.length
    if (isLast && lent !== 'no') return void this.#held.push(chunk)
    if (lent === 'own' && chunk.length > SMALL && this.#isDirect()) {
      this.#held.push(chunk)
      return this.#flushAtOnce()
    }
    if (this.#held.length === 0 && this.hasBegun) atTurnsEnd(this)
    this.#held.push(lent === 'no' ? chunk : Buffer.from(chunk))
    if (this.#size > MOST) this.#pause()
  }

  /** @throws for a head that cannot be sent */
  end (trailers: readonly [string, string][] = []): void {
    if (trailers.length > 0) this.#response.addTrailers(trailers as [string, string][])
    const [first] = this.#held
    const isSmall = !this.hasBegun && this.#held.length === 1 && this.#size <= SMALL
    this.#sendHead()
    this.#isOver = true
    if (isSmall) return void this.#response.end(first?.toString('latin1'), 'latin1')
    const { lent = 'no' } = this.#source
    const last = this.#isWhole && lent !== 'no' ? this.#held.pop() : undefined
    const isDirect = lent === 'own' && this.#isDirect()
    if (last !== undefined) this.#held.push(isDirect ? last : Buffer.from(last))
    this.#sendHeld()
    this.#response.end()
    if (isDirect && last !== undefined && this.#response.writableLength > 0) this.#source.takeOver?.()
  }

  /** Nothing more goes out of what is held back. */
  stop (): void { this.#isOver = true }

  flush (): void {
    if (this.#isOver || (this.#head === undefined && this.#held.length === 0)) return
    if (!this.#couldBegin()) return
    if (this.#held.length === 0) return this.#response.flushHeaders()
    this.#sendHeld()
    process.nextTick(look, this) // Node hands the system all that is written in one tick, at the end of it
  }

  /** What is lent is with the system before the next is read, or its buffer is taken over. */
  #flushAtOnce (): void {
    if (!this.#couldBegin()) return
    this.#sendHeld()
    const { socket } = this.#response
    while (socket !== null && socket.writableCorked > 0) socket.uncork() // Node would hand it on at the end of the tick
    if (this.#response.writableLength > 0) this.#source.takeOver?.()
    this.look()
  }

  /** Whether what is written goes to the system as it is: neither behind another answer nor through TLS. */
  #isDirect (): boolean {
    const { socket } = this.#response
    return socket !== null && !('encrypted' in socket)
  }

  /**
   * Goes by what the system has left too: `write` answers before anything was handed on. Not by `writableNeedDrain`, which stays true for good
   * once it was where no parser reads the connection any more (an upgrade was asked for), and then nothing would ever drain.
   */
  look (): void {
    if (this.#isOver || this.#isWhole) return
    if (!this.#isFull || this.#response.writableLength === 0) return this.resume()
    this.#pause()
    if (this.#drains) return
    this.#drains = true
    this.#response.on('drain', () => { process.nextTick(resume, this) }) // another answer of its pipeline can drain it, within undici's parser, which takes one at a time
  }

  resume (): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#source.resume()
  }

  /** @returns whether the head could be sent; `failed` is told otherwise */
  #couldBegin (): boolean {
    try {
      this.#sendHead()
      return true
    } catch (error) {
      this.#failed(error as Error)
      return false
    }
  }

  #sendHead (): void {
    if (this.#head === undefined) return
    const { status, text, pairs } = this.#head
    this.#answered?.(status, pairs)
    this.#response.writeHead(status, text, pairs)
    this.#head = undefined
    this.hasBegun = true
  }

  #sendHeld (): void {
    for (const chunk of this.#held) this.#isFull = !this.#response.write(chunk)
    this.#held = []
    this.#size = 0
  }

  #pause (): void {
    if (this.#isPaused || this.#isWhole) return // nothing more will come, and while we waited the app could close: undici would take that for an error
    this.#isPaused = true
    this.#source.pause()
  }
}

function look (outlet: Outlet): void {
  outlet.look()
}

function resume (outlet: Outlet): void {
  outlet.resume()
}
