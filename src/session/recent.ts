import { LRUCache } from 'lru-cache'

/**
 * The latest of what was set, at most so many. Room is taken as they come: `max` would take it all at the start, which for all that
 * a gate remembers is a tenth of a second and 30 MB, once more with every configuration.
 *
 * @param life milliseconds, by `now`
 */
export function recent<V extends NonNullable<unknown>> (most: number, { life, now, dispose }: { readonly life?: number, readonly now?: () => number, readonly dispose?: (value: V) => void } = {}): LRUCache<string, V> {
  return new LRUCache<string, V>({
    maxSize: most, sizeCalculation: () => 1,
    ...life !== undefined && { ttl: life }, ...now !== undefined && { perf: { now }, ttlResolution: 0 }, ...dispose !== undefined && { dispose }
  })
}
