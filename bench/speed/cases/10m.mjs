// Downloads: what counts is the MiB, since few of them end within a burst.
import { wrk } from '../load.mjs'
import { comparePeers } from '../peers-case.mjs'

export const name = '10m'
export const what = '10 MiB, 8 connections, per MiB'
export const columns = [['cpu', 'CPU µs/MiB', 0], ['rate', 'MiB/s', 0]]
/** MiB, after which nothing is compiled any more. */
const WARM = 4000

export function run (context) {
  return comparePeers(context, { path: '/10m', makeAsk: () => wrk({ path: '/10m', connections: 8, perMiB: true }), count: Math.min(WARM, context.settings.warm), of: 'MiB' })
}
