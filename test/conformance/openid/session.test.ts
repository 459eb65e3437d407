// What becomes of a session, at a provider that does what each of the OpenID Foundation's tests for relying parties has it do.
import t from 'tap'
import { Visitor } from '../../fixtures/visitor.ts'
import { keyCalled, type Twist } from './provider.ts'
import { startRelyingParty } from './relying-party.ts'
import { sessionTests } from './session-tests.ts'

t.jobs = 4

/** As the suite's provider it has keys that id_tokens are not signed with. */
const withMoreKeys: Twist = { keys: async own => [own, (await keyCalled('es', 'ES256')).jwk] }

for (const { name, play: { twist, also } } of sessionTests) {
  t.test(name, { buffered: true }, async t => {
    const running = await startRelyingParty(t, {
      auth: 'client_secret_basic', twist: { ...withMoreKeys, ...twist },
      settings: origin => ({ oauthRefreshTokens: true, signOutAtProvider: 'always', postLogoutRedirectUri: `${origin}/oauth2/signed_out`, idTokenHint: true })
    })
    t.match(await running.signIn(new Visitor()), { status: 200, address: `${running.origin}/page` })
    await also?.(t, running)
    t.strictSame(running.provider.faults, [], 'every request was right')
  })
}
