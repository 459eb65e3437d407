import type { Worker } from 'node:cluster'
import type { Files } from '../config/files.ts'
import type { Flags } from '../config/sources.ts'

/** What a worker is told. It makes its configuration of what was read once for all. */
export type Order =
  | { readonly gate: 'start', readonly flags: Flags, readonly files: Files, readonly worker: number, readonly ticketKeys: Buffer }
  | { readonly gate: 'prepare', readonly files: Files }
  | { readonly gate: 'tickets', readonly keys: Buffer }
  | { readonly gate: 'begin' | 'drop' | 'stop' }

/** What it says. */
export type Report =
  | { readonly gate: 'listening', readonly at: string }
  | { readonly gate: 'ready' | 'prepared' | 'begun' }
  | { readonly gate: 'failed', readonly why: string }
  | { readonly gate: 'cut', readonly connections: number }

export interface Member {
  readonly number: number
  readonly process: Worker
  /** When it began to listen. */
  since?: number
}

/** Milliseconds a worker has to make a gate of a new configuration. */
const PATIENCE = 20_000

export function tell ({ process }: Member, order: Order): void {
  if (process.isConnected()) process.send(order, () => { /* it is gone: `exit` says so */ })
}

export function ended ({ process }: Member): Promise<void> {
  return new Promise(resolve => process.once('exit', () => resolve()))
}

/** @param order that it is given first, if any @throws {Error} it fails, ends, or says nothing in time */
export function answer (member: Member, order: Order | undefined, wanted: Report['gate']): Promise<void> {
  const { process, number } = member
  return new Promise((resolve, reject) => {
    const heard = (report: Report): void => {
      if (report.gate === wanted) end()
      if (report.gate === 'failed') end(report.why)
    }
    const lost = (): void => { end(`worker ${number} ended meanwhile`) }
    const timer = setTimeout(() => end(`worker ${number} does not answer`), PATIENCE)
    const end = (fault?: string): void => {
      clearTimeout(timer)
      process.off('message', heard).off('exit', lost)
      if (fault === undefined) resolve()
      else reject(new Error(fault))
    }
    process.on('message', heard).on('exit', lost)
    if (order !== undefined) tell(member, order)
  })
}
