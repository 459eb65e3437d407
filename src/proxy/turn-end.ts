/** What is done with all that has come in one turn of the event loop. */
export interface Waiting {
  flush (): void
}

let waiting: Waiting[] = []

/** Has it done when all that has arrived by now is read: once for many, since an immediate for each would cost more than most of what is done. */
export function atTurnsEnd (one: Waiting): void {
  if (waiting.push(one) === 1) setImmediate(flushAll)
}

function flushAll (): void {
  const all = waiting
  waiting = []
  for (const one of all) one.flush()
}
