/** Thrown where a peer is not on this machine: it is skipped, and the table says so. */
export class Missing extends Error {
  /** @param title of the peer, as its row would have it */
  constructor (title, why) {
    super(why)
    this.title = title
  }
}
