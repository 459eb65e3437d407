import { createHmac, timingSafeEqual } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { TooManyAttempts } from '../errors.ts'
import type { Outside } from '../outside.ts'
import type { HashedSecret, Secret } from './secret.ts'
import { createQueue } from './queue.ts'
import type { Question } from './worker.ts'

/** Says whether a password is the right one. */
export interface Verifier {
  /**
   * @param network from which it was typed: who has many tries at once waits behind themselves, and others do not
   * @throws {TooManyAttempts} more are waiting than are let wait
   */
  verify (secret: Secret, password: string, network: string): Promise<boolean>
  /** Ends the threads. */
  close (): void
}

/** A hash takes a tenth of a second to a second of one core, and up to 256 MiB. */
const AT_ONCE = 2
const WAITING = { each: 4, all: 64 }

interface Job extends Question {
  resolve (right: boolean): void
  reject (error: unknown): void
}

/** Hashes are worked out in threads of their own, started when the first is asked for: what the gate forwards meanwhile does not wait. */
export function createVerifier (outside: Outside): Verifier {
  const key = outside.random(32)
  const digest = (text: string) => createHmac('sha256', key).update(text).digest()
  const threads = new Set<Thread>()
  const idle: Thread[] = []
  const waiting = createQueue<Job>(WAITING)
  let busy = 0

  function next (): void {
    while (busy < AT_ONCE) {
      const job = waiting.take()
      if (job === undefined) return
      void run(job)
    }
  }

  async function run ({ secret, password, resolve, reject }: Job): Promise<void> {
    busy++
    const thread = idle.pop() ?? createThread()
    threads.add(thread)
    try {
      resolve(await thread.ask({ secret, password }))
      idle.push(thread)
    } catch (error) {
      threads.delete(thread)
      thread.close()
      reject(error)
    }
    busy--
    next()
  }

  async function hashed (secret: HashedSecret, password: string, network: string): Promise<boolean> {
    return await new Promise((resolve, reject) => {
      if (waiting.add(network, { secret, password, resolve, reject })) next()
      else reject(new TooManyAttempts(`${WAITING.each} passwords from its network wait to be checked, or ${WAITING.all} from all`))
    })
  }

  return {
    verify: async (secret, password, network) => secret.kind === 'plain' ? timingSafeEqual(digest(secret.text), digest(password)) : await hashed(secret, password, network),
    close () {
      for (const job of waiting.clear()) job.reject(new TooManyAttempts('the gate stops'))
      for (const thread of threads) thread.close()
    }
  }
}

interface Thread {
  /** One question at a time. */
  ask (question: Question): Promise<boolean>
  close (): void
}

/** It gets nothing of the environment, and keeps no process alive while nobody asks. */
function createThread (): Thread {
  const worker = new Worker(new URL('../passwords/worker.js', import.meta.url), { env: {}, execArgv: [] })
  let fault: Error | undefined
  let asker: Pick<Job, 'resolve' | 'reject'> | undefined
  const end = (error: Error) => {
    fault ??= error
    asker?.reject(fault)
  }
  worker.on('message', (right: boolean) => asker?.resolve(right)).on('error', end).on('exit', code => { end(new Error(`the thread that checks passwords ended (${code})`)) })
  return {
    async ask (question) {
      if (fault !== undefined) throw fault
      worker.ref()
      try {
        return await new Promise<boolean>((resolve, reject) => {
          asker = { resolve, reject }
          worker.postMessage(question)
        })
      } finally {
        asker = undefined
        worker.unref()
      }
    },
    close () { void worker.terminate() }
  }
}
