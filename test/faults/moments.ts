// What people are in the middle of when something goes wrong, and how it comes out for them.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { get, request, type IncomingMessage } from 'node:http'
import { setTimeout as pass } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { type Answer, cookiesOf, Visitor } from '../fixtures/visitor.ts'
import { FILLER, FIRST, REST } from './app.ts'
import { DUE, type Link, type Stage } from './stage.ts'

export type Moment = 'idle' | 'login' | 'refresh' | 'download' | 'upload' | 'events' | 'websocket'

export interface Strike {
  readonly link: Link
  readonly strike: () => Promise<void>
  readonly lift: () => Promise<void>
  /** Whether nothing at all is expected to come any more. */
  readonly silent: boolean
}

/** Milliseconds after which nothing has come. */
const SILENCE = 600
const LONG = 30_000

/** @returns how it came out: `served`, `cut` in the middle of the answer, a code of ours, or else what was seen, which nobody expects */
export async function outcomeOf (asked: Promise<Answer>, login: string, own = `for ${login}@example.com${FILLER}`): Promise<string> {
  let answer: Answer
  try {
    answer = await asked
  } catch (error) {
    return ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '') ? 'cut' : String(error)
  }
  const { status, headers, body } = answer
  if (status === 200) return body === own ? 'served' : `another answer: ${body.slice(0, 60)}`
  if (status === 302) return 'signed out'
  if (answer.setCookies.some(line => /max-age=0/i.test(line) && /^oauth-gate-\d+=/.test(line))) return 'signed out, by an error'
  const told = /127\.0\.0\.1|localhost|ECONN|\bat .*\.[jt]s/.exec(body)
  return told === null ? String(headers['x-oauth-gate']) : `the page says ${told[0]}`
}

/** As far as the question whether this is who they say they are. @returns where the browser is sent back to */
export async function comeBack (visitor: Visitor, origin: string): Promise<string> {
  const question = await visitor.follow(`${origin}/page`)
  let answer = await visitor.navigate(question.address, { form: { login: 'ada' } })
  for (let at = question.address; ; answer = await visitor.navigate(at)) {
    at = new URL(answer.location, at).href
    if (at.startsWith(origin)) return at
  }
}

export const moments: Readonly<Record<Moment, (stage: Stage, how: Strike) => Promise<string>>> = {
  async idle ({ origin, ada, running }, { strike }) {
    running.outside.advance(1_100) // what was found in the store counts for a second
    await strike()
    return await outcomeOf(ada.navigate(`${origin}/page`), 'ada')
  },
  async login ({ origin }, { strike }) {
    const visitor = new Visitor()
    const back = await comeBack(visitor, origin)
    await strike()
    return await outcomeOf(visitor.follow(back), 'ada')
  },
  async refresh ({ origin, ada, running, links }, { link, strike, lift }) {
    running.outside.advance(DUE)
    if (link !== 'store') {
      await strike()
      return await outcomeOf(ada.navigate(`${origin}/page`), 'ada')
    }
    let isStruck = false
    const struck = new Promise<void>(resolve => links.provider.whenAsked(resolve)).then(async () => {
      isStruck = true // the provider is asked, so there will be tokens that are nowhere yet
      await strike()
    })
    const outcome = outcomeOf(ada.navigate(`${origin}/page`), 'ada')
    await Promise.race([struck, outcome])
    if (!isStruck) return `the provider was not asked: ${await outcome}`
    await struck
    await pass(1_300)
    await lift()
    return await outcome
  },
  async download ({ origin, ada, app }, { strike, silent }) {
    const answer = await begin(`${origin}/download`, ada)
    while (answer.text().length < FIRST) await answer.more()
    await strike()
    app.go()
    const came = await Promise.race([answer.closed, silence(silent)])
    answer.leave()
    if (came === 'whole' && answer.text() !== 'a'.repeat(FIRST) + 'b'.repeat(REST)) return 'whole, of something else'
    return came
  },
  async upload (stage, { strike }) {
    const { origin, ada, app } = stage
    const [size, id] = [200_000, randomUUID()]
    const asked = request(`${origin}/upload`, { method: 'POST', agent: false, headers: { cookie: cookiesOf(ada), 'content-length': size, 'x-once': id, accept: 'text/html', 'sec-fetch-mode': 'navigate' } })
    const answered = answerTo(asked)
    asked.write('c'.repeat(size / 2))
    const refused = answered.then(() => true).catch(() => true)
    while (!app.uploads.has(id) && !await Promise.race([refused, pass(5, false)]));
    await strike()
    asked.end('d'.repeat(size / 2))
    const outcome = await outcomeOf(answered, 'ada', `${size} bytes for ada@example.com${FILLER}`)
    return app.uploads.get(id) === 1 ? outcome : `sent ${app.uploads.get(id)} times`
  },
  async events ({ origin, ada }, { strike, silent }) {
    const answer = await begin(`${origin}/events`, ada)
    await answer.more()
    await strike()
    await pass(60)
    const seen = answer.text().length
    const goesOn = async () => {
      while (answer.text().length < seen + 1_000) await answer.more()
      return /^(?:data: for ada@example\.com\n\n)+/.test(answer.text()) ? 'goes on' : 'goes on for somebody else'
    }
    const outcome = await Promise.race([answer.closed, goesOn(), silence(silent)])
    answer.leave()
    return outcome
  },
  async websocket ({ origin, ada }, { strike, silent }) {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { headers: { cookie: cookiesOf(ada), origin } })
    socket.on('error', () => {})
    const closed = new Promise<number>(resolve => socket.once('close', resolve)).then(code => code === 1000 ? 'an end that looks like one' : 'cut')
    const heard = () => new Promise<unknown>(resolve => socket.once('message', resolve)).then(String)
    await once(socket, 'open')
    socket.send('first')
    await heard()
    await strike()
    const message = 'e'.repeat(1_000)
    if (socket.readyState === WebSocket.OPEN) socket.send(message)
    const echoed = heard().then(text => text === message ? 'goes on' : 'goes on with something else')
    const outcome = await Promise.race([closed, echoed, silence(silent)])
    socket.terminate()
    return outcome
  }
}

function silence (isExpected: boolean): Promise<string> {
  return pass(isExpected ? SILENCE : LONG, 'silent', { ref: false })
}

/** An answer that comes bit by bit. */
async function begin (address: string, visitor: Visitor) {
  const asked = get(address, { agent: false, headers: { cookie: cookiesOf(visitor) } })
  asked.on('error', () => {})
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve)
    asked.once('close', () => { reject(new Error(`no answer from ${address}`)) })
  })
  let text = ''
  answer.setEncoding('latin1').on('error', () => {}).on('data', (chunk: string) => { text += chunk })
  const closed = new Promise(resolve => answer.once('close', resolve)).then(() => answer.complete ? 'whole' : 'cut')
  return {
    closed,
    text: () => text,
    /** Never settled where nothing more comes. */
    more: () => new Promise(resolve => answer.once('data', resolve)),
    leave: () => { asked.destroy() }
  }
}

async function answerTo (asked: ReturnType<typeof request>): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    asked.on('error', reject).on('response', response => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => { body += chunk }).on('error', reject)
        .on('end', () => { resolve({ status: response.statusCode ?? 0, headers: response.headers, body, location: '', setCookies: response.headers['set-cookie'] ?? [] }) })
    })
  })
}
