import type { Identity } from '../../identity/identity.ts'
import type { Rule, Step } from './rules.ts'
import type { Miss } from './scope.ts'

/** What became of one rule while a request was judged, in words that a log and `explain` can show. */
export interface TriedRule {
  readonly rule: string
  readonly matched: boolean
  /** Why not: what of the request is not the rule's. */
  readonly missed?: Miss
  /** It matches by another letter case or format of the path only, and has to admit beside the rule that decides. */
  readonly nearly?: true
  /** Where the path has several: those that the rule is for, some of them if they are many. */
  readonly readings?: readonly string[]
  readonly said?: 'admits' | 'asks to sign in' | 'refuses'
  /** Why it refuses. */
  readonly detail?: string
}

const SHOWN = 5
const order: readonly Miss[] = ['path', 'host', 'method']

/** @param trace the steps for one reading: all of them have to admit */
export function tried (readings: readonly string[], trace: (reading: string) => readonly Step[], identity: Identity | null): readonly TriedRule[] {
  const rules = new Map<Rule, { readonly step: Step, readonly reading: string }[]>()
  for (const reading of readings) {
    for (const step of trace(reading)) rules.set(step.rule, [...rules.get(step.rule) ?? [], { step, reading }])
  }
  return [...rules].map(([rule, steps]) => {
    const matching = steps.filter(({ step }) => step.miss === null || step.near)
    if (matching.length === 0) return { rule: rule.name, matched: false, missed: nearest(steps.flatMap(({ step }) => step.miss ?? [])) }
    return {
      rule: rule.name, matched: true,
      ...matching.every(({ step }) => step.near) && { nearly: true as const },
      ...readings.length > 1 && { readings: matching.slice(0, SHOWN).map(({ reading }) => reading) },
      ...says(rule, identity)
    }
  })
}

export function triedAlone (rule: Rule, identity: Identity | null): TriedRule {
  return { rule: rule.name, matched: true, ...says(rule, identity) }
}

function says (rule: Rule, identity: Identity | null): Pick<TriedRule, 'said' | 'detail'> {
  if (identity === null) return { said: rule.open ? 'admits' : 'asks to sign in' }
  const refusal = rule.refuse(identity)
  return refusal === null ? { said: 'admits' } : { said: 'refuses', detail: refusal.detail }
}

function nearest (misses: readonly Miss[]): Miss {
  return order.findLast(miss => misses.includes(miss)) ?? 'path'
}
