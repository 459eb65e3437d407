import { replay, replayBut, type Files } from '../config/files.ts'
import { loadConfig, type Loaded } from '../config/load.ts'
import type { Flags } from '../config/sources.ts'
import { follow, liveFiles } from '../config/succession.ts'
import { createFront, type Front, type Prepared } from '../front.ts'
import { createLogger } from '../log.ts'
import { createClusterStore } from '../session/store/cluster.ts'
import { listen } from './listen.ts'
import { GRACE } from './stop.ts'
import type { Order, Report } from './orders.ts'

/** One of several processes that serve together (workers.ts): begins here, does as it is told, and ends with whoever started it. */
let flags: Flags = {}
let current: Loaded | undefined
let front: Front | undefined
let next: { readonly loaded: Loaded, readonly prepared: Prepared } | undefined
let stopping = false
/** One order after the other. */
let work: Promise<void> = Promise.resolve()

process.on('message', (message: unknown) => {
  if (typeof message !== 'object' || message === null || !('gate' in message)) return
  const order = message as Order
  if (order.gate === 'stop') return void stop(0)
  work = work.then(() => obey(order)).catch((error: unknown) => { void say({ gate: 'failed', why: error instanceof Error ? error.message : String(error) }) })
})
// Both come from a terminal to all processes at once; what they mean is for the first of these to say.
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})
process.on('SIGTERM', () => { void stop(0) })
process.on('disconnect', () => process.exit(1)) // nobody is there any more to tell it when to end
process.on('uncaughtException', crash)
process.on('unhandledRejection', crash)

void say({ gate: 'ready' })

async function obey (order: Order): Promise<void> {
  if (order.gate === 'start') await start(order)
  else if (order.gate === 'prepare') await prepare(order.files)
  else if (order.gate === 'begin') begin()
  else if (order.gate === 'tickets') front?.setTicketKeys(order.keys)
  else if (order.gate === 'drop') {
    await next?.prepared.drop()
    next = undefined
  }
}

async function start (order: Extract<Order, { gate: 'start' }>): Promise<void> {
  flags = order.flags
  current = withLists(loadConfig({ flags, reader: replay(order.files) }), order.files)
  const { config } = current
  front = await createFront(config, { shared: createClusterStore(process), worker: order.worker, ticketKeys: order.ticketKeys })
  const first = await front.prepare(config)
  first.begin()
  let why = ''
  const at = await listen(front.app, config, { write: text => { why += text }, wayIsMade: true })
  await say(at === null ? { gate: 'failed', why } : { gate: 'listening', at })
}

/** With the lists that the others follow as they are now, where they can be taken: whoever was taken off one must not come in by a worker that is new. */
function withLists (loaded: Loaded, files: Files): Loaded {
  try {
    return loadConfig({ flags, reader: replayBut(liveFiles(loaded.config), files) })
  } catch {
    return loaded // it is followed from here on, and what is wrong with it is said
  }
}

async function prepare (files: Files): Promise<void> {
  if (current === undefined || front === undefined) throw new Error('it has not started')
  const { loaded } = follow(current, loadConfig({ flags, reader: replay(files) }))
  next = { loaded, prepared: await front.prepare(loaded.config) }
  await say({ gate: 'prepared' })
}

function begin (): void {
  next?.prepared.begin()
  current = next?.loaded ?? current
  next = undefined
  void say({ gate: 'begun' })
}

async function stop (code: number): Promise<void> {
  if (stopping) return
  stopping = true
  const connections = await front?.drain(GRACE) ?? 0
  if (connections > 0) await say({ gate: 'cut', connections })
  process.exit(code)
}

function crash (error: unknown): void {
  const { logLevel: level, logFormat: format } = current?.config ?? { logLevel: 'info', logFormat: 'auto' }
  createLogger({ level, format }).fatal({ event: 'gate.crashed', stack: error instanceof Error ? error.stack : String(error) }, 'a fault of the gate itself: this worker stops')
  if (stopping) process.exit(1)
  void stop(1)
}

function say (report: Report): Promise<void> {
  return new Promise(resolve => {
    if (process.connected) process.send?.(report, undefined, undefined, () => { resolve() })
    else resolve()
  })
}
