import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { loadConfig } from '../../../src/config/load.ts'
import type { Settings } from '../../../src/config/options.ts'
import { outside } from '../../../src/outside.ts'
import { createRevocations } from '../../../src/session/revocations.ts'
import { openStores, tellOfRevocations } from '../../../src/stores.ts'
import * as certificates from '../../fixtures/certificates.ts'
import { freePort } from '../../fixtures/gate.ts'
import { startRedis } from '../../fixtures/redis.ts'

const enough = { upstream: 'http://localhost:5006', oauthProvider: 'oidc', oauthIssuer: 'https://id.example.com', oauthKey: 'k', oauthSecret: 'the-client-secret', cookieSecret: 'the-cookie-secret-of-this-test-0123' }

/** What the log says of a store. */
async function lines (t: Test, settings: Settings): Promise<Record<string, unknown>[]> {
  const said: Record<string, unknown>[] = []
  const say = (line: unknown) => { said.push(line as Record<string, unknown>) }
  const { all } = await openStores(loadConfig({ env: {}, settings: { ...enough, ...settings } }).config, outside, { info: say, error: say })
  t.teardown(() => Promise.all(all.map(store => store.close())))
  return said
}

t.test('a store that does not answer is told with the setting that mends it', async t => {
  const folder = t.testdir({ 'ca.pem': certificates.authority, 'other.pem': certificates.otherAuthority, 'cert.pem': certificates.server, 'key.pem': certificates.serverKey })
  const at = (name: string) => join(folder, name)
  const tlsAt = await freePort()
  const locked = await startRedis(t, ['--requirepass', 'right'])
  const plain = await startRedis(t)
  const tls = await startRedis(t, ['--tls-port', String(tlsAt), '--tls-auth-clients', 'no', '--tls-ca-cert-file', at('ca.pem'), '--tls-cert-file', at('cert.pem'), '--tls-key-file', at('key.pem')], tlsAt)
  if (locked === null || plain === null || tls === null) return
  await plain.cli('ACL', 'SETUSER', 'mute', 'on', '>s', '~oauth-gate:*', '&oauth-gate:*', '+@all', '-publish')
  const cases: [string, Settings, RegExp][] = [
    ['no password', { sessionStore: locked.url }, /^The server wants a password: put USER:PASSWORD@ before the host in --session-store \(or the file of --session-store-file\)/],
    ['a wrong one', { revocationStore: locked.url.replace('//', '//:hunter2@') }, /^The user or the password in --revocation-store \(or the file of --revocation-store-file\)/],
    ['an authority of its own', { sessionStore: `rediss://127.0.0.1:${tlsAt}` }, /not signed by an authority of this system.*--store-ca\./],
    ['another authority', { sessionStore: `rediss://127.0.0.1:${tlsAt}`, storeCa: at('other.pem') }, /not signed by the authority of --store-ca/],
    ['no TLS to a port with', { sessionStore: `redis://127.0.0.1:${tlsAt}` }, /write rediss:\/\/ in --session-store/],
    ['TLS to a port without', { sessionStore: plain.url.replace('redis:', 'rediss:') }, /write redis:\/\/ in --session-store/],
    ['nobody', { sessionStore: `redis://127.0.0.1:${await freePort()}` }, /^Nobody listens there/],
    ['a user that may not publish', { sessionStore: plain.url.replace('//', '//mute:s@') }, /docs\/scale\.md/],
    ['no cluster', { sessionStore: plain.url.replace('redis:', 'redis+cluster:') }, /write redis:\/\/ in --session-store/]
  ]
  await Promise.all(cases.map(async ([about, settings, hint]) => {
    const said = await lines(t, settings)
    t.match(said, [{ event: 'store.lost', detail: /./, hint }], about)
    t.match(said, [{ hint: /\. Whoever brings a session is answered 503/ }], about)
    t.equal(said.length, 1, about)
    t.notMatch(JSON.stringify(said), /hunter2/, about)
  }))
  t.strictSame(await lines(t, { sessionStore: `rediss://127.0.0.1:${tlsAt}`, storeCa: at('ca.pem') }), [], 'and one that answers is not told')
})

t.test('a store that does not say who signed out is told with its setting and fix; one that hangs is told by its own line alone', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  await redis.cli('ACL', 'SETUSER', 'gate', 'on', '>hunter2', '~oauth-gate:*', '&oauth-gate:*', '+@all', '-zscan')
  const said: Record<string, unknown>[] = []
  const say = (line: unknown) => { said.push(line as Record<string, unknown>) }
  const log = { info: say, error: say }
  const sessionStore = redis.url.replace('//', '//gate:hunter2@')
  const stores = await openStores(loadConfig({ env: {}, settings: { ...enough, sessionStore } }).config, outside, log)
  t.teardown(() => stores.sessions?.close())
  const revocations = createRevocations({ outside, lifetime: 60_000, store: stores.revocations, ...tellOfRevocations(log, stores) })
  await sleep(1300)
  t.match(said, [{ event: 'revocations.unknown', setting: 'session-store', detail: /NOPERM.*zscan/, hint: /^The user may not do that.*docs\/scale\.md.* answered 503/ }])
  t.equal(said.length, 1)
  t.notMatch(JSON.stringify(said), /hunter2/)
  t.throws(() => revocations.demand())
  await redis.cli('ACL', 'SETUSER', 'gate', '+zscan')
  await sleep(1300)
  t.doesNotThrow(() => revocations.demand())
  for (let times = 0; times < 2; times++) {
    redis.freeze()
    await sleep(4000)
    redis.thaw()
    await sleep(3500)
    t.doesNotThrow(() => revocations.demand())
  }
  t.strictSame(said.slice(1).map(({ event }) => event), ['store.lost', 'store.back', 'store.lost', 'store.back'])
})
