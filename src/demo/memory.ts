import { LRUCache } from 'lru-cache'
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'
import type { Outside } from '../outside.ts'

/** Enough for a demo. */
const CAPACITY = 5000

/**
 * What the embedded provider remembers, gone with the process. Its own memory adapter warns on the console and
 * keeps clients outside, where their redirect URIs cannot follow a port that is only known later.
 *
 * @param capacity clients never expire; codes, tokens, grants and sessions do, and the oldest make room
 */
export function createMemory (clients: ReadonlyMap<string, AdapterPayload>, outside: Outside, capacity = CAPACITY): AdapterFactory {
  const kept = new LRUCache<string, AdapterPayload>({ max: capacity })
  return model => model === 'Client' ? clientReader(clients) : recordKeeper(kept, model, outside)
}

function recordKeeper (kept: LRUCache<string, AdapterPayload>, model: string, outside: Outside): Adapter {
  const key = (id: string) => `${model}:${id}`
  const search = (matches: (payload: AdapterPayload) => boolean) =>
    [...kept.entries()].filter(([name, payload]) => name.startsWith(key('')) && matches(payload))
  return {
    async upsert (id, payload, seconds) {
      kept.set(key(id), payload, seconds === undefined ? {} : { ttl: seconds * 1000 })
    },
    async find (id) { return kept.get(key(id)) },
    async findByUid (uid) { return search(payload => payload.uid === uid)[0]?.[1] },
    async findByUserCode (code) { return search(payload => payload.userCode === code)[0]?.[1] },
    async consume (id) {
      const payload = kept.get(key(id))
      if (payload) payload.consumed = Math.floor(outside.now() / 1000)
    },
    async destroy (id) { kept.delete(key(id)) },
    async revokeByGrantId (grantId) {
      for (const [name] of search(payload => payload.grantId === grantId)) kept.delete(name)
    }
  }
}

function clientReader (clients: ReadonlyMap<string, AdapterPayload>): Adapter {
  const never = async () => undefined
  return {
    async find (id) { return clients.get(id) },
    upsert: never, findByUid: never, findByUserCode: never, consume: never, destroy: never, revokeByGrantId: never
  }
}
