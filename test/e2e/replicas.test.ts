// What docs/scale.md says of replicas whose settings differ, and of keys that change from one to the next.
import t, { type Test } from 'tap'
import { oauthSecret } from '../../src/cli/oauth-secret.ts'
import type { Settings } from '../../src/config/options.ts'
import { outside } from '../../src/outside.ts'
import { CLIENT, startGate, type Running } from '../fixtures/gate.ts'
import { Visitor } from '../fixtures/visitor.ts'

const [old, young] = [oauthSecret(outside), oauthSecret(outside)] as const
const common: Settings = { cookieName: 'site' }

async function startReplicas (t: Test, one: Settings, other: Settings): Promise<[Running, Running]> {
  const first = await startGate(t, { settings: { ...common, ...one } })
  const second = await startGate(t, { app: first.app, settings: { ...common, oauthIssuer: first.provider.issuer, ...other } })
  first.provider.setRedirectUris(CLIENT.id, [first.origin, second.origin])
  return [first, second]
}

/** Whether who signs in at the first of these is signed in at the second, as they go from one to the other. */
async function isKnown (t: Test, [first, second]: readonly Running[]): Promise<boolean> {
  const [at, next] = [first?.origin ?? '', second?.origin ?? '']
  const visitor = new Visitor()
  t.match(await visitor.signIn(`${at}/`, 'ada'), { status: 200 })
  const { status, setCookies } = await visitor.ask(`${next}/page`)
  t.equal((await visitor.ask(`${at}/page`)).status, 200, 'where they signed in they stay so')
  t.strictSame(setCookies, [], 'and nothing is taken from the browser')
  return status === 200
}

t.test('replicas with the same settings take each other’s sessions', async t => {
  t.ok(await isKnown(t, await startReplicas(t, { oauthEncryptionKey: old }, { oauthEncryptionKey: old })))
})

for (const [what, one, other] of [
  ['another encryption key', { oauthEncryptionKey: old }, { oauthEncryptionKey: young }],
  ['another cookie secret, where that seals sessions', {}, { cookieSecret: 'another-cookie-secret-of-the-tests-0123456789' }],
  ['another client id', {}, { oauthKey: 'another' }],
  ['another cookie name', {}, { cookieName: 'elsewhere' }],
  ['another place for sessions', {}, { sessionStore: 'memory' }],
  ['the memory of each', { sessionStore: 'memory' }, { sessionStore: 'memory' }]
] satisfies readonly [string, Settings, Settings][]) {
  t.test(`replicas with ${what} do not take each other’s sessions`, async t => {
    t.notOk(await isKnown(t, await startReplicas(t, one, other)))
  })
}

t.test('a new key comes to all replicas behind the old one, then before it, and then the old one goes: at no step is anybody unknown', async t => {
  const step = (oauthEncryptionKey: string): Settings => ({ oauthEncryptionKey })
  for (const [before, after] of [[old, `${old},${young}`], [`${old},${young}`, `${young},${old}`], [`${young},${old}`, young]] as const) {
    const replicas = await startReplicas(t, step(before), step(after))
    t.ok(await isKnown(t, replicas), 'where it has not come yet')
    t.ok(await isKnown(t, [...replicas].reverse()), 'and where it has')
  }
  t.notOk(await isKnown(t, await startReplicas(t, step(`${young},${old}`), step(old))), 'with the new key first at once, who has it is unknown where it has not come yet')
  t.notOk(await isKnown(t, await startReplicas(t, step(`${old},${young}`), step(young))), 'and what the old key sealed goes with it')
})
