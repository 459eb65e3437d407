import { inspect } from 'node:util'
import t from 'tap'
import { ConfigError } from '../../src/config/config-error.ts'
import { loadConfig } from '../../src/config/load.ts'
import { serverKey, server } from '../fixtures/certificates.ts'
import { enough, file, key } from './setup.ts'

t.test('a configuration that somebody prints whole shows no secret, and gives each to whoever asks for it by its name', async t => {
  const secrets = { oauthSecret: 'c1ient-secret-that-nobody-sees', cookieSecret: 'c00kie-secret-that-nobody-ever-sees', oauthEncryptionKey: key, sessionStore: 'redis://:st0re-password@127.0.0.1:1', revocationStore: undefined, sslPassword: 'pass-phrase-0f-the-key' }
  const { upstream, 'oauth-issuer': oauthIssuer, 'oauth-key': oauthKey } = enough
  const { config } = loadConfig({ env: {}, settings: { upstream, oauthIssuer, oauthKey, oauthProvider: 'oidc', ...secrets, sslKeyfile: file(t, 'key.pem', serverKey), sslCertfile: file(t, 'cert.pem', server) } })
  const basic = loadConfig({ env: {}, settings: { upstream, cookieSecret: secrets.cookieSecret, basicAuth: 'passw0rd-of-everybody' } })
  for (const [what, one] of Object.entries({ one: config, basic: basic.config, provider: config.providers[0], 'basic provider': basic.config.providers[0], both: { config, list: [basic.config] } })) {
    for (const text of [inspect(one, { depth: Infinity }), inspect(one), JSON.stringify(one), inspect([one], { depth: Infinity })]) {
      for (const secret of [...Object.values(secrets), 'st0re-password', 'passw0rd-of-everybody', serverKey.split('\n')[1], key.slice(0, 12)]) t.notOk(secret !== undefined && text.includes(secret), `${what}: ${secret?.slice(0, 4)}`)
    }
  }
  t.match(inspect(config, { depth: Infinity }), /cookieSecret: '\(set\)'[^]*oauthSecret: '\(set\)'|oauthSecret: '\(set\)'[^]*cookieSecret: '\(set\)'/)
  t.strictSame([config.cookieSecret, config.providers[0].oauthSecret], [secrets.cookieSecret, secrets.oauthSecret])
  t.ok(Object.isFrozen(config) && Object.isFrozen(config.providers) && Object.isFrozen(config.providers[0]))
})

t.test('a value that a slip of the pen has made part of a setting’s name is not repeated', async t => {
  const secret = 'hush-hush-the-secret'
  const files = [
    ['a.yaml', `oauth_secret:${secret}: 1\n`, 'oauth_secret…'],
    ['b.yaml', `{oauth_secret:${secret}}\n`, 'oauth_secret…'],
    ['c.yaml', `{---\n"oauth_secret":"${secret}"}\n`, '(a key of 41 characters)'],
    ['d.yaml', `? "${'x'.repeat(80)}${secret}"\n: 1\n`, '(a key of 100 characters)'],
    ['e.yaml', `providers:\n  - id: acme\n    oauth_provider: github\n    {oauth_secret:${secret}}: 1\n`, undefined],
    ['f.yaml', `providers:\n  - {id: acme, oauth_provider: github, oauth_secret:${secret}}\n`, 'oauth_secret…'],
    ['g.ini', `[auth.generic_oauth]\nclient_secret ${secret}\n`, undefined],
    ['i.ini', `[auth.generic_oauth]\ntoken_url = https://ada:\n${secret}@login.example?x=y\n`, '(a key of 36 characters)'],
    ['j.ini', `[auth.generic_oauth]\nclient_secret =\nk3Rq/9xhush+hushT0k=\n`, '(a key of 19 characters)'],
    ['k.yaml', '{oauth_secret, Zm9vhushYmFy9hushQ}\n', '(a key of 18 characters)'],
    ['l.yaml', '? AAhushhush77aa\n', '(a key of 14 characters)'],
    ['h.ini', `[server]\nclient_secret ${secret}\n[auth.generic_oauth]\nenabled = true\n`, undefined]
  ] as const
  for (const [name, text, shown] of files) {
    const problems = problemsOf(() => loadConfig({ env: {}, file: file(t, name, text) }))
    const said = JSON.stringify(problems)
    t.notOk(said.includes('hush'), `${name}: ${said}`)
    t.ok(problems.length > 0, name)
    if (shown !== undefined) t.ok(problems.some(({ setting }) => setting === shown), `${name}: ${said}`)
  }
})

function problemsOf (work: () => { readonly notices: readonly string[] }): readonly { readonly setting: string }[] {
  try {
    return work().notices.map(notice => ({ setting: notice }))
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}
