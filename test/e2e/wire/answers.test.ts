// What an app says that is not one answer to one request: nobody else ever gets it, and nobody takes it for whole.
import t from 'tap'
import { startGate } from '../../fixtures/gate.ts'
import { named, startRecorder, valueOf } from '../../fixtures/recorder.ts'
import { answersIn, dial, talk } from '../../fixtures/talk.ts'
import { cookiesOf, Visitor } from '../../fixtures/visitor.ts'
import { ANSWERS } from './answers.ts'

t.test('response-queue poisoning: what an app sends too much of is nobody’s answer', async t => {
  let odd = ANSWERS['an answer as it should be']
  const app = await startRecorder(t, (heard, socket) => {
    const theirs = `${heard.target} for ${valueOf(heard, 'x-forwarded-user')}`
    const usual = `HTTP/1.1 200 OK\r\nContent-Length: ${theirs.length}\r\n\r\n${theirs}`
    socket.write(heard.target === '/odd' ? odd?.bytes ?? '' : heard.target.startsWith('/page') ? usual : named(heard), 'latin1')
    return true
  })
  const { origin } = await startGate(t, { app: { url: app.url, received: [] } })
  const ask = async (path: string, cookie: string, more = '') => await talk(origin, `GET ${path} HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nCookie: ${cookie}\r\n${more}Connection: close\r\n\r\n`)
  const cookies = await Promise.all(['ada', 'cleo'].map(async login => {
    const visitor = new Visitor()
    await visitor.signIn(`${origin}/`, login)
    return cookiesOf(visitor)
  }))
  for (const [what, answer] of Object.entries(ANSWERS)) {
    odd = answer
    const said = await ask('/odd', cookies[0] ?? '')
    if (answer.becomes === 'cut') {
      t.notMatch(said, /\r\n0\r\n\r\n$/, `${what}: it is not whole`)
    } else {
      const last = answersIn(said).at(-1)
      const whole = last?.head.includes('ransfer-') === true ? /\r\nok\r\n0\r\n\r\n$/.test(said) ? 'ok' : last.body : last?.body
      t.equal(typeof answer.becomes === 'number' ? last?.status : whole, answer.becomes, what)
    }
    t.notMatch(said, /poison/, `${what}: nothing more`)
    // Whoever sends bytes unasked is hung up on.
    if (answer.late !== undefined) await Promise.all(app.sockets.filter(({ destroyed }) => !destroyed).map(socket => new Promise<void>(resolve => {
      socket.once('close', () => { resolve() }).write(answer.late ?? '', 'latin1')
    })))
    for (const nth of [1, 2]) {
      const theirs = await ask(`/page/${nth}`, cookies[1] ?? '')
      t.equal(answersIn(theirs).at(-1)?.body, `/page/${nth} for cleo@example.com`, `${what}: the next person gets what is theirs`)
    }
  }
  t.strictSame(app.faults, [])
})

t.test('a client that does not read costs no memory for the interim answers of an app', async t => {
  const bytes = 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(1_000)
  let sent = 0
  const app = await startRecorder(t, (_heard, socket) => {
    const flood = (): void => { while (!socket.destroyed && socket.write(bytes)) sent += bytes.length }
    socket.on('drain', flood)
    flood()
    return true
  })
  const { origin } = await startGate(t, { app: { url: app.url, received: [] }, settings: { rules: [{ path: '/', allow: 'public' }] } })
  const socket = dial(origin).on('error', () => {})
  t.teardown(() => socket.destroy())
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  while (app.sockets[0]?.destroyed !== true) await new Promise(resolve => { setTimeout(resolve, 20) })
  t.ok(sent < 50_000_000, 'the app is hung up on')
})
