import t, { type Test } from 'tap'
import type { Settings } from '../../src/config/options.ts'
import { startGate, type GateSetup, type LogLine, type Running } from '../fixtures/gate.ts'
import { Visitor, type Answer } from '../fixtures/visitor.ts'

const HERE = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

/** The address behind a link of a page. */
export function linkIn ({ body }: Answer, words: RegExp): string | undefined {
  const links = [...body.matchAll(/<a [^>]*href="([^"]*)"[^>]*>([^<]*)<\/a>/g)]
  return links.find(([, , text = '']) => words.test(text))?.[1]?.replaceAll('&amp;', '&')
}

async function signedIn (t: Test, settings: Settings | GateSetup['settings'] = {}, more: Partial<GateSetup> = {}) {
  const log: LogLine[] = []
  const running = await startGate(t, { log, ...more, settings: settings as NonNullable<GateSetup['settings']> })
  const visitor = new Visitor()
  t.equal((await visitor.signIn(`${running.origin}/`, 'ada')).status, 200)
  return { ...running, visitor, log }
}

const signOut = (visitor: Visitor, { origin }: Pick<Running, 'origin'>, query = '') => visitor.navigate(`${origin}/oauth2/sign_out${query}`, { form: {}, headers: { origin, ...HERE } })

t.test('signing out ends the session here, and offers to sign out at the provider too', async t => {
  const { origin, provider, visitor } = await signedIn(t)
  const page = await signOut(visitor, { origin })
  t.match(page, { status: 200, body: /You are signed out[^]*may still be signed in at OpenID Connect/ })
  const link = new URL(linkIn(page, /^Sign out at OpenID Connect too$/) ?? '')
  t.equal(link.origin + link.pathname, `${provider.issuer}/session/end`)
  t.match(Object.fromEntries(link.searchParams), { client_id: 'gate', logout_hint: /^[\w-]{20,}$/ })
  t.strictSame([...link.searchParams.keys()].toSorted(), ['client_id', 'logout_hint'], 'nothing that says who it is, and nowhere to come back to that is not registered')
  t.match(await visitor.navigate(`${origin}/`), { status: 302 })
})

/** Says yes to the provider's own question. */
async function confirm (visitor: Visitor, { body, address }: Answer & { readonly address: string }, answer: Record<string, string> = { logout: 'yes' }): Promise<Answer & { readonly address: string }> {
  const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(body) ?? []
  const done = await visitor.navigate(new URL('/session/end/confirm', address).href, { form: { xsrf, ...answer } })
  return done.location === '' ? { ...done, address } : await visitor.follow(done.location)
}

t.test('who signs out at the provider is signed out at every gate, and comes back to a page that says so', async t => {
  const { origin, provider, visitor, log } = await signedIn(t, ({ origin }) => ({ postLogoutRedirectUri: `${origin}/oauth2/signed_out` }), { provider: { remembers: true } })
  const other = new Visitor()
  await other.signIn(`${origin}/`, 'ben')
  const elsewhere = copyOf(visitor)
  const link = linkIn(await signOut(visitor, { origin }, '?rd=/reports'), /^Sign out at/) ?? ''
  const back = await confirm(visitor, await visitor.follow(link))
  t.match(back, { status: 200, body: /You are signed out[^]*OpenID Connect has sent you back here/ })
  t.match(linkIn(back, /^Sign in again/), /rd=%2Freports$/)
  t.match(await visitor.follow(`${origin}/`), { address: new RegExp(`^${provider.issuer}/interaction/`) }, 'and has to say anew who it is')
  t.match(await elsewhere.navigate(`${origin}/`), { status: 302 })
  t.match(await other.navigate(`${origin}/`), { status: 200 }, 'nobody else is')
  t.match(log.filter(({ event }) => event === 'session.ended').map(({ cause }) => cause), ['sign-out', 'back-channel'])
})

function copyOf (visitor: Visitor): Visitor {
  const copy = new Visitor()
  for (const [host, jar] of visitor.cookies) copy.cookies.set(host, new Map(jar))
  return copy
}
