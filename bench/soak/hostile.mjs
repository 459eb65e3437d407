// What nobody gets anything by: cookies that are not theirs, words that are the gate's, and what is not one request.
import { WebSocket } from 'ws'
import { sendRaw } from './browser.mjs'
import { Wrong } from './person.mjs'
import { ASKER, emailOf, MARK, SMUGGLED, subjectOf } from './words.mjs'

const REFUSED = ['401 GATE_LOGIN_REQUIRED']

function cookiesOf ({ browser, gate }) {
  return browser.cookieFor(gate).split('; ').filter(Boolean).map(pair => pair.split(/=(.*)/s))
}

const headerOf = cookies => cookies.map(pair => pair.slice(0, 2).join('=')).join('; ')

/** Somebody else who is signed in, if there is one. */
function anyOther (person, others) {
  const found = others[Math.floor(person.random() * others.length)]
  return found !== person && found?.isSignedIn === true && cookiesOf(found).length > 0 ? found : undefined
}

async function altered (person) {
  const cookies = cookiesOf(person).filter(([, value]) => value.length > 100) // a session, and no mark
  const change = (value, at) => value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1)
  const cookie = headerOf(cookies.map(([name, value]) => [name, change(value, Math.floor((value.length - 4) * person.random()))]))
  await person.ask('altered cookie', '/page', { cookie, wanted: REFUSED })
}

async function spliced (person, others) {
  const other = anyOther(person, others)
  if (other === undefined) return await altered(person)
  const theirs = new Map(cookiesOf(other))
  const cookie = headerOf(cookiesOf(person).map(([name, value]) => [name, value.slice(0, value.length / 2) + (theirs.get(name) ?? '').slice(value.length / 2)]))
  await person.ask('spliced cookie', '/page', { cookie, wanted: REFUSED })
}

async function doubled (person, others) {
  const other = anyOther(person, others)
  if (other === undefined) return await altered(person)
  const names = new Set(cookiesOf(person).map(([name]) => name))
  if (!cookiesOf(other).some(([name, value]) => value.length > 100 && names.has(name))) return await altered(person)
  await person.ask('two cookies', '/page', { cookie: headerOf([...cookiesOf(person), ...cookiesOf(other)]), wanted: REFUSED })
}

async function forged (person) {
  const [subject, email] = [subjectOf(person.index + 1), emailOf(person.index + 1)]
  await person.ask('forged headers', '/page', { headers: { 'x-forwarded-subject': subject, X_Forwarded_User: email, 'X-Forwarded-Email': email, 'x-forwarded-groups': 'admins', connection: 'keep-alive, X-Forwarded-User' } })
}

async function foreignSignOut (person) {
  await person.ask('sign-out of another site', '/oauth2/sign_out', { method: 'POST', headers: { origin: 'https://evil.example' }, wanted: ['200 GATE_OK'] })
}

async function forgedCallback (person) {
  await person.ask('forged callback', '/oauth2/callback?code=stolen&state=forged', { navigates: true, wanted: ['400 GATE_LOGIN_MISMATCH'] })
}

async function foreignSocket (person) {
  const began = Date.now()
  const mark = person.mark()
  const answer = await new Promise(resolve => {
    const socket = new WebSocket(`${person.gate.replace('http', 'ws')}/socket`, { headers: { cookie: person.browser.cookieFor(person.gate), origin: 'https://evil.example', [ASKER]: person.index, [MARK]: mark } })
    socket.on('error', error => resolve({ status: 0, headers: {}, end: 'none', error: error.code ?? error.message }))
    socket.on('open', () => resolve({ status: 101, headers: {}, end: 'whole' }))
    socket.on('unexpected-response', (request, response) => {
      resolve({ status: response.statusCode, headers: response.headers, end: 'whole' })
      request.destroy()
    })
  })
  person.judge('socket of another site', { ...answer, body: '', mark, path: '/socket', began, ms: Date.now() - began }, ['403 GATE_ORIGIN_REFUSED'])
}

const smuggled = `GET ${SMUGGLED} HTTP/1.1\r\nHost: x\r\n\r\n`
/** What is not one request, of somebody who is signed in. */
const MALFORMED = [
  ({ host, cookie }) => `POST /upload HTTP/1.1\r\n${host}${cookie}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ({ host, cookie }) => `POST /upload HTTP/1.1\r\n${host}${cookie}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello${smuggled}`,
  ({ host, cookie }) => `GET /page HTTP/1.1\r\n${host}${host}${cookie}\r\n`,
  ({ host, cookie }) => `GET /page HTTP/1.1\r\n${host}${cookie}X-Folded: one\r\n two\r\n\r\n`,
  ({ host, cookie }) => `GET /page HTTP/1.1\r\n${host}${cookie}X-Long: ${'x'.repeat(80_000)}\r\n\r\n`,
  ({ host, cookie }) => `GET /page HTTP/1.1\r\n${host}${cookie}Transfer-Encoding: chunked, identity\r\n\r\n`,
  ({ cookie }) => `GET /page HTTP/1.1\r\n${cookie}\r\n`,
  () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a handshake\r\n\r\n'
]

async function malformed (person) {
  const cookie = `Cookie: ${person.browser.cookieFor(person.gate)}\r\n`
  const host = `Host: ${new URL(person.gate).host}\r\n`
  const number = Math.floor(person.random() * MALFORMED.length)
  const began = performance.now()
  const came = await sendRaw(person.gate, MALFORMED[number]({ host, cookie }))
  if (!/^(?:HTTP\/1\.1 4\d\d |$)/.test(came) || came.includes('x-soak-told')) throw new Wrong(`malformed request ${number} of person ${person.index} gets ${came.slice(0, 300)}`)
  person.stats.count('malformed request', performance.now() - began)
}

async function trace (person) {
  await person.ask('TRACE', '/page', { method: 'TRACE', wanted: ['405 GATE_METHOD_REFUSED'] })
}

const ways = [altered, spliced, doubled, forged, foreignSignOut, forgedCallback, foreignSocket, malformed, malformed, trace]

export async function hostile (person, others) {
  await ways[Math.floor(person.random() * ways.length)](person, others)
}
