import cluster, { type ClusterSettings } from 'node:cluster'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { Files } from '../config/files.ts'
import type { Flags } from '../config/sources.ts'
import { TICKET_KEYS, TICKET_KEYS_LAST } from '../front.ts'
import type { Outside } from '../outside.ts'
import { serveClusterStore } from '../session/store/cluster.ts'
import type { Store } from '../session/store/store.ts'
import { answer, ended, tell, type Member, type Order, type Report } from './orders.ts'

export interface CrewOptions {
  readonly count: number
  readonly flags: Flags
  readonly files: Files
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  readonly outside: Pick<Outside, 'now' | 'random'>
  readonly store: Store
}

export interface Crew {
  /** Of what this process makes for workers to listen at; its own unless set. */
  umask: number | undefined
  /** Fulfilled when all listen, or none ever will. */
  start (): Promise<{ readonly listening?: string, readonly fault?: string }>
  /** Has all take what was read anew. @throws {Error} one of them cannot, so none does */
  take (files: Files): Promise<void>
  /** @returns how many connections were cut */
  stop (grace: number): Promise<number>
}

/** Milliseconds a worker has to have served for its end to be no failed start. */
const SETTLED = 1_000
const FIRST_PAUSE = 500
const LONGEST_PAUSE = 30_000
/** Failed starts after which nobody waits any more for a first one that does not fail. */
const HOPELESS = 4
/** Milliseconds beyond the grace that a worker has to end. */
const LEAVE = 1_000

/** The workers of one gate: as many as there should be, one for each that is lost, all of one configuration. */
export function createCrew ({ count, flags, files: first, log, outside, store }: CrewOptions): Crew {
  // Each accepts by itself. Handed on by this process, a connection that is on its way to a worker as that one dies is never answered, nor closed.
  // Who is idle accepts first: measured with two and four workers, each has its share of what comes one by one, less evenly than in turns, and a burst can be one's.
  cluster.schedulingPolicy = cluster.SCHED_NONE
  cluster.setupPrimary({ exec: fileURLToPath(new URL('../cli/worker.js', import.meta.url)), args: [], serialization: 'advanced' } as ClusterSettings)
  const members = new Map<number, Member>()
  const pauses = new Set<NodeJS.Timeout>()
  const usual = process.umask()
  let files = first
  let [failures, stopping, cut] = [0, false, 0]
  let settle: (outcome: Awaited<ReturnType<Crew['start']>>) => void = () => {}
  let taking: Promise<unknown> = Promise.resolve()
  const started = new Promise<Awaited<ReturnType<Crew['start']>>>(resolve => { settle = resolve })
  let everListened = false
  let ticketKeys = outside.random(TICKET_KEYS)
  setInterval(() => {
    ticketKeys = outside.random(TICKET_KEYS)
    tellAll({ gate: 'tickets', keys: ticketKeys })
  }, TICKET_KEYS_LAST).unref()

  const crew: Crew = {
    umask: undefined,
    async start () {
      for (let number = 1; number <= count; number++) fork(number)
      const outcome = await started
      if (outcome.listening === undefined) await crew.stop(0)
      return outcome
    },
    async take (next) {
      const work = takeOver(next)
      taking = work.catch(() => {})
      await work
    },
    async stop (grace) {
      stopping = true
      for (const pause of pauses) clearTimeout(pause)
      const ends = [...members.values()].map(member => ended(member))
      tellAll({ gate: 'stop' })
      const timer = setTimeout(() => { for (const member of members.values()) member.process.process.kill('SIGKILL') }, grace + LEAVE)
      await Promise.all(ends)
      clearTimeout(timer)
      return cut
    }
  }
  return crew

  function fork (number: number): void {
    if (stopping) return
    process.umask(usual) // for the worker; what it listens at is made by this process
    const worker = cluster.fork()
    if (crew.umask !== undefined) process.umask(crew.umask)
    const member: Member = { number, process: worker }
    members.set(number, member)
    const leave = serveClusterStore(store, worker)
    worker.on('message', (report: Report) => { hear(member, report) })
    worker.on('exit', (code, signal) => {
      leave()
      lose(member, code, signal)
    })
    worker.on('error', () => { /* it is gone: `exit` says so */ })
  }

  function hear (member: Member, report: Report): void {
    if (report.gate === 'ready') tell(member, { gate: 'start', flags, files, worker: member.number, ticketKeys }) // before that nobody would hear it
    if (report.gate === 'cut') cut += report.connections
    if (report.gate === 'failed' && !everListened && member.since === undefined) settle({ fault: report.why })
    if (report.gate !== 'listening') return
    member.since = outside.now()
    if (everListened) log.info({ event: 'worker.listening', worker: member.number, pid: member.process.process.pid }, 'a worker listens in place of one that is gone')
    if (members.size === count && [...members.values()].every(({ since }) => since !== undefined)) {
      everListened = true
      settle({ listening: report.at })
    }
  }

  function lose ({ number, process: { process: { pid } }, since }: Member, code: number | null, signal: string | null): void {
    members.delete(number)
    if (stopping) return
    const settled = since !== undefined && outside.now() - since >= SETTLED
    failures = settled ? 0 : failures + 1
    if (!everListened && failures >= HOPELESS) return settle({ fault: `oauth-gate: no worker starts; the last one ended with ${signal ?? `exit code ${code}`}.\n` })
    const pause = settled ? 0 : Math.min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE)
    log.error({ event: 'worker.ended', worker: number, pid, ...signal === null ? { code } : { signal }, again_in_ms: pause }, 'a worker has ended and is replaced')
    // Not in the middle of a change, of which it would know only the half.
    const timer = setTimeout(() => {
      pauses.delete(timer)
      void taking.then(() => { fork(number) })
    }, pause)
    pauses.add(timer)
  }

  async function takeOver (next: Files): Promise<void> {
    // Who is just starting has what was before, and who is lost has nothing: neither keeps what may shut somebody out from the others.
    await Promise.all([...members.values()].map(async member => { if (member.since === undefined) await answer(member, undefined, 'listening').catch(() => {}) }))
    const all = [...members.values()]
    const isThere = (member: Member) => members.get(member.number) === member
    try {
      await Promise.all(all.map(member => answer(member, { gate: 'prepare', files: next }, 'prepared').catch((error: unknown) => { if (isThere(member)) throw error })))
      if (!all.some(isThere)) throw new Error('no worker is there')
    } catch (error) {
      tellAll({ gate: 'drop' })
      throw error
    }
    files = next // whoever is lost from here on is replaced by one that has it
    await Promise.all(all.filter(isThere).map(member => answer(member, { gate: 'begin' }, 'begun').catch(() => { member.process.process.kill('SIGKILL') })))
  }

  function tellAll (order: Order): void {
    for (const member of members.values()) tell(member, order)
  }
}
