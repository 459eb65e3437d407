// Signs in at a provider that does what each of the OpenID Foundation's tests for relying parties has it do.
import t, { type Test } from 'tap'
import { isCi } from '../../fixtures/lacking.ts'
import { Visitor } from '../../fixtures/visitor.ts'
import type { ClientAuth } from './provider.ts'
import { startRelyingParty } from './relying-party.ts'
import { signInTests } from './sign-in-tests.ts'
import type { ConformanceTest } from './tests.ts'

t.jobs = 4

/** Each way of saying who the client is takes as long again: elsewhere than in CI the first is enough. */
const AUTHS: readonly ClientAuth[] = isCi ? ['client_secret_basic', 'client_secret_post'] : ['client_secret_basic']

for (const test of signInTests) {
  t.test(test.name, { buffered: true }, async t => {
    for (const auth of AUTHS) await play(t, test, auth)
  })
}

async function play (t: Test, { play: { twist, refused, also }, right }: ConformanceTest, auth: ClientAuth): Promise<void> {
  const running = await startRelyingParty(t, { twist, auth })
  const visitor = new Visitor()
  const page = await running.signIn(visitor)
  const outcome = refused === undefined ? 'accepted' : 'refused'
  if (right !== undefined && right !== 'either') t.equal(outcome, right, 'what is expected of the gate is what the test says is right')
  if (refused === undefined) {
    t.match(page, { status: 200, address: `${running.origin}/page` }, auth)
    t.match(running.app.received[0]?.headers, { 'x-forwarded-user': 'ada@example.com' }, 'the app is told who it is')
  } else {
    t.match(page, { headers: { 'x-oauth-gate': refused } }, auth)
    t.equal((await visitor.ask(`${running.origin}/oauth2/userinfo`)).status, 401, 'there is no session')
    t.strictSame(running.app.received, [], 'and nothing reached the app')
    if (refused === 'GATE_ID_TOKEN_INVALID') t.strictSame(running.provider.at('/userinfo'), [], 'what came with the id_token is not used')
  }
  await also?.(t, running)
  t.strictSame(running.provider.faults, [], 'every request was right')
}
