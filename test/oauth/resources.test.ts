import t from 'tap'
import type { Claims } from '../../src/claims.ts'
import { ProviderRefused, UserMissing } from '../../src/errors.ts'
import { identify, type IdentitySettings } from '../../src/identity/identify.ts'
import type { OAuthClientOptions } from '../../src/oauth/client.ts'
import { defineProvider, type Provider, type Sources } from '../../src/provider.ts'
import { clientId, clientSecret, json, startHostileProvider, type HostileProvider } from '../fixtures/hostile-provider.ts'
import { attempt, createClient } from './setup.ts'

/** A provider's file as the house style shows it, but for where it is. */
function gitHubAt (origin: string): Provider {
  return defineProvider({
    name: 'github',
    label: 'GitHub',
    namesUser: true,
    scopes: ['read:user', 'user:email'],
    endpoints: { authorize: `${origin}/login/oauth/authorize`, token: `${origin}/token` },
    resources: { user: `${origin}/user`, emails: `${origin}/user/emails` },
    identity: ({ user, emails }) => ({
      subject: user.text('id'),
      user: user.text('login'),
      email: emails.list().find(email => email.is('primary') && email.is('verified'))?.text('email')
    })
  })
}

async function start (): Promise<{ hostile: HostileProvider, provider: Provider }> {
  const hostile = await startHostileProvider()
  t.teardown(() => hostile.close())
  hostile.token = { id_token: undefined, expires_in: undefined, token_type: 'bearer', scope: 'read:user,user:email' }
  hostile.answer('/user', json({ id: 583231, login: 'octocat', name: null, email: 'shown@example.com' }))
  hostile.answer('/user/emails', json([{ email: 'old@example.com', primary: false, verified: true }, { email: 'octocat@example.com', primary: true, verified: true }]))
  return { hostile, provider: gitHubAt(hostile.issuer) }
}

const clientOf = (provider: Provider, options: Partial<OAuthClientOptions> = {}) => createClient('generic', { provider, scopes: provider.scopes, clientSecret, ...options })

async function signIn (provider: Provider, { settings = {}, options = {} }: { settings?: Partial<IdentitySettings>, options?: Partial<OAuthClientOptions> } = {}) {
  const { sources } = await clientOf(provider, options).signIn('code', attempt)
  return identify(provider, { sources }, { allowUnverifiedEmail: false, providerName: provider.name, ...settings })
}

t.test('a file of data and one function signs people in', async t => {
  const { hostile, provider } = await start()
  const url = new URL(await clientOf(provider).authorizeUrl(attempt))
  t.equal(url.origin + url.pathname, `${hostile.issuer}/login/oauth/authorize`)
  t.match(Object.fromEntries(url.searchParams), { client_id: clientId, scope: 'read:user user:email', code_challenge_method: 'S256' })
  t.strictSame(await signIn(provider), { provider: 'github', subject: '583231', user: 'octocat', email: 'octocat@example.com', groups: [], teams: [], organizations: [], claims: {} })
  t.equal(hostile.at('/token')[0]?.body.get('client_secret'), clientSecret)
  for (const path of ['/user', '/user/emails']) t.match(hostile.at(path), [{ method: 'GET', headers: { authorization: 'Bearer opaque-access-token' } }], `${path} is asked once`)
  t.equal(hostile.requests.length, 3, 'and nobody else')
})

t.test('the resource called user is the userinfo: claims has it, and a setting may say where it is', async t => {
  const { hostile, provider } = await start()
  t.equal((await signIn(provider, { settings: { userKey: 'id' } })).user, '583231', 'a claim that a setting names')
  hostile.answer('/api/v3/user', json({ id: 7, login: 'elsewhere' }))
  t.match(await signIn(provider, { options: { userUrl: `${hostile.issuer}/api/v3/user` } }), { subject: '7', user: 'elsewhere' })
  t.equal(hostile.at('/user').length, 1, 'the first sign-in’s')
})

t.test('where the file says who the user is and nobody is there, no other claim takes the place', async t => {
  const { hostile, provider } = await start()
  hostile.answer('/user', json({ id: 583231, email: 'octocat@example.com' }))
  await t.rejects(signIn(provider), { constructor: UserMissing, message: /^the claim that names the user has no usable value; choose another with --oauth-jwt-user \(the provider sent: id, email\)$/ })
})

t.test('a document that the token does not open ends the sign-in, and nobody else is asked', async t => {
  for (const path of ['/user', '/user/emails']) {
    const { hostile, provider } = await start()
    hostile.answer(path, json({ message: 'Forbidden' }, 403))
    await t.rejects(signIn(provider), { constructor: ProviderRefused, message: new RegExp(`${path} answered 403`) })
    t.ok(hostile.at(path).length === 1 && hostile.requests.length <= 3)
  }
})

t.test('discovery does not make a named user resource optional', async t => {
  const { hostile, provider } = await start()
  hostile.token = {}
  hostile.answer('/user', json({}, 403))
  await t.rejects(signIn(provider, { options: { issuer: hostile.issuer } }), ProviderRefused)
})

t.test('what a file leaves out is filled in, and its resources are claims to the compiler', async t => {
  type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
  const same: [Same<Sources<'user'>['user'], Claims>, Same<keyof Sources<'user'>, 'user' | 'claims'>, Same<keyof Sources<never>, 'claims'>] = [true, true, true]
  t.ok(same.every(Boolean))
  const provider = defineProvider({ name: 'tiny', label: 'Tiny', scopes: [], identity: ({ claims }) => ({ subject: claims.text('sub') }) })
  t.match(provider, { flow: 'code', requires: [], secret: 'sent', userKey: 'email' })
  t.ok(Object.isFrozen(provider))
})
