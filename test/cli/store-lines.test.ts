import { spawnSync } from 'node:child_process'
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
  const warned = /Warning +the password of --session-store goes to cache:6379 over plain TCP/
  t.match(block({ sessionStore: 'redis://:hunter2@cache' }), warned)
  t.match(block({ revocationStore: 'redis+sentinel://cache/m?sentinel-password=hunter2' }), /Warning +the password of --revocation-store/)
  for (const sessionStore of ['redis://:hunter2@cache', 'redis://:hunter2@127.0.0.1', 'rediss://:hunter2@cache', 'redis://cache']) {
    if (sessionStore !== 'redis://:hunter2@cache') t.notMatch(block({ sessionStore }), /plain TCP/, sessionStore)
    t.notMatch(block({ sessionStore }), /hunter2/)
  }
})

t.test('without the client library the gate does not start, and says what to install', async t => {
  // A resolver that finds everything but ioredis.
  const resolver = 'export async function resolve (name, context, next) { if (name !== "ioredis") return next(name, context); throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" }) }'
  const register = `import { register } from 'node:module'; register('data:text/javascript,${encodeURIComponent(resolver)}')`
  const run = `import { main } from ${JSON.stringify(new URL('../../src/cli/main.js', import.meta.url).href)}; process.exit(await main(process.argv.slice(1)))`
  const flags = ['--upstream=http://localhost:5006', '--oauth-provider=oidc', '--oauth-issuer=https://id.example.com', '--oauth-key=k', '--oauth-secret=s', `--cookie-secret=${enough.cookieSecret}`, '--session-store=redis://:hunter2@127.0.0.1:1', '--port=0']
  const { status, stderr, stdout } = spawnSync(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(register)}`, '--input-type=module', '-e', run, '--', 'serve', ...flags], { encoding: 'utf8', env: { PATH: process.env['PATH'] } })
  t.equal(status, 1, stdout)
  t.match(stderr, /--session-store names a Redis, and the package ioredis[^]*npm install ioredis/)
  t.notMatch(stderr, /hunter2|\bat .*\.js/)
})
