import { SignJWT } from 'jose'
import t from 'tap'
import { IdTokenInvalid, ProviderAnswerInvalid, ProviderUnreachable } from '../../src/errors.ts'
import { json, start } from '../fixtures/hostile-provider.ts'
import { attempt, startHostile } from './setup.ts'

const tick = async (): Promise<void> => { await new Promise(resolve => setTimeout(resolve, 50)) }

t.test('keys are fetched with the first id_token, and once for twenty at the same time', async t => {
  const { hostile, client } = await startHostile(t)
  await Promise.all(Array.from({ length: 20 }, () => client.signIn('code', attempt)))
  await client.signIn('code', attempt)
  t.equal(hostile.at('/keys').length, 1)
})

t.test('a new key is accepted after one more look at the key set, the old one no longer', async t => {
  const { hostile, client } = await startHostile(t)
  const old = hostile.sign.bind(hostile)
  const oldToken = await old({ iss: hostile.issuer, aud: 'gate', sub: 'm-1', nonce: attempt.nonce, iat: start / 1000, exp: start / 1000 + 3600 })
  await client.signIn('code', attempt)
  await hostile.rotate()
  await client.signIn('code', attempt)
  t.equal(hostile.at('/keys').length, 2)
  hostile.token = { id_token: oldToken }
  await t.rejects(client.signIn('code', attempt), { constructor: IdTokenInvalid, message: /no applicable key found/ })
  t.equal(hostile.at('/user').length, 2, 'the refused token\'s companion is not used')
})

t.test('unknown key ids cost the provider one request a minute, not one each', async t => {
  const { hostile, client, clock } = await startHostile(t)
  await client.signIn('code', attempt)
  const honest = hostile.sign.bind(hostile)
  await hostile.rotate()
  hostile.answer('/keys', json({ keys: [] }))
  for (let count = 0; count < 5; count++) await t.rejects(client.signIn('code', attempt), IdTokenInvalid)
  t.equal(hostile.at('/keys').length, 2)
  clock.pass(59_999)
  hostile.repent('/keys')
  await t.rejects(client.signIn('code', attempt), IdTokenInvalid)
  t.equal(hostile.at('/keys').length, 2)
  clock.pass(1)
  hostile.sign = honest
  await client.signIn('code', attempt)
  t.equal(hostile.at('/keys').length, 3)
})

t.test('old keys serve while the provider\'s key set is away, and an unknown key is still refused', async t => {
  const { hostile, client, clock, failures } = await startHostile(t)
  await client.signIn('code', attempt)
  hostile.answer('/keys', response => response.destroy())
  clock.pass(600_000)
  await client.signIn('code', attempt)
  await tick()
  t.match(failures, [{ constructor: ProviderUnreachable }], 'somebody is told')
  clock.pass(1000)
  await hostile.rotate()
  await t.rejects(client.signIn('code', attempt), IdTokenInvalid)
  t.equal(hostile.at('/user').length, 2)
})

t.test('after ten minutes a retired key is forgotten without a restart', async t => {
  const { hostile, client, clock } = await startHostile(t)
  await client.signIn('code', attempt)
  hostile.answer('/keys', json({ keys: [] }))
  clock.pass(600_000)
  await client.signIn('code', attempt)
  await tick()
  await t.rejects(client.signIn('code', attempt), IdTokenInvalid)
  t.equal(hostile.at('/user').length, 2)
})

t.test('a key set that was never read is the provider\'s fault, and the next login asks again', async t => {
  const { hostile, client, clock } = await startHostile(t)
  for (const [answer, constructor] of [
    [json({}, 500), ProviderAnswerInvalid], [json({}), ProviderAnswerInvalid], [json([]), ProviderAnswerInvalid], [json({ keys: 'x' }), ProviderAnswerInvalid],
    [json({ keys: Array.from({ length: 101 }, () => ({ kty: 'RSA' })) }), ProviderAnswerInvalid]
  ] as const) {
    hostile.answer('/keys', answer)
    await t.rejects(client.signIn('code', attempt), constructor)
    clock.pass(1000)
  }
  hostile.repent('/keys')
  await client.signIn('code', attempt)
  t.equal(hostile.at('/user').length, 1, 'only the last sign-in got that far')
})

t.test('an id_token that names no key finds it where there is one, and is refused where there are two', async t => {
  const { hostile, client } = await startHostile(t)
  hostile.sign = async claims => await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(hostile.privateKey)
  await client.signIn('code', attempt)
  const two = await startHostile(t)
  two.hostile.sign = async claims => await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(two.hostile.privateKey)
  two.hostile.answer('/keys', json({ keys: [hostile.publicKey, two.hostile.publicKey] }))
  await t.rejects(two.client.signIn('code', attempt), { constructor: IdTokenInvalid, message: /multiple matching keys/ })
  t.equal(two.hostile.at('/keys').length, 1, 'and another look at the set is not spent on it')
  t.strictSame(two.hostile.at('/user'), [])
})

t.test('symmetric keys in a key set sign nothing', async t => {
  const { hostile, client } = await startHostile(t)
  hostile.answer('/keys', json({ keys: [{ kty: 'oct', k: 'AAAA', kid: 'key-0', alg: 'ES256' }] }))
  await t.rejects(client.signIn('code', attempt), IdTokenInvalid)
  t.strictSame(hostile.at('/user'), [])
})

t.test('when discovery names another key set, its keys count and the old ones do not', async t => {
  const { hostile, client, clock } = await startHostile(t)
  await client.signIn('code', attempt)
  hostile.discovery = { jwks_uri: `${hostile.issuer}/new-keys` }
  hostile.answer('/new-keys', json({ keys: [] }))
  clock.pass(3_600_000)
  hostile.claims = { iat: clock.now() / 1000, exp: clock.now() / 1000 + 60 }
  await client.warm()
  await tick()
  await t.rejects(client.signIn('code', attempt), IdTokenInvalid)
  t.equal(hostile.at('/new-keys').length, 2)
  t.equal(hostile.at('/user').length, 1)
})
