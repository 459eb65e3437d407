// When a gate has leaked: by what it holds while nobody is there, and by what it has of the system while everybody is.

/** Of the time of a run: when everybody leaves for a moment and it is measured what is held. The first is when what is made once has been made. */
export const RESTS = [0.2, 0.6, 1]

const MB = 1e6
/** A minute has no time to fill what is bounded, nor to give back what was needed for a moment. */
const SHORT = 300_000

/**
 * Held is what the collector of garbage leaves. It may grow by what is remembered on purpose, which is bounded: of each session that has ended a word for the page
 * that says so, of each sign-out one until the session would have ended, and whatever the compiler learns. A leak grows with the requests, of which there are some
 * hundred for each of those.
 */
function mayGrow (milliseconds) {
  return milliseconds < SHORT ? { held: 1, heldMore: 6 * MB, resident: 1.5, residentMore: 50 * MB } : { held: 1.05, heldMore: 3 * MB, resident: 1.1, residentMore: 10 * MB }
}

/** @returns each rule with whether it holds, and the figures it goes by */
export function judge ({ milliseconds, processes, before, rests, samples }) {
  const [, middle, last] = rests
  const { held, heldMore, resident, residentMore } = mayGrow(milliseconds)
  const part = (from, to) => Math.max(...samples.filter(({ at }) => at >= from * milliseconds && at <= to * milliseconds).map(({ resident }) => resident))
  const [second, third] = [part(1 / 3, 2 / 3), part(2 / 3, 1)]
  const rule = (name, holds, figures) => ({ name, holds, figures })
  return [
    rule('what is held does not grow', last.held <= middle.held * held + heldMore * processes, `${mb(middle.held)}, then ${mb(last.held)}`),
    rule('memory does not grow', third <= second * resident + residentMore * processes, `at most ${mb(second)}, then ${mb(third)}`),
    ...rests.map((rest, index) => rule(`no descriptor is left at rest ${index + 1}`, differences(rest.files, before.files).length === 0, differences(rest.files, before.files).join(', ') || 'as at the start'))
  ]
}

/** In how many files of each kind. */
export function differences (files, before) {
  return Object.keys({ ...before, ...files }).filter(kind => (files[kind] ?? 0) !== (before[kind] ?? 0)).map(kind => `${kind}: ${files[kind] ?? 0} instead of ${before[kind] ?? 0}`)
}

export function mb (bytes) {
  return `${(bytes / MB).toFixed(1)} MB`
}
