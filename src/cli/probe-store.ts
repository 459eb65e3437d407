import type { Finding } from '../oauth/probe/index.ts'
import type { Outside } from '../outside.ts'
import { whereIs } from '../session/store/address.ts'
import { fixOf } from '../session/store/fix.ts'
import { createRedisStore, type RedisStore } from '../session/store/redis.ts'
import type { ConfiguredStore } from '../stores.ts'

/** Milliseconds in which a word comes back that was said to all. */
const HEARD_WITHIN = 1_000
const what = 'store'

/** Whether everything works there that the gate does with it, with keys of no session that end within a second. */
export async function probeStore (given: ConfiguredStore, outside: Outside): Promise<Finding> {
  const where = `Redis at ${whereIs(given.address)}`
  let lost: string | undefined
  const store = await createRedisStore({ ...given, outside, told: { lost (_where, reason) { lost = reason }, back: () => {} } })
  try {
    if (lost !== undefined) return wrong(`${where}: ${lost}`, given)
    await tryAll(store, `check:${outside.random(12).toString('base64url')}`, outside)
    return judgeInfo(where, await store.info().catch(() => undefined))
  } catch (error) {
    return wrong(error instanceof Error ? error.message : where, given)
  } finally {
    await store.close()
  }
}

/** @throws {Error} the first thing that does not work */
async function tryAll (store: RedisStore, name: string, outside: Outside): Promise<void> {
  await store.get(name)
  await store.set(name, 'a', HEARD_WITHIN)
  await store.replace(name, 'a', 'b', HEARD_WITHIN)
  await store.remove(name)
  await store.enrol(name, 'member', outside.now() + HEARD_WITHIN)
  await store.members(name)
  await store.dismiss(name, ['member'])
  await hearBack(store, name)
}

async function hearBack (store: RedisStore, topic: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const heard = new Promise<void>((resolve, reject) => {
    timer = setTimeout(() => { reject(new Error('words that are said to all do not arrive')) }, HEARD_WITHIN)
    store.listen(topic, () => { resolve() })
  })
  try {
    await Promise.all([store.announce(topic, 'word'), heard])
  } finally {
    clearTimeout(timer)
  }
}

/** @param info undefined where the user may not ask for it */
export function judgeInfo (where: string, info: string | undefined): Finding {
  const read = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info ?? '')?.[1]
  const [valkey, redis] = [read('valkey_version'), read('redis_version')]
  const version = valkey === undefined ? redis === undefined ? 'version unknown: the user may not ask INFO' : `Redis ${redis}` : `Valkey ${valkey}`
  const [policy, most] = [read('maxmemory_policy'), Number(read('maxmemory') ?? 0)]
  if (policy !== undefined && policy !== 'noeviction' && most > 0) {
    return { verdict: 'wrong', what, text: `${where} works (${version}), but when it is full it throws out sessions and sign-outs (maxmemory-policy ${policy}): set maxmemory-policy noeviction there` }
  }
  return { verdict: 'ok', what, text: `${where} reads, writes and tells (${version})` }
}

function wrong (reason: string, given: ConfiguredStore): Finding {
  return { verdict: 'wrong', what, text: `${reason}; ${fixOf(reason, given) ?? `check --${given.setting}`}` }
}
