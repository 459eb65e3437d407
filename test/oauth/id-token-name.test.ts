import { UnsecuredJWT } from 'jose'
import t from 'tap'
import { Claims } from '../../src/claims.ts'
import { IdTokenInvalid, ProviderAnswerInvalid } from '../../src/errors.ts'
import { listDocuments } from '../../src/oauth/merge-claims.ts'
import { attempt, startHostile, startPlain } from './setup.ts'
import { json, start } from '../fixtures/hostile-provider.ts'

const jwt = (claims: Record<string, unknown>): string => new UnsecuredJWT(claims).encode()
const issued = { iat: start / 1000, exp: start / 1000 + 3600 }

t.test('an id_token under another name is verified as one under its own', async t => {
  const { hostile, client } = await startHostile(t, { idTokenName: 'jwt' })
  const claims = { iss: hostile.issuer, aud: 'gate', sub: 'm-1', nonce: attempt.nonce, ...issued }
  hostile.token = { id_token: 'not looked at', jwt: await hostile.sign({ ...claims, name: 'Mallory' }) }
  const { sources, tokens } = await client.signIn('code', attempt)
  t.equal(sources.claims.text('name'), 'Mallory')
  t.equal(tokens.accessTokenFirst, undefined)
  for (const [name, token] of Object.entries({
    nonce: await hostile.sign({ ...claims, nonce: 'another' }), aud: await hostile.sign({ ...claims, aud: 'another' }), iss: await hostile.sign({ ...claims, iss: 'https://else.example' }),
    algorithm: jwt(claims), signature: `${(await hostile.sign(claims)).slice(0, -8)}AAAAAAAA`, Web: 'no token'
  })) {
    hostile.token = { jwt: token }
    const before = hostile.at('/user').length
    await t.rejects(client.signIn('code', attempt), { constructor: IdTokenInvalid, message: new RegExp(name) }, name)
    t.equal(hostile.at('/user').length, before, 'and nothing more is asked')
  }
})

t.test('where the field is missing there is no id_token, and id_token is not looked at', async t => {
  const { client } = await startHostile(t, { idTokenName: 'jwt' })
  await t.rejects(client.signIn('code', attempt), { constructor: IdTokenInvalid, message: 'the provider sent no id_token in jwt (--id-token-attribute-name), although openid was asked for' })
  const { hostile, client: plain } = await startPlain(t, { idTokenName: 'jwt' })
  hostile.claims = { name: 'of the id_token' }
  hostile.user = { name: 'of the userinfo' }
  const { documents, tokens } = await plain.signIn('code', attempt)
  t.strictSame(documents?.map(({ claims }) => claims.text('name')), ['of the userinfo'])
  t.equal(tokens.idToken, undefined)
  for (const value of [5, true, { a: 1 }]) {
    hostile.token = { jwt: value }
    await t.rejects(plain.signIn('code', attempt), { constructor: ProviderAnswerInvalid, message: /its jwt is no text/ })
  }
})

t.test('by access_token its claims come first, and the id_token is verified as always', async t => {
  const { hostile, client } = await startHostile(t, { idTokenName: 'access_token' })
  hostile.claims = { name: 'of the id_token' }
  hostile.token = { access_token: jwt({ sub: 'm-1', name: 'of the access token' }) }
  const { documents, sources, tokens } = await client.signIn('code', attempt)
  t.match(tokens, { accessTokenFirst: true, idToken: /^ey/ })
  t.equal(documents?.[0]?.claims.text('name'), 'of the access token')
  t.equal(sources.claims.text('name'), 'of the id_token', 'what the provider’s file looks at is as ever')
  hostile.claims = { nonce: 'another' }
  await t.rejects(client.signIn('code', attempt), { constructor: IdTokenInvalid, message: /nonce/ })
  hostile.token = { access_token: jwt({ sub: 'm-1' }), id_token: undefined }
  await t.rejects(client.signIn('code', attempt), { constructor: IdTokenInvalid, message: 'the provider sent no id_token, although openid was asked for' }, 'an access token does not stand in for it')
})

t.test('an access token of somebody else is no source, first or last', t => {
  const trusted = [{ name: 'id_token', claims: new Claims({ sub: 'm-1', groups: ['few'] }) }]
  const names = (token: string) => listDocuments(trusted, token, true).map(({ claims }) => claims.texts('groups').join())
  t.strictSame(names(jwt({ sub: 'm-1', groups: ['many'] })), ['many', 'few'])
  for (const token of [jwt({ sub: 'other', groups: ['many'] }), 'opaque']) t.strictSame(names(token), ['few'])
  t.end()
})

t.test('without scopes no such parameter is sent, to either endpoint', async t => {
  const { hostile, client } = await startPlain(t, { scopes: [] })
  t.equal(new URL(await client.authorizeUrl(attempt)).searchParams.has('scope'), false)
  hostile.answer('/token', json({ access_token: 'opaque', token_type: 'Bearer' }))
  await client.signInWithPassword('ada', 'word')
  t.equal(hostile.at('/token')[0]?.body.has('scope'), false)
})
