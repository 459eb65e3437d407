// What the people and the app of a soak have in common: how an answer says whose it is, so that one that went astray is seen by either.

/** Names of the headers by which a person says to the app who asks, and the app says who it was told is asking. */
export const ASKER = 'x-soak-person'
export const MARK = 'x-soak-mark'
export const TOLD = 'x-soak-told'

/** What nobody may be able to ask of the app: the second request of those that try to smuggle one. */
export const SMUGGLED = '/smuggled'

export const DOWNLOAD = 1024 * 1024
const LINE = 64

export const subjectOf = index => `soak-${index}`
export const emailOf = index => `person${index}@example.com`
export const loginOf = index => `person${index}`

/** A body that is another for each request, at each place of it. */
export function bodyFor (subject, mark, size) {
  let text = ''
  for (let at = 0; at < size; at += LINE) text += `${subject} ${mark} ${at}`.padEnd(LINE - 1, '.') + '\n'
  return Buffer.from(text.slice(0, size))
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function randomOf (seed) {
  let state = seed >>> 0
  return () => {
    state = state + 0x6D2B79F5 >>> 0
    let mixed = Math.imul(state ^ state >>> 15, state | 1)
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61)
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32
  }
}
