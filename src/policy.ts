import { createEntry, type Entry } from './access/entry.ts'
import { createJudge, type Judge } from './access/judge.ts'
import { compileRules } from './access/rules.ts'
import type { Config } from './config/options.ts'
import type { Identity } from './identity/identity.ts'
import { identityHeaders } from './proxy/headers.ts'

/** Who may enter, who may pass where, and what the app is told: one thing for the gate and for `explain`. */
export interface Policy {
  readonly entry: Entry
  readonly judge: Judge
  readonly headersOf: (identity: Identity) => readonly string[]
}

export function createPolicy (config: Config): Policy {
  return {
    entry: createEntry(config),
    judge: createJudge({ upstreams: config.upstream, rules: compileRules(config.rules), rootPath: config.rootPath }),
    headersOf: identityHeaders
  }
}
