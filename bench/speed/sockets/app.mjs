// The app behind the gate where a benchmark is about what stays open: websockets that echo, or that say 200 MiB; long answers.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { serve } from '../hands.mjs'
import { Echo, frame } from './frames.mjs'

const MIB = 1024 * 1024
/** Bytes of each message of a flood. */
const WAVE = 64 * 1024
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11' // RFC 6455 §1.3

const bodies = { '/1k': Buffer.alloc(1024, 'k'), '/10m': Buffer.alloc(10 * MIB, 'm') }
const [floods, open] = [new Set(), new Set()]
const server = createServer((request, response) => {
  const body = bodies[request.url]
  response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/octet-stream', 'content-length': body?.length ?? 0 }).end(body)
})
server.on('upgrade', ({ url, headers }, socket) => {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${GUID}`).digest('base64')
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
  socket.setNoDelay(true).on('error', () => socket.destroy()).on('end', () => socket.destroy())
  open.add(socket)
  socket.on('close', () => open.delete(socket))
  if (url.startsWith('/flood')) return flood(socket, Number(url.split('=')[1]))
  const echo = new Echo()
  socket.on('data', chunk => socket.write(echo.answer(chunk)))
})

/** No faster than it is taken. */
function flood (socket, bytes) {
  const wave = frame(Buffer.alloc(WAVE, 'w'))
  const state = { socket, left: bytes / WAVE }
  floods.add(state)
  const go = () => { while (state.left-- > 0 && socket.write(wave)); }
  socket.resume().on('drain', go).on('close', () => floods.delete(state))
  go()
}

serve({
  async listen () {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server.address().port
  },
  /** How many websockets are open. */
  open: () => open.size,
  /** Bytes that have left this process for those who flood. */
  flooded: () => [...floods].reduce((sum, { socket }) => sum + socket.bytesWritten - socket.writableLength, 0)
})
