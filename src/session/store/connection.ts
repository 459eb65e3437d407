import type { Cluster, Redis } from 'ioredis'
import { StoreUnavailable } from '../../errors.ts'
import type { Outside } from '../../outside.ts'
import { whereIs, type RedisAddress, type StoreTls } from './address.ts'
import { DEADLINE, loadClients } from './clients.ts'
import { keepListening } from './listening.ts'

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
  let [ready, hears, reason] = [false, false, 'no answer yet']
  const state = createState(told, where)
  const update = () => state.set(ready && hears, reason)
  const note = (error: Error): void => { reason = reasonOf(error) }
  const ask: Connection['ask'] = async work => {
    try {
      if (!ready) throw new Error(`not connected: ${reason}`)
      return await within(DEADLINE, work(client))
    } catch (error) {
      throw new StoreUnavailable(`Redis at ${where}: ${reasonOf(error as Error)}`)
    }
  }
  const listening = keepListening({
    connect: clients.listening, channel, own: `${channel}:${outside.random(12).toString('base64url')}`, heard,
    publish: (at, word) => ask(client => client.publish(at, word)),
    changed (now, why) {
      hears = now
      if (why !== undefined && ready) reason = why
      changed(now)
      update()
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
    client.select(address.database).then(begin, (error: unknown) => {
      note(error as Error)
      update()
    })
  }).on('close', () => {
    ready = false
    update()
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
function createState (told: StoreTold, where: string) {
  let [up, said, open, why] = [false, true, false, '']
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

/** In the server's words, or the client's. None of them holds a password: what a command was given is not among them. */
function reasonOf ({ message, lastNodeError }: Error & { lastNodeError?: Error }): string {
  return lastNodeError === undefined ? message : `${message} (${lastNodeError.message})`
}
