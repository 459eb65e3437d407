import t from 'tap'
import { startBlock } from '../../src/cli/start-block.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'

const enough = { upstream: ['http://localhost:5006'], oauthProvider: 'oidc', oauthIssuer: 'https://id.example.com', oauthKey: 'k', oauthSecret: 'the-client-secret', cookieSecret: 'the-cookie-secret-of-this-test-0123' }

function block (settings: Settings): string {
  const { config, notices } = loadConfig({ env: {}, settings: { ...enough, ...settings } })
  return startBlock({ config, version: '1.2.3', listening: 'http://127.0.0.1:4180', notices })
}

t.test('serve says where sessions are and what a restart forgets', async t => {
  t.match(block({}), /Sessions +are in their cookies\. Sign-outs are remembered by this process: a restart forgets them, and copies of cookies that signed out count again until their end/)
  t.match(block({ sessionStore: 'memory' }), /Sessions +are in the memory of this process: after a restart everybody signs in again\n/)
  t.match(block({ sessionStore: 'redis://cache' }), /Sessions +are in Redis at cache:6379, and so is who signed out: a restart forgets nothing\n/)
  t.match(block({ revocationStore: 'redis+cluster://a:1,[::1]:2' }), /Sessions +are in their cookies, and who signed out is in Redis at the cluster of a:1, \[::1\]:2: a restart forgets nothing\n/)
})

t.test('a password that goes over the network in the clear is warned of, and never shown', async t => {
  const warned = /Warning +LOWERS_STORE_TLS: the password of --session-store goes to cache:6379 over plain TCP/
  t.match(block({ sessionStore: 'redis://:hunter2@cache' }), warned)
  t.match(block({ revocationStore: 'redis+sentinel://cache/m?sentinel-password=hunter2' }), /Warning +LOWERS_STORE_TLS: the password of --revocation-store/)
  for (const sessionStore of ['redis://:hunter2@cache', 'redis://:hunter2@127.0.0.1', 'rediss://:hunter2@cache', 'redis://cache']) {
    if (sessionStore !== 'redis://:hunter2@cache') t.notMatch(block({ sessionStore }), /plain TCP/, sessionStore)
    t.notMatch(block({ sessionStore }), /hunter2/)
  }
})
