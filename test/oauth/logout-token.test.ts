import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import t from 'tap'
import { LogoutTokenInvalid } from '../../src/errors.ts'
import { OLDEST, verifyLogoutToken, type LogoutTokenExpectation } from '../../src/oauth/logout-token.ts'
import { TestOutside } from '../fixtures/outside.ts'

const NOW = 1_800_000_000
const SKEW = 60

t.test('the times of a logout token count to the second', async t => {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  t.ok(await exportJWK(publicKey))
  const expected: LogoutTokenExpectation = { clientId: 'gate', issuer: 'https://id.example', keys: (() => publicKey) as unknown as LogoutTokenExpectation['keys'], outside: new TestOutside(NOW * 1000) }
  const verify = async (times: object) => await verifyLogoutToken(await new SignJWT({ iss: 'https://id.example', aud: 'gate', jti: 'one', sid: 's-1', iat: NOW, events: { 'http://schemas.openid.net/event/backchannel-logout': {} }, ...times }).setProtectedHeader({ alg: 'RS256' }).sign(privateKey), expected)
  const rows: readonly (readonly [good: object, bad: object, says: RegExp])[] = [
    [{ iat: NOW + SKEW }, { iat: NOW + SKEW + 1 }, /^iat is in the future, by 61 s/],
    [{ iat: NOW - OLDEST }, { iat: NOW - OLDEST - 1 }, /^iat is 601 s ago/],
    [{ exp: NOW - SKEW + 1 }, { exp: NOW - SKEW }, /^exp is in the past/],
    [{ nbf: NOW + SKEW }, { nbf: NOW + SKEW + 1 }, /^nbf is in the future/]
  ]
  for (const [good, bad, says] of rows) {
    t.match(await verify(good), { jti: 'one', sid: 's-1' }, JSON.stringify(good))
    await t.rejects(verify(bad), { constructor: LogoutTokenInvalid, message: says }, JSON.stringify(bad))
  }
})
