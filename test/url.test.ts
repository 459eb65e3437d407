import t from 'tap'
import { loadConfig } from '../src/config/load.ts'
import { parseUrl } from '../src/url.ts'

t.test('what is an address stays one, however often it is asked', t => {
  const answers = new Set(Array.from({ length: 50_000 }, () => parseUrl('https://ü.example/?x')?.host))
  t.strictSame([...answers], ['xn--tda.example'])
  for (const text of ['', 'nowhere', 'https://', 'https://a b/', '//host']) t.equal(parseUrl(text), null, text)
  t.equal(parseUrl('/x?y', 'https://a.example')?.href, 'https://a.example/x?y')
  const flags = { upstream: 'http://ü.example:80', 'oauth-provider': 'github', 'oauth-key': 'k', 'oauth-secret': 's', 'cookie-secret': 'x'.repeat(40) }
  for (let count = 0; count < 300; count++) loadConfig({ env: {}, flags })
  t.end()
})
