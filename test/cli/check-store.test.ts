import t, { type Test } from 'tap'
import { check } from '../../src/cli/check.ts'
import { judgeInfo } from '../../src/cli/probe-store.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { freePort, startApp } from '../fixtures/gate.ts'
import { startRedis } from '../fixtures/redis.ts'

/** The user of docs/scale.md. */
const RIGHTS = 'resetkeys ~oauth-gate:* resetchannels &oauth-gate:* -@all +get +set +del +eval +zadd +zscan +zrem +zrevrange +zremrangebyscore +pexpire +publish +subscribe +info +client|setname'.split(' ')

async function run (t: Test, settings: Settings, live = true): Promise<{ code: number, out: string, store: string }> {
  let out = ''
  const upstream = (await startApp(t)).url
  const loaded = loadConfig({ env: {}, settings: { upstream, basicAuth: 'a-password-for-all', cookieSecret: 'the-cookie-secret-of-this-test-0123', ...settings } })
  const code = await check(loaded, { live, write: text => { out += text } })
  return { code, out, store: out.split('\n').filter(line => line.slice(13).startsWith('store ')).join('\n') }
}

t.test('the store is asked for all that the gate does with it, and nothing of that stays', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  await redis.cli('ACL', 'SETUSER', 'gate', 'on', '>hunter2', ...RIGHTS)
  for (const setting of ['sessionStore', 'revocationStore'] as const) {
    const { code, out, store } = await run(t, { [setting]: redis.url.replace('//', '//gate:hunter2@') })
    t.match(store, new RegExp(`^ok +store +Redis at 127\\.0\\.0\\.1:${redis.port} reads, writes and tells \\(Redis \\d+\\.\\d+`))
    t.match(out, /Asking the app and the Redis[^]*Nothing is wrong\./)
    t.equal(code, 0)
    t.notMatch(out, /hunter2/)
  }
  t.equal(await redis.cli('KEYS', '*'), '')
})

t.test('a store that is not there, or does not let the gate in, is wrong, with its fix', async t => {
  const locked = await startRedis(t, ['--requirepass', 'right'])
  const open = await startRedis(t)
  if (locked === null || open === null) return
  const missing = (right: string) => open.cli('ACL', 'SETUSER', `no-${right.slice(1)}`, 'on', '>s', ...RIGHTS.filter(each => each !== right))
  for (const right of ['+get', '+set', '+eval', '+zscan', '+publish', '+subscribe']) await missing(right)
  const cases: [string, string, RegExp][] = [
    ['no password', locked.url, /NOAUTH.*; The server wants a password/],
    ['a wrong one', locked.url.replace('//', '//:hunter2@'), /WRONGPASS.*--session-store/],
    ['nobody', `redis://127.0.0.1:${await freePort()}`, /ECONNREFUSED.*; Nobody listens there/],
    ['TLS to one without', open.url.replace('redis:', 'rediss:'), /write redis:/],
    ...['get', 'set', 'eval', 'zscan', 'publish', 'subscribe'].map((right): [string, string, RegExp] => [right, open.url.replace('//', `//no-${right}:s@`), new RegExp(`NOPERM.*${right}.*docs/scale\\.md`)])
  ]
  await Promise.all(cases.map(async ([about, sessionStore, text]) => {
    const { code, out, store } = await run(t, { sessionStore })
    t.match(store, /^wrong +store /, about)
    t.match(store, text, about)
    t.match(out, /One thing is wrong\./, about)
    t.equal(code, 1, about)
    t.notMatch(out, /hunter2/, about)
  }))
})

t.test('a store that would throw sessions out is wrong, and one whose memory is without bound is not', async t => {
  const redis = await startRedis(t, ['--maxmemory-policy', 'allkeys-lru'])
  if (redis === null) return
  t.match(await run(t, { sessionStore: redis.url }), { code: 0, store: /^ok / })
  await redis.cli('CONFIG', 'SET', 'maxmemory', '100mb')
  t.match(await run(t, { sessionStore: redis.url }), { code: 1, store: /^wrong .*\(maxmemory-policy allkeys-lru\): set maxmemory-policy noeviction/ })
})

t.test('what the server says of itself is read as Redis and Valkey write it', async t => {
  t.match(judgeInfo('x', 'redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n'), { verdict: 'ok', text: /Valkey 8\.0\.1/ })
  t.match(judgeInfo('x', undefined), { verdict: 'ok', text: /may not ask INFO/ })
})

t.test('without --live nobody is asked, and it is said that --live asks the Redis; without one there is no such row', async t => {
  const sessionStore = `redis://127.0.0.1:${await freePort()}`
  t.match(await run(t, { sessionStore }, false), { code: 0, out: /Whether provider, app and Redis agree, --live asks/, store: '' })
  t.match(await run(t, {}, false), { out: /Whether provider and app agree, --live asks/ })
  for (const kind of ['cookie', 'memory']) t.match(await run(t, { sessionStore: kind }), { code: 0, store: /^$/, out: /Asking the app\./ })
})
