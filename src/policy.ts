import { createEntry, type Entry } from './access/entry/entry.ts'
import { hostCheck } from './access/rules/hosts.ts'
import { createJudge, type Judge } from './access/judge.ts'
import { compileRules } from './access/rules/rules.ts'
import type { Config } from './config/options.ts'
import { createAppHeaders, type AppHeaders } from './proxy/app-headers.ts'

/** Who may enter, who may pass where, and what the app is told: one thing for the gate, for `explain` and for the start-up block. */
export interface Policy {
  readonly entry: Entry
  readonly judge: Judge
  readonly servesHost: ReturnType<typeof hostCheck>
  /** Whether `Host` has to be the host that rules go by. */
  readonly oneHost: boolean
  readonly headers: AppHeaders
  /** What is open to whom, a sentence a rule. */
  readonly describeOpen: () => readonly string[]
}

/** @param inside whether an app has the gate inside, and reads paths its own way */
export function createPolicy (config: Config, inside = false): Policy {
  const rules = compileRules(config.rules, { optional: config.oauthOptional, guests: config.oauthGuestEndpoints, skips: config.skipAuthRoute })
  return {
    entry: createEntry(config),
    judge: createJudge({ upstreams: config.upstream, rules, rootPath: config.rootPath, strict: inside }),
    servesHost: hostCheck({ publicUrl: config.publicUrl, hosts: rules.hosts }),
    oneHost: inside && rules.hosts.length > 0,
    headers: createAppHeaders(config),
    describeOpen: rules.describeOpen
  }
}
