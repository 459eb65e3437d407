// For every kind of gate there is: nothing is admitted, or sent to an app, that one of its readings would not be.
import t from 'tap'
import type { Judge } from '../../src/access/judge.ts'
import { ConfigError } from '../../src/config/config-error.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createPolicy } from '../../src/policy.ts'
import { identities } from './decisions.ts'
import { isCi } from '../fixtures/lacking.ts'
import { anyAsked, anyGate } from './gate-arbitrary.ts'
import { faultOf, settingsOf, type Plain } from './naive-rules.ts'
import { fc } from '../fixtures/random.ts'

const NEEDED = { oauthProvider: 'oidc', oauthIssuer: 'https://id.example.com', oauthKey: 'k', oauthSecret: 's', cookieSecret: 'the-cookie-secret-of-the-tests-0123456789' }
const runs = { numRuns: Number(process.env['ACCESS_RUNS'] ?? (isCi ? 1_000 : 80)), includeErrorInReport: true }

/** @returns null where no gate starts so, because something would never be asked */
function judgeOf (gate: Plain): Judge | null {
  try {
    const { config } = loadConfig({ env: {}, settings: { ...NEEDED, ...settingsOf(gate, ['http://one:1', 'http://two:2', 'http://three:3']) } })
    return createPolicy(config).judge
  } catch (error) {
    if (error instanceof ConfigError) return null
    throw error
  }
}

t.test('no request is admitted, or sent to an app, that one of its readings would not be: rules of every kind, openings, methods, hosts, several apps, base paths, with and without a session', async t => {
  const seen = { admitted: 0, refused: 0, compared: 0 }
  fc.assert(fc.property(anyGate, fc.array(anyAsked, { minLength: 12, maxLength: 12 }), (gate, requests) => {
    const judge = judgeOf(gate)
    fc.pre(judge !== null)
    for (const { target, ...asked } of requests) {
      const place = judge.place(target)
      if (place.target !== target) throw new Error('the target was changed')
      if (judge.decide(place, asked, identities[asked.who]).verdict !== 'admitted') {
        seen.refused++
        continue
      }
      seen.admitted++
      const { fault, compared } = faultOf(gate, { ...asked, target }, place.upstream)
      seen.compared += compared
      if (fault !== null) throw new Error(fault)
    }
  }), runs)
  t.ok(seen.admitted > runs.numRuns * 2 && seen.refused > runs.numRuns * 2, `${seen.admitted} were admitted, ${seen.refused} refused, ${seen.compared} readings compared`)
})

t.test('nor does a Destination name what one of its readings would not be admitted to', async t => {
  let admitted = 0
  fc.assert(fc.property(anyGate, fc.array(anyAsked, { minLength: 12, maxLength: 12 }), (gate, requests) => {
    const judge = judgeOf(gate)
    fc.pre(judge !== null)
    for (const [index, { target, ...asked }] of requests.entries()) {
      const place = judge.place(requests[(index + 1) % requests.length]?.target ?? '/')
      const identity = identities[asked.who]
      if (judge.decide(place, asked, identity).verdict !== 'admitted' || judge.decideDestination(target, 'http://one.example.com', place, asked, identity).verdict !== 'admitted') continue
      admitted++
      const { fault } = faultOf(gate, { ...asked, target }, place.upstream)
      if (fault !== null) throw new Error(`Destination of ${place.target}: ${fault}`)
    }
  }), runs)
  t.ok(admitted > runs.numRuns / 4, `${admitted} were admitted`)
})
