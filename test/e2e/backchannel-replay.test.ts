// A logout token that comes again once nobody remembers it, or comes late.
import t, { type Test } from 'tap'
import { startGate } from '../fixtures/gate.ts'
import { startLogoutProvider } from '../fixtures/logout-provider.ts'
import { Visitor } from '../fixtures/visitor.ts'

const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} }
const MINUTE = 60_000

async function setUp (t: Test) {
  const clock = { now: () => Date.now() }
  const provider = await startLogoutProvider(t, { now: () => clock.now() })
  const { origin, outside } = await startGate(t, { settings: { oauthIssuer: provider.issuer } })
  clock.now = () => outside.now()
  const signIn = async (claims: Record<string, unknown>) => {
    const visitor = new Visitor()
    provider.next = claims
    t.equal((await visitor.follow(`${origin}/`)).status, 200)
    return visitor
  }
  const tell = async (token: string) => (await new Visitor().ask(`${origin}/oauth2/backchannel-logout`, { form: { logout_token: token } })).status
  const isIn = async (visitor: Visitor) => (await visitor.navigate(`${origin}/`)).status === 200
  return { provider, outside, signIn, tell, isIn }
}

t.test('replay: a logout token that a gate has forgotten, as by a restart, ends nothing that began well after it was made', async t => {
  const { provider, outside, signIn, tell, isIn } = await setUp(t)
  const before = await signIn({ sub: 'ada' })
  outside.advance(1000)
  const token = await provider.sign({ jti: 'one', sub: 'ada', events: EVENTS })
  outside.advance(30_000)
  const underWay = await signIn({ sub: 'ada' })
  outside.advance(MINUTE)
  const after = await signIn({ sub: 'ada' })
  outside.advance(5 * MINUTE)
  t.equal(await tell(token), 200)
  t.equal(await isIn(before), false)
  t.equal(await isIn(underWay), false, 'as far as two clocks may differ it is taken for one from before')
  t.equal(await isIn(after), true)
})

t.test('a provider whose clock is behind ends all that has begun', async t => {
  const { provider, outside, signIn, tell, isIn } = await setUp(t)
  const ada = await signIn({ sub: 'ada' })
  outside.advance(1000)
  t.equal(await tell(await provider.sign({ jti: 'one', sub: 'ada', iat: Math.floor(outside.now() / 1000) - 50, events: EVENTS })), 200)
  t.equal(await isIn(ada), false)
  outside.advance(1)
  t.equal(await isIn(await signIn({ sub: 'ada' })), true, 'and none that begins then')
})
