// Who sends a great deal to the back-channel logout endpoint must not keep the provider from being heard.
import { SignJWT, generateKeyPair } from 'jose'
import t, { type Test } from 'tap'
import { LogoutTokenInvalid } from '../../src/errors.ts'
import { verifyLogoutToken } from '../../src/oauth/logout-token.ts'
import { startGate } from '../fixtures/gate.ts'
import { startLogoutProvider } from '../fixtures/logout-provider.ts'
import { Visitor } from '../fixtures/visitor.ts'

const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} }

async function setUp (t: Test) {
  const provider = await startLogoutProvider(t, { now: () => Date.now() })
  const { origin } = await startGate(t, { settings: { oauthIssuer: provider.issuer } })
  const ada = new Visitor()
  provider.next = { sub: 'ada', sid: 's-1' }
  t.equal((await ada.follow(`${origin}/`)).status, 200)
  const tell = async (token: string) => await new Visitor().ask(`${origin}/oauth2/backchannel-logout`, { form: { logout_token: token } })
  const flood = async (token: string) => {
    const statuses = new Set<number>()
    for (let sent = 0; sent < 700; sent += 50) for (const { status } of await Promise.all(Array.from({ length: 50 }, async () => await tell(token)))) statuses.add(status)
    return [...statuses].sort()
  }
  return { provider, ada, origin, tell, flood }
}

const forged = async (issuer: string) => await new SignJWT({ iss: issuer, aud: 'gate', iat: Math.floor(Date.now() / 1000), jti: 'x', sid: 's-1', events: EVENTS })
  .setProtectedHeader({ alg: 'RS256', kid: 'first' }).sign((await generateKeyPair('RS256')).privateKey)

for (const what of ['rubbish', 'tokens that only their signature tells from genuine ones']) {
  t.test(`flood: a sign-out at the provider counts while ${what} come from the same address, which is told to wait`, async t => {
    const { provider, ada, origin, tell, flood } = await setUp(t)
    t.strictSame(await flood(what === 'rubbish' ? 'x.y.z' : await forged(provider.issuer)), [400, 429])
    t.equal((await ada.navigate(`${origin}/`)).status, 200, 'none of them ends anything')
    t.equal((await tell(await provider.sign({ jti: 'genuine', sid: 's-1', events: EVENTS }))).status, 200)
    t.equal((await ada.navigate(`${origin}/`)).status, 302, 'signed out')
    t.equal((await tell('x.y.z')).status, 429, 'and the others still wait')
  })
}

t.test('flood: no signature is looked at of a token that would not count with the right one', async t => {
  let asked = 0
  const now = Date.now()
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const expected = { issuer: 'https://id.example.com', clientId: 'gate', outside: { now: () => now }, keys: async () => {
    asked++
    return publicKey
  } }
  const sign = async (claims: object) => await new SignJWT({ iss: 'https://id.example.com', aud: 'gate', iat: now / 1000, jti: 'x', sid: 's-1', events: EVENTS, ...claims }).setProtectedHeader({ alg: 'RS256' }).sign(privateKey)
  for (const claims of [{ aud: 'other' }, { iss: 'https://other.example.com' }, { iat: now / 1000 - 700 }, { events: {} }, { nonce: 'n' }, { jti: '' }, { sid: undefined }]) {
    await t.rejects(verifyLogoutToken(await sign(claims), expected), LogoutTokenInvalid)
  }
  t.equal(asked, 0)
  t.match(await verifyLogoutToken(await sign({}), expected), { jti: 'x', sid: 's-1' })
  t.equal(asked, 1)
})
