/** What is done with all that has come in one turn of the event loop. */
export interface Flushed {
  flush (): void
}

let waiting: Flushed[] = []

/** Has it done when all that has arrived by now is read: once for many, since an immediate for each would cost more than most of what is done. */
export function atTurnsEnd (one: Flushed): void {
  if (waiting.push(one) === 1) setImmediate(flushAll)
}

function flushAll (): void {
  const all = waiting
  waiting = []
  let done = 0
  try {
    for (; done < all.length; done++) all[done]?.flush()
  } finally {
    for (const one of all.slice(done + 1)) atTurnsEnd(one) // one that throws takes nobody else with it
  }
}
