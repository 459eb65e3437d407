// Whoever signs out just as their tokens are renewed leaves none at the provider that are still good.
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { startGate } from '../fixtures/gate.ts'
import { startLogoutProvider } from '../fixtures/logout-provider.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor } from '../fixtures/visitor.ts'

const pause = async (milliseconds: number): Promise<void> => {
  await new Promise(resolve => { setTimeout(resolve, milliseconds) })
}

t.test('a sign-out while a refresh is under way has the new tokens taken back too', async t => {
  const clock = { now: () => Date.now() }
  const more: Record<string, string> = {}
  const provider = await startLogoutProvider(t, { now: () => clock.now(), more })
  let refreshes = 0
  more['token_endpoint'] = await startServer(t, createServer((request, response) => {
    void text(request).then(async body => {
      if (body.includes('grant_type=refresh_token')) {
        refreshes++
        await pause(1_000)
      }
      const { authorization = '', 'content-type': type = '' } = request.headers
      const answer = await fetch(`${provider.issuer}/token`, { method: 'POST', body, headers: { authorization, 'content-type': type } })
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
    })
  }))
  const { origin, outside } = await startGate(t, { settings: { oauthIssuer: provider.issuer, oauthRefreshTokens: true } })
  clock.now = () => outside.now()
  const ada = new Visitor()
  provider.next = { sub: 'ada' }
  t.equal((await ada.follow(`${origin}/`)).status, 200)
  outside.advance(3590_000)
  const renewing = new Visitor()
  for (const [host, jar] of ada.cookies) renewing.cookies.set(host, new Map(jar))
  const asked = renewing.navigate(`${origin}/`)
  while (refreshes === 0) await pause(10)
  await ada.navigate(`${origin}/oauth2/sign_out`, { form: {}, headers: { origin, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' } })
  t.not((await asked).status, 200, 'who signed out is out')
  for (let wait = 0; provider.revoked.length < 2 && wait < 100; wait++) await pause(50)
  t.strictSame(provider.revoked.map(({ token }) => token).toSorted(), ['refresh-1', 'refresh-2'])
})
