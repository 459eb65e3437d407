// Few at a time: each request wakes its proxy on its own.
import { wrk } from '../load.mjs'
import { comparePeers } from '../peers-case.mjs'

export const name = 'c2'
export const what = '1 KiB, 2 connections'
export { columns } from './1k.mjs'

export function run (context) {
  return comparePeers(context, { path: '/1k', makeAsk: () => wrk({ path: '/1k', connections: 2 }) })
}
