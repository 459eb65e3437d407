// What goes by the visitor's own browser: the address of a login, and what a browser remembers and tells of a callback.
import t, { type Test } from 'tap'
import type { Settings } from '../../src/config/options.ts'
import { startRelyingParty } from '../conformance/openid/relying-party.ts'
import { launchBrowser, signInAs } from '../fixtures/browser.ts'
import { startGate } from '../fixtures/gate.ts'
import { onlyInCi } from '../fixtures/lacking.ts'
import { personCalled } from '../fixtures/people.ts'
import { Visitor } from '../fixtures/visitor.ts'

/** What an authorization request could have, by the specifications and by providers' own words. */
const WORDS: Readonly<Record<string, string>> = {
  scope: 'openid admin', redirect_uri: 'https://evil.example/', response_type: 'token', response_mode: 'fragment', client_id: 'another', state: 'x'.repeat(44), nonce: 'known', code_challenge: 'known',
  code_challenge_method: 'plain', prompt: 'none', max_age: '0', login_hint: 'mallory', id_token_hint: 'e30.e30.', acr_values: '0', claims: '{"userinfo":{"admin":null}}', claims_locales: 'x', ui_locales: 'x', display: 'touch',
  request: 'e30.e30.', request_uri: 'https://evil.example/r', registration: '{}', resource: 'https://evil.example', audience: 'another', authorization_details: '[]', dpop_jkt: 'x', access_type: 'offline',
  hd: 'evil.example', domain_hint: 'evil.example', kc_idp_hint: 'evil', kc_action: 'UPDATE_PASSWORD', connection: 'evil', organization: 'evil', iss: 'https://evil.example', target_link_uri: 'https://evil.example/',
  auth_request_params: 'scope=admin', scopes: 'admin', code_verifier: 'known', client_secret: 'known', username: 'ben', password: 'x', provider: 'another'
}
/** Another in each login. */
const OWN = new Set(['state', 'nonce', 'code_challenge'])

t.test('front-channel parameters: nothing that stands in an address steers what the provider is asked for', async t => {
  const { origin, provider } = await startGate(t, { settings: { loginEndpoint: '/login', oauthExtraParams: { ui_locales: 'de' } } })
  const begin = async (path: string) => {
    let at = origin + path
    const visitor = new Visitor()
    for (let hops = 0; hops < 5 && !at.startsWith(`${provider.issuer}/auth?`); hops++) {
      const { location } = await visitor.navigate(at)
      at = new URL(location, at).href
    }
    const query = [...new URL(at).searchParams]
    return { query: query.map(([name, value]) => [name, OWN.has(name) ? '' : value]), state: new URL(at).searchParams.get('state') ?? '' }
  }
  const honest = await begin('/oauth2/start')
  t.strictSame(honest.query.map(([name]) => name).sort(), ['client_id', 'code_challenge', 'code_challenge_method', 'nonce', 'redirect_uri', 'response_type', 'scope', 'state', 'ui_locales'])
  const states = new Set<string>()
  const known = `${new URLSearchParams(WORDS)}&__proto__=x&constructor=x`
  for (const path of ['/oauth2/start?', '/login?', '/?', '/page?x=1&', '/oauth2/start?rd=%2Fpage&']) {
    for (const query of [known, `${known}&${known}`, known.toUpperCase(), known.replaceAll('=', '[]='), known.replaceAll('&', ';')]) {
      const { query: steered, state } = await begin(path + query)
      t.strictSame(steered, honest.query, `${path}${query.slice(0, 30)}…`)
      t.notOk(states.has(state) || state === WORDS['state'])
      states.add(state)
    }
  }
  const { query } = await begin('/oauth2/start?prompt=select_account')
  t.strictSame(query.filter(([name]) => name === 'prompt'), [['prompt', 'select_account']], 'but for the one word that only asks more')
})

t.test('PKCE downgrade: S256 whatever an address or the provider’s metadata say, and a verifier with each code', async t => {
  for (const methods of [undefined, ['plain'], []]) {
    const { provider, origin, app } = await startRelyingParty(t, { auth: 'client_secret_basic', twist: { discovery: () => ({ code_challenge_methods_supported: methods }) } })
    const page = await new Visitor().follow(`${origin}/oauth2/start?code_challenge_method=plain&code_challenge=known&rd=/page`)
    t.match(page, { status: 200, address: `${origin}/page` }, String(methods))
    t.match(provider.at('/token')[0]?.form.get('code_verifier'), /^[\w-]{128}$/)
    t.strictSame(provider.faults, [], 'which fits the challenge')
    t.equal(app.received.length, 1)
  }
})

t.test('referrer leakage: a page that stands at a callback’s address tells nobody of it, nor is it kept', async t => {
  const { origin } = await startGate(t, { settings: { allowedGroups: ['nobody'] } })
  const visitor = new Visitor()
  const denied = await visitor.signIn(`${origin}/page`, 'ada')
  t.match(denied, { status: 403, address: /[?&]code=/, headers: { 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' } })
  for (const query of ['?code=c&state=forged', '?error=access_denied&state=forged', '']) {
    t.match((await visitor.navigate(`${origin}/oauth2/callback${query}`)).headers, { 'x-oauth-gate': 'GATE_LOGIN_MISMATCH', 'referrer-policy': 'no-referrer' }, query)
  }
  t.match((await visitor.navigate(denied.address)).headers, { 'referrer-policy': 'no-referrer' }, 'a redirect too')
})

async function inBrowser (t: Test, settings: Settings) {
  const browser = await launchBrowser(t)
  if (browser === undefined) return undefined
  const running = await startGate(t, { settings })
  return { ...running, page: await (await browser.newContext()).newPage() }
}

t.test('in a browser: neither an app that a refused sign-in links to nor the history of who signed in has the code', onlyInCi('a browser'), async t => {
  t.setTimeout(120_000)
  const folder = t.testdir({ 'denied.html': '<h1>{{ error }}</h1><a href="/help">Ask for support</a>' })
  const world = await inBrowser(t, { allowedEmails: ['ada@example.com'], authTemplate: `${folder}/denied.html`, rules: [{ path: '/help', allow: 'public' }] })
  if (world === undefined) return
  const { page, origin, app } = world
  await page.goto(`${origin}/page`)
  await signInAs(page, personCalled('ben'))
  t.match(page.url(), /[?&]code=/, 'the page that refuses stands at the callback')
  await page.getByRole('link', { name: 'Ask for support' }).click()
  await page.waitForURL(`${origin}/help`)
  t.equal(app.received.at(-1)?.url, '/help')
  t.notMatch(JSON.stringify(app.received), /code=|state=/, 'the app hears nothing of it')

  await page.goto(`${origin}/oauth2/start?rd=/page`)
  await signInAs(page, personCalled('ada'))
  t.equal(page.url(), `${origin}/page`)
  const history = await page.evaluate('navigation.entries().map(({ url }) => url)') as string[]
  t.equal(history.at(-1), `${origin}/page`)
  t.strictSame(history.slice(history.lastIndexOf(`${origin}/help`) + 1).filter(url => url.includes('code=')), [])
  t.notMatch(JSON.stringify(app.received), /code=|state=/)
})
