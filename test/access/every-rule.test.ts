// For every kind of gate there is: nothing is admitted, or sent to an app, that one of its readings would not be.
import fc from 'fast-check'
import t from 'tap'
import type { Judge } from '../../src/access/judge.ts'
import { ConfigError } from '../../src/config/config-error.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createPolicy } from '../../src/policy.ts'
import { identities, type Who } from './decisions.ts'
import { anyAsked, anyGate } from './gate-arbitrary.ts'
import { admitsPlainly, settingsOf, upstreamPlainly, type Plain } from './naive-rules.ts'
import { readBySeveral } from './oracles.ts'
import { isCi } from '../fixtures/lacking.ts'

const NEEDED = { oauthProvider: 'oidc', oauthIssuer: 'https://id.example.com', oauthKey: 'k', oauthSecret: 's', cookieSecret: 'the-cookie-secret-of-the-tests-0123456789' }
const runs = { numRuns: Number(process.env['ACCESS_RUNS'] ?? (isCi ? 2_000 : 150)), includeErrorInReport: true }

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

/** What is wrong with letting this through, as somebody would see it who reads the path in one way only. */
function faultOf (gate: Plain, reading: string, asked: { readonly method: string, readonly host: string, readonly who: Who }, upstream: number): string | null {
  const [path = ''] = reading.split('?', 1)
  if (upstreamPlainly(gate, path) !== upstream) return 'is of another app'
  const lower = path.replace(/[A-Z]/g, letter => letter.toLowerCase())
  // Of another letter case, in another format, with + for a space, or behind a script that serves what follows it.
  for (const read of [path, lower, path.replace(/\.[^./]*(?=\/|$)/, ''), path.replaceAll('+', ' '), lower.replace(/\/[^/]+\.(?:php|cgi|wsgi|aspx)(?=\/)/, '')]) {
    if (!admitsPlainly(gate, { ...asked, path: read })) return `is not for ${asked.who}${read === path ? '' : `, read as ${read}`}`
  }
  return null
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
      const alone = gate.rules.length === 0 && gate.guests.length === 0 && gate.skips.length === 0 && gate.upstreams.size === 1
      for (const [reading, by] of readBySeveral(target, 2)) {
        seen.compared++
        const fault = alone ? null : faultOf(gate, reading, asked, place.upstream)
        if (fault !== null) throw new Error(`${asked.method} ${JSON.stringify(target)} at ${asked.host} by ${asked.who} is read as ${JSON.stringify(reading)} by${by}, which ${fault}`)
      }
    }
  }), runs)
  t.ok(seen.admitted > runs.numRuns * 2 && seen.refused > runs.numRuns * 2, `${seen.admitted} were admitted, ${seen.refused} refused, ${seen.compared} readings compared`)
})
