import type { Socket } from 'node:net'
import { closeFrame, FrameFollower } from './frames.ts'
import type { Splice } from './splice.ts'

/** Milliseconds that the peer has to answer our close frame. */
const endWithin = 500

/**
 * A websocket that a server of the app speaks on its own connection, where the app has the gate inside. That server writes whole frames, so
 * that ours comes between two.
 *
 * @param said told of each frame by which the client says something
 */
export function watchSocket (socket: Socket, said?: () => void): Splice {
  const { bytesWritten } = socket
  if (said !== undefined) listenAlong(socket, said)
  return {
    closed: new Promise(resolve => { socket.once('close', () => { resolve() }) }),
    end (code, reason) {
      if (socket.bytesWritten === bytesWritten || !socket.writable) return void socket.destroy() // nothing was switched yet
      socket.end(closeFrame(code, reason, false))
      const timer = setTimeout(() => { socket.destroy() }, endWithin).unref()
      socket.once('close', () => { clearTimeout(timer) })
    }
  }
}

/** Whoever listens first would let the rest miss what comes before they do: so this begins with the app's server. */
function listenAlong (socket: Socket, said: () => void): void {
  const follower = new FrameFollower(said)
  const begin = (event: string): void => {
    if (event !== 'data') return
    socket.off('newListener', begin)
    socket.on('data', (chunk: Buffer) => { follower.follow(chunk, false) })
  }
  socket.on('newListener', begin)
}
