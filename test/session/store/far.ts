import type { Store } from '../../../src/session/store/store.ts'

/** A memory as one that is elsewhere, and can be heard at once. */
export function farAway (memory: Store): Store {
  return {
    ...memory, reach: 'network',
    listen (topic, heard, missed) {
      memory.listen(topic, heard)
      missed?.()
    }
  }
}
