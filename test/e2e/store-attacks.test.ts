// What somebody may try who reads the Redis, or has it forget, fill up or go away at the right moment.
import t, { type Test } from 'tap'
import { startGate, type Running } from '../fixtures/gate.ts'
import { startRedis } from '../fixtures/redis.ts'
import { Visitor, type Answer } from '../fixtures/visitor.ts'

const pass = (milliseconds: number) => new Promise<void>(resolve => { setTimeout(resolve, milliseconds) })
const cookies = (visitor: Visitor) => [...visitor.cookies.get('127.0.0.1')?.values() ?? []].map(({ name, value }) => `${name}=${value}`).join('; ')
const user = (answer: Answer) => answer.status === 200 ? (JSON.parse(answer.body) as { headers: Record<string, string> }).headers['x-forwarded-user'] : answer.status

function startSibling (t: Test, first: Running, settings: object): Promise<Running> {
  return startGate(t, { app: first.app, settings: { cookieName: 'site', oauthIssuer: first.provider.issuer, ...settings } })
}

function signOut (visitor: Visitor, origin: string): Promise<Answer> {
  return visitor.navigate(`${origin}/oauth2/sign_out`, { method: 'POST', headers: { origin, 'sec-fetch-site': 'same-origin' } })
}

async function within (milliseconds: number, ask: () => Promise<unknown>, wanted: unknown): Promise<unknown> {
  const start = performance.now()
  let found = await ask()
  while (found !== wanted && performance.now() - start < milliseconds) {
    await pass(50)
    found = await ask()
  }
  return found
}

t.test('who reads the Redis finds no cookie there that opens a renewed session', async t => {
  const redis = await startRedis(t)
  if (redis === null) return
  const gate = await startGate(t, { settings: { cookieName: 'site', revocationStore: redis.url, oauthRefreshTokens: true }, provider: { refreshTokens: true, accessTokenLife: 120 } })
  const [visitor, thief] = [new Visitor(), new Visitor()]
  t.equal((await visitor.signIn(`${gate.origin}/`, 'ada')).status, 200)
  gate.outside.advance(95_000)
  t.equal((await visitor.ask(`${gate.origin}/data`, { headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' } })).status, 200)
  const keys = (await redis.cli('KEYS', '*')).split('\n')
  const values = await Promise.all(keys.map(async key => await redis.cli('GET', key)))
  t.ok(keys.some(key => key.includes('renewed:')), 'the renewed one waits there for its browser')
  for (const value of values) t.equal(user(await thief.ask(`${gate.origin}/`, { headers: { cookie: `site=${value}` } })), 401)
  t.equal(user(await visitor.ask(`${gate.origin}/`)), 'ada@example.com', 'and it is there for its own')
})

