import type { Outside } from '../../outside.ts'
import { connectRedis, type ConnectionOptions } from './connection.ts'
import type { Store } from './store.ts'

export interface RedisStoreOptions extends Pick<ConnectionOptions, 'address' | 'tls' | 'told'> {
  readonly outside: Outside
}

export interface RedisStore extends Store {
  /** What the server says of itself, in lines `name:value`. @throws {StoreUnavailable} also where the user may not ask */
  info (): Promise<string>
}

interface Listener { readonly heard: (word: string) => void, readonly missed: (() => void) | undefined, readonly lost: (() => void) | undefined }

/** All that the gate has in a Redis begins so, keys and channels; whoever makes an ACL for it needs no more. */
const PREFIX = 'oauth-gate:'
const WORDS = `${PREFIX}words`

/** Members that are read or put out at once: of hundreds of thousands none would come in time, and meanwhile nobody else would be answered. */
const PIECE = 5_000

// Each touches one key, and with it one slot of a cluster.
const REPLACE = 'if redis.call(\'GET\', KEYS[1]) ~= ARGV[1] then return 0 end redis.call(\'SET\', KEYS[1], ARGV[2], \'PX\', ARGV[3]) return 1'
const REMOVE = 'if redis.call(\'GET\', KEYS[1]) ~= ARGV[1] then return 0 end return redis.call(\'DEL\', KEYS[1])'
/** The set ends with its last member, and whoever listens hears of it, though who told vanished meanwhile. By the clock of the gates alone: the server's may be another. */
const ENROL = `redis.call('ZADD', KEYS[1], 'GT', ARGV[1], ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if last[2] then redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(1, last[2] - ARGV[3]))) end
redis.call('PUBLISH', ARGV[4], ARGV[5])`

/**
 * Redis 6.2 or later, or Valkey, as a store. Made once it is connected, or after a second without: it goes on trying by itself.
 */
export async function createRedisStore ({ address, tls, outside, told }: RedisStoreOptions): Promise<RedisStore> {
  const listeners = new Map<string, Listener[]>()
  let hears = false
  const { ask, close } = await connectRedis({
    address, ...tls !== undefined && { tls }, outside, told, channel: WORDS,
    heard (text) {
      const [topic = '', word = ''] = text.split(/ (.*)/s)
      for (const { heard } of listeners.get(topic) ?? []) heard(word)
    },
    changed (now) {
      hears = now
      for (const { missed, lost } of [...listeners.values()].flat()) (now ? missed : lost)?.()
    }
  })
  return {
    reach: 'network',
    get: key => ask(client => client.get(PREFIX + key)),
    async set (key, value, life) { await ask(client => client.set(PREFIX + key, value, 'PX', whole(life))) },
    add: async (key, value, life) => await ask(client => client.set(PREFIX + key, value, 'PX', whole(life), 'NX')) !== null,
    replace: async (key, before, after, life) => await ask(client => client.eval(REPLACE, 1, PREFIX + key, before, after, whole(life))) === 1,
    remove: async (key, value) => await ask<unknown>(client => value === undefined ? client.del(PREFIX + key) : client.eval(REMOVE, 1, PREFIX + key, value)) === 1,
    async enrol (set, member, until) { await ask(client => client.eval(ENROL, 1, PREFIX + set, whole(until), member, outside.now(), WORDS, `${set} ${member}`)) },
    async dismiss (set, members) {
      for (let at = 0; at < members.length; at += PIECE) await ask(client => client.zrem(PREFIX + set, ...members.slice(at, at + PIECE)))
    },
    async members (set) {
      const [now, members] = [outside.now(), new Map<string, number>()]
      let cursor = '0'
      do {
        const [next, found] = await ask(client => client.zscan(PREFIX + set, cursor, 'COUNT', PIECE))
        for (let at = 0; at < found.length; at += 2) if (Number(found[at + 1]) > now) members.set(found[at] as string, Number(found[at + 1]))
        cursor = next
      } while (cursor !== '0')
      return members
    },
    async announce (topic, word) { await ask(client => client.publish(WORDS, `${topic} ${word}`)) },
    listen (topic, heard, missed, lost) {
      listeners.set(topic, [...listeners.get(topic) ?? [], { heard, missed, lost }])
      if (hears) missed?.()
    },
    info: () => ask(client => client.info()),
    async close () { close() }
  }
}

function whole (milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds))
}
