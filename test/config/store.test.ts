import t from 'tap'
import { client, clientKey, clientOfOther, lockedKey, serverKey } from '../fixtures/certificates.ts'
import { blamed, file, load, problems, set } from './setup.ts'

const stored = (sessionStore: string) => set({ sessionStore }).config.sessionStore

t.test('where sessions are: a word, or the address of a Redis as its users write it', async t => {
  t.equal(load().config.sessionStore, 'cookie')
  t.equal(stored('Memory'), 'memory')
  const host = (name: string, port: number) => ({ host: name, port })
  for (const [url, address] of [
    ['redis://cache', { kind: 'single', tls: false, hosts: [host('cache', 6379)], database: 0 }],
    ['redis://cache/', { kind: 'single', tls: false, hosts: [host('cache', 6379)], database: 0 }],
    ['valkey://Cache.example:7000/3', { kind: 'single', tls: false, hosts: [host('cache.example', 7000)], database: 3 }],
    ['rediss://gate:p%40ss%2Fw%3Aord@10.0.0.7:6380/1', { kind: 'single', tls: true, hosts: [host('10.0.0.7', 6380)], username: 'gate', password: 'p@ss/w:ord', database: 1 }],
    ['redis://:pa:ss@[::1]:6379', { kind: 'single', tls: false, hosts: [host('::1', 6379)], password: 'pa:ss', database: 0 }],
    ['redis+sentinel://u:p@a,b:26380/mymaster/2?sentinel-user=s&sentinel-password=q%23', { kind: 'sentinel', tls: false, hosts: [host('a', 26_379), host('b', 26_380)], username: 'u', password: 'p', master: 'mymaster', database: 2, sentinelUsername: 's', sentinelPassword: 'q#' }],
    ['rediss-sentinel://a/mymaster', { kind: 'sentinel', tls: true, hosts: [host('a', 26_379)], master: 'mymaster', database: 0 }],
    ['rediss+cluster://a:7000,b:7001', { kind: 'cluster', tls: true, hosts: [host('a', 7000), host('b', 7001)], database: 0 }]
  ] as const) t.strictSame(stored(url), address, url)
  t.strictSame(set({ revocationStore: 'redis://cache' }).config.revocationStore, { kind: 'single', tls: false, hosts: [host('cache', 6379)], database: 0 })
})

t.test('every mistake in an address is told with its fix, and none shows a piece of the password', async t => {
  for (const [url, message] of [
    ['disk', /cookie, memory, or the address of a Redis/],
    ['http://hunter2@cache', /does not begin with redis:\/\//],
    ['redis:/hunter2@cache', /does not begin with redis:\/\//],
    ['redis+unix://hunter2', /does not begin with redis:\/\//],
    ['redis://', /names no host/],
    ['redis://:hunter2@', /names no host/],
    ['redis://u:hunter2@a,b', /names several hosts/],
    ['redis://hunter2@cache', /user name without a password/],
    ['redis://:hun/ter2@cache', /names no host/],
    ['redis://u:hun/ter2@cache', /port that is none/],
    ['redis://:hun#ter2@cache', /fragment/],
    ['redis://:hun%ter2@cache', /% that begins no sign/],
    ['redis://:hun?ter2@cache', /names no host/],
    ['redis://cache:0', /port that is none/],
    ['redis://cache:hunter2', /port that is none/],
    ['redis://ca_che!:6379', /host that is none/],
    ['redis://cache/hunter2', /path that is no database/],
    ['redis://cache/0/hunter2', /path that is no database/],
    ['redis://cache?password=hunter2', /has a query/],
    ['redis+sentinel://a:26379', /how the sentinels call the master/],
    ['redis+sentinel://a/0/1/hunter2', /path that is no database/],
    ['redis+sentinel://a/m?hunter2=x', /has a query/],
    ['redis+cluster://a:7000/1', /a cluster has 0 alone/]
  ] as const) {
    for (const setting of ['sessionStore', 'revocationStore'] as const) {
      if (setting === 'revocationStore' && url === 'disk') continue
      const found = problems(() => set({ [setting]: url }))
      t.match(found, [{ setting: setting === 'sessionStore' ? 'session-store' : 'revocation-store', message, fix: /./ }], url)
      t.notMatch(JSON.stringify(found), /hunter2|ter2/, url)
    }
  }
})

t.test('it is a secret: it may come from a file, and is shown nowhere', async t => {
  const path = file(t, 'store', 'redis://:hunter2@cache\n')
  const { config, sources } = load({ 'session-store-file': path })
  t.match(config.sessionStore, { password: 'hunter2' })
  t.match(load({}, { env: { OAUTH_GATE_REVOCATION_STORE_FILE: path } }).config.revocationStore, { password: 'hunter2' })
  t.equal(sources.sessionStore.shown, '(set)')
})

t.test('what does not go together stops the start', async t => {
  t.match(problems(() => set({ sessionStore: 'redis://a', revocationStore: 'redis://a' })), [{ setting: 'revocation-store', message: /for sessions in cookies/, fix: /Leave it out/ }])
  t.match(problems(() => set({ sessionStore: 'memory', revocationStore: 'redis://a' })), [{ setting: 'revocation-store', fix: /--session-store/ }])
  const [cert, key, other, locked, wrong] = [file(t, 'cert', client), file(t, 'key', clientKey), file(t, 'other', clientOfOther), file(t, 'locked', lockedKey), file(t, 'wrong', serverKey)]
  t.match(problems(() => load({ 'store-ca': other })), [{ setting: 'store-ca', message: /for a store by TLS, and there is none/ }])
  t.match(problems(() => load({ 'session-store': 'redis://a', 'store-cert': cert, 'store-key': key })), [{ setting: 'store-cert', message: /--store-cert and --store-key are/, fix: /rediss:/ }])
  const tls = { 'session-store': 'rediss://a' }
  t.strictSame(blamed(() => load({ ...tls, 'store-cert': cert })), ['store-key'])
  t.strictSame(blamed(() => load({ ...tls, 'store-key': key })), ['store-cert'])
  t.strictSame(blamed(() => load({ ...tls, 'store-cert': cert, 'store-key': locked })), ['store-key'])
  t.strictSame(blamed(() => load({ ...tls, 'store-cert': cert, 'store-key': wrong })), ['store-key'])
  t.strictSame(blamed(() => load({ ...tls, 'store-cert': cert, 'store-key': key, 'store-ca': other })), [])
  t.strictSame(blamed(() => load({ 'revocation-store': 'rediss://a', 'store-ca': other })), [])
})
