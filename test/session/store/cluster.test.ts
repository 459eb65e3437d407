import { fork, type ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { StoreUnavailable } from '../../../src/errors.ts'
import { outside } from '../../../src/outside.ts'
import { createClusterStore, serveClusterStore, type IpcChannel, type IpcMessage } from '../../../src/session/store/cluster.ts'
import { createMemoryStore } from '../../../src/session/store/memory.ts'
import type { Store } from '../../../src/session/store/store.ts'
import { behavesAsStore } from './suite.ts'

const WORKER = new URL('../../fixtures/store-worker.js', import.meta.url)
const pass = (milliseconds: number) => new Promise<void>(resolve => { setTimeout(resolve, milliseconds) })

/** Two ends of one way, in one process. */
function createChannels (): [IpcChannel, IpcChannel] {
  const [one, other] = [new EventEmitter(), new EventEmitter()]
  const end = (mine: EventEmitter, theirs: EventEmitter): IpcChannel => Object.assign(mine, {
    send (message: IpcMessage) { setImmediate(() => theirs.emit('message', JSON.parse(JSON.stringify(message)))) }
  })
  return [end(one, other), end(other, one)]
}

/** A process of its own, whose store this one is told by lines to use. */
function startWorker (t: Test): { readonly child: ChildProcess, readonly store: Store } {
  const child = fork(WORKER, { stdio: ['pipe', 'pipe', 'inherit', 'ipc'] })
  t.teardown(() => { child.kill('SIGKILL') })
  const waiting = new Map<number, (answer: readonly unknown[]) => void>()
  const listeners: [string, (word: string) => void][] = []
  createInterface(child.stdout as NodeJS.ReadableStream).on('line', line => {
    const [id, ...answer] = JSON.parse(line) as [number | 'word', ...unknown[]]
    if (id === 'word') for (const [, heard] of listeners.filter(([topic]) => topic === answer[0])) heard(answer[1] as string)
    else waiting.get(id)?.(answer)
  })
  let last = 0
  const ask = async (method: string, ...args: readonly unknown[]): Promise<never> => {
    const id = ++last
    child.stdin?.write(`${JSON.stringify([id, method, ...args])}\n`)
    const [value, name, message] = await new Promise<readonly unknown[]>(resolve => { waiting.set(id, resolve) })
    if (name !== undefined) throw Object.assign(new Error(String(message)), { name })
    return value as never
  }
  return { child, store: {
    reach: 'machine',
    get: key => ask('get', key), set: (...args) => ask('set', ...args), add: (...args) => ask('add', ...args), replace: (...args) => ask('replace', ...args),
    remove: (...args) => ask('remove', ...args), enrol: (...args) => ask('enrol', ...args), dismiss: (...args) => ask('dismiss', ...args), members: async set => new Map(await ask('members', set)), announce: (...args) => ask('announce', ...args),
    listen (topic, heard, missed) {
      listeners.push([topic, heard])
      void ask('listen', topic).then(missed)
    },
    close: () => ask('close')
  } }
}

t.test('what the primary has is a store to its workers', async t => {
  const store = createMemoryStore({ outside })
  const workers = Array.from({ length: 2 }, () => {
    const [primary, worker] = createChannels()
    serveClusterStore(store, primary)
    return createClusterStore(worker)
  })
  await behavesAsStore(t, { stores: workers as [Store, Store], pass, now: () => outside.now() })
})

t.test('to real processes too', async t => {
  const store = createMemoryStore({ outside })
  const [one, other] = [startWorker(t), startWorker(t)]
  serveClusterStore(store, one.child)
  serveClusterStore(store, other.child)
  await behavesAsStore(t, { stores: [one.store, other.store], pass, now: () => outside.now() })

  await t.test('a worker that is killed leaves what it had, and disturbs nobody', async t => {
    await one.store.set('left', 'x', 60_000)
    one.child.kill('SIGKILL')
    await store.announce('t', 'to the dead too')
    await once(one.child, 'exit')
    await store.announce('t', 'and again')
    t.equal(await other.store.get('left'), 'x')
  })
  await t.test('a primary that is gone is a store that is not there', async t => {
    other.child.disconnect()
    await t.rejects(other.store.get('left'), { name: 'StoreUnavailable', message: /primary process/ })
    t.equal(other.child.exitCode, null, 'and the worker lives on')
  })
})

t.test('a primary that does not answer is a store that is not there, after a second', async t => {
  const [, worker] = createChannels()
  const store = createClusterStore(worker)
  const start = performance.now()
  await t.rejects(store.get('a'), StoreUnavailable)
  t.ok(performance.now() - start < 1200)
  const closed = t.rejects(store.get('a'), StoreUnavailable)
  await store.close()
  await closed
})

t.test('what the primary’s store refuses is refused to the worker, and other messages are not for it', async t => {
  const [primary, worker] = createChannels()
  serveClusterStore(createMemoryStore({ outside, room: 10 }), primary)
  const store = createClusterStore(worker)
  await t.rejects(store.set('key', 'more than ten characters', 1000), { name: 'StoreUnavailable', message: /full/ })
  const send = worker.send as unknown as (message: unknown) => void
  for (const message of [null, 'text', { cmd: 'NODE_CLUSTER' }, { oauthGateStore: 'ask', id: 1, method: 'constructor', args: [] }, { oauthGateStore: 'ask', id: 2, method: 'close', args: [] }]) send(message)
  await store.set('key', 'x', 1000)
  t.equal(await store.get('key'), 'x')
})

t.test('who serves no worker any more sends it nothing', async t => {
  const [primary, worker] = createChannels()
  const store = createMemoryStore({ outside })
  const stop = serveClusterStore(store, primary)
  const heard: string[] = []
  createClusterStore(worker).listen('t', word => { heard.push(word) })
  await pass(50)
  await store.announce('t', 'one')
  stop()
  await store.announce('t', 'two')
  await pass(50)
  t.strictSame(heard, ['one'])
})
