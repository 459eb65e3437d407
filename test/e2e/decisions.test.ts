import t, { type Test } from 'tap'
import { atPort, decisions, everyone, ROLES, type Decided, type Verdict, type Who } from '../access/decisions.ts'
import { loadConfig } from '../../src/config/load.ts'
import { people } from '../../src/demo/people.ts'
import type { Explanation } from '../../src/explanation.ts'
import { createExplainer } from '../fixtures/explained.ts'
import { CLIENT, COOKIE_SECRET, freePort, startGate, type Running } from '../fixtures/gate.ts'
import { Visitor } from '../fixtures/visitor.ts'

/** What a program sees of each verdict. */
const answers: Readonly<Record<Exclude<Verdict, 'told' | 'open'>, string>> = {
  'sign-in': '401 GATE_LOGIN_REQUIRED',
  denied: '403 GATE_ACCESS_DENIED',
  ambiguous: '400 GATE_AMBIGUOUS_PATH',
  'unknown host': '421 GATE_HOST_UNKNOWN'
}

const sites = [...new Set(decisions.map(({ settings }) => settings))].map(settings => decisions.filter(row => row.settings === settings))

t.test('the table is decided by a live gate as by the pure functions and as explain says, and only what is admitted reaches the app', async t => {
  t.ok(sites.length > 8)
  for (const rows of sites) await t.test(rows[0]?.name.split(':', 1).join() ?? '', t => decideAll(t, rows))
})

async function decideAll (t: Test, rows: readonly Decided[]): Promise<void> {
  const port = await freePort()
  const settings = { ...atPort(rows[0]?.settings ?? {}, port), roleAttributePath: ROLES }
  const running = await startGate(t, { port, settings })
  const visitors = new Map<Who, Visitor>()
  for (const who of everyone) {
    const visitor = new Visitor()
    if (who !== 'stranger') await visitor.signIn(`${running.origin}/oauth2/start`, who)
    visitors.set(who, visitor)
  }
  const explainer = createExplainer(t)
  const { config } = loadConfig({ env: {}, settings: { ...settings, upstream: [running.app.url], port, oauthProvider: 'oidc', oauthIssuer: running.provider.issuer, oauthKey: CLIENT.id, oauthSecret: CLIENT.secret, cookieSecret: COOKIE_SECRET } })
  const files = new Map(people.map(({ login, claims }) => [login, explainer.file(claims)]))
  for (const row of rows) {
    t.equal(await answered(running, visitors.get(row.identity) as Visitor, row, port), row.expected, row.name)
    t.equal(explained(explainer.explain(config, { claims: files.get(row.identity), path: row.target, method: row.method, host: atPort(row.host, port) })), row.expected, `explain: ${row.name}`)
  }
}

function explained ({ servesHost, decision }: Explanation): string {
  if (!servesHost) return 'unknown host'
  return decision.verdict === 'admitted' ? decision.anonymous ? 'open' : 'told' : decision.verdict
}

async function answered ({ origin, app }: Running, visitor: Visitor, { identity, method, host, target }: Decided, port: number): Promise<string> {
  const before = app.received.length
  const { status, headers } = await visitor.ask(origin + target, { method, headers: { host: atPort(host, port) } })
  const arrived = app.received.slice(before)
  const seen = `${status} ${String(headers['x-oauth-gate'] ?? 'the app')}${arrived.length > 0 ? ', and the app was asked' : ''}`
  if (arrived.length === 0) return Object.entries(answers).find(([, answer]) => answer === seen)?.[0] ?? seen
  const [one, ...more] = arrived
  if (one === undefined || more.length > 0 || status !== 200 || one.url !== target || one.method !== method) return `${seen} for ${one?.method ?? ''} ${one?.url ?? ''}`
  const told = one.headers['x-forwarded-user']
  return told === undefined ? 'open' : told === `${identity}@example.com` ? 'told' : `told of ${String(told)}`
}
