// The main table.
import { wrk } from '../load.mjs'
import { comparePeers } from '../peers-case.mjs'

export const name = '1k'
export const what = '1 KiB, 64 connections that stay open, a valid session'
export const columns = [['cpu', 'CPU µs/request', 1], ['rate', 'requests/s', 0], ['p50', 'p50 ms', 1], ['p99', 'p99 ms', 1]]

export function run (context) {
  return comparePeers(context, { path: '/1k', makeAsk: () => wrk({ path: '/1k', connections: 64 }), all: true })
}
