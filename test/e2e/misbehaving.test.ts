// A provider that does each of some hundreds of things an honest one does not, at a real sign-in through the real gate.
import t from 'tap'
import { isCi, onlyInCi } from '../fixtures/lacking.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { authorizationRows } from './misbehaving/authorization.ts'
import { discoveryRows } from './misbehaving/discovery.ts'
import { hangingRows } from './misbehaving/hanging.ts'
import { idTokenRows } from './misbehaving/id-token.ts'
import { keyRows } from './misbehaving/keys.ts'
import { playRefresh } from './misbehaving/play-refresh.ts'
import { go, play, raise, signInHonestly } from './misbehaving/play.ts'
import { refreshRows } from './misbehaving/refresh.ts'
import type { Row } from './misbehaving/row.ts'
import { signatureRows } from './misbehaving/signatures.ts'
import { tokenRows } from './misbehaving/token.ts'
import { userinfoRows } from './misbehaving/userinfo.ts'

const topics: Readonly<Record<string, readonly Row[]>> = {
  'the discovery document': discoveryRows, 'the authorization answer': authorizationRows, 'the token endpoint': tokenRows, 'the claims of the id_token': idTokenRows, 'signatures and headers of the id_token': signatureRows, 'the key set': keyRows, userinfo: userinfoRows
}
/** Outside of CI one in so many. */
const SAMPLE = 12

function sample<T> (rows: readonly T[]): readonly T[] {
  return isCi ? rows : rows.filter((_, at) => at % SAMPLE === 0)
}

t.test('each behaviour has a name of its own, and there are many', async t => {
  const titles = [...Object.values(topics).flat(), ...hangingRows, ...refreshRows].map(({ title }) => title)
  t.strictSame(titles.filter((title, at) => titles.indexOf(title) !== at), [])
  t.ok(titles.length >= 300, `${titles.length} behaviours`)
})

for (const [topic, rows] of Object.entries(topics)) {
  t.test(topic, async t => {
    const known = await raise(t)
    await t.test('honest', async t => { await signInHonestly(t, known) })
    for (const row of sample(rows)) await t.test(row.title, async t => { await play(t, row, row.fresh === true ? undefined : known) })
  })
}

t.test('what is renewed', async t => {
  const known = await raise(t, { oauthRefreshTokens: true, passAccessToken: true })
  for (const row of sample(refreshRows)) await t.test(row.title, async t => { await playRefresh(t, row, known) })
})

t.test('where people sign out, or tokens are taken back, is no address for either: people are signed out, and led nowhere', async t => {
  for (const address of sample(['javascript:alert(1)', 'http://192.0.2.1/bye', 'data:text/html,bye', '//192.0.2.1/bye', '/bye', 7, ['https://another.example']])) {
    const { origin, provider, log } = await raise(t, { signOutAtProvider: 'always', passAccessToken: true }, { discovery: { end_session_endpoint: address, revocation_endpoint: address } })
    const visitor = new Visitor()
    t.equal((await go(visitor, `${origin}/page`)).status, 200, JSON.stringify(address))
    const asked = provider.here.requests.length
    const answer = await visitor.navigate(`${origin}/oauth2/sign_out`, { method: 'POST', headers: { origin } })
    t.equal(new URL(answer.location, origin).origin, origin, answer.location)
    t.match(await visitor.navigate(`${origin}/page`), { status: 302, location: /\/oauth2\/start/ })
    t.strictSame([provider.here.requests.length, provider.elsewhere.requests.length, log.filter(({ event }) => event === 'token.not_revoked')], [asked, 0, []])
  }
})

t.test('answers that do not come', { ...onlyInCi('ten seconds of waiting'), jobs: hangingRows.length, buffered: true }, async t => {
  await Promise.all(hangingRows.map(async row => await t.test(row.title, { buffered: true }, async t => { await play(t, row) })))
})
