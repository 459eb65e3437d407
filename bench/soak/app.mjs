// The app of a soak: says in each answer whom the gate told it is asking, looks whether that is who asks, and fails in the ways that apps fail.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocketServer } from 'ws'
import { ASKER, bodyFor, DOWNLOAD, emailOf, MARK, SMUGGLED, subjectOf, TOLD } from './words.mjs'

const TICK = 200
/** Milliseconds between what is written of a long answer. */
const SLOW = 20
const CHUNK = 64 * 1024

/** What the gate alone may say, in whatever spelling an app could take for it. */
const IDENTITY = /^x[-_]forwarded[-_](user|email|subject|preferred[-_]username|name|groups|role|provider)$/i

/** @param wrong told of what must never arrive */
export async function startApp (port, { wrong, cookieName }) {
  let [server, sockets] = []
  const told = { requests: 0 }

  function look ({ method, url, headers, rawHeaders }) {
    told.requests++
    const who = headers['x-forwarded-subject']
    const index = Number(headers[ASKER])
    const names = rawHeaders.filter((_value, at) => at % 2 === 0 && IDENTITY.test(rawHeaders[at]))
    const doubled = names.filter((name, at) => names.findIndex(other => normal(other) === normal(name)) !== at)
    const expected = { 'x-forwarded-subject': subjectOf(index), 'x-forwarded-user': emailOf(index), 'x-forwarded-email': emailOf(index) }
    const others = Object.entries(expected).filter(([name, value]) => headers[name] !== value)
    const where = `${method} ${url} of person ${headers[ASKER]}`
    if (url.startsWith(SMUGGLED)) wrong(`${where}: a smuggled request has reached the app`)
    if (others.length > 0) wrong(`${where}: the app is told ${others.map(([name]) => `${name} ${headers[name]}`).join(', ')}`)
    if (doubled.length > 0) wrong(`${where}: the app is told twice ${doubled.join(', ')}`)
    if (headers.cookie?.includes(cookieName)) wrong(`${where}: the app sees the gate’s cookie`)
    return { who, mark: headers[MARK] }
  }

  async function answer (request, response) {
    const { who, mark } = look(request)
    const path = request.url.split('?', 1)[0]
    response.on('error', () => {})
    response.setHeader(TOLD, `${who}`).setHeader(MARK, `${mark}`)
    await (ways[path] ?? page)({ request, response, who, mark })
  }

  const page = ({ response, who, mark }) => response.setHeader('content-type', 'text/html').end(JSON.stringify({ who, mark }))
  const ways = {
    '/asset': ({ response, who, mark }) => response.setHeader('content-type', 'text/css').setHeader('cache-control', 'private, max-age=60').end(bodyFor(who, mark, 4096)),
    async '/upload' ({ request, response, who, mark }) {
      const hash = createHash('sha256')
      let size = 0
      for await (const chunk of request) {
        hash.update(chunk)
        size += chunk.length
      }
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ who, mark, size, hash: hash.digest('hex') }))
    },
    '/download' ({ request, response, who, mark }) {
      const body = bodyFor(who, mark, DOWNLOAD)
      if (request.url.includes('sized')) response.setHeader('content-length', body.length)
      let at = 0
      const more = () => {
        if (response.destroyed) return
        const isTaken = response.write(body.subarray(at, at += CHUNK))
        if (at >= body.length) response.end()
        else if (isTaken) setTimeout(more, SLOW)
        else response.once('drain', more)
      }
      more()
    },
    '/events' ({ response, who, mark }) {
      let number = 0
      response.setHeader('content-type', 'text/event-stream')
      const tell = () => response.write(`data: ${JSON.stringify({ who, mark, number: number++ })}\n\n`)
      tell()
      const timer = setInterval(tell, TICK)
      response.on('close', () => clearInterval(timer))
    },
    '/fails': ({ response, who, mark }) => response.writeHead(500).end(JSON.stringify({ who, mark })),
    '/resets': ({ request }) => request.socket.resetAndDestroy(),
    '/never' () {},
    /** In the middle of an answer whose length was said, or is not known. */
    async '/dies' ({ request, response, who, mark }) {
      if (request.url.includes('sized')) response.setHeader('content-length', DOWNLOAD)
      response.write(bodyFor(who, mark, CHUNK))
      await sleep(SLOW)
      request.socket.destroy()
    }
  }

  function converse (socket, request) {
    const { who, mark } = look(request)
    let number = 0
    socket.on('error', () => {}).on('message', data => socket.send(JSON.stringify({ who, mark, number: number++, said: String(data) })))
  }

  const begin = async () => {
    server = createServer((request, response) => { answer(request, response).catch(() => response.destroy()) })
    server.keepAliveTimeout = 5000
    sockets = new WebSocketServer({ server }).on('connection', converse)
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  /** As an app that is killed: whatever is open is gone. */
  const end = async () => {
    for (const client of sockets.clients) client.terminate()
    sockets.close()
    const closed = once(server, 'close')
    server.close().closeAllConnections()
    await closed
  }
  await begin()
  return { url: `http://127.0.0.1:${port}`, port, told, begin, end }
}

function normal (name) {
  return name.toLowerCase().replaceAll('_', '-')
}
