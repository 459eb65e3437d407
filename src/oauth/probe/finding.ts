/** What one question to the outside came to. `cannot tell` is an answer: better than one that is guessed. */
export interface Finding {
  readonly verdict: 'ok' | 'wrong' | 'cannot tell'
  readonly what: string
  /** What was seen, and what to do where something is wrong. Holds no secret, code or token. */
  readonly text: string
}

type Tell = (what: string, text: string) => Finding

export const ok: Tell = (what, text) => ({ verdict: 'ok', what, text })
export const wrong: Tell = (what, text) => ({ verdict: 'wrong', what, text })
export const cannotTell: Tell = (what, text) => ({ verdict: 'cannot tell', what, text })

/** What a failure says of itself. */
export function said (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
