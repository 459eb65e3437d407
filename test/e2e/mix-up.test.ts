// Two providers, one of which may be bad, or a browser that keeps nothing: whose answer is it?
import t, { type Test } from 'tap'
import { startProvider } from '../../src/demo/provider.ts'
import { CLIENT, startGate } from '../fixtures/gate.ts'
import { everybody } from '../fixtures/people.ts'
import { Visitor } from '../fixtures/visitor.ts'

/** `work` is known by its issuer, `home` by its addresses alone. */
async function startBoth (t: Test) {
  const second = await startProvider({ address: 'localhost', people: everybody, remembers: false, clients: [{ id: 'second', secret: 'hush-the-second', redirectUris: [], grants: ['authorization_code'] }] })
  t.teardown(() => second.close())
  const running = await startGate(t, { settings: ({ provider }) => ({
    oauthProvider: undefined, oauthIssuer: undefined, oauthKey: undefined, oauthSecret: undefined,
    providers: [
      { id: 'work', label: 'Work', oauthProvider: 'oidc', oauthIssuer: provider.issuer, oauthKey: CLIENT.id, oauthSecret: CLIENT.secret },
      { id: 'home', label: 'Home', oauthProvider: 'generic', oauthAuthorizeUrl: `${second.issuer}/auth`, oauthTokenUrl: `${second.issuer}/token`, oauthUserUrl: `${second.issuer}/me`, oauthKey: 'second', oauthSecret: 'hush-the-second' }
    ]
  }) })
  second.setRedirectUris('second', [running.origin])
  return { ...running, second }
}

async function stateOf (visitor: Visitor, address: string): Promise<string> {
  return new URL((await visitor.navigate(address)).location).searchParams.get('state') ?? ''
}

t.test('an answer that names the issuer of another of our providers is refused, also where the one of the login has none', async t => {
  const { origin, provider, second, app } = await startBoth(t)
  const visitor = new Visitor()
  const state = await stateOf(visitor, `${origin}/oauth2/start?provider=home`)
  const mixed = await visitor.navigate(`${origin}/?code=of-work&state=${state}&iss=${encodeURIComponent(provider.issuer)}`)
  t.match(mixed, { status: 400, headers: { 'x-oauth-gate': 'GATE_ISSUER_MISMATCH' } })
  t.ok([provider, second].every(({ requests }) => requests.every(({ path }) => path !== '/token')), 'nobody got the code')
  t.equal(app.received.length, 0)
  t.match(await visitor.signIn(`${origin}/oauth2/start?provider=home`, 'ada'), { status: 200 }, 'its own answer is taken')
})

t.test('whoever keeps no cookies is told so, and does not choose a provider for ever', async t => {
  const { origin, app } = await startBoth(t)
  const again = await new Visitor().follow(`${origin}/?code=c&state=${await stateOf(new Visitor(), `${origin}/oauth2/start?provider=work`)}`)
  t.match(again, { status: 200, body: /Sign in with Work/ }, 'which it was only the cookie knew')
  const link = /href="([^"]+)">Sign in with Work</.exec(again.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
  t.match(await new Visitor().follow(`${origin}/?code=c&state=${await stateOf(new Visitor(), origin + link)}`), { status: 400, headers: { 'x-oauth-gate': 'GATE_COOKIES_REFUSED' } })
  t.equal(app.received.length, 0)
})
