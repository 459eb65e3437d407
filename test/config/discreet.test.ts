import { inspect } from 'node:util'
import t from 'tap'
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
