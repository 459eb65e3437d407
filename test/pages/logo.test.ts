import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { problems, set, file } from '../config/setup.ts'
import { startGate } from '../fixtures/gate.ts'
import { Visitor } from '../fixtures/visitor.ts'

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><script>alert(1)</script><rect width="9" height="9"/></svg>'
const heads: Readonly<Record<string, Buffer>> = {
  'image/png': Buffer.from('89504e470d0a1a0a0000000d', 'hex'),
  'image/jpeg': Buffer.from('ffd8ffe000104a46', 'hex'),
  'image/gif': Buffer.from('GIF89a....'),
  'image/webp': Buffer.from('RIFF....WEBPVP8 '),
  'image/svg+xml': Buffer.from(`\uFEFF<?xml version="1.0"?>\n<!-- made by hand -->\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n${SVG}`)
}

function picture (t: Test, name: string, content: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

t.test('a logo is what its bytes say, whatever its name', async t => {
  for (const [type, bytes] of Object.entries(heads)) t.match(set({ logo: picture(t, 'logo.txt', bytes) }).config.logo, { type, bytes })
})

t.test('what is no picture, or too large, stops the start', async t => {
  const cases: readonly (readonly [Buffer, RegExp])[] = [
    [Buffer.from('<html><script>alert(1)</script>'), /no picture of a known type/],
    ...['<!---->\n'.repeat(20_000), ' '.repeat(150_000), `<?xml ${'?>'.repeat(50_000)}`, '<!--'.repeat(50_000)].map(text => [Buffer.from(text), /no picture of a known type/] as const), // at once
    [Buffer.from(''), /no picture/],
    [Buffer.from(`<!DOCTYPE svg [<!ENTITY a "aaaa">]>${SVG}`), /no picture/],
    [Buffer.from(`<p>${SVG}`), /no picture/],
    [Buffer.concat([heads['image/png'] as Buffer, Buffer.alloc(256 * 1024)]), /names a picture of 257 KiB, and 256 is the most/]
  ]
  for (const [bytes, message] of cases) t.match(problems(() => set({ logo: picture(t, 'logo.png', bytes) })), [{ setting: 'logo', message }])
  t.match(problems(() => set({ logo: 'nope.png' })), [{ message: /names a file that does not exist/ }])
})

t.test('whom to ask is an address for mail or a page, and nothing that could be another link', async t => {
  t.strictSame(set({ support: 'help@example.com' }).config.support, { email: 'help@example.com' })
  t.strictSame(set({ support: 'https://help.example.com/desk?x=1' }).config.support, { url: 'https://help.example.com/desk?x=1' })
  for (const bad of ['javascript:alert(1)', 'http://help.example.com', 'https://u:p@help.example.com', 'help', 'a@b@c', 'help@example.com?bcc=x@y', 'mailto:help@example.com', 'https://a b', '"<i>"@example.com']) {
    t.match(problems(() => set({ support: bad })), [{ setting: 'support', message: /must be an email address or an address that begins with https/ }], bad)
  }
})

t.test('the logo is open to everybody, may be kept, and nothing in it runs', async t => {
  const { origin, app } = await startGate(t, { settings: { logo: file(t, 'logo.svg', SVG), title: '<b>Site</b>', prefix: '/apps', rootPath: '/proxy' } })
  const visitor = new Visitor()
  const { body } = await visitor.navigate(`${origin}/apps/oauth2/sign_in`)
  const address = /<img src="\/proxy(\/apps\/oauth2\/logo\?v=[0-9a-f]{8})" alt="">/.exec(body)?.[1] ?? ''
  t.match(body, /<title>Sign in · &lt;b&gt;Site&lt;\/b&gt;<\/title>[^]*<span>&lt;b&gt;Site&lt;\/b&gt;<\/span>/)
  const answer = await visitor.ask(origin + address)
  t.match(answer, {
    status: 200, body: SVG, setCookies: [],
    headers: { 'content-type': 'image/svg+xml', 'x-content-type-options': 'nosniff', 'cache-control': 'public, max-age=3600', 'content-security-policy': /^default-src 'none';.*sandbox/ }
  })
  t.notMatch(answer.headers['content-security-policy'], /script-src|allow-/)
  t.equal((await visitor.ask(origin + address, { method: 'HEAD' })).status, 200)
  t.match(await visitor.ask(origin + address, { method: 'POST' }), { status: 404 })
  t.match(await visitor.ask(`${origin}/apps/oauth2/logo/images/logo_stacked.png`), { status: 200, headers: { 'content-type': 'image/svg+xml' }, body: /width="150" height="120".*data:image\/svg\+xml;base64,/ })
  t.match(await visitor.ask(`${origin}/apps/oauth2/logos`), { status: 404 })
  t.equal(app.received.length, 0)
})

t.test('without a logo and templates there is none to ask for', async t => {
  const { origin } = await startGate(t, { settings: { title: 'Site' } })
  const { body } = await new Visitor().navigate(`${origin}/oauth2/sign_in`)
  t.match(body, '<header class="site"><span>Site</span></header>')
  t.notMatch(body, '<img')
  t.equal((await new Visitor().ask(`${origin}/oauth2/logo`)).status, 404)
})
