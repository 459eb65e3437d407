import t from 'tap'
import { readings } from '../../src/access/readings.ts'
import { fc } from '../fixtures/random.ts'

t.test('a plain path has one reading: itself, percent-decoded', async t => {
  const table: readonly (readonly [string, string])[] = [
    ['/', '/'], ['/a', '/a'], ['/a/', '/a/'], ['/static/js/app.3f2.js', '/static/js/app.3f2.js'], ['/.well-known/x', '/.well-known/x'], ['/..x', '/..x'],
    ['/a%20b', '/a b'], ['/gr%C3%B6%C3%9Fe', '/größe'], ['/%E4%BD%A0%E5%A5%BD', '/你好'], ['/a%22%3C%7B', '/a"<{'], ['/a+b,c=(d)!', '/a+b,c=(d)!'], ['/a:b@c', '/a:b@c'], ['/a$b', '/a$b']
  ]
  for (const [path, reading] of table) t.strictSame(readings(path), [reading], path)
})

t.test('whatever servers read differently is not plain, and both readings are there', async t => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['/a%2fb', ['/a%2fb', '/a/b']],
    ['/a\\b', ['/a\\b', '/a/b']],
    ['/a%5Cb', ['/a%5Cb', '/a\\b', '/a/b']],
    ['/a/../b', ['/a/../b', '/b', '/']],
    ['/a/%2e%2e/b', ['/a/%2e%2e/b', '/a/../b', '/b', '/']],
    ['/a/./b', ['/a/./b', '/a/b']],
    ['//a/b', ['//a/b', '/a/b', '/b']],
    ['/\\a/b', ['/\\a/b', '//a/b', '/a/b', '/b']],
    ['/a;b/c', ['/a;b/c', '/a/c', '/a']],
    ['/a%3bb/c', ['/a%3bb/c', '/a/c', '/a']],
    ['/a#b', ['/a#b', '/a']],
    ['/a%23b', ['/a%23b', '/a#b', '/a']],
    ['/a%3fb', ['/a%3fb', '/a?b', '/a']],
    ['/a%00b', ['/a%00b', '/a', '/ab']],
    ['/a%09b', ['/a\tb', '/ab', '/a']],
    ['/a%252fb', ['/a%252fb', '/a%2fb', '/a/b']],
    ['/%61', ['/%61', '/a']],
    ['/%40a', ['/%40a', '/@a']],
    ['/a%zz', ['/a%zz']],
    ['/a%c0%afb', ['/a/b', '/ab', '/aÀ¯b']],
    ['/a%e0%80%afb', ['/a/b']],
    ['/a%c0%2fb', ['/a/b']],
    ['/a%c1%1cb', ['/a/b']],
    ['/a%0db%00c', ['/ab']],
    ['/gr%C3%B6%C3%0a%9Fe', ['/größe']],
    ['/a%ffb', ['/aÿb', '/ab']],
    ['/a\xff', ['/aÿ', '/a']],
    ['/\xc3\xb6', ['/ö', '/Ã¶']],
    ['/%EF%BC%8Fa', ['//a', '/a', '/／a']],
    ['/%EF%BD%81', ['/a']],
    ['/%E2%80%A5/a', []],
    ['/a./b', ['/a./b', '/a/b']],
    ['/a%20/b', ['/a /b', '/a/b']],
    ['/%20a', ['/ a', '/a']],
    ['/x../a', ['/x../a', '/x/../a', '/a', '/']],
    ['/x%2e%2e/a', ['/x%2e%2e/a', '/x/../a', '/a']],
    ['/x./a', ['/x./a', '/x/./a', '/x/a']],
    ['/x.../a', ['/x./../a', '/a']],
    ['/x..', ['/x/..', '/']],
    ['/x/../a/..', ['/', '/a/']],
    ['/\xff\xc3\xb6', ['/ö', '/\xc3\xb6']],
    ['//host%20/a', ['/ /a', '/a']],
    ['/x/. ./a', ['/a']],
    ['/x/.. ./a', ['/a']],
    ['/%C2%AAdmin', ['/admin']],
    ['/x/..%3b/a%2f..%2fx', ['/a%2f..%2fx', '/a/../x']],
    ['/x%5c%2e%2e%5ca%2f..%2fx', ['/a%2f..%2fx', '/a/../x']],
    ['/a%EF%BC%85c0%afx', ['/a/x']],
    ['/x/.%0a./a', ['/a']],
    ['/a%u002fb', ['/a/b']],
    ['/a/x%2f..%2fb/.%u002e/c', ['/a/b/../c', '/a/c']],
    ['/a:$i30:$INDEX_ALLOCATION/b', ['/a/b']],
    ['/a%e2%80%8bb', ['/ab']]
  ]
  for (const [path, expected] of table) {
    const found = readings(path)
    if (expected.length === 0) t.equal(found, null, path)
    for (const reading of expected) t.ok(found?.includes(reading), `${JSON.stringify(path)} as ${JSON.stringify(reading)}`)
  }
})

t.test('what climbs above the root, is no path, or has too many readings has none', async t => {
  for (const path of ['/..', '/../a', '/a/../../b', '/%2e%2e/a', '/a/..%2f../b', '/..;/a', '/\\..\\a', '', 'a', '*', 'http://h/', '/a%2f;b//c\\d%00e#f%3fg%0ah%09i. /%ffj', '/a%2f'.repeat(2_000)]) {
    t.equal(readings(path), null, path.slice(0, 40))
  }
})

t.test('hostile paths cost little and never throw', async t => {
  const pieces = ['%', '%2', '%2e', '%2f', '/', '\\', ';', ' ', '.', ':', '$', '%25', '%00', '\xff', '\xf0\x80', '%u00', '%EF%BC%8E', '#', 'a']
  fc.assert(fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 200 }), parts => {
    const path = '/' + parts.join('')
    const found = readings(path)
    return found === null || (found.length <= 80 && found.every(reading => reading.startsWith('/')) && (found.length === 1 || found.includes(path)))
  }))
  for (const piece of pieces) {
    const begun = performance.now()
    readings('/' + piece.repeat(60_000))
    t.ok(performance.now() - begun < 250, `60,000 times ${JSON.stringify(piece)}`)
  }
})

t.test('flood: a long path has fewer readings than a short one before it is refused', async t => {
  const long = (length: number) => readings(`/${'a'.repeat(length)}%252f;b//c`)
  t.ok((long(10) ?? []).length > 10)
  t.equal(long(4_000), null, 'so many of that length are not made')
})
