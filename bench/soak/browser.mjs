// A browser of one person: keeps cookies by host and path, asks by up to six connections, and says of each answer how it ended.
import { Agent, request as send } from 'node:http'
import { connect } from 'node:net'

const NAVIGATION = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const CONNECTIONS = 6
const IDLE = 20_000
/** Milliseconds after which an answer is one that never comes: more than whatever is waited for behind the gate. */
const PATIENCE = 60_000

export class Browser {
  #jars = new Map()
  #agents = new Map()

  /**
   * @param how `slowly`: milliseconds to rest after each piece of the answer. `leave`: bytes after which this person leaves, of the answer or of what they send
   * @returns `end` is `whole`, `cut` in the middle of an answer, `none` without any, or `left` by the person
   */
  ask (address, { method = 'GET', headers = {}, body, cookie = this.cookieFor(address), slowly = 0, leave } = {}) {
    const { host, hostname, port, pathname, search, origin } = new URL(address)
    return new Promise(resolve => {
      const began = performance.now()
      const answer = { status: 0, headers: {}, body: '', end: 'none', error: undefined, ms: 0, began: Date.now() }
      const chunks = []
      let left = false
      const go = () => {
        left = true
        request.destroy()
      }
      const finish = end => {
        clearTimeout(patience)
        resolve({ ...answer, end: left ? 'left' : end, body: Buffer.concat(chunks), ms: performance.now() - began })
      }
      const request = send({
        hostname: hostname === 'localhost' ? '127.0.0.1' : hostname, port, path: pathname + search, method, agent: this.#agent(origin),
        headers: { host, ...cookie !== '' && { cookie }, ...body !== undefined && { 'content-length': body.length }, ...headers }
      })
      const patience = setTimeout(() => {
        answer.error = `nothing came for ${PATIENCE} ms`
        request.destroy()
      }, PATIENCE)
      request.on('error', error => { answer.error ??= error.code ?? error.message })
      request.on('close', () => { if (answer.status === 0) finish('none') })
      request.on('response', response => {
        Object.assign(answer, { status: response.statusCode, headers: response.headers })
        for (const line of response.headers['set-cookie'] ?? []) this.#keep(host, line)
        let size = 0
        response.on('error', error => { answer.error ??= error.code ?? error.message }).on('close', () => finish(response.complete ? 'whole' : 'cut'))
        response.on('data', chunk => {
          chunks.push(chunk)
          size += chunk.length
          if (leave?.received <= size) go()
          if (slowly > 0) setTimeout(() => response.resume(), slowly, response.pause())
        })
        if (leave?.received === 0) go()
      })
      if (leave?.after !== undefined) setTimeout(go, leave.after)
      if (leave?.sent === undefined) return void request.end(body)
      request.write(body.subarray(0, leave.sent), () => setTimeout(go, 20))
    })
  }

  /** A link, and every redirect after it until a page comes. */
  async follow (address, { method, body, headers } = {}) {
    let answer = await this.ask(address, { method, body, headers: { ...NAVIGATION, ...headers } })
    let at = address
    for (let hops = 0; answer.headers.location !== undefined && hops < 20; hops++) {
      at = new URL(answer.headers.location, at).href
      answer = await this.ask(at, { headers: { ...NAVIGATION, ...headers } })
    }
    return { ...answer, address: at }
  }

  navigate (address, { headers, ...more } = {}) {
    return this.ask(address, { ...more, headers: { ...NAVIGATION, ...headers } })
  }

  cookieFor (address) {
    const { host, pathname } = new URL(address)
    return this.#cookies(host).filter(({ path }) => isBelow(pathname, path)).map(({ name, value }) => `${name}=${value}`).join('; ')
  }

  /** Leaves: no connection stays. */
  leave () {
    for (const agent of this.#agents.values()) agent.destroy()
    this.#agents.clear()
  }

  #agent (origin) {
    const agent = this.#agents.get(origin) ?? new Agent({ keepAlive: true, maxSockets: CONNECTIONS, timeout: IDLE })
    this.#agents.set(origin, agent)
    return agent
  }

  #cookies (host) {
    return [...this.#jars.get(host)?.values() ?? []].filter(({ until }) => until > Date.now())
  }

  #keep (host, line) {
    const jar = this.#jars.get(host) ?? new Map()
    this.#jars.set(host, jar)
    const [name, value] = line.split(';', 1)[0].split(/=(.*)/s)
    const path = /; *path=([^;]*)/i.exec(line)?.[1] ?? '/'
    if (value === '' || /max-age=0\b|expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name + path)
    else jar.set(name + path, { name, value, path, until: Date.now() + 1000 * Number(/; *max-age=(\d+)/i.exec(line)?.[1] ?? Infinity) })
  }
}

// RFC 6265 §5.1.4
function isBelow (pathname, path) {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
}

/** Bytes as they are, on a connection of their own. @returns all that came until it was closed, or nothing came any more */
export function sendRaw (origin, text) {
  const { hostname, port } = new URL(origin)
  return new Promise(resolve => {
    let came = ''
    const socket = connect(port, hostname, () => socket.write(text))
    socket.setTimeout(PATIENCE / 2, () => socket.destroy())
    socket.setEncoding('latin1').on('data', chunk => { came += chunk }).on('error', () => {}).on('end', () => socket.end()).on('close', () => resolve(came))
  })
}
