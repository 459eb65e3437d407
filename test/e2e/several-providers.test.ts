import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { startProvider } from '../../src/demo/provider.ts'
import { problems } from '../config/setup.ts'
import { CLIENT, startGate } from '../fixtures/gate.ts'
import { everybody } from '../fixtures/people.ts'
import { Visitor } from '../fixtures/visitor.ts'

/** One gate before two real OpenID providers: `work`, and `home`, whose people have the same names. */
async function startBoth (t: Test, more: Settings = {}, home: Readonly<Record<string, unknown>> = {}) {
  const second = await startProvider({ address: 'localhost', people: everybody, remembers: false, clients: [{ id: 'second', secret: 'hush-the-second', redirectUris: [], grants: ['authorization_code'] }] })
  t.teardown(() => second.close())
  const running = await startGate(t, { settings: ({ provider }) => ({
    oauthProvider: undefined, oauthIssuer: undefined, oauthKey: undefined, oauthSecret: undefined, ...more,
    providers: [
      { id: 'work', label: 'Work', oauthProvider: 'oidc', oauthIssuer: provider.issuer, oauthKey: CLIENT.id, oauthSecret: CLIENT.secret },
      { id: 'home', label: 'Home', oauthProvider: 'oidc', oauthIssuer: second.issuer, oauthKey: 'second', oauthSecret: 'hush-the-second', ...home }
    ]
  }) })
  second.setRedirectUris('second', [running.origin])
  return { ...running, second }
}

async function choose (visitor: Visitor, origin: string, label: string, path = '/deep?x=1') {
  const page = await visitor.follow(origin + path)
  const link = new RegExp(`href="([^"]+)">Sign in with ${label}<`).exec(page.body)?.[1]?.replaceAll('&amp;', '&')
  if (link === undefined) throw new Error(`no ${label} on ${page.body}`)
  return new URL(link, origin).href
}

t.test('of two providers a person chooses one, comes back to the page they wanted, and the app is told which it was', async t => {
  const { origin, app, provider, second } = await startBoth(t)
  for (const [label, id] of [['Work', 'work'], ['Home', 'home']] as const) {
    const visitor = new Visitor()
    const page = await visitor.signIn(await choose(visitor, origin, label), 'ada')
    t.match(page, { status: 200, address: `${origin}/deep?x=1` })
    t.match(app.received.at(-1)?.headers, { 'x-forwarded-user': 'ada@example.com', 'x-forwarded-provider': id })
    t.notOk(app.received.at(-1)?.headers.cookie, 'and none of our cookies, nor which provider was chosen')
    t.match((await visitor.navigate(`${origin}/oauth2/sign_in`)).body, new RegExp(`<dd>${label}</dd>`))
  }
  t.ok([provider, second].every(({ requests }) => requests.filter(({ path }) => path === '/token').length === 1), 'each was asked once')
})

t.test('signing out and switching: the last choice is offered first, and the other still works', async t => {
  const { origin, app } = await startBoth(t)
  const visitor = new Visitor()
  await visitor.signIn(await choose(visitor, origin, 'Home'), 'ada')
  const out = await visitor.navigate(`${origin}/oauth2/sign_out`, { method: 'POST', headers: { origin, 'sec-fetch-site': 'same-origin' } })
  t.match(out.body, /signed in at Home/)
  const page = await visitor.follow(`${origin}/`)
  t.ok(page.body.indexOf('Sign in with Home') < page.body.indexOf('Sign in with Work') && page.body.includes('class="key" href="/oauth2/start?provider=home'), 'Home comes first')
  await visitor.signIn(await choose(visitor, origin, 'Work'), 'ben')
  t.equal(app.received.at(-1)?.headers['x-forwarded-provider'], 'work')
  const other = await visitor.follow(`${origin}/oauth2/start?prompt=select_account&rd=%2F`)
  t.match(other.body, /Sign in with Work.*Sign in with Home/s, 'use another account asks again by whom')
})

t.test('rules and lists that speak of a provider hold for those who come by it', async t => {
  const { origin, app } = await startBoth(t, { rules: [{ path: '/intern', allow: { provider: ['work'] } }, { path: '/admin', allow: { provider: ['work'], groups: ['admins'] } }, { path: '/', allow: 'signed-in' }] }, { allowedEmails: ['ada@example.com'] })
  const [atWork, atHome, stranger] = [new Visitor(), new Visitor(), new Visitor()]
  await atWork.signIn(await choose(atWork, origin, 'Work'), 'ada')
  await atHome.signIn(await choose(atHome, origin, 'Home'), 'ada')
  for (const path of ['/intern/x', '/admin']) {
    t.equal((await atWork.navigate(origin + path)).status, 200, path)
    const before = app.received.length
    t.match(await atHome.navigate(origin + path), { status: 403, headers: { 'x-oauth-gate': 'GATE_ACCESS_DENIED' } }, `${path} by the other`)
    t.equal(app.received.length, before, 'and the app saw nothing')
  }
  t.match(await stranger.signIn(await choose(stranger, origin, 'Home'), 'ben'), { status: 403 }, 'home is for one address alone')
  const byWork = new Visitor()
  t.match(await byWork.signIn(await choose(byWork, origin, 'Work'), 'ben'), { status: 200 }, 'work is not')
})

t.test('a code of one provider is not sent to another: the login says which, not the address', async t => {
  const { origin, provider, second, app } = await startBoth(t)
  const visitor = new Visitor()
  const start = await visitor.navigate(await choose(visitor, origin, 'Work'))
  const state = new URL(start.location).searchParams.get('state') ?? ''
  const mixed = await visitor.navigate(`${origin}/?code=stolen&state=${state}&iss=${encodeURIComponent(second.issuer)}&provider=home`)
  t.match(mixed, { status: 400, headers: { 'x-oauth-gate': 'GATE_ISSUER_MISMATCH' } })
  t.ok([provider, second].every(({ requests }) => requests.every(({ path }) => path !== '/token')), 'nobody got the code')
  t.equal(app.received.length, 0)
})

t.test('a provider that is not there, or no longer, leads to the choice', async t => {
  const { origin } = await startBoth(t)
  for (const id of ['nope', '__proto__', '']) t.match(await new Visitor().follow(`${origin}/oauth2/start?provider=${id}&rd=%2Fx`), { status: 200, body: /Sign in with Work/ })
})

t.test('users whose names another provider may give to somebody else stop the start; a prefix or the address lets it', t => {
  const entry = (id: string, more: object) => ({ id, oauthKey: 'k', oauthSecret: 's', ...more })
  const loadWith = (more: Settings) => (...providers: object[]) => loadConfig({ env: {}, settings: { upstream: 'http://127.0.0.1:1', cookieSecret: 'x'.repeat(40), ...more, providers: providers as Readonly<Record<string, unknown>>[] } })
  const load = loadWith({})
  const gitHub = entry('github', { oauthProvider: 'github' })
  const gitLab = entry('gitlab', { oauthProvider: 'gitlab' })
  t.throws(() => load(gitHub, gitLab), { message: /Provider github: its users have names that another provider may give.*user_prefix: 'github:'/s })
  t.throws(() => load(gitHub, { ...gitLab, userPrefix: 'gitlab:' }), { message: /Provider github/ }, 'a prefix for each')
  t.equal(load({ ...gitHub, userPrefix: 'github:' }, { ...gitLab, userPrefix: 'gitlab:' }).config.providers.length, 2)
  t.equal(load({ ...gitHub, oauthJwtUser: 'email' }, { ...gitLab, oauthJwtUser: 'email' }).config.providers.length, 2)
  t.equal(load(gitHub).config.providers[0].id, 'github', 'one alone collides with nobody')
  const unverified = loadWith({ allowUnverifiedEmail: true })
  t.throws(() => unverified({ ...gitHub, oauthJwtUser: 'email' }, { ...gitLab, oauthJwtUser: 'email' }), { message: /Provider github.*--allow-unverified-email/s }, 'an address that nobody vouches for is a name like any other')
  t.equal(unverified({ ...gitHub, userPrefix: 'github:' }, { ...gitLab, userPrefix: 'gitlab:' }).config.providers.length, 2)
  t.end()
})

t.test('what is wrong with a list of providers is told with the provider and the key, all at once', t => {
  const load = (settings: Settings) => { loadConfig({ env: {}, settings: { upstream: 'http://127.0.0.1:1', cookieSecret: 'x'.repeat(40), ...settings } }) }
  t.throws(() => load({ providers: [{ id: 'a', oauthProvider: 'okta', oauthKey: 'k', oauthSecret: 's' }, { id: 'b', oauthProvider: 'nope', oauth_kee: 'x' }] }), {
    message: /Provider a: The provider okta needs url[\s\S]*oauth_kee is not a setting of one provider \(b\)|oauth_kee is not a setting of one provider \(b\)[\s\S]*Provider a: The provider okta needs url/
  })
  t.throws(() => load({ providers: [{ id: 'a', oauthProvider: 'oidc' }, { id: 'a', oauthProvider: 'oidc' }] }), { message: /the id “a” twice/ })
  t.throws(() => load({ oauthKey: 'flat', providers: [{ id: 'a', oauthProvider: 'github', oauthKey: 'k', oauthSecret: 's' }] }), { message: /the setting oauthKey is given together with providers:/ })
  t.throws(() => load({ providers: [] }), { message: /empty list/ })
  t.throws(() => load({ providers: ['a', 'b'].map(id => ({ id, oauthProvider: 'google', oauthKey: 'k', oauthSecret: 's' })) }), { message: /Provider b: another has the same label, “Google”/ })
  const told = (providers: object) => problems(() => { load({ providers: providers as [] }) }).map(({ message, fix }) => `${message} ${fix}`)
  t.match(told({ github: {} }), [/^the setting providers must be a list/], 'and no flag is asked for beside it')
  t.equal(told({ github: {} }).length, 1)
  t.match(told([{ id: 'a', oauthProvider: 'okta', oauthKey: 'k' }]), [/Add oauth_extra_params: "\{'url': 'dev-123456.okta.com'\}", or oauth_issuer: https/, /Add oauth_secret or, .* oauth_secret_file\. .* auth_style: none/], 'what to add is a key of the file')
  t.equal(told([{ id: 'a', oauthProvider: 'gihub', oauthKey: 'k', oauthSecret: 's' }, { id: 'b', oauthProvider: 'github', oauthKey: 'k', oauthSecret: 's', userPrefix: 'b:' }]).length, 1, 'of a provider that nobody knows no name is complained about')
  t.throws(() => load({ rules: [{ path: '/', allow: { provider: ['nobody'] } }], providers: [{ id: 'a', oauthProvider: 'github', oauthKey: 'k', oauthSecret: 's' }] }), { message: /asks for the provider “nobody”, and there is none of that id[\s\S]*There is a/ })
  t.throws(() => load({ providers: [{ id: 'a', oauthProvider: 'azure', oauthKey: 'k', oauthSecret: 's', allowedDomains: 'example.com' }] }), { message: /accounts of every tenant may come/ })
  t.end()
})

t.test('with Entra for everybody, rules about addresses stop the start until the tenants are named', t => {
  const load = (settings: Settings) => loadConfig({ env: {}, settings: { upstream: 'http://127.0.0.1:1', cookieSecret: 'x'.repeat(40), oauthProvider: 'azure', oauthKey: 'k', oauthSecret: 's', ...settings } })
  const tenant = '11111111-2222-3333-4444-555555555555'
  t.throws(() => load({ allowedDomains: 'example.com' }), { message: /accounts of every tenant may come, and each tenant writes its own addresses/ })
  t.throws(() => load({ allowedGroups: 'admins' }), { message: /--allowed-groups goes by groups, .* each tenant writes its own groups/ })
  t.throws(() => load({ rules: [{ path: '/', allow: { groups: ['admins'] } }] }), { message: /rules goes by groups/ })
  for (const settings of [{ allowedTenants: tenant }, { oauthExtraParams: { tenant } }, { oauthExtraParams: { tenant_id: 'contoso.com' } }]) t.ok(load({ allowedDomains: 'example.com', ...settings }))
  t.throws(() => load({ allowedTenants: 'contoso.com' }), { message: /no tenant’s id/ })
  t.throws(() => load({ oauthProvider: 'github', allowedTenants: tenant }), { message: /has no tenants/ })
  t.end()
})
