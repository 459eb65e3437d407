import t from 'tap'
import { originMatcher } from '../../src/access/origins.ts'
import { options } from '../../src/config/options.ts'
import { fc } from '../fixtures/random.ts'

const admits = (written: string) => originMatcher(options.allowWebsocketOrigin.parse(written))

t.test('Panel’s host[:port] is for both schemes; without a port, and with 80, it is for the scheme’s own', async t => {
  const table: readonly (readonly [written: string, admitted: readonly string[], refused: readonly string[]])[] = [
    ['app.example', ['http://app.example', 'https://app.example'], ['http://app.example:8080', 'https://app.example:80', 'http://x.app.example', 'http://app.example.evil.example', 'http://app1example', 'null', '']],
    ['app.example:80', ['http://app.example', 'https://app.example'], ['http://app.example:8080', 'https://app.example:444']],
    ['app.example:443', ['https://app.example', 'http://app.example:443'], ['http://app.example']],
    ['App.Example:5006', ['http://app.example:5006', 'https://app.example:5006'], ['http://app.example', 'http://app.example:50060']],
    ['https://app.example', ['https://app.example'], ['http://app.example']],
    ['*.example.com', ['http://a.example.com', 'https://a-b.example.com'], ['https://example.com', 'https://a.b.example.com', 'https://a.example.com.evil.example', 'https://evilexample.com', 'https://.example.com', 'https://a.example.com:8443', 'https://evil.example/.example.com', 'https://a@b.example.com']],
    ['*.example.com:80', ['http://a.example.com', 'https://a.example.com'], ['http://a.example.com:80x']],
    ['https://*.example.com:8443', ['https://a.example.com:8443'], ['http://a.example.com:8443', 'https://a.example.com']],
    ['localhost:*', ['http://localhost', 'https://localhost', 'http://localhost:5006'], ['http://localhost:', 'http://localhost.evil.example', 'http://localhost:5006.evil.example', 'http://localhost:123456']],
    ['192.168.*.*:5006', ['http://192.168.7.9:5006'], ['http://192.168.7:5006', 'http://192.169.7.9:5006', 'http://192.168.evil.example:5006.example']],
    ['a.example, b.example:1', ['https://a.example', 'http://b.example:1'], ['http://b.example']]
  ]
  for (const [written, admitted, refused] of table) {
    for (const origin of admitted) t.ok(admits(written)(origin), `${written} admits ${origin}`)
    for (const origin of refused) t.notOk(admits(written)(origin), `${written} refuses ${origin}`)
  }
})

t.test('a pattern that would admit any website is refused', async t => {
  for (const written of ['*', '*:5006', 'http://*', 'https://*:443', '*.com', '*.*', '*.*.com', 'example.*', 'a.*.com', '*.168.1.1', '1.*.1.1', '*.*.*.*', 'exam*.com', '*.example.com/x', '*.example.com:', '*.example.com:x', '**.example.com', '*.']) {
    t.throws(() => admits(written), { name: 'Problem' }, written)
  }
})

t.test('whatever a pattern admits ends with the domain it names', async t => {
  const labels = fc.stringMatching(/^[a-z0-9.*:@/-]{0,12}$/)
  const asks = admits('*.example.com, localhost:*')
  fc.assert(fc.property(labels, labels, (before, after) => {
    for (const origin of [`https://${before}.example.com${after}`, `http://localhost${before}`, `http://${before}localhost${after}`]) {
      if (asks(origin)) t.match(new URL(origin).hostname, /^(?:[a-z0-9_-]+\.example\.com|localhost)$/)
    }
  }))
})
