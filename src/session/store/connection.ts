import type { Cluster, Redis } from 'ioredis'
import { StoreUnavailable } from '../../errors.ts'
import type { Outside } from '../../outside.ts'
import { whereIs, type RedisAddress, type StoreTls } from './address.ts'
import { DEADLINE, loadClients } from './clients.ts'
import { keepListening } from './listening.ts'
import { hungUp, reasonOf, unanswered } from './reason.ts'

export interface ConnectionOptions {
  readonly address: RedisAddress
  readonly tls?: StoreTls
  readonly outside: Pick<Outside, 'random'>
  /** Where words are said to all. */
  readonly channel: string
  readonly heard: (word: string) => void
  /** Whether words arrive now. */
  readonly changed: (hears: boolean) => void
  /** Told once when it goes, and once when it is back. */
  readonly told?: StoreTold | undefined
}

export interface StoreTold {
  lost (where: string, reason: string): void
  back (where: string): void
}

export interface Connection {
  /** @throws {StoreUnavailable} no answer in time, or a refusal, in the server's words */
  ask<T> (work: (client: Redis | Cluster) => Promise<T>): Promise<T>
  close (): void
}

const SILENT: StoreTold = { lost: () => {}, back: () => {} }

/**
 * One connection to ask, one to listen. Made once both are there, or after a second without: they go on trying by themselves.
 *
 * @throws {Error} with the code ERR_MODULE_NOT_FOUND where the client library is not installed; nothing else
 */
export async function connectRedis ({ address, tls = {}, outside, channel, heard, changed, told = SILENT }: ConnectionOptions): Promise<Connection> {
  const where = whereIs(address)
  const clients = await loadClients(address, tls)
  const client = clients.commands()
  const none = unanswered(address.tls)
  let [ready, hears] = [false, false]
  let reason: string | undefined
  const state = createState(told, where, none)
  const update = () => state.set(ready && hears, reason ?? none)
  const because = (why: string | undefined): void => {
    if (why !== undefined) reason = why
    update()
  }
  const note = (error: unknown): void => { because(reasonOf(error)) }
  const attempt: Connection['ask'] = async work => {
    if (!ready) throw new Error(`not connected: ${reason ?? none}`)
    return await within(DEADLINE, work(client))
  }
  const ask: Connection['ask'] = async work => {
    try {
      return await attempt(work)
    } catch (error) {
      throw new StoreUnavailable(`Redis at ${where}: ${reasonOf(error) ?? `not connected: ${reason ?? none}`}`)
    }
  }
  const listening = keepListening({
    connect: clients.listening, channel, own: `${channel}:${outside.random(12).toString('base64url')}`, heard,
    publish: (at, word) => attempt(client => client.publish(at, word)),
    failed (why) { if (ready && !hears) because(why) },
    changed (now, why) {
      hears = now
      changed(now)
      because(ready ? why : undefined)
    }
  })
  const begin = (): void => {
    [ready, reason] = [true, 'the connection was closed']
    listening.beat()
    update()
  }
  client.on('error', note).on('ready', () => {
    if (address.database === 0 || client.isCluster) return begin()
    // The client has said it, and goes on without where it is refused: in the database of others.
    client.select(address.database).then(begin, note)
  }).on('close', () => {
    ready = false
    because(reason ?? hungUp(address.tls))
  })
  client.connect().catch(note)
  await state.settled
  return {
    ask,
    close () {
      state.close()
      listening.close()
      client.disconnect()
    }
  }
}

/** What is told of it: one word for each change, and none before it has had the time to connect. */
function createState (told: StoreTold, where: string, beforehand: string) {
  let [up, said, open, why] = [false, true, false, beforehand]
  const tell = (): void => {
    if (up === said || !open) return
    said = up
    if (up) told.back(where)
    else told.lost(where, why)
  }
  let settle = (): void => {}
  const settled = new Promise<void>(resolve => {
    const patience = setTimeout(resolve, DEADLINE)
    settle = () => {
      clearTimeout(patience)
      resolve()
    }
  }).then(() => {
    open = true
    tell()
  })
  return {
    settled,
    set (now: boolean, reason: string) {
      [up, why] = [now, reason]
      if (up) settle()
      tell()
    },
    close () { open = false }
  }
}

async function within<T> (milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => { reject(new Error(`no answer within ${milliseconds} ms`)) }, milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
