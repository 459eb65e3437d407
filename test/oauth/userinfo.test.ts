import { UnsecuredJWT } from 'jose'
import t from 'tap'
import { ProviderAnswerInvalid, ProviderRefused } from '../../src/errors.ts'
import { AnotherSubject } from '../../src/oauth/userinfo.ts'
import { defineProvider } from '../../src/provider.ts'
import { findProvider } from '../../providers/index.ts'
import { clientSecret, json, type Answer } from '../fixtures/hostile-provider.ts'
import { attempt, createClient, startHostile, startPlain } from './setup.ts'

const jwt = (claims: Record<string, unknown>): string => new UnsecuredJWT(claims).encode()

t.test('userinfo is read with the token in the header, and adds to the id_token without replacing it', async t => {
  const { hostile, client } = await startHostile(t)
  hostile.claims = { name: 'from the id_token' }
  hostile.user = { name: 'from userinfo', nickname: 'mal' }
  const { sources } = await client.signIn('code', attempt)
  t.match([sources.claims.text('name'), sources.claims.text('nickname'), sources.claims.text('email')], ['from the id_token', 'mal', 'mallory@example.com'])
  const [seen] = hostile.at('/user')
  t.match(seen, { method: 'GET', headers: { authorization: 'Bearer opaque-access-token', accept: 'application/json' } })
  t.equal(hostile.at('/user').length, 1)
})

t.test('userinfo of somebody else ends the sign-in', async t => {
  for (const start of [startHostile, startPlain]) {
    for (const sub of ['admin', '', 7, null, ['m-1'], { a: 1 }]) {
      const { hostile, client } = await start(t)
      hostile.user = { sub }
      await t.rejects(client.signIn('code', attempt), { constructor: AnotherSubject, message: /another sub/ }, JSON.stringify(sub))
    }
  }
})

t.test('discovery\'s own userinfo must say whom it speaks of; a user URL of another kind need not', async t => {
  const strict = await startHostile(t)
  strict.hostile.user = { sub: undefined }
  await t.rejects(strict.client.signIn('code', attempt), { constructor: AnotherSubject, message: /another sub/ })
  const plain = await startPlain(t)
  plain.hostile.user = { sub: undefined, id: 7 }
  t.equal((await plain.client.signIn('code', attempt)).sources.claims.text('sub'), 'm-1', 'the id_token\'s stays')
})

t.test('without an id_token userinfo says who it is', async t => {
  const { hostile, client } = await startPlain(t)
  hostile.token = { id_token: undefined }
  hostile.user = { sub: undefined, id: 7, login: 'mal' }
  const { sources, tokens } = await client.signIn('code', attempt)
  t.match([sources.claims.text('id'), sources.claims.text('login'), tokens.idToken], ['7', 'mal', undefined])
  t.strictSame(hostile.at('/keys'), [])
})

t.test('with neither id_token nor user URL nobody is signed in, whatever the access token says', async t => {
  const { hostile, client } = await startPlain(t, {}, false)
  hostile.token = { id_token: undefined, access_token: jwt({ sub: 'admin', email: 'admin@example.com' }) }
  await t.rejects(client.signIn('code', attempt), { constructor: ProviderAnswerInvalid, message: /--oauth-user-url/ })
  t.strictSame(hostile.at('/user'), [])
})

t.test('userinfo that is no JSON object is refused, signed answers too', async t => {
  const answers: readonly Answer[] = [
    json([]), json(null), json('x'), json([{ sub: 'm-1' }]), json({ sub: 'm-1' }, 500), json({ sub: 'm-1' }, 204),
    response => response.writeHead(200, { 'content-type': 'application/jwt' }).end(jwt({ sub: 'm-1' })),
    response => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>sign in</h1>'),
    response => response.writeHead(302, { location: '/user2' }).end()
  ]
  for (const [index, answer] of answers.entries()) {
    const { hostile, client } = await startHostile(t)
    hostile.answer('/user', answer)
    const error: unknown = await client.signIn('code', attempt).catch((error: unknown) => error)
    t.match(error, { constructor: ProviderAnswerInvalid, message: index < 4 ? /JSON that is no object$/ : /answered (500|204|200 with (application\/jwt|text\/html)|302)/ }, `answer ${index}`)
    t.notMatch(String(error), /opaque-access-token/)
    t.strictSame(hostile.at('/user2'), [])
  }
})

t.test('a token that does not open userinfo is a refusal where userinfo was asked for, or is all there is', async t => {
  for (const status of [401, 403]) {
    const { hostile, client } = await startPlain(t)
    hostile.answer('/user', json({ error: 'insufficient_scope', token: 'opaque-access-token' }, status))
    const error: unknown = await client.signIn('code', attempt).catch((error: unknown) => error)
    t.match(error, { constructor: ProviderRefused, message: `GET ${hostile.issuer}/user answered ${status}; usually a scope is missing` })
    const found = await startHostile(t, { scopes: ['email'] })
    found.hostile.token = { id_token: undefined }
    found.hostile.answer('/user', json({}, status))
    await t.rejects(found.client.signIn('code', attempt), ProviderRefused)
  }
})

t.test('where only discovery speaks of userinfo, a verified id_token is enough without it', async t => {
  const { hostile, client } = await startHostile(t)
  hostile.answer('/user', json({}, 403))
  const { sources } = await client.signIn('code', attempt)
  t.equal(sources.claims.text('sub'), 'm-1')
  t.notOk(sources.claims.has('email'))
})

t.test('the documents that a provider\'s file names are sources by their names', async t => {
  const { hostile } = await startHostile(t)
  const generic = findProvider('generic')
  if (generic === undefined) throw new Error('generic')
  hostile.answer('/emails', json([{ email: 'a@example.com', primary: true }]))
  const provider = defineProvider({
    ...generic, flow: 'code', endpoints: { authorize: `${hostile.issuer}/authorize`, token: `${hostile.issuer}/token` }, resources: { user: `${hostile.issuer}/user`, emails: `${hostile.issuer}/emails` }
  })
  const client = createClient('generic', { provider, clientSecret })
  const { sources } = await client.signIn('code', attempt)
  t.equal(sources.emails?.list()[0]?.text('email'), 'a@example.com')
  hostile.answer('/emails', json({}, 403))
  await t.rejects(client.signIn('code', attempt), ProviderRefused)
  t.equal(hostile.at('/emails').length, 2, 'each asked once')
})
