import t from 'tap'
import type { Decision } from '../../src/access/judge.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/options.ts'
import { createPolicy, type Policy } from '../../src/policy.ts'
import { atPort, decisions, identities, type Decided, type Verdict } from './decisions.ts'

const PORT = 4180
const NEEDED = { upstream: ['http://localhost:5006'], oauthProvider: 'oidc', oauthIssuer: 'https://id.example.com', oauthKey: 'k', oauthSecret: 's', cookieSecret: 'the-cookie-secret-of-the-tests-0123456789' }

const compiled = new Map<Settings, Policy>()

function compile (settings: Settings): Policy {
  const known = compiled.get(settings)
  if (known !== undefined) return known
  const { config } = loadConfig({ env: {}, settings: { ...NEEDED, ...atPort(settings, PORT) } })
  const made = createPolicy(config)
  compiled.set(settings, made)
  return made
}

function verdictOf (decision: Decision): Verdict | 'nowhere' {
  return decision.verdict === 'admitted' ? decision.anonymous ? 'open' : 'told' : decision.verdict
}

t.test('each request of the table is decided as it says, and explained by the rules that decided it', async t => {
  t.ok(decisions.length >= 150, `${decisions.length} rows`)
  for (const row of decisions) t.equal(judged(row), row.expected, row.name)
})

function judged ({ settings, method, host, target, identity }: Decided): Verdict | 'nowhere' | undefined {
  const { judge, servesHost } = compile(settings)
  const asked = atPort(host, PORT).toLowerCase()
  if (servesHost?.(asked) === false) return 'unknown host'
  const place = judge.place(target)
  const way = { method, host: asked }
  const decision = judge.decide(place, way, identities[identity])
  const { decision: explained, rules } = judge.explain(place, way, identities[identity])
  if (JSON.stringify(explained) !== JSON.stringify(decision)) throw new Error('it is explained as something else')
  const said = rules.flatMap(({ said = [] }) => said)
  const admits = decision.verdict === 'admitted'
  if (admits ? said.some(word => word !== 'admits') || said.length === 0 : place.readings !== null && !place.crosses && !said.some(word => word !== 'admits')) throw new Error(`the rules say ${said.join()} of ${decision.verdict}`)
  return verdictOf(decision)
}
