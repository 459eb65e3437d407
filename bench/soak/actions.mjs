// What people do in a soak, and how often. Each looks at all that comes back.
import { createHash, randomBytes } from 'node:crypto'
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { hostile } from './hostile.mjs'
import { Wrong } from './person.mjs'
import { ASKER, bodyFor, DOWNLOAD, MARK, TOLD } from './words.mjs'

/** The app's own, told from other people's by their first bytes. */
const BYTES = randomBytes(5 * 1024 * 1024)
const SMALLEST = 1024
/** Milliseconds after which a person gives up to wait. */
const IMPATIENT = 300

const between = (person, least, most) => least + Math.floor(person.random() * (most - least))

function isTheirs (kind, person, answer, size) {
  const expected = bodyFor(person.subject, answer.headers[MARK], size)
  if (!expected.subarray(0, answer.body.length).equals(answer.body)) throw new Wrong(`${kind}: person ${person.index} gets bytes that are not those of their request`, { foreign: true })
}

async function page (person) {
  const { isWanted, body, mark } = await person.ask('page', `/page?${person.mark()}`, { navigates: true })
  if (isWanted && JSON.parse(body).mark !== mark) throw new Wrong(`page: person ${person.index} gets another page`, { foreign: true })
}

/** As a page has its pictures and scripts: all at once. */
async function assets (person) {
  await Promise.all(Array.from({ length: 6 }, async (_none, index) => {
    const answer = await person.ask('asset', `/asset?${index}`)
    if (answer.isWanted) isTheirs('asset', person, answer, 4096)
  }))
}

async function upload (person) {
  const size = Math.floor(SMALLEST * (BYTES.length / SMALLEST) ** person.random())
  const body = BYTES.subarray(0, size)
  const headers = { 'content-type': 'application/octet-stream' }
  const answer = await person.ask('upload', '/upload', { method: 'POST', body, headers })
  if (!answer.isWanted) return
  const said = JSON.parse(answer.body)
  if (said.mark !== answer.mark || said.size !== size || said.hash !== createHash('sha256').update(body).digest('hex')) throw new Wrong(`upload: the app has got ${said.size} other bytes than the ${size} of person ${person.index}`)
}

async function download (person) {
  const answer = await person.ask('download', `/download?${person.random() < 0.5 ? 'sized' : ''}`, { slowly: between(person, 1, 40) })
  if (!answer.isWanted) return
  isTheirs('download', person, answer, DOWNLOAD)
  if (answer.body.length !== DOWNLOAD) throw new Wrong(`download: person ${person.index} has a whole answer of ${answer.body.length} bytes`)
}

/** Watches something that stays open: what it says is for this person, in order, and it ends when they leave or their session does. */
function hold (person, kind, mark, leave) {
  let [number, over, isLeaving] = [0, false, false]
  const [began, until] = [Date.now(), Date.now() + between(person, 2000, 15_000)]
  const each = {
    kind, until,
    heard (text) {
      const said = JSON.parse(text)
      if (said.who !== person.subject || said.mark !== mark) throw new Wrong(`${kind}: person ${person.index} hears what is said to ${said.who}`, { foreign: true })
      if (said.number !== number++) throw new Wrong(`${kind}: person ${person.index} hears word ${said.number} instead of ${number - 1}`)
      person.stats.count(`${kind}: words`)
      return said
    },
    leave () {
      isLeaving = true
      leave()
    },
    ended (why) {
      if (over) return
      over = true
      person.held.delete(each)
      if (!isLeaving && !person.mayLose(began)) throw new Wrong(`${kind} of person ${person.index} ended after ${Date.now() - began} ms: ${why}${person.faults.about(began)}`)
    }
  }
  person.held.add(each)
  return each
}

const failing = (person, work) => (...words) => {
  try {
    work(...words)
  } catch (error) {
    person.stats.fail(error)
  }
}

/** Server-sent events, held in the background. */
async function events (person) {
  const mark = person.mark()
  const cookie = person.browser.cookieFor(person.gate)
  const began = Date.now()
  await new Promise(resolve => {
    const request = get(`${person.gate}/events`, { agent: false, headers: { cookie, accept: 'text/event-stream', [ASKER]: person.index, [MARK]: mark } })
    request.on('error', error => { resolve(failing(person, () => person.judge('events', { status: 0, headers: {}, end: 'none', error: error.code, mark, path: '/events', began, ms: 0 }, []))()) })
    request.on('response', response => {
      const { statusCode: status, headers } = response
      resolve(failing(person, () => person.judge('events', { status, headers, body: '', end: 'whole', mark, path: '/events', began, ms: Date.now() - began }, ['200']))())
      if (status !== 200 || headers[TOLD] !== person.subject) return void response.resume()
      const held = hold(person, 'events', mark, () => request.destroy())
      let rest = ''
      response.setEncoding('utf8').on('error', () => {}).on('close', failing(person, () => held.ended('the stream was closed')))
      response.on('data', failing(person, chunk => {
        const parts = (rest + chunk).split('\n\n')
        rest = parts.pop()
        for (const part of parts) held.heard(part.slice('data: '.length))
      }))
    })
  })
}

async function socket (person) {
  const mark = person.mark()
  const began = Date.now()
  const open = new WebSocket(`${person.gate.replace('http', 'ws')}/socket`, { perMessageDeflate: false, headers: { cookie: person.browser.cookieFor(person.gate), origin: person.gate, [ASKER]: person.index, [MARK]: mark } })
  const answer = await new Promise(resolve => {
    open.on('error', error => resolve({ status: 0, headers: {}, end: 'none', error: error.code ?? error.message }))
    open.on('open', () => resolve({ status: 101, headers: {}, end: 'whole' }))
    open.on('unexpected-response', (request, response) => {
      resolve({ status: response.statusCode, headers: response.headers, end: 'whole' })
      request.destroy()
    })
  })
  const { isWanted } = person.judge('socket', { ...answer, body: '', mark, path: '/socket', began, ms: Date.now() - began }, ['101'])
  if (!isWanted) return
  const held = hold(person, 'socket', mark, () => open.close())
  let sent = 0
  const timer = setInterval(() => { if (open.readyState === open.OPEN) open.send(String(sent++)) }, between(person, 200, 1500))
  let heard = 0
  open.on('message', failing(person, data => {
    const { said } = held.heard(String(data))
    if (said !== String(heard++)) throw new Wrong(`socket: person ${person.index} hears an echo of ${said}`, { foreign: true })
  }))
  open.on('close', failing(person, (code, reason) => {
    clearInterval(timer)
    held.ended(`closed with ${code} ${reason}`)
  }))
}

async function userinfo (person) {
  const { isWanted, body } = await person.ask('userinfo', '/oauth2/userinfo', { wanted: ['200 GATE_OK'] })
  if (isWanted && JSON.parse(body).subject !== person.subject) throw new Wrong(`userinfo: person ${person.index} is ${JSON.parse(body).subject}`, { foreign: true })
}

/** The app goes away in the middle: nothing of it may look whole. */
async function dies (person) {
  const answer = await person.ask('app dies', `/dies?${person.random() < 0.5 ? 'sized' : ''}`, { wanted: ['cut', '502 GATE_UPSTREAM_ANSWER_INVALID'] })
  if (answer.became === 'cut') isTheirs('app dies', person, answer, DOWNLOAD)
}

async function leavesUpload (person) {
  await person.ask('leave an upload', '/upload', { method: 'POST', body: BYTES.subarray(0, 1024 * 1024), leave: { sent: between(person, 1, 512 * 1024) }, wanted: ['left'] })
}

/** Weights; together some 100. */
const ways = [
  [30, page], [13, assets], [9, upload], [5, download], [5, events], [6, socket], [4, userinfo], [3, dies], [3, leavesUpload],
  [3, async function leavesDownload (person) { await person.ask('leave a download', '/download', { leave: { received: between(person, 0, DOWNLOAD / 2) }, wanted: ['left'] }) }],
  [1, async function leavesWaiting (person) { await person.ask('leave while waiting', '/never', { leave: { after: IMPATIENT }, wanted: ['left'] }) }],
  [3, async function fails (person) { await person.ask('app fails', '/fails', { wanted: ['500'] }) }],
  [2, async function resets (person) { await person.ask('app resets', '/resets', { wanted: ['502 GATE_UPSTREAM_UNREACHABLE'] }) }],
  [0.3, async function never (person) { await person.ask('app hangs', '/never', { wanted: ['504 GATE_UPSTREAM_TIMEOUT'] }) }],
  [9, hostile],
  [3, person => person.signOut()]
]
const total = ways.reduce((sum, [weight]) => sum + weight, 0)

export async function act (person, others) {
  for (const each of person.held) if (each.until < Date.now()) each.leave()
  if (!person.isSignedIn) return await person.signIn()
  let at = person.random() * total
  const [, way] = ways.find(([weight]) => (at -= weight) < 0) ?? ways[0]
  await way(person, others)
}

/** Lets go of what is held, and of every connection. */
export async function rest (person) {
  for (const each of person.held) each.leave()
  for (let tries = 0; person.held.size > 0 && tries < 100; tries++) await sleep(50)
  person.browser.leave()
}
