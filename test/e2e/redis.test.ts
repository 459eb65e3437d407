import t from 'tap'
import { startGate } from '../fixtures/gate.ts'
import { startRedis } from '../fixtures/redis.ts'
import { Visitor } from '../fixtures/visitor.ts'

t.test('with sessions in a Redis the cookie is small, and what is kept there says nothing', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const { origin, app } = await startGate(t, { settings: { sessionStore: redis.url, passAccessToken: true } })
  const visitor = new Visitor()
  t.match(await visitor.signIn(`${origin}/`, 'ada'), { status: 200 })
  t.match(app.received.at(-1)?.headers, { 'x-forwarded-user': 'ada@example.com' })
  const token = String(app.received.at(-1)?.headers['x-forwarded-access-token'])
  t.ok(token.length > 10)
  const cookie = [...visitor.cookies.get('127.0.0.1')?.values() ?? []].find(({ name }) => !name.endsWith('-arrived'))
  const bytes = `${cookie?.name}=${cookie?.value}`.length
  t.comment(`the session cookie has ${bytes} bytes`)
  t.ok(bytes < 1024)
  const keys = (await redis.cli('KEYS', '*')).split('\n')
  t.match(keys, [/^oauth-gate:.*:session:/])
  const record = await redis.cli('GET', keys[0] ?? '')
  const plain = [record, ...record.split('.')].map(text => text + Buffer.from(text, 'base64url').toString('latin1')).join()
  t.ok(record.length > 100)
  t.notMatch(plain + keys.join(), /ada|example|lovelace/i)
  t.notOk(plain.includes(token))
  t.ok(Number(await redis.cli('PTTL', keys[0] ?? '')) > 86_000_000, 'for as long as the session')
})
