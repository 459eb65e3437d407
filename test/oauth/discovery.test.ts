import t from 'tap'
import { Claims } from '../../src/claims.ts'
import { DiscoveryMismatch, ProviderAnswerInvalid, ProviderUnreachable } from '../../src/errors.ts'
import { readMetadata } from '../../src/oauth/discovery.ts'
import { json } from '../fixtures/hostile-provider.ts'
import { attempt, createClient, startHostile } from './setup.ts'

const path = '/.well-known/openid-configuration'
const tick = async (): Promise<void> => { await new Promise(resolve => setTimeout(resolve, 50)) }

t.test('discovery is asked at first use, and once for many who wait', async t => {
  const { hostile, client } = await startHostile(t)
  t.strictSame(hostile.requests, [], 'nothing is asked before somebody signs in')
  const urls = await Promise.all(Array.from({ length: 20 }, () => client.authorizeUrl(attempt)))
  t.equal(new Set(urls).size, 1)
  await client.warm()
  t.equal(hostile.requests.length, 1)
})

t.test('the issuer is compared byte for byte, and a trailing slash is named', async t => {
  for (const [issuer, reason] of [[(own: string) => `${own}/`, /they differ by a trailing slash/], [(own: string) => own.toUpperCase(), /byte for byte/], [() => undefined, /names no issuer/], [() => 7, /byte for byte/]] as const) {
    const { hostile, client } = await startHostile(t)
    hostile.discovery = { issuer: issuer(hostile.issuer) }
    const constructor = reason.source.includes('no issuer') ? ProviderAnswerInvalid : DiscoveryMismatch
    await t.rejects(client.authorizeUrl(attempt), { constructor, message: reason })
    await t.rejects(client.signIn('code', attempt), { constructor, message: reason })
    t.strictSame(hostile.at('/token'), [], 'the code stays here')
  }
})

t.test('an issuer with a trailing slash is one, if the provider says so too', async t => {
  const { hostile } = await startHostile(t)
  hostile.discovery = { issuer: `${hostile.issuer}/` }
  await createClient('oidc', { issuer: `${hostile.issuer}/` }).warm()
  t.equal(hostile.requests[0]?.path, path)
})

t.test('a document that is no JSON, no 200 or names endpoints off https is not used', async t => {
  const { hostile, client, clock } = await startHostile(t)
  for (const answer of [
    json({}, 404), json([]), json(null), json('x'),
    json({ issuer: hostile.issuer, token_endpoint: 'http://p.example/token' }), json({ issuer: hostile.issuer, jwks_uri: 'file:///etc/passwd' }),
    json({ issuer: hostile.issuer, userinfo_endpoint: '/user' })
  ]) {
    hostile.answer(path, answer)
    clock.pass(1000)
    await t.rejects(client.authorizeUrl(attempt), ProviderAnswerInvalid)
  }
  hostile.answer(path, response => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>login</h1>'))
  clock.pass(1000)
  await t.rejects(client.authorizeUrl(attempt), { constructor: ProviderAnswerInvalid, message: /with text\/html instead of JSON/ })
  t.ok(hostile.requests.every(seen => seen.path === path))
})

t.test('a public provider cannot point at this machine', t => {
  const document = (issuer: string): Claims => new Claims({ issuer, token_endpoint: 'http://127.0.0.1:6379/' })
  t.throws(() => readMetadata(document('https://p.example'), 'https://p.example'), { constructor: ProviderAnswerInvalid, message: /names http:\/\/127\.0\.0\.1:6379\/ as token_endpoint/ })
  t.equal(readMetadata(document('http://localhost:1'), 'http://localhost:1').token, 'http://127.0.0.1:6379/', 'one on this machine may')
  t.end()
})

t.test('an endpoint that discovery does not name is asked for by its setting', async t => {
  const { hostile, client } = await startHostile(t)
  hostile.discovery = { authorization_endpoint: undefined }
  await t.rejects(client.authorizeUrl(attempt), { constructor: ProviderAnswerInvalid, message: /no authorization_endpoint is known.*set --oauth-authorize-url$/ })
  const overridden = createClient('oidc', { issuer: hostile.issuer, authorizeUrl: 'https://login.example/here' })
  t.match(await overridden.authorizeUrl(attempt), /^https:\/\/login\.example\/here\?/)
})

t.test('a failure is kept for a second, then the next login asks again', async t => {
  const { hostile, client, clock } = await startHostile(t)
  hostile.answer(path, response => response.destroy())
  await t.rejects(client.warm(), ProviderUnreachable)
  const asked = hostile.requests.length
  clock.pass(999)
  hostile.repent(path)
  await t.rejects(client.warm(), ProviderUnreachable)
  t.equal(hostile.requests.length, asked, 'nobody is asked within the second')
  clock.pass(1)
  await client.warm()
  t.equal(hostile.requests.length, asked + 1)
})

t.test('after an hour a new document is fetched while the old one is used', async t => {
  const { hostile, client, clock } = await startHostile(t)
  await client.warm()
  clock.pass(3_599_999)
  await client.warm()
  t.equal(hostile.requests.length, 1)
  hostile.discovery = { authorization_endpoint: `${hostile.issuer}/moved` }
  clock.pass(1)
  t.match(await client.authorizeUrl(attempt), /\/authorize\?/, 'nobody waits for the new one')
  await tick()
  t.match(await client.authorizeUrl(attempt), /\/moved\?/)
  t.equal(hostile.requests.length, 2)
})

t.test('a provider that went down, or turned into another, leaves the old document in use', async t => {
  const { hostile, client, clock, failures } = await startHostile(t)
  await client.warm()
  for (const answer of [json({}, 503), json({ issuer: 'https://attacker.example', authorization_endpoint: 'https://attacker.example/a' })]) {
    hostile.answer(path, answer)
    clock.pass(3_600_000)
    t.match(await client.authorizeUrl(attempt), new RegExp(`^${hostile.issuer}/authorize`))
    await tick()
    t.match(await client.authorizeUrl(attempt), new RegExp(`^${hostile.issuer}/authorize`))
  }
  t.match(failures, [{ constructor: ProviderAnswerInvalid }, { constructor: DiscoveryMismatch }])
  t.equal(failures.length, 2, 'and somebody is told, once for each')
  t.equal(hostile.requests.length, 3)
})

t.test('a clock that is set back does not keep a failure for ever', async t => {
  const { hostile, client, clock } = await startHostile(t)
  hostile.answer(path, json({}, 500))
  await t.rejects(client.warm(), ProviderAnswerInvalid)
  hostile.repent(path)
  clock.pass(-3_600_000)
  await client.warm()
  t.equal(hostile.requests.length, 2)
})
