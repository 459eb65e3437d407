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
