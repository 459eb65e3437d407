import { startGate } from '../fixtures/gate.ts'
import { answersIn } from '../fixtures/talk.ts'
import { cookiesOf, Visitor } from '../fixtures/visitor.ts'
import { startApp, toldBy } from './app.ts'
import { speak } from './speak.ts'
import type { Target } from './target.ts'
import { fc } from '../fixtures/random.ts'

const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)), maxLength: 16 })
const method = fc.oneof({ weight: 6, arbitrary: fc.constantFrom('GET', 'GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'PROPFIND') }, fc.constantFrom('TRACE', 'CONNECT', 'PRI', 'get', 'G\tT', '', 'QUERY', 'M-SEARCH'), bytes)
const target = fc.oneof({ weight: 6, arbitrary: fc.constantFrom('/', '/x', '/public/a', '/oauth2/userinfo', '/oauth2/start?rd=/x', '/ping', '/?code=c&state=s') }, fc.constantFrom('*', 'x', 'http://evil.example/', '//evil', '/a b', '/\xff', '/public/..%2fx', 'evil:443', '/\x00', `/${'a'.repeat(3000)}`), bytes.map(text => `/${text}`))
const version = fc.oneof({ weight: 12, arbitrary: fc.constant('HTTP/1.1') }, fc.constantFrom('HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.2', 'http/1.1', 'HTTP/1.1 x', ''))
const eol = fc.oneof({ weight: 30, arbitrary: fc.constant('\r\n') }, fc.constantFrom('\n', '\r', '\r\r\n', '\r\n ', '\r\n\t', '\0'))
const name = fc.oneof(
  fc.constantFrom('Host', 'Content-Length', 'Transfer-Encoding', 'Connection', 'Expect', 'Upgrade', 'TE', 'Trailer', 'Cookie', 'Accept', 'Content-Type', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version', 'Origin', 'HTTP2-Settings', 'Keep-Alive'),
  fc.constantFrom('X-Forwarded-User', 'x_forwarded_user', 'X.Forwarded.User', 'X-Forwarded-User ', ' X-Forwarded-User', 'X-Forwarded-For', 'Forwarded', 'X-Forwarded-Host', 'X-Forwarded-Groups', 'Remote-User', '__proto__', 'constructor', 'X-HTTP-Method-Override', 'Content_Length', 'Content-Length ', 'Transfer-Encoding\t'),
  bytes
)
const value = fc.oneof(
  fc.constantFrom('0', '5', '5, 5', '+5', '-1', '0x5', '5 ', '1e1', '99999999999999999999', 'chunked', 'Chunked', 'gzip, chunked', 'chunked, identity', '\x0bchunked', 'close', 'keep-alive', 'keep-alive, X-Forwarded-User', 'close, Content-Length', 'upgrade', 'websocket', 'h2c', '100-continue', 'mallory@example.com', 'text/html', 'dGhlIHNhbXBsZSBub25jZQ==', '13', 'trailers', 'evil.example', '127.0.0.1, evil'),
  bytes
)
const header = fc.tuple(name, fc.constantFrom(': ', ':', ' :', ' ', ':\t', ''), value, eol).map(parts => parts.join(''))
const body = fc.oneof({ weight: 2, arbitrary: fc.constant('') }, fc.constantFrom('hello', '5\r\nhello\r\n0\r\n\r\n', '0\r\n\r\n', '0\r\nX-Forwarded-User: mallory@example.com\r\n\r\n', '5;ext=1\r\nhello\r\n0\r\n\r\n', '5\nhello\n0\n\n', 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n', '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\nX-Forwarded-User: mallory@example.com\r\n\r\n', '-1\r\n\r\n', 'ffffffffffffffff\r\n'), bytes)

/** What a gate may say to something of which it cannot be known what it is. Never that something broke. */
const STATUSES = new Set([100, 101, 200, 204, 302, 303, 304, 400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 417, 421, 426, 429, 431, 501, 505])

/** One request of which nobody knows what it is, by a person or by nobody. */
export const requestHeads: Target = {
  name: 'request heads: whatever comes in, the app gets whole requests of who sent them, and who asks gets whole answers',
  async start (t) {
    const app = await startApp(t)
    const { origin } = await startGate(t, { app: { url: app.url, received: [] }, settings: { rules: [{ path: '/public', allow: 'public' }, { path: '/', allow: 'signed-in' }] } })
    const visitor = new Visitor()
    await visitor.signIn(`${origin}/`, 'ada')
    app.heard.length = 0
    const [host, cookie] = [new URL(origin).host, cookiesOf(visitor)]
    const plain = fc.constantFrom(`Host: ${host}\r\n`, `Host: ${host}\r\n`, `Host: ${host}\r\n`, '')
    const request = fc.tuple(method, target, version, eol, plain, fc.boolean(), fc.array(header, { maxLength: 5 }), eol, body)
    return fc.asyncProperty(request, async ([method, target, version, end, plain, isAda, headers, last, body]) => {
      const said = await speak(origin, `${method} ${target} ${version}${end}${plain}${isAda ? `Cookie: ${cookie}\r\n` : ''}${headers.join('')}${last}${body}`, 60)
      if (app.faults.length > 0) throw new Error(`the app was sent ${app.faults.splice(0).join()}`)
      for (const heard of app.heard.splice(0)) {
        const told = toldBy(heard)
        const isRight = told.length === 0 ? heard.target.startsWith('/public/a') : isAda && told.join() === 'ada@example.com'
        if (!isRight) throw new Error(`the app was told of ${told.join(' and ')} by ${JSON.stringify(heard)}`)
        if (heard.target.includes('smuggled') && !isAda) throw new Error('a request in a body was taken for one')
      }
      const answers = answersIn(said)
      const broken = answers.find(({ head }) => !/^HTTP\/1\.1 \d{3} [^\r\n]*\r\n(?:[!-9;-~]+:[^\r\n]*\r\n)*\r\n$/.test(head))
      if (broken !== undefined) throw new Error(`an answer begins ${JSON.stringify(broken.head)}`)
      const odd = answers.filter(({ status }) => !STATUSES.has(status))
      if (odd.length > 0) throw new Error(`it was answered with ${odd.map(({ status }) => status).join(' and ')}`)
    }) as never
  }
}
