import { createHash } from 'node:crypto'
import t from 'tap'
import type { Test } from 'tap'
import { startProvider } from '../../src/demo/provider.ts'
import type { DemoProvider, DemoProviderOptions } from '../../src/demo/provider.ts'
import { everybody } from '../fixtures/people.ts'

const callback = 'http://127.0.0.1:9/callback'
const verifier = 'a-verifier-that-is-long-enough-for-the-specification-43'
const clients = [
  { id: 'public', redirectUris: [callback] },
  { id: 'gate', secret: 'hush', redirectUris: [callback], grants: ['authorization_code', 'password'] as const, postLogoutRedirectUris: ['http://127.0.0.1:9/bye'] }
]

async function provide (t: Test, options: Partial<DemoProviderOptions> = {}) {
  const provider = await startProvider({ clients, ...options })
  t.teardown(() => provider.close())
  return { provider, browser: person(provider) }
}

/** A person at a browser without script: keeps cookies, follows nothing on its own. */
function person ({ issuer, endpoints }: DemoProvider) {
  const cookies = new Map<string, string>()
  const visit = async (address: string, form?: Record<string, string>) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(new URL(address, issuer), {
      redirect: 'manual', headers: { cookie }, ...form && { method: 'POST', body: new URLSearchParams(form) }
    })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';', 1)[0]?.split(/=(.*)/s) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return { status: response.status, location: response.headers.get('location') ?? '', headers: response.headers, body: await response.text() }
  }
  const ask = (more: Record<string, string> = {}) => visit(`${endpoints.authorize}?${new URLSearchParams({
    client_id: 'public', redirect_uri: callback, response_type: 'code', scope: 'openid email profile', state: 'a-state', nonce: 'a-nonce',
    code_challenge_method: 'S256', code_challenge: createHash('sha256').update(verifier).digest('base64url'), ...more
  })}`)
  const signIn = async (login: string, more?: Record<string, string>) => {
    const question = await ask(more)
    const chosen = await visit(question.location, { login })
    return visit(chosen.location)
  }
  return { visit, ask, signIn }
}

async function redeem (provider: DemoProvider, form: Record<string, string>) {
  const response = await fetch(provider.endpoints.token, { method: 'POST', body: new URLSearchParams(form) })
  return { status: response.status, tokens: await response.json() as Record<string, string> }
}

const codeIn = (location: string) => new URL(location).searchParams.get('code') ?? ''
const exchange = (code: string) => ({ grant_type: 'authorization_code', client_id: 'public', redirect_uri: callback, code, code_verifier: verifier })

function claimsIn (token = '') {
  const [header = '', payload = ''] = token.split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
  return { ...read(payload), header: read(header) }
}

t.test('a person signs in with a code and PKCE, and both id_token and userinfo say who they are', async t => {
  const { provider, browser } = await provide(t)
  const question = await browser.ask()
  const page = await browser.visit(question.location)
  t.match(page, { status: 200, body: /Who do you want to be\?[^]*Ada Lovelace[^]*Ben[^]*Cleo[^]*Dev/ })
  t.notMatch(page.body, /<script/)
  t.notMatch(page.headers.get('content-security-policy'), /form-action/, 'which would stop Chromium on the way back to the gate')
  const back = await browser.visit((await browser.visit(question.location, { login: 'ada' })).location)
  t.match(back, { status: 303, location: `${callback}?code=` })
  t.equal(new URL(back.location).searchParams.get('iss'), provider.issuer, 'RFC 9207')

  const { tokens } = await redeem(provider, exchange(codeIn(back.location)))
  const ada = { sub: 'demo-ada', name: 'Ada Lovelace', preferred_username: 'ada', email: 'ada@example.com', email_verified: true, groups: ['admins', 'staff'] }
  t.match(claimsIn(tokens['id_token']), { ...ada, iss: provider.issuer, aud: 'public', nonce: 'a-nonce', header: { alg: 'RS256' } })
  const userinfo = await fetch(provider.endpoints.userinfo, { headers: { authorization: `Bearer ${tokens['access_token']}` } })
  t.strictSame(await userinfo.json(), ada)
  t.strictSame(provider.requests.find(({ method }) => method === 'POST'), { method: 'POST', path: question.location }, 'recorded by method and path')
  t.notMatch(JSON.stringify(provider.requests), /\?|code=/, 'and never with what a query may hold')
})

t.test('somebody without groups has no groups claim, rather than an empty one', async t => {
  const { provider, browser } = await provide(t)
  const back = await browser.signIn('dev')
  const { tokens } = await redeem(provider, exchange(codeIn(back.location)))
  t.match(claimsIn(tokens['id_token']), { sub: 'demo-dev' })
  t.notOk('groups' in claimsIn(tokens['id_token']))
})

t.test('every odd person of the tests can sign in, with their claims as they are', async t => {
  const { provider } = await provide(t, { people: everybody })
  for (const { login, claims } of everybody) {
    const back = await person(provider).signIn(login)
    const { tokens } = await redeem(provider, exchange(codeIn(back.location)))
    t.match(claimsIn(tokens['id_token']), JSON.parse(JSON.stringify(claims)), login)
  }
})

t.test('a code is refused with a wrong verifier, without one, and the second time', async t => {
  const { provider, browser } = await provide(t)
  const code = codeIn((await browser.signIn('ben')).location)
  const unproven = { ...exchange(code), code_verifier: '' }
  t.match(await redeem(provider, { ...exchange(code), code_verifier: `${verifier}-not` }), { status: 400, tokens: { error: 'invalid_grant' } })
  t.match(await redeem(provider, unproven), { status: 400, tokens: { error: 'invalid_grant' } })
  t.match(await redeem(provider, exchange(code)), { status: 200 })
  const again = await redeem(provider, exchange(code))
  t.match(again, { status: 400, tokens: { error: 'invalid_grant' } })
  t.notOk(again.tokens['access_token'], 'and nothing is given')
})

t.test('a public client without PKCE, and a redirect URI that is not registered, get no code', async t => {
  const { provider, browser } = await provide(t)
  const bare = new URLSearchParams({ client_id: 'public', redirect_uri: callback, response_type: 'code', scope: 'openid', state: 's' })
  t.match(await browser.visit(`${provider.endpoints.authorize}?${bare}`), { status: 303, location: /error=invalid_request/ })
  const elsewhere = await browser.ask({ redirect_uri: 'http://127.0.0.1:9/elsewhere' })
  t.match(elsewhere, { status: 400, body: /redirect_uri/ })
  t.equal(elsewhere.location, '', 'and nobody is sent there')
})

t.test('a redirect URI that is set later counts from then on, and the one before no longer', async t => {
  const { provider, browser } = await provide(t)
  const later = 'http://127.0.0.1:10'
  t.match(await browser.ask({ redirect_uri: later }), { status: 400 })
  provider.setRedirectUris('public', [later])
  t.match(await browser.signIn('cleo', { redirect_uri: later }), { status: 303, location: /^http:\/\/127\.0\.0\.1:10\/?\?code=/ })
  t.match(await person(provider).ask(), { status: 400 })
})

t.test('a wrong client secret is refused; in the body or as Basic, the right one is taken', async t => {
  const { provider } = await provide(t)
  const form = { grant_type: 'password', username: 'ada', password: 'ada', scope: 'openid' }
  t.match(await redeem(provider, { ...form, client_id: 'gate', client_secret: 'wrong' }), { status: 401, tokens: { error: 'invalid_client' } })
  t.match(await redeem(provider, { ...form, client_id: 'gate', client_secret: 'hush' }), { status: 200 })
  const headers = { authorization: `Basic ${Buffer.from('gate:hush').toString('base64')}` }
  const basic = await fetch(provider.endpoints.token, { method: 'POST', headers, body: new URLSearchParams(form) })
  t.equal(basic.status, 200)
})

t.test('the password grant signs in whose password is right, and answers invalid_grant otherwise', async t => {
  const { provider } = await provide(t)
  const form = { grant_type: 'password', client_id: 'gate', client_secret: 'hush', scope: 'openid email profile' }
  const good = await redeem(provider, { ...form, username: 'ben', password: 'ben' })
  t.match(good, { status: 200, tokens: { token_type: 'Bearer', access_token: String } })
  t.match(claimsIn(good.tokens['id_token']), { sub: 'demo-ben', email: 'ben@example.com', groups: ['editors', 'staff'], aud: 'gate' })
  const userinfo = await fetch(provider.endpoints.userinfo, { headers: { authorization: `Bearer ${good.tokens['access_token']}` } })
  t.match(await userinfo.json(), { sub: 'demo-ben' })
  for (const wrong of [{ username: 'ben', password: 'ada' }, { username: 'nobody', password: 'nobody' }, { username: 'ben' }, {}] as Record<string, string>[]) {
    const bad = await redeem(provider, { ...form, ...wrong })
    t.match(bad, { status: 400, tokens: { error: 'invalid_grant' } })
    t.notOk(bad.tokens['access_token'])
  }
  t.match(await redeem(provider, { ...form, client_id: 'public', username: 'ben', password: 'ben' }), { status: 401 })
})

t.test('without id_tokens it is a plain OAuth 2.0 provider whose userinfo endpoint still answers', async t => {
  const { provider, browser } = await provide(t, { issueIdToken: false })
  const { tokens } = await redeem(provider, exchange(codeIn((await browser.signIn('ada')).location)))
  t.match(tokens, { access_token: String })
  t.notOk('id_token' in tokens)
  const userinfo = await fetch(provider.endpoints.userinfo, { headers: { authorization: `Bearer ${tokens['access_token']}` } })
  t.match(await userinfo.json(), { sub: 'demo-ada', groups: ['admins', 'staff'] })
})

t.test('who cancels is sent back with access_denied', async t => {
  const { browser } = await provide(t)
  const question = await browser.ask()
  const chosen = await browser.visit(question.location, { cancel: 'yes' })
  t.match(await browser.visit(chosen.location), { status: 303, location: /error=access_denied/ })
})

t.test('a choice nobody offered, and a page of another browser, are refused', async t => {
  const { provider, browser } = await provide(t)
  const question = await browser.ask()
  t.match(await browser.visit(question.location, { login: 'mallory' }), { status: 400, location: '' })
  t.match(await person(provider).visit(question.location, { login: 'ada' }), { status: 400, location: '' })
})

t.test('one sign-in is remembered at the provider, unless it is told to ask every time', async t => {
  const { browser } = await provide(t)
  await browser.signIn('ada')
  t.match(await browser.ask(), { status: 303, location: /\/callback\?code=/ })
  t.match(await browser.ask({ prompt: 'login' }), { status: 303, location: /^\/interaction\// })
  t.match(await browser.signIn('ada', { prompt: 'select_account' }), { status: 303, location: /\/callback\?code=/ }, 'who asks to choose may choose')
  const forgetful = await provide(t, { remembers: false })
  t.match(await forgetful.browser.signIn('ada'), { location: /\/callback\?code=/ })
  t.match(await forgetful.browser.ask(), { status: 303, location: /^\/interaction\// })
})

t.test('who chooses somebody else is signed out first, by a form that also works without script', async t => {
  const { provider, browser } = await provide(t)
  await browser.signIn('ada')
  const between = await browser.signIn('ben', { prompt: 'select_account' })
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(between.body)?.[1] ?? ''
  t.match(between.body, /<noscript>[^]*<button/)
  const out = await browser.visit('/session/end/confirm', { xsrf, logout: 'yes' })
  const { tokens } = await redeem(provider, exchange(codeIn((await browser.visit(out.location)).location)))
  t.match(claimsIn(tokens['id_token']), { sub: 'demo-ben' })
})

t.test('offline_access with prompt=consent passes without a consent page and brings a refresh token', async t => {
  const { provider, browser } = await provide(t, { remembers: false })
  const question = await browser.ask({ scope: 'openid offline_access', prompt: 'consent' })
  let next = await browser.visit((await browser.visit(question.location, { login: 'ada' })).location)
  for (let hop = 0; hop < 3 && !next.location.startsWith(callback); hop++) next = await browser.visit(next.location)
  const { tokens } = await redeem(provider, exchange(codeIn(next.location)))
  t.match(tokens, { refresh_token: String })
  const renewed = await redeem(provider, { grant_type: 'refresh_token', client_id: 'public', refresh_token: tokens['refresh_token'] ?? '' })
  t.match(renewed, { status: 200, tokens: { access_token: String } })
})

t.test('signing out at the provider leads back to the registered address, and it asks again afterwards', async t => {
  const { provider, browser } = await provide(t)
  await browser.signIn('ada', { client_id: 'gate' })
  const target = { client_id: 'gate', post_logout_redirect_uri: 'http://127.0.0.1:9/bye', state: 'so' }
  const page = await browser.visit(`${provider.issuer}/session/end?${new URLSearchParams(target)}`)
  t.match(page, { status: 200, body: /Sign out of/ })
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
  t.match(await browser.visit('/session/end/confirm', { xsrf, logout: 'yes' }), { status: 303, location: 'http://127.0.0.1:9/bye?state=so' })
  t.match(await browser.ask({ client_id: 'gate' }), { location: /^\/interaction\// })
})

t.test('two providers share neither keys nor people who are signed in', async t => {
  const [one, two] = [await provide(t), await provide(t)]
  const keys = await Promise.all([one, two].map(async ({ provider }) => (await fetch(`${provider.issuer}/jwks`)).text()))
  t.not(keys[0], keys[1])
  t.notMatch(keys.join(), /"d":/, 'and only public halves are shown')
})

t.test('it never listens where another machine could reach it', async t => {
  for (const address of ['0.0.0.0', '::', '192.168.1.10', 'example.com', '127.0.0.1.example.com', '']) {
    await t.rejects(startProvider({ clients, address }), { name: 'DemoRefused', message: /not a loopback address/ }, address)
  }
  const taken = await provide(t)
  const port = Number(new URL(taken.provider.issuer).port)
  await t.rejects(startProvider({ clients, port }), { name: 'DemoRefused', message: new RegExp(`port ${port}`) })
})

t.test('nothing is written to the console while it starts and signs somebody in', async t => {
  const written: unknown[][] = []
  for (const name of ['info', 'warn', 'log', 'error'] as const) t.intercept(console, name, { value: (...words: unknown[]) => written.push([name, ...words]) })
  const { provider, browser } = await provide(t)
  await redeem(provider, exchange(codeIn((await browser.signIn('ada')).location)))
  await browser.visit('/session/end')
  await browser.visit('/no-such-page')
  t.strictSame(written, [])
})
