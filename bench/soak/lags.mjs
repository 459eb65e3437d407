// How long this process was not let to run: the machine is not the gate's to answer for.

const EVERY = 100
/** Milliseconds that are nothing to speak of. */
const USUAL = 50

export function watchLags () {
  const gaps = []
  let last = Date.now()
  const lags = {
    most: 0,
    /** Answers that came too late by it. */
    excused: 0,
    /** @returns milliseconds of that time */
    within: (from, until) => gaps.reduce((sum, [begin, end]) => sum + Math.max(0, Math.min(end, until) - Math.max(begin, from)), 0)
  }
  setInterval(() => {
    const now = Date.now()
    const lag = now - last - EVERY
    if (lag > USUAL) gaps.push([last + EVERY, now])
    lags.most = Math.max(lags.most, lag)
    last = now
  }, EVERY).unref()
  return lags
}
