// How long one waits where nobody is at the end of their strength.
import { spawnSync } from 'node:child_process'
import { h2load, wrk } from '../load.mjs'
import { comparePeers } from '../peers-case.mjs'

export const name = 'rate'
export const what = '1 KiB, 1,600 requests a second of 64 clients, which all ask in the same moment'
export { columns } from './1k.mjs'
/** A percentile wants many. */
const LONGER = 2

export async function run (context) {
  if (spawnSync('h2load', ['--version']).error) return { rows: [], figures: [], skipped: [{ title: 'all of it', why: 'h2load is not installed' }] }
  return await comparePeers(context, {
    path: '/1k', keys: ['cpu', 'p50', 'p99'], seconds: context.settings.burst * LONGER,
    makeAsk: lab => h2load({ lab, path: '/1k', clients: 64, rate: 1600 }), warmBy: wrk({ path: '/1k', connections: 64 })
  })
}
