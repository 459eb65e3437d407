/** What of an identity an attempt can be about; `source` where a whole source was left out. */
export const FIELDS = ['source', 'subject', 'user', 'email', 'login', 'name', 'role', 'groups', 'teams', 'organizations', 'claims'] as const
export type Field = typeof FIELDS[number]

/** One place where a field was looked for. */
export interface Attempt {
  readonly field: Field
  /** `id_token`, `userinfo`, `access_token`, another document by its name; `the provider’s file`, `a default`. */
  readonly source: string
  /** Which step it was, by the name of the claim or of the setting, with the expression if there is one. */
  readonly how: string
  /** What counts from now on; absent where the search went on. */
  readonly value?: string | readonly string[] | undefined
  /** Why what was there does not count. */
  readonly why?: string | undefined
}

const LONGEST = 200

/** How somebody came by an identity: every step in order, for `explain`, and for the log of whoever is refused. */
export class Trace {
  readonly attempts: Attempt[] = []

  note (attempt: Attempt): void {
    this.attempts.push(attempt)
  }

  /** A line an attempt, whatever an expression or a claim has in it. */
  lines (): string[] {
    return this.attempts.map(({ field, source, how, value, why }) => `${field}: ${[source, how].filter(text => text !== '').join(', ')}: ${value === undefined ? why ?? 'nothing' : shown(value)}`.replace(/[\p{Cc}\p{Cs}\u2028\u2029]+/gu, ' '))
  }
}

function shown (value: string | readonly string[]): string {
  const text = JSON.stringify(value)
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}
