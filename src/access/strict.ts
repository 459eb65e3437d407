import type { Judge } from './judge.ts'
import { isPlain } from './readings.ts'

/**
 * For an app that shares our process: its router, not one of ours, says what a path means, so where a path rule could make a
 * difference a path with several readings is refused, even where each of them would be admitted.
 */
export function strict (judge: Judge): Judge {
  return {
    ...judge,
    place (rawTarget) {
      const place = judge.place(rawTarget)
      const asked = place.readings === null || place.readings.length > 0
      return asked && !isPlain(place.path) ? { ...place, readings: null } : place
    }
  }
}
