/** Bytes for which there is room at first: most heads that come in pieces fit. */
const ROOM = 1_024

/** What has come of something that is not whole, in a buffer with room for more: an app may send it byte by byte, and none is to cost more than the one before. */
export class Pieces {
  #room: Buffer | undefined
  size = 0

  /** @returns all there are, until more is added */
  add (chunk: Buffer, at: number, end: number): Buffer {
    const size = this.size + end - at
    let room = this.#room
    if (room === undefined || room.length < size) {
      room = Buffer.allocUnsafe(Math.max(ROOM, 2 * size))
      this.#room?.copy(room, 0, 0, this.size)
      this.#room = room
    }
    chunk.copy(room, this.size, at, end)
    this.size = size
    return room.subarray(0, size)
  }

  clear (): void {
    this.#room = undefined
    this.size = 0
  }
}
