import { availableParallelism } from 'node:os'
import type { Logger } from 'pino'
import type { Loaded } from '../config/load.ts'
import type { Flags } from '../config/sources.ts'
import { createFront, TICKET_KEYS, TICKET_KEYS_LAST, type Front } from '../front.ts'
import { createLogger } from '../log.ts'
import { outside } from '../outside.ts'
import { createMemoryStore } from '../session/store/memory.ts'
import { listen, makeWayForSocket } from './listen.ts'
import { startReloading } from './reload.ts'
import { startBlock } from './start-block.ts'
import { GRACE, reloadOnHangUp, stopWithGrace } from './stop.ts'
import { version } from './version.ts'
import { createCrew } from './workers.ts'

/** What serves, in this process or in several. */
interface Serving {
  /** @returns where it listens, or null after a sentence that says why not */
  start (): Promise<string | null>
  /** @throws {Error} nothing has changed then */
  take (next: Loaded): Promise<void>
  /** @returns how many connections were cut */
  stop (): Promise<number>
}

/**
 * `oauth-gate serve`: runs until it is told to stop.
 *
 * @param flags that the settings were made of, and will be made of when they are read again
 * @returns the exit code of a start that failed; 0 leaves it running
 */
export async function serve (loaded: Loaded, flags: Flags): Promise<number> {
  const { config, notices } = loaded
  const log = createLogger({ level: config.logLevel, format: config.logFormat })
  const count = config.workers === 'auto' ? availableParallelism() : config.workers
  const serving = count === 1 ? inThisProcess(loaded) : inWorkers(loaded, flags, count, log)
  const listening = await serving.start().catch(async (error: unknown) => {
    await serving.stop() // a store that is connected keeps a process alive
    throw error
  })
  if (listening === null) {
    await serving.stop()
    return 1
  }
  process.stdout.write(startBlock({ config, version, listening, notices }))
  const reloading = startReloading(loaded, { flags, log, apply: next => serving.take(next) })
  reloadOnHangUp(() => { reloading.now() })
  const atOnce = () => { log.warn({ event: 'gate.stopped' }, 'told again: it ends at once') }
  stopWithGrace({ delay: false, skip: ['SIGHUP'], onSecondSignal: atOnce, onSecondError: atOnce }, async ({ err }) => {
    if (err === undefined) log.info({ event: 'gate.stopping', within_s: GRACE / 1000 }, 'told to stop: what is under way may end first; a second signal ends it at once')
    else log.fatal({ event: 'gate.crashed', stack: err.stack }, 'a fault of the gate itself: it stops')
    reloading.close()
    tellOfCut(log, await serving.stop())
  })
  return 0
}

function tellOfCut (log: Pick<Logger, 'warn'>, connections: number): void {
  if (connections > 0) log.warn({ event: 'gate.cut', connections, after_s: GRACE / 1000 }, 'not everything that was under way ended in time')
}

function inThisProcess ({ config }: Loaded): Serving {
  let front: Front | undefined
  return {
    async start () {
      front = await createFront(config)
      setInterval(() => { front?.setTicketKeys(outside.random(TICKET_KEYS)) }, TICKET_KEYS_LAST).unref()
      const first = await front.prepare(config)
      first.begin()
      return await listen(front.app, config)
    },
    async take (next) {
      const prepared = await front?.prepare(next.config)
      prepared?.begin()
    },
    stop: async () => await front?.drain(GRACE) ?? 0
  }
}

/** This process then serves nobody: it holds what the others have in common, and sees to it that they are there. */
function inWorkers ({ config, files }: Loaded, flags: Flags, count: number, log: Logger): Serving {
  const crew = createCrew({ count, flags, files, log, outside, store: createMemoryStore({ outside }) })
  return {
    async start () {
      if (config.unixSocket !== undefined) crew.umask = await makeWayForSocket(config.unixSocket)
      const { listening, fault } = await crew.start()
      if (fault !== undefined) process.stderr.write(fault.startsWith('oauth-gate: ') ? fault : `oauth-gate: ${fault}\n`)
      return listening ?? null
    },
    take: next => crew.take(next.files),
    stop: () => crew.stop(GRACE)
  }
}
