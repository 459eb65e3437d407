// Plays one row of the refreshes: somebody who is signed in, until their tokens are due.
import type { Test } from 'tap'
import { Visitor } from '../../fixtures/visitor.ts'
import { go, secretsIn, type Stage } from './play.ts'
import type { RefreshRow } from './refresh.ts'

/** Tokens last 120 s, and are renewed a quarter before. */
const DUE = 95_000

export async function playRefresh (t: Test, { does, expects }: RefreshRow, { origin, provider, app, outside, log }: Stage): Promise<void> {
  provider.does({})
  const visitor = new Visitor()
  t.equal((await go(visitor, `${origin}/page`)).status, 200)
  const first = app.received.at(-1)?.headers['x-forwarded-access-token']
  const before = { app: app.received.length, log: log.length, tokens: provider.here.at('/token').length }
  provider.does(does)
  outside.advance(DUE)
  const answer = await visitor.navigate(`${origin}/page`)
  const lines = log.slice(before.log)
  const told = app.received.slice(before.app)
  const shown = JSON.stringify(lines.filter(({ event }) => typeof event === 'string').map(({ event, code, detail }) => [event, code, detail]))
  if ('ended' in expects) {
    t.match(answer, { status: 302, location: /\/oauth2\/start/ }, shown)
    t.match(lines.filter(({ event }) => event === 'session.ended'), [{ code: expects.ended, detail: expects.says }], shown)
    t.strictSame(told, [], 'the app hears of nobody')
    t.match(await visitor.navigate(`${origin}/page`), { status: 302 }, 'nor at the next request')
  } else {
    t.equal(answer.status, 200, shown)
    for (const [name, value] of Object.entries(expects.app)) t.equal(told[0]?.headers[name], value, name)
    t.equal(lines.filter(({ event }) => event === 'session.refreshed').length, expects.failed === undefined ? 1 : 0)
    if (expects.failed !== undefined) t.match(lines.filter(({ event }) => event === 'session.refresh_failed'), [{ code: expects.failed[0], detail: expects.failed[1] }], shown)
    else t.not(told[0]?.headers['x-forwarded-access-token'], first, 'with the new token')
  }
  t.equal(provider.here.at('/token').length, before.tokens + 1, 'the refresh token was sent once')
  t.strictSame(secretsIn({ provider, visitor }, [JSON.stringify(lines), ...'ended' in expects ? [answer.body, answer.location] : []]), [], 'no secret in the log or on a page')
  t.strictSame(provider.elsewhere.requests, [], 'nobody else heard of anything')
}
