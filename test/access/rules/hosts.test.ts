import t from 'tap'
import { coversPattern, hostCheck, hostName, hostPattern } from '../../../src/access/rules/hosts.ts'

t.test('a host is compared without its port and in lower case, and this machine has one name', async t => {
  const table: Readonly<Record<string, string>> = { 'App.Example.com:8443': 'app.example.com', 'a:0': 'a', '[FE80::1]:80': '[fe80::1]', '[fe80::1]': '[fe80::1]', localhost: 'localhost', '127.0.0.1:4180': 'localhost', '[::1]:1': 'localhost', '127.0.0.2': '127.0.0.2', 'localhost.': 'localhost.' }
  for (const [host, name] of Object.entries(table)) t.equal(hostName(host), name, host)
})

t.test('*. is what is below a host and not itself', async t => {
  const below = hostPattern('*.example.com')
  for (const name of ['a.example.com', 'a.b.example.com']) t.ok(below.covers(name), name)
  for (const name of ['example.com', 'aexample.com', '.example.com', 'a.example.com.evil.example', 'a.example.com.']) t.notOk(below.covers(name), name)
  const covering: readonly (readonly [string, string, boolean])[] = [
    ['a.example', 'a.example', true], ['*.example', 'a.example', true], ['*.example', '*.a.example', true], ['*.example', '*.example', true],
    ['a.example', '*.example', false], ['*.a.example', '*.example', false], ['*.example', 'example', false], ['*.ample', '*.example', false], ['localhost', '[::1]', true]
  ]
  for (const [one, other, covers] of covering) t.equal(coversPattern(hostPattern(one), hostPattern(other)), covers, `${one} and ${other}`)
})

t.test('where nobody named a host, every one is ours; else only those', async t => {
  t.equal(hostCheck({ hosts: [] }), null)
  const asks = (url: string | undefined, hosts: string[], ...asked: string[]) => asked.map(host => hostCheck({ publicUrl: url === undefined ? undefined : new URL(url), hosts })?.(host))
  t.strictSame(asks('https://app.example.com', [], 'app.example.com', 'app.example.com:443', 'app.example.com:80', 'app.example.com:8443', 'evil.example', ''), [true, true, false, false, false, false])
  t.strictSame(asks('http://app.example.com', [], 'app.example.com', 'app.example.com:80', 'app.example.com:443'), [true, true, false])
  t.strictSame(asks('https://app.example.com:8443', [], 'app.example.com:8443', 'app.example.com', 'app.example.com:443'), [true, false, false])
  t.strictSame(asks('http://localhost:4180', [], 'localhost:4180', '127.0.0.1:4180', '[::1]:4180', 'localhost', '127.0.0.2:4180', '[::1]:1'), [true, true, true, false, false, false])
  t.strictSame(asks('http://localhost', [], 'localhost', '127.0.0.1:80', '[::1]'), [true, true, true])
  t.strictSame(asks(undefined, ['a.example', '*.b.example'], 'a.example', 'a.example:99', 'x.b.example', 'b.example', 'c.example'), [true, true, true, false, false])
  t.strictSame(asks('https://app.example.com', ['a.example'], 'app.example.com', 'a.example:1', 'c.example'), [true, true, false])
})
