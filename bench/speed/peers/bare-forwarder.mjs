// node bare-forwarder.mjs UPSTREAM PORT: node:http in front, `Pool.dispatch` of undici behind, the answer written straight to the client.
// It forwards properly (hop-by-hop headers, backpressure, clients that leave) and does nothing else: the floor under whatever is built on the two.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'
import { Pool } from 'undici'

const SMALL = 16 * 1024
// RFC 9110 §7.6.1
const hop = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'])

/** @returns the server, which listens, and `close` */
export async function startBareForwarder (upstream, port = 0) {
  const pool = new Pool(upstream, { connections: 128, pipelining: 1 })
  const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    const { method, url: path, rawHeaders, headers } = request
    const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
    pool.dispatch({ method, path, headers: endToEnd(rawHeaders), body: hasBody ? request : null }, new Answer(response))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    server,
    async close () {
      server.close().closeAllConnections()
      await pool.destroy()
    }
  }
}

/** @param pairs names and values by turns, texts or Buffers @returns the same without what is meant for one connection */
function endToEnd (pairs) {
  const kept = []
  for (let index = 0; index < pairs.length; index += 2) {
    const name = pairs[index].toString('latin1')
    if (!hop.has(name.toLowerCase())) kept.push(name, pairs[index + 1].toString('latin1'))
  }
  return kept
}

class Answer {
  #response
  #controller
  #held

  constructor (response) {
    this.#response = response
    response.on('close', () => { this.#controller?.abort(new Error('the client has left')) })
  }

  onRequestStart (controller) { this.#controller = controller }

  onResponseStart (controller, status) {
    if (status >= 200) this.#response.writeHead(status, endToEnd(controller.rawHeaders))
  }

  onResponseData (controller, chunk) {
    // The first waits until what has been read is through: most often the answer is whole then.
    if (this.#held === undefined && chunk.length <= SMALL) {
      this.#held = chunk
      process.nextTick(release, this)
    } else {
      this.release()
      this.#write(chunk)
    }
  }

  onResponseEnd () {
    this.#controller = undefined
    if (this.#held) this.#response.end(this.#held.toString('latin1'), 'latin1') // head and a text are one write, head and a Buffer two
    else this.#response.end()
    this.#held = null
  }

  onResponseError () {
    this.#controller = undefined
    if (this.#response.headersSent) this.#response.destroy()
    else this.#response.writeHead(502).end()
  }

  release () {
    const held = this.#held
    this.#held = null
    if (held) this.#write(held)
  }

  #write (chunk) {
    if (this.#response.write(chunk) || this.#controller === undefined) return
    const controller = this.#controller
    controller.pause()
    this.#response.once('drain', () => { controller.resume() })
  }
}

function release (answer) {
  answer.release()
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await startBareForwarder(process.argv[2], Number(process.argv[3]))
