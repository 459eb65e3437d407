import t, { type Test } from 'tap'
import { createEntry } from '../../src/access/entry/entry.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createGate } from '../../src/gate.ts'
import type { Identity } from '../../src/identity/identity.ts'
import { startCaseProvider, type CaseProvider } from '../fixtures/case-provider.ts'
import { COOKIE_SECRET, freePort, startApp, type TestApp } from '../fixtures/gate.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { createExplainer, type Explainer } from '../fixtures/explained.ts'
import { settingsOf } from '../identity/cases/answers.ts'
import type { Fields, IdentityCase } from '../identity/cases/case.ts'
import { cases } from '../identity/cases/index.ts'
import { explainCase } from '../identity/explain-case.ts'
import { configOf, play } from '../identity/play.ts'

const HEADERS = { subject: 'subject', user: 'user', email: 'email', login: 'preferred-username', name: 'name', role: 'role', groups: 'groups' } as const

const bySettings = new Map<string, IdentityCase[]>()
for (const played of cases.filter(({ unplayable }) => unplayable === undefined)) {
  const key = JSON.stringify(settingsOf(played, ''))
  bySettings.set(key, [...bySettings.get(key) ?? [], played])
}

t.test('every case of the table, by signing in at a provider that says so; explain says the same', async t => {
  const [provider, app, explainer] = [await startCaseProvider(t), await startApp(t), createExplainer(t)]
  for (const group of bySettings.values()) {
    const { origin, close } = await open(group[0] as IdentityCase, provider, app)
    for (const played of group) await t.test(played.what, t => signIn(t, played, { provider, app, explainer, origin }))
    await close()
  }
  const left = cases.filter(({ unplayable }) => unplayable !== undefined).length
  t.ok(left <= 5, `and ${left} cannot be played`)
})

/** One gate for all cases that have the same settings. */
async function open (played: IdentityCase, provider: CaseProvider, app: TestApp): Promise<{ origin: string, close: () => Promise<void> }> {
  const port = await freePort()
  const { config } = loadConfig({ env: {}, settings: { upstream: [app.url], port, cookieSecret: COOKIE_SECRET, logLevel: 'silent', ...settingsOf(played, provider.origin) } })
  const gate = await createGate(config)
  await gate.listen({ host: '127.0.0.1', port })
  return { origin: `http://127.0.0.1:${port}`, close: async () => { await gate.close() } }
}

async function signIn (t: Test, played: IdentityCase, { provider, app, explainer, origin }: { provider: CaseProvider, app: TestApp, explainer: Explainer, origin: string }): Promise<void> {
  const functions = await play(played)
  const explained = explainCase(explainer, played, configOf(played))
  provider.become(played)
  app.received.length = 0
  const visitor = new Visitor()
  const page = await visitor.follow(`${origin}/page`)
  const told = await visitor.ask(`${origin}/oauth2/userinfo`, { headers: { accept: 'application/json' } })
  if (played.asked !== undefined) t.strictSame(provider.asked(), played.asked, 'the provider is asked for this and nothing else')
  // Whether teams and organizations let somebody in is another matter, of which the same function decides.
  const refused = typeof played.expected === 'string' ? played.expected : createEntry(configOf(played)).refuse(functions.identity as Identity) === null ? undefined : 'GATE_ACCESS_DENIED'
  if (refused !== undefined) {
    t.equal(page.headers['x-oauth-gate'], refused)
    // What the provider answers with an error, or on another server, is no file.
    if (!refused.startsWith('GATE_PROVIDER_')) t.equal(explained.failure?.code ?? (explained.refusal === null ? 'admitted' : 'GATE_ACCESS_DENIED'), refused, 'explain refuses it too')
    t.strictSame([told.status, app.received.length], [401, 0], 'there is no session, and nothing reached the app')
    return
  }
  t.match([page.status, page.address], [200, `${origin}/page`])
  const { expires_at: ends, ...identity } = JSON.parse(told.body) as Identity & { readonly expires_at: number }
  const { headers } = app.received[0] ?? {}
  for (const [field, value] of Object.entries(played.expected as Fields)) t.strictSame(identity[field as keyof Identity], value, field)
  for (const [field, name] of Object.entries(HEADERS)) t.strictSame(decoded(headers?.[`x-forwarded-${name}`], field === 'groups'), identity[field as keyof Identity], `X-Forwarded-${name}`)
  t.ok(ends > 0)
  t.strictSame(identity, functions.identity, 'and the functions alone say the same')
  t.strictSame([explained.identity, explained.decision.verdict], [identity, 'admitted'], 'and so does explain')
  const said = explained.headers.map(([name, value]) => [name.toLowerCase(), value])
  t.strictSame(said, said.map(([name = '']) => [name, headers?.[name]]), 'with the headers that the app got')
}

/** As an app reads it: each value for itself is percent-encoded. */
function decoded (header: string | string[] | undefined, isList: boolean): unknown {
  if (isList) return header === undefined ? [] : String(header).split(',').map(decodeURIComponent)
  return header === undefined ? undefined : decodeURIComponent(String(header))
}
