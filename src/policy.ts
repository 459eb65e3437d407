import { createEntry, type Entry } from './access/entry.ts'
import { createJudge, type Judge } from './access/judge.ts'
import { compileRules } from './access/rules.ts'
import type { Config } from './config/options.ts'
import { createAppHeaders, type AppHeaders } from './proxy/app-headers.ts'

/** Who may enter, who may pass where, and what the app is told: one thing for the gate and for `explain`. */
export interface Policy {
  readonly entry: Entry
  readonly judge: Judge
  readonly headers: AppHeaders
}

export function createPolicy (config: Config): Policy {
  return {
    entry: createEntry(config),
    judge: createJudge({ upstreams: config.upstream, rules: compileRules(config.rules), rootPath: config.rootPath }),
    headers: createAppHeaders(config)
  }
}
