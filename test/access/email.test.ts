import t from 'tap'
import { parseDomain, parseEmail } from '../../src/access/email.ts'
import { fc } from '../fixtures/random.ts'

t.test('ordinary addresses are taken, lower-cased', async t => {
  const table: readonly (readonly [string, string, string])[] = [
    ['ann@example.org', 'ann@example.org', 'example.org'],
    ['Ann.Lee+tag@Mail.EXAMPLE.org', 'ann.lee+tag@mail.example.org', 'mail.example.org'],
    ['o\'brien@b-c.example', 'o\'brien@b-c.example', 'b-c.example'],
    ['a@xn--grsse-lva.example', 'a@xn--grsse-lva.example', 'xn--grsse-lva.example'],
    ['1!#$%&*/=?^_`{|}~-@1.2.example', '1!#$%&*/=?^_`{|}~-@1.2.example', '1.2.example']
  ]
  for (const [text, address, domain] of table) t.strictSame(parseEmail(text), { address, domain }, text)
})

t.test('whatever two programs may read differently is no address', async t => {
  const refused = [
    '', '@', 'ann', 'ann@', '@example.org', 'ann@evil.example@example.org', 'ann@example.org@', 'ann@@example.org', '@ann@example.org',
    'ann@example.org.', 'ann@.example.org', 'ann@example..org', 'ann@example', 'ann.@example.org', '.ann@example.org', 'a..b@example.org',
    'ann @example.org', ' ann@example.org', 'ann@example.org ', 'ann@example.org\n', 'ann@example.org\0', 'ann@exa\tmple.org', 'ann\r\n@example.org',
    '"ann"@example.org', '"a@b"@example.org', 'ann(x)@example.org', 'ann@example.org(x)', 'Ann <ann@example.org>', '<ann@example.org>', 'ann@[127.0.0.1]', 'ann@example.org:25',
    'ann@example.org,bob@example.org', 'ann;@example.org', 'ann\\@example.org', 'ann@example.org/x', 'ann@example.org?', 'ann@example.org#', 'ann%40evil@', 'ann@-example.org', 'ann@example-.org', 'ann@ex_ample.org', 'ann@*.org',
    'änn@example.org', 'ann@exämple.org', 'ann@еxample.org', 'ann＠example.org', 'ann@example。org', 'ann@ｅxample.org', 'ann@example.org\u200b', 'ann@\u212aelvin.org', 'ann@example.orɡ', 'ann@exampſe.org',
    `ann@${'a'.repeat(64)}.org`, `${'a'.repeat(65)}@example.org`, `a@${'b.'.repeat(126)}org`
  ]
  for (const text of refused) t.equal(parseEmail(text), null, JSON.stringify(text))
})

t.test('what is taken has one @ and ASCII only, whatever it was', async () => {
  fc.assert(fc.property(fc.oneof(fc.emailAddress(), fc.string({ unit: fc.constantFrom('a', 'B', '@', '.', '-', ' ', 'ä', '\u212a', '"', '\n') })), text => {
    const email = parseEmail(text)
    return email === null || (/^[!-~]+$/.test(email.address) && email.address.split('@').length === 2 && email.address.endsWith('@' + email.domain) && email.address === text.toLowerCase())
  }))
})

t.test('a listed domain is that domain alone, unless written with *.', async t => {
  const covers = (listed: string, domain: string) => parseDomain(listed)?.covers(domain)
  t.ok(covers('b.com', 'b.com'))
  t.ok(covers('B.com', 'b.com'))
  t.ok(covers('@b.com', 'b.com'))
  for (const other of ['a.b.com', 'ab.com', 'b.com.evil.example', 'b.co', 'com', 'xb.com']) t.notOk(covers('b.com', other), other)
  t.ok(covers('*.b.com', 'a.b.com'))
  t.ok(covers('*.b.com', 'x.a.b.com'))
  for (const other of ['b.com', 'ab.com', 'a.b.com.evil.example']) t.notOk(covers('*.b.com', other), other)
  for (const text of ['', '*', '*.', '*b.com', '.b.com', 'b.com.', 'com', '@@b.com', '*.@b.com', 'a@b.com', 'b.com/', 'bä.com', '**.b.com', 'b.com,c.com']) t.equal(parseDomain(text), null, text)
})
