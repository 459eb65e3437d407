import t from 'tap'
import { ConfigError } from '../../src/config/config-error.ts'
import type { Config } from '../../src/config/options.ts'
import { createGate } from '../../src/gate.ts'
import { load } from './setup.ts'
import { fc } from '../fixtures/random.ts'

/** One word in a language of awkward pieces. */
const from = (pieces: readonly string[], most: number) => fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: most }).map(parts => parts.join(''))

const path = from(['/', '/', 'a', 'B', '.', '-', '_', '~', '!', '$', '&', '\'', '(', ')', '*', '+', ',', ':', '=', '@', ';', '%20', '%2f', ' ', 'ü', '?', '#', 'oauth2', 'ping'], 6).map(text => `/${text}`)
const host = fc.constantFrom('a', 'localhost', 'a_b', 'a.example', '127.0.0.1', '127.1', '[::1]', '[::ffff:1.2.3.4]', 'xn--a', 'ü.example', '0', '1.2.3.4.5', '%61', 'a..b', 'a.')
const url = fc.tuple(fc.constantFrom('http://', 'https://', 'HTTPS://'), host, fc.constantFrom('', ':0', ':80', ':443', ':65536'), fc.constantFrom('', '/', '/x', '/x/', '?', '/?x=1', '?state=1', '#', '/%', '/a:b', '/a:$b', '//', '/..', '/\u00e9'))
  .map(parts => parts.join(''))
const word = from(['a', 'A', '-', '_', '.', ',', ' ', '=', '@', '*', '"', 'ü', '__Host-', '__Secure-', 'b.example', '0'], 4)

/** What somebody may write for each setting whose value the gate takes apart. */
const written = {
  upstream: fc.oneof(url, fc.tuple(path, url).map(parts => parts.join('=')), path.map(base => `unix:/s.sock:${base}`)),
  'ping-path': path, 'ready-path': path, 'proxy-prefix': path, 'cookie-path': path, prefix: path, 'root-path': path, 'login-endpoint': path, 'logout-endpoint': path,
  'oauth-issuer': url, 'oauth-authorize-url': url, 'oauth-token-url': url, 'oauth-user-url': url, 'oauth-redirect-uri': url, 'public-url': url,
  'allow-websocket-origin': fc.oneof(url, host), 'trusted-proxy': fc.oneof(host, host.map(host => `${host}/8`), fc.constantFrom('::/0', '::1/128', '::ffff:1.2.3.4/100')),
  'cookie-name': word, 'cookie-domain': fc.oneof(host, word), 'cookie-samesite': fc.constantFrom('lax', 'strict', 'none'), 'cookie-secret': word,
  'allowed-domains': fc.oneof(host, word), 'allowed-emails': word.map(word => `${word}@b.example`), 'allowed-groups': word,
  'oauth-key': word, 'oauth-scope': word, 'user-key': word, 'oauth-extra-params': word.map(word => JSON.stringify({ [word]: word })),
  'oauth-provider': fc.constantFrom('oidc', 'generic', 'code', 'auth_code', 'password'), 'auth-style': fc.constantFrom('auto', 'params', 'header', 'none'),
  'oauth-expiry-days': fc.constantFrom('.5', '36500', '0.000000000001'), 'max-header-size': fc.constantFrom('4096', '1048576'), 'upstream-timeout': fc.constantFrom('1ms', '24h')
}

/** What `loadConfig` makes of it, or null where it says what is wrong, which is all that it may throw. */
function accepted (flags: Readonly<Record<string, string>>): Config | null {
  try {
    return load({ ...flags, 'log-level': 'silent' }).config
  } catch (error) {
    if (error instanceof ConfigError) return null
    throw error
  }
}

/** All that go together, taken one after the other. */
function acceptedOf (flags: Readonly<Record<string, string>>): Config | null {
  const kept: Record<string, string> = {}
  for (const [flag, value] of Object.entries(flags)) {
    if (accepted({ ...kept, [flag]: value }) !== null) kept[flag] = value
  }
  return accepted(kept)
}

t.test('of all settings that are accepted a gate can be made', async t => {
  let made = 0
  await fc.assert(fc.asyncProperty(fc.record(written), async flags => {
    const config = acceptedOf(flags)
    if (config === null) throw new Error('what was accepted before is refused now')
    const gate = await createGate(config)
    await gate.ready()
    await gate.close()
    made++
  }), { numRuns: 60 })
  t.equal(made, 60, 'and none was left out')
})

t.test('what would end in the middle of the start is told before it', async t => {
  const table: readonly (readonly [string, string])[] = [
    ['oauth-issuer', 'https://id.example.com/?x=1'], ['upstream', '/:$=http://a'], ['upstream', '/a:$b=http://a'], ['ping-path', '/a*b'], ['ready-path', '/:a'], ['proxy-prefix', '/*'], ['prefix', '/:a'], ['login-endpoint', '/a*'], ['cookie-path', '/:a']
  ]
  for (const [flag, value] of table) t.equal(accepted({ [flag]: value }), null, `--${flag}=${value}`)
})
