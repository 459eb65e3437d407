// What becomes of a session: renewed tokens, and its end by the provider or by the person.
import { SignJWT, UnsecuredJWT } from 'jose'
import type { Test } from 'tap'
import { Visitor, type Answer } from '../../fixtures/visitor.ts'
import { ADA, CLIENT, keyCalled, type Json } from './provider.ts'
import type { Running } from './relying-party.ts'
import type { Check, ConformanceTest, Profile } from './tests.ts'

const HERE = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** Milliseconds after which tokens that are good for two minutes are renewed. */
const DUE = 95_000

/** The page that asks for the tokens to be renewed, and what is there when it has come. */
const renewed = (check: (t: Test, running: Running, page: Answer) => void): Check => async (t, running) => {
  const visitor = new Visitor()
  await running.signIn(visitor)
  const before = running.app.received.length
  running.outside.advance(DUE)
  const page = await visitor.navigate(`${running.origin}/later`)
  t.equal(running.provider.at('/token').at(-1)?.form.get('grant_type'), 'refresh_token')
  check(t, running, page)
  if (page.status !== 200) t.equal(running.app.received.length, before, 'the app sees nothing of it')
}
const over = renewed((t, { provider }, page) => {
  t.match(page, { status: 302, location: /\/(?:oauth2\/start|authorize)/ }, 'the session has ended')
  t.equal(provider.at('/userinfo').at(-1)?.headers.authorization, 'Bearer access-2', 'what came with that id_token is not used')
})

type Token = (claims: Json, provider: Running['provider']) => Promise<string>

/**
 * Signs out at the gate, which sends the person on to the provider; that tells the gate by its back channel, and sends the person back.
 *
 * @param token none: the provider tells nobody
 * @param state what comes back of the gate's own
 */
const signedOut = ({ token, status = 400, state = own => own }: { readonly token?: Token, readonly status?: number, readonly state?: (own: string) => string | undefined }): Check => async (t, running) => {
  const { provider, origin, signIn, outside } = running
  const [visitor, elsewhere] = [new Visitor(), new Visitor()]
  await signIn(visitor)
  const idToken = provider.idTokens.at(-1)
  await signIn(elsewhere) // another browser, with the same session of the provider
  outside.advance(1000)
  const onward = await visitor.navigate(`${origin}/oauth2/sign_out`, { headers: HERE })
  const { pathname, searchParams } = new URL(onward.location)
  t.match([onward.status, pathname], [303, '/end'])
  t.match(Object.fromEntries(searchParams), { id_token_hint: idToken, post_logout_redirect_uri: `${origin}/oauth2/signed_out`, state: /^.{22,}$/ })

  if (token !== undefined) {
    const now = Math.floor(outside.now() / 1000)
    const claims = { iss: provider.issuer, aud: CLIENT.id, ...ADA, iat: now, exp: now + 120, jti: 'one', events: { [EVENT]: {} }, unknown: 'is passed over' }
    const told = await new Visitor().ask(`${origin}/oauth2/backchannel-logout`, { form: { logout_token: await token(claims, provider) } })
    t.match(told, { status, headers: { 'cache-control': /no-store/ } })
    t.equal((await elsewhere.navigate(`${origin}/`)).status, status === 200 ? 302 : 200, 'the other browser is out only where the token is right')
  }

  const back = new URL(searchParams.get('post_logout_redirect_uri') ?? '')
  const returned = state(searchParams.get('state') ?? '')
  if (returned !== undefined) back.searchParams.set('state', returned)
  t.match(await visitor.navigate(back.href), { status: 200, body: /You are signed out/ })
  t.equal((await visitor.navigate(`${origin}/`)).status, 302, 'the person is out here')
}

const ownKey: Token = (claims, provider) => provider.sign(claims)
const backchannel = (name: string, provider: string, gate: string, token: Token): ConformanceTest => ({
  name, profiles: ['backchannel'], right: 'refused', provider, gate, play: { also: signedOut({ token }) }
})
const leaves = (profiles: readonly Profile[], name: string, provider: string, gate: string): ConformanceTest => ({
  name, profiles, provider, gate,
  play: { also: async (t, { provider, origin, signIn }) => {
    const visitor = new Visitor()
    await signIn(visitor)
    for (const path of ['/oauth2/sign_out', '/oauth2/signed_out', '/oauth2/backchannel-logout']) {
      await visitor.ask(`${origin}${path}?${new URLSearchParams({ iss: provider.issuer, sid: ADA.sid })}`, { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' } })
    }
    t.equal((await visitor.navigate(`${origin}/`)).status, 200, 'nothing in a frame of another site ends a session')
    t.strictSame(provider.at('/check_session'), [], 'nor is the provider’s frame asked for')
  }, twist: { discovery: issuer => ({ check_session_iframe: `${issuer}/check_session`, frontchannel_logout_supported: true }) } }
})
const FRAME = 'Browsers keep cookies from frames of another site, so that nobody would be signed out by it. The back channel does what it was for.'

export const sessionTests: readonly ConformanceTest[] = [
  {
    name: 'oidcc-client-test-refresh-token', profiles: ['refresh'], right: 'accepted', provider: 'gives new tokens for a refresh token', gate: 'uses the new access token, and asks the userinfo anew',
    play: { also: renewed((t, { provider }, page) => {
      t.equal(page.status, 200)
      t.strictSame(provider.at('/userinfo').map(({ headers }) => headers.authorization), ['Bearer access-1', 'Bearer access-2', 'Bearer access-3'])
    }) }
  }, {
    name: 'oidcc-client-test-refresh-token-invalid-issuer', profiles: ['refresh'], right: 'refused', provider: 'the id_token of a refresh has another `iss`', gate: 'ends the session',
    play: { twist: { refreshed: { iss: 'https://other.example' } }, also: over }
  }, {
    name: 'oidcc-client-test-refresh-token-invalid-sub', profiles: ['refresh'], right: 'refused', provider: 'the id_token of a refresh has another `sub`', gate: 'ends the session',
    play: { twist: { refreshed: { sub: 'mallory' } }, also: over }
  }, {
    name: 'oidcc-client-test-refresh-token-invalid-aud', profiles: ['refresh'], right: 'refused', provider: 'the id_token of a refresh has another `aud`', gate: 'ends the session',
    play: { twist: { refreshed: { aud: 'another' } }, also: over }
  }, {
    name: 'oidcc-client-test-refresh-token-invalid-azp', profiles: ['refresh'], right: 'refused', provider: 'the id_token of a refresh has an `azp` of somebody else', gate: 'ends the session',
    play: { twist: { refreshed: { azp: 'another' } }, also: over }
  }, {
    name: 'oidcc-client-test-rp-backchannel-rpinitlogout', profiles: ['backchannel'], right: 'accepted', provider: 'tells the gate of a sign-out', gate: 'answers 200, and ends every session of it', play: { also: signedOut({ token: ownKey, status: 200 }) }
  },
  backchannel('oidcc-client-test-rp-backchannel-rpinitlogout-alg-none', 'does not sign the logout token', 'answers 400; nobody is signed out by it', claims => Promise.resolve(new UnsecuredJWT({ ...claims }).encode())),
  backchannel('oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg', 'signs the logout token by ES256 with a key of its own, where discovery promises RS256', 'answers 400: only by what discovery promises is anything signed', async claims => await new SignJWT({ ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'es' }).sign((await keyCalled('es', 'ES256')).privateKey)),
  backchannel('oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss', 'the logout token is another issuer’s', 'answers 400', (claims, provider) => provider.sign({ ...claims, iss: 'https://other.example' })),
  backchannel('oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud', 'the logout token is for another client', 'answers 400', (claims, provider) => provider.sign({ ...claims, aud: 'another' })),
  backchannel('oidcc-client-test-rp-backchannel-rpinitlogout-no-event', 'the logout token has no event', 'answers 400', (claims, provider) => provider.sign({ ...claims, events: undefined })),
  backchannel('oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event', 'the logout token is of another event', 'answers 400', (claims, provider) => provider.sign({ ...claims, events: { 'http://schemas.openid.net/event/other': {} } })),
  backchannel('oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce', 'the logout token has a nonce, as an id_token has', 'answers 400', (claims, provider) => provider.sign({ ...claims, nonce: 'n' })),
  {
    name: 'oidcc-client-test-rp-init-logout', profiles: ['rpLogout'], right: 'accepted', provider: 'signs people out, and sends them back with the state', gate: 'sends them there with `id_token_hint`, `post_logout_redirect_uri` and a state', play: { also: signedOut({}) }
  }, {
    name: 'oidcc-client-test-rp-init-logout-no-state', profiles: ['rpLogout'], right: 'accepted', provider: 'sends people back without the state', gate: 'shows them that they are signed out, and leads nowhere else', play: { also: signedOut({ state: () => undefined }) }
  }, {
    name: 'oidcc-client-test-rp-init-logout-other-state', profiles: ['rpLogout'], right: 'accepted', provider: 'sends people back with another state', gate: 'shows them that they are signed out, and leads nowhere else', play: { also: signedOut({ state: () => 'another' }) }
  },
  leaves(['all'], 'oidcc-client-test-rp-frontchannel-rpinitlogout', 'signs people out of relying parties by frames', FRAME),
  leaves(['all'], 'oidcc-client-test-rp-frontchannel-opinitlogout', 'the same, begun at the provider', FRAME),
  leaves(['all'], 'oidcc-client-test-session-management', 'has a frame that says whether somebody is still signed in', `No page of the gate has a script. ${FRAME}`),
  {
    name: 'oidcc-client-test-3rd-party-init-login', profiles: ['thirdParty'], right: 'accepted', provider: 'sends people to `/oauth2/start?iss=…` to have them sign in', gate: 'begins a login with the provider of its settings, whatever `iss`, `login_hint` and `target_link_uri` say',
    play: { also: async (t, { provider, app, origin }) => {
      for (const iss of [provider.issuer, 'https://evil.example']) {
        const page = await new Visitor().follow(`${origin}/oauth2/start?${new URLSearchParams({ iss, login_hint: 'mallory', target_link_uri: 'https://evil.example/' })}`)
        t.match(page, { status: 200, address: `${origin}/` }, iss)
      }
      t.ok(provider.at('/authorize').every(({ query }) => !query.has('login_hint') && !query.has('iss') && !query.has('target_link_uri')))
      t.match(app.received.at(-1)?.headers, { 'x-forwarded-user': 'ada@example.com' })
    } }
  }
]
