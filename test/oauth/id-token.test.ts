import { CompactSign, exportSPKI, importJWK, SignJWT, UnsecuredJWT, type CryptoKey } from 'jose'
import t, { type Test } from 'tap'
import { ClockOff, IdTokenInvalid } from '../../src/errors.ts'
import { attempt, startHostile, startPlain, type HostileSetup } from './setup.ts'
import { clientId, start } from '../fixtures/hostile-provider.ts'

const now = start / 1000
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Claims no provider may send us: what is changed, and the word the operator reads. */
const wrong: ReadonlyArray<readonly [Record<string, unknown>, RegExp]> = [
  [{ aud: 'another' }, /^aud is "another"/], [{ aud: ['another', 'third'] }, /^aud/], [{ aud: undefined }, /^aud is missing/], [{ aud: 'gate ' }, /^aud/], [{ aud: [] }, /^aud/],
  [{ aud: { gate: 1 } }, /^aud/], [{ aud: [clientId, 'another'] }, /^azp is missing/], [{ azp: 'another' }, /^azp is "another"/], [{ aud: [clientId, 'x'], azp: 'x' }, /^azp/], [{ azp: null }, /^azp/],
  [{ exp: undefined }, /^exp is missing/], [{ exp: 'soon' }, /^exp/], [{ exp: String(now + 100) }, /^exp/], [{ exp: now - 60 }, /^exp is in the past/], [{ exp: null }, /^exp/],
  [{ iat: undefined }, /^iat is missing/], [{ iat: 'now' }, /^iat/], [{ iat: now + 61 }, /^iat is in the future/], [{ nbf: now + 61 }, /^nbf is in the future/], [{ nbf: 'x' }, /^nbf/],
  [{ nonce: 'another' }, /^nonce is not the one/], [{ nonce: null }, /^nonce/], [{ nonce: '' }, /^nonce/], [{ nonce: [attempt.nonce] }, /^nonce/],
  [{ sub: undefined }, /^sub/], [{ sub: '' }, /^sub/], [{ sub: 7 }, /^sub/], [{ sub: { $ne: 1 } }, /^sub/]
]

async function refuses (t: Test, { hostile, client }: HostileSetup, message: RegExp, what: string): Promise<void> {
  await t.rejects(client.signIn('code', attempt), { constructor: /in the future/.test(message.source) ? ClockOff : IdTokenInvalid, message }, what)
  t.strictSame(hostile.at('/user'), [], 'the access token beside it is not used')
}

t.test('an id_token that is right in everything is believed, up to 60 s of clock skew and with azp', async t => {
  for (const claims of [{}, { exp: now - 59 }, { iat: now + 60, nbf: now + 60 }, { aud: [clientId] }, { aud: [clientId, 'x'], azp: clientId }, { azp: clientId }, { exp: 1e300 }]) {
    const { hostile, client } = await startHostile(t)
    hostile.claims = claims
    const { sources } = await client.signIn('code', attempt)
    t.equal(sources.claims.text('sub'), 'm-1', JSON.stringify(claims))
    t.equal(hostile.at('/keys').length, 1, 'its signature was checked')
  }
})

t.test('with discovery every claim is checked', async t => {
  const strict: typeof wrong = [...wrong, [{ iss: 'https://another.example' }, /^iss is "https:\/\/another.example"/], [{ iss: undefined }, /^iss is missing/], [{ nonce: undefined }, /^nonce is missing/]]
  const setup = await startHostile(t)
  for (const [claims, message] of [...strict, [{ iss: `${setup.hostile.issuer}/` }, /^iss/] as const]) {
    setup.hostile.claims = claims
    await refuses(t, setup, message, JSON.stringify(claims))
  }
})

t.test('without an issuer the same claims are checked, but a missing nonce is no fault and iss is not known', async t => {
  const setup = await startPlain(t)
  for (const [claims, message] of wrong) {
    setup.hostile.claims = claims
    await refuses(t, setup, message, JSON.stringify(claims))
  }
  setup.hostile.claims = { nonce: undefined, iss: 'https://whoever.example' }
  t.equal((await setup.client.signIn('code', attempt)).sources.claims.text('iss'), 'https://whoever.example')
  t.strictSame(setup.hostile.at('/keys'), [])
})

t.test('a token that is not valid now says how far off the clocks are, and whose is ahead', async t => {
  const { hostile, client } = await startHostile(t)
  const fresh = JSON.stringify({ access_token: 'opaque', token_type: 'Bearer' }).slice(0, -1)
  for (const [claims, dateAhead, message] of [
    [{ iat: now - 4000, exp: now - 400 }, -4000, /^exp is in the past, by 400 s.* this machine’s clock is 4000 s ahead of the provider’s; the Date of the provider’s answer is 4000 s behind this machine’s clock$/],
    [{ iat: now + 300, exp: now + 3900 }, 300, /^iat is in the future, by 300 s: this machine’s clock is 300 s behind the provider’s; the Date of the provider’s answer is 300 s ahead of/],
    [{ iat: now + 300, exp: now + 3900 }, 0, /; the Date of the provider’s answer is within 2 s of this machine’s clock$/]
  ] as const) {
    hostile.answer('/token', async response => {
      const token = await hostile.sign({ iss: hostile.issuer, aud: clientId, sub: 'm-1', nonce: attempt.nonce, ...claims })
      response.writeHead(200, { 'content-type': 'application/json', date: new Date(start + dateAhead * 1000).toUTCString() }).end(`${fresh},"id_token":"${token}"}`)
    })
    await t.rejects(client.signIn('code', attempt), { constructor: ClockOff, message })
  }
  t.strictSame(hostile.at('/user'), [])
})

t.test('a number too large to be one is refused', async t => {
  const setup = await startHostile(t)
  setup.hostile.sign = async claims => {
    const payload = JSON.stringify(claims).replace(/"exp":\d+/, '"exp":1e999')
    return await new CompactSign(new TextEncoder().encode(payload)).setProtectedHeader({ alg: 'ES256', kid: 'key-0' }).sign(setup.hostile.privateKey)
  }
  await refuses(t, setup, /^exp is missing or not a number/, 'exp is Infinity')
})

t.test('an id_token of the password grant may have no nonce, and none that we did not send', async t => {
  const setup = await startHostile(t)
  setup.hostile.claims = { nonce: undefined }
  await setup.client.signInWithPassword('alice', 'x')
  setup.hostile.claims = { nonce: 'replayed' }
  await t.rejects(setup.client.signInWithPassword('alice', 'x'), { constructor: IdTokenInvalid, message: /^nonce/ })
  t.equal(setup.hostile.at('/user').length, 1)
})

t.test('algorithms that are no signature of the provider\'s are refused', async t => {
  const setup = await startHostile(t)
  const { hostile } = setup
  const spki = new TextEncoder().encode(await exportSPKI(await importJWK(hostile.publicKey, 'ES256') as CryptoKey))
  const forgeries: ReadonlyArray<readonly [string, (claims: Record<string, unknown>) => Promise<string> | string]> = [
    ['none', claims => new UnsecuredJWT(claims).encode()],
    ['None', claims => `${base64({ alg: 'None' })}.${base64(claims)}.`],
    ['HS256 with the public key as the secret', claims => new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'key-0' }).sign(spki)],
    ['HS256 with the client secret', claims => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('x'.repeat(32)))],
    ['no algorithm', claims => `${base64({ typ: 'JWT' })}.${base64(claims)}.${base64('x')}`]
  ]
  for (const [what, forge] of forgeries) {
    hostile.sign = async claims => await forge(claims)
    await refuses(t, setup, /^the algorithm "\w*" is not accepted/, what)
  }
  t.strictSame(hostile.at('/keys'), [], 'not even the keys are asked for')
  const plain = await startPlain(t)
  plain.hostile.sign = claims => Promise.resolve(new UnsecuredJWT(claims).encode())
  await refuses(t, plain, /^the algorithm "none"/, 'none, where TLS alone is believed')
})

t.test('a key of the provider’s that id_tokens are not signed with signs none: its algorithm must be one that discovery promises', async t => {
  const setup = await startHostile(t)
  const { hostile } = setup
  hostile.discovery = { id_token_signing_alg_values_supported: ['RS256', 'none'] }
  await refuses(t, setup, /^the algorithm "ES256" is not among those that the discovery document names in id_token_signing_alg_values_supported \(RS256, none\)$/, 'ES256')
  t.strictSame(hostile.at('/keys'), [], 'and no key is asked for')
  const promised = await startHostile(t)
  promised.hostile.discovery = { id_token_signing_alg_values_supported: ['RS256', 'ES256'] }
  await promised.client.signIn('code', attempt)
})

t.test('a token that is altered, cut, signed by a stranger or brings its own key is refused', async t => {
  const setup = await startHostile(t)
  const { hostile } = setup
  const honest = hostile.sign.bind(hostile)
  const stranger = (await startHostile(t)).hostile
  const forgeries: ReadonlyArray<readonly [string, (claims: Record<string, unknown>) => Promise<string> | string]> = [
    ['another payload', async claims => { const [head, , tail] = (await honest(claims)).split('.'); return `${head}.${base64({ ...claims, sub: 'admin' })}.${tail}` }],
    ['no signature', async claims => `${(await honest(claims)).split('.').slice(0, 2).join('.')}.`],
    ['a stranger\'s key under the right name', claims => new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'key-0' }).sign(stranger.privateKey)],
    ['a key in the header', claims => new SignJWT(claims).setProtectedHeader({ alg: 'ES256', jwk: stranger.publicKey, kid: 'key-0' }).sign(stranger.privateKey)],
    ['another algorithm than the key\'s', async claims => { const [, body, tail] = (await honest(claims)).split('.'); return `${base64({ alg: 'RS256', kid: 'key-0' })}.${body}.${tail}` }],
    ['crit', claims => new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'key-0', crit: ['b64'], b64: true }).sign(hostile.privateKey)],
    ['no JWT', () => 'nonsense'], ['empty', () => ''], ['encrypted', () => 'a.b.c.d.e'], ['an array', async () => `${base64({ alg: 'ES256' })}.${base64([1])}.AAAA`]
  ]
  for (const [what, forge] of forgeries) {
    hostile.sign = async claims => await forge(claims)
    await refuses(t, setup, /signature|crit|no JSON Web Token|algorithm/, what)
  }
})

t.test('a token of another kind, beside another access token, or with a key id that is no text is refused', async t => {
  const setup = await startHostile(t)
  const { hostile } = setup
  const forgeries: ReadonlyArray<readonly [string, object, Record<string, unknown>, RegExp]> = [
    ['an access token', { typ: 'at+jwt' }, {}, /^typ is "at\+jwt"/], ['a logout token', { typ: 'application/Logout+JWT' }, {}, /^typ is/], ['a type that is no text', { typ: 7 }, {}, /^typ is 7/],
    ['an at_hash of another', {}, { at_hash: 'A'.repeat(22) }, /^at_hash is not that/], ['an at_hash that is no text', {}, { at_hash: 7 }, /^at_hash is not that/],
    ['a key id that is a number', { kid: 0 }, {}, /^kid is 0/], ['a key id that is a list', { kid: ['key-0'] }, {}, /^kid is \["key-0"\]/]
  ]
  for (const [what, header, more, says] of forgeries) {
    hostile.sign = async claims => await new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg: 'ES256', kid: 'key-0', ...header }).sign(hostile.privateKey)
    await refuses(t, setup, says, what)
  }
  t.strictSame(hostile.at('/user'), [], 'and what came with it is not used')
})

t.test('an issuer that answers openid without an id_token, or has no keys, proves nothing', async t => {
  const without = await startHostile(t)
  without.hostile.token = { id_token: undefined }
  await refuses(t, without, /sent no id_token/, 'no id_token')
  const keyless = await startHostile(t)
  keyless.hostile.discovery = { jwks_uri: undefined }
  await refuses(t, keyless, /names no jwks_uri/, 'no keys')
})
