// Bodies of a few packets.
import { wrk } from '../load.mjs'
import { comparePeers } from '../peers-case.mjs'

export const name = '64k'
export const what = '64 KiB, 64 connections'
export { columns } from './1k.mjs'

export function run (context) {
  return comparePeers(context, { path: '/64k', makeAsk: () => wrk({ path: '/64k', connections: 64 }) })
}
