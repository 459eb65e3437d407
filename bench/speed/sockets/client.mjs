// Who opens websockets and reads slowly, where a benchmark is about that.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { get, request } from 'node:http'
import { serve } from '../hands.mjs'
import { headOf, maskedFrame } from './frames.mjs'

/** Websockets that are opened at once. */
const AT_ONCE = 50
/** Milliseconds between two looks at how much a slow reader may read. */
const TICK = 100

/** By a name for each group. */
const groups = new Map()

async function openOne ({ port, path, cookie, reads = true }) {
  const asked = request({
    host: '127.0.0.1', port, path, agent: false,
    headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': randomBytes(16).toString('base64'), origin: `http://127.0.0.1:${port}`, ...cookie !== undefined && { cookie } }
  }).end()
  const refused = once(asked, 'response').then(([{ statusCode }]) => { throw new Error(`a websocket was answered ${statusCode}`) })
  refused.catch(() => { /* it was not */ })
  const [, socket, head] = await Promise.race([once(asked, 'upgrade'), refused])
  if (head.length > 0) socket.unshift(head)
  socket.setNoDelay(true).on('error', () => socket.destroy())
  if (reads) socket.resume() // or nobody would see it end
  return socket
}

/** One message in flight on each socket; one at least. @returns milliseconds that each took */
async function play (sockets, size, seconds) {
  const message = maskedFrame(randomBytes(size))
  const whole = headOf(size).length + size
  const end = performance.now() + seconds * 1000
  const taken = []
  await Promise.all(sockets.map(socket => new Promise((resolve, reject) => {
    let [got, sent] = [0, performance.now()]
    const hear = chunk => {
      got += chunk.length
      if (got < whole) return
      const now = performance.now()
      taken.push(now - sent)
      if (got > whole) return reject(new Error('more came back than was said'))
      if (now > end) {
        socket.off('data', hear).off('close', leave)
        return resolve()
      }
      [got, sent] = [0, now]
      socket.write(message)
    }
    const leave = () => reject(new Error('a websocket has ended'))
    socket.on('data', hear).on('close', leave)
    socket.write(message)
  })))
  return taken
}

/** One reader who takes so many bytes a second. @returns whether all came */
async function readSlowly ({ port, path, cookie, rate }) {
  const [answer] = await once(get({ host: '127.0.0.1', port, path, agent: false, headers: cookie === undefined ? {} : { cookie } }), 'response')
  if (answer.statusCode !== 200) throw new Error(`a reader was answered ${answer.statusCode}`)
  let [may, read] = [0, 0]
  answer.on('data', ({ length }) => {
    may -= length
    read += length
    if (may <= 0) answer.pause()
  })
  answer.pause()
  const timer = setInterval(() => {
    may = Math.min(may + rate * TICK / 1000, rate)
    if (may > 0) answer.resume()
  }, TICK)
  try {
    await once(answer, 'end')
  } catch (error) {
    throw new Error(`a reader was cut off after ${read} bytes`, { cause: error })
  } finally {
    clearInterval(timer)
  }
  return answer.complete && read === Number(answer.headers['content-length'])
}

serve({
  async open ({ name, count, ...where }) {
    const sockets = groups.get(name) ?? []
    groups.set(name, sockets)
    for (const end = sockets.length + count; sockets.length < end;) sockets.push(...await Promise.all(Array.from({ length: Math.min(AT_ONCE, end - sockets.length) }, () => openOne(where))))
  },
  /** Whether a message comes back as it was said. */
  async verify ({ name, size }) {
    const [socket] = groups.get(name)
    const said = randomBytes(size)
    const heard = []
    const wanted = Buffer.concat([headOf(size), said])
    socket.write(maskedFrame(said))
    await new Promise(resolve => {
      const hear = chunk => {
        heard.push(chunk)
        if (heard.reduce((sum, { length }) => sum + length, 0) < wanted.length) return
        socket.off('data', hear)
        resolve()
      }
      socket.on('data', hear)
    })
    return Buffer.concat(heard).equals(wanted)
  },
  async echo ({ name, size, seconds }) {
    const start = performance.now()
    const taken = (await play(groups.get(name), size, seconds)).sort((one, other) => one - other)
    const at = share => taken[Math.floor(share * (taken.length - 1))]
    return { count: taken.length, seconds: (performance.now() - start) / 1000, p50: at(0.5), p99: at(0.99) }
  },
  /** How many of a group are open, as far as one sees from here. */
  alive: ({ name }) => groups.get(name).filter(({ destroyed }) => !destroyed).length,
  close ({ name }) {
    for (const socket of groups.get(name)) socket.destroy()
    groups.delete(name)
  },
  /** @returns how many have got everything */
  async slow ({ count, ...how }) {
    return (await Promise.all(Array.from({ length: count }, () => readSlowly(how)))).filter(Boolean).length
  }
})
