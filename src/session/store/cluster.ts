import { StoreUnavailable } from '../../errors.ts'
import type { Store } from './store.ts'

/** One end of a way between the primary process and a worker: `process` in the worker, a `Worker` of node:cluster in the primary. */
export interface IpcChannel {
  /** Absent where nobody is at the other end. @param done with what went wrong, which would end the process if nobody asked */
  send?: (message: IpcMessage, handle?: undefined, options?: undefined, done?: (error: Error | null) => void) => unknown
  on (event: 'message', heard: (message: unknown) => void): void
  off (event: 'message', heard: (message: unknown) => void): void
}

/** Plain data, so that it goes through any channel; `oauthGateStore` tells it from what others send by the same one. */
export type IpcMessage =
  | { readonly oauthGateStore: 'ask', readonly id: number, readonly method: Method, readonly args: readonly unknown[] }
  | { readonly oauthGateStore: 'answer', readonly id: number, readonly value: unknown, readonly error?: string }
  | { readonly oauthGateStore: 'listen', readonly id: number, readonly topic: string }
  | { readonly oauthGateStore: 'word', readonly topic: string, readonly word: string }

type Method = 'get' | 'set' | 'add' | 'replace' | 'remove' | 'enrol' | 'dismiss' | 'members' | 'announce'

/** Milliseconds in which the primary has to answer. */
const DEADLINE = 1_000
/** The same for the members of a set, which may be a hundred thousand: a worker that starts can do nothing before it has them. */
const DEADLINE_OF_MEMBERS = 10_000
const METHODS: ReadonlySet<string> = new Set<Method>(['get', 'set', 'add', 'replace', 'remove', 'enrol', 'dismiss', 'members', 'announce'])

interface Waiting { readonly resolve: (value: unknown) => void, readonly reject: (error: Error) => void, readonly late: NodeJS.Timeout }

/**
 * A worker's side: the store that the primary has.
 *
 * @param channel `process`, of a process that node:cluster or `fork` started
 */
export function createClusterStore (channel: IpcChannel): Store {
  const waiting = new Map<number, Waiting>()
  const listeners = new Map<string, ((word: string) => void)[]>()
  let last = 0

  const take = (id: number): Waiting | undefined => {
    const found = waiting.get(id)
    clearTimeout(found?.late)
    waiting.delete(id)
    return found
  }
  const request = (message: (id: number) => IpcMessage, deadline = DEADLINE): Promise<unknown> => new Promise((resolve, reject) => {
    const id = ++last
    const fail = (why: string) => take(id)?.reject(new StoreUnavailable(`the primary process ${why}`))
    const late = setTimeout(() => fail(`does not answer within ${deadline} ms`), deadline)
    waiting.set(id, { resolve, reject, late })
    if (channel.send === undefined) return fail('is not there')
    channel.send(message(id), undefined, undefined, error => { if (error !== null) fail(`is gone: ${error.message}`) })
  })
  const ask = async (method: Method, ...args: readonly unknown[]) => await request(id => ({ oauthGateStore: 'ask', id, method, args }), method === 'members' ? DEADLINE_OF_MEMBERS : DEADLINE)
  const hear = (raw: unknown): void => {
    const message = read(raw)
    if (message?.oauthGateStore === 'word') for (const heard of listeners.get(message.topic) ?? []) heard(message.word)
    if (message?.oauthGateStore !== 'answer') return
    const { resolve, reject } = take(message.id) ?? {}
    if (message.error === undefined) resolve?.(message.value)
    else reject?.(new StoreUnavailable(message.error))
  }
  channel.on('message', hear)

  return {
    reach: 'machine',
    get: async key => await ask('get', key) as string | null,
    async set (key, value, life) { await ask('set', key, value, life) },
    add: async (key, value, life) => await ask('add', key, value, life) as boolean,
    replace: async (key, before, after, life) => await ask('replace', key, before, after, life) as boolean,
    remove: async (key, value) => await ask('remove', key, ...value === undefined ? [] : [value]) as boolean,
    async enrol (set, member, until) { await ask('enrol', set, member, until) },
    async dismiss (set, members) { await ask('dismiss', set, members) },
    members: async set => new Map(await ask('members', set) as [string, number][]),
    async announce (topic, word) { await ask('announce', topic, word) },
    listen (topic, heard, missed) {
      listeners.set(topic, [...listeners.get(topic) ?? [], heard])
      // A primary that is gone for good takes its workers with it; one that is slow is asked again.
      const begin = (): void => {
        request(id => ({ oauthGateStore: 'listen', id, topic })).then(missed, () => setTimeout(begin, DEADLINE).unref())
      }
      begin()
    },
    async close () {
      channel.off('message', hear)
      for (const id of [...waiting.keys()]) take(id)?.reject(new StoreUnavailable('the store was closed'))
    }
  }
}

/**
 * The primary's side: answers one worker by the store that all share. Call it for each worker that is started.
 *
 * @param store of the primary: in its memory, as long as it lives
 * @param worker of node:cluster, or a child that was forked
 * @returns ends it: to be called when the worker has ended
 */
export function serveClusterStore (store: Store, worker: IpcChannel): () => void {
  const topics = new Set<string>()
  let channel: IpcChannel | undefined = worker // nothing ends what listens to a store, which must not keep it
  const send = (message: IpcMessage): void => {
    channel?.send?.(message, undefined, undefined, () => { /* one that has just ended waits for no answer */ })
  }
  const answer = (id: number, work: Promise<unknown>): void => {
    work.then(value => send({ oauthGateStore: 'answer', id, value: value instanceof Map ? [...value as Map<string, number>] : value }),
      (error: unknown) => send({ oauthGateStore: 'answer', id, value: null, error: error instanceof Error ? error.message : String(error) }))
  }
  const hear = (raw: unknown): void => {
    const message = read(raw)
    if (message?.oauthGateStore === 'ask' && METHODS.has(message.method)) answer(message.id, call(store, message.method, message.args))
    if (message?.oauthGateStore !== 'listen') return
    const { id, topic } = message
    if (!topics.has(topic)) store.listen(topic, word => send({ oauthGateStore: 'word', topic, word }))
    topics.add(topic)
    answer(id, Promise.resolve(null))
  }
  worker.on('message', hear)
  return () => {
    channel = undefined
    worker.off('message', hear)
  }
}

async function call (store: Store, method: Method, args: readonly unknown[]): Promise<unknown> {
  return await (store[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args)
}

function read (raw: unknown): IpcMessage | null {
  return typeof raw === 'object' && raw !== null && 'oauthGateStore' in raw ? raw as IpcMessage : null
}
