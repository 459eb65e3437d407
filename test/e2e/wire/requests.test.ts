// What two servers could read as two different requests: every one of these on a real connection, by nobody, by somebody, and where nobody is asked.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { authority, server, serverKey } from '../../fixtures/certificates.ts'
import { startGate } from '../../fixtures/gate.ts'
import { onlyInCi } from '../../fixtures/lacking.ts'
import { nodeOf } from '../../fixtures/other-node.ts'
import { startRecorder, type Recorder } from '../../fixtures/recorder.ts'
import { serveGate } from '../../fixtures/served.ts'
import { answersIn, talk } from '../../fixtures/talk.ts'
import { cookiesOf, Visitor } from '../../fixtures/visitor.ts'
import { BYTES, type Bytes } from './bytes.ts'

const RULES = [{ path: '/public', allow: 'public' }, { path: '/', allow: 'signed-in' }] as const
const LAST = 'GET {path}?last HTTP/1.1\r\n{head}Connection: close\r\n\r\n'

interface Asking { readonly path: string, readonly cookie: string, readonly admitted: boolean }

/** Behind each stands one more request on the same connection, so that it is seen where the gate takes the first to end. */
async function tryBytes (t: Test, origin: string, app: Recorder, what: string, { bytes, becomes }: Bytes, { path, cookie, admitted }: Asking): Promise<void> {
  const { host } = new URL(origin)
  const head = `Host: ${host}\r\n${cookie === '' ? '' : `Cookie: ${cookie}\r\n`}`
  const inWords = (text: string) => text.replaceAll('{path}', path).replaceAll('{head}', head).replaceAll('{origin}', origin)
  const said = await talk(origin, inWords(bytes + LAST))
  const heard = app.fresh()
  const statuses = answersIn(said).map(({ status }) => status)
  if (becomes === 'cut') {
    t.notOk(statuses.includes(200), `${what}: ${statuses.join()}`)
    t.strictSame(heard, [], `${what}: the app hears nothing whole`)
  } else if (typeof becomes === 'number') {
    // Who is nobody may be told that first.
    t.strictSame(!admitted && statuses[0] === 401 ? [becomes] : statuses, [becomes], `${what}: ${statuses.join()}, and its connection ends`)
    t.strictSame(heard, [], `${what}: the app hears nothing`)
    t.match(said, /x-oauth-gate: GATE_/, `${what}: the answer is ours`)
  } else {
    const all = bytes.includes('Connection: Upgrade') ? becomes : [...becomes, '{path}?last']
    t.equal(statuses.filter(status => status === 200).length, admitted ? all.length : 0, `${what}: ${statuses.join()}`)
    // Requests that come together may reach the app in any order.
    t.strictSame(heard.sort(), admitted ? all.map(text => inWords(text.replace(/^\{/, 'GET {'))).sort() : [], what)
  }
}

async function tryAll (t: Test, origin: string, app: Recorder, trust: { readonly ca?: string } = {}): Promise<void> {
  const visitor = new Visitor(trust)
  await visitor.signIn(`${origin}/oauth2/start`, 'ada')
  app.fresh()
  const asking: Readonly<Record<string, Asking>> = {
    nobody: { path: '/private', cookie: '', admitted: false },
    somebody: { path: '/private', cookie: cookiesOf(visitor), admitted: true },
    'nobody is asked': { path: '/public/page', cookie: '', admitted: true }
  }
  for (const [who, how] of Object.entries(asking)) {
    for (const [what, bytes] of Object.entries(BYTES)) await tryBytes(t, origin, app, `${what}, ${who}`, bytes, how)
  }
  t.strictSame(app.faults, [], 'every byte that the app got was of a request')
}

t.test('request smuggling: no bytes on a connection are another request to the app than to the gate', async t => {
  const app = await startRecorder(t)
  const { origin } = await startGate(t, { app: { url: app.url, received: [] }, settings: { rules: RULES } })
  await tryAll(t, origin, app)
})

/** The front hands what it hears to the gate of the moment, and workers get their connections from the first process. */
const ways = [{ workers: 2, https: false }, { workers: 1, https: true }, { workers: 2, https: true }]
for (const { workers, https } of ways) {
  t.test(`request smuggling through serve: ${workers === 1 ? 'one process' : `${workers} workers`}, ${https ? 'https' : 'http'}`, onlyInCi('the same bytes once more'), async t => {
    const app = await startRecorder(t)
    const tls = { ssl_certfile: 'cert.pem', ssl_keyfile: 'key.pem' }
    const { origin } = await serveGate(t, { workers, https, files: { 'cert.pem': server, 'key.pem': serverKey }, settings: { upstream: app.url, rules: RULES, ...https && tls } })
    await tryAll(t, origin, app, { ca: authority })
  })
}

t.test('request smuggling where Node is told to read what is malformed (--insecure-http-parser): the gate does not', async t => {
  const app = await startRecorder(t)
  const { origin } = await serveGate(t, { settings: { upstream: app.url, rules: RULES }, env: { NODE_OPTIONS: '--insecure-http-parser' } })
  const names = ['a plain request', 'length with chunks', 'two lengths', 'two codings', 'a coding with a space before its colon', 'a line feed behind a chunk’s size', 'a trailer that frames', 'a folded header', 'bare line feeds everywhere', 'an end without its line feed', 'a NUL in a value']
  for (const name of names) await tryBytes(t, origin, app, name, BYTES[name] as Bytes, { path: '/public/page', cookie: '', admitted: true })
})

t.test('request smuggling on Node 22 and 24, whose parsers are others', onlyInCi('npm fetches two other Nodes'), async t => {
  for (const version of ['22', '24']) {
    const child = spawn(nodeOf(t, version), ['--enable-source-maps', fileURLToPath(import.meta.url)], { env: { PATH: process.env['PATH'], TAP_TIMEOUT: '120' }, stdio: ['ignore', 'pipe', 'ignore'] })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (more: string) => { said += more })
    const [status] = await once(child, 'close') as [number | null]
    t.equal(status, 0, [version, ...said.split('\n').filter(line => line.includes('not ok')).slice(0, 20)].join('\n'))
    t.match(said, /ok 1 - request smuggling/)
  }
})
