// What a session weighs at a real gate, and what its cookies do when it becomes large, and small again.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { startGate } from '../fixtures/gate.ts'
import { startLogoutProvider } from '../fixtures/logout-provider.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor } from '../fixtures/visitor.ts'

const KIB = 1024
const random = (length: number) => randomBytes(length).toString('base64url').slice(0, length)
const HERE = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

/** An app that takes large headers, and remembers which access token it had with each path. */
async function startRoomyApp (t: Test) {
  const tokens = new Map<string, string | undefined>()
  const server = createServer({ maxHeaderSize: 64 * KIB }, (request, response) => {
    tokens.set(request.url ?? '', request.headers['x-forwarded-access-token'] as string | undefined)
    response.end('there')
  })
  return { tokens, url: await startServer(t, server) }
}

const ofSession = (visitor: Visitor) => [...visitor.cookies.get('127.0.0.1')?.values() ?? []].filter(({ name }) => /^oauth-gate-\d+(?:\.\d+)?$/.test(name)).toSorted((one, other) => one.name.localeCompare(other.name))

t.test('12 KiB of tokens travel in chunks and reach the app whole; a shorter session after it, and a sign-out, leave nothing behind', async t => {
  const app = await startRoomyApp(t)
  const clock = { now: () => Date.now() }
  const provider = await startLogoutProvider(t, { now: () => clock.now() })
  const { origin, outside } = await startGate(t, { settings: { oauthIssuer: provider.issuer, upstream: [app.url], passAccessToken: true } })
  clock.now = () => outside.now()
  const visitor = new Visitor()
  const large = random(12 * KIB)
  provider.accessToken = large
  t.equal((await visitor.follow(`${origin}/large`)).status, 200)
  t.equal(app.tokens.get('/large'), large)
  const chunks = ofSession(visitor)
  t.comment(`${chunks.length} cookies`)
  t.ok(chunks.length > 3)
  t.ok(chunks.every(({ name, value }) => name.length + value.length < 4096), 'each as large as a browser keeps')
  t.equal((await visitor.navigate(`${origin}/again`)).status, 200)
  t.equal(app.tokens.get('/again'), large, 'and the next time')

  const part = new Visitor()
  part.cookies.set('127.0.0.1', new Map(chunks.slice(0, -1).map(cookie => [cookie.name + cookie.path, cookie])))
  t.equal((await part.ask(`${origin}/part`)).status, 401, 'without one of them there is no session')

  provider.accessToken = random(40)
  t.equal((await visitor.follow(`${origin}/oauth2/start?rd=/small`)).status, 200)
  t.equal(app.tokens.get('/small'), provider.accessToken)
  t.equal(ofSession(visitor).length, 1, 'no chunk of the longer one is left')

  provider.accessToken = large
  t.equal((await visitor.follow(`${origin}/oauth2/start?rd=/large-again`)).status, 200)
  t.ok(ofSession(visitor).length > 3)
  t.equal((await visitor.navigate(`${origin}/oauth2/sign_out`, { form: {}, headers: { origin, ...HERE } })).status, 200)
  t.strictSame(ofSession(visitor), [])
  t.notOk(app.tokens.has('/part'), 'and the app never saw who came with a part')
})

t.test('a session cookie has less than 1 KiB by default, with what a provider says of a person', async t => {
  const { origin } = await startGate(t)
  const visitor = new Visitor()
  t.equal((await visitor.signIn(`${origin}/`, 'ada')).status, 200)
  const [cookie, ...more] = ofSession(visitor)
  const bytes = `${cookie?.name}=${cookie?.value}`.length
  t.comment(`${bytes} bytes`)
  t.ok(bytes > 100 && bytes < KIB)
  t.strictSame(more, [])
  t.equal((await visitor.navigate(`${origin}/`)).status, 200, 'and it is what lets them in')
})
